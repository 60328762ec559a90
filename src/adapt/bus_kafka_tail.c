/* A consumer that is assigned all partitions from their beginning and belongs to no group. librdkafka connects again by
 * itself and goes on where it was; an offset that is not there any more (the topic was made anew) begins at the beginning. */
#include "bus_kafka_internal.h"
#include "freshet/adapt/tail_kafka.h"
#include <stdlib.h>

enum { RECORDS = 1000, PATIENCE_MS = 10000 };

struct tail {
    struct fr_tail base;
    rd_kafka_t *rk;
    uint32_t partition_n, ended_n;
    bool *ended; /* [partition_n] read to its end once */
    rd_kafka_message_t *messages[RECORDS];
    struct fr_record records[RECORDS];
    uint32_t n;
    struct fr_arena arena;
};

static void release(struct tail *t) {
    for (uint32_t i = 0; i < t->n; i++) rd_kafka_message_destroy(t->messages[i]);
    t->n = 0;
    fr_arena_clear(&t->arena);
}

static void note_end(struct tail *t, int32_t partition) {
    if (partition < 0 || (uint32_t)partition >= t->partition_n || t->ended[partition]) return;
    t->ended[partition] = true;
    t->ended_n++;
}

static enum fr_err error_of(const rd_kafka_message_t *m, struct fr_errmsg *msg) {
    int code = (int)m->err;
    bool is_missing =
        code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    enum fr_err err = is_missing                         ? FR_BUS_NO_TOPIC
                      : code == RD_KAFKA_RESP_ERR__FATAL ? FR_BUS_FATAL
                                                         : FR_BUS_DOWN;
    return fr_err_set(msg, err, "follow a topic: %s", rd_kafka_message_errstr(m));
}

/* Takes what the message is. False: nothing more is there at the moment, or *err says why not. */
static bool take(struct tail *t, int timeout_ms, enum fr_err *err, struct fr_errmsg *msg) {
    rd_kafka_message_t *m = rd_kafka_consumer_poll(t->rk, timeout_ms);
    if (!m) return false;
    if (!m->err) {
        t->messages[t->n] = m;
        kafka_lend_record(m, &t->arena, &t->records[t->n++]);
        return true;
    }
    bool is_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (is_end)
        note_end(t, m->partition);
    else
        *err = error_of(m, msg);
    rd_kafka_message_destroy(m);
    return is_end;
}

static enum fr_err poll(struct fr_tail *tail, uint32_t timeout_ms, struct fr_tail_poll *out,
                        struct fr_errmsg *msg) {
    struct tail *t = (struct tail *)tail;
    enum fr_err err = FR_OK;
    release(t);
    bool more = take(t, (int)timeout_ms, &err, msg);
    while (more && t->n < RECORDS) more = take(t, 0, &err, msg);
    *out = (struct fr_tail_poll){t->records, t->n, t->ended_n == t->partition_n};
    return t->n ? FR_OK : err; /* an error comes again, records do not */
}

static void close_tail(struct fr_tail *tail) {
    struct tail *t = (struct tail *)tail;
    release(t);
    if (t->rk) {
        rd_kafka_consumer_close(t->rk);
        rd_kafka_destroy(t->rk);
    }
    fr_arena_fini(&t->arena);
    free(t->ended);
    free(t);
}

static const struct fr_tail_ops ops = {poll, close_tail};

static rd_kafka_t *client_new(const struct fr_kafka_cluster *cluster, struct fr_errmsg *msg) {
    rd_kafka_conf_t *conf = kafka_conf_new(cluster, msg);
    if (!conf) return NULL;
    if (kafka_conf_set(conf, "group.id", "freshet-tail", msg) &&
        kafka_conf_set(conf, "enable.auto.commit", "false", msg) &&
        kafka_conf_set(conf, "auto.offset.reset", "earliest", msg) &&
        kafka_conf_set(conf, "enable.partition.eof", "true", msg) &&
        kafka_conf_set(conf, "isolation.level", "read_committed", msg) &&
        kafka_conf_pass_through(conf, cluster, msg)) {
        rd_kafka_t *rk = kafka_client_new(RD_KAFKA_CONSUMER, conf, msg);
        if (rk) rd_kafka_poll_set_consumer(rk);
        return rk;
    }
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static void assign_all(struct tail *t, const char *topic) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)t->partition_n);
    for (uint32_t p = 0; p < t->partition_n; p++)
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(t->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

enum fr_err fr_tail_kafka_open(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                               struct fr_tail **out, struct fr_errmsg *msg) {
    struct tail *t = fr_alloc_zero(1, sizeof *t);
    t->base.ops = &ops;
    t->rk = client_new(cluster, msg);
    char *name = kafka_topic_name(cluster->topic_prefix, topic);
    if (t->rk) t->partition_n = kafka_partition_count(t->rk, name, PATIENCE_MS);
    t->ended = fr_alloc_zero(t->partition_n + 1, sizeof *t->ended);
    enum fr_err err = !t->rk ? FR_CONFIG
                      : t->partition_n
                          ? FR_OK
                          : fr_err_set(msg, FR_BUS_DOWN, "topic %s is not there, or nobody answers", name);
    if (err == FR_OK)
        assign_all(t, name);
    else
        close_tail(&t->base);
    free(name);
    *out = err == FR_OK ? &t->base : NULL;
    return err;
}
