/* Expected figures: by hand where said so, else by tests/reference/calibration.py. */
#include "check.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include "freshet/learn/binary_quality.h"
#include "freshet/learn/calibration.h"

enum { ROWS = 300 };

static double scores[ROWS];
static bool labels[ROWS];

/* The script's rows. */
static void make_rows(void) {
    struct fr_rng rng = {11};
    for (int i = 0; i < ROWS; i++) {
        scores[i] = (floor(fr_rng_uniform(&rng) * 61) - 30) / 10;
        labels[i] = fr_rng_uniform(&rng) < fr_logistic(.5 * scores[i] - 1);
    }
}

static void test_platt_as_scikit_learn(void) {
    struct fr_calibration c;
    make_rows();
    fr_calibration_fit(&c, FR_CALIBRATION_PLATT, scores, labels, ROWS);
    CHECK_NEAR(c.slope, .5118306768, 1e-7); /* L-BFGS there ends at about 1e-8 */
    CHECK_NEAR(c.intercept, -1.3303218356, 1e-7);
    CHECK_NEAR(fr_calibration_apply(&c, 1), fr_logistic(c.slope + c.intercept), 1e-15);
    fr_calibration_fini(&c);
}

static void test_isotonic_as_scikit_learn(void) {
    static const double at[][2] = {{-1.55, .09195402298850575},
                                   {-.42, .2222222222222222},
                                   {0, .23404255319148937},
                                   {.77, .23404255319148937},
                                   {1.93, .5},
                                   {2.66, .5},
                                   {4, .6666666666666666}};
    struct fr_calibration c;
    make_rows();
    fr_calibration_fit(&c, FR_CALIBRATION_ISOTONIC, scores, labels, ROWS);
    for (unsigned i = 0; i < sizeof at / sizeof *at; i++)
        CHECK_NEAR(fr_calibration_apply(&c, at[i][0]), at[i][1], 1e-12);
    CHECK_NEAR(fr_calibration_apply(&c, -4), 1. / (ROWS + 2), 1e-15); /* 0 there: nothing is certain here */
    fr_calibration_fini(&c);
}

/* 1 2 3 4 with no yes no yes: the middle pair violates and becomes one step of a half. */
static void test_isotonic_by_hand(void) {
    const double s[] = {4, 1, 3, 2};
    const bool y[] = {true, false, false, true};
    struct fr_calibration c;
    fr_calibration_fit(&c, FR_CALIBRATION_ISOTONIC, s, y, 4);
    CHECK_INT(c.n, 4);
    CHECK_NEAR(fr_calibration_apply(&c, 1), 1. / 6, 1e-15);
    CHECK_NEAR(fr_calibration_apply(&c, 2), .5, 1e-15);
    CHECK_NEAR(fr_calibration_apply(&c, 2.9), .5, 1e-15);
    CHECK_NEAR(fr_calibration_apply(&c, 3.5), (.5 + 5. / 6) / 2, 1e-15); /* half-way to the end */
    CHECK_NEAR(fr_calibration_apply(&c, 9), 5. / 6, 1e-15);
    fr_calibration_fini(&c);
}

/* Scores whose log odds are three times too large: both bring the error from far off to nearly nothing, on other rows. */
static void test_makes_true(void) {
    enum { MANY = 40000 };
    static double s[MANY], p[MANY];
    static bool y[MANY];
    struct fr_rng rng = {3};
    for (int i = 0; i < MANY; i++) {
        double z = 3 * (fr_rng_uniform(&rng) - .7);
        s[i] = 3 * z + 1;
        y[i] = fr_rng_uniform(&rng) < fr_logistic(z);
        p[i] = fr_logistic(s[i]);
    }
    CHECK(fr_binary_calibration_error(p + MANY / 2, y + MANY / 2, MANY / 2) > .1);
    for (int kind = FR_CALIBRATION_PLATT; kind <= FR_CALIBRATION_ISOTONIC; kind++) {
        struct fr_calibration c;
        fr_calibration_fit(&c, (enum fr_calibration_kind)kind, s, y, MANY / 2);
        for (int i = MANY / 2; i < MANY; i++) p[i] = fr_calibration_apply(&c, s[i]);
        CHECK(fr_binary_calibration_error(p + MANY / 2, y + MANY / 2, MANY / 2) < .015);
        if (kind == FR_CALIBRATION_PLATT) CHECK_NEAR(c.slope, 1. / 3, .02);
        fr_calibration_fini(&c);
    }
}

