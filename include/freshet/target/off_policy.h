/* off_policy.h - what a policy would have earned, from the log of another one that wrote down its propensities.
 *
 * Round     the logging policy chose `action` (for a place `position`) with probability `propensity` > 0; `reward` followed.
 * Formulas  w = pi(action) / propensity, at most `clip`; q the predicted reward; v = sum over a of pi(a) q(a):
 *             IPS    mean of w reward                              Horvitz and Thompson 1952
 *             SNIPS  sum of w reward / sum of w                    Swaminathan and Joachims 2015
 *             DM     mean of v
 *             DR     mean of v + w (reward - q(action))            Dudik, Langford and Li 2011
 *             SNDR   mean of v + sum of w (reward - q(action)) / sum of w
 *           IPS and DR are unbiased if the propensities are true, and every action of pi could have been chosen.
 * Interval  percentiles of estimates on rounds drawn with replacement, as many as there are (Efron 1979). The
 *           self-normalised ones are normalised anew in each drawing. q is not refitted.
 * Checked   against obp 0.5.7: tests/reference/off_policy.py.
 * Promise   functions of their arguments and the seed: the same on any machine. Pure.
 * Threads   any. */
#ifndef FR_TARGET_OFF_POLICY_H
#define FR_TARGET_OFF_POLICY_H

#include "freshet/base/err.h"
#include <stdint.h>

enum fr_off_policy_estimator {
    FR_OFF_POLICY_IPS,
    FR_OFF_POLICY_SNIPS,
    FR_OFF_POLICY_DM,
    FR_OFF_POLICY_DR,
    FR_OFF_POLICY_SNDR,
    FR_OFF_POLICY_N
};

/* One round as the estimators see it: all of them are ratios of sums of these. */
struct fr_off_policy_round {
    double weight; /* pi(action) / propensity, before clipping */
    double reward;
    double value;   /* v: predicted reward under pi; 0 when there is no reward model */
    double factual; /* q(action), the same */
};

struct fr_off_policy_options {
    double clip;       /* weights above are lowered to it; 0: none */
    uint32_t drawings; /* of the bootstrap; 0: no intervals */
    double confidence; /* 0.95: the interval leaves out 2.5 % on either side */
    uint64_t seed;
    bool has_predictions; /* without, DM, DR and SNDR are NaN */
};

#define FR_OFF_POLICY_DEFAULTS \
    ((struct fr_off_policy_options){.drawings = 1000, .confidence = .95, .seed = 1, .has_predictions = true})

struct fr_off_policy_estimate {
    double value, low, high; /* NaN: not defined (no predictions, all weights 0, no drawings) */
};

/* Of the weights that were used. Under true propensities their mean is near 1. */
struct fr_off_policy_weights {
    double mean, max, effective_n; /* (sum of w)^2 / sum of w^2: Kish 1965; 0 when all are 0 */
    uint32_t clipped_n, zero_n;
};

struct fr_off_policy_result {
    struct fr_off_policy_estimate estimates[FR_OFF_POLICY_N];
    struct fr_off_policy_weights weights;
};

/* n > 0 rounds. Takes O(n * drawings). */
void fr_off_policy_estimate(const struct fr_off_policy_round *rounds, uint32_t n,
                            const struct fr_off_policy_options *options, struct fr_off_policy_result *out);

/* A round of a policy pi[action_n] (sums to 1) under predictions q[action_n]; q NULL: none. */
struct fr_off_policy_round fr_off_policy_round_of(uint32_t action, double reward, double propensity,
                                                  const double *pi, const double *q, uint32_t action_n);

const char *fr_off_policy_name(enum fr_off_policy_estimator estimator); /* "snips" */

#endif
