/* campaigns_topic.h - the campaigns topic as it stands, read once, for the commands. */
#ifndef FR_APP_CAMPAIGNS_TOPIC_H
#define FR_APP_CAMPAIGNS_TOPIC_H

#include "freshet/target/campaign_set.h"
#include "kafka_command.h"

struct campaigns_topic {
    struct fr_campaign_book *book;
    uint64_t bad_records;
    struct fr_dict spoilt;   /* keys that had a bad record */
    struct fr_buf is_spoilt; /* [spoilt.n] 1: the latest one is bad */
};

/* A warning on standard error for each record that is bad. campaigns_topic_fini follows in every case. */
enum fr_err campaigns_topic_read(const struct fr_kafka_cluster *cluster, struct campaigns_topic *out,
                                 struct fr_errmsg *msg);
void campaigns_topic_fini(struct campaigns_topic *t); /* zero-initialised is accepted */
/* Whether the latest record of a key is bad: what the book has of it is an older one, which the topic will not keep. */
bool campaigns_topic_is_spoilt(const struct campaigns_topic *t, struct fr_str id);

#endif
