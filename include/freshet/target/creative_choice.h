/* creative_choice.h - which of a campaign's creatives to show (or which of the new campaigns to try), with the probability
 * of that choice.
 *
 * Thompson  each arm's click rate is Beta(prior yes + yes, prior no + n - yes); an arm is chosen with the probability that its
 *           rate is the highest (Thompson 1933). That probability is the propensity, by quadrature:
 *             P(a) = integral of f_a(x) * product over b != a of F_b(x) dx,
 *           within 1e-5 (tested), scaled to sum to 1. The choice is drawn from those probabilities, so the propensity logged is
 *           that of the draw, to the bit.
 * Epsilon   with probability epsilon any arm alike, else the one of the highest posterior mean, the first of equals.
 * Prior     of a campaign with rate r: Beta(strength r, strength (1 - r)): fr_choice_prior_of.
 * Bounds    FR_CHOICE_ARMS arms. Thompson costs O(arms^2 * FR_CHOICE_KNOTS) exponentials: 5 arms some tenth of a millisecond.
 * Promise   functions of their arguments: the same choice wherever it is made from the same seed. Pure. Threads: any. */
#ifndef FR_TARGET_CREATIVE_CHOICE_H
#define FR_TARGET_CREATIVE_CHOICE_H

#include <stdint.h>

enum { FR_CHOICE_ARMS = 64, FR_CHOICE_KNOTS = 128 };

struct fr_choice_arm {
    double n, yes; /* impressions and clicks; may be discounted counts; yes <= n */
};

struct fr_choice_prior {
    double yes, no; /* both above 0 */
};

struct fr_choice {
    uint32_t arm;
    double propensity;
};

/* rate is moved to [1e-4, 1 - 1e-4], so that an arm can always surprise; strength > 0: how many impressions the campaign's rate
 * counts as. */
struct fr_choice_prior fr_choice_prior_of(double rate, double strength);

/* Probabilities[arm_n], above or equal 0, sum 1. arm_n from 1 to FR_CHOICE_ARMS. */
void fr_choice_thompson(const struct fr_choice_arm *arms, uint32_t arm_n, const struct fr_choice_prior *prior,
                        double *probabilities);
void fr_choice_epsilon(const struct fr_choice_arm *arms, uint32_t arm_n, const struct fr_choice_prior *prior,
                       double epsilon, double *probabilities);

/* An arm drawn with its probability; the seed is a hash of what identifies the request. Never one of probability 0. */
struct fr_choice fr_choice_draw(const double *probabilities, uint32_t arm_n, uint64_t seed);

#endif
