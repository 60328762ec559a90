/* item.h - the state of one item: its counts per epoch, per group, and per other item it was seen with.
 *
 * Promise   until the first drop the buckets are a function of the multiset of deltas added, in any
 *           order and however they were cut into records; afterwards what is missing is bounded by
 *           missed (docs/AFFINITY.md sections 6 and 7).
 *
 * Not       no similarity: see neighbors.h. No clock: the newest epoch is the newest delta's.
 *
 * Threads   one owner.
 *
 * Memory    12 bytes a bucket in one sorted array, owned. At most rules->pairs_per_item others and
 *           FR_ITEM_GROUPS_MAX groups between records, each with at most window_epochs buckets.
 *
 * Errors    decode refuses what is not a state. */
#ifndef FR_AFFINITY_ITEM_H
#define FR_AFFINITY_ITEM_H

#include "freshet/affinity/decay.h"
#include "freshet/affinity/delta.h"

enum { FR_ITEM_GROUPS_MAX = 256, FR_ITEM_VERSION = 1 };

struct fr_bucket {
    uint32_t code; /* FR_CODE_COUNT, fr_code_pair(other) or fr_code_group(group) */
    int32_t epoch;
    int32_t weight; /* never 0; stops at +-(2^31 - 1) */
};

/* Zero-initialised is the empty state. Invariant: buckets ascend by (code, epoch). */
struct fr_item {
    struct fr_bucket *buckets; /* [n] */
    uint32_t n, cap;
    uint32_t others_n, groups_n;  /* different ones among the buckets */
    uint32_t pairs_at, groups_at; /* where they start */
    int32_t newest;               /* epoch; the latest that any delta had; meaningless while untouched */
    int32_t missed_epoch;
    int64_t missed;          /* the most that a pair can lack, in units of 2^-32, at missed_epoch */
    uint32_t groups_dropped; /* deltas of groups beyond FR_ITEM_GROUPS_MAX */
    bool dropped;            /* a pair was dropped: see section 7 */
    bool touched;
};

struct fr_item_rules {
    const struct fr_decay *decay; /* keeps: outlives the rules */
    uint32_t pairs_per_item;      /* at least 4 */
};

/* A pair and what it is worth, while pairs are pruned. */
struct fr_item_value {
    int64_t value;   /* in units of 2^-32, stops at 2^63 - 1 */
    uint64_t prefix; /* of the other's id: see fr_item_id_prefix */
    uint32_t other;  /* dictionary number */
    uint32_t first;  /* its first bucket */
};

/* Where a delta goes that has no bucket yet. */
struct fr_item_place {
    uint32_t delta, before;
};

/* Memory that applying reuses. Zero-initialised is ready. */
struct fr_item_scratch {
    struct fr_item_place *places;
    size_t places_cap;
    struct fr_item_value *values;
    size_t values_cap;
};
void fr_item_scratch_fini(struct fr_item_scratch *scratch);

enum fr_item_changes {
    FR_ITEM_SAME = 0,
    FR_ITEM_COUNTS = 1, /* the item's or a group's counts changed */
    FR_ITEM_PAIRS = 2,
    FR_ITEM_PRUNED = 4,
};

/* Adds one item's entries of one record (sorted by (code, epoch), as fr_delta_record_read gives them), removes what
 * left the window, then drops pairs beyond the bound. dict orders ties by id. Returns enum fr_item_changes.
 */
unsigned fr_item_apply(struct fr_item *item, const struct fr_item_rules *rules, const struct fr_dict *dict,
                       const struct fr_delta *deltas, uint32_t n, struct fr_item_scratch *scratch);

/* States are spread over memory and adding to one is mostly waiting for it. Before applying to items in a row, call
 * this with one that comes some 8 items later and the other with one some 4 items later. */
static inline void fr_item_prefetch(const struct fr_item *item) {
    __builtin_prefetch(item);
    __builtin_prefetch((const char *)item + sizeof *item - 1);
}
static inline void fr_item_prefetch_buckets(const struct fr_item *item) {
    const char *at = (const char *)item->buckets, *end = (const char *)(item->buckets + item->n);
    for (unsigned line = 0; line < 12 && at < end; line++, at += 64) __builtin_prefetch(at);
}

/* Fills in what follows from the buckets: others_n, groups_n, pairs_at, groups_at. */
void fr_item_recount(struct fr_item *item);
/* Nothing is stored and nothing was dropped: the state equals one that never was. */
bool fr_item_is_empty(const struct fr_item *item);
/* Nothing can be read at this epoch or later: the state may be deleted. */
bool fr_item_is_expired(const struct fr_item *item, const struct fr_item_rules *rules, int32_t epoch);
/* NULL, or which invariant does not hold. */
const char *fr_item_check(const struct fr_item *item, const struct fr_item_rules *rules);
size_t fr_item_bytes(const struct fr_item *item);
void fr_item_fini(struct fr_item *item);

/* The state as MessagePack (docs/STATE.md): ids come in the order of the dictionary. */
void fr_item_encode(const struct fr_item *item, const struct fr_dict *dict, struct fr_buf *out);
/* Total. False leaves item empty. Replaces what item held; interns ids. */
bool fr_item_decode(struct fr_item *item, struct fr_dict *dict, struct fr_str bytes);

#endif
