/* propensity_log.h - a made-up log of people who buy every week, and people who only look; rows and a small model made of it. */
#ifndef FR_TESTS_PROPENSITY_LOG_H
#define FR_TESTS_PROPENSITY_LOG_H

#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include "freshet/target/propensity_refit.h"
#include <math.h>
#include <stdio.h>

enum { LOG_USERS = 120, LOG_WEEKS = 14 };
#define LOG_DAY_MS INT64_C(86400000)

static inline struct fr_event log_event(enum fr_event_type type, struct fr_str user, fr_time_ms t) {
    return (struct fr_event){.type = type,
                             .user_id = user,
                             .item_id = type == FR_EVENT_USER_DELETE || type == FR_EVENT_USER_UPSERT
                                            ? (struct fr_str){0}
                                            : FR_STR("i1"),
                             .time_ms = t,
                             .has_time = true,
                             .price = (double)NAN,
                             .event_value = (double)NAN,
                             .position = -1,
                             .schema_version = 1};
}

/* Of each week: everybody looks, those of even numbers buy four times in five, the others once in twenty. User 0 is deleted in the end,
 * user 2 refuses ads. */
static inline struct fr_training_rows *log_rows(const char *letter,
                                                const struct fr_propensity_features *features,
                                                const struct fr_profile_rules *rules, struct fr_dict *ids) {
    struct fr_training_task task = {.kind = FR_TRAINING_PURCHASE, .horizon_ms = 7 * LOG_DAY_MS};
    struct fr_training_schedule schedule = {14 * LOG_DAY_MS, 7 * LOG_DAY_MS, 90 * LOG_DAY_MS, true};
    struct fr_training_rows *r = fr_training_rows_new(&task, &schedule, features, rules, ids);
    struct fr_rng rng = {7};
    for (int week = 0; week < LOG_WEEKS; week++)
        for (unsigned u = 0; u < LOG_USERS; u++) {
            char id[16];
            int n = snprintf(id, sizeof id, "%s%u", letter, u);
            struct fr_str user = {id, (uint32_t)n};
            fr_time_ms t = week * 7 * LOG_DAY_MS + u * 1000;
            bool buys = fr_rng_below(&rng, 20) < (u % 2 ? 1 : 16);
            struct fr_event look = log_event(FR_EVENT_CLICK, user, t),
                            buy = log_event(FR_EVENT_PURCHASE, user, t + 500);
            fr_training_rows_add(r, &look);
            if (buys) fr_training_rows_add(r, &buy);
        }
    char zero[16], two[16];
    snprintf(zero, sizeof zero, "%s0", letter);
    snprintf(two, sizeof two, "%s2", letter);
    struct fr_event gone = log_event(FR_EVENT_USER_DELETE, fr_str_of(zero), LOG_WEEKS * 7 * LOG_DAY_MS);
    struct fr_event refuses = log_event(FR_EVENT_USER_UPSERT, fr_str_of(two), LOG_WEEKS * 7 * LOG_DAY_MS);
    refuses.ads_consent = FR_CONSENT_REFUSED;
    fr_training_rows_add(r, &gone);
    fr_training_rows_add(r, &refuses);
    return r;
}

/* gives */
static inline struct fr_propensity *log_model(const char *task, const char *version) {
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_dict ids;
    struct fr_arena names = {0};
    struct fr_propensity_features features;
    struct fr_propensity_rows rows = {0};
    struct fr_errmsg msg = {0};
    fr_event_rules_init(&events);
    fr_profile_rules_default(&rules, &events);
    fr_dict_init(&ids);
    CHECK_INT(fr_la_open(&msg), FR_OK);
    fr_propensity_features_init(&features, NULL, FR_STR(""), &names);
    struct fr_training_rows *log = log_rows("u", &features, &rules, &ids);
    fr_propensity_rows_add(&rows, log, false);
    fr_training_rows_free(log);
    struct fr_propensity_options options = FR_PROPENSITY_DEFAULTS;
    options.kind = FR_PROPENSITY_LOGISTIC;
    options.task = task;
    options.version = version;
    struct fr_propensity *model = fr_propensity_fit(&rows.table, &options, &msg);
    CHECK(model);
    fr_propensity_rows_fini(&rows);
    fr_dict_fini(&ids);
    fr_arena_fini(&names);
    fr_event_rules_fini(&events);
    return model;
}

#endif
