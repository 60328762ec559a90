/* topk.h - the k best of many (score, id), best first; ties by the smaller id. O(log k) for an offer that
 * gets in, O(1) for one that does not. Visible so that it can live on the stack or in an arena. */
#ifndef FR_BASE_TOPK_H
#define FR_BASE_TOPK_H

#include <stdbool.h>
#include <stdint.h>

struct fr_scored {
    double score;
    uint32_t id;
};

/* Invariant: items[0..n) is a heap with the worst at items[0]. */
struct fr_topk {
    struct fr_scored *items; /* [k], the caller's */
    uint32_t n, k;
};

static inline bool fr_scored_better(struct fr_scored a, struct fr_scored b) {
    return a.score > b.score || (a.score >= b.score && a.id < b.id);
}

void fr_topk_offer(struct fr_topk *t, double score, uint32_t id);
void fr_topk_sort(struct fr_topk *t); /* best first; the heap is gone: no more offers */

#endif
