/* ads_follow.h - the click and conversion models that ads are scored with at the moment, as the learner's snapshots have them.
 *
 * Promise   as run/snapshot_follow.h; a pair of models is swapped in whole.
 * Threads   one of its own; the slot may be read by any. Memory: the slot owns struct fr_live_ads, to be asked only. */
#ifndef FR_RUN_ADS_FOLLOW_H
#define FR_RUN_ADS_FOLLOW_H

#include "freshet/run/live_ads.h"
#include "freshet/run/slot.h"
#include "freshet/run/snapshot_follow.h"

struct fr_ads_follow;

/* Starts the thread. params: those that the learner has. gives */
struct fr_ads_follow *fr_ads_follow_start(const struct fr_snapshot_source *source,
                                          const struct fr_live_ads_params *params);
struct fr_slot *fr_ads_follow_slot(struct fr_ads_follow *f); /* lent until stop */
/* Whether it has looked: the latest snapshot is in the slot, or there is none yet. Any thread. */
bool fr_ads_follow_is_ready(struct fr_ads_follow *f);
void fr_ads_follow_stop(struct fr_ads_follow **f); /* nobody may hold anything */

#endif
