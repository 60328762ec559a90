/* Item CF and its pairs against a dense computation. */
#include "freshet/learn/item_cf.h"
#include "freshet/learn/cooccurrence.h"
#include "model_check.h"

static double dense[USERS][ITEMS], user_sum[USERS], item_sum[ITEMS];

static void fill_dense(const struct fr_interactions *m) {
    memset(dense, 0, sizeof dense), memset(user_sum, 0, sizeof user_sum),
        memset(item_sum, 0, sizeof item_sum);
    for (uint32_t u = 0; u < USERS; u++)
        for (size_t at = m->by_user.start[u]; at < m->by_user.start[u + 1]; at++) {
            double x = (double)m->by_user.values[at];
            dense[u][m->by_user.columns[at]] = x;
            user_sum[u] += x, item_sum[m->by_user.columns[at]] += x;
        }
}

static double similarity(uint32_t i, uint32_t j, double asymmetry, double damping, double shrink) {
    double c = 0;
    for (uint32_t u = 1; u < USERS; u++)
        if (user_sum[u] > 0) c += pow(user_sum[u], -damping) * dense[u][i] * dense[u][j];
    if (i == j || c == 0) return 0;
    return c * pow(item_sum[i], -asymmetry) * pow(item_sum[j], asymmetry - 1) * c / (c + shrink);
}

/* Row i without all but the strongest. */
static void strongest(double *row, uint32_t keep) {
    bool kept[ITEMS] = {false};
    for (uint32_t k = 0; k < keep; k++) {
        uint32_t best = ITEMS;
        for (uint32_t j = 0; j < ITEMS; j++)
            if (!kept[j] && row[j] > 0 && (best == ITEMS || row[j] > row[best])) best = j;
        if (best < ITEMS) kept[best] = true;
    }
    for (uint32_t j = 0; j < ITEMS; j++)
        if (!kept[j]) row[j] = 0;
}

static void check(const double *values, bool with_values) {
    struct fr_interactions *data = small_world(with_values);
    fill_dense(data);
    float *want = fr_alloc_zero((size_t)USERS * ITEMS, sizeof *want);
    for (uint32_t i = 0; i < ITEMS; i++) {
        double row[ITEMS];
        for (uint32_t j = 0; j < ITEMS; j++) row[j] = similarity(i, j, values[1], values[2], values[3]);
        strongest(row, (uint32_t)values[0]);
        for (uint32_t u = 0; u < USERS; u++)
            for (uint32_t j = 0; j < ITEMS; j++) want[u * ITEMS + j] += (float)(dense[u][i] * row[j]);
    }
    struct fr_fit fit = {.data = data, .seed = 1};
    check_model(&fr_item_cf_ops, &fit, values, true, want, 1e-4);
    check_model(&fr_item_cf_ops, &fit, values, false, want, 1e-4);
    free(want);
    fr_interactions_free(data);
}

static void test_scores_are_those_of_the_formula(void) {
    check((double[]){100, .5, 0, 0}, false);
    check((double[]){100, .7, .5, 10}, true);
    check((double[]){5, .6, 1, 2}, true);
}

/* Every second entry of a history of 40 counts double. */
static void test_long_histories_are_cut(void) {
    struct fr_interaction entries[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++) entries[i] = (struct fr_interaction){0, i, 1};
    struct fr_interactions *m = fr_interactions_new(1, ITEMS, entries, ITEMS);
    struct fr_cooccurrence how = {
        .power = 1, .keep = ITEMS, .longest_max = 20, .with_self = true, .threads = 1};
    struct fr_rows pairs = fr_cooccurrence(&m->by_item, &m->by_user, &how);
    CHECK_INT(pairs.start[ITEMS], ITEMS * 20);
    CHECK_INT(pairs.columns[1], 2);
    CHECK_NEAR(pairs.values[1], 2, 0);
    fr_rows_fini(&pairs);
    fr_interactions_free(m);
}

static void test_nothing_is_no_fault(void) { check_nothing(&fr_item_cf_ops); }

int main(void) {
    RUN(test_scores_are_those_of_the_formula);
    RUN(test_long_histories_are_cut);
    RUN(test_nothing_is_no_fault);
    return check_done();
}
