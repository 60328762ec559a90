/* campaigns_list.h - campaigns and segments as they stand, for people and for programs.
 *
 * Promise   campaigns first, then segments, each by id. Pure. Threads: any. */
#ifndef FR_APP_CAMPAIGNS_LIST_H
#define FR_APP_CAMPAIGNS_LIST_H

#include "freshet/target/campaign_set.h"

/* Which of them. */
struct fr_campaigns_filter {
    const char *state; /* only campaigns in this state, and no segments; NULL: all */
};

/* A row each: id, kind, advertiser, state, what it does now, start, end, budgets, what is paid for, rule (cut). */
void fr_campaigns_table(struct fr_buf *out, const struct fr_campaign_set *set,
                        struct fr_campaigns_filter filter, fr_time_ms now_ms);
/* One object: campaigns, segments (the records, as fr_campaign_write has them), bad_records. */
void fr_campaigns_json(struct fr_buf *out, const struct fr_campaign_set *set,
                       struct fr_campaigns_filter filter, uint64_t bad_records);

#endif
