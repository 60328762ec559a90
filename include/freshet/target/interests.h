/* interests.h - what a user is interested in, by category and tag: shares of the history's strengths.
 *
 * Formula   share(c) = sum over items in c of the strength at now / the same sum over all items of the catalogue in the history.
 *           An item counts in full for each level of its category and for each of its tags, so shares do not add up to 1.
 *           Texts compare without regard to case (ASCII).
 * Promise   a function of (history, rules, catalogue, now). Strengths fade as in affinity (half-life in epochs).
 * Threads   any. Memory: the arena's. Cost: a look-up an item of the history. */
#ifndef FR_TARGET_INTERESTS_H
#define FR_TARGET_INTERESTS_H

#include "freshet/affinity/decay.h"
#include "freshet/catalog/catalog.h"
#include "freshet/profile/user.h"

struct fr_interest {
    struct fr_str name; /* lower case; lent by the arena or the catalogue */
    double share;       /* above 0, at most 1 */
};

struct fr_interests {
    const struct fr_interest *at; /* [n] ascending by name */
    uint32_t n;
};

/* catalog NULL: none is known, and there are no interests. ids: the profile's dictionary. */
struct fr_interests fr_interests_of(const struct fr_user *u, const struct fr_profile_rules *rules,
                                    const struct fr_decay *decay, const struct fr_dict *ids,
                                    const struct fr_catalog *catalog, fr_time_ms now_ms,
                                    struct fr_arena *arena);
/* 0: none. The name in any case. */
double fr_interests_share(const struct fr_interests *i, struct fr_str name);

#endif
