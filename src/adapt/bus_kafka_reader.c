/* Reading a range of a partition for tools, and a group's distance from the end. No group is joined. */
#include "bus_kafka_internal.h"
#include "freshet/adapt/kafka_admin.h"
#include <stdlib.h>

enum { PATIENCE_MS = 10000 };

static rd_kafka_t *open_reader(const struct fr_kafka_cluster *cluster, const char *group, bool committed,
                               struct fr_errmsg *msg) {
    rd_kafka_conf_t *conf = kafka_conf_new(cluster, msg);
    if (!conf) return NULL;
    if (kafka_conf_set(conf, "group.id", group, msg) &&
        kafka_conf_set(conf, "enable.auto.commit", "false", msg) &&
        kafka_conf_set(conf, "auto.offset.reset", "error", msg) &&
        kafka_conf_set(conf, "enable.partition.eof", "true", msg) &&
        kafka_conf_set(conf, "fetch.wait.max.ms", "10", msg) && /* the end is told after an empty fetch */
        kafka_conf_set(conf, "isolation.level", committed ? "read_committed" : "read_uncommitted", msg) &&
        kafka_conf_pass_through(conf, cluster, msg)) {
        rd_kafka_t *rk = kafka_client_new(RD_KAFKA_CONSUMER, conf, msg);
        if (rk) rd_kafka_poll_set_consumer(rk);
        return rk;
    }
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static enum fr_err read_error(const char *topic, rd_kafka_resp_err_t err, struct fr_errmsg *msg) {
    int code = (int)err;
    enum fr_err ours = code == RD_KAFKA_RESP_ERR__TIMED_OUT           ? FR_TIMEOUT
                       : code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ? FR_LOG_GAP
                       : code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                               code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                               code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
                           ? FR_BUS_NO_TOPIC
                           : FR_BUS_DOWN;
    return fr_err_set(msg, ours, "read %s: %s", topic, rd_kafka_err2str(err));
}

/* -1 in the range becomes the ends as they are now. */
static enum fr_err resolve(rd_kafka_t *rk, const char *topic, struct fr_kafka_range *range,
                           struct fr_errmsg *msg) {
    int64_t first, end;
    rd_kafka_resp_err_t err =
        rd_kafka_query_watermark_offsets(rk, topic, range->partition, &first, &end, PATIENCE_MS);
    if (err) return read_error(topic, err, msg);
    if (range->from < 0) range->from = first;
    if (range->to < 0 || range->to > end) range->to = end;
    return FR_OK;
}

/* One message; sets done at the end of the range. */
static enum fr_err visit_one(const rd_kafka_message_t *m, const char *topic,
                             const struct fr_kafka_range *range, struct fr_arena *arena,
                             bool (*visit)(void *, const struct fr_record *), void *context, bool *done,
                             struct fr_errmsg *msg) {
    *done = m->offset + 1 >= range->to;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        *done = m->offset >= range->to;
        return FR_OK;
    }
    if (m->err) return read_error(topic, m->err, msg);
    if (m->offset >= range->to) return FR_OK;
    struct fr_record record;
    kafka_lend_record(m, arena, &record);
    if (!visit(context, &record)) *done = true;
    fr_arena_clear(arena);
    return FR_OK;
}

static enum fr_err read_range(rd_kafka_t *rk, const char *topic, const struct fr_kafka_range *range,
                              bool (*visit)(void *, const struct fr_record *), void *context,
                              struct fr_errmsg *msg) {
    enum { SILENCE_MS = 30000 };
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, range->partition)->offset = range->from;
    rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    struct fr_arena arena = {0};
    enum fr_err err = FR_OK;
    for (bool done = false; !done && err == FR_OK;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, SILENCE_MS);
        if (!m) {
            err = fr_err_set(msg, FR_TIMEOUT, "read %s/%d: nothing came", topic, range->partition);
            break;
        }
        err = visit_one(m, topic, range, &arena, visit, context, &done, msg);
        rd_kafka_message_destroy(m);
    }
    fr_arena_fini(&arena);
    rd_kafka_assign(rk, NULL);
    return err;
}

enum fr_err fr_kafka_read(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                          struct fr_kafka_range range, bool committed,
                          bool (*visit)(void *context, const struct fr_record *record), void *context,
                          struct fr_errmsg *msg) {
    rd_kafka_t *rk = open_reader(cluster, "freshet-reader", committed, msg);
    if (!rk) return FR_CONFIG;
    char *name = kafka_topic_name(cluster->topic_prefix, topic);
    enum fr_err err = resolve(rk, name, &range, msg);
    if (err == FR_OK && range.from < range.to) err = read_range(rk, name, &range, visit, context, msg);
    free(name);
    rd_kafka_destroy(rk);
    return err;
}

static enum fr_err end_of(const struct fr_kafka_cluster *cluster, enum fr_topic topic, int32_t partition,
                          bool committed, int64_t *first, int64_t *end, struct fr_errmsg *msg) {
    rd_kafka_t *rk = open_reader(cluster, "freshet-reader", committed, msg);
    if (!rk) return FR_CONFIG;
    char *name = kafka_topic_name(cluster->topic_prefix, topic);
    struct fr_kafka_range range = {partition, -1, -1};
    enum fr_err err = resolve(rk, name, &range, msg);
    *first = range.from;
    *end = range.to;
    free(name);
    rd_kafka_destroy(rk);
    return err;
}

enum fr_err fr_kafka_ends(const struct fr_kafka_cluster *cluster, enum fr_topic topic, int32_t partition,
                          int64_t *first, int64_t *stable, int64_t *end, struct fr_errmsg *msg) {
    /* The stable end is asked first: when both agree, nothing was open in between. */
    enum fr_err err = end_of(cluster, topic, partition, true, first, stable, msg);
    return err == FR_OK ? end_of(cluster, topic, partition, false, first, end, msg) : err;
}

enum fr_err fr_kafka_group_lag(const struct fr_kafka_cluster *cluster, const char *group, enum fr_topic topic,
                               struct fr_kafka_lag *lags, uint32_t partition_n, struct fr_errmsg *msg) {
    rd_kafka_t *rk = open_reader(cluster, group, true, msg);
    if (!rk) return FR_CONFIG;
    char *name = kafka_topic_name(cluster->topic_prefix, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)partition_n);
    rd_kafka_topic_partition_list_add_range(list, name, 0, (int32_t)partition_n - 1);
    rd_kafka_resp_err_t failed = rd_kafka_committed(rk, list, PATIENCE_MS);
    enum fr_err err = failed ? read_error(name, failed, msg) : FR_OK;
    for (uint32_t i = 0; i < partition_n && err == FR_OK; i++) {
        struct fr_kafka_range range = {(int32_t)i, -1, -1};
        err = resolve(rk, name, &range, msg);
        lags[i] = (struct fr_kafka_lag){list->elems[i].offset >= 0 ? list->elems[i].offset : -1, range.to};
    }
    rd_kafka_topic_partition_list_destroy(list);
    free(name);
    rd_kafka_destroy(rk);
    return err;
}
