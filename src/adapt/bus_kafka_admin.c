/* Topics: made, described, deleted, over librdkafka's admin requests. Each request is one event on a queue of its own. */
#include "bus_kafka_internal.h"
#include "freshet/adapt/kafka_admin.h"
#include "freshet/base/clock.h"
#include <stdio.h>
#include <stdlib.h>

enum { PATIENCE_MS = 15000 };

struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
};

static enum fr_err admin_open(struct admin *a, const struct fr_kafka_cluster *cluster,
                              struct fr_errmsg *msg) {
    rd_kafka_conf_t *conf = kafka_conf_new(cluster, msg);
    if (!conf) return FR_CONFIG;
    if (!kafka_conf_pass_through(conf, cluster, msg)) {
        rd_kafka_conf_destroy(conf);
        return FR_CONFIG;
    }
    a->rk = kafka_client_new(RD_KAFKA_PRODUCER, conf, msg);
    if (!a->rk) return FR_CONFIG;
    a->queue = rd_kafka_queue_new(a->rk);
    return FR_OK;
}

static void admin_close(struct admin *a) {
    rd_kafka_queue_destroy(a->queue);
    rd_kafka_destroy(a->rk);
}

static enum fr_err code_of(rd_kafka_resp_err_t err) {
    int code = (int)err;
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT) return FR_TIMEOUT;
    if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        return FR_BUS_DOWN;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return FR_BUS_NO_TOPIC;
    return FR_BUS_FATAL;
}

/* Waits for the answer; gives the event, or NULL with a message. */
static rd_kafka_event_t *answer(struct admin *a, const char *doing, enum fr_err *err, struct fr_errmsg *msg) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(a->queue, PATIENCE_MS + 1000);
    rd_kafka_resp_err_t failed = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    *err = FR_OK;
    if (!failed) return event;
    *err = fr_err_set(msg, code_of(failed), "%s: %s", doing,
                      event ? rd_kafka_event_error_string(event) : "no answer");
    if (event) rd_kafka_event_destroy(event);
    return NULL;
}

static rd_kafka_AdminOptions_t *options_for(struct admin *a, rd_kafka_admin_op_t op) {
    char text[100];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->rk, op);
    rd_kafka_AdminOptions_set_request_timeout(options, PATIENCE_MS, text, sizeof text);
    if (op == RD_KAFKA_ADMIN_OP_CREATETOPICS || op == RD_KAFKA_ADMIN_OP_DELETETOPICS)
        rd_kafka_AdminOptions_set_operation_timeout(options, PATIENCE_MS, text, sizeof text);
    return options;
}

/* ---- create ---- */

static void set_number(rd_kafka_NewTopic_t *topic, const char *name, long long value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    rd_kafka_NewTopic_set_config(topic, name, text);
}

static rd_kafka_NewTopic_t *new_topic(const char *prefix, const struct fr_kafka_topic_spec *spec) {
    char text[100], *name = kafka_topic_name(prefix, spec->topic);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        name, (int)spec->partitions, spec->replication ? (int)spec->replication : -1, text, sizeof text);
    free(name);
    if (!topic) return NULL;
    bool compacted = fr_topic_info(spec->topic)->compacted;
    rd_kafka_NewTopic_set_config(topic, "cleanup.policy", compacted ? "compact" : "delete");
    if (!compacted) set_number(topic, "retention.ms", spec->retention_ms);
    if (spec->max_record_bytes) set_number(topic, "max.message.bytes", spec->max_record_bytes);
    rd_kafka_NewTopic_set_config(topic, "message.timestamp.type",
                                 spec->append_time ? "LogAppendTime" : "CreateTime");
    return topic;
}

