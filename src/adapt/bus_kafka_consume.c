/* Records, committed offsets, ends of the log.
 *
 * Problem   rd_kafka_consume_batch_queue waits until its array is full or the time-out is over, so a large array costs
 * latency and a small one throughput. Choice: take what is ready without waiting; only when there is nothing, wait for
 * one record and then take what came with it. Records stay where librdkafka put them until the next poll. */
#include "bus_kafka_internal.h"
#include "freshet/base/log.h"
#include <stdio.h>

void kafka_release_messages(struct kafka_bus *b) {
    for (uint32_t i = 0; i < b->message_n; i++) rd_kafka_message_destroy(b->messages[i]);
    b->message_n = 0;
    fr_arena_clear(&b->headers);
}

static uint32_t take_ready(struct kafka_bus *b, uint32_t max, int timeout_ms) {
    if (b->message_n >= max) return 0;
    ssize_t n =
        rd_kafka_consume_batch_queue(b->queue, timeout_ms, b->messages + b->message_n, max - b->message_n);
    if (n <= 0) return 0;
    b->message_n += (uint32_t)n;
    return (uint32_t)n;
}

/* A rebalance is served inside these calls too; it ends the taking. */
static void take_messages(struct kafka_bus *b, uint32_t max, uint32_t timeout_ms) {
    if (max > b->message_cap) {
        b->messages = fr_realloc(b->messages, max * sizeof *b->messages);
        b->records = fr_realloc(b->records, max * sizeof *b->records);
        b->message_cap = max;
    }
    if (take_ready(b, max, 0) || b->pending != FR_BUS_NONE || !timeout_ms) return;
    if (take_ready(b, 1, (int)timeout_ms) && b->pending == FR_BUS_NONE) take_ready(b, max, 0);
}

static void lend_headers(const rd_kafka_message_t *m, struct fr_arena *arena, struct fr_record *r) {
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(m, &headers)) return;
    size_t n = rd_kafka_header_cnt(headers);
    struct fr_header *list = fr_arena_alloc(arena, n * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t value_bytes = 0;
        rd_kafka_header_get_all(headers, i, &name, &value, &value_bytes);
        list[i] = (struct fr_header){fr_str_of(name), {value, (uint32_t)value_bytes}};
    }
    r->headers = list;
    r->header_n = (uint32_t)n;
}

void kafka_lend_record(const rd_kafka_message_t *m, struct fr_arena *arena, struct fr_record *r) {
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(m, &type);
    *r = (struct fr_record){.partition = m->partition,
                            .offset = m->offset,
                            .timestamp_ms = timestamp > 0 ? timestamp : 0,
                            .key = {m->key, (uint32_t)m->key_len},
                            .value = {m->payload, (uint32_t)m->len}};
    lend_headers(m, arena, r);
}

/* False for what was read under an older assignment or position. */
static bool lend_record(struct kafka_bus *b, const rd_kafka_message_t *m, struct fr_record *r) {
    if (m->partition < 0 || (uint32_t)m->partition >= b->position_n) return false;
    int64_t *position = &b->positions[m->partition];
    if (*position < 0 || m->offset < *position) return false;
    *position = m->offset + 1;
    kafka_lend_record(m, &b->headers, r);
    return true;
}

static enum fr_err client_fatal(struct kafka_bus *b, struct fr_errmsg *msg) {
    char text[160];
    rd_kafka_resp_err_t err = rd_kafka_fatal_error(b->consumer, text, sizeof text);
    return err ? fr_err_set(msg, FR_BUS_FATAL, "kafka consumer: %s", text) : FR_OK;
}

/* What an error that came in place of a record means. */
static enum fr_err message_error(struct kafka_bus *b, const rd_kafka_message_t *m, struct fr_errmsg *msg) {
    const char *text = rd_kafka_message_errstr(m);
    int code = (int)m->err;
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        bool current =
            m->partition >= 0 && (uint32_t)m->partition < b->position_n && b->positions[m->partition] >= 0;
        return current ? fr_err_set(msg, FR_LOG_GAP, "%s partition %d: %s", b->topic_names[b->input],
                                    m->partition, text)
                       : FR_OK;
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL) return client_fatal(b, msg);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        return fr_err_set(msg, FR_BUS_FATAL, "kafka consumer: %s", text);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return fr_err_set(msg, FR_BUS_DOWN, "topic %s is not there", b->topic_names[b->input]);
    fr_log(FR_LOG_WARN, "KAFKA-CONSUME", "error=%s", rd_kafka_err2name(m->err));
    return FR_OK;
}

