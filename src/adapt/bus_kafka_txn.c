/* One transaction, from begin to its verdict. Runs on the producer's thread.
 *
 *   begin -> produce all -> offsets -> flush -> commit -> FR_OK
 *              |               |                  |
 *              | abortable     | generation gone  | abortable          anything fatal: FR_BUS_DOUBTFUL, and this
 *              v               v                  v                    producer is never used again
 *            abort: ABORTED   abort: FENCED      abort: ABORTED
 *
 * Problem   an end-of-transaction request that was slow or sent twice may arrive late and end the next transaction of
 * the same producer epoch. Choice: a commit that took long, or during which a connection broke, marks the producer; the
 * next transaction begins with a new one. The flush comes first, so that the commit's time is that of one request.
 * Records are copied into librdkafka: a purged request may still be on its way out of a socket buffer after an abort,
 * and the bytes under it must not change. */
#include "bus_kafka_internal.h"
#include "freshet/base/log.h"
#include "freshet/base/clock.h"
#include "freshet/base/failpoint.h"
#include "freshet/base/hash.h"

enum { SLOW_COMMIT_US = 1000000 };

/* ---- producing ---- */

static uint32_t partition_count(struct kafka_bus *b, enum fr_topic topic) {
    enum { PATIENCE_MS = 5000 };
    uint32_t n = atomic_load(&b->partition_counts[topic]);
    if (n) return n;
    n = kafka_partition_count(b->producer.rk, b->topic_names[topic], PATIENCE_MS);
    atomic_store(&b->partition_counts[topic], n);
    return n;
}

static rd_kafka_headers_t *headers_of(const struct fr_out *r) {
    if (!r->header_n) return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(r->header_n);
    for (uint32_t i = 0; i < r->header_n; i++) {
        const struct fr_header *h = &r->headers[i];
        rd_kafka_header_add(headers, h->name.ptr, (ssize_t)h->name.len, h->value.ptr, (ssize_t)h->value.len);
    }
    return headers;
}

