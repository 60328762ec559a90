/* campaign_follow.h - the campaigns and segments as their topic has them, compiled, held by this process.
 *
 * Promise   as run/topic_follow.h. A record that is no campaign is said in the log and changes nothing; the stage `campaigns`
 *           sends it to the rejects topic.
 * Threads   one of its own; the slot may be read by any. Memory: the slot owns struct fr_campaign_set. */
#ifndef FR_RUN_CAMPAIGN_FOLLOW_H
#define FR_RUN_CAMPAIGN_FOLLOW_H

#include "freshet/run/topic_follow.h"
#include "freshet/target/campaign_set.h"

struct fr_campaign_follow;

struct fr_campaign_follow_config {
    void *context;
    /* gives */
    enum fr_err (*open_tail)(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg);
    uint32_t interval_ms;
};

/* Starts the thread. gives */
struct fr_campaign_follow *fr_campaign_follow_start(const struct fr_campaign_follow_config *config);
/* Of struct fr_campaign_set; empty until the topic's end was reached. Lent until stop. */
struct fr_slot *fr_campaign_follow_slot(struct fr_campaign_follow *f);
void fr_campaign_follow_stop(struct fr_campaign_follow **f); /* nobody may hold a version */

#endif
