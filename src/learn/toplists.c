#include "freshet/learn/toplists.h"
#include "freshet/base/topk.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdlib.h>

enum { BLOCK_USERS = 128 };

struct work {
    struct fr_toplists *lists;
    const struct fr_model *model;
    const struct fr_rows *histories;
    bool is_known;
    float *scores;           /* [threads][BLOCK_USERS][item_n] */
    struct fr_scored *heaps; /* [threads][depth] */
};

struct fr_toplists fr_toplists_new(const uint32_t *users, uint32_t row_n, uint32_t depth) {
    struct fr_toplists t = {.users = users, .row_n = row_n, .depth = depth};
    size_t places = (size_t)row_n * depth + 1;
    t.items = fr_alloc(places * sizeof *t.items);
    t.scores = fr_alloc(places * sizeof *t.scores);
    return t;
}

void fr_toplists_fini(struct fr_toplists *t) {
    free(t->items);
    free(t->scores);
    *t = (struct fr_toplists){0};
}

uint32_t fr_toplists_length(const struct fr_toplists *t, uint32_t r) {
    uint32_t n = 0;
    while (n < t->depth && t->items[(size_t)r * t->depth + n] != FR_TOPLISTS_NONE) n++;
    return n;
}

/* Most scores are below the worst of the heap: one comparison each. NaN is below everything. */
static void offer_all(struct fr_topk *top, const float *scores, uint32_t n) {
    float least = -INFINITY;
    for (uint32_t item = 0; item < n; item++) {
        if (!(scores[item] > least)) continue;
        fr_topk_offer(top, (double)scores[item], item);
        if (top->n == top->k) least = (float)top->items[0].score;
    }
}

static void hide_row(const struct fr_rows *rows, uint32_t user, uint32_t item_n, float *scores) {
    for (size_t e = rows->start[user]; e < rows->start[user + 1] && rows->columns[e] < item_n; e++)
        scores[rows->columns[e]] = -INFINITY;
}

static void list_user(const struct work *w, uint32_t row, float *scores, struct fr_scored *heap) {
    const struct fr_toplists *t = w->lists;
    const struct fr_rows *histories = w->histories;
    uint32_t user = fr_toplists_user(t, row);
    hide_row(histories, user, histories->column_n, scores);
    if (t->seen) hide_row(t->seen, user, histories->column_n, scores);
    for (uint32_t item = 0; t->hidden && item < histories->column_n; item++)
        if (t->hidden[item]) scores[item] = -INFINITY;
    struct fr_topk top = {heap, 0, t->depth};
    offer_all(&top, scores, histories->column_n);
    fr_topk_sort(&top);
    size_t at = (size_t)row * t->depth;
    for (uint32_t i = 0; i < t->depth; i++) {
        t->items[at + i] = i < top.n ? heap[i].id : (uint32_t)FR_TOPLISTS_NONE;
        t->scores[at + i] = i < top.n ? (float)heap[i].score : -INFINITY;
    }
}

/* How many of the n lists from row on are of users with consecutive numbers. */
static uint32_t run_length(const struct fr_toplists *t, uint32_t row, uint32_t n) {
    uint32_t run = 1;
    while (run < n && fr_toplists_user(t, row + run) == fr_toplists_user(t, row) + run) run++;
    return run;
}

static void list_block(void *context, unsigned thread, size_t first, size_t last) {
    const struct work *w = context;
    uint32_t item_n = w->histories->column_n, n = (uint32_t)(last - first);
    float *scores = w->scores + (size_t)thread * BLOCK_USERS * item_n;
    struct fr_scored *heap = w->heaps + (size_t)thread * w->lists->depth;
    for (uint32_t i = 0, run; i < n; i += run) {
        run = run_length(w->lists, (uint32_t)first + i, n - i);
        w->model->ops->score(w->model, w->histories, fr_toplists_user(w->lists, (uint32_t)first + i), run,
                             w->is_known, scores + (size_t)i * item_n);
    }
    for (uint32_t i = 0; i < n; i++) list_user(w, (uint32_t)first + i, scores + (size_t)i * item_n, heap);
}

void fr_toplists_fill(struct fr_toplists *t, const struct fr_model *model, const struct fr_rows *histories,
                      bool is_known, unsigned threads) {
    struct work w = {t, model, histories, is_known, NULL, NULL};
    w.scores = fr_alloc((size_t)threads * BLOCK_USERS * histories->column_n * sizeof *w.scores + 1);
    w.heaps = fr_alloc((size_t)threads * t->depth * sizeof *w.heaps + 1);
    fr_parallel(threads, t->row_n, BLOCK_USERS, list_block, &w);
    free(w.scores);
    free(w.heaps);
}
