/* Block Lanczos on the smaller of A A^T and A^T A, with thick restarts and full orthogonalisation.
 *
 * Problem   512 singular vectors of a matrix of 30,000 x 40,000 with a spectrum that hardly falls at the end, in seconds,
 *           in single precision.
 * Choice    a basis grows by blocks of BLOCK vectors, each the operator times the block before it, made orthogonal to all
 *           before it; when it is full, the best of it (Ritz vectors) is kept and it grows again. What is kept
 *           of a Krylov space is the best polynomial of its degree, so a few hundred columns of products do what
 *           subspace iteration needs thousands for. All but the sparse products are matrix products of BLAS.
 * Rejected  subspace iteration (68 s for the same vectors); Chebyshev filters between orthogonalisations (their
 *           amplification is limited to 1/epsilon, which single precision uses up at degree 3); local
 *           orthogonalisation (loses orthogonality within 20 steps in single precision).
 * Invariant basis[0..m) are orthonormal rows; projected = basis G basis^T for all but the last block's rows and columns,
 *           which the next step fills. next is orthonormal and orthogonal to the basis.
 *
 *     basis  [ Ritz vectors kept | block | block | block ... ]   next
 *                                                  \__ G __________^      */
#include "freshet/learn/svd.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, SPARE = 64, GROWTH_MIN = 6 * BLOCK };

struct lanczos {
    const struct fr_rows *by_row, *by_column; /* of the side that is worked on: G = by_row by_column */
    const float *row_scale, *column_scale;
    unsigned threads;
    uint32_t n;    /* order of G */
    uint32_t full; /* vectors in a full basis */
    uint32_t keep; /* vectors kept at a restart */
    uint32_t m;    /* vectors in the basis */
    struct fr_rng rng;
    float *basis;        /* [full][n] */
    float *projected;    /* [full][full] */
    float *block, *next; /* [n][BLOCK] */
    float *across;       /* [by_column->row_n][BLOCK] */
    float *inner;        /* [full][BLOCK] */
    float *coupling;     /* [BLOCK][BLOCK]: next^T G block, what the basis does not hold */
    float *ritz;         /* [full][full] eigenvectors of projected, rows */
    float *values;       /* [full] */
};

static void lanczos_init(struct lanczos *l) {
    size_t n = l->n, full = l->full;
    l->basis = fr_alloc(full * n * sizeof(float));
    l->projected = fr_alloc_zero(full * full, sizeof(float));
    l->block = fr_alloc(n * BLOCK * sizeof(float));
    l->next = fr_alloc(n * BLOCK * sizeof(float));
    l->across = fr_alloc(((size_t)l->by_column->row_n + 1) * BLOCK * sizeof(float));
    l->inner = fr_alloc(full * BLOCK * sizeof(float));
    l->coupling = fr_alloc((size_t)BLOCK * BLOCK * sizeof(float));
    l->ritz = fr_alloc(full * full * sizeof(float));
    l->values = fr_alloc(full * sizeof(float));
}

static void lanczos_fini(struct lanczos *l) {
    free(l->basis);
    free(l->projected);
    free(l->block);
    free(l->next);
    free(l->across);
    free(l->inner);
    free(l->coupling);
    free(l->ritz);
    free(l->values);
}

/* y = G x, both [n][width]. */
static void apply(struct lanczos *l, uint32_t width, const float *x, float *across, float *y) {
    fr_rows_multiply(l->by_column, l->column_scale, l->row_scale, width, x, across, l->threads);
    fr_rows_multiply(l->by_row, l->row_scale, l->column_scale, width, across, y, l->threads);
}

/* inner = basis x, x -= basis^T inner. */
static void project_out(struct lanczos *l, float *x) {
    if (l->m == 0) return;
    fr_la_gemm(false, false, l->m, BLOCK, l->n, 1, l->basis, x, 0, l->inner);
    fr_la_gemm(true, false, l->n, BLOCK, l->m, -1, l->basis, l->inner, 1, x);
}

static void fill_random(struct lanczos *l, float *x) {
    for (size_t i = 0; i < (size_t)l->n * BLOCK; i++) x[i] = (float)(fr_rng_uniform(&l->rng) - .5);
}

