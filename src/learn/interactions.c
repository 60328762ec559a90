/* Building is two stable counting sorts: by item, then by user. So rows come out ascending, entries of one pair stand side by
 * side, and no comparison is made.
 *
 * Multiplying is bound by memory: each entry of S gathers a row of X. A row of the result is made in strips of STRIP (then
 * NARROW) columns that stay in registers; entries are added in the order of their columns whoever computes the row, so the result
 * is the same for any number of threads. */
#include "freshet/learn/interactions.h"
#include "freshet/base/err.h"
#include "freshet/learn/parallel.h"
#include <stdlib.h>

enum { STRIP = 64, NARROW = FR_ROWS_NARROW, ROWS_A_PIECE = 64 };

/* Counts in start[r + 1] become starts. */
static void counts_to_starts(size_t *start, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) start[i + 1] += start[i];
}

/* Entries ordered by item, those of an item in the order given. */
static struct fr_interaction *sort_by_item(uint32_t user_n, uint32_t item_n,
                                           const struct fr_interaction *entries, size_t n) {
    size_t *start = fr_alloc_zero((size_t)item_n + 1, sizeof *start);
    struct fr_interaction *sorted = fr_alloc((n + 1) * sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        FR_ASSERT(entries[i].user < user_n && entries[i].item < item_n && entries[i].value > 0);
        start[entries[i].item + 1]++;
    }
    counts_to_starts(start, item_n);
    for (size_t i = 0; i < n; i++) sorted[start[entries[i].item]++] = entries[i];
    free(start);
    return sorted;
}

/* Adds up neighbours of the same column, row by row. */
static void merge_equal(struct fr_rows *r) {
    size_t to = 0;
    for (uint32_t row = 0; row < r->row_n; row++) {
        size_t from = r->start[row], end = r->start[row + 1], first = to;
        for (r->start[row] = to; from < end; from++) {
            if (to > first && r->columns[to - 1] == r->columns[from]) {
                r->values[to - 1] += r->values[from];
                continue;
            }
            r->columns[to] = r->columns[from];
            r->values[to++] = r->values[from];
        }
    }
    r->start[r->row_n] = to;
}

static struct fr_rows rows_by_user(uint32_t user_n, uint32_t item_n, const struct fr_interaction *by_item,
                                   size_t n) {
    struct fr_rows r = fr_rows_new(user_n, item_n, n);
    for (size_t i = 0; i < n; i++) r.start[by_item[i].user + 1]++;
    counts_to_starts(r.start, user_n);
    size_t *next = fr_alloc(((size_t)user_n + 1) * sizeof *next);
    for (uint32_t u = 0; u < user_n; u++) next[u] = r.start[u];
    for (size_t i = 0; i < n; i++) {
        size_t at = next[by_item[i].user]++;
        r.columns[at] = by_item[i].item;
        r.values[at] = by_item[i].value;
    }
    free(next);
    merge_equal(&r);
    return r;
}

struct fr_interactions *fr_interactions_new(uint32_t user_n, uint32_t item_n,
                                            const struct fr_interaction *entries, size_t n) {
    struct fr_interaction *by_item = sort_by_item(user_n, item_n, entries, n);
    struct fr_interactions *m = fr_alloc(sizeof *m);
    m->by_user = rows_by_user(user_n, item_n, by_item, n);
    free(by_item);
    m->by_item = fr_rows_transposed(&m->by_user);
    return m;
}

void fr_interactions_free(struct fr_interactions *m) {
    if (!m) return;
    fr_rows_fini(&m->by_user);
    fr_rows_fini(&m->by_item);
    free(m);
}

struct product {
    const struct fr_rows *s;
    const float *row_scale, *column_scale, *x;
    float *y;
    uint32_t k;
};

static float weight_at(const struct product *p, size_t at) {
    float w = p->s->values ? p->s->values[at] : 1;
    return p->column_scale ? w * p->column_scale[p->s->columns[at]] : w;
}

/* Columns [from, from + n) of a row; n <= STRIP, and known where this is inlined for speed. */
static inline __attribute__((always_inline)) void multiply_columns(const struct product *p, uint32_t row,
                                                                   uint32_t from, uint32_t n) {
    float sum[STRIP] = {0};
    for (size_t i = p->s->start[row]; i < p->s->start[row + 1]; i++) {
        const float *x = p->x + (size_t)p->s->columns[i] * p->k + from;
        float w = weight_at(p, i);
        for (uint32_t j = 0; j < n; j++) sum[j] += w * x[j];
    }
    float scale = p->row_scale ? p->row_scale[row] : 1;
    float *y = p->y + (size_t)row * p->k + from;
    for (uint32_t j = 0; j < n; j++) y[j] = scale * sum[j];
}

FR_WIDE static void multiply_strip(const struct product *p, uint32_t row, uint32_t from) {
    multiply_columns(p, row, from, STRIP);
}

FR_WIDE static void multiply_narrow(const struct product *p, uint32_t row, uint32_t from) {
    multiply_columns(p, row, from, NARROW);
}

static void multiply_rest(const struct product *p, uint32_t row, uint32_t from) {
    multiply_columns(p, row, from, p->k - from);
}

static void multiply_rows(void *context, unsigned thread, size_t first, size_t last) {
    (void)thread;
    const struct product *p = context;
    for (size_t row = first; row < last; row++) {
        uint32_t strip = 0;
        for (; strip + STRIP <= p->k; strip += STRIP) multiply_strip(p, (uint32_t)row, strip);
        for (; strip + NARROW <= p->k; strip += NARROW) multiply_narrow(p, (uint32_t)row, strip);
        if (strip < p->k) multiply_rest(p, (uint32_t)row, strip);
    }
}

void fr_rows_multiply(const struct fr_rows *s, const float *row_scale, const float *column_scale, uint32_t k,
                      const float *x, float *y, unsigned threads) {
    struct product p = {s, row_scale, column_scale, x, y, k};
    fr_parallel(threads, s->row_n, ROWS_A_PIECE, multiply_rows, &p);
}
