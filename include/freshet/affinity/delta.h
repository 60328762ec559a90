/* delta.h - from changed histories to affinity records: collect a batch's differences, sum them, pack
 * them.
 *
 * Promise   what comes out of finish, decoded and added up, is exactly the sum of what was emitted
 *           (docs/AFFINITY.md sections 5 and 8).
 *
 * Not       knows no state: the caller brings a user's history as it stands and what changed in it.
 *
 * Threads   one owner.
 *
 * Memory    owns its arrays and record buffers and keeps them for the next batch; records are lent until
 *           the next clear. Bounded by the batch: 24 bytes a difference while it is collected and
 *           packed.
 *
 * Errors    none. */
#ifndef FR_AFFINITY_DELTA_H
#define FR_AFFINITY_DELTA_H

#include "freshet/base/dict.h"
#include "freshet/base/varint.h"

struct fr_history;
struct fr_history_change;
struct fr_profile_rules;

/* What a weight belongs to, next to its item: the item's own count, a pair with another item, or a group's
 * count of the item. Numbers are the dictionary's, so below 2^31 - 1; codes of one kind ascend with them. */
enum { FR_CODE_COUNT = 0 };
enum fr_code_kind { FR_CODE_IS_COUNT, FR_CODE_IS_PAIR, FR_CODE_IS_GROUP };

static inline uint32_t fr_code_pair(uint32_t item) { return 1 + item; }
static inline uint32_t fr_code_group(uint32_t group) { return 0x80000000u | group; }
static inline enum fr_code_kind fr_code_kind(uint32_t code) {
    return code == FR_CODE_COUNT ? FR_CODE_IS_COUNT : code >> 31 ? FR_CODE_IS_GROUP : FR_CODE_IS_PAIR;
}
/* The item or group of a code that is not the count. */
static inline uint32_t fr_code_number(uint32_t code) { return code >> 31 ? code & 0x7fffffff : code - 1; }

/* Add weight to the bucket of this epoch. */
struct fr_delta {
    uint32_t item, code;
    int32_t epoch, weight;
};

struct fr_delta_list {
    struct fr_delta *at; /* [n] */
    size_t n, cap;
};

/* Sorts by (item, code); equal ones keep their order. spare is working memory, kept by the caller. */
void fr_delta_sort(struct fr_delta_list *list, struct fr_delta_list *spare);
/* The same for a part of a list, in place. */
void fr_delta_sort_run(struct fr_delta *run, size_t n, struct fr_delta_list *spare);
/* Sums equal (item, code, epoch) of a sorted list and leaves out sums of 0; epochs then ascend too. */
void fr_delta_sum(struct fr_delta_list *list);
/* Room for at least n deltas altogether. */
void fr_delta_reserve(struct fr_delta_list *list, size_t n);
void fr_delta_list_fini(struct fr_delta_list *list);

static inline void fr_delta_push(struct fr_delta_list *list, struct fr_delta delta) {
    if (list->n == list->cap) fr_delta_reserve(list, list->n + 1);
    list->at[list->n++] = delta;
}
/* Bucket weights stop at +-(2^31 - 1) instead of wrapping. */
static inline int32_t fr_delta_add(int32_t a, int32_t b) {
    int64_t sum = (int64_t)a + b;
    return sum > INT32_MAX ? INT32_MAX : sum < -INT32_MAX ? -INT32_MAX : (int32_t)sum;
}

struct fr_delta_sink;

/* Keeps dict until free. partitions is the affinity topic's, max_bytes bounds a record (0: 700,000); an item
 * whose entries do not fit is continued in the next record. */
struct fr_delta_sink *fr_delta_sink_new(const struct fr_dict *dict, uint32_t partitions, size_t max_bytes);
void fr_delta_sink_free(struct fr_delta_sink **sink);
/* Forgets what was collected and the records. */
void fr_delta_sink_clear(struct fr_delta_sink *sink);
size_t fr_delta_sink_bytes(const struct fr_delta_sink *sink); /* memory held */

/* One user's changes, in the order in which they happened; after is the history with all of them applied
 * (borrowed). A group is a number of dict or FR_DICT_NONE; when it changes, call once with both groups. */
void fr_delta_emit(struct fr_delta_sink *sink, const struct fr_profile_rules *rules,
                   const struct fr_history *after, const struct fr_history_change *changes, uint32_t n,
                   uint32_t group_before, uint32_t group_after);

/* One difference by itself: a count or group count of item (goes where item goes), or both directions of the
 * pair of two different items. */
void fr_delta_sink_add(struct fr_delta_sink *sink, struct fr_delta delta);

/* Sums and packs everything collected. Returns the number of records; fr_delta_sink_record lends them, by
 * ascending partition. */
uint32_t fr_delta_finish(struct fr_delta_sink *sink);
uint32_t fr_delta_sink_record(const struct fr_delta_sink *sink, uint32_t i,
                              struct fr_str *bytes); /* partition */

#endif
