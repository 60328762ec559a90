#include "check.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include "freshet/learn/binary_quality.h"
#include "freshet/learn/la.h"
#include "freshet/target/propensity.h"
#include <stdlib.h>

enum { ROWS = 800, COLUMNS = 4 };

static float learnt[ROWS * COLUMNS], other[ROWS * COLUMNS];
static bool learnt_labels[ROWS], other_labels[ROWS];
static double truth[ROWS]; /* of other */
static const struct fr_str names[] = {{"visits", 6}, {"spent", 5}, {"days", 4}, {"noise", 5}};

/* Visits and days decide, days may be missing; about a seventh says yes. */
static void make(float *x, bool *y, uint64_t seed) {
    struct fr_rng rng = {seed};
    for (int i = 0; i < ROWS; i++) {
        float *row = x + i * COLUMNS;
        for (int c = 0; c < COLUMNS; c++) row[c] = (float)fr_rng_uniform(&rng);
        double z = 4 * (double)row[0] - 4;
        if (row[2] > .5f) z -= 2;
        if (row[1] > .8f) row[1] = NAN;
        truth[i] = fr_logistic(z);
        y[i] = fr_rng_uniform(&rng) < truth[i];
    }
}

static struct fr_table rows(void) {
    make(learnt, learnt_labels, 1);
    make(other, other_labels, 2);
    return (struct fr_table){learnt, learnt_labels, ROWS, COLUMNS, names};
}

static struct fr_propensity *ensemble; /* fitted once */

static struct fr_propensity *fit(enum fr_propensity_kind kind, enum fr_imbalance imbalance) {
    struct fr_propensity_options o = FR_PROPENSITY_DEFAULTS;
    struct fr_errmsg msg = {0};
    struct fr_table t = rows();
    o.kind = kind;
    o.imbalance = imbalance;
    o.inner_folds = 2;
    o.task = "purchase:7d";
    o.version = "v1";
    struct fr_propensity *p = fr_propensity_fit(&t, &o, &msg);
    CHECK_STR(msg.text, "");
    return p;
}

/* A step is no straight line: the linear model may stay a little further behind. */
static void check_good(const struct fr_propensity *p, bool is_linear) {
    double out[ROWS];
    CHECK_INT(fr_propensity_score(p, other, ROWS, out, NULL), FR_OK);
    double auc = fr_binary_auc(out, other_labels, ROWS), best = fr_binary_auc(truth, other_labels, ROWS);
    CHECK(auc > best - (is_linear ? .07 : .06));
    CHECK(fr_binary_log_loss(out, other_labels, ROWS) < fr_binary_log_loss(truth, other_labels, ROWS) + .05);
    CHECK(fr_binary_calibration_error(out, other_labels, ROWS) < .06);
    struct fr_confusion c = fr_confusion_at(out, other_labels, ROWS, fr_propensity_threshold(p));
    struct fr_confusion half = fr_confusion_at(out, other_labels, ROWS, .5);
    CHECK(fr_confusion_f1(&c) > fr_confusion_f1(&half));
}

static double loss_of(const struct fr_propensity *p) {
    double out[ROWS];
    CHECK_INT(fr_propensity_score(p, other, ROWS, out, NULL), FR_OK);
    return fr_binary_log_loss(out, other_labels, ROWS);
}

/* Its weights are those that lose least where nothing had been learnt. */
static void test_the_ensemble_is_better_than_its_parts(void) {
    const enum fr_propensity_kind kinds[] = {FR_PROPENSITY_BOOSTING, FR_PROPENSITY_FOREST, FR_PROPENSITY_MLP};
    double least = HUGE_VAL, most = 0;
    for (int i = 0; i < 3; i++) {
        struct fr_propensity *p = fit(kinds[i], FR_IMBALANCE_NONE);
        least = fmin(least, loss_of(p));
        most = fmax(most, loss_of(p));
        fr_propensity_free(p);
    }
    CHECK(most > least + .01); /* or the next line could not fail */
    CHECK(loss_of(ensemble) < least);
}

/* What balancing does to the base rate, calibration takes back. */
static void check_kind(enum fr_propensity_kind kind, enum fr_imbalance imbalance) {
    struct fr_propensity *p = fit(kind, imbalance);
    check_good(p, kind == FR_PROPENSITY_LOGISTIC);
    fr_propensity_free(p);
}