static enum fr_err lend_records(struct kafka_bus *b, struct fr_bus_poll *out, struct fr_errmsg *msg) {
    uint32_t n = 0;
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < b->message_n && err == FR_OK; i++) {
        if (b->messages[i]->err)
            err = message_error(b, b->messages[i], msg);
        else if (lend_record(b, b->messages[i], &b->records[n]))
            n++;
    }
    /* Their positions have moved: what was read is delivered before the error, which will be raised again. */
    if (n) *out = (struct fr_bus_poll){.event = FR_BUS_RECORDS, .records = b->records, .record_n = n};
    return n && err == FR_BUS_DOWN ? FR_OK : err;
}

enum fr_err kafka_poll(struct fr_bus *bus, uint32_t max_records, uint32_t timeout_ms, struct fr_bus_poll *out,
                       struct fr_errmsg *msg) {
    struct kafka_bus *b = (struct kafka_bus *)bus;
    *out = (struct fr_bus_poll){.event = FR_BUS_NONE};
    kafka_release_messages(b);
    enum fr_err err = kafka_apply_positions(b, msg);
    if (err != FR_OK) return err;
    if (kafka_group_event(b, out)) return FR_OK;
    take_messages(b, max_records, timeout_ms);
    if (b->pending != FR_BUS_NONE) {
        kafka_release_messages(b);
        kafka_group_event(b, out);
        return FR_OK;
    }
    err = lend_records(b, out, msg);
    if (err == FR_OK && !out->record_n && atomic_exchange(&b->down, false))
        err = fr_err_set(msg, FR_BUS_DOWN, "no Kafka broker can be reached");
    return err;
}

/* A second consumer handle without membership, to see offsets of transactions that are not finished. */
static rd_kafka_t *uncommitted_client(struct kafka_bus *b, struct fr_errmsg *msg) {
    if (!b->uncommitted)
        b->uncommitted = kafka_client_new(RD_KAFKA_CONSUMER, rd_kafka_conf_dup(b->uncommitted_conf), msg);
    return b->uncommitted;
}

static enum fr_err committed_error(rd_kafka_resp_err_t err, struct fr_errmsg *msg) {
    int code = (int)err;
    enum fr_err ours = code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT ? FR_BUS_UNSTABLE
                       : code == RD_KAFKA_RESP_ERR__TIMED_OUT           ? FR_TIMEOUT
                       : code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                               code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                           ? FR_BUS_FATAL
                           : FR_BUS_DOWN;
    return fr_err_set(msg, ours, "committed offset: %s", rd_kafka_err2str(err));
}

/* librdkafka asks again by itself while an offset is unstable; what comes out then is its time-out. */
enum fr_err kafka_committed(struct fr_bus *bus, int32_t partition, bool stable, int64_t *next_offset,
                            char metadata[256], struct fr_errmsg *msg) {
    enum { PATIENCE_MS = 2000 };
    struct kafka_bus *b = (struct kafka_bus *)bus;
    rd_kafka_t *rk = stable ? b->consumer : uncommitted_client(b, msg);
    if (!rk) return FR_BUS_FATAL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p =
        rd_kafka_topic_partition_list_add(list, b->topic_names[b->input], partition);
    rd_kafka_resp_err_t err = rd_kafka_committed(rk, list, PATIENCE_MS);
    if (!err) err = p->err;
    if (!err) {
        *next_offset = p->offset >= 0 ? p->offset : -1;
        snprintf(metadata, 256, "%.*s", (int)p->metadata_size, p->metadata ? (const char *)p->metadata : "");
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err ? committed_error(err, msg) : FR_OK;
}

/* On a read_committed client the broker answers with the last stable offset in place of the high watermark. */
enum fr_err kafka_log_range(struct fr_bus *bus, int32_t partition, int64_t *first, int64_t *end,
                            struct fr_errmsg *msg) {
    enum { PATIENCE_MS = 5000 };
    struct kafka_bus *b = (struct kafka_bus *)bus;
    rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(b->consumer, b->topic_names[b->input],
                                                               partition, first, end, PATIENCE_MS);
    if (!err) return FR_OK;
    return fr_err_set(msg, err == RD_KAFKA_RESP_ERR__TIMED_OUT ? FR_TIMEOUT : FR_BUS_DOWN,
                      "ends of %s/%d: %s", b->topic_names[b->input], partition, rd_kafka_err2str(err));
}
