/* Row-major shapes for libraries that think in columns: a row-major m x n matrix is the column-major n x m transpose, so LAPACK
 * is asked for the transposed problem and nothing is copied. */
#include "freshet/learn/la.h"
#include "la_library.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEFT = 141, RIGHT = 142, NOT_UNIT = 131 };

static const struct la_library *opened(void) {
    struct fr_errmsg msg = {0};
    const struct la_library *l = la_library(&msg);
    if (!l) fprintf(stderr, "%s\n", msg.text);
    FR_ASSERT(l && "fr_la_open was not asked first");
    return l;
}

static int as_int(uint32_t n) {
    FR_ASSERT(n <= INT_MAX);
    return (int)n;
}

/* Leading dimensions are at least 1, also of empty matrices. */
static int as_stride(uint32_t n) { return n ? as_int(n) : 1; }

enum fr_err fr_la_open(struct fr_errmsg *msg) { return la_library(msg) ? FR_OK : FR_IO; }

const char *fr_la_kernel(void) { return opened()->get_corename(); }

void fr_la_threads(unsigned n) {
    FR_ASSERT(n >= 1 && n <= 64);
    opened()->set_num_threads((int)n);
}

void fr_la_gemm(bool transpose_a, bool transpose_b, uint32_t m, uint32_t n, uint32_t k, float alpha,
                const float *a, const float *b, float beta, float *c) {
    opened()->sgemm(LA_ROW_MAJOR, transpose_a ? LA_TRANSPOSED : LA_AS_IS,
                    transpose_b ? LA_TRANSPOSED : LA_AS_IS, as_int(m), as_int(n), as_int(k), alpha, a,
                    as_stride(transpose_a ? m : k), b, as_stride(transpose_b ? k : n), beta, c, as_stride(n));
}

static void mirror_upper(uint32_t n, float *c) {
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++) c[i * n + j] = c[j * n + i];
}

void fr_la_gram(uint32_t m, uint32_t n, const float *a, float beta, float *c) {
    opened()->ssyrk(LA_ROW_MAJOR, LA_UPPER, LA_TRANSPOSED, as_int(n), as_int(m), 1, a, as_stride(n), beta, c,
                    as_stride(n));
    mirror_upper(n, c);
}

void fr_la_gemv(bool transpose, uint32_t rows, uint32_t columns, float alpha, const float *a, const float *x,
                float beta, float *y) {
    opened()->sgemv(LA_ROW_MAJOR, transpose ? LA_TRANSPOSED : LA_AS_IS, as_int(rows), as_int(columns), alpha,
                    a, as_stride(columns), x, 1, beta, y, 1);
}

/* The lower triangle of the column-major matrix is the upper one of ours. */
static bool factorise(uint32_t n, float *a) {
    int size = as_int(n), stride = as_stride(n), info = 0;
    opened()->spotrf("L", &size, a, &stride, &info);
    FR_ASSERT(info >= 0);
    return info == 0;
}

bool fr_la_solve_spd(uint32_t n, float *a, uint32_t k, float *b) {
    if (!factorise(n, a)) return false;
    int size = as_int(n), stride = as_stride(n), sides = as_int(k), info = 0;
    opened()->spotrs("L", &size, &sides, a, &stride, b, &stride, &info);
    FR_ASSERT(info == 0);
    return true;
}

bool fr_la_invert_spd(uint32_t n, float *a) {
    if (!factorise(n, a)) return false;
    int size = as_int(n), stride = as_stride(n), info = 0;
    opened()->spotri("L", &size, a, &stride, &info);
    mirror_upper(n, a);
    return info == 0;
}

/* LAPACK's order is ascending, ours descending. */
static void reverse(uint32_t n, float *a, float *values) {
    for (size_t i = 0, j = n; i + 1 < j; i++) {
        j--;
        float t = values[i];
        values[i] = values[j];
        values[j] = t;
        for (size_t c = 0; c < n; c++) {
            t = a[i * n + c];
            a[i * n + c] = a[j * n + c];
            a[j * n + c] = t;
        }
    }
}

void fr_la_eigen(uint32_t n, float *a, float *values) {
    if (n == 0) return;
    int size = as_int(n), ask = -1, work_n, iwork_n, info = 0;
    float work_size;
    opened()->ssyevd("V", "L", &size, a, &size, values, &work_size, &ask, &iwork_n, &ask, &info);
    /* Sizes above 2^24 are rounded by the float that tells them; the exact bound is LAPACK's own. */
    size_t exact = 1 + 6 * (size_t)n + 2 * (size_t)n * n;
    FR_ASSERT(exact <= INT_MAX);
    work_n = work_size > (float)exact ? (int)work_size : (int)exact;
    float *work = fr_alloc((size_t)work_n * sizeof *work);
    int *iwork = fr_alloc((size_t)iwork_n * sizeof *iwork);
    opened()->ssyevd("V", "L", &size, a, &size, values, work, &work_n, iwork, &iwork_n, &info);
    FR_ASSERT(info == 0);
    free(work);
    free(iwork);
    reverse(n, a, values);
}

/* One round of Cholesky QR: A becomes A R^-1, R^T R = A^T A. False: the Gram matrix is not positive definite, A is as it
 * was. off is how far the columns were from orthonormal. */
static bool cholesky_round(uint32_t m, uint32_t n, float *a, float *gram, float *off) {
    fr_la_gram(m, n, a, 0, gram);
    *off = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) *off = fmaxf(*off, fabsf(gram[i * n + j] - (i == j)));
    if (!isfinite(*off) || !factorise(n, gram)) return false;
    opened()->strsm(LA_ROW_MAJOR, RIGHT, LA_UPPER, LA_AS_IS, NOT_UNIT, as_int(m), as_int(n), 1, gram,
                    as_stride(n), a, as_stride(n));
    return true;
}

/* Householder: slower, never fails. Our A is the column-major n x m matrix A^T = L Q; the rows of Q are wanted. */
static void householder(uint32_t m, uint32_t n, float *a) {
    int rows = as_int(n), columns = as_int(m), ask = -1, info = 0;
    float size[2];
    float *tau = fr_alloc(n * sizeof *tau);
    opened()->sgelqf(&rows, &columns, a, &rows, tau, &size[0], &ask, &info);
    opened()->sorglq(&rows, &columns, &rows, a, &rows, tau, &size[1], &ask, &info);
    int work_n = (int)fmaxf(size[0], size[1]);
    float *work = fr_alloc((size_t)work_n * sizeof *work);
    opened()->sgelqf(&rows, &columns, a, &rows, tau, work, &work_n, &info);
    FR_ASSERT(info == 0);
    opened()->sorglq(&rows, &columns, &rows, a, &rows, tau, work, &work_n, &info);
    FR_ASSERT(info == 0);
    free(work);
    free(tau);
}

/* Two rounds of Cholesky QR are matrix products and exact enough when the second starts close to orthonormal (Yamamoto et al.
 * 2015); otherwise the columns depend on each other nearly, and Householder's way is taken from where we are: the span is
 * still the same. */
void fr_la_orthonormalise(uint32_t m, uint32_t n, float *a) {
    FR_ASSERT(m >= n);
    if (n == 0) return;
    float *gram = fr_alloc((size_t)n * n * sizeof *gram), off;
    bool ok = cholesky_round(m, n, a, gram, &off) && cholesky_round(m, n, a, gram, &off) && off < .25F;
    free(gram);
    if (!ok) householder(m, n, a);
}
