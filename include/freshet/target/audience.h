/* audience.h - how many people a rule reaches, said so that no one of them can be picked out: docs/RULES.md.
 *
 * Formula   people counted + noise, to the nearest FR_AUDIENCE_STEP. The noise is drawn from a Laplace distribution of scale
 *           FR_AUDIENCE_SCALE, cut off at FR_AUDIENCE_NOISE_MOST, with a seed made of the salt and of who was counted:
 *           the sums of their ids' hashes.
 * Sticky    the same people have the same estimate, whenever and however they are asked for: asking again, or writing the rule in
 *           another way, averages nothing out. Somebody more or less is another draw.
 * Few       nothing is said of a set unless its count with the noise is at least FR_AUDIENCE_LEAST + FR_AUDIENCE_NOISE_MOST: so
 *           never of one below FR_AUDIENCE_LEAST, and who comes as the 50th does not switch the answer on. If those who are left out
 *           are as few, they are not told apart from none: the estimate is the one of everybody.
 * Promise   a function of (sets, salt); the order of adding does not matter. Pure.
 * Not       no shield against one who may ask for many different sets and knows most of the people in them: each
 *           answer tells a little (docs/RULES.md says how little).
 * Threads   one owner of a set. */
#ifndef FR_TARGET_AUDIENCE_H
#define FR_TARGET_AUDIENCE_H

#include "freshet/base/str.h"

enum { FR_AUDIENCE_LEAST = 50, FR_AUDIENCE_STEP = 10, FR_AUDIENCE_SCALE = 5, FR_AUDIENCE_NOISE_MOST = 25 };
#define FR_AUDIENCE_FEW (-1)

/* A set of people; zero-initialised is empty. Each is added once. */
struct fr_audience {
    uint64_t n, low, high; /* people; sums of the halves of their ids' hashes */
};

void fr_audience_add(struct fr_audience *a, struct fr_str user_id);
/* matching is a part of everybody. FR_AUDIENCE_FEW, or a multiple of FR_AUDIENCE_STEP of at least 50. */
int64_t fr_audience_estimate(const struct fr_audience *matching, const struct fr_audience *everybody,
                             struct fr_str salt);

#endif
