#include "freshet/profile/rules.h"
#include <math.h>

void fr_profile_rules_default(struct fr_profile_rules *rules, const struct fr_event_rules *events) {
    *rules = (struct fr_profile_rules){.events = events,
                                       .history_items = 50,
                                       .times_kept = 4,
                                       .followees = 200,
                                       .sharers = 50,
                                       .recent_ids = 64,
                                       .exposures = 100,
                                       .attributes = FR_PROFILE_ATTRIBUTES_MAX,
                                       .session_gap_ms = 1800000,
                                       .epoch_ms = 86400000,
                                       .half_life_epochs = 14};
    enum fr_err err = fr_profile_rules_prepare(rules, NULL);
    FR_ASSERT(err == FR_OK);
}

static int32_t round_half_up(double v) { return (int32_t)floor(v + .5); }

static bool within(uint64_t v, uint64_t least, uint64_t most) { return v >= least && v <= most; }

enum fr_err fr_profile_rules_prepare(struct fr_profile_rules *rules, struct fr_errmsg *msg) {
    if (!within(rules->history_items, 1, FR_PROFILE_HISTORY_MAX) ||
        !within(rules->followees, 1, FR_PROFILE_HISTORY_MAX) ||
        !within(rules->sharers, 1, FR_PROFILE_HISTORY_MAX) ||
        !within(rules->exposures, 1, FR_PROFILE_HISTORY_MAX))
        return fr_err_set(msg, FR_CONFIG, "history_items, followees, sharers and exposures must be 1 to %d",
                          FR_PROFILE_HISTORY_MAX);
    if (!within(rules->times_kept, 1, FR_PROFILE_TIMES_MAX))
        return fr_err_set(msg, FR_CONFIG, "times_kept must be 1 to %d", FR_PROFILE_TIMES_MAX);
    if (!within(rules->recent_ids, 0, FR_PROFILE_RECENT_MAX))
        return fr_err_set(msg, FR_CONFIG, "recent_ids must be 0 to %d", FR_PROFILE_RECENT_MAX);
    if (!within(rules->attributes, 1, FR_PROFILE_ATTRIBUTES_MAX))
        return fr_err_set(msg, FR_CONFIG, "attributes must be 1 to %d", FR_PROFILE_ATTRIBUTES_MAX);
    if (rules->group_by_n > FR_PROFILE_GROUP_BY_MAX)
        return fr_err_set(msg, FR_CONFIG, "group_by takes at most %d names", FR_PROFILE_GROUP_BY_MAX);
    if (rules->session_gap_ms < 1 || rules->epoch_ms < 1 || !within(rules->half_life_epochs, 1, 1 << 20))
        return fr_err_set(msg, FR_CONFIG, "session_gap_ms, epoch_ms and half_life_epochs must be above 0");

    rules->weight_rank[0] = INT32_MIN;
    for (int w = 1; w <= FR_EVENT_WEIGHT_MAX; w++) rules->weight_rank[w] = round_half_up(log2(w) * 0x1p20);
    rules->epoch_rank = round_half_up(0x1p20 / rules->half_life_epochs);
    return FR_OK;
}

int32_t fr_epoch_of(const struct fr_profile_rules *rules, fr_time_ms t) {
    int64_t epoch = t / rules->epoch_ms - (t % rules->epoch_ms < 0);
    if (epoch > INT32_MAX) return INT32_MAX;
    return epoch < INT32_MIN ? INT32_MIN : (int32_t)epoch;
}

int fr_strength_cmp(const struct fr_profile_rules *rules, struct fr_strength a, struct fr_strength b) {
    if (a.weight == 0 || b.weight == 0) return (a.weight > 0) - (b.weight > 0);
    int64_t rank_a = rules->weight_rank[a.weight] + (int64_t)a.epoch * rules->epoch_rank;
    int64_t rank_b = rules->weight_rank[b.weight] + (int64_t)b.epoch * rules->epoch_rank;
    if (rank_a != rank_b) return rank_a < rank_b ? -1 : 1;
    if (a.epoch != b.epoch) return a.epoch < b.epoch ? -1 : 1;
    return (a.weight > b.weight) - (a.weight < b.weight);
}

struct fr_strength fr_strength_min(const struct fr_profile_rules *rules, struct fr_strength a,
                                   struct fr_strength b) {
    return fr_strength_cmp(rules, a, b) <= 0 ? a : b;
}
