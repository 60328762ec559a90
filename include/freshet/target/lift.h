/* lift.h - did a campaign change anything: the treated against the control group, and the control group itself.
 *
 * Counts    successes among people (or impressions) of a group. Bounds are two-sided at the confidence asked for.
 * Difference   rate treated - rate control: Newcombe's hybrid of two Wilson score intervals (Newcombe 1998, method 10): right in
 *           coverage down to small counts, never outside -1 .. 1.
 * Relative  rate treated / rate control - 1: the log of a ratio of rates is nearly normal (Katz and others 1978); when one of the
 *           groups has no success, half of one is added to the successes and to the people of both.
 * Test      two proportions, pooled, z of the normal distribution, two-sided (Fleiss 1981).
 * Calibration  happened / predicted: Byar's approximation to the exact limits of a Poisson count (Breslow and Day 1987).
 * Checked   against statsmodels 0.14 and scipy: tests/reference/lift.py.
 * Promise   functions of their arguments. Pure. Threads: any. */
#ifndef FR_TARGET_LIFT_H
#define FR_TARGET_LIFT_H

#include "freshet/base/str.h"
#include <stdbool.h>
#include <stdint.h>

struct fr_group_count {
    uint64_t n, yes; /* yes <= n */
};

struct fr_bounded {
    double value, low, high; /* NaN: cannot be said */
};

struct fr_lift {
    struct fr_bounded difference, relative; /* NaN when a group is empty */
    double z, p; /* of no difference; NaN when a group is empty or all answers are the same */
};

/* confidence between 0 and 1, e.g. 0.95. */
struct fr_lift fr_lift_of(struct fr_group_count treated, struct fr_group_count control, double confidence);

/* Wilson's score interval of one rate; NaN for n = 0. */
struct fr_bounded fr_rate_bounded(struct fr_group_count group, double confidence);

/* happened / predicted; predicted is a sum of probabilities. NaN when it is not above 0. */
struct fr_bounded fr_calibration_ratio(double predicted, uint64_t happened, double confidence);

/* Whether a user is in a campaign's control group: XXH3 of salt, campaign and user below share (0 to 1). The same answer
 * for ever; groups of two campaigns, or two salts, are independent; raising the share only adds people. */
bool fr_is_control(struct fr_str user, struct fr_str campaign, uint64_t salt, double share);

#endif
