/* kafka_command.h - what the commands share that talk to Kafka without a worker. */
#ifndef FR_APP_KAFKA_COMMAND_H
#define FR_APP_KAFKA_COMMAND_H

#include "freshet/app/topic_check.h"
#include "freshet/app/wiring.h"

/* Says what failed on standard error; returns the exit code that stands for it. */
int kafka_command_failed(const char *command, const struct fr_config *config, enum fr_err err,
                         const struct fr_errmsg *msg);

/* A writer for a cluster that answers and has the topic; else says why not and returns an exit code. */
int kafka_command_writer(const char *command, const struct fr_wiring *w, enum fr_topic topic,
                         struct fr_kafka_writer **out);
/* FR_BUS_NO_TOPIC says how to make it. */
enum fr_err kafka_command_partitions(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                                     uint32_t *partitions, struct fr_errmsg *msg);
/* Every committed record that a topic has now, partition by partition, in their order. visit as fr_kafka_read has it. */
enum fr_err kafka_command_read(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                               bool (*visit)(void *context, const struct fr_record *record), void *context,
                               struct fr_errmsg *msg);
/* Waits until all that was put is delivered, closes the writer; err is what went before and wins. */
enum fr_err kafka_command_finish(struct fr_kafka_writer **writer, enum fr_err err, struct fr_errmsg *msg);

struct topic_look {
    char cluster_id[64];
    struct fr_kafka_topic_state states[FR_TOPIC_N];
    struct fr_topic_problems problems;
};
/* Describes and judges, with a sample of the records. */
enum fr_err topic_look(const struct fr_kafka_cluster *cluster, struct topic_look *look,
                       struct fr_errmsg *msg);
/* Prints the problems, one a line on standard error; returns 78 when an error is among them. */
int topic_look_report(const struct topic_look *look);

#endif
