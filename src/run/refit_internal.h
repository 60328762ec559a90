/* refit_internal.h - what the files of a refit share. Private to run/refit*.c. */
#ifndef FR_RUN_REFIT_INTERNAL_H
#define FR_RUN_REFIT_INTERNAL_H

#include "freshet/run/refit.h"

struct refit {
    const struct fr_refit *r;
    struct fr_refit_result *out;
    struct fr_histories histories;
    struct fr_time_split split;
    struct fr_rows features; /* of the split's columns; row_n 0: none */
    const struct fr_interactions
        *train; /* what is fitted on: the split's, but for labels shuffled for a test */
    struct fr_bundle *candidate, *incumbent; /* incumbent NULL: none */
};

/* refit_features.c: the catalogue in the numbers of the histories. */
uint32_t refit_catalog_items(struct refit *s, uint32_t **out); /* gives *out: the split's `also` */
void refit_features(struct refit *s);                          /* fills s->features */
/* Takes families out that need features when there are none; returns how many are left. */
uint32_t refit_families(const struct refit *s, struct fr_refit_family *families, uint32_t n);

double refit_seconds(void *context); /* of a clock that only goes forward */
/* Families with values and weights: as given, or chosen on a part of train. families is a copy of the parameters'. */
enum fr_err refit_choose(struct refit *s, struct fr_refit_family *families, uint32_t family_n,
                         enum fr_blend_parts *parts, struct fr_errmsg *msg);

#endif
