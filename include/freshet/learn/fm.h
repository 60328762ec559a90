/* fm.h - a factorisation machine that learns one example at a time.
 *
 * Formula   logit = w_0 + sum_i w_i x_i + sum_(i<j) (v_i . v_j) x_i x_j, the pairs as
 *           1/2 sum_k ((sum_i v_ik x_i)^2 - sum_i v_ik^2 x_i^2) (Rendle 2010), so linear in the number of features.
 *           Each parameter takes AdaGrad steps on the logistic loss (Duchi, Hazan, Singer 2011):
 *             G += g^2;  theta -= rate g / sqrt(G + epsilon),   g = c (p - y) d logit / d theta + l2 theta (l2 on factors only)
 * Table     2^bits rows of a weight and FR_FM_FACTORS factors; a feature is a row, as in ftrl.h. A row's factors begin as a
 *           hash of the row, uniform within +-initial: two machines of the same seed are alike.
 * Promise   plain loops in a fixed order, single precision: a function of the examples. No memory is taken after new.
 *           load(save(f)) goes on with the same bits.
 * Checked   against a twin in double precision that adds up all pairs, and its gradients against differences:
 *           tests/unit/learn/test_fm.c.
 * Cost      72 bytes a row.
 * Threads   one writer and no reader meanwhile, or any number of readers. */
#ifndef FR_LEARN_FM_H
#define FR_LEARN_FM_H

#include "freshet/learn/ftrl.h"

enum { FR_FM_FACTORS = 8 };

struct fr_fm_params {
    uint32_t bits;              /* 1..24 */
    float rate, factor_rate;    /* > 0: steps of the weights, of the factors */
    float initial, epsilon, l2; /* >= 0; epsilon > 0 */
    uint64_t seed;
};

struct fr_fm;

struct fr_fm *fr_fm_new(const struct fr_fm_params *params); /* gives */
void fr_fm_free(struct fr_fm *m);

/* sum as above of x[n]; 0 of no feature and nothing learnt. */
double fr_fm_logit(const struct fr_fm *m, const struct fr_feature *x, uint32_t n);
/* What each feature brings, out[n]: its weight's part and half of each pair it is in. w_0 + sum out = logit, but for
 * rounding. Returns w_0. */
double fr_fm_shares(const struct fr_fm *m, const struct fr_feature *x, uint32_t n, double *out);
/* One step; offset as fr_ftrl_learn has it. importance >= 0. Returns the logit as it was before, without the offset. */
double fr_fm_learn(struct fr_fm *m, const struct fr_feature *x, uint32_t n, bool label, double importance,
                   double offset);

/* "fm.rows": the whole table; "fm.bias". */
void fr_fm_save(const struct fr_fm *m, struct fr_tensors_writer *w);
enum fr_err fr_fm_load(struct fr_fm *m, const struct fr_tensors_file *file,
                       struct fr_errmsg *msg) FR_MUST_USE;

#endif
