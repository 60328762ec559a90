/* scratch.h - a table of sums by item number, for one thread: how a source adds up its votes.
 *
 * Promise   between two uses every sum is 0. Adding is O(1); taking the best is O(touched). Ties are broken by the bytes
 *           of the item id, so no list depends on numbers. Sums are single precision: whoever adds must add in an order
 *           that does not depend on numbers either.
 * Threads   one a thread.
 * Memory    16 bytes for each item of the dictionary, 8 for each that was ever touched at once, and what sources ask for as
 *           work, kept; no allocation once it has seen the largest input.
 * Errors    none: amounts that are not above 0, or not finite, are nothing. */
#ifndef FR_RECOMMEND_SCRATCH_H
#define FR_RECOMMEND_SCRATCH_H

#include "freshet/base/dict.h"
#include <float.h>
#include <math.h>

struct fr_vote {
    uint32_t item;
    float score;      /* > 0, any unit of the source */
    uint32_t because; /* what contributed most: an item of the history, or FR_DICT_NONE */
};

struct fr_sum {
    float sum;
    float strongest;  /* the largest single contribution; 0 when there is none */
    uint32_t because; /* whose it was, the first of equals; valid if strongest > 0 */
};

/* Zero-initialised is ready for fr_scratch_reserve.
 * Invariant: an item is in touched, once, if and only if its sum is not 0; a sum below 0 is an item that was taken out. */
struct fr_scratch {
    struct fr_sum *sums; /* [cap] by item */
    uint32_t *touched;   /* [touched_n], room for cap + 1 */
    uint32_t cap, touched_n;
    uint64_t *keys; /* [key_cap] for ordering */
    size_t key_cap;
    float *floats; /* [floats_cap] for whoever calculates between two uses; nothing is kept in it */
    size_t floats_cap;
    void *work;
    size_t work_bytes;
};

void fr_scratch_fini(struct fr_scratch *s); /* leaves it zero-initialised */
/* Room for numbers below item_n. Call before adding; what was added stays. */
void fr_scratch_reserve(struct fr_scratch *s, uint32_t item_n);
/* Room for n numbers of any value, lent until the next call. */
float *fr_scratch_floats(struct fr_scratch *s, size_t n);

/* Memory of a source's own for one proposal, all zeros; whoever takes it leaves it all zeros. */
void *fr_scratch_work(struct fr_scratch *s, size_t size_bytes);

static inline bool fr_scratch_is_touched(const struct fr_scratch *s, uint32_t item) {
    return (s->sums[item].sum > 0) | (s->sums[item].sum < 0);
}

static inline void fr_scratch_add(struct fr_scratch *s, uint32_t item, float amount, uint32_t because) {
    if (!(amount > 0 && amount <= FLT_MAX)) return;
    struct fr_sum *sum = &s->sums[item];
    s->touched[s->touched_n] = item; /* no branches: whether an item is new cannot be predicted */
    s->touched_n += !fr_scratch_is_touched(s, item);
    bool is_strongest = amount > sum->strongest;
    sum->sum += amount;
    sum->strongest = is_strongest ? amount : sum->strongest;
    sum->because = is_strongest ? because : sum->because;
}

/* Takes an item out: it will not be among the best, whatever was added before or will be. */
static inline void fr_scratch_drop(struct fr_scratch *s, uint32_t item) {
    if (item >= s->cap) return;
    if (!fr_scratch_is_touched(s, item)) s->touched[s->touched_n++] = item;
    s->sums[item].sum = -INFINITY; /* no finite amount brings it back */
}

/* The `most` best, best first, ties by id; returns how many; all sums are 0 afterwards. */
uint32_t fr_scratch_best(struct fr_scratch *s, const struct fr_dict *ids, uint32_t most, struct fr_vote *out);

#endif