static enum fr_err create_one(struct admin *a, const struct fr_kafka_cluster *cluster,
                              const struct fr_kafka_topic_spec *spec, bool *made, struct fr_errmsg *msg) {
    rd_kafka_NewTopic_t *topic = new_topic(cluster->topic_prefix, spec);
    if (!topic) return fr_err_set(msg, FR_CONFIG, "a topic cannot have %u partitions", spec->partitions);
    rd_kafka_AdminOptions_t *options = options_for(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(a->rk, &topic, 1, options, a->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(topic);
    enum fr_err err;
    rd_kafka_event_t *event = answer(a, "create topics", &err, msg);
    if (!event) return err;
    size_t n = 0;
    const rd_kafka_topic_result_t *const *results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    rd_kafka_resp_err_t failed = n ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    *made = !failed;
    if (failed && failed != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        err = fr_err_set(msg, code_of(failed), "create topic %s: %s", fr_topic_info(spec->topic)->suffix,
                         rd_kafka_err2str(failed));
    rd_kafka_event_destroy(event);
    return err;
}

/* The controller answers before every broker knows: waits until the topic can be used. */
static enum fr_err wait_until_known(struct admin *a, const struct fr_kafka_cluster *cluster,
                                    const struct fr_kafka_topic_spec *spec, struct fr_errmsg *msg) {
    enum { SLICE_MS = 50 };
    char *name = kafka_topic_name(cluster->topic_prefix, spec->topic);
    uint32_t n = 0;
    for (int waited = 0; !n && waited < PATIENCE_MS; waited += SLICE_MS) {
        n = kafka_partition_count(a->rk, name, PATIENCE_MS);
        if (!n) fr_clock_sleep_ms(SLICE_MS);
    }
    enum fr_err err = n ? FR_OK : fr_err_set(msg, FR_TIMEOUT, "topic %s was made but is not seen", name);
    free(name);
    return err;
}

enum fr_err fr_kafka_topics_create(const struct fr_kafka_cluster *cluster,
                                   const struct fr_kafka_topic_spec *specs, uint32_t n, bool *made,
                                   struct fr_errmsg *msg) {
    struct admin a;
    enum fr_err err = admin_open(&a, cluster, msg);
    if (err != FR_OK) return err;
    for (uint32_t i = 0; i < n && err == FR_OK; i++) err = create_one(&a, cluster, &specs[i], &made[i], msg);
    for (uint32_t i = 0; i < n && err == FR_OK; i++) err = wait_until_known(&a, cluster, &specs[i], msg);
    admin_close(&a);
    return err;
}

/* ---- describe ---- */

static void read_configs(rd_kafka_event_t *event, struct fr_kafka_topic_state *state) {
    size_t n = 0, entries = 0;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &n);
    if (!n) return;
    const rd_kafka_ConfigEntry_t **list = rd_kafka_ConfigResource_configs(resources[0], &entries);
    for (size_t i = 0; i < entries; i++) {
        const char *name = rd_kafka_ConfigEntry_name(list[i]), *value = rd_kafka_ConfigEntry_value(list[i]);
        if (!value) continue;
        if (strcmp(name, "cleanup.policy") == 0) state->compacted = strstr(value, "compact") != NULL;
        if (strcmp(name, "retention.ms") == 0) state->retention_ms = strtoll(value, NULL, 10);
        if (strcmp(name, "max.message.bytes") == 0) state->max_record_bytes = strtoll(value, NULL, 10);
        if (strcmp(name, "message.timestamp.type") == 0)
            state->append_time = strcmp(value, "LogAppendTime") == 0;
    }
}

static enum fr_err describe_configs(struct admin *a, const char *name, struct fr_kafka_topic_state *state,
                                    struct fr_errmsg *msg) {
    rd_kafka_ConfigResource_t *resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    rd_kafka_AdminOptions_t *options = options_for(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(a->rk, &resource, 1, options, a->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    enum fr_err err;
    rd_kafka_event_t *event = answer(a, "describe topics", &err, msg);
    if (!event) return err;
    read_configs(event, state);
    rd_kafka_event_destroy(event);
    return FR_OK;
}

static enum fr_err describe_one(struct admin *a, const char *name, struct fr_kafka_topic_state *state,
                                struct fr_errmsg *msg) {
    rd_kafka_topic_t *handle = rd_kafka_topic_new(a->rk, name, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t failed = rd_kafka_metadata(a->rk, 0, handle, &metadata, PATIENCE_MS);
    rd_kafka_topic_destroy(handle);
    if (failed)
        return fr_err_set(msg, code_of(failed), "describe topic %s: %s", name, rd_kafka_err2str(failed));
    *state = (struct fr_kafka_topic_state){.retention_ms = -1};
    if (metadata->topic_cnt == 1 && !metadata->topics[0].err) {
        state->exists = true;
        state->partitions = (uint32_t)metadata->topics[0].partition_cnt;
        if (state->partitions) state->replication = (uint32_t)metadata->topics[0].partitions[0].replica_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    return state->exists ? describe_configs(a, name, state, msg) : FR_OK;
}

enum fr_err fr_kafka_topics_describe(const struct fr_kafka_cluster *cluster, const enum fr_topic *topics,
                                     uint32_t n, struct fr_kafka_topic_state *states, char cluster_id[64],
                                     struct fr_errmsg *msg) {
    struct admin a;
    enum fr_err err = admin_open(&a, cluster, msg);
    if (err != FR_OK) return err;
    for (uint32_t i = 0; i < n && err == FR_OK; i++) {
        char *name = kafka_topic_name(cluster->topic_prefix, topics[i]);
        err = describe_one(&a, name, &states[i], msg);
        free(name);
    }
    if (err == FR_OK && cluster_id) {
        char *id = rd_kafka_clusterid(a.rk, PATIENCE_MS);
        snprintf(cluster_id, 64, "%s", id ? id : "");
        if (id) rd_kafka_mem_free(a.rk, id);
    }
    admin_close(&a);
    return err;
}

/* ---- delete ---- */

static enum fr_err delete_one(struct admin *a, const char *name, struct fr_errmsg *msg) {
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);
    rd_kafka_AdminOptions_t *options = options_for(a, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(a->rk, &topic, 1, options, a->queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_DeleteTopic_destroy(topic);
    enum fr_err err;
    rd_kafka_event_t *event = answer(a, "delete topics", &err, msg);
    if (!event) return err;
    size_t n = 0;
    const rd_kafka_topic_result_t *const *results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &n);
    rd_kafka_resp_err_t failed = n ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__FAIL;
    if (failed && failed != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        err = fr_err_set(msg, code_of(failed), "delete topic %s: %s", name, rd_kafka_err2str(failed));
    rd_kafka_event_destroy(event);
    return err;
}

enum fr_err fr_kafka_topics_delete(const struct fr_kafka_cluster *cluster, const enum fr_topic *topics,
                                   uint32_t n, struct fr_errmsg *msg) {
    struct admin a;
    enum fr_err err = admin_open(&a, cluster, msg);
    if (err != FR_OK) return err;
    for (uint32_t i = 0; i < n && err == FR_OK; i++) {
        char *name = kafka_topic_name(cluster->topic_prefix, topics[i]);
        err = delete_one(&a, name, msg);
        free(name);
    }
    admin_close(&a);
    return err;
}
