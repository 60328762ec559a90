#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/judge.h"
#include <stdlib.h>

/* ---- distributions; figures of scipy 1.17 ---- */

static void test_student(void) {
    static const double cases[][3] = {{0, 5, 0.5},
                                      {1.5, 1, 0.81283295818900114},
                                      {-2.3, 29, 0.014418616208827034},
                                      {3.1, 7.5, 0.99205792405457016},
                                      {-0.4, 1000, 0.34462097163302902},
                                      {-6, 12, 3.1083694324292817e-05},
                                      {0.001, 2, 0.50035355330220499}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NEAR(fr_student_cdf(cases[i][0], cases[i][1]), cases[i][2], 1e-12);
    CHECK_NEAR(fr_student_quantile(0.975, 29), 2.045229642132703, 1e-10);
    CHECK_NEAR(fr_student_quantile(0.025, 3), -3.1824463052837086, 1e-10);
    CHECK_NEAR(fr_student_quantile(0.975, 9999), 1.960201263621357, 1e-9);
    CHECK_NEAR(fr_student_quantile(0.6, 1), 0.32491969623290634, 1e-10);
}

static void test_normal(void) {
    CHECK_NEAR(fr_normal_quantile(0.0005), -3.2905267314918945, 1e-10);
    CHECK_NEAR(fr_normal_quantile(0.025), -1.9599639845400545, 1e-10);
    CHECK_NEAR(fr_normal_quantile(0.5), 0, 1e-12);
    CHECK_NEAR(fr_normal_quantile(0.99), 2.3263478740408408, 1e-10);
}

/* ---- before ---- */

static void test_paired_test(void) {
    static const float a[] = {.1f, .5f, .3f, .9f, 0, .2f, .4f, .8f, .05f, .6f};
    static const float b[] = {.2f, .4f, .5f, .9f, .1f, .3f, .4f, .9f, .1f, .5f};
    struct fr_judge_params p = {.alpha = 0.05, .cases_least = 2};
    struct fr_verdict v = fr_judge(&p, a, b, 10);
    CHECK_NEAR(v.p_worse, 0.08539132749965199, 1e-9); /* scipy.stats.ttest_rel(a, b, alternative="less") */
    CHECK_NEAR(v.difference, -0.044999994710087775, 1e-9);
    CHECK_NEAR(v.lower, -0.11338635181233347, 1e-9);
    CHECK_NEAR(v.upper, 0.023386362392157918, 1e-9);
    CHECK(v.accepted && v.cases == 10);
    p.alpha = 0.1;
    CHECK(!fr_judge(&p, a, b, 10).accepted);
}

static void test_edges(void) {
    float a[40], b[40];
    struct fr_judge_params p = FR_JUDGE_DEFAULTS;
    for (int i = 0; i < 40; i++) a[i] = b[i] = (float)i / 40;
    CHECK(fr_judge(&p, a, b, 40).accepted);  /* equal */
    CHECK(!fr_judge(&p, a, b, 29).accepted); /* too few */
    CHECK(!fr_judge(&p, a, b, 0).accepted);
    for (int i = 0; i < 40; i++) a[i] = 1.25f, b[i] = 1.5f;
    CHECK(!fr_judge(&p, a, b, 40).accepted); /* always worse, by the same */
    CHECK(fr_judge(&p, b, a, 40).accepted);
}

/* A figure like ndcg: mostly 0, sometimes up to 1. */
static float draw(struct fr_rng *r, double hit_rate) {
    return fr_rng_uniform(r) < hit_rate ? (float)(0.2 + 0.8 * fr_rng_uniform(r)) : 0;
}

static unsigned refused(double candidate, double incumbent, unsigned rounds, uint32_t n) {
    unsigned count = 0;
    struct fr_judge_params p = FR_JUDGE_DEFAULTS;
    float *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    for (unsigned seed = 1; seed <= rounds; seed++) {
        struct fr_rng r = {seed * 77777};
        for (uint32_t i = 0; i < n; i++) a[i] = draw(&r, candidate), b[i] = draw(&r, incumbent);
        count += !fr_judge(&p, a, b, n).accepted;
    }
    free(a);
    free(b);
    return count;
}

/* alpha = 5 %: of 1,000 equal pairs 50 +- 7 are refused. */
static void test_equals_are_mostly_accepted(void) {
    unsigned n = refused(0.2, 0.2, 1000, 500);
    CHECK(n >= 25 && n <= 80);
}

/* Shuffled labels leave what is popular: here a third of the hits. */
static void test_shuffled_labels_are_refused(void) { CHECK(refused(0.07, 0.2, 200, 500) == 200); }
static void test_better_is_accepted(void) { CHECK_INT(refused(0.25, 0.2, 200, 2000), 0); }

/* ---- after ---- */

static enum fr_monitor_state feed(struct fr_monitor *m, const struct fr_monitor_params *p, struct fr_rng *r,
                                  double rate, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        enum fr_monitor_state state = fr_monitor_add(m, p, fr_rng_uniform(r) < rate);
        if (state == FR_MONITOR_ROLL_BACK || state == FR_MONITOR_SETTLED) return state;
    }
    return m->watching ? FR_MONITOR_WATCHING : FR_MONITOR_IDLE;
}

