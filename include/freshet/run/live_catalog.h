/* live_catalog.h - a version of the catalogue in the numbers of a live model, for the arrangement of its lists.
 *
 * Memory    owned; records are shared with the version. Costs a look-up an item. Threads: read-only after it is made. */
#ifndef FR_RUN_LIVE_CATALOG_H
#define FR_RUN_LIVE_CATALOG_H

#include "freshet/catalog/features.h"
#include "freshet/recommend/recommender.h"

struct fr_live_catalog {
    bool known; /* there is one */
    struct fr_catalog catalog;
    struct fr_rows content;
    uint64_t records; /* of the items topic that it includes */
};

/* Interns all its items, and lets the recommender's lists be arranged by it. l is not initialised. */
void fr_live_catalog_init(struct fr_live_catalog *l, const struct fr_catalog *catalog,
                          const struct fr_features *features, uint64_t records, struct fr_recommender *r);
void fr_live_catalog_fini(struct fr_live_catalog *l); /* zero-initialised is accepted */

#endif
