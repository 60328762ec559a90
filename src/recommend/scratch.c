/* The best of a table of sums. (base/topk cannot serve: it breaks ties by number, and numbers change with every restart.) */
#include "freshet/recommend/scratch.h"
#include "freshet/base/err.h"
#include "freshet/recommend/best.h"
#include <stdlib.h>

void fr_scratch_fini(struct fr_scratch *s) {
    free(s->sums);
    free(s->touched);
    free(s->keys);
    free(s->floats);
    free(s->work);
    *s = (struct fr_scratch){0};
}

void fr_scratch_reserve(struct fr_scratch *s, uint32_t item_n) {
    if (item_n <= s->cap) return;
    uint32_t cap = item_n + item_n / 2;
    s->sums = fr_realloc(s->sums, cap * sizeof *s->sums);
    s->touched = fr_realloc(s->touched, ((size_t)cap + 1) * sizeof *s->touched);
    memset(s->sums + s->cap, 0, (cap - s->cap) * sizeof *s->sums);
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

/* Room for all that is touched as keys, and for `most` more. */
static void reserve_keys(struct fr_scratch *s, uint32_t most) {
    size_t need = (size_t)s->touched_n + most;
    if (need <= s->key_cap) return;
    s->key_cap = need + need / 2;
    free(s->keys);
    s->keys = fr_alloc(s->key_cap * sizeof *s->keys);
}

uint32_t fr_scratch_best(struct fr_scratch *s, const struct fr_dict *ids, uint32_t most,
                         struct fr_vote *out) {
    uint32_t n = 0;
    reserve_keys(s, most);
    for (uint32_t i = 0; i < s->touched_n; i++) {
        float sum = s->sums[s->touched[i]].sum;
        if (sum > 0) s->keys[n++] = fr_best_key(sum, s->touched[i]);
    }
    n = fr_best(s->keys, n, most, ids, NULL, s->keys + n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t item = fr_best_place(s->keys[i]);
        out[i] = (struct fr_vote){item, s->sums[item].sum, s->sums[item].because};
    }
    for (uint32_t i = 0; i < s->touched_n; i++) s->sums[s->touched[i]] = (struct fr_sum){0};
    s->touched_n = 0;
    return n;
}
