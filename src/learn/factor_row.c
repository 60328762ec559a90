/* Problem   the row solves are all of the time of a fit: for each entry, twice an iteration, a vector of k floats is fetched
 *           and multiplied, once for the residual and once a step.
 * Choice    conjugate gradients, started from the last iteration's solution: three steps do what a Cholesky factorisation
 *           of k x k does, in O(n k) instead of O(n k^2 + k^3). factor.c turns the basis so that the part of the system
 *           that all rows share is diagonal: no step multiplies by a k x k matrix.
 * Rejected  the exact solution by an n x n system (n^2 k: long rows take longer than all others together); blocks of
 *           dimensions (iALS++: O(n k) too, but keeps a prediction for each entry and passes over the data k / block times).
 * Invariant residual = right side - A x after each step. */
#include "factor_row.h"
#include "freshet/learn/parallel.h"
#include <stdbool.h>
#include <string.h>

enum { AHEAD = 2 }; /* columns fetched before they are needed */

typedef float lanes __attribute__((vector_size(FR_FACTOR_LANES * 4), aligned(4), may_alias));

static inline float lanes_sum(const lanes *v) {
    float sum = 0;
    for (int i = 0; i < FR_FACTOR_LANES; i++) sum += (*v)[i];
    return sum;
}

static inline const lanes *at(const float *a) { return (const lanes *)(const void *)a; }
static inline lanes *to(float *a) { return (lanes *)(void *)a; }

/* In two halves: a sum that waits for itself is slower than memory. */
static inline float dot(uint32_t k, const float *a, const float *b) {
    lanes sum = {0}, other = {0};
    uint32_t j = 0;
    for (; j + 2 * FR_FACTOR_LANES <= k; j += 2 * FR_FACTOR_LANES) {
        sum += *at(a + j) * *at(b + j);
        other += *at(a + j + FR_FACTOR_LANES) * *at(b + j + FR_FACTOR_LANES);
    }
    if (j < k) sum += *at(a + j) * *at(b + j);
    sum += other;
    return lanes_sum(&sum);
}

static inline void add_scaled(uint32_t k, float scale, const float *a, float *y) {
    for (uint32_t j = 0; j < k; j += FR_FACTOR_LANES) *to(y + j) += scale * *at(a + j);
}

static inline float value_of(const struct fr_factor_row *row, uint32_t i) {
    return row->values ? row->values[i] * row->value_scale : row->value_scale;
}

/* The first pass over a row finds its columns in memory, the others in the cache. */
static inline void prefetch(uint32_t k, const float *column) {
    for (uint32_t j = 0; j < k; j += FR_FACTOR_LANES) __builtin_prefetch(column + j);
}

/* residual = right side - A x, diagonal = that of A; returns the square of the right side. */
FR_WIDE static float start(const struct fr_factor_row *row, uint32_t k, const float *y, const float *d,
                           const float *x, float *residual, float *diagonal) {
    float right[FR_FACTOR_MAX];
    memset(right, 0, k * sizeof *right);
    for (uint32_t j = 0; j < k; j++) {
        residual[j] = -d[j] * x[j];
        diagonal[j] = d[j];
    }
    for (uint32_t i = 0; i < row->n; i++) {
        const float *column = y + (size_t)row->columns[i] * k;
        if (i + AHEAD < row->n) prefetch(k, y + (size_t)row->columns[i + AHEAD] * k);
        float v = value_of(row, i), missing = v * (1 - dot(k, column, x));
        for (uint32_t j = 0; j < k; j += FR_FACTOR_LANES) {
            lanes c = *at(column + j), weighted = v * c;
            *to(right + j) += weighted;
            *to(residual + j) += missing * c;
            *to(diagonal + j) += weighted * c;
        }
    }
    return dot(k, right, right);
}

/* out = A p */
FR_WIDE static void apply(const struct fr_factor_row *row, uint32_t k, const float *y, const float *d,
                          const float *p, float *out) {
    for (uint32_t j = 0; j < k; j++) out[j] = d[j] * p[j];
    for (uint32_t i = 0; i < row->n; i++) {
        const float *column = y + (size_t)row->columns[i] * k;
        add_scaled(k, value_of(row, i) * dot(k, column, p), column, out);
    }
}

static float precondition(uint32_t k, const float *residual, const float *diagonal, float *z) {
    for (uint32_t j = 0; j < k; j++) z[j] = residual[j] / diagonal[j];
    return dot(k, residual, z);
}

void fr_factor_row_solve(const struct fr_factor_row *row, uint32_t k, const float *y, const float *d,
                         unsigned steps, float tolerance, float *x) {
    float residual[FR_FACTOR_MAX], diagonal[FR_FACTOR_MAX], direction[FR_FACTOR_MAX], z[FR_FACTOR_MAX];
    float enough = tolerance * tolerance * start(row, k, y, d, x, residual, diagonal);
    float old = precondition(k, residual, diagonal, direction);
    for (unsigned step = 0; step < steps && dot(k, residual, residual) > enough; step++) {
        apply(row, k, y, d, direction, z);
        float curvature = dot(k, direction, z);
        if (!(curvature > 0)) return;
        add_scaled(k, old / curvature, direction, x);
        add_scaled(k, -old / curvature, z, residual);
        float now = precondition(k, residual, diagonal, z), keep = now / old;
        for (uint32_t j = 0; j < k; j++) direction[j] = z[j] + keep * direction[j];
        old = now;
    }
}

FR_WIDE float fr_factor_dot(uint32_t k, const float *a, const float *b) { return dot(k, a, b); }
