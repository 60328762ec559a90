/* audience_like.h - who is like a seed: target/look_alike.h with the profiles in the store and the bundle in force.
 *
 * Reads     all profiles twice: once for the seed's direction, once for everybody else's distance from it.
 * Memory    a vector or two; with a list 24 bytes and the id of each person with a similarity above 0. */
#ifndef FR_APP_AUDIENCE_LIKE_H
#define FR_APP_AUDIENCE_LIKE_H

#include "audience_world.h"

struct audience_like_wishes {
    const char *segment; /* whose rule it is; NULL: nobody's */
    const char *list;    /* a file for the ids of the nearest, one a line; NULL: none is written */
    int64_t most;        /* of the list */
    double least;        /* similarity, of the list */
};

/* Prints sizes. seed: prepared. Returns an exit code; what is wrong has been said: FR_EXIT_USAGE where too few people are in the seed
 * or would be in the list, FR_EXIT_NO_INPUT without vectors. */
int audience_like(const struct fr_app *app, struct audience_world *w, const struct fr_rule *seed,
                  const struct audience_like_wishes *wishes);

#endif
