/* item_json.h - an item's neighbours and state as JSON, for the output topic and for people.
 *
 * Threads   one owner a call.
 *
 * Memory    appends to out.
 *
 * Errors    none. */
#ifndef FR_AFFINITY_ITEM_JSON_H
#define FR_AFFINITY_ITEM_JSON_H

#include "freshet/affinity/neighbors.h"
#include "freshet/base/clock.h"

/* The value of a record of <prefix>.item-neighbors. */
void fr_neighbors_json(const struct fr_neighbors *neighbors, const struct fr_dict *dict,
                       struct fr_str item_id, fr_time_ms generated_at_ms, struct fr_buf *out);

/* One line of `freshet dump items`, without the newline: the state as it is read at this epoch, pairs and
 * groups by ascending id, the raw buckets that can still be read beside them, at most k neighbours. Numbers
 * have the digits that a reader needs to get the same double. */
void fr_item_json(const struct fr_item *item, const struct fr_decay *decay, const struct fr_dict *dict,
                  struct fr_str item_id, int32_t epoch, struct fr_counts counts, uint32_t k,
                  struct fr_buf *out);

#endif
