#include "freshet/learn/trial.h"
#include "freshet/learn/blend.h"
#include <stdlib.h>

enum { DEPTH = 100, NO_COLUMN = FR_DICT_NONE };

struct trial {
    const struct fr_time_split *split;
    uint32_t *numbers; /* [column] of the histories' ids; NO_COLUMN: not among them */
    uint32_t *list;    /* [DEPTH] */
    uint32_t k;
};

/* numbers[item_n] by column, column_of[ids.n] by number. */
static void match_items(const struct fr_bundle *b, const struct fr_histories *h, uint32_t *numbers,
                        uint32_t *column_of) {
    for (uint32_t i = 0; i < h->ids.n; i++) column_of[i] = NO_COLUMN;
    for (uint32_t c = 0; c < b->item_n; c++) {
        numbers[c] = fr_dict_find(&h->ids, b->items[c]);
        if (numbers[c] != NO_COLUMN) column_of[numbers[c]] = c;
    }
}

static struct fr_figures judge_lists(const struct trial *t, const struct fr_toplists *lists, float *ndcg) {
    struct fr_accuracy sums = {0};
    const struct fr_rows *truth = &t->split->truth;
    for (uint32_t r = 0; r < lists->row_n; r++) {
        uint32_t n = fr_toplists_length(lists, r), truth_n = fr_rows_length(truth, r);
        for (uint32_t i = 0; i < n; i++) t->list[i] = t->numbers[lists->items[(size_t)r * lists->depth + i]];
        struct fr_accuracy one = {0};
        fr_accuracy_add(&one, t->list, n, truth->columns + truth->start[r], truth_n, t->k);
        if (ndcg) ndcg[r] = (float)one.ndcg;
        sums.tested++;
        sums.recall += one.recall;
        sums.ndcg += one.ndcg;
        sums.hit_rate += one.hit_rate;
    }
    struct fr_accuracy mean = fr_accuracy_mean(&sums);
    return (struct fr_figures){
        .cases = lists->row_n, .recall = mean.recall, .ndcg = mean.ndcg, .hit_rate = mean.hit_rate};
}

static struct fr_figures judge_blend(const struct trial *t, const struct fr_bundle *b,
                                     const struct fr_toplists *lists, float *ndcg) {
    if (b->model_n == 1) return judge_lists(t, &lists[0], ndcg);
    struct fr_blend blend = {.parts = b->parts, .n = b->model_n};
    for (uint32_t i = 0; i < b->model_n; i++) blend.weights[i] = b->models[i].weight;
    struct fr_toplists blended = fr_toplists_new(NULL, t->split->case_n, DEPTH);
    fr_blend_apply(&blend, lists, b->item_n, &blended);
    struct fr_figures figures = judge_lists(t, &blended, ndcg);
    fr_toplists_fini(&blended);
    return figures;
}

static void fill_lists(const struct fr_bundle *b, const struct fr_rows *rows, unsigned threads,
                       struct fr_toplists *lists) {
    for (uint32_t i = 0; i < b->model_n; i++) {
        lists[i] = fr_toplists_new(NULL, rows->row_n, DEPTH);
        fr_toplists_fill(&lists[i], b->models[i].model, rows, false, threads);
    }
}

struct fr_figures fr_trial(const struct fr_bundle *b, const struct fr_histories *h,
                           const struct fr_time_split *s, uint32_t k, unsigned threads, float *ndcg,
                           struct fr_figures *figures) {
    struct fr_toplists lists[FR_BUNDLE_MODELS_MAX];
    uint32_t places[DEPTH], *column_of = fr_alloc((h->ids.n + (size_t)1) * sizeof *column_of);
    struct trial t = {s, fr_alloc((b->item_n + (size_t)1) * sizeof *t.numbers), places, k};
    match_items(b, h, t.numbers, column_of);
    struct fr_rows rows = fr_time_split_rows(s, h, column_of, b->item_n);
    fill_lists(b, &rows, threads, lists);
    for (uint32_t i = 0; i < b->model_n && figures; i++) {
        double fit_seconds = figures[i].fit_seconds;
        figures[i] = judge_lists(&t, &lists[i], NULL);
        figures[i].fit_seconds = fit_seconds;
    }
    struct fr_figures blended = judge_blend(&t, b, lists, ndcg);
    for (uint32_t i = 0; i < b->model_n; i++) fr_toplists_fini(&lists[i]);
    fr_rows_fini(&rows);
    free(column_of);
    free(t.numbers);
    return blended;
}
