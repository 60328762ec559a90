/* The best of a table of sums.
 *
 * Choice    out[] itself is a heap with the worst at [0]: most touched items fail one comparison with it and are done.
 *           base/topk cannot serve: it breaks ties by number, and numbers change with every restart. */
#include "freshet/recommend/scratch.h"
#include "freshet/base/err.h"
#include <stdlib.h>

void fr_scratch_fini(struct fr_scratch *s) {
    free(s->sums);
    free(s->strongest);
    free(s->because);
    free(s->touched);
    free(s->floats);
    free(s->work);
    *s = (struct fr_scratch){0};
}

void fr_scratch_reserve(struct fr_scratch *s, uint32_t item_n) {
    if (item_n <= s->cap) return;
    uint32_t cap = item_n + item_n / 2;
    s->sums = fr_realloc(s->sums, cap * sizeof *s->sums);
    s->strongest = fr_realloc(s->strongest, cap * sizeof *s->strongest);
    s->because = fr_realloc(s->because, cap * sizeof *s->because);
    s->touched = fr_realloc(s->touched, cap * sizeof *s->touched);
    memset(s->sums + s->cap, 0, (cap - s->cap) * sizeof *s->sums);
    memset(s->strongest + s->cap, 0, (cap - s->cap) * sizeof *s->strongest);
    memset(s->because + s->cap, 0, (cap - s->cap) * sizeof *s->because);
    s->cap = cap;
}

float *fr_scratch_floats(struct fr_scratch *s, size_t n) {
    if (n > s->floats_cap) {
        s->floats_cap = n + n / 2;
        free(s->floats);
        s->floats = fr_alloc(s->floats_cap * sizeof *s->floats);
    }
    return s->floats;
}

void *fr_scratch_work(struct fr_scratch *s, size_t size_bytes) {
    if (size_bytes <= s->work_bytes) return s->work;
    free(s->work);
    s->work = fr_alloc_zero(1, size_bytes);
    s->work_bytes = size_bytes;
    return s->work;
}

static bool is_better(const struct fr_dict *ids, const struct fr_vote *a, const struct fr_vote *b) {
    if (a->score > b->score) return true;
    if (a->score < b->score) return false;
    return fr_str_cmp(fr_dict_str(ids, a->item), fr_dict_str(ids, b->item)) < 0;
}

/* Lets v sink from the root of heap[n], which is free. */
static void sink(const struct fr_dict *ids, struct fr_vote *heap, uint32_t n, struct fr_vote v) {
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_better(ids, &heap[child], &heap[child + 1])) child++;
        if (!is_better(ids, &v, &heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = v;
}

static void rise(const struct fr_dict *ids, struct fr_vote *heap, uint32_t at, struct fr_vote v) {
    for (uint32_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!is_better(ids, &heap[parent], &v)) break;
        heap[at] = heap[parent];
    }
    heap[at] = v;
}

/* The vote for an item, which becomes untouched. */
static struct fr_vote take(struct fr_scratch *s, uint32_t item) {
    struct fr_vote v = {item, s->sums[item], s->because[item]};
    s->sums[item] = 0;
    s->strongest[item] = 0;
    return v;
}

uint32_t fr_scratch_best(struct fr_scratch *s, const struct fr_dict *ids, uint32_t most,
                         struct fr_vote *out) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->touched_n; i++) {
        struct fr_vote v = take(s, s->touched[i]);
        if (!(v.score > 0) || most == 0) continue;
        if (n < most)
            rise(ids, out, n++, v);
        else if (is_better(ids, &v, &out[0]))
            sink(ids, out, n, v);
    }
    s->touched_n = 0;
    for (uint32_t left = n; left > 1; left--) { /* the worst of what is left goes to its end */
        struct fr_vote worst = out[0];
        sink(ids, out, left - 1, out[left - 1]);
        out[left - 1] = worst;
    }
    return n;
}
