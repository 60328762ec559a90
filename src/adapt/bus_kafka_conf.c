/* Settings of the clients.
 *
 * Problem   a person must be able to pass any librdkafka property through, and must not be able to switch the
 * guarantees off by doing so. Choice: ours first, theirs on top, except for a short list that is refused by name.
 * Rejected: merging with a list of allowed properties, which would age with every librdkafka. */
#include "bus_kafka_internal.h"
#include "freshet/base/buf.h"
#include "freshet/base/log.h"
#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_MS = 10000 }; /* of the time-outs, see bus_kafka.h */

static const struct {
    const char *name, *why;
} refused[] = {
    {"bootstrap.servers", "is a setting of its own"},
    {"metadata.broker.list", "is a setting of its own"},
    {"group.id", "is a setting of its own"},
    {"group.instance.id", "is a setting of its own"},
    {"transactional.id", "is a setting of its own"},
    {"enable.auto.commit", "offsets are committed inside transactions"},
    {"auto.commit.enable", "offsets are committed inside transactions"},
    {"enable.auto.offset.store", "offsets are committed inside transactions"},
    {"isolation.level", "only committed records may be read"},
    {"auto.offset.reset", "a gap in the log must be an error, not a jump"},
    {"partition.assignment.strategy", "the hand-over of partitions is built on range"},
    {"enable.idempotence", "transactions need it"},
    {"acks", "transactions need all"},
    {"request.required.acks", "transactions need all"},
    {"partitioner", "partitions are chosen by murmur2 of the key"},
};

static enum fr_log_level level_of(int syslog_level) {
    if (syslog_level <= 3) return FR_LOG_ERROR;
    return syslog_level == 4 ? FR_LOG_WARN : FR_LOG_DEBUG;
}

/* A property of the other kind of client is passed to both and ignored by one: no news. */
static void log_cb(const rd_kafka_t *rk, int level, const char *facility, const char *text) {
    enum fr_log_level ours = strcmp(facility, "CONFWARN") == 0 ? FR_LOG_DEBUG : level_of(level);
    struct fr_buf clean = {0};
    for (const char *c = text; *c; c++) fr_buf_byte(&clean, (unsigned char)(*c == '"' ? '\'' : *c));
    fr_log(ours, "KAFKA-CLIENT", "client=%s facility=%s text=\"%.*s\"", rk ? rd_kafka_name(rk) : "-",
           facility, (int)clean.len, clean.data ? clean.data : "");
    fr_buf_fini(&clean);
}

bool kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct fr_errmsg *msg) {
    char text[200];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK) return true;
    /* The library names the canonical property where the person wrote an alias: say both. */
    fr_err_set(msg, FR_CONFIG, "kafka property %s=%s: %s", name, value, text);
    return false;
}

bool kafka_conf_set_ms(rd_kafka_conf_t *conf, const char *name, uint32_t ms, struct fr_errmsg *msg) {
    char text[16];
    snprintf(text, sizeof text, "%u", ms);
    return kafka_conf_set(conf, name, text, msg);
}

bool kafka_conf_pass_through(rd_kafka_conf_t *conf, const struct fr_kafka_cluster *cluster,
                             struct fr_errmsg *msg) {
    for (uint32_t i = 0; i < cluster->property_n; i++) {
        const struct fr_kafka_property *p = &cluster->properties[i];
        for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
            if (strcmp(p->name, refused[k].name) != 0) continue;
            fr_err_set(msg, FR_CONFIG, "kafka property %s cannot be set: %s", p->name, refused[k].why);
            return false;
        }
        if (!kafka_conf_set(conf, p->name, p->value, msg)) return false;
    }
    return true;
}

/* Sets pairs of name and value, ending with NULL. */
static bool set_all(rd_kafka_conf_t *conf, const char *const *pairs, struct fr_errmsg *msg) {
    for (; *pairs; pairs += 2)
        if (!kafka_conf_set(conf, pairs[0], pairs[1], msg)) return false;
    return true;
}

rd_kafka_conf_t *kafka_conf_new(const struct fr_kafka_cluster *cluster, struct fr_errmsg *msg) {
    static const char *const common[] = {"client.id",
                                         "freshet",
                                         "socket.nagle.disable",
                                         "true",
                                         "socket.timeout.ms",
                                         "10000",
                                         "reconnect.backoff.max.ms",
                                         "1000",
                                         "topic.metadata.refresh.interval.ms",
                                         "60000",
                                         NULL};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, log_cb);
    if (kafka_conf_set(conf, "bootstrap.servers", cluster->bootstrap_servers, msg) &&
        set_all(conf, common, msg))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static uint32_t or_default(uint32_t ms) { return ms ? ms : DEFAULT_MS; }

