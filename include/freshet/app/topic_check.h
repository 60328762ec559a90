/* topic_check.h - how the topics should be, and what is wrong with them as they are.
 *
 * Promise   the judging is pure: it sees a description and says every problem in one pass. An error keeps `run`
 *           from starting or breaks its promises; a warning is something an operator should have meant.
 * Not       nothing that exists is changed.
 * Memory    texts of problems live in the struct. */
#ifndef FR_APP_TOPIC_CHECK_H
#define FR_APP_TOPIC_CHECK_H

#include "freshet/adapt/kafka_admin.h"
#include "freshet/app/config.h"

/* A reject is the record it came as, with headers: whatever the events topic takes has to fit, and a batch's frame. */
enum {
    FR_TOPIC_PROBLEMS_MAX = 32,
    FR_TOPIC_RECORD_BYTES = 4 << 20,
    FR_TOPIC_REJECT_BYTES = FR_TOPIC_RECORD_BYTES + (64 << 10)
};

/* The largest record that a topic should take. */
uint32_t fr_topic_record_bytes(enum fr_topic topic);

struct fr_topic_problem {
    enum fr_topic topic;
    bool error;
    char text[320];
};

struct fr_topic_problems {
    struct fr_topic_problem at[FR_TOPIC_PROBLEMS_MAX];
    uint32_t n, errors; /* errors: those of n that are */
};

/* How `freshet topics create` makes them. */
void fr_topic_specs(const struct fr_config *config, struct fr_kafka_topic_spec specs[FR_TOPIC_N]);

/* Adds what the description tells. */
void fr_topic_judge(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                    struct fr_topic_problems *problems);

/* Where keys of the newest records of the events topic lie. */
struct fr_topic_sample {
    uint32_t keyed, unkeyed;
    uint32_t astray; /* of keyed, those not in partition murmur2(key) % partitions */
};
/* Reads a few records of a few partitions. */
enum fr_err fr_topic_sample(const struct fr_kafka_cluster *cluster, uint32_t partitions,
                            struct fr_topic_sample *sample, struct fr_errmsg *msg);
void fr_topic_judge_sample(const char *prefix, const struct fr_topic_sample *sample,
                           struct fr_topic_problems *problems);

/* One row a topic, for a person; or "topics" and "problems" of a JSON object that is open. */
void fr_topic_table(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                    struct fr_buf *out);
void fr_topic_json(const char *prefix, const struct fr_kafka_topic_state states[FR_TOPIC_N],
                   const struct fr_topic_problems *problems, struct fr_buf *out);

#endif
