/* random_log.h - small random logs of one user: few items with ids that are each other's prefixes, few times
 * so that ties are common, every kind of behaviour and undo. */
#ifndef FR_TESTS_RANDOM_LOG_H
#define FR_TESTS_RANDOM_LOG_H

#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/profile/codec.h"

enum { LOG_MAX = 200 };

static const char *const log_items[] = {"a",        "ab", "abc", "b", "ba", "c",
                                        "\xc3\xa4", "d0", "d",   "e", "f",  "g"};
static const enum fr_event_type log_types[] = {
    FR_EVENT_CLICK,         FR_EVENT_VIEW,          FR_EVENT_LIKE,
    FR_EVENT_UNLIKE,        FR_EVENT_DISLIKE,       FR_EVENT_ADD_TO_CART,
    FR_EVENT_REFUND,        FR_EVENT_SHARE,         FR_EVENT_REMOVE_FROM_CART,
    FR_EVENT_CLICK,         FR_EVENT_PURCHASE,      FR_EVENT_LIKE,
    FR_EVENT_FOLLOW,        FR_EVENT_UNFOLLOW,      FR_EVENT_SEARCH,
    FR_EVENT_AD_IMPRESSION, FR_EVENT_AD_IMPRESSION, FR_EVENT_AD_CLICK,
    FR_EVENT_AD_CONVERSION};

struct log_event {
    enum fr_event_type type;
    uint32_t item; /* index in log_items; the target of a follow, the campaign of an ad */
    fr_time_ms t;
};

struct world {
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_dict ids;
    struct fr_user user;
    struct fr_user_effects effects;
};

static inline void world_open(struct world *w) {
    memset(w, 0, sizeof *w);
    fr_event_rules_init(&w->events);
    w->events.max_per_minute = 0;
    fr_profile_rules_default(&w->rules, &w->events);
    fr_dict_init(&w->ids);
    fr_user_init(&w->user);
}

/* Tight bounds: everything that can be pushed out is. */
static inline void world_tighten(struct world *w, struct fr_rng *rng, int64_t lateness_ms) {
    w->events.lateness_ms = lateness_ms;
    w->rules.history_items = 1 + fr_rng_below(rng, 6);
    w->rules.times_kept = 1 + fr_rng_below(rng, 3);
    w->rules.followees = 1 + fr_rng_below(rng, 5);
    w->rules.epoch_ms = 1 + fr_rng_below(rng, 20);
    w->rules.half_life_epochs = 1 + fr_rng_below(rng, 6);
    w->rules.session_gap_ms = 1 + fr_rng_below(rng, 8);
    CHECK_INT(fr_profile_rules_prepare(&w->rules, NULL), FR_OK);
}

static inline void world_close(struct world *w) {
    fr_user_fini(&w->user);
    fr_user_effects_fini(&w->effects);
    fr_dict_fini(&w->ids);
    fr_event_rules_fini(&w->events);
}

static inline struct fr_event log_to_event(struct log_event e) {
    struct fr_event event = {.type = e.type, .time_ms = e.t, .has_time = true};
    struct fr_str id = fr_str_of(log_items[e.item]);
    if (e.type == FR_EVENT_FOLLOW || e.type == FR_EVENT_UNFOLLOW)
        event.target_user_id = id;
    else if (fr_exposure_is_of(e.type))
        event.campaign_id = id;
    else if (e.type != FR_EVENT_SEARCH)
        event.item_id = id;
    if (e.type == FR_EVENT_SHARE) event.referrer_user_id = id;
    return event;
}

static inline enum fr_user_outcome world_apply(struct world *w, struct log_event e) {
    struct fr_event event = log_to_event(e);
    return fr_user_apply(&w->user, &event, &w->rules, &w->ids, &w->effects);
}

static inline uint32_t log_make(struct log_event *log, struct fr_rng *rng, uint32_t items, int64_t span_ms) {
    uint32_t n = 1 + fr_rng_below(rng, LOG_MAX - 1);
    if (fr_rng_below(rng, 2)) n = 1 + n / 8;
    for (uint32_t i = 0; i < n; i++) {
        log[i].type = log_types[fr_rng_below(rng, sizeof log_types / sizeof log_types[0])];
        log[i].item = fr_rng_below(rng, items);
        log[i].t = (fr_time_ms)fr_rng_below(rng, (uint32_t)span_ms) - span_ms / 3;
    }
    return n;
}

/* Another order of arrival in which nobody comes later than lateness_ms after the latest before it. */
static inline void log_shuffle(struct log_event *log, uint32_t n, struct fr_rng *rng, int64_t lateness_ms) {
    int64_t key[LOG_MAX];
    for (uint32_t i = 0; i < n; i++) key[i] = log[i].t + fr_rng_below(rng, (uint32_t)lateness_ms + 1);
    for (uint32_t i = 1; i < n; i++) {
        struct log_event e = log[i];
        int64_t k = key[i];
        uint32_t at = i;
        for (; at && key[at - 1] > k; at--) {
            log[at] = log[at - 1];
            key[at] = key[at - 1];
        }
        log[at] = e;
        key[at] = k;
    }
}

/* A history's horizon as log_items index and time, for messages and recomputation. */
static inline uint32_t log_find(struct world *w, const struct fr_history *h, uint32_t item) {
    uint32_t id = fr_dict_find(&w->ids, fr_str_of(log_items[item]));
    return id == FR_DICT_NONE ? h->n : fr_history_find(h, id);
}

#endif
