/* factor_row.h - one row of implicit ALS: the factors of a user given those of the items, or the other way round.
 *
 * Solves    (diag(d) + sum_i v_i y_i y_i^T) x = sum_i v_i y_i over the row's entries i, by conjugate gradients with the
 *           diagonal as preconditioner, from the x that is given.
 * Shapes    y[column_n][k], d[k], x[k]; k is a multiple of FR_FACTOR_LANES.
 * Promise   plain loops in a fixed order: the same bits on any machine. */
#ifndef FR_LEARN_FACTOR_ROW_H
#define FR_LEARN_FACTOR_ROW_H

#include <stdint.h>

enum { FR_FACTOR_LANES = 16, FR_FACTOR_MAX = 1024 };

struct fr_factor_row {
    const uint32_t *columns; /* [n] */
    const float *values;     /* [n]; NULL: ones */
    uint32_t n;
    float value_scale; /* v_i = value * value_scale */
};

/* At most `steps` steps; fewer when the residual has fallen to `tolerance` of the right side. */
void fr_factor_row_solve(const struct fr_factor_row *row, uint32_t k, const float *y, const float *d,
                         unsigned steps, float tolerance, float *x);
float fr_factor_dot(uint32_t k, const float *a, const float *b);

#endif
