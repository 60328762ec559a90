/* scratch.h - a table of sums by item number, for one thread: how a source adds up its votes.
 *
 * Promise   between two uses every sum is 0. Adding is O(1); taking the best is O(touched). Ties are broken by the bytes
 *           of the item id, so no list depends on numbers.
 * Threads   one a thread.
 * Memory    12 bytes for each item of the dictionary, kept; no allocation once it has seen the largest input. */
#ifndef FR_RECOMMEND_SCRATCH_H
#define FR_RECOMMEND_SCRATCH_H

#include "freshet/base/dict.h"

struct fr_vote {
    uint32_t item;
    float score;      /* > 0, any unit of the source */
    uint32_t because; /* what contributed most: an item of the history, or FR_DICT_NONE */
};

struct fr_scratch {
    float *sums;       /* [cap] by item */
    float *strongest;  /* [cap] the largest single contribution */
    uint32_t *because; /* [cap] whose it was */
    uint32_t *touched; /* [touched_n] items with a sum, each once */
    uint32_t cap, touched_n;
};

void fr_scratch_fini(struct fr_scratch *s);
/* Room for numbers below item_n. Call before adding. */
void fr_scratch_reserve(struct fr_scratch *s, uint32_t item_n);

static inline void fr_scratch_add(struct fr_scratch *s, uint32_t item, float amount, uint32_t because) {
    if (!(amount > 0)) return;
    if (!(s->sums[item] > 0)) s->touched[s->touched_n++] = item;
    s->sums[item] += amount;
    if (amount > s->strongest[item]) {
        s->strongest[item] = amount;
        s->because[item] = because;
    }
}

/* Takes an item out: it will not be among the best. */
static inline void fr_scratch_drop(struct fr_scratch *s, uint32_t item) {
    if (item < s->cap && s->sums[item] > 0) s->sums[item] = 1e-38f;
}

/* The `most` best, best first, ties by id; returns how many; all sums are 0 afterwards. */
uint32_t fr_scratch_best(struct fr_scratch *s, const struct fr_dict *ids, uint32_t most, struct fr_vote *out);

#endif
