/* item_runs.h - the pairs or groups of an item as runs of buckets, in an order that does not depend on
 * the dictionary. For the codec and the dump; private to affinity/.
 *
 * Threads   one owner.
 *
 * Memory    runs are the caller's, at least others_n + groups_n of them. */
#ifndef FR_AFFINITY_ITEM_RUNS_H
#define FR_AFFINITY_ITEM_RUNS_H

#include "freshet/affinity/item.h"

/* The buckets of one pair or group: buckets[first .. first + n). */
struct fr_item_run {
    uint64_t key;    /* what runs are sorted by first */
    uint32_t number; /* dictionary number of the other item or the group; breaks ties by its id */
    uint32_t first, n;
};

/* The first 8 bytes as a number that orders as they do: most comparisons of ids need no more. */
uint64_t fr_item_id_prefix(struct fr_str id);
/* By key, then by id; dict may be NULL when no keys are equal. */
void fr_item_runs_sort(struct fr_item_run *runs, uint32_t n, const struct fr_dict *dict);
/* The runs among buckets[from .. to), by id. Returns how many. */
uint32_t fr_item_runs_by_id(const struct fr_item *item, uint32_t from, uint32_t to,
                            const struct fr_dict *dict, struct fr_item_run *runs);

#endif
