/* table.h - rows of named numbers with a yes or no each: what propensities are fitted on.
 *
 * Shape     values[row_n][column_n], row-major; NaN is missing. A category is one column of 0 and 1 for each of its levels.
 * Threads   read-only after it is built.
 * Memory    values and labels are owned (fr_table_fini); names are borrowed. */
#ifndef FR_LEARN_TABLE_H
#define FR_LEARN_TABLE_H

#include "freshet/base/str.h"
#include <stddef.h>

struct fr_table {
    float *values;
    bool *labels;
    uint32_t row_n, column_n;
    const struct fr_str *names; /* [column_n] */
};

/* The rows chosen[n] of a table, copied. gives: fr_table_fini. */
struct fr_table fr_table_take(const struct fr_table *t, const uint32_t *chosen, uint32_t n);
/* The rows whose fold is `held`, or all others. gives: fr_table_fini. */
struct fr_table fr_table_fold(const struct fr_table *t, const uint32_t *fold, uint32_t held, bool others);
void fr_table_fini(struct fr_table *t);

#endif