static void test_each_kind(void) {
    check_good(ensemble, false);
    for (int kind = 0; kind < FR_PROPENSITY_ENSEMBLE; kind++)
        check_kind((enum fr_propensity_kind)kind, FR_IMBALANCE_NONE);
}

static void test_each_imbalance(void) {
    check_kind(FR_PROPENSITY_LOGISTIC, FR_IMBALANCE_WEIGHTS);
    check_kind(FR_PROPENSITY_FOREST, FR_IMBALANCE_BALANCED);
    check_kind(FR_PROPENSITY_BOOSTING, FR_IMBALANCE_WEIGHTS);
    check_kind(FR_PROPENSITY_MLP, FR_IMBALANCE_BALANCED);
}

static void check_reasons(const struct fr_propensity *p) {
    struct fr_propensity_reason reasons[COLUMNS];
    double strongest[COLUMNS] = {0};
    for (int i = 0; i < 60; i++) {
        double base, probability, sum;
        const float *row = other + i * COLUMNS;
        CHECK_INT(fr_propensity_explain(p, row, reasons, COLUMNS, &base, NULL), COLUMNS);
        CHECK_INT(fr_propensity_score(p, row, 1, &probability, NULL), FR_OK);
        sum = base;
        for (int c = 0; c < COLUMNS; c++) {
            sum += reasons[c].log_odds;
            strongest[reasons[c].column] += fabs(reasons[c].log_odds);
            CHECK(c == 0 || fabs(reasons[c - 1].log_odds) >= fabs(reasons[c].log_odds));
        }
        CHECK_NEAR(sum, fr_log_odds(probability), 1e-9);
        CHECK_INT(fr_propensity_explain(p, row, reasons, 2, &base, NULL), 2);
        CHECK_NEAR(base + reasons[0].log_odds + reasons[1].log_odds, fr_log_odds(probability), 1e-9);
    }
    CHECK(strongest[0] > 1.5 * strongest[3] && strongest[2] > 1.5 * strongest[3]); /* noise is no reason */
}

static void test_reasons_add_up(void) {
    struct fr_propensity *p = fit(FR_PROPENSITY_LOGISTIC, FR_IMBALANCE_NONE);
    check_reasons(p);
    check_reasons(ensemble);
    fr_propensity_free(p);
}

/* The base of all rows is nearly the same number: what is left of each is what its columns gave. */
static void test_bases_of_rows_agree(void) {
    struct fr_propensity_reason reasons[COLUMNS];
    double least = 1e9, most = -1e9, base;
    for (int i = 0; i < 60; i++) {
        fr_propensity_explain(ensemble, other + i * COLUMNS, reasons, COLUMNS, &base, NULL);
        least = fmin(least, base);
        most = fmax(most, base);
    }
    CHECK(most - least < 1e-3);
}

static void test_saved_and_loaded(void) {
    struct fr_errmsg msg = {0};
    struct fr_buf bytes = {0};
    double before[ROWS], after[ROWS];
    CHECK_INT(fr_propensity_save(ensemble, &bytes, NULL), FR_OK);
    struct fr_propensity *again = fr_propensity_load(fr_buf_slice(&bytes), &msg);
    CHECK_STR(msg.text, "");
    CHECK_INT(fr_propensity_score(ensemble, other, ROWS, before, NULL), FR_OK);
    CHECK_INT(fr_propensity_score(again, other, ROWS, after, NULL), FR_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);
    CHECK_NEAR(fr_propensity_threshold(again), fr_propensity_threshold(ensemble), 0);
    CHECK_STR(fr_propensity_task(again), "purchase:7d");
    CHECK_STR(fr_propensity_version(again), "v1");
    uint32_t n;
    const struct fr_str *columns = fr_propensity_columns(again, &n);
    CHECK_INT(n, COLUMNS);
    CHECK(fr_str_eq(columns[2], names[2]));
    fr_propensity_free(again);
    for (uint32_t cut = 0; cut < bytes.len; cut += (uint32_t)(bytes.len / 20))
        CHECK(!fr_propensity_load((struct fr_str){bytes.data, cut}, NULL));
    fr_buf_fini(&bytes);
}

