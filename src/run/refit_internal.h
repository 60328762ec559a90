/* refit_internal.h - what the files of a refit share. Private to run/refit*.c. */
#ifndef FR_RUN_REFIT_INTERNAL_H
#define FR_RUN_REFIT_INTERNAL_H

#include "freshet/run/refit.h"

struct refit {
    const struct fr_refit *r;
    struct fr_refit_result *out;
    struct fr_histories histories;
    struct fr_time_split split;
    const struct fr_interactions
        *train; /* what is fitted on: the split's, but for labels shuffled for a test */
    struct fr_bundle *candidate, *incumbent; /* incumbent NULL: none */
};

double refit_seconds(void *context); /* of a clock that only goes forward */
/* Families with values and weights: as given, or chosen on a part of train. families is a copy of the parameters'. */
enum fr_err refit_choose(struct refit *s, struct fr_refit_family *families, enum fr_blend_parts *parts,
                         struct fr_errmsg *msg);

#endif