static void test_ends(void) {
    const double s[] = {1, 2};
    const bool all[] = {true, true};
    for (int kind = FR_CALIBRATION_PLATT; kind <= FR_CALIBRATION_ISOTONIC; kind++) {
        struct fr_calibration c;
        fr_calibration_fit(&c, (enum fr_calibration_kind)kind, s, all, 0);
        CHECK_NEAR(fr_calibration_apply(&c, 7), .5, 0);
        fr_calibration_fini(&c);
        fr_calibration_fit(&c, (enum fr_calibration_kind)kind, s, all, 2);
        double p = fr_calibration_apply(&c, 1.5);
        CHECK(p > .5 && p < 1);
        fr_calibration_fini(&c);
    }
    CHECK_NEAR(fr_logistic(fr_log_odds(.3)), .3, 1e-15);
    CHECK_NEAR(fr_logistic(-800) + fr_log_odds(.5), 0, 1e-300);
    CHECK(isfinite(fr_log_odds(0)) && isfinite(fr_log_odds(1)));
}

static void test_saved_and_loaded(void) {
    make_rows();
    for (int kind = FR_CALIBRATION_PLATT; kind <= FR_CALIBRATION_ISOTONIC; kind++) {
        struct fr_calibration c, again;
        struct fr_buf bytes = {0};
        struct fr_tensors_file *f;
        struct fr_tensors_writer *w = fr_tensors_writer_new();
        fr_calibration_fit(&c, (enum fr_calibration_kind)kind, scores, labels, ROWS);
        fr_calibration_save(&c, w);
        fr_tensors_finish(w, &bytes);
        fr_tensors_writer_free(w);
        CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
        CHECK(fr_calibration_load(&again, f));
        fr_tensors_close(f);
        fr_buf_fini(&bytes);
        CHECK_INT(again.kind, kind);
        for (int i = 0; i < ROWS; i++)
            CHECK_NEAR(fr_calibration_apply(&again, scores[i] + .05),
                       fr_calibration_apply(&c, scores[i] + .05), 0);
        fr_calibration_fini(&c);
        fr_calibration_fini(&again);
    }
}

static bool loads(const double *points, const double *values, uint32_t n) {
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f;
    struct fr_calibration c;
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put_vector(w, "calibration.points", FR_TENSOR_F64, n, points);
    fr_tensors_put_vector(w, "calibration.values", FR_TENSOR_F64, n, values);
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    bool ok = fr_calibration_load(&c, f);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_calibration_fini(&c);
    return ok;
}

static void test_refuses_what_is_no_calibration(void) {
    CHECK(loads((double[]){1, 2}, (double[]){.1, .2}, 2));
    CHECK(!loads((double[]){2, 1}, (double[]){.1, .2}, 2));
    CHECK(!loads((double[]){1, 2}, (double[]){.2, .1}, 2));
    CHECK(!loads((double[]){1, 2}, (double[]){.2, 1.1}, 2));
    CHECK(!loads((double[]){1, (double)NAN}, (double[]){.1, .2}, 2));
}

int main(void) {
    RUN(test_platt_as_scikit_learn);
    RUN(test_isotonic_as_scikit_learn);
    RUN(test_isotonic_by_hand);
    RUN(test_makes_true);
    RUN(test_ends);
    RUN(test_saved_and_loaded);
    RUN(test_refuses_what_is_no_calibration);
    return check_done();
}