/* Three rounds: the first may be of columns that nearly depend on each other (G maps the block into the basis), and Householder
 * then returns columns that are not orthogonal to the basis; the second mends that; the third takes the rounding of the
 * second. */
static void make_orthonormal(struct lanczos *l, float *x) {
    for (int round = 0; round < 3; round++) {
        if (round) project_out(l, x);
        fr_la_orthonormalise(l->n, BLOCK, x);
    }
}

static void append_next(struct lanczos *l) {
    for (size_t j = 0; j < BLOCK; j++) {
        float *to = l->basis + (l->m + j) * l->n;
        for (size_t i = 0; i < l->n; i++) to[i] = l->next[i * BLOCK + j];
    }
    l->m += BLOCK;
    float *t = l->block;
    l->block = l->next;
    l->next = t;
}

/* One step: the last block's part of projected, then next and coupling. */
static void grow(struct lanczos *l) {
    apply(l, BLOCK, l->block, l->across, l->next);
    fr_la_gemm(false, false, l->m, BLOCK, l->n, 1, l->basis, l->next, 0, l->inner);
    for (size_t i = 0; i < l->m; i++)
        for (size_t j = 0; j < BLOCK; j++) {
            size_t column = l->m - BLOCK + j;
            l->projected[i * l->full + column] = l->projected[column * l->full + i] = l->inner[i * BLOCK + j];
        }
    fr_la_gemm(true, false, l->n, BLOCK, l->m, -1, l->basis, l->inner, 1, l->next);
    project_out(l, l->next);
    float *rest = fr_alloc((size_t)l->n * BLOCK * sizeof *rest);
    memcpy(rest, l->next, (size_t)l->n * BLOCK * sizeof *rest);
    make_orthonormal(l, l->next);
    fr_la_gemm(true, false, BLOCK, BLOCK, l->n, 1, l->next, rest, 0, l->coupling);
    free(rest);
}

/* Eigenvectors of the projected matrix. */
static void solve_projected(struct lanczos *l) {
    for (size_t i = 0; i < l->m; i++)
        memcpy(l->ritz + i * l->m, l->projected + i * l->full, l->m * sizeof *l->ritz);
    fr_la_eigen(l->m, l->ritz, l->values);
}

/* |G y - value y| of the i-th Ritz vector is |coupling times its part in the last block|. */
static double residual_of(const struct lanczos *l, uint32_t i) {
    const float *last = l->ritz + (size_t)i * l->m + l->m - BLOCK;
    double square = 0;
    for (size_t r = 0; r < BLOCK; r++) {
        double sum = 0;
        for (size_t c = 0; c < BLOCK; c++) sum += (double)l->coupling[r * BLOCK + c] * (double)last[c];
        square += sum * sum;
    }
    return sqrt(square);
}

static double largest_residual(const struct lanczos *l, uint32_t k) {
    double most = 0;
    for (uint32_t i = 0; i < k; i++) most = fmax(most, residual_of(l, i));
    return l->values[0] > 0 ? most / (double)l->values[0] : most;
}

/* The basis becomes its first `keep` Ritz vectors. */
static void keep_best(struct lanczos *l, uint32_t keep) {
    float *kept = fr_alloc((size_t)keep * l->n * sizeof *kept);
    fr_la_gemm(false, false, keep, l->n, l->m, 1, l->ritz, l->basis, 0, kept);
    memcpy(l->basis, kept, (size_t)keep * l->n * sizeof *kept);
    free(kept);
    memset(l->projected, 0, (size_t)l->full * l->full * sizeof *l->projected);
    for (size_t i = 0; i < keep; i++) l->projected[i * l->full + i] = l->values[i];
    l->m = keep;
}

static bool report(const struct fr_svd_options *o, double done) {
    return !o->progress || o->progress(o->context, "singular vectors", done);
}

