#include "freshet/base/topk.h"

static void swap(struct fr_scored *a, struct fr_scored *b) {
    struct fr_scored t = *a;
    *a = *b;
    *b = t;
}

static void sift_down(struct fr_scored *items, uint32_t n, uint32_t at) {
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= n) return;
        if (child + 1 < n && fr_scored_better(items[child], items[child + 1])) child++;
        if (!fr_scored_better(items[at], items[child])) return;
        swap(&items[at], &items[child]);
        at = child;
    }
}

void fr_topk_offer(struct fr_topk *t, double score, uint32_t id) {
    struct fr_scored s = {score, id};
    if (t->n == t->k) {
        if (t->k == 0 || !fr_scored_better(s, t->items[0])) return;
        t->items[0] = s;
        sift_down(t->items, t->n, 0);
        return;
    }
    uint32_t at = t->n++;
    t->items[at] = s;
    for (; at && fr_scored_better(t->items[(at - 1) / 2], t->items[at]); at = (at - 1) / 2)
        swap(&t->items[(at - 1) / 2], &t->items[at]);
}

void fr_topk_sort(struct fr_topk *t) {
    for (uint32_t n = t->n; n > 1; n--) {
        swap(&t->items[0], &t->items[n - 1]);
        sift_down(t->items, n - 1, 0);
    }
}
