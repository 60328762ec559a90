/* live_model.h - the model that lists are made with at the moment, as the learner's snapshots have it (run/snapshot_follow.h).
 *
 * Promise   a model is swapped in whole, with the bundle in force; a reader keeps the one it took. A model that cannot be read
 *           is said in the log and left out; the one before stays.
 * Threads   fr_live_follow has one thread of its own with a store endpoint of its own; the slot may be read by any.
 * Memory    the slot owns struct fr_live_model; models share the bundle they have in common. */
#ifndef FR_RUN_LIVE_MODEL_H
#define FR_RUN_LIVE_MODEL_H

#include "freshet/run/catalog_follow.h"
#include "freshet/run/live_catalog.h"
#include "freshet/run/live_learner.h"
#include "freshet/run/slot.h"
#include "freshet/run/snapshot_follow.h"

/* The model of the feed's lists: the key of its examples. */
#define FR_MODEL_FEED FR_STR(FR_CONTROL_KEY)

struct fr_live_model {
    struct fr_live_learner learner;
    char version[FR_LIVE_VERSION_BYTES];
    struct fr_slot *bundles; /* where the bundle is from; NULL: somebody else keeps it */
    struct fr_slot_hold bundle;
    struct fr_live_catalog catalog; /* for the arrangement of lists */
};

struct fr_live_follow;

struct fr_live_follow_config {
    struct fr_snapshot_source source;
    struct fr_recommender_params params;
    struct fr_slot *catalogs; /* of struct fr_catalog_version, kept; NULL: there is no catalogue */
};

/* Starts the thread. gives */
struct fr_live_follow *fr_live_follow_start(const struct fr_live_follow_config *config);
/* Of struct fr_live_model. Lent until stop. */
struct fr_slot *fr_live_follow_slot(struct fr_live_follow *f);
/* Whether it has looked: the latest model, with the catalogue, is in the slot, or there is none yet. Any thread. */
bool fr_live_follow_is_ready(struct fr_live_follow *f);
void fr_live_follow_stop(struct fr_live_follow **f); /* nobody may hold a model */

#endif