static void test_a_function_of_its_arguments(void) {
    struct fr_buf bytes[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        struct fr_propensity *p = fit(FR_PROPENSITY_MLP, FR_IMBALANCE_BALANCED);
        CHECK_INT(fr_propensity_save(p, &bytes[i], NULL), FR_OK);
        fr_propensity_free(p);
    }
    CHECK(bytes[0].len == bytes[1].len && memcmp(bytes[0].data, bytes[1].data, bytes[0].len) == 0);
    fr_buf_fini(&bytes[0]);
    fr_buf_fini(&bytes[1]);
}

/* Each row stands there four times and its label is a coin: who may learn one copy and is asked for another thinks that it knows. */
static double loss_of_copies(bool grouped) {
    uint32_t groups[ROWS];
    double out[ROWS];
    struct fr_propensity_options o = FR_PROPENSITY_DEFAULTS;
    struct fr_table t = rows();
    for (uint32_t i = 0; i < ROWS; i++) {
        groups[i] = i / 4;
        memcpy(learnt + i * COLUMNS, learnt + i / 4 * 4 * COLUMNS, COLUMNS * sizeof(float));
        learnt_labels[i] = i / 4 % 2;
        other_labels[i] = i % 2;
    }
    o.kind = FR_PROPENSITY_BOOSTING;
    o.groups = grouped ? groups : NULL;
    struct fr_propensity *p = fr_propensity_fit(&t, &o, NULL);
    CHECK_INT(fr_propensity_score(p, other, ROWS, out, NULL), FR_OK);
    fr_propensity_free(p);
    return fr_binary_log_loss(out, other_labels, ROWS);
}

static void test_groups_stay_together(void) {
    CHECK(loss_of_copies(true) < log(2) + .02); /* it knows that it knows nothing */
    CHECK(loss_of_copies(false) > log(2) + .2);
}

static void test_threshold_by_costs_and_segments(void) {
    struct fr_propensity_options o = FR_PROPENSITY_DEFAULTS;
    struct fr_table t = rows();
    o.kind = FR_PROPENSITY_LOGISTIC;
    o.cost_false_yes = 1;
    o.cost_false_no = 9;
    struct fr_propensity *p = fr_propensity_fit(&t, &o, NULL);
    double cut = fr_propensity_threshold(p);
    CHECK(cut > .02 && cut < .22); /* 1 / (1 + 9), as far as 800 rows tell */
    CHECK_STR(fr_segment_name(fr_propensity_segment(p, cut)), "high");
    CHECK_STR(fr_segment_name(fr_propensity_segment(p, cut * .9)), "medium");
    CHECK_STR(fr_segment_name(fr_propensity_segment(p, cut * .4)), "low");
    fr_propensity_free(p);
}

static void test_what_cannot_be_fitted(void) {
    struct fr_propensity_options o = FR_PROPENSITY_DEFAULTS;
    struct fr_errmsg few = {0}, bad = {0};
    struct fr_table t = rows();
    memset(learnt_labels, 0, sizeof learnt_labels);
    learnt_labels[3] = learnt_labels[4] = learnt_labels[5] = true;
    CHECK(!fr_propensity_fit(&t, &o, &few));
    CHECK_INT(few.code, FR_LIMIT);
    CHECK_STR(few.text, "propensity: 3 rows say yes and 797 no; each must be 4 or more");
    o.inner_folds = 1;
    CHECK(!fr_propensity_fit(&t, &o, &bad));
    CHECK_INT(bad.code, FR_CONFIG);
}

int main(void) {
    fr_la_threads(1);
    ensemble = fit(FR_PROPENSITY_ENSEMBLE, FR_IMBALANCE_NONE);
    RUN(test_each_kind);
    RUN(test_the_ensemble_is_better_than_its_parts);
    RUN(test_each_imbalance);
    RUN(test_reasons_add_up);
    RUN(test_bases_of_rows_agree);
    RUN(test_saved_and_loaded);
    RUN(test_groups_stay_together);
    RUN(test_a_function_of_its_arguments);
    RUN(test_threshold_by_costs_and_segments);
    RUN(test_what_cannot_be_fitted);
    fr_propensity_free(ensemble);
    return check_done();
}
