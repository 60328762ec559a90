/* Singular values and vectors against a dense solution by Jacobi rotations, by both paths (dense and Lanczos), both sides. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include "freshet/learn/svd.h"
#include <stdlib.h>

static float row_scale[2000], column_scale[2000];

static struct fr_interactions *random_world(uint32_t rows, uint32_t columns, uint32_t per_row) {
    size_t n = (size_t)rows * per_row;
    struct fr_interaction *entries = fr_alloc((n + 1) * sizeof *entries);
    struct fr_rng rng = {5};
    for (size_t i = 0; i < n; i++) {
        uint32_t row = (uint32_t)(i / per_row), column = fr_rng_below(&rng, columns);
        if (fr_rng_below(&rng, 2)) column = fr_rng_below(&rng, (columns + row % 5) / (1 + row % 5));
        entries[i] = (struct fr_interaction){row, column, (float)(1 + fr_rng_below(&rng, 2))};
    }
    struct fr_interactions *m = fr_interactions_new(rows, columns, entries, n);
    free(entries);
    for (uint32_t r = 0; r < rows; r++) row_scale[r] = .1F + (float)fr_rng_uniform(&rng);
    for (uint32_t c = 0; c < columns; c++) column_scale[c] = .1F + (float)fr_rng_uniform(&rng);
    return m;
}

static float *dense_of(const struct fr_interactions *m) {
    const struct fr_rows *r = &m->by_user;
    float *a = fr_alloc_zero((size_t)r->row_n * r->column_n, sizeof *a);
    for (uint32_t row = 0; row < r->row_n; row++)
        for (size_t at = r->start[row]; at < r->start[row + 1]; at++) {
            uint32_t column = r->columns[at];
            a[(size_t)row * r->column_n + column] = row_scale[row] * r->values[at] * column_scale[column];
        }
    return a;
}

/* |A^T A v - s^2 v| by columns, the largest. */
static double residual_of(uint32_t rows, uint32_t columns, const float *a, const struct fr_svd *s) {
    float *across = fr_alloc((size_t)rows * s->k * sizeof *across);
    float *back = fr_alloc((size_t)columns * s->k * sizeof *back);
    fr_la_naive_gemm(false, false, rows, s->k, columns, 1, a, s->vectors, 0, across);
    fr_la_naive_gemm(true, false, columns, s->k, rows, 1, a, across, 0, back);
    double most = 0;
    for (size_t j = 0; j < s->k; j++) {
        double square = 0;
        for (size_t c = 0; c < columns; c++) {
            double rest =
                (double)back[c * s->k + j] - (double)(s->values[j] * s->values[j] * s->vectors[c * s->k + j]);
            square += rest * rest;
        }
        most = fmax(most, sqrt(square));
    }
    free(across), free(back);
    return most / (double)(s->values[0] * s->values[0]);
}

static void check_orthonormal(uint32_t columns, const struct fr_svd *s) {
    float *gram = fr_alloc((size_t)s->k * s->k * sizeof *gram);
    fr_la_naive_gemm(true, false, s->k, s->k, columns, 1, s->vectors, s->vectors, 0, gram);
    double most = 0;
    for (size_t i = 0; i < s->k; i++)
        for (size_t j = 0; j < s->k; j++) most = fmax(most, fabs((double)gram[i * s->k + j] - (i == j)));
    CHECK_NEAR(most, 0, 2e-3);
    free(gram);
}

static void check_svd(uint32_t rows, uint32_t columns, uint32_t k, bool compare) {
    struct fr_interactions *m = random_world(rows, columns, 12);
    float *a = dense_of(m);
    struct fr_svd_options o = {row_scale, column_scale, k, 1e-5, 20, 2, 3, NULL, NULL};
    struct fr_svd s;
    CHECK(fr_svd(&m->by_user, &m->by_item, &o, &s));
    CHECK_INT(s.k, k);
    CHECK(s.residual <= 1e-5);
    CHECK_NEAR(residual_of(rows, columns, a, &s), 0, 1e-4);
    check_orthonormal(columns, &s);
    if (compare) {
        float *gram = fr_alloc((size_t)columns * columns * sizeof *gram);
        float *values = fr_alloc(columns * sizeof *values);
        fr_la_naive_gemm(true, false, columns, columns, rows, 1, a, a, 0, gram);
        fr_la_naive_eigen(columns, gram, values);
        for (uint32_t j = 0; j < k; j++)
            CHECK_NEAR(s.values[j], sqrt((double)values[j]), 1e-4 * (double)s.values[0]);
        free(gram), free(values);
    }
    fr_svd_fini(&s);
    fr_interactions_free(m);
    free(a);
}

