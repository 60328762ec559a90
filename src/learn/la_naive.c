/* The twins: plain loops, sums in double, no library. For tests, and for the one product that la_library checks. */
#include "freshet/learn/la.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void fr_la_naive_gemm(bool transpose_a, bool transpose_b, uint32_t m, uint32_t n, uint32_t k, float alpha,
                      const float *a, const float *b, float beta, float *c) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += (double)a[transpose_a ? l * m + i : i * k + l] *
                       (double)b[transpose_b ? j * k + l : l * n + j];
            float *to = &c[i * n + j];
            *to = (float)((double)alpha * sum + (beta == 0 ? 0 : (double)beta * (double)*to));
        }
}

/* L L^T = A in the lower triangle. */
static bool cholesky(uint32_t n, double *a) {
    for (size_t j = 0; j < n; j++)
        for (size_t i = j; i < n; i++) {
            double sum = a[i * n + j];
            for (size_t l = 0; l < j; l++) sum -= a[i * n + l] * a[j * n + l];
            if (i == j && !(sum > 0)) return false;
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
    return true;
}

bool fr_la_naive_solve_spd(uint32_t n, float *a, uint32_t k, float *b) {
    double *l = fr_alloc(((size_t)n * n + 1) * sizeof *l), *x = fr_alloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < (size_t)n * n; i++) l[i] = (double)a[i];
    bool ok = cholesky(n, l);
    for (size_t row = 0; ok && row < k; row++) {
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)b[row * n + i];
            for (size_t j = 0; j < i; j++) x[i] -= l[i * n + j] * x[j];
            x[i] /= l[i * n + i];
        }
        for (size_t i = n; i-- > 0;) {
            for (size_t j = i + 1; j < n; j++) x[i] -= l[j * n + i] * x[j];
            x[i] /= l[i * n + i];
        }
        for (size_t i = 0; i < n; i++) b[row * n + i] = (float)x[i];
    }
    free(l);
    free(x);
    return ok;
}

/* Rotates rows and columns p, q of symmetric s so that s[p][q] = 0, and rows p, q of v with them. */
static void rotate(size_t n, double *s, double *v, size_t p, size_t q) {
    if (s[p * n + q] == 0) return;
    double theta = (s[q * n + q] - s[p * n + p]) / (2 * s[p * n + q]);
    double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), r = t * c;
    for (size_t i = 0; i < n; i++) {
        double x = s[i * n + p], y = s[i * n + q];
        s[i * n + p] = c * x - r * y, s[i * n + q] = r * x + c * y;
    }
    for (size_t i = 0; i < n; i++) {
        double x = s[p * n + i], y = s[q * n + i];
        s[p * n + i] = c * x - r * y, s[q * n + i] = r * x + c * y;
        x = v[p * n + i], y = v[q * n + i];
        v[p * n + i] = c * x - r * y, v[q * n + i] = r * x + c * y;
    }
}

/* The largest remaining value goes to each place in turn. */
static void copy_descending(size_t n, double *s, const double *v, float *a, float *values) {
    for (size_t i = 0; i < n; i++) {
        size_t best = 0;
        for (size_t j = 1; j < n; j++)
            if (s[j * n + j] > s[best * n + best]) best = j;
        values[i] = (float)s[best * n + best];
        for (size_t j = 0; j < n; j++) a[i * n + j] = (float)v[best * n + j];
        s[best * n + best] = -HUGE_VAL;
    }
}

void fr_la_naive_eigen(uint32_t n, float *a, float *values) {
    enum { SWEEPS = 40 };
    size_t cells = (size_t)n * n;
    double *s = fr_alloc((cells + 1) * sizeof *s), *v = fr_alloc_zero(cells + 1, sizeof *v);
    for (size_t i = 0; i < cells; i++) s[i] = (double)a[i];
    for (size_t i = 0; i < n; i++) v[i * n + i] = 1;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++) rotate(n, s, v, p, q);
    copy_descending(n, s, v, a, values);
    free(s);
    free(v);
}