rd_kafka_resp_err_t kafka_send(rd_kafka_t *rk, rd_kafka_topic_t *topic, const struct fr_out *r,
                               int32_t partition) {
    union { /* librdkafka takes void * and does not write */
        const char *in;
        void *out;
    } key = {r->key.ptr}, value = {r->value.ptr};
    rd_kafka_headers_t *headers = headers_of(r);
    /* librdkafka's macros are statement expressions. */
    rd_kafka_resp_err_t err = __extension__ rd_kafka_producev(
        rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(key.out, r->key.len), RD_KAFKA_V_VALUE(value.out, r->value.len),
        RD_KAFKA_V_TIMESTAMP(r->timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (err && headers) rd_kafka_headers_destroy(headers);
    return err;
}

static enum fr_err produce_error(const struct kafka_bus *b, const struct fr_out *r, rd_kafka_resp_err_t err,
                                 struct fr_errmsg *msg) {
    int code = (int)err;
    bool hopeless = code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
                    code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
                    code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    return fr_err_set(msg, hopeless ? FR_BUS_FATAL : FR_BUS_ABORTED, "a record of %u bytes for %s: %s",
                      r->key.len + r->value.len, b->topic_names[r->topic], rd_kafka_err2str(err));
}

static enum fr_err produce_one(struct kafka_bus *b, const struct fr_out *r, struct fr_errmsg *msg) {
    struct kafka_producer *p = &b->producer;
    int32_t partition = r->partition;
    if (partition < 0) {
        uint32_t n = partition_count(b, r->topic);
        if (!n)
            return fr_err_set(msg, FR_BUS_ABORTED, "partitions of %s are not known",
                              b->topic_names[r->topic]);
        partition = (int32_t)(fr_murmur2(r->key) % n);
    }
    if (!p->topics[r->topic]) p->topics[r->topic] = rd_kafka_topic_new(p->rk, b->topic_names[r->topic], NULL);
    rd_kafka_resp_err_t err = kafka_send(p->rk, p->topics[r->topic], r, partition);
    while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL && !kafka_producer_closing(p)) {
        rd_kafka_poll(p->rk, 10);
        err = kafka_send(p->rk, p->topics[r->topic], r, partition);
    }
    return err ? produce_error(b, r, err, msg) : FR_OK;
}

static enum fr_err produce_all(struct kafka_bus *b, const struct fr_txn *txn, struct fr_errmsg *msg) {
    enum { SERVE_EVERY = 1024, FLUSH_MS = 5000 };
    struct kafka_producer *p = &b->producer;
    uint32_t half = fr_failpoint_armed("C4") ? txn->record_n / 2 + 1 : 0;
    for (uint32_t i = 0; i < txn->record_n; i++) {
        enum fr_err err = produce_one(b, &txn->records[i], msg);
        if (err != FR_OK) return err;
        if (i % SERVE_EVERY == SERVE_EVERY - 1) rd_kafka_poll(p->rk, 0);
        if (i + 1 != half) continue;
        rd_kafka_flush(p->rk, FLUSH_MS);
        fr_failpoint("C4");
    }
    if (fr_failpoint_armed("C5")) rd_kafka_flush(p->rk, FLUSH_MS);
    fr_failpoint("C5");
    return FR_OK;
}

/* ---- ending ---- */

static enum fr_err fatal(struct kafka_producer *p, rd_kafka_error_t *error, const char *doing,
                         struct fr_errmsg *msg) {
    p->in_doubt = true;
    return kafka_error_take(error, FR_BUS_DOUBTFUL, doing, msg);
}

/* Aborts and returns why; a producer that cannot even abort is not used again. */
static enum fr_err give_up(struct kafka_producer *p, enum fr_err why, struct fr_errmsg *msg) {
    rd_kafka_error_t *error;
    while ((error = rd_kafka_abort_transaction(p->rk, -1))) {
        bool again = rd_kafka_error_is_retriable(error) && !kafka_producer_closing(p);
        if (!again) {
            p->in_doubt = true;
            return kafka_error_take(error, why == FR_BUS_ABORTED ? FR_BUS_DOUBTFUL : why, "abort", msg);
        }
        rd_kafka_error_destroy(error);
    }
    return why;
}

static bool generation_gone(const rd_kafka_error_t *error) {
    int code = (int)rd_kafka_error_code(error);
    return code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
           code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

/* A record that can never be written makes every repetition fail: that is not the worker's to retry. */
static enum fr_err abortable(struct kafka_producer *p, rd_kafka_error_t *error, const char *doing,
                             struct fr_errmsg *msg) {
    int cause = atomic_load(&p->delivery_error);
    enum fr_err code = generation_gone(error) ? FR_BUS_FENCED : FR_BUS_ABORTED;
    if (cause == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
        cause == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        cause == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE)
        code = FR_BUS_FATAL;
    if (code == FR_BUS_FATAL)
        fr_err_set(msg, code, "a record was refused: %s", rd_kafka_err2str((rd_kafka_resp_err_t)cause));
    return give_up(p, kafka_error_take(error, code, doing, msg), msg);
}

static enum fr_err step_failed(struct kafka_producer *p, rd_kafka_error_t *error, const char *doing,
                               struct fr_errmsg *msg) {
    bool can_abort = rd_kafka_error_txn_requires_abort(error) || generation_gone(error) ||
                     rd_kafka_error_is_retriable(error); /* only when closing ends the patience */
    if (rd_kafka_error_is_fatal(error) || !can_abort) return fatal(p, error, doing, msg);
    return abortable(p, error, doing, msg);
}

static bool again(struct kafka_producer *p, rd_kafka_error_t *error) {
    if (!rd_kafka_error_is_retriable(error) || kafka_producer_closing(p)) return false;
    rd_kafka_error_destroy(error);
    return true;
}

static enum fr_err send_offsets(struct kafka_bus *b, const struct fr_txn *txn,
                                const struct kafka_membership *membership, struct fr_errmsg *msg) {
    struct kafka_producer *p = &b->producer;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)txn->offset_n);
    for (uint32_t i = 0; i < txn->offset_n; i++) {
        const struct fr_commit_offset *o = &txn->offsets[i];
        rd_kafka_topic_partition_t *to =
            rd_kafka_topic_partition_list_add(list, b->topic_names[b->input], o->partition);
        to->offset = o->next_offset;
        if (!o->metadata) continue;
        to->metadata_size = strlen(o->metadata);
        to->metadata = fr_alloc(to->metadata_size + 1); /* freed with the list */
        memcpy(to->metadata, o->metadata, to->metadata_size + 1);
    }
    rd_kafka_error_t *error;
    do error = rd_kafka_send_offsets_to_transaction(p->rk, list, membership->metadata, -1);
    while (error && again(p, error));
    rd_kafka_topic_partition_list_destroy(list);
    return error ? step_failed(p, error, "offsets", msg) : FR_OK;
}

