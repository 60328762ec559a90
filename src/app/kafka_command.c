#include "kafka_command.h"
#include <stdio.h>

static int exit_of(enum fr_err err) {
    if (err == FR_CONFIG || err == FR_BUS_NO_TOPIC) return FR_EXIT_CONFIG;
    return err == FR_IO ? FR_EXIT_NO_INPUT : FR_EXIT_UNAVAILABLE;
}

int kafka_command_failed(const char *command, const struct fr_config *config, enum fr_err err,
                         const struct fr_errmsg *msg) {
    const char *text = *msg->text ? msg->text : fr_err_text(err);
    if (err == FR_BUS_DOWN || err == FR_TIMEOUT)
        fprintf(stderr, "freshet %s: Kafka at %s does not answer (%s)\n", command,
                config->kafka.bootstrap_servers, text);
    else
        fprintf(stderr, "freshet %s: %s\n", command, text);
    return exit_of(err);
}

enum fr_err kafka_command_partitions(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                                     uint32_t *partitions, struct fr_errmsg *msg) {
    struct fr_kafka_topic_state state;
    enum fr_err err = fr_kafka_topics_describe(cluster, &topic, 1, &state, NULL, msg);
    if (err != FR_OK) return err;
    *partitions = state.partitions;
    return state.exists ? FR_OK
                        : fr_err_set(msg, FR_BUS_NO_TOPIC,
                                     "topic %s.%s does not exist (create it with: freshet topics create)",
                                     cluster->topic_prefix, fr_topic_info(topic)->suffix);
}

enum fr_err kafka_command_read(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                               bool (*visit)(void *context, const struct fr_record *record), void *context,
                               struct fr_errmsg *msg) {
    uint32_t partitions = 0;
    enum fr_err err = kafka_command_partitions(cluster, topic, &partitions, msg);
    for (uint32_t p = 0; p < partitions && err == FR_OK; p++)
        err = fr_kafka_read(cluster, topic, (struct fr_kafka_range){(int32_t)p, -1, -1}, true, visit, context,
                            msg);
    return err;
}

int kafka_command_writer(const char *command, const struct fr_wiring *w, enum fr_topic topic,
                         struct fr_kafka_writer **out) {
    uint32_t partitions;
    struct fr_errmsg msg = {0};
    enum fr_err err = kafka_command_partitions(&w->cluster, topic, &partitions, &msg);
    if (err == FR_OK) err = fr_kafka_writer_open(&w->cluster, out, &msg);
    return err == FR_OK ? FR_EXIT_OK : kafka_command_failed(command, w->config, err, &msg);
}

enum fr_err kafka_command_finish(struct fr_kafka_writer **writer, enum fr_err err, struct fr_errmsg *msg) {
    enum { PATIENCE_MS = 60000 };
    uint64_t undelivered = 0;
    enum fr_err flushed = fr_kafka_writer_flush(*writer, PATIENCE_MS, &undelivered, msg);
    fr_kafka_writer_close(writer);
    if (err == FR_OK) err = flushed;
    if (err == FR_OK && undelivered)
        err =
            fr_err_set(msg, FR_BUS_DOWN, "%llu records were not delivered", (unsigned long long)undelivered);
    return err;
}

enum fr_err topic_look(const struct fr_kafka_cluster *cluster, struct topic_look *look,
                       struct fr_errmsg *msg) {
    enum fr_topic topics[FR_TOPIC_N];
    for (unsigned t = 0; t < FR_TOPIC_N; t++) topics[t] = (enum fr_topic)t;
    enum fr_err err =
        fr_kafka_topics_describe(cluster, topics, FR_TOPIC_N, look->states, look->cluster_id, msg);
    if (err != FR_OK) return err;
    fr_topic_judge(cluster->topic_prefix, look->states, &look->problems);
    const struct fr_kafka_topic_state *events = &look->states[FR_TOPIC_EVENTS];
    if (!events->exists) return FR_OK;
    struct fr_topic_sample sample = {0};
    err = fr_topic_sample(cluster, events->partitions, &sample, msg);
    fr_topic_judge_sample(cluster->topic_prefix, &sample, &look->problems);
    return err;
}

int topic_look_report(const struct topic_look *look) {
    for (uint32_t i = 0; i < look->problems.n; i++)
        fprintf(stderr, "%s: %s\n", look->problems.at[i].error ? "error" : "warning",
                look->problems.at[i].text);
    return look->problems.errors ? FR_EXIT_CONFIG : FR_EXIT_OK;
}
