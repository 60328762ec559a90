/* neighbors.h - what is similar to an item, computed from its state, and the view that others read.
 *
 * Promise   integer sums, then similarity = pair / sqrt(count * other's count) in double, so that
 *           everybody gets the same bits; best first, ties by the smaller id.
 *
 * Not       the view is derived and never read back as state.
 *
 * Threads   one owner a call.
 *
 * Memory    out is the caller's.
 *
 * Errors    decode refuses what is not a view. */
#ifndef FR_AFFINITY_NEIGHBORS_H
#define FR_AFFINITY_NEIGHBORS_H

#include "freshet/affinity/item.h"

enum { FR_NEIGHBORS_MAX = 1000, FR_NEIGHBORS_VERSION = 1 };

struct fr_neighbor {
    uint32_t item;
    double similarity; /* above 0; can pass 1 only when a count left the window before a pair did */
    double pair;       /* decayed co-occurrence */
};

/* The decayed count of another item at the epoch of the reading; below 0 when it is not known, and then the
 * pair's own value stands in for it, the smallest that it can be. */
struct fr_counts {
    double (*of)(void *self, uint32_t item);
    void *self;
};

double fr_item_count(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch);
/* Whether any bucket of the count can be read: what `freshet dump items` lists. */
bool fr_item_is_readable(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch);
/* The decayed count of one group (a dictionary number). */
double fr_item_group_count(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch,
                           uint32_t group);
/* One pair or group: the buckets [from, to) of the item. */
double fr_item_value_of(const struct fr_item *item, uint32_t from, uint32_t to, const struct fr_decay *decay,
                        int32_t epoch);
/* A pair that is not stored, or is incomplete, lacks at most this much; 0 when all pairs are exact. */
double fr_item_missed(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch);
/* No pair that is missing can have a greater similarity: sqrt(missed / count), 0 when nothing was dropped. */
double fr_item_missed_similarity(const struct fr_item *item, const struct fr_decay *decay, int32_t epoch);

/* The k best (k at most FR_NEIGHBORS_MAX) into out[k]; returns how many. */
uint32_t fr_neighbors_of(const struct fr_item *item, const struct fr_decay *decay, const struct fr_dict *dict,
                         int32_t epoch, struct fr_counts counts, uint32_t k, struct fr_neighbor *out);

struct fr_neighbors {
    int32_t epoch;
    double count; /* of the item itself */
    uint32_t n;
    struct fr_neighbor *at; /* [n] */
};

/* The view as MessagePack: [version, epoch, count, [[id, similarity, pair], ...]]. */
void fr_neighbors_encode(const struct fr_neighbors *neighbors, const struct fr_dict *dict,
                         struct fr_buf *out);
/* Total. out->at points to at most cap entries of the caller's; what is beyond is left out. Interns ids. */
bool fr_neighbors_decode(struct fr_neighbors *out, uint32_t cap, struct fr_dict *dict, struct fr_str bytes);

#endif
