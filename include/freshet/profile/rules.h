/* rules.h - the settings that decide what a user's state keeps, and the exact order of strengths.
 *
 * Promise   fr_profile_rules_default gives the documented defaults; after changing fields call
 *           fr_profile_rules_prepare once, which checks them and fills the tables. Read-only afterwards.
 * Threads   a prepared struct may be shared.
 * Memory    events and group_by names are borrowed for as long as the rules live; nothing is owned. */
#ifndef FR_PROFILE_RULES_H
#define FR_PROFILE_RULES_H

#include "freshet/base/err.h"
#include "freshet/event/rules.h"

enum {
    FR_PROFILE_HISTORY_MAX = 1000,
    FR_PROFILE_TIMES_MAX = 8,
    FR_PROFILE_RECENT_MAX = 4096,
    FR_PROFILE_ATTRIBUTES_MAX = 64,
    FR_PROFILE_GROUP_BY_MAX = 4
};

struct fr_profile_rules {
    const struct fr_event_rules *events; /* borrowed: weights, what undoes what, lateness, rate cap */
    uint32_t history_items;              /* H, 1 to FR_PROFILE_HISTORY_MAX */
    uint32_t times_kept;                 /* C, 1 to FR_PROFILE_TIMES_MAX */
    uint32_t followees, sharers;
    uint32_t recent_ids; /* event ids remembered, 0 to FR_PROFILE_RECENT_MAX */
    uint32_t exposures;  /* campaigns kept per user, 1 to FR_PROFILE_HISTORY_MAX */
    uint32_t attributes; /* kept per user, 1 to FR_PROFILE_ATTRIBUTES_MAX */
    int64_t session_gap_ms;
    int64_t epoch_ms;
    uint32_t half_life_epochs;
    struct fr_str group_by[FR_PROFILE_GROUP_BY_MAX];
    uint32_t group_by_n;

    /* Filled by fr_profile_rules_prepare. */
    int32_t weight_rank[FR_EVENT_WEIGHT_MAX + 1]; /* round(log2(w) * 2^20) */
    int32_t epoch_rank;                           /* round(2^20 / half_life_epochs) */
};

/* Prepared already. */
void fr_profile_rules_default(struct fr_profile_rules *rules, const struct fr_event_rules *events);
enum fr_err fr_profile_rules_prepare(struct fr_profile_rules *rules, struct fr_errmsg *msg) FR_MUST_USE;

/* floor(t / epoch_ms), kept within int32. */
int32_t fr_epoch_of(const struct fr_profile_rules *rules, fr_time_ms t);

/* How much a user is interested in an item: an integer weight that began to fade in an epoch. */
struct fr_strength {
    int32_t epoch;
    int32_t weight; /* 0: nothing, and then epoch is 0 */
};

static inline bool fr_strength_eq(struct fr_strength a, struct fr_strength b) {
    return a.weight == b.weight && a.epoch == b.epoch;
}

/* <0, 0, >0: by weight * 2^(epoch / half life) made exact, then epoch, then weight; nothing is smallest. */
int fr_strength_cmp(const struct fr_profile_rules *rules, struct fr_strength a, struct fr_strength b);
struct fr_strength fr_strength_min(const struct fr_profile_rules *rules, struct fr_strength a,
                                   struct fr_strength b);

/* Whether a type puts its item into the history: an interest, or a dislike. */
static inline bool fr_profile_touches(const struct fr_profile_rules *rules, enum fr_event_type type) {
    return rules->events->weight[type] > 0 || type == FR_EVENT_DISLIKE;
}

#endif