static void test_small_matrices_are_solved_whole(void) {
    check_svd(1, 1, 1, true);
    check_svd(30, 40, 8, true);
    check_svd(40, 30, 30, true);
}

static void test_large_ones_by_lanczos_on_the_smaller_side(void) {
    check_svd(600, 750, 20, false);
    check_svd(750, 600, 20, false);
}

/* Each row has columns of its own kind of chance: a flat spectrum, which one basis does not resolve. */
static void test_restarts_go_on_until_the_tolerance(void) {
    enum { ROWS = 1000, COLUMNS = 1200, K = 60 };
    static struct fr_interaction entries[ROWS * 10];
    struct fr_rng rng = {9};
    for (uint32_t i = 0; i < ROWS * 10; i++)
        entries[i] = (struct fr_interaction){i / 10, fr_rng_below(&rng, COLUMNS), 1};
    struct fr_interactions *m = fr_interactions_new(ROWS, COLUMNS, entries, ROWS * 10);
    for (uint32_t i = 0; i < 2000; i++) row_scale[i] = column_scale[i] = 1;
    struct fr_svd_options o = {row_scale, column_scale, K, 1e-6, 0, 2, 3, NULL, NULL};
    struct fr_svd once, s;
    CHECK(fr_svd(&m->by_user, &m->by_item, &o, &once));
    CHECK(once.residual > 1e-6);
    o.restarts_max = 20;
    CHECK(fr_svd(&m->by_user, &m->by_item, &o, &s));
    CHECK(s.restarts > 0 && s.residual <= 1e-6);
    float *a = dense_of(m);
    CHECK_NEAR(residual_of(ROWS, COLUMNS, a, &s), 0, 1e-5);
    check_orthonormal(COLUMNS, &s);
    free(a);
    fr_svd_fini(&once), fr_svd_fini(&s);
    fr_interactions_free(m);
}

/* 700 users of 3 kinds: rank 3, so a block of 64 collapses at once. */
static void test_a_matrix_of_low_rank_gives_what_there_is(void) {
    enum { N = 700 };
    struct fr_interaction entries[N];
    for (uint32_t u = 0; u < N; u++) entries[u] = (struct fr_interaction){u, u % 3, 1};
    struct fr_interactions *m = fr_interactions_new(N, 900, entries, N);
    struct fr_svd_options o = {.k = 10, .tolerance = 1e-4, .restarts_max = 5, .threads = 1, .seed = 1};
    struct fr_svd s;
    CHECK(fr_svd(&m->by_user, &m->by_item, &o, &s));
    CHECK_INT(s.k, 3);
    CHECK_NEAR(s.values[0], sqrt(234), 1e-2);
    check_orthonormal(900, &s);
    fr_svd_fini(&s);
    fr_interactions_free(m);
}

static bool refuse(void *context, const char *step, double done) {
    CHECK(*step && done >= 0 && done <= 1);
    return --*(int *)context > 0;
}

static void test_progress_can_end_it(void) {
    struct fr_interactions *m = random_world(600, 750, 12);
    int calls = 3;
    struct fr_svd_options o = {.k = 20,
                               .tolerance = 0,
                               .restarts_max = 5,
                               .threads = 1,
                               .seed = 1,
                               .progress = refuse,
                               .context = &calls};
    struct fr_svd s;
    CHECK(!fr_svd(&m->by_user, &m->by_item, &o, &s));
    CHECK_INT(calls, 0);
    CHECK(!s.vectors && !s.values);
    fr_interactions_free(m);
}

static void test_the_number_of_threads_changes_nothing(void) {
    struct fr_interactions *m = random_world(600, 750, 12);
    struct fr_svd s[2];
    for (unsigned t = 0; t < 2; t++) {
        struct fr_svd_options o = {
            .k = 20, .tolerance = 1e-4, .restarts_max = 2, .threads = 1 + 2 * t, .seed = 1};
        CHECK(fr_svd(&m->by_user, &m->by_item, &o, &s[t]));
    }
    CHECK(memcmp(s[0].vectors, s[1].vectors, (size_t)750 * s[0].k * sizeof(float)) == 0);
    fr_svd_fini(&s[0]), fr_svd_fini(&s[1]);
    fr_interactions_free(m);
}

int main(void) {
    RUN(test_small_matrices_are_solved_whole);
    RUN(test_large_ones_by_lanczos_on_the_smaller_side);
    RUN(test_restarts_go_on_until_the_tolerance);
    RUN(test_a_matrix_of_low_rank_gives_what_there_is);
    RUN(test_progress_can_end_it);
    RUN(test_the_number_of_threads_changes_nothing);
    return check_done();
}
