/* bundle_attach.h - the fitted models of a bundle as sources of a recommender.
 *
 * Places    what the ranker has learnt of a source stands at the source's place, so a family keeps its place from bundle to
 *           bundle, also while a bundle lacks it: then it proposes nothing. The list of places travels with what was learnt.
 * Families  those whose names no streaming source has: item neighbours and popularity are kept up to date by the stream.
 * Promise   a function of (bundle, places, recommender). Ids of the bundle's items are interned, in their order.
 * Memory    the bundle is borrowed: it outlives the recommender. */
#ifndef FR_LEARN_BUNDLE_ATTACH_H
#define FR_LEARN_BUNDLE_ATTACH_H

#include "freshet/learn/bundle.h"
#include "freshet/recommend/recommender.h"

struct fr_fitted_places {
    char names[FR_BUNDLE_MODELS_MAX][32]; /* [n] of families, in the order of their places */
    uint32_t n;
};

/* b NULL: no bundle. Families that are new get the places behind the others. */
void fr_bundle_attach(const struct fr_bundle *b, struct fr_fitted_places *places, struct fr_recommender *r);
/* "spectral,als", and back; what is no list of names is an empty one. */
void fr_fitted_places_write(const struct fr_fitted_places *places, struct fr_buf *out);
void fr_fitted_places_read(struct fr_str text, struct fr_fitted_places *out);

#endif
