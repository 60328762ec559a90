/* Every function of the library against the naive twin or against what it promises, on odd shapes. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include <stdlib.h>

static struct fr_rng rng = {7};

static float *random_matrix(size_t n) {
    float *a = fr_alloc((n + 1) * sizeof *a);
    for (size_t i = 0; i < n; i++) a[i] = (float)(2 * fr_rng_uniform(&rng) - 1);
    return a;
}

static float *copy_of(const float *a, size_t n) {
    float *b = fr_alloc((n + 1) * sizeof *b);
    memcpy(b, a, n * sizeof *b);
    return b;
}

static double distance(const float *a, const float *b, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

static void check_gemm(uint32_t m, uint32_t n, uint32_t k) {
    for (int t = 0; t < 4; t++)
        for (int zero = 0; zero < 2; zero++) {
            float *a = random_matrix((size_t)m * k), *b = random_matrix((size_t)k * n);
            float *c = random_matrix((size_t)m * n), *want = copy_of(c, (size_t)m * n);
            float beta = zero ? 0 : .5F;
            fr_la_gemm(t & 1, t & 2, m, n, k, 1.5F, a, b, beta, c);
            fr_la_naive_gemm(t & 1, t & 2, m, n, k, 1.5F, a, b, beta, want);
            CHECK_NEAR(distance(c, want, (size_t)m * n), 0, 1e-4);
            free(a), free(b), free(c), free(want);
        }
}

static void test_products_equal_the_naive_ones(void) {
    check_gemm(1, 1, 1);
    check_gemm(1, 7, 3);
    check_gemm(17, 1, 33);
    check_gemm(65, 129, 31);
    check_gemm(3, 200, 100);
}

static void test_gram_and_gemv_are_products(void) {
    static const uint32_t shapes[][2] = {{1, 1}, {5, 3}, {3, 5}, {100, 33}};
    for (size_t s = 0; s < 4; s++) {
        uint32_t m = shapes[s][0], n = shapes[s][1];
        float *a = random_matrix((size_t)m * n), *c = random_matrix((size_t)n * n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++) c[i * n + j] = c[j * n + i];
        float *want = copy_of(c, (size_t)n * n);
        fr_la_gram(m, n, a, .25F, c);
        fr_la_naive_gemm(true, false, n, n, m, 1, a, a, .25F, want);
        CHECK_NEAR(distance(c, want, (size_t)n * n), 0, 1e-4);
        float *x = random_matrix(m + n), *y = random_matrix(m + n), *want_y = copy_of(y, m + n);
        fr_la_gemv(false, m, n, 2, a, x, .5F, y);
        fr_la_naive_gemm(false, false, m, 1, n, 2, a, x, .5F, want_y);
        CHECK_NEAR(distance(y, want_y, m), 0, 1e-4);
        fr_la_gemv(true, m, n, 2, a, x, 0, y);
        fr_la_naive_gemm(true, false, n, 1, m, 2, a, x, 0, want_y);
        CHECK_NEAR(distance(y, want_y, n), 0, 1e-4);
        free(a), free(c), free(want), free(x), free(y), free(want_y);
    }
}

/* A^T A + I. */
static float *positive_definite(uint32_t n) {
    float *a = random_matrix((size_t)n * n), *c = fr_alloc_zero((size_t)n * n, sizeof *c);
    for (size_t i = 0; i < n; i++) c[i * n + i] = 1;
    fr_la_naive_gemm(true, false, n, n, n, 1, a, a, 1, c);
    free(a);
    return c;
}

static void test_solving_and_inverting(void) {
    static const uint32_t sizes[] = {1, 2, 31, 80};
    for (size_t s = 0; s < 4; s++) {
        uint32_t n = sizes[s], k = 3;
        size_t cells = (size_t)n * n;
        float *a = positive_definite(n), *other = copy_of(a, cells), *inverse = copy_of(a, cells);
        float *b = random_matrix((size_t)k * n), *want = copy_of(b, (size_t)k * n);
        float *product = fr_alloc(cells * sizeof *product);
        CHECK(fr_la_invert_spd(n, inverse));
        fr_la_naive_gemm(false, false, n, n, n, 1, a, inverse, 0, product);
        for (size_t i = 0; i < n; i++) product[i * n + i] -= 1;
        for (size_t i = 0; i < cells; i++) CHECK_NEAR(product[i], 0, 1e-3);
        CHECK(fr_la_solve_spd(n, a, k, b));
        CHECK(fr_la_naive_solve_spd(n, other, k, want));
        CHECK_NEAR(distance(b, want, (size_t)k * n), 0, 1e-3);
        free(a), free(other), free(inverse), free(b), free(want), free(product);
    }
}

