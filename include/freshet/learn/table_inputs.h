/* table_inputs.h - what a network or a linear model is given of a table's rows.
 *
 * Inputs    one for each column: ln(1 + x) where no value is negative and the largest is above FR_INPUTS_SKEW times the mean
 *           (counts, durations, amounts), else x; then, for each column that had a missing value, 1 if it is missing and 0 if not.
 *           Missing stays NaN: the model's standardising makes it the mean (learn/rank_mlp.h).
 * Promise   fitted on the rows that are learnt from, applied to any.
 * Threads   read-only once fitted. Memory: 5 bytes a column; fr_table_inputs_fini. */
#ifndef FR_LEARN_TABLE_INPUTS_H
#define FR_LEARN_TABLE_INPUTS_H

#include "freshet/base/tensors.h"
#include "freshet/learn/table.h"

enum { FR_INPUTS_SKEW = 5 };

struct fr_table_inputs {
    uint32_t column_n, input_n;
    uint32_t *missing; /* [input_n - column_n] the columns with an input for missing */
    bool *logs;        /* [column_n] */
};

void fr_table_inputs_fit(struct fr_table_inputs *in, const struct fr_table *t);
void fr_table_inputs_fini(struct fr_table_inputs *in);
/* values[n][column_n] to out[n][input_n]. */
void fr_table_inputs_apply(const struct fr_table_inputs *in, const float *values, uint32_t n, float *out);
/* The column that an input is made of. */
uint32_t fr_table_inputs_column(const struct fr_table_inputs *in, uint32_t input);

/* Arrays "inputs.logs" and "inputs.missing". */
void fr_table_inputs_save(const struct fr_table_inputs *in, struct fr_tensors_writer *w);
/* False: not there, or not of one piece; *in is then empty. */
bool fr_table_inputs_load(struct fr_table_inputs *in, const struct fr_tensors_file *f);

#endif
