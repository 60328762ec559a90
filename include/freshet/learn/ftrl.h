/* ftrl.h - logistic regression that learns one example at a time: FTRL-proximal over hashed features.
 *
 * Formula   p = 1 / (1 + exp(-sum w_i x_i)); of an example with label y and importance c, per coordinate (McMahan et al.
 *           2013, algorithm 1):
 *             g = c (p - y) x_i;  sigma = (sqrt(n_i + g^2) - sqrt(n_i)) / alpha;  z_i += g - sigma w_i;  n_i += g^2
 *             w_i = 0 if |z_i| <= l1, else -(z_i - sign(z_i) l1) / ((beta + sqrt(n_i)) / alpha + l2)
 * Table     2^bits weights; a feature is a place in it, the caller's hash cut to bits. What falls onto the same place shares
 *           a weight. A feature may stand in an example only once; of the same place twice, both get their step.
 * Promise   plain loops in a fixed order, single precision: a function of the examples. No memory is taken after new.
 *           load(save(f)) goes on with the same bits.
 * Checked   against Vowpal Wabbit's --ftrl and a twin in double precision: tests/unit/learn/test_ftrl.c.
 * Cost      12 bytes a weight; about 3 ns a feature to predict and 8 to learn while the table is in the cache.
 * Threads   one writer and no reader meanwhile, or any number of readers. */
#ifndef FR_LEARN_FTRL_H
#define FR_LEARN_FTRL_H

#include "freshet/base/tensors.h"

struct fr_feature {
    uint32_t place; /* < 2^bits */
    float value;
};

struct fr_ftrl_params {
    uint32_t bits;      /* 1..28 */
    float alpha;        /* > 0: the length of steps */
    float beta, l1, l2; /* >= 0; beta > 0 or l2 > 0 */
};

struct fr_ftrl;

struct fr_ftrl *fr_ftrl_new(const struct fr_ftrl_params *params); /* gives */
void fr_ftrl_free(struct fr_ftrl *f);

float fr_ftrl_weight(const struct fr_ftrl *f, uint32_t place);
/* sum w_i x_i; 0 of nothing learnt. */
double fr_ftrl_logit(const struct fr_ftrl *f, const struct fr_feature *x, uint32_t n);
/* One step towards the answer, where offset + logit is what is predicted: the offset is known from elsewhere and not learnt.
 * importance >= 0. Returns the logit as it was before, without the offset. */
double fr_ftrl_learn(struct fr_ftrl *f, const struct fr_feature *x, uint32_t n, bool label, double importance,
                     double offset);

/* "ftrl.places" and "ftrl.states" [.][2]: the weights that were ever learnt. */
void fr_ftrl_save(const struct fr_ftrl *f, struct fr_tensors_writer *w);
/* Into one that has learnt nothing yet, of the same params. FR_STATE_CORRUPT: it is then unspecified. */
enum fr_err fr_ftrl_load(struct fr_ftrl *f, const struct fr_tensors_file *file,
                         struct fr_errmsg *msg) FR_MUST_USE;

#endif
