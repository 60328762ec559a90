/* propensity_features.h - a user's state at a time as a row of numbers: what propensities are fitted on and asked with.
 *
 * Columns   tenure, silence, events, sessions, things in the history; of each kind of event how often ever; of each behaviour that
 *           the history keeps times of, the days since and the count in the last 7, 30 and 90 days; purchases a week, what was
 *           spent in 30 and 90 days where prices are known; with a catalogue, the share of the touches that each of its
 *           FR_FEATURE_CATEGORIES largest broadest categories has; with a target category, its share, purchases in 7, 30 and 90
 *           days, and days since. NaN: there is none.
 * Promise   a function of (state, time, prices, catalogue): training rows and live scores come from the same code. Counts over
 *           windows are of the times that the bounded history keeps (docs/STATE.md), so they are lower bounds.
 * Threads   read-only once made.
 * Memory    names and categories lie in the arena given; all else is borrowed. */
#ifndef FR_TARGET_PROPENSITY_FEATURES_H
#define FR_TARGET_PROPENSITY_FEATURES_H

#include "freshet/base/arena.h"
#include "freshet/catalog/catalog.h"
#include "freshet/profile/user.h"

enum { FR_FEATURE_CATEGORIES = 24, FR_FEATURE_COLUMNS_MAX = 160 };

struct fr_propensity_features {
    const struct fr_catalog *catalog; /* under the numbers of the users' histories; NULL: none */
    struct fr_str categories[FR_FEATURE_CATEGORIES], target;
    uint32_t category_n, column_n;
    struct fr_str names[FR_FEATURE_COLUMNS_MAX];
};

/* target: a level of items' category paths; len 0: none. */
void fr_propensity_features_init(struct fr_propensity_features *f, const struct fr_catalog *catalog,
                                 struct fr_str target, struct fr_arena *arena);
/* Last prices of items by number; NAN or past price_n: not known. */
struct fr_known_prices {
    const float *at;
    uint32_t n;
};
/* Of a user's state at now_ms, when nothing at or after it has been applied; out[column_n]. */
void fr_propensity_features_of(const struct fr_propensity_features *f, const struct fr_user *user,
                               fr_time_ms now_ms, struct fr_known_prices prices, float *out);
/* Whether the item has this level in its category path. */
bool fr_item_is_of(const struct fr_catalog *catalog, uint32_t item, struct fr_str category);

#endif