rd_kafka_conf_t *kafka_consumer_conf(const struct fr_bus_kafka_config *config, const char *isolation,
                                     struct fr_errmsg *msg) {
    /* A full local queue stops fetching for a second, so the limits are far away. One queue serves all partitions,
     * so queued.max.messages.kbytes bounds them together. */
    static const char *const settings[] = {"enable.auto.commit",
                                           "false",
                                           "enable.auto.offset.store",
                                           "false",
                                           "auto.offset.reset",
                                           "error",
                                           "partition.assignment.strategy",
                                           "range",
                                           "heartbeat.interval.ms",
                                           "1000",
                                           "fetch.min.bytes",
                                           "1",
                                           "fetch.wait.max.ms",
                                           "20",
                                           "queued.min.messages",
                                           "1000000",
                                           "queued.max.messages.kbytes",
                                           "131072",
                                           NULL};
    rd_kafka_conf_t *conf = kafka_conf_new(&config->cluster, msg);
    if (!conf) return NULL;
    if (set_all(conf, settings, msg) && kafka_conf_set(conf, "group.id", config->group_id, msg) &&
        kafka_conf_set(conf, "isolation.level", isolation, msg) &&
        (!config->group_instance_id ||
         kafka_conf_set(conf, "group.instance.id", config->group_instance_id, msg)) &&
        kafka_conf_set_ms(conf, "session.timeout.ms", or_default(config->session_timeout_ms), msg) &&
        kafka_conf_set_ms(conf, "statistics.interval.ms", config->statistics_interval_ms, msg) &&
        kafka_conf_pass_through(conf, &config->cluster, msg))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *kafka_producer_conf(const struct fr_bus_kafka_config *config, struct fr_errmsg *msg) {
    /* The first request of a transaction is refused while the markers of the one before are being written; how soon it
     * is sent again is most of a small transaction's time. The largest message counts before compression: whatever could
     * be fetched has to fit, for it may have to go to the rejects; the topic's own limit is the one that counts. */
    static const char *const settings[] = {"retry.backoff.ms",
                                           "5",
                                           "linger.ms",
                                           "2",
                                           "batch.size",
                                           "1000000",
                                           "message.max.bytes",
                                           "104857600",
                                           "compression.type",
                                           "lz4",
                                           "queue.buffering.max.messages",
                                           "1000000",
                                           "partitioner",
                                           "murmur2_random",
                                           NULL};
    rd_kafka_conf_t *conf = kafka_conf_new(&config->cluster, msg);
    if (!conf) return NULL;
    uint32_t timeout_ms = or_default(config->transaction_timeout_ms);
    uint32_t socket_ms = timeout_ms < DEFAULT_MS ? timeout_ms : DEFAULT_MS; /* it refuses to wait longer */
    if (set_all(conf, settings, msg) &&
        kafka_conf_set(conf, "transactional.id", config->transactional_id, msg) &&
        kafka_conf_set_ms(conf, "transaction.timeout.ms", timeout_ms, msg) &&
        kafka_conf_set_ms(conf, "socket.timeout.ms", socket_ms, msg) &&
        kafka_conf_pass_through(conf, &config->cluster, msg))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct fr_errmsg *msg) {
    char text[200];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);
    if (rk) return rk;
    rd_kafka_conf_destroy(conf);
    fr_err_set(msg, FR_CONFIG, "kafka client: %s", text);
    return NULL;
}

char *kafka_topic_name(const char *prefix, enum fr_topic topic) {
    const char *suffix = fr_topic_info(topic)->suffix;
    size_t n = strlen(prefix) + strlen(suffix) + 2;
    char *name = fr_alloc(n);
    snprintf(name, n, "%s.%s", prefix, suffix);
    return name;
}

uint32_t kafka_partition_count(rd_kafka_t *rk, const char *topic, int timeout_ms) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    uint32_t n = 0;
    if (handle && rd_kafka_metadata(rk, 0, handle, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (metadata->topic_cnt == 1 && !metadata->topics[0].err)
            n = (uint32_t)metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    if (handle) rd_kafka_topic_destroy(handle);
    return n;
}

enum fr_err kafka_error_take(rd_kafka_error_t *error, enum fr_err code, const char *doing,
                             struct fr_errmsg *msg) {
    fr_err_set(msg, code, "%s: %s", doing, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return code;
}
