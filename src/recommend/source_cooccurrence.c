#include "freshet/recommend/source_cooccurrence.h"
#include "freshet/base/err.h"
#include <stdlib.h>

#define RECENCY .9

struct row {
    struct fr_candidate *at; /* [n] */
    uint32_t n, cap;
};

struct cooccurrence {
    struct fr_source base;
    struct row *rows; /* [row_n] by item */
    uint32_t row_n;
    size_t bytes;
};

void fr_source_cooccurrence_set(struct fr_source *s, uint32_t item, const struct fr_candidate *row,
                                uint32_t n) {
    struct cooccurrence *c = (struct cooccurrence *)s;
    if (item >= c->row_n) {
        uint32_t row_n = item + item / 2 + 64;
        c->rows = fr_realloc(c->rows, row_n * sizeof *c->rows);
        memset(c->rows + c->row_n, 0, (row_n - c->row_n) * sizeof *c->rows);
        c->row_n = row_n;
    }
    struct row *r = &c->rows[item];
    r->n = n < FR_COOCCURRENCE_ROW ? n : FR_COOCCURRENCE_ROW;
    if (r->n > r->cap) {
        c->bytes += (r->n - r->cap) * sizeof *r->at;
        r->at = fr_realloc(r->at, r->n * sizeof *r->at);
        r->cap = r->n;
    }
    if (r->n) memcpy(r->at, row, r->n * sizeof *r->at);
}

static uint32_t propose(const struct fr_source *s, const struct fr_query *q, struct fr_scratch *scratch,
                        uint32_t most, struct fr_vote *out) {
    const struct cooccurrence *c = (const struct cooccurrence *)s;
    fr_scratch_reserve(scratch, q->ids->n);
    double recency = 1;
    for (uint32_t i = 0, used = 0; i < q->seed_n && used < FR_COOCCURRENCE_SEEDS; i++) {
        const struct fr_seed *seed = &q->seeds[i];
        if (seed->disliked || !(seed->strength > 0)) continue;
        used++;
        recency *= RECENCY;
        if (seed->item >= c->row_n) continue;
        const struct row *r = &c->rows[seed->item];
        float share = (float)(seed->strength * recency);
        for (uint32_t j = 0; j < r->n; j++)
            fr_scratch_add(scratch, r->at[j].item, share * r->at[j].worth, seed->item);
    }
    return fr_scratch_best(scratch, q->ids, most, out);
}

/* Rows up to the last that is not empty: how many there is room for depends on when the process was started. */
static uint32_t rows_used(const struct cooccurrence *c) {
    uint32_t n = c->row_n;
    while (n && c->rows[n - 1].n == 0) n--;
    return n;
}

/* One array of all rows behind each other, and where each ends. */
static void save(const struct fr_source *s, struct fr_tensors_writer *w) {
    const struct cooccurrence *c = (const struct cooccurrence *)s;
    size_t total = 0;
    uint32_t n = rows_used(c);
    uint64_t *ends = fr_alloc((n + 1) * sizeof *ends);
    for (uint32_t i = 0; i < n; i++) ends[i] = total += c->rows[i].n;
    uint32_t *items = fr_alloc((total + 1) * sizeof *items);
    float *worths = fr_alloc((total + 1) * sizeof *worths);
    total = 0;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < c->rows[i].n; j++, total++) {
            items[total] = c->rows[i].at[j].item;
            worths[total] = c->rows[i].at[j].worth;
        }
    fr_tensors_put_vector(w, "item-cf.ends", FR_TENSOR_U64, n, ends);
    fr_tensors_put_vector(w, "item-cf.items", FR_TENSOR_U32, total, items);
    fr_tensors_put_vector(w, "item-cf.worths", FR_TENSOR_F32, total, worths);
    free(ends);
    free(items);
    free(worths);
}

static enum fr_err load(struct fr_source *s, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *ends = fr_tensors_get(f, "item-cf.ends", FR_TENSOR_U64);
    const struct fr_tensor *items = fr_tensors_get(f, "item-cf.items", FR_TENSOR_U32);
    const struct fr_tensor *worths = fr_tensors_get(f, "item-cf.worths", FR_TENSOR_F32);
    if (!ends || !items || !worths || items->count != worths->count)
        return fr_err_set(msg, FR_STATE_CORRUPT, "item-cf: its arrays are missing or of different lengths");
    const uint64_t *end = ends->data;
    const uint32_t *item = items->data;
    const float *worth = worths->data;
    uint64_t from = 0;
    uint32_t ids_n = fr_source_ids_in(f);
    for (uint64_t i = 0; i < ends->count; from = end[i++]) {
        struct fr_candidate row[FR_COOCCURRENCE_ROW];
        bool ok = end[i] >= from && end[i] <= items->count && end[i] - from <= FR_COOCCURRENCE_ROW;
        for (uint64_t j = from; ok && j < end[i]; j++) {
            ok = item[j] < ids_n;
            row[j - from] = (struct fr_candidate){item[j], worth[j]};
        }
        if (!ok || (end[i] > from && i >= ids_n))
            return fr_err_set(msg, FR_STATE_CORRUPT, "item-cf: row %llu cannot be read",
                              (unsigned long long)i);
        if (end[i] > from) fr_source_cooccurrence_set(s, (uint32_t)i, row, (uint32_t)(end[i] - from));
    }
    return FR_OK;
}

static size_t bytes(const struct fr_source *s) {
    const struct cooccurrence *c = (const struct cooccurrence *)s;
    return sizeof *c + c->row_n * sizeof *c->rows + c->bytes;
}

static void free_source(struct fr_source *s) {
    struct cooccurrence *c = (struct cooccurrence *)s;
    for (uint32_t i = 0; i < c->row_n; i++) free(c->rows[i].at);
    free(c->rows);
    free(c);
}

static const struct fr_source_ops ops = {.name = "item-cf",
                                         .reason = FR_REASON_CO_OCCURRENCE,
                                         .propose = propose,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_source};

struct fr_source *fr_source_cooccurrence_new(void) {
    struct cooccurrence *c = fr_alloc_zero(1, sizeof *c);
    c->base.ops = &ops;
    return &c->base;
}
