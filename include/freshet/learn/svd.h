/* svd.h - the largest singular values and right singular vectors of a scaled sparse matrix.
 *
 * Shape     A[rows][columns] = diag(row_scale) S diag(column_scale); values[k] descending, vectors[columns][k] row-major, so
 *           that row c is column c's place in the space of the k vectors.
 * Promise   |A^T A v - s^2 v| <= tolerance * s_1^2 for each of the k, or what was reached after restarts_max restarts:
 *           residual says it. Vectors are orthonormal to about 1e-5. k comes back smaller when A has fewer singular
 *           values above 1e-3 s_1 or fewer rows or columns. Signs are arbitrary. A function of (A, k, seed), for
 *           any number of threads of fr_rows_multiply; BLAS may round differently with another number of its own.
 * Memory    floats while it works: min(rows, columns) x (3 k + 640), and 128 (rows + columns) more.
 * Source    thick-restart block Lanczos: Wu and Simon 2000; block form Grimes, Lewis, Simon 1994. */
#ifndef FR_LEARN_SVD_H
#define FR_LEARN_SVD_H

#include "freshet/learn/interactions.h"

struct fr_svd_options {
    const float *row_scale, *column_scale; /* NULL: ones */
    uint32_t k;
    double tolerance; /* 1e-3 is enough for recommenders, 1e-5 about what floats allow */
    uint32_t restarts_max;
    unsigned threads;
    uint64_t seed;
    bool (*progress)(void *context, const char *step,
                     double done); /* as in struct fr_fit; NULL: not called */
    void *context;
};

struct fr_svd {
    uint32_t k;
    float *values;   /* [k] */
    float *vectors;  /* [columns][k] */
    double residual; /* the largest of the k, relative to s_1^2 */
    uint32_t restarts;
};

/* by_row and by_column hold the same entries (fr_interactions.by_user, .by_item). False: progress gave up, out is empty. */
bool fr_svd(const struct fr_rows *by_row, const struct fr_rows *by_column, const struct fr_svd_options *o,
            struct fr_svd *out);
void fr_svd_fini(struct fr_svd *s);

#endif
