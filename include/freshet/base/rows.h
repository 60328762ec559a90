/* rows.h - rows of a sparse matrix: who touched what, what is made of which features.
 *
 * Shape     row r holds columns[start[r] .. start[r + 1]) with their values, ascending, each column once.
 * Threads   read-only after it is built; any number of readers.
 * Memory    whoever builds it owns the three arrays; fr_rows_fini frees them. */
#ifndef FR_BASE_ROWS_H
#define FR_BASE_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct fr_rows {
    uint32_t row_n, column_n;
    size_t *start;     /* [row_n + 1] */
    uint32_t *columns; /* [start[row_n]] ascending in each row */
    float *values;     /* NULL: ones */
};

/* Room for n entries; start is all 0. gives: fr_rows_fini. */
struct fr_rows fr_rows_new(uint32_t row_n, uint32_t column_n, size_t n);
void fr_rows_fini(struct fr_rows *r); /* leaves it empty */
/* The same entries by column, with values. gives: fr_rows_fini. */
struct fr_rows fr_rows_transposed(const struct fr_rows *r);
static inline uint32_t fr_rows_length(const struct fr_rows *r, uint32_t row) {
    return (uint32_t)(r->start[row + 1] - r->start[row]);
}
/* The inner product of two rows with values; 0 when either number is past the last row. */
double fr_rows_dot(const struct fr_rows *r, uint32_t a, uint32_t b);

#endif
