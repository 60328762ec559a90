/* A ring of items in the order they were first heard of. */
#include "freshet/recommend/source_new.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <stdlib.h>

#define HALF_LIFE_MS (24 * 3600e3)

struct newcomer {
    uint32_t item;
    fr_time_ms since_ms;
};

struct newcomers {
    struct fr_source base;
    struct newcomer *ring; /* [n], a ring once full: next is the oldest */
    uint32_t n, next;
    uint8_t *known; /* [known_cap] by item */
    uint32_t known_cap;
};

static bool is_known(struct newcomers *s, uint32_t item) {
    if (item >= s->known_cap) {
        uint32_t cap = item + item / 2 + 64;
        s->known = fr_realloc(s->known, cap);
        memset(s->known + s->known_cap, 0, cap - s->known_cap);
        s->known_cap = cap;
    }
    return s->known[item];
}

void fr_source_new_add(struct fr_source *source, uint32_t item, fr_time_ms since_ms) {
    struct newcomers *s = (struct newcomers *)source;
    if (is_known(s, item)) return;
    s->known[item] = 1;
    s->ring[s->next] = (struct newcomer){item, since_ms};
    s->next = (s->next + 1) % FR_NEW_ITEMS;
    if (s->n < FR_NEW_ITEMS) s->n++;
}

static void learn(struct fr_source *s, const struct fr_example *e) {
    fr_source_new_add(s, e->item, e->time_ms);
}

static uint32_t propose(const struct fr_source *source, const struct fr_query *q, struct fr_scratch *scratch,
                        uint32_t most, struct fr_vote *out) {
    const struct newcomers *s = (const struct newcomers *)source;
    fr_scratch_reserve(scratch, q->ids->n);
    uint32_t look_at = s->n < 2 * most ? s->n : 2 * most; /* the catalogue may name old items late */
    for (uint32_t back = 1; back <= look_at; back++) {
        const struct newcomer *item = &s->ring[(s->next + FR_NEW_ITEMS - back) % FR_NEW_ITEMS];
        double age_ms = (double)(q->now_ms - item->since_ms);
        if (age_ms < 0) age_ms = 0;
        fr_scratch_add(scratch, item->item, fr_exp2_single((float)(-age_ms / HALF_LIFE_MS)), FR_DICT_NONE);
    }
    return fr_scratch_best(scratch, q->ids, most, out);
}

static void save(const struct fr_source *source, struct fr_tensors_writer *w) {
    const struct newcomers *s = (const struct newcomers *)source;
    uint32_t items[FR_NEW_ITEMS];
    int64_t since[FR_NEW_ITEMS];
    for (uint32_t i = 0; i < s->n; i++) {
        const struct newcomer *item = &s->ring[(s->next + FR_NEW_ITEMS - s->n + i) % FR_NEW_ITEMS];
        items[i] = item->item;
        since[i] = item->since_ms;
    }
    fr_tensors_put_vector(w, "new.items", FR_TENSOR_U32, s->n, items);
    fr_tensors_put_vector(w, "new.since", FR_TENSOR_I64, s->n, since);
    fr_tensors_put_vector(w, "new.known", FR_TENSOR_U8, s->known_cap, s->known);
}

static enum fr_err load(struct fr_source *source, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct newcomers *s = (struct newcomers *)source;
    const struct fr_tensor *items = fr_tensors_get(f, "new.items", FR_TENSOR_U32);
    const struct fr_tensor *since = fr_tensors_get(f, "new.since", FR_TENSOR_I64);
    const struct fr_tensor *known = fr_tensors_get(f, "new.known", FR_TENSOR_U8);
    bool ok = items && since && known && items->count == since->count && items->count <= FR_NEW_ITEMS &&
              known->count <= 2 * (uint64_t)FR_DICT_NONE;
    uint32_t ids_n = fr_source_ids_in(f);
    for (uint32_t i = 0; ok && i < items->count; i++) {
        ok = ((const uint32_t *)items->data)[i] < ids_n;
        if (ok)
            fr_source_new_add(source, ((const uint32_t *)items->data)[i], ((const int64_t *)since->data)[i]);
    }
    if (!ok) return fr_err_set(msg, FR_STATE_CORRUPT, "new: its arrays cannot be read");
    for (uint32_t i = 0; i < known->count && i < ids_n; i++)
        if (((const uint8_t *)known->data)[i] && !is_known(s, i)) s->known[i] = 1;
    return FR_OK;
}

static size_t bytes(const struct fr_source *source) {
    const struct newcomers *s = (const struct newcomers *)source;
    return sizeof *s + FR_NEW_ITEMS * sizeof *s->ring + s->known_cap;
}

static void free_source(struct fr_source *source) {
    struct newcomers *s = (struct newcomers *)source;
    free(s->ring);
    free(s->known);
    free(s);
}

static const struct fr_source_ops ops = {.name = "new",
                                         .reason = FR_REASON_NEW_ITEM,
                                         .propose = propose,
                                         .learn = learn,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_source};

struct fr_source *fr_source_new_new(void) {
    struct newcomers *s = fr_alloc_zero(1, sizeof *s);
    s->base.ops = &ops;
    s->ring = fr_alloc_zero(FR_NEW_ITEMS, sizeof *s->ring);
    return &s->base;
}
