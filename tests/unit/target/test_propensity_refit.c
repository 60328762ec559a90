/* A propensity fitted anew: whose rows it learns from, when it is taken, and when it is not. */
#include "propensity_log.h"
#include <stdlib.h>

static struct fr_event_rules events;
static struct fr_profile_rules profile;
static struct fr_dict ids;
static struct fr_arena names;
static struct fr_propensity_features features;

/* Of two partitions, as a log has them. */
static struct fr_propensity_rows two_logs(void) {
    struct fr_propensity_rows rows = {0};
    for (int i = 0; i < 2; i++) {
        struct fr_training_rows *log = log_rows(i ? "b" : "a", &features, &profile, &ids);
        fr_propensity_rows_add(&rows, log, false);
        fr_training_rows_free(log);
    }
    return rows;
}

static uint32_t rows_of(const struct fr_propensity_rows *rows, const char *user) {
    uint32_t n = 0, number = fr_dict_find(&ids, fr_str_of(user));
    for (uint32_t i = 0; i < rows->table.row_n; i++) n += rows->at[i].user == number;
    return n;
}

/* Cuts in weeks 2 to 13. */
static void test_who_is_gone_or_refuses_teaches_nothing(void) {
    struct fr_propensity_rows rows = two_logs();
    CHECK_INT(rows_of(&rows, "a1"), 12);
    CHECK_INT(rows_of(&rows, "b119"), 12);
    CHECK_INT(rows.table.row_n, 12 * 2 * (LOG_USERS - 2));
    CHECK_INT(rows_of(&rows, "a0") + rows_of(&rows, "a2") + rows_of(&rows, "b0") + rows_of(&rows, "b2"), 0);
    fr_propensity_rows_fini(&rows);
    struct fr_training_rows *log = log_rows("a", &features, &profile, &ids);
    fr_propensity_rows_add(&rows, log, true); /* nobody has agreed */
    CHECK_INT(rows.table.row_n, 0);
    fr_training_rows_free(log);
    fr_propensity_rows_fini(&rows);
}

static void test_the_split_is_by_time(void) {
    struct fr_propensity_rows rows = two_logs();
    fr_time_ms asked_ms = fr_training_asked_from(rows.at, rows.table.row_n), week_ms = 7 * LOG_DAY_MS;
    CHECK_INT(asked_ms, 11 * week_ms); /* cuts of weeks 2 to 13: the last three are asked */
    uint32_t n[3] = {0};
    for (uint32_t i = 0; i < rows.table.row_n; i++) n[fr_training_part_of(&rows.at[i], week_ms, asked_ms)]++;
    CHECK_INT(n[FR_TRAINING_LEARN], 9 * 2 * (LOG_USERS - 2));
    CHECK_INT(n[FR_TRAINING_GAP], 0);
    struct fr_training_row late = {0, asked_ms - 1};
    CHECK_INT(fr_training_part_of(&late, week_ms, asked_ms), FR_TRAINING_GAP);
    CHECK_INT(fr_training_asked_from(NULL, 0), INT64_MAX);
    fr_propensity_rows_fini(&rows);
}

static struct fr_propensity_refit refit_of(const struct fr_propensity *incumbent) {
    struct fr_propensity_refit r = {.horizon_ms = 7 * LOG_DAY_MS,
                                    .options = FR_PROPENSITY_DEFAULTS,
                                    .judge = FR_JUDGE_DEFAULTS,
                                    .incumbent = incumbent};
    r.options.kind = FR_PROPENSITY_LOGISTIC;
    return r;
}