static void test_an_indefinite_matrix_is_reported(void) {
    float a[4] = {1, 2, 2, 1}, b[2] = {1, 1};
    CHECK(!fr_la_solve_spd(2, a, 1, b));
    float c[4] = {1, 2, 2, 1}, d[4] = {0, 0, 0, 0};
    CHECK(!fr_la_invert_spd(2, c));
    CHECK(!fr_la_invert_spd(2, d));
    float e[4] = {1, 2, 2, 1};
    CHECK(!fr_la_naive_solve_spd(2, e, 1, b));
}

/* Values agree with the twin's; vectors are orthonormal and satisfy A v = value v. */
static void check_eigen(uint32_t n) {
    size_t cells = (size_t)n * n;
    float *a = random_matrix(cells);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) a[i * n + j] = a[j * n + i];
    float *vectors = copy_of(a, cells), *twin = copy_of(a, cells),
          *product = fr_alloc(cells * sizeof *product);
    float values[64], twin_values[64];
    fr_la_eigen(n, vectors, values);
    fr_la_naive_eigen(n, twin, twin_values);
    CHECK_NEAR(distance(values, twin_values, n), 0, 1e-4);
    for (int who = 0; who < 2; who++) {
        const float *v = who ? twin : vectors;
        fr_la_naive_gemm(false, false, n, n, n, 1, v, a, 0, product);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) CHECK_NEAR(product[i * n + j], values[i] * v[i * n + j], 1e-4);
        fr_la_naive_gemm(false, true, n, n, n, 1, v, v, 0, product);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) CHECK_NEAR(product[i * n + j], i == j, 1e-5);
    }
    for (size_t i = 1; i < n; i++) CHECK(values[i - 1] >= values[i]);
    free(a), free(vectors), free(twin), free(product);
}

static void test_eigenvectors(void) {
    check_eigen(1);
    check_eigen(2);
    check_eigen(9);
    check_eigen(50);
}

static double off_orthonormal(uint32_t m, uint32_t n, const float *a) {
    float *gram = fr_alloc((size_t)n * n * sizeof *gram);
    fr_la_naive_gemm(true, false, n, n, m, 1, a, a, 0, gram);
    double most = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) most = fmax(most, fabs((double)gram[i * n + j] - (i == j)));
    free(gram);
    return most;
}

/* What is left of b after projection on the columns of q, relative to b. */
static double outside(uint32_t m, uint32_t n, const float *q, const float *b) {
    float *inner = fr_alloc((size_t)n * n * sizeof *inner), *rest = copy_of(b, (size_t)m * n);
    fr_la_naive_gemm(true, false, n, n, m, 1, q, b, 0, inner);
    fr_la_naive_gemm(false, false, m, n, n, -1, q, inner, 1, rest);
    double most = 0, size = 0;
    for (size_t i = 0; i < (size_t)m * n; i++) {
        most = fmax(most, fabs((double)rest[i]));
        size = fmax(size, fabs((double)b[i]));
    }
    free(inner), free(rest);
    return most / size;
}

static void test_orthonormal_bases_keep_the_span(void) {
    static const uint32_t shapes[][2] = {{1, 1}, {5, 5}, {70, 9}, {300, 40}};
    for (size_t s = 0; s < 4; s++) {
        uint32_t m = shapes[s][0], n = shapes[s][1];
        float *a = random_matrix((size_t)m * n), *q = copy_of(a, (size_t)m * n);
        fr_la_orthonormalise(m, n, q);
        CHECK_NEAR(off_orthonormal(m, n, q), 0, 1e-5);
        CHECK_NEAR(outside(m, n, q, a), 0, 1e-4);
        free(a), free(q);
    }
}

static void test_dependent_columns_still_give_a_basis(void) {
    enum { M = 60, N = 10 };
    float *a = random_matrix((size_t)M * N);
    for (size_t i = 0; i < M; i++) {
        a[i * N + 7] = a[i * N + 2];
        a[i * N + 8] = a[i * N + 3] + 1e-6F * a[i * N + 1];
        a[i * N + 9] = 0;
    }
    float *q = copy_of(a, (size_t)M * N);
    fr_la_orthonormalise(M, N, q);
    CHECK_NEAR(off_orthonormal(M, N, q), 0, 1e-5);
    CHECK_NEAR(outside(M, N, q, a), 0, 1e-4);
    free(a), free(q);
}

int main(void) {
    struct fr_errmsg msg = {0};
    CHECK(fr_la_open(&msg) == FR_OK);
    fr_la_threads(2);
    printf("kernel %s\n", fr_la_kernel());
    RUN(test_products_equal_the_naive_ones);
    RUN(test_gram_and_gemv_are_products);
    RUN(test_solving_and_inverting);
    RUN(test_an_indefinite_matrix_is_reported);
    RUN(test_eigenvectors);
    RUN(test_orthonormal_bases_keep_the_span);
    RUN(test_dependent_columns_still_give_a_basis);
    return check_done();
}
