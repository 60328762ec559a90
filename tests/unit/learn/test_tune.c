#include "check.h"
#include "freshet/learn/tune.h"
#include <stdlib.h>

enum { USERS = 400, ITEMS = 30 };

static double now_s; /* the clock of these tests: moves when models are fitted and scored */
static double fit_costs_s, late_at_fit_n;
static uint32_t fits, frees, adjusts;
static uint32_t lucky_n = USERS; /* users whom a shift helps */
static bool broken;

struct planted {
    struct fr_model model;
    double skill, shift;
};

static bool adjust(struct fr_model *m, const double *values) {
    struct planted *p = (struct planted *)m;
    if (values[0] != p->skill) return false;
    p->shift = values[1];
    adjusts++;
    return true;
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    CHECK_INT(fit->data->by_user.row_n, USERS);
    if (broken) {
        fr_err_set(msg, FR_LIMIT, "broken");
        return NULL;
    }
    fits++;
    for (int part = 0; part < 10; part++) {
        now_s += fits == late_at_fit_n ? 100 : fit_costs_s / 10;
        if (fit->progress && !fit->progress(fit->context, "fit", part / 10.)) {
            fr_err_set(msg, FR_TIMEOUT, "told to stop");
            return NULL;
        }
    }
    struct planted *p = calloc(1, sizeof *p);
    extern const struct fr_model_ops planted_ops;
    *p = (struct planted){{&planted_ops}, values[0], values[1]};
    return &p->model;
}

/* The user's items are u .. u + 9. With skill s and shift t this knows s + t of every 10 of them. */
static void score(const struct fr_model *m, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)is_known;
    const struct planted *p = (const struct planted *)m;
    for (uint32_t u = first; u < first + n; u++)
        for (uint32_t i = 0; i < rows->column_n; i++) {
            uint32_t place = (i + ITEMS - u % ITEMS) % ITEMS;
            bool knows = place < 10 && (place * 7 + u) % 10 < p->skill + (u < lucky_n ? p->shift : 0);
            out[(size_t)(u - first) * rows->column_n + i] = knows ? 1 : (float)((i * 13 + u) % 7) / 10;
        }
}

static void free_planted(struct fr_model *m) {
    frees++;
    free(m);
}

static const double skills[] = {1, 2, 3, 4}, shifts[] = {0, 2, 4};
static const struct fr_parameter parameters[] = {{"skill", 1, skills, 4}, {"shift", 0, shifts, 3}};
extern const struct fr_model_ops planted_ops;
const struct fr_model_ops planted_ops = {.name = "planted",
                                         .parameters = parameters,
                                         .parameter_n = 2,
                                         .fit = fit,
                                         .adjust = adjust,
                                         .score = score,
                                         .free = free_planted};

static struct fr_holdout holdout;

static void set_up(void) {
    struct fr_interaction entries[USERS * 10];
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < 10; i++)
            entries[u * 10 + i] = (struct fr_interaction){u, (u + i) % ITEMS, 1};
    struct fr_interactions *data = fr_interactions_new(USERS, ITEMS, entries, (size_t)USERS * 10);
    holdout = fr_holdout_new(data, .3, 1000, 1);
    fr_interactions_free(data);
}

static double clock_s(void *context) {
    (void)context;
    return now_s;
}

static enum fr_err run(double budget_s, double costs_s, struct fr_tuned *out, struct fr_errmsg *msg) {
    fits = frees = adjusts = 0;
    fit_costs_s = costs_s;
    struct fr_tune tune = {.ops = &planted_ops,
                           .fit = {.threads = 1},
                           .holdout = &holdout,
                           .k = 3,
                           .depth = 5,
                           .budget_s = budget_s,
                           .seconds = clock_s};
    enum fr_err err = fr_tune_run(&tune, NULL, out, msg);
    CHECK_INT(frees, broken ? 0 : fits - (late_at_fit_n > 0));
    return err;
}

static void test_chooses_the_best(void) {
    struct fr_tuned tuned;
    CHECK_INT(run(1000, 1, &tuned, NULL), FR_OK);
    CHECK_NEAR(tuned.values[0], 4, 0);
    CHECK_NEAR(tuned.values[1], 4, 0);
    CHECK(tuned.finished);
    CHECK_INT(tuned.fits, fits);
    CHECK(adjusts >= 2); /* shifts cost no fit */
    CHECK_INT(fits, 4);
    struct fr_accuracy a = fr_accuracy_of(&tuned.lists, &holdout.truth, 3);
    CHECK_NEAR((a.recall + a.ndcg) / 2, tuned.judged, 1e-12); /* the lists are the best's */
    fr_toplists_fini(&tuned.lists);
}

static void test_budget(void) {
    struct fr_tuned tuned;
    CHECK_INT(run(0, 1, &tuned, NULL), FR_OK);
    CHECK_INT(tuned.asked, 1);
    CHECK_NEAR(tuned.values[0], 1, 0);
    fr_toplists_fini(&tuned.lists);
    CHECK_INT(run(15, 10, &tuned, NULL), FR_OK);
    CHECK_INT(fits, 2); /* a third would have ended 20 after the first */
    CHECK_NEAR(tuned.values[0], 2, 0);
    CHECK_NEAR(tuned.values[1], 4, 0); /* what needs no fit is still tried */
    fr_toplists_fini(&tuned.lists);
}

/* Three of four hundred users are helped: more than chance, and less than the margin. */
static void test_start_stays_where_little_is_won(void) {
    struct fr_tuned tuned;
    double start[] = {4, 0};
    lucky_n = 3;
    fits = frees = adjusts = 0;
    fit_costs_s = 1;
    struct fr_tune tune = {.ops = &planted_ops,
                           .fit = {.threads = 1},
                           .holdout = &holdout,
                           .k = 3,
                           .depth = 5,
                           .budget_s = 100,
                           .seconds = clock_s};
    CHECK_INT(fr_tune_run(&tune, start, &tuned, NULL), FR_OK);
    CHECK(tuned.asked > 2);
    CHECK_NEAR(tuned.values[0], 4, 0);
    CHECK_NEAR(tuned.values[1], 0, 0);
    struct fr_accuracy a = fr_accuracy_of(&tuned.lists, &holdout.truth, 3);
    CHECK_NEAR((a.recall + a.ndcg) / 2, tuned.judged, 1e-12);
    fr_toplists_fini(&tuned.lists);
    lucky_n = USERS;
}

static void test_late_fit_is_given_up(void) {
    struct fr_tuned tuned;
    late_at_fit_n = 2;
    CHECK_INT(run(50, 1, &tuned, NULL), FR_OK);
    late_at_fit_n = 0;
    CHECK_INT(fits, 2);
    CHECK_NEAR(tuned.values[0], 1, 0);
    CHECK(!tuned.finished);
    fr_toplists_fini(&tuned.lists);
}

static void test_failure_of_the_first_fit(void) {
    struct fr_tuned tuned;
    struct fr_errmsg msg = {0};
    broken = true;
    CHECK_INT(run(100, 1, &tuned, &msg), FR_LIMIT);
    CHECK_STR(msg.text, "broken");
    broken = false;
}

int main(void) {
    set_up();
    RUN(test_chooses_the_best);
    RUN(test_budget);
    RUN(test_start_stays_where_little_is_won);
    RUN(test_late_fit_is_given_up);
    RUN(test_failure_of_the_first_fit);
    fr_holdout_fini(&holdout);
    return check_done();
}
