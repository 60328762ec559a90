/* ways.h - a table of fixed size from 64-bit keys to small values: what was untouched longest gives way.
 *
 * Problem   statistics of every user, item and pair grow for ever, and a table that rehashes stops its owner while it does.
 * Choice    as in a processor's cache: a key belongs to one bucket of FR_WAYS places and is in one of them. Into a full
 *           bucket a new key comes in the place of the one touched least recently (by event time; of equal ones the first).
 *           Rejected: a list over all entries by use, which costs two pointers an entry and a cache line a touch.
 * Promise   a function of the calls: the same calls give the same table, and load(save(t)) goes on the same way.
 * Cost      16 + value_bytes a place. Half full, one key in a hundred has had to give way; at seven tenths one in
 *           twenty (760,000 keys in 2^20 places).
 * Threads   one owner, or any number of readers. */
#ifndef FR_BASE_WAYS_H
#define FR_BASE_WAYS_H

#include "freshet/base/clock.h"
#include "freshet/base/tensors.h"

enum { FR_WAYS = 8 };
#define FR_WAYS_NONE SIZE_MAX

struct fr_ways {
    uint64_t *keys;         /* [2^bits]; 0: free */
    unsigned char *entries; /* [2^bits]: when it was touched, and the value_bytes: one cache line, not two */
    uint32_t bits, value_bytes;
    uint64_t used, evicted;
};

/* bits 3..30; value_bytes a multiple of 8. */
void fr_ways_init(struct fr_ways *t, uint32_t bits, uint32_t value_bytes);
void fr_ways_fini(struct fr_ways *t);
/* Where a key is, or FR_WAYS_NONE. Keys are hashes already and not 0. */
size_t fr_ways_find(const struct fr_ways *t, uint64_t key);
/* Where a key is now, with a value of zeros and touched at now_ms if it was absent. One that was there is not touched. */
size_t fr_ways_take(struct fr_ways *t, uint64_t key, fr_time_ms now_ms);
/* Its place is free again. */
void fr_ways_remove(struct fr_ways *t, size_t place);
/* Lent until the next take or remove. */
static inline void *fr_ways_value(const struct fr_ways *t, size_t place) {
    return t->entries + place * (sizeof(fr_time_ms) + t->value_bytes) + sizeof(fr_time_ms);
}
static inline fr_time_ms *fr_ways_touched_ms(const struct fr_ways *t, size_t place) {
    return (fr_time_ms *)fr_ways_value(t, place) - 1;
}
/* Of many keys to come: first their buckets' keys into the cache, then their entries, so that one waits for memory twice
 * and not for each. */
void fr_ways_prefetch_keys(const struct fr_ways *t, uint64_t key);
void fr_ways_prefetch_entry(const struct fr_ways *t, uint64_t key);

/* "<name>.places", ".keys", ".touched_ms" and ".values" of what is used, and ".evicted". name: at most 32 bytes. */
void fr_ways_save(const struct fr_ways *t, const char *name, struct fr_tensors_writer *w);
/* Into an empty table of the same shape. FR_STATE_CORRUPT: it is then unspecified. */
enum fr_err fr_ways_load(struct fr_ways *t, const char *name, const struct fr_tensors_file *file,
                         struct fr_errmsg *msg) FR_MUST_USE;

#endif
