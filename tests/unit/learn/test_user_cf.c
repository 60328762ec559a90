/* User CF against a dense computation. */
#include "freshet/learn/user_cf.h"
#include "model_check.h"

enum { NEIGHBORS, RARITY, POPULARITY, SHARPNESS };

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

static void dense_row(const double *values, uint32_t u, bool is_known, float *want) {
    double w[USERS] = {0};
    for (uint32_t v = 0; v < USERS; v++) {
        for (uint32_t i = 0; i < ITEMS; i++)
            if (dense[u][i] * dense[v][i] > 0)
                w[v] += dense[u][i] * dense[v][i] * pow(item_sum[i], -values[RARITY]);
        if (user_sum[v] > 0) w[v] /= sqrt(user_sum[v]);
        if (is_known && u == v) w[v] = 0;
    }
    double sums[ITEMS] = {0};
    for (uint32_t k = 0; k < values[NEIGHBORS]; k++) {
        uint32_t best = 0;
        for (uint32_t v = 1; v < USERS; v++)
            if (w[v] > w[best]) best = v;
        if (w[best] <= 0) break;
        double weight = pow(w[best], values[SHARPNESS]) / sqrt(user_sum[best]);
        for (uint32_t i = 0; i < ITEMS; i++) sums[i] += weight * dense[best][i];
        w[best] = 0;
    }
    for (uint32_t i = 0; i < ITEMS; i++)
        want[i] = item_sum[i] > 0 ? (float)(sums[i] * pow(item_sum[i], -values[POPULARITY])) : 0;
}

static void check(const double *values) {
    struct fr_interactions *data = small_world(true);
    fill_dense(data);
    struct fr_fit fit = {.data = data, .seed = 1};
    float *want = fr_alloc((size_t)USERS * ITEMS * sizeof *want);
    for (int is_known = 0; is_known < 2; is_known++) {
        for (uint32_t u = 0; u < USERS; u++) dense_row(values, u, is_known, want + (size_t)u * ITEMS);
        check_model(&fr_user_cf_ops, &fit, values, is_known, want, 1e-4);
    }
    struct fr_model *m =
        fr_user_cf_ops.fit(&(struct fr_fit){.data = data, .threads = 1}, (double[]){1, 0, 0, .5}, NULL);
    CHECK(m->ops->adjust(m, values));
    float *got = all_scores(m, &data->by_user, true);
    CHECK_NEAR(most_apart(got, want, (size_t)USERS * ITEMS), 0, 1e-4);
    m->ops->free(m);
    free(got), free(want);
    fr_interactions_free(data);
}

static void test_scores_are_those_of_the_formula(void) {
    check((double[]){50, .5, .2, 1});
    check((double[]){7, 1, 0, 2});
    check((double[]){20, .25, .5, .5});
}

static void test_nothing_is_no_fault(void) { check_nothing(&fr_user_cf_ops); }

int main(void) {
    RUN(test_scores_are_those_of_the_formula);
    RUN(test_nothing_is_no_fault);
    return check_done();
}
