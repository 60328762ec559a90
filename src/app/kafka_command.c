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
