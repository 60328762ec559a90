#include "check.h"
#include "freshet/learn/search.h"

static const double grid_a[] = {1, 2, 3, 4, 5, 6}, grid_b[] = {.1, .2, .4, .8}, grid_c[] = {0, 1};
static const struct fr_parameter parameters[] = {
    {"a", 2, grid_a, 6}, {"b", .1, grid_b, 4}, {"c", 0, grid_c, 2}};

struct judge {
    uint32_t asked, most;
    double seen[64][3];
    bool fails_at_start, always_fails, b_is_dear;
};

/* Planted: the best is a = 5, b = .4, c = 1; a and b pull at each other a little. */
static double planted(void *context, const double *v) {
    struct judge *j = context;
    for (uint32_t i = 0; i < j->asked; i++) CHECK(memcmp(j->seen[i], v, sizeof j->seen[i]) != 0);
    memcpy(j->seen[j->asked++], v, sizeof j->seen[0]);
    if (j->always_fails || (j->fails_at_start && j->asked == 1)) return (double)NAN;
    double a = v[0] - 5, b = v[1] - .4;
    return 10 - a * a - 30 * b * b - a * b + v[2];
}

static bool up_to_most(void *context) {
    const struct judge *j = context;
    return j->asked < j->most;
}

/* As where a fit depends on b alone: what has the b of the last question costs little. */
static bool same_b(void *context, const double *v) {
    const struct judge *j = context;
    return j->seen[j->asked - 1][1] == v[1];
}

static struct fr_search_result run(struct judge *j, double *values) {
    struct fr_search s = {parameters, 3, planted, j->b_is_dear ? same_b : NULL, up_to_most, j};
    return fr_search_run(&s, values);
}

static void test_finds_what_was_planted(void) {
    struct judge j = {.most = 64};
    double values[3] = {2, .1, 0};
    struct fr_search_result r = run(&j, values);
    CHECK_NEAR(values[0], 5, 0);
    CHECK_NEAR(values[1], .4, 0);
    CHECK_NEAR(values[2], 1, 0);
    CHECK_NEAR(r.best, 11, 1e-12);
    CHECK(r.finished);
    CHECK_INT(r.asked, j.asked);
    CHECK(j.asked < 24); /* of 48 */
}

static void test_from_above(void) {
    struct judge j = {.most = 64};
    double values[3] = {6, .8, 1};
    CHECK_NEAR(run(&j, values).best, 11, 1e-12);
    CHECK_NEAR(values[0], 5, 0);
    CHECK_NEAR(values[1], .4, 0);
}

static void test_cheap_questions_first(void) {
    struct judge j = {.most = 64, .b_is_dear = true};
    double values[3] = {2, .1, 0};
    CHECK_NEAR(run(&j, values).best, 11, 1e-12);
    uint32_t i = 0, dear = 0;
    while (i < j.asked && j.seen[i][1] == .1) i++;
    CHECK_NEAR(j.seen[i - 1][1], .1, 0);
    CHECK(i >= 6); /* a and c were settled before b was touched */
    for (i = 1; i < j.asked; i++) dear += j.seen[i][1] != j.seen[i - 1][1];
    CHECK(dear <= 5);
}

static void test_start_between_points(void) {
    struct judge j = {.most = 64};
    double values[3] = {5.4, .45, 7};
    CHECK_NEAR(run(&j, values).best, 11, 1e-12);
    CHECK_NEAR(j.seen[0][0], 5, 0);
    CHECK_NEAR(j.seen[0][1], .4, 0);
    CHECK_NEAR(j.seen[0][2], 1, 0);
}

static void test_stops_with_the_best_so_far(void) {
    struct judge j = {.most = 3};
    double values[3] = {2, .1, 0};
    struct fr_search_result r = run(&j, values);
    CHECK_INT(j.asked, 3);
    CHECK(!r.finished);
    CHECK_NEAR(values[0], 4, 0); /* 2, 3, 4 were asked about */
    CHECK_NEAR(values[1], .1, 0);
    j = (struct judge){.most = 0};
    values[0] = 2;
    run(&j, values);
    CHECK_INT(j.asked, 1); /* the start always is */
    CHECK_NEAR(values[0], 2, 0);
}

static void test_what_cannot_be_judged(void) {
    struct judge j = {.most = 64, .fails_at_start = true};
    double values[3] = {2, .1, 0};
    CHECK_NEAR(run(&j, values).best, 11, 1e-12);
    j = (struct judge){.most = 64, .always_fails = true};
    values[0] = 3;
    CHECK(isnan(run(&j, values).best));
    CHECK_NEAR(values[0], 3, 0);
}

static void test_nothing_to_choose(void) {
    struct judge j = {.most = 64};
    double none[3] = {5, .4, 1};
    struct fr_search s = {NULL, 0, planted, NULL, NULL, &j};
    CHECK(fr_search_run(&s, none).finished);
    CHECK_INT(j.asked, 1);
}

int main(void) {
    RUN(test_finds_what_was_planted);
    RUN(test_from_above);
    RUN(test_cheap_questions_first);
    RUN(test_start_between_points);
    RUN(test_stops_with_the_best_so_far);
    RUN(test_what_cannot_be_judged);
    RUN(test_nothing_to_choose);
    return check_done();
}