static enum fr_err commit(struct kafka_producer *p, struct fr_errmsg *msg) {
    enum { C8_DELAY_US = 1500 }; /* the request is out, its answer mostly not yet here */
    uint64_t faults = atomic_load(&p->commit_faults);
    fr_mono_us begun = fr_clock_mono_us();
    rd_kafka_error_t *error;
    fr_failpoint_soon("C8", C8_DELAY_US);
    do error = rd_kafka_commit_transaction(p->rk, -1);
    while (error && again(p, error));
    bool doubt = fr_clock_mono_us() - begun > SLOW_COMMIT_US || atomic_load(&p->commit_faults) != faults;
    if (error && rd_kafka_error_is_retriable(error)) return fatal(p, error, "commit", msg);
    if (error) return step_failed(p, error, "commit", msg);
    p->in_doubt = doubt && !p->never_recycle;
    return FR_OK;
}

/* Where a transaction's time goes: one line a batch, for those who ask for debug. */
struct stopwatch {
    fr_mono_us last;
};

static double lap_ms(struct stopwatch *s) {
    fr_mono_us now = fr_clock_mono_us(), took = now - s->last;
    s->last = now;
    return (double)took * 1e-3;
}

enum fr_err kafka_txn_run(struct kafka_bus *b, const struct fr_txn *txn,
                          const struct kafka_membership *membership, struct fr_errmsg *msg) {
    enum { FLUSH_MS = 60000 };
    struct kafka_producer *p = &b->producer;
    struct stopwatch watch = {fr_clock_mono_us()};
    atomic_store(&p->delivery_error, 0);
    rd_kafka_error_t *error = rd_kafka_begin_transaction(p->rk);
    if (error) return fatal(p, error, "begin", msg);
    fr_failpoint("C3");
    enum fr_err err = produce_all(b, txn, msg);
    if (err != FR_OK) return give_up(p, err, msg);
    double produce_ms = lap_ms(&watch);
    err = send_offsets(b, txn, membership, msg);
    if (err != FR_OK) return err;
    fr_failpoint("C6");
    double offsets_ms = lap_ms(&watch);
    rd_kafka_flush(p->rk, FLUSH_MS); /* what it cannot send, the commit reports */
    double flush_ms = lap_ms(&watch);
    err = commit(p, msg);
    fr_log(FR_LOG_DEBUG, "KAFKA-TXN",
           "topic=%s records=%u produce_ms=%.1f offsets_ms=%.1f flush_ms=%.1f commit_ms=%.1f",
           b->topic_names[b->input], txn->record_n, produce_ms, offsets_ms, flush_ms, lap_ms(&watch));
    if (err == FR_OK) fr_failpoint("C9");
    return err;
}
