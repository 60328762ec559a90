#include "freshet/base/rows.h"
#include "freshet/base/err.h"
#include <stdlib.h>

struct fr_rows fr_rows_new(uint32_t row_n, uint32_t column_n, size_t n) {
    return (struct fr_rows){row_n, column_n, fr_alloc_zero((size_t)row_n + 1, sizeof(size_t)),
                            fr_alloc((n + 1) * sizeof(uint32_t)), fr_alloc((n + 1) * sizeof(float))};
}

void fr_rows_fini(struct fr_rows *r) {
    free(r->start);
    free(r->columns);
    free(r->values);
    *r = (struct fr_rows){0};
}

/* A counting sort by column: rows are met in their order, so columns of the result ascend. */
struct fr_rows fr_rows_transposed(const struct fr_rows *r) {
    struct fr_rows t = fr_rows_new(r->column_n, r->row_n, r->start[r->row_n]);
    for (size_t i = 0; i < r->start[r->row_n]; i++) t.start[r->columns[i] + 1]++;
    for (uint32_t c = 0; c < t.row_n; c++) t.start[c + 1] += t.start[c];
    size_t *next = fr_alloc(((size_t)t.row_n + 1) * sizeof *next);
    for (uint32_t c = 0; c < t.row_n; c++) next[c] = t.start[c];
    for (uint32_t row = 0; row < r->row_n; row++)
        for (size_t i = r->start[row]; i < r->start[row + 1]; i++) {
            size_t at = next[r->columns[i]]++;
            t.columns[at] = row;
            t.values[at] = r->values ? r->values[i] : 1;
        }
    free(next);
    return t;
}

double fr_rows_dot(const struct fr_rows *r, uint32_t a, uint32_t b) {
    if (a >= r->row_n || b >= r->row_n) return 0;
    size_t i = r->start[a], i_end = r->start[a + 1], j = r->start[b], j_end = r->start[b + 1];
    double sum = 0;
    while (i < i_end && j < j_end) {
        uint32_t left = r->columns[i], right = r->columns[j];
        if (left == right) sum += (double)r->values[i] * (double)r->values[j];
        i += left <= right;
        j += right <= left;
    }
    return sum;
}
