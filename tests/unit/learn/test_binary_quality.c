/* Expected figures: by hand where said so, else by tests/reference/binary_quality.py. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/binary_quality.h"

enum { ROWS = 200 };

static double scores[ROWS];
static bool labels[ROWS];

/* The script's rows. */
static void make_rows(void) {
    struct fr_rng rng = {7};
    for (int i = 0; i < ROWS; i++) {
        scores[i] = floor(fr_rng_uniform(&rng) * 51) / 50;
        labels[i] = fr_rng_uniform(&rng) < scores[i] * scores[i] * (3 - 2 * scores[i]);
    }
}

/* Pairs: .9 beats .5 and .1, .5 ties with .5 and beats .1: (2 + 1.5) / 4. Precision: 1 at recall 1/2, 2/3 at 1. */
static void test_by_hand(void) {
    const double s[] = {.1, .5, .9, .5};
    const bool y[] = {false, true, true, false};
    CHECK_NEAR(fr_binary_auc(s, y, 4), 3.5 / 4, 1e-15);
    CHECK_NEAR(fr_binary_average_precision(s, y, 4), .5 + .5 * 2 / 3, 1e-15);
    CHECK_NEAR(fr_binary_brier(s, y, 4), (.01 + .25 + .01 + .25) / 4, 1e-15);
    CHECK_NEAR(fr_binary_log_loss(s, y, 4), -(2 * log(.9) + 2 * log(.5)) / 4, 1e-15);
    CHECK_NEAR(fr_binary_calibration_error(s, y, 4), (.1 + 0 + .1) / 4, 1e-15); /* bin of .5: .5 and a half */
    struct fr_confusion c = fr_confusion_at(s, y, 4, .5);
    CHECK_INT(c.true_yes, 2);
    CHECK_INT(c.false_yes, 1);
    CHECK_INT(c.false_no, 0);
    CHECK_INT(c.true_no, 1);
    CHECK_NEAR(fr_confusion_precision(&c), 2. / 3, 1e-15);
    CHECK_NEAR(fr_confusion_recall(&c), 1, 0);
    CHECK_NEAR(fr_confusion_f1(&c), .8, 1e-15);
}

static void test_as_scikit_learn(void) {
    make_rows();
    CHECK_NEAR(fr_binary_auc(scores, labels, ROWS), .8932573029211685, 1e-12);
    CHECK_NEAR(fr_binary_average_precision(scores, labels, ROWS), .8945109261634044, 1e-12);
    CHECK_NEAR(fr_binary_log_loss(scores, labels, ROWS), .42208564023780026, 1e-12);
    CHECK_NEAR(fr_binary_brier(scores, labels, ROWS), .136828, 1e-12);
    CHECK_NEAR(fr_binary_calibration_error(scores, labels, ROWS), .0614, 1e-12);
}

static void test_thresholds_as_scikit_learn(void) {
    make_rows();
    double best = fr_threshold_best_f1(scores, labels, ROWS);
    struct fr_confusion c = fr_confusion_at(scores, labels, ROWS, best);
    CHECK_NEAR(best, .38, 1e-15);
    CHECK_NEAR(fr_confusion_f1(&c), .8296943231441049, 1e-12);
    CHECK_NEAR(fr_threshold_least_cost(scores, labels, ROWS, 1, 5), .28, 1e-15);
    CHECK_NEAR(fr_threshold_least_cost(scores, labels, ROWS, 5, 1), .74, 1e-15);
}

static void test_cost_of_what_was_chosen(void) {
    make_rows();
    double chosen = fr_threshold_least_cost(scores, labels, ROWS, 2, 3), least = HUGE_VAL;
    for (int k = 0; k <= 51; k++) {
        struct fr_confusion c = fr_confusion_at(scores, labels, ROWS, k / 50.);
        least = fmin(least, 2 * (double)c.false_yes + 3 * (double)c.false_no);
    }
    struct fr_confusion c = fr_confusion_at(scores, labels, ROWS, chosen);
    CHECK_NEAR(2 * (double)c.false_yes + 3 * (double)c.false_no, least, 0);
    CHECK_NEAR(fr_threshold_of_costs(1, 4), .2, 1e-15);
    CHECK(isinf(
        fr_threshold_least_cost(scores, labels, ROWS, 1, 0))); /* a missed yes costs nothing: say none */
}

static void test_ends(void) {
    const double s[] = {0, 1, .3};
    const bool none[] = {false, false, false}, all[] = {true, true, true};
    CHECK_NEAR(fr_binary_auc(s, none, 3), .5, 0);
    CHECK_NEAR(fr_binary_auc(s, all, 3), .5, 0);
    CHECK_NEAR(fr_binary_average_precision(s, none, 3), 0, 0);
    CHECK_NEAR(fr_binary_average_precision(s, all, 3), 1, 1e-15);
    CHECK_NEAR(fr_binary_log_loss_of(0, true), -log(1e-15), 1e-9); /* finite */
    CHECK_NEAR(fr_binary_log_loss_of(1, true), 0, 2e-15);
    CHECK_NEAR(fr_binary_log_loss(s, none, 0) + fr_binary_brier(s, none, 0), 0, 0);
    CHECK_NEAR(fr_binary_calibration_error(s, none, 0), 0, 0);
    CHECK_NEAR(fr_binary_calibration_error(s, all, 3), (1 + 0 + .7) / 3, 1e-15); /* 1 is in the last bin */
    struct fr_confusion c = fr_confusion_at(s, none, 3, 2);
    CHECK_NEAR(fr_confusion_precision(&c) + fr_confusion_recall(&c) + fr_confusion_f1(&c), 0, 0);
}

int main(void) {
    RUN(test_by_hand);
    RUN(test_as_scikit_learn);
    RUN(test_thresholds_as_scikit_learn);
    RUN(test_cost_of_what_was_chosen);
    RUN(test_ends);
    return check_done();
}
