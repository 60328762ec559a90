/* trend.h - popular and trending items, overall and per demographic group, of one affinity partition.
 *
 * Promise   after updates from all items, the k best of each group by decayed count (popularity) and by
 *           a faster decaying one (trend) are in its table. Values are read at any later epoch.
 *
 * Not       exact after a restart: tables start from the last view and fill as items change; a value
 *           carried over epochs keeps buckets that left the window in between. Views, never state.
 *
 * Threads   one owner.
 *
 * Memory    at most 3 * k candidates of 24 bytes a group, and groups_max groups; deltas of more groups
 *           are counted in groups_ignored. */
#ifndef FR_AFFINITY_TREND_H
#define FR_AFFINITY_TREND_H

#include "freshet/affinity/neighbors.h"

enum { FR_TREND_K = 200, FR_TREND_GROUPS_MAX = 1000, FR_TREND_VERSION = 1 };
enum { FR_TREND_ALL = FR_DICT_NONE }; /* the group of everybody */

struct fr_trend {
    uint32_t item;
    double popularity, trend;
};

struct fr_trends;

/* Keeps both decays until free. k 0: FR_TREND_K. The usual half-life of trend is 2 epochs. */
struct fr_trends *fr_trends_new(const struct fr_decay *popularity, const struct fr_decay *trend, uint32_t k,
                                uint32_t groups_max);
void fr_trends_free(struct fr_trends **trends);

/* Takes over an item's counts after fr_item_apply: of everybody and of each group that the applied deltas
 * (the item's run of a record) name. */
void fr_trends_update(struct fr_trends *trends, uint32_t item_number, const struct fr_item *item,
                      const struct fr_delta *deltas, uint32_t n);

/* The groups that have a table, FR_TREND_ALL among them; lent until the next update. */
uint32_t fr_trends_groups(const struct fr_trends *trends, const uint32_t **groups);
uint64_t fr_trends_groups_ignored(const struct fr_trends *trends);
/* At most 2 * k entries into out, by falling popularity, ties by the smaller id: the k most popular and the k
 * most trending. Returns how many. */
uint32_t fr_trends_read(struct fr_trends *trends, uint32_t group, int32_t epoch, const struct fr_dict *dict,
                        struct fr_trend *out);
/* Makes a candidate of each entry of a view, for a table that starts empty. */
void fr_trends_seed(struct fr_trends *trends, uint32_t group, int32_t epoch, const struct fr_trend *entries,
                    uint32_t n);

/* The view as MessagePack: [version, epoch, [[id, popularity, trend], ...]]. */
void fr_trend_encode(const struct fr_trend *entries, uint32_t n, int32_t epoch, const struct fr_dict *dict,
                     struct fr_buf *out);
/* Total. Fills out[cap], leaves out what is beyond; *n and *epoch are 0 when it returns false. */
bool fr_trend_decode(struct fr_trend *out, uint32_t cap, uint32_t *n, int32_t *epoch, struct fr_dict *dict,
                     struct fr_str bytes);

/* Several partitions' views as one list at the latest of their epochs: the k best by popularity, or by trend.
 * entries[n] are reordered in place, each view's own values carried to `epoch` beforehand with
 * fr_trend_carry. An item is in one partition only, so nothing is added up. Returns min(n, k). */
void fr_trend_carry(struct fr_trend *entries, uint32_t n, int32_t from, int32_t to,
                    const struct fr_decay *popularity, const struct fr_decay *trend);
uint32_t fr_trend_best(struct fr_trend *entries, uint32_t n, uint32_t k, bool by_trend,
                       const struct fr_dict *dict);

#endif
