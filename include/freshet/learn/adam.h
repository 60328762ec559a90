/* adam.h - Adam with decoupled weight decay, one step over one array.
 *
 * Formula   m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  w <- w - rate decay w - rate_t m / (sqrt(v) + epsilon),
 *           rate_t = rate sqrt(1 - b2^t) / (1 - b1^t) (Kingma and Ba 2015, the form before their section 3, as
 *           scikit-learn has it; decay as in AdamW, Loshchilov and Hutter 2019).
 * Sparse    rows of a table that a batch did not touch may be left out ("lazy": their moments stand still): call it for each
 *           row that was touched, with the table's t.
 * Promise   plain loops in a fixed order: the same bits on any machine. */
#ifndef FR_LEARN_ADAM_H
#define FR_LEARN_ADAM_H

#include <stddef.h>
#include <stdint.h>

struct fr_adam {
    double rate, beta1, beta2, epsilon, decay;
};

#define FR_ADAM_DEFAULTS ((struct fr_adam){.rate = .001, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8})

/* Step number t >= 1; gradient[n], moments m[n] and v[n] of the caller, 0 before the first step. */
void fr_adam_step(const struct fr_adam *a, uint64_t t, size_t n, const float *gradient, float *m, float *v,
                  float *weights);

/* The same in two parts, for many short rows at one t. */
struct fr_adam_pace {
    float beta1, gain1, beta2, gain2, rate, epsilon, keep;
};
struct fr_adam_pace fr_adam_pace(const struct fr_adam *a, uint64_t t);
void fr_adam_apply(const struct fr_adam_pace *p, size_t n, const float *gradient, float *m, float *v,
                   float *weights);

#endif
