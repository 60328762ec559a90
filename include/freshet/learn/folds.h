/* folds.h - which rows learn and which are asked: stratified folds, and samples in which both labels are as frequent.
 *
 * Folds     rows of label no, in their order, are shuffled (Fisher and Yates: for i = n - 1 down to 1 swapped with a place below
 *           i + 1 of splitmix64 from `seed`), then those of label yes from `seed + 1`; place i of each gets fold i % k. So every
 *           fold has the same share of yes, to a row, and another program can make the same folds
 *           (tests/reference/shoppers.py does).
 * Promise   functions of their arguments: the same on any machine.
 * Threads   any. */
#ifndef FR_LEARN_FOLDS_H
#define FR_LEARN_FOLDS_H

#include <stdbool.h>
#include <stdint.h>

enum { FR_FOLDS_MAX = 100 };

/* fold[n] of 0 .. k - 1; k from 1 to FR_FOLDS_MAX. */
void fr_folds_stratified(const bool *labels, uint32_t n, uint32_t k, uint64_t seed, uint32_t *fold);

/* All rows of the rarer label and as many of the other, drawn without replacement, ascending, into rows[n]; returns how
 * many (Knuth's selection sampling). */
uint32_t fr_balanced_rows(const bool *labels, uint32_t n, uint64_t seed, uint32_t *rows);

uint32_t fr_count_yes(const bool *labels, uint32_t n);

#endif
