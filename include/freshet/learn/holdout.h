/* holdout.h - a part of what may be learnt from is put aside, to choose by: hyper-parameters, blends.
 *
 * Choice    a sample of users gives up a share of its items, everybody else stays whole: so the rest is about as dense as
 *           what the chosen model is fitted on in the end, and what is put aside of a user looks like what is asked later.
 *           The sample is made of runs of FR_HOLDOUT_RUN users with consecutive numbers, evenly spaced, so that it is
 *           scored in blocks.
 * Promise   a function of its arguments.
 * Memory    owns its arrays. */
#ifndef FR_LEARN_HOLDOUT_H
#define FR_LEARN_HOLDOUT_H

#include "freshet/learn/interactions.h"

enum { FR_HOLDOUT_RUN = 64, FR_HOLDOUT_LEAST = 3 }; /* users with fewer items give up none */

struct fr_holdout {
    struct fr_interactions *rest; /* the same users and items, without what was put aside */
    struct fr_rows truth;         /* what was: rows of all users, empty but for the sample's */
    uint32_t *users, user_n;      /* ascending: those with a row in truth; may be none */
};

/* share of each sampled user's items, rounded, at least one; 0 < share < 1. users_max: how many users are sampled at most
 * (as whole runs). gives */
struct fr_holdout fr_holdout_new(const struct fr_interactions *data, double share, uint32_t users_max,
                                 uint64_t seed);
/* What was put aside elsewhere: data is the rest, truth has a row of each of its users, and maybe more columns. Copies. gives */
struct fr_holdout fr_holdout_given(const struct fr_interactions *data, const struct fr_rows *truth);
void fr_holdout_fini(struct fr_holdout *h);

#endif
