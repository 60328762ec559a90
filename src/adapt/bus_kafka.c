/* The endpoint: opening, closing, and the table of functions. */
#include "bus_kafka_internal.h"
#include "freshet/base/clock.h"
#include "freshet/base/log.h"
#include <stdlib.h>

static void consumer_failed(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)rk;
    struct kafka_bus *b = opaque;
    if (err == RD_KAFKA_RESP_ERR__TRANSPORT) atomic_fetch_add(&b->transport_errors, 1);
    if (err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) atomic_store(&b->down, true);
    fr_log(FR_LOG_WARN, "KAFKA-ERROR", "topic=%s error=%s text=\"%.150s\"", b->topic_names[b->input],
           rd_kafka_err2name((rd_kafka_resp_err_t)err), reason);
}

static uint32_t partitions(struct fr_bus *bus, enum fr_topic topic) {
    enum { PATIENCE_MS = 1000 };
    struct kafka_bus *b = (struct kafka_bus *)bus;
    uint32_t n = atomic_load(&b->partition_counts[topic]);
    if (n) return n;
    n = kafka_partition_count(b->consumer, b->topic_names[topic], PATIENCE_MS);
    atomic_store(&b->partition_counts[topic], n);
    return n;
}

/* The consumer leaves the group by itself; when no broker answers it is dropped after a while all the same. */
static void close_consumer(struct kafka_bus *b) {
    enum { PATIENCE_US = 5000000, SLICE_MS = 50 };
    kafka_release_messages(b);
    b->closing = true;
    if (b->pending != FR_BUS_NONE) rd_kafka_assign(b->consumer, NULL);
    fr_mono_us until = fr_clock_mono_us() + PATIENCE_US;
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(b->consumer, b->queue);
    if (error) rd_kafka_error_destroy(error);
    while (!rd_kafka_consumer_closed(b->consumer) && fr_clock_mono_us() < until) {
        rd_kafka_message_t *m = NULL;
        if (rd_kafka_consume_batch_queue(b->queue, SLICE_MS, &m, 1) == 1) rd_kafka_message_destroy(m);
    }
    bool closed = rd_kafka_consumer_closed(b->consumer);
    rd_kafka_queue_destroy(b->queue);
    rd_kafka_destroy_flags(b->consumer, closed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void close_bus(struct fr_bus *bus) {
    struct kafka_bus *b = (struct kafka_bus *)bus;
    kafka_producer_close(b);
    close_consumer(b);
    if (b->uncommitted) rd_kafka_destroy(b->uncommitted);
    rd_kafka_conf_destroy(b->uncommitted_conf);
    kafka_membership_release(b->membership);
    for (int t = 0; t < FR_TOPIC_N; t++) free(b->topic_names[t]);
    fr_arena_fini(&b->headers);
    free(b->messages);
    free(b->records);
    free(b->positions);
    free(b->assigned);
    free(b);
}

static const struct fr_bus_ops ops = {
    .poll = kafka_poll,
    .start = kafka_start,
    .stop = kafka_stop,
    .restart = kafka_restart,
    .committed = kafka_committed,
    .log_range = kafka_log_range,
    .txn_submit = kafka_txn_submit,
    .txn_poll = kafka_txn_poll,
    .recycle = kafka_recycle,
    .partitions = partitions,
    .close = close_bus,
};

static rd_kafka_resp_err_t subscribe(struct kafka_bus *b) {
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, b->topic_names[b->input], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(b->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return err;
}

/* Takes the conf. */
static enum fr_err open_consumer(struct kafka_bus *b, rd_kafka_conf_t *conf, struct fr_errmsg *msg) {
    rd_kafka_conf_set_opaque(conf, b);
    rd_kafka_conf_set_rebalance_cb(conf, kafka_rebalance_cb);
    rd_kafka_conf_set_error_cb(conf, consumer_failed);
    rd_kafka_conf_set_stats_cb(conf, kafka_stats_cb);
    b->consumer = kafka_client_new(RD_KAFKA_CONSUMER, conf, msg);
    if (!b->consumer) return FR_CONFIG;
    rd_kafka_poll_set_consumer(b->consumer);
    b->queue = rd_kafka_queue_get_consumer(b->consumer);
    rd_kafka_resp_err_t err = subscribe(b);
    if (!err) return FR_OK;
    rd_kafka_queue_destroy(b->queue);
    rd_kafka_destroy(b->consumer);
    return fr_err_set(msg, FR_BUS_FATAL, "subscribe: %s", rd_kafka_err2str(err));
}

enum fr_err fr_bus_kafka_open(const struct fr_bus_kafka_config *config, struct fr_bus **out,
                              struct fr_errmsg *msg) {
    *out = NULL;
    rd_kafka_conf_t *consumer = kafka_consumer_conf(config, "read_committed", msg);
    rd_kafka_conf_t *uncommitted = consumer ? kafka_consumer_conf(config, "read_uncommitted", msg) : NULL;
    rd_kafka_conf_t *producer = uncommitted ? kafka_producer_conf(config, msg) : NULL;
    if (!producer) {
        if (consumer) rd_kafka_conf_destroy(consumer);
        if (uncommitted) rd_kafka_conf_destroy(uncommitted);
        return FR_CONFIG;
    }
    struct kafka_bus *b = fr_alloc_zero(1, sizeof *b);
    b->base.ops = &ops;
    b->input = config->input;
    for (int t = 0; t < FR_TOPIC_N; t++)
        b->topic_names[t] = kafka_topic_name(config->cluster.topic_prefix, (enum fr_topic)t);
    enum fr_err err = open_consumer(b, consumer, msg);
    if (err != FR_OK) {
        rd_kafka_conf_destroy(uncommitted);
        rd_kafka_conf_destroy(producer);
        for (int t = 0; t < FR_TOPIC_N; t++) free(b->topic_names[t]);
        free(b);
        return err;
    }
    b->uncommitted_conf = uncommitted;
    b->producer.conf = producer;
    b->producer.never_recycle = config->never_recycle;
    kafka_producer_start(b);
    *out = &b->base;
    return FR_OK;
}