static void test_a_good_one_is_taken_and_a_broken_one_refused(void) {
    struct fr_propensity_rows rows = two_logs();
    struct fr_propensity_refit refit = refit_of(NULL);
    struct fr_propensity_refitted good, again, broken;
    CHECK_INT(fr_propensity_refit_run(&refit, &rows, &good, NULL), FR_OK);
    CHECK(good.verdict.accepted && good.verdict.candidate > good.verdict.incumbent + .05);
    CHECK(good.auc > .8 && good.rate > .3 && good.rate < .55);
    CHECK_INT(good.learnt, 9 * 2 * (LOG_USERS - 2));
    CHECK_INT(good.asked, 3 * 2 * (LOG_USERS - 2));
    refit = refit_of(good.model);
    CHECK_INT(fr_propensity_refit_run(&refit, &rows, &again, NULL), FR_OK);
    CHECK(again.verdict.accepted);
    CHECK_NEAR(again.verdict.difference, 0, 1e-6);
    fr_time_ms asked_ms = fr_training_asked_from(rows.at, rows.table.row_n);
    struct fr_rng rng = {3};
    for (uint32_t i = 0; i < rows.table.row_n; i++) /* what it learns from is chance */
        if (rows.at[i].time_ms < asked_ms) rows.table.labels[i] = fr_rng_below(&rng, 2);
    CHECK_INT(fr_propensity_refit_run(&refit, &rows, &broken, NULL), FR_OK);
    CHECK(!broken.verdict.accepted && broken.verdict.p_worse < .001);
    fr_propensity_free(good.model);
    fr_propensity_free(again.model);
    fr_propensity_free(broken.model);
    fr_propensity_rows_fini(&rows);
}

/* Half of the users, and half of these; whoever is left has all rows. */
static void test_a_share_of_the_users(void) {
    struct fr_propensity_rows rows = two_logs();
    uint32_t all = rows.table.row_n, width = rows.table.column_n;
    float *before = fr_alloc((size_t)all * width * sizeof *before);
    struct fr_training_row *at = fr_alloc(all * sizeof *at);
    memcpy(before, rows.table.values, (size_t)all * width * sizeof *before);
    memcpy(at, rows.at, all * sizeof *at);
    bool *labels = fr_alloc(all);
    memcpy(labels, rows.table.labels, all);
    fr_propensity_rows_thin(&rows, &ids, 1);
    CHECK_INT(rows.table.row_n, all);
    for (double share = .5; share > .2; share /= 2) {
        fr_propensity_rows_thin(&rows, &ids, share);
        CHECK_NEAR(rows.table.row_n / (double)all, share, .1);
        uint32_t k = 0;
        for (uint32_t i = 0; i < all; i++) {
            if (!fr_propensity_sampled(fr_dict_str(&ids, at[i].user), share)) continue;
            CHECK(k < rows.table.row_n && rows.at[k].user == at[i].user &&
                  rows.at[k].time_ms == at[i].time_ms);
            CHECK(memcmp(rows.table.values + (size_t)k * width, before + (size_t)i * width,
                         width * sizeof *before) == 0);
            CHECK_INT(rows.table.labels[k], labels[i]);
            k++;
        }
        CHECK_INT(k, rows.table.row_n);
    }
    free(before);
    free(at);
    free(labels);
    fr_propensity_rows_fini(&rows);
}

static void test_too_little_is_said(void) {
    struct fr_propensity_rows rows = two_logs();
    struct fr_propensity_refit refit = refit_of(NULL);
    struct fr_propensity_refitted out;
    struct fr_errmsg msg = {0};
    refit.horizon_ms = 365 * LOG_DAY_MS;
    CHECK_INT(fr_propensity_refit_run(&refit, &rows, &out, &msg), FR_LIMIT);
    CHECK(strstr(msg.text, "0 rows to learn from") && !out.model);
    refit.horizon_ms = 7 * LOG_DAY_MS;
    for (uint32_t i = 0; i < rows.table.row_n; i++) rows.table.labels[i] = false;
    CHECK_INT(fr_propensity_refit_run(&refit, &rows, &out, &msg), FR_LIMIT);
    fr_propensity_rows_fini(&rows);
}

int main(void) {
    fr_event_rules_init(&events);
    fr_profile_rules_default(&profile, &events);
    fr_dict_init(&ids);
    CHECK_INT(fr_la_open(NULL), FR_OK);
    fr_propensity_features_init(&features, NULL, FR_STR(""), &names);
    RUN(test_who_is_gone_or_refuses_teaches_nothing);
    RUN(test_the_split_is_by_time);
    RUN(test_a_good_one_is_taken_and_a_broken_one_refused);
    RUN(test_a_share_of_the_users);
    RUN(test_too_little_is_said);
    fr_dict_fini(&ids);
    fr_arena_fini(&names);
    fr_event_rules_fini(&events);
    return check_done();
}