static unsigned rolled_back(double before, double after, unsigned rounds) {
    unsigned count = 0;
    const struct fr_monitor_params p = {.block = 200, .looks = 10, .alpha = 0.05, .drop = 0.05};
    for (unsigned seed = 1; seed <= rounds; seed++) {
        struct fr_monitor m = {0};
        struct fr_rng r = {seed * 31337};
        CHECK_INT(feed(&m, &p, &r, before, 4000), FR_MONITOR_IDLE);
        CHECK(fr_monitor_promoted(&m));
        enum fr_monitor_state end = feed(&m, &p, &r, after, 2000);
        CHECK(end == FR_MONITOR_ROLL_BACK || end == FR_MONITOR_SETTLED);
        count += end == FR_MONITOR_ROLL_BACK;
    }
    return count;
}

static void test_false_roll_backs_are_bounded(void) {
    unsigned same = rolled_back(0.15, 0.15, 1000), at_the_drop = rolled_back(0.15, 0.1425, 1000);
    CHECK(same <= 50);
    CHECK(at_the_drop <= 50); /* alpha, and Bonferroni is careful */
    CHECK(at_the_drop > 0);
}

static void test_bad_ones_are_rolled_back(void) {
    CHECK(rolled_back(0.15, 0.075, 200) == 200);
    CHECK(rolled_back(0.15, 0.11, 200) > 150);
    CHECK_INT(rolled_back(0.15, 0.2, 200), 0);
}

static void test_no_trial_without_a_before(void) {
    const struct fr_monitor_params p = {.block = 10, .looks = 3, .alpha = 0.05, .drop = 0};
    struct fr_monitor m = {0};
    for (int i = 0; i < 9; i++) fr_monitor_add(&m, &p, true);
    CHECK(!fr_monitor_promoted(&m));
    CHECK_INT(fr_monitor_add(&m, &p, false), FR_MONITOR_IDLE);
    CHECK_NEAR(fr_monitor_z(&m, &p), 0, 0);
}

static void test_all_lost_is_seen_at_the_first_look(void) {
    const struct fr_monitor_params p = {.block = 50, .looks = 3, .alpha = 0.01, .drop = 0.1};
    struct fr_monitor m = {0};
    struct fr_rng r = {5};
    for (int i = 0; i < 500; i++) fr_monitor_add(&m, &p, i % 2);
    CHECK(fr_monitor_promoted(&m));
    CHECK_INT(feed(&m, &p, &r, 0, 49), FR_MONITOR_WATCHING);
    CHECK_INT(fr_monitor_add(&m, &p, false), FR_MONITOR_ROLL_BACK);
    CHECK_INT(m.before.n, 500);
    CHECK_INT(m.after.n, 50);
    CHECK_INT(m.after.hits, 0);
    /* z = (0 - .9 * .5) / sqrt(.81 * .25 / 500) */
    CHECK_NEAR(fr_monitor_z(&m, &p), -22.360679774997898, 1e-9);
    CHECK_INT(fr_monitor_add(&m, &p, true), FR_MONITOR_IDLE);
    CHECK(fr_monitor_promoted(&m)); /* what was before the trial serves the next one */
    CHECK_INT(m.before.n, 501);
}

static void test_monitor_as_an_array(void) {
    const struct fr_monitor_params p = {.block = 10, .looks = 5, .alpha = 0.01, .drop = 0.1};
    struct fr_monitor m = {0}, same;
    struct fr_rng r = {9};
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    feed(&m, &p, &r, .4, 437);
    fr_monitor_promoted(&m);
    feed(&m, &p, &r, .4, 23);
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_monitor_save(&m, w);
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    CHECK_INT(fr_monitor_load(&same, f, NULL), FR_OK);
    CHECK(memcmp(&m, &same, sizeof m) == 0);
    uint32_t *counts = (uint32_t *)(uintptr_t)fr_tensors_get(f, "monitor", FR_TENSOR_U32)->data;
    counts[6] = FR_MONITOR_BLOCKS;
    CHECK_INT(fr_monitor_load(&same, f, NULL), FR_STATE_CORRUPT);
    fr_tensors_close(f);
    fr_tensors_writer_free(w);
    fr_buf_fini(&bytes);
}

int main(void) {
    RUN(test_student);
    RUN(test_normal);
    RUN(test_paired_test);
    RUN(test_edges);
    RUN(test_equals_are_mostly_accepted);
    RUN(test_shuffled_labels_are_refused);
    RUN(test_better_is_accepted);
    RUN(test_false_roll_backs_are_bounded);
    RUN(test_bad_ones_are_rolled_back);
    RUN(test_no_trial_without_a_before);
    RUN(test_all_lost_is_seen_at_the_first_look);
    RUN(test_monitor_as_an_array);
    return check_done();
}
