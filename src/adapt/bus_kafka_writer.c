/* A plain idempotent producer, for replays. The local queue of librdkafka is the back-pressure: when it is full, put
 * serves deliveries until there is room. */
#include "bus_kafka_internal.h"
#include "freshet/adapt/kafka_admin.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

struct fr_kafka_writer {
    rd_kafka_t *rk;
    struct {
        char *name;
        rd_kafka_topic_t *handle;
        uint32_t partitions;
    } topics[FR_TOPIC_N];
    uint64_t failed;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    if (m->err) ((struct fr_kafka_writer *)opaque)->failed++;
}

static rd_kafka_conf_t *writer_conf(const struct fr_kafka_cluster *cluster, struct fr_errmsg *msg) {
    rd_kafka_conf_t *conf = kafka_conf_new(cluster, msg);
    if (!conf) return NULL;
    if (kafka_conf_set(conf, "enable.idempotence", "true", msg) &&
        kafka_conf_set(conf, "linger.ms", "5", msg) && kafka_conf_set(conf, "compression.type", "lz4", msg) &&
        kafka_conf_set(conf, "message.max.bytes", "4194304", msg) &&
        kafka_conf_pass_through(conf, cluster, msg))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

enum fr_err fr_kafka_writer_open(const struct fr_kafka_cluster *cluster, struct fr_kafka_writer **out,
                                 struct fr_errmsg *msg) {
    *out = NULL;
    rd_kafka_conf_t *conf = writer_conf(cluster, msg);
    if (!conf) return FR_CONFIG;
    struct fr_kafka_writer *w = fr_alloc_zero(1, sizeof *w);
    rd_kafka_conf_set_opaque(conf, w);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    w->rk = kafka_client_new(RD_KAFKA_PRODUCER, conf, msg);
    if (!w->rk) {
        free(w);
        return FR_CONFIG;
    }
    for (int t = 0; t < FR_TOPIC_N; t++)
        w->topics[t].name = kafka_topic_name(cluster->topic_prefix, (enum fr_topic)t);
    *out = w;
    return FR_OK;
}

static enum fr_err open_topic(struct fr_kafka_writer *w, enum fr_topic topic, struct fr_errmsg *msg) {
    enum { PATIENCE_MS = 10000 };
    if (w->topics[topic].partitions) return FR_OK;
    uint32_t n = kafka_partition_count(w->rk, w->topics[topic].name, PATIENCE_MS);
    if (!n)
        return fr_err_set(msg, FR_BUS_NO_TOPIC, "topic %s is missing, or no broker answers",
                          w->topics[topic].name);
    w->topics[topic].handle = rd_kafka_topic_new(w->rk, w->topics[topic].name, NULL);
    w->topics[topic].partitions = n;
    return FR_OK;
}

enum fr_err fr_kafka_writer_put(struct fr_kafka_writer *w, const struct fr_out *record,
                                struct fr_errmsg *msg) {
    enum fr_err err = open_topic(w, record->topic, msg);
    if (err != FR_OK) return err;
    int32_t partition = record->partition;
    if (partition < 0) partition = (int32_t)(fr_murmur2(record->key) % w->topics[record->topic].partitions);
    rd_kafka_poll(w->rk, 0);
    rd_kafka_resp_err_t failed = kafka_send(w->rk, w->topics[record->topic].handle, record, partition);
    while (failed == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(w->rk, 50);
        failed = kafka_send(w->rk, w->topics[record->topic].handle, record, partition);
    }
    if (!failed) return FR_OK;
    return fr_err_set(msg, FR_BUS_FATAL, "a record of %u bytes for %s: %s",
                      record->key.len + record->value.len, w->topics[record->topic].name,
                      rd_kafka_err2str(failed));
}

enum fr_err fr_kafka_writer_flush(struct fr_kafka_writer *w, uint32_t timeout_ms, uint64_t *failed,
                                  struct fr_errmsg *msg) {
    rd_kafka_resp_err_t err = rd_kafka_flush(w->rk, (int)timeout_ms);
    if (failed) *failed = w->failed;
    return err ? fr_err_set(msg, FR_TIMEOUT, "records wait for delivery: %d", rd_kafka_outq_len(w->rk))
               : FR_OK;
}

void fr_kafka_writer_close(struct fr_kafka_writer **writer) {
    struct fr_kafka_writer *w = *writer;
    if (!w) return;
    *writer = NULL;
    for (int t = 0; t < FR_TOPIC_N; t++) {
        if (w->topics[t].handle) rd_kafka_topic_destroy(w->topics[t].handle);
        free(w->topics[t].name);
    }
    rd_kafka_purge(w->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(w->rk);
    free(w);
}
