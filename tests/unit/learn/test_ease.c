/* EASE against what defines it: column j of B is the ridge regression of item j on all other items. */
#include "freshet/learn/ease.h"
#include "freshet/learn/la.h"
#include "model_check.h"

enum { RIDGE, DROPOUT, DAMPING };

static float x[USERS * ITEMS];

static void fill_dense(const struct fr_interactions *m, double damping) {
    memset(x, 0, sizeof x);
    for (uint32_t u = 0; u < USERS; u++) {
        double sum = 0;
        size_t first = m->by_user.start[u], end = m->by_user.start[u + 1];
        for (size_t at = first; at < end; at++) sum += (double)m->by_user.values[at];
        for (size_t at = first; at < end; at++)
            x[u * ITEMS + m->by_user.columns[at]] =
                (float)((double)m->by_user.values[at] / pow(sum, damping));
    }
}

/* b[ITEMS]: the weights of all others for item j, by the naive solver of an (ITEMS - 1) system. */
static void regress(const float *gram, uint32_t j, float *b) {
    enum { N = ITEMS - 1 };
    float a[N * N], right[N];
    for (uint32_t r = 0; r < N; r++) {
        uint32_t i = r + (r >= j);
        right[r] = gram[i * ITEMS + j];
        for (uint32_t c = 0; c < N; c++) a[r * N + c] = gram[i * ITEMS + c + (c >= j)];
    }
    CHECK(fr_la_naive_solve_spd(N, a, 1, right));
    for (uint32_t r = 0; r < N; r++) b[r + (r >= j)] = right[r];
    b[j] = 0;
}

static void check(const double *values) {
    struct fr_interactions *data = small_world(true);
    static float gram[ITEMS * ITEMS], weights[ITEMS * ITEMS];
    fill_dense(data, values[DAMPING]);
    fr_la_naive_gemm(true, false, ITEMS, ITEMS, USERS, 1, x, x, 0, gram);
    double mean = 0;
    for (uint32_t i = 0; i < ITEMS; i++) mean += (double)gram[i * ITEMS + i] / ITEMS;
    for (uint32_t i = 0; i < ITEMS; i++)
        gram[i * ITEMS + i] += (float)(values[RIDGE] * mean + values[DROPOUT] * (double)gram[i * ITEMS + i]);
    for (uint32_t j = 0; j < ITEMS; j++) regress(gram, j, weights + (size_t)j * ITEMS);
    fill_dense(data, 0);
    float *want = fr_alloc((size_t)USERS * ITEMS * sizeof *want);
    fr_la_naive_gemm(false, true, USERS, ITEMS, ITEMS, 1, x, weights, 0, want);
    struct fr_fit fit = {.data = data, .seed = 1};
    check_model(&fr_ease_ops, &fit, values, true, want, 1e-4);
    check_model(&fr_ease_ops, &fit, values, false, want, 1e-4);
    free(want);
    fr_interactions_free(data);
}

static void test_weights_are_regressions_on_all_others(void) {
    check((double[]){2, 0, 0});
    check((double[]){10, .5, .25});
    check((double[]){5, 0, .5});
}

static void test_a_large_catalogue_is_refused(void) {
    struct fr_interactions *data = fr_interactions_new(1, FR_EASE_ITEMS + 1, NULL, 0);
    struct fr_errmsg msg = {0};
    CHECK(!fr_ease_ops.fit(&(struct fr_fit){.data = data, .threads = 1}, (double[]){1, 0, 0}, &msg));
    CHECK_INT(msg.code, FR_LIMIT);
    fr_interactions_free(data);
}

static void test_nothing_is_no_fault(void) { check_nothing(&fr_ease_ops); }

int main(void) {
    RUN(test_weights_are_regressions_on_all_others);
    RUN(test_a_large_catalogue_is_refused);
    RUN(test_nothing_is_no_fault);
    return check_done();
}
