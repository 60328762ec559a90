#include "freshet/base/hash.h"
#include "freshet/run/stages.h"
#include <stdio.h>

void fr_rules_default(struct fr_rules *r) {
    *r = (struct fr_rules){.pairs_per_item = 256,
                           .neighbors = 50,
                           .list = FR_LIST_DEFAULTS,
                           .recommender = FR_RECOMMENDER_DEFAULTS,
                           .blend = true,
                           .monitor = FR_MONITOR_DEFAULTS,
                           .snapshot_ms = 2000,
                           .list_ttl_ms = 3600000,
                           .publish_interval_ms = 1000,
                           .publish_per_batch = 2000,
                           .surface = "default",
                           .topic_prefix = "freshet",
                           .source = "/freshet",
                           .propensities = {.enabled = true, .change = .05},
                           .ads = {.enabled = true,
                                   .tell_withheld = true,
                                   .exploration = .05,
                                   .surface = "default",
                                   .ttl_ms = 900000,
                                   .scores_most = 50,
                                   .bought_ms = INT64_C(30) * 86400000,
                                   .models = FR_LIVE_ADS_DEFAULTS,
                                   .snapshot_ms = 5000}};
    fr_event_rules_init(&r->events);
    fr_profile_rules_default(&r->profile, &r->events);
    fr_decay_init(&r->popularity, r->profile.half_life_epochs, 60);
    fr_decay_init(&r->trend, 2, 60);
}

enum fr_err fr_rules_prepare(struct fr_rules *r, uint32_t half_life_epochs, uint32_t trend_half_life_epochs,
                             uint32_t window_epochs, struct fr_errmsg *msg) {
    r->profile.events = &r->events;
    r->profile.half_life_epochs = half_life_epochs;
    fr_decay_fini(&r->popularity);
    fr_decay_fini(&r->trend);
    fr_decay_init(&r->popularity, half_life_epochs, window_epochs);
    fr_decay_init(&r->trend, trend_half_life_epochs, window_epochs);
    r->recommender.list = r->list;
    r->recommender.surface = r->arrange;
    const char *fault = fr_list_params_fault(&r->list);
    if (fault) return fr_err_set(msg, FR_CONFIG, "recommend: %s", fault);
    return fr_profile_rules_prepare(&r->profile, msg);
}

void fr_rules_fini(struct fr_rules *r) {
    fr_arena_fini(&r->texts);
    fr_decay_fini(&r->popularity);
    fr_decay_fini(&r->trend);
    fr_event_rules_fini(&r->events);
}

static uint64_t mix(uint64_t hash, int64_t value) {
    return fr_hash_mix(hash ^ (uint64_t)value) + 0x9e3779b97f4a7c15u;
}

/* AD_FORMULA: another one, and weights mean something else. */
static uint64_t mix_ad_models(uint64_t h, const struct fr_live_ads_params *p) {
    enum { AD_FORMULA = 2 };
    h = mix(mix(h, AD_FORMULA), p->model_bits);
    h = mix(mix(h, p->click_window_ms), p->conversion_window_ms);
    return mix(mix(h, p->late_ms), p->waiting_most);
}

uint64_t fr_rules_hash(const struct fr_rules *r, enum fr_topic input) {
    uint64_t h = fr_hash64(r->topic_prefix, strlen(r->topic_prefix), input);
    if (input == FR_TOPIC_CAMPAIGNS) return h; /* no states */
    h = mix(mix(h, r->profile.epoch_ms), r->profile.half_life_epochs);
    h = mix(mix(h, r->popularity.window), r->pairs_per_item);
    if (input == FR_TOPIC_EXAMPLES) h = mix_ad_models(h, &r->ads.models);
    if (input != FR_TOPIC_EVENTS) return h;
    h = mix(mix(mix(h, r->profile.history_items), r->profile.times_kept), r->profile.recent_ids);
    h = mix(mix(mix(h, r->profile.followees), r->profile.sharers), r->profile.attributes);
    h = mix(h, r->profile.exposures);
    h = mix(mix(mix(h, r->profile.session_gap_ms), r->events.lateness_ms), r->events.max_per_minute);
    for (unsigned t = 0; t < FR_EVENT_TYPE_N;
         t++) /* types that are neither leave it as it is: more may come */
        if (r->events.weight[t] || r->events.undoes[t] != FR_EVENT_NONE)
            h = mix(mix(mix(h, t), r->events.weight[t]), r->events.undoes[t]);
    for (uint32_t i = 0; i < r->profile.group_by_n; i++)
        h = mix(h, (int64_t)fr_hash_str(r->profile.group_by[i]));
    return h;
}