/* Leaves the k best in basis[0..k) and values. False: told to give up. */
static bool iterate(struct lanczos *l, const struct fr_svd_options *o, uint32_t k, struct fr_svd *out) {
    fill_random(l, l->next);
    make_orthonormal(l, l->next);
    for (;;) {
        append_next(l);
        grow(l);
        double part = (double)(l->m - (out->restarts ? l->keep : 0)) /
                      (double)(l->full - (out->restarts ? l->keep : 0));
        if (!report(o, ((double)out->restarts + part) / ((double)o->restarts_max + 1))) return false;
        if (l->m + BLOCK <= l->full) continue;
        solve_projected(l);
        out->residual = largest_residual(l, k);
        if (out->residual <= o->tolerance || out->restarts == o->restarts_max) break;
        keep_best(l, l->keep);
        out->restarts++;
    }
    keep_best(l, k);
    return true;
}

/* G itself, when a basis would fill its space anyway. */
static void solve_dense(struct lanczos *l) {
    size_t n = l->n;
    float *unit = fr_alloc_zero(n * n + 1, sizeof *unit);
    float *across = fr_alloc(((size_t)l->by_column->row_n * n + 1) * sizeof *across);
    for (size_t i = 0; i < n; i++) unit[i * n + i] = 1;
    apply(l, l->n, unit, across, l->basis);
    fr_la_eigen(l->n, l->basis, l->values);
    free(unit);
    free(across);
}

/* Singular values of the k best; those too small to divide by are dropped. */
static void take_values(const struct lanczos *l, uint32_t k, struct fr_svd *out) {
    out->values = fr_alloc((k + 1) * sizeof *out->values);
    for (out->k = 0; out->k < k; out->k++) {
        float value = sqrtf(fmaxf(l->values[out->k], 0));
        if (value <= 1e-3F * sqrtf(fmaxf(l->values[0], 0))) break;
        out->values[out->k] = value;
    }
}

/* basis[k][n] as [n][k], column j divided by divide[j] (NULL: by 1). */
static float *transposed(const struct lanczos *l, uint32_t k, const float *divide) {
    float *t = fr_alloc(((size_t)l->n * k + 1) * sizeof *t);
    for (size_t j = 0; j < k; j++) {
        float scale = divide ? 1 / divide[j] : 1;
        for (size_t i = 0; i < l->n; i++) t[i * k + j] = scale * l->basis[j * l->n + i];
    }
    return t;
}

/* Right vectors: the basis itself when G = A^T A, A^T u / s when G = A A^T. */
static void take_vectors(struct lanczos *l, bool is_by_column, struct fr_svd *out) {
    if (is_by_column) {
        out->vectors = transposed(l, out->k, NULL);
        return;
    }
    float *left = transposed(l, out->k, out->values);
    out->vectors = fr_alloc(((size_t)l->by_column->row_n * out->k + 1) * sizeof(float));
    fr_rows_multiply(l->by_column, l->column_scale, l->row_scale, out->k, left, out->vectors, l->threads);
    free(left);
}

bool fr_svd(const struct fr_rows *by_row, const struct fr_rows *by_column, const struct fr_svd_options *o,
            struct fr_svd *out) {
    bool is_by_column = by_column->row_n < by_row->row_n;
    struct lanczos l = {by_row,          by_column, o->row_scale, o->column_scale, .threads = o->threads,
                        .rng = {o->seed}};
    if (is_by_column) {
        l.by_row = by_column, l.by_column = by_row;
        l.row_scale = o->column_scale, l.column_scale = o->row_scale;
    }
    *out = (struct fr_svd){0};
    l.n = l.by_row->row_n;
    uint32_t k = o->k < l.n ? o->k : l.n;
    l.keep = k + SPARE;
    uint32_t grow_by = l.keep / BLOCK * BLOCK;
    l.full = l.keep + (grow_by > GROWTH_MIN ? grow_by : GROWTH_MIN);
    bool is_dense = l.n <= l.full + BLOCK;
    if (is_dense) l.full = l.n;
    lanczos_init(&l);
    bool ok = true;
    if (is_dense)
        solve_dense(&l);
    else
        ok = iterate(&l, o, k, out);
    if (ok) {
        take_values(&l, k, out);
        take_vectors(&l, is_by_column, out);
    }
    lanczos_fini(&l);
    return ok;
}

void fr_svd_fini(struct fr_svd *s) {
    free(s->values);
    free(s->vectors);
    *s = (struct fr_svd){0};
}
