/* best.h - the best of many scored things in their order, ties by the bytes of an id, so that no order depends on numbers.
 *
 * Threads   any: everything is the caller's.
 * Cost      O(n) to find them and O(most) to order them; things of the same score cost a comparison of ids. No allocation. */
#ifndef FR_RECOMMEND_BEST_H
#define FR_RECOMMEND_BEST_H

#include "freshet/base/dict.h"

/* A score and whose it is, as one number: a larger score is a larger key. score: 0 or more, finite. */
static inline uint64_t fr_best_key(float score, uint32_t place) {
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return (uint64_t)bits << 32 | place;
}
static inline uint32_t fr_best_place(uint64_t key) { return (uint32_t)key; }
static inline float fr_best_score(uint64_t key) {
    uint32_t bits = (uint32_t)(key >> 32);
    float score;
    memcpy(&score, &bits, sizeof score);
    return score;
}

/* Brings the `most` largest of keys[n] to its front, in no order that is promised but one that depends on the keys alone. Keys differ. */
void fr_best_select(uint64_t *keys, uint32_t n, uint32_t most);

/* Brings the `most` best of keys[n] to its front, best first; returns how many, the smaller of both. What lies behind is in
 * no order. items[place] is the dictionary's number; NULL: the place is. spare[min(n, most)] is overwritten. Places differ. */
uint32_t fr_best(uint64_t *keys, uint32_t n, uint32_t most, const struct fr_dict *ids, const uint32_t *items,
                 uint64_t *spare);

#endif
