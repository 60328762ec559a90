#include "freshet/learn/near.h"
#include "freshet/learn/graph.h"
#include "freshet/learn/toplists.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct near {
    struct fr_model base;
    struct fr_model_ops ops; /* its own: named as what it is made of */
    struct fr_rows rows;     /* item x item */
};

static const struct near *near_of(const struct fr_model *model) { return (const struct near *)model; }

/* ---- scoring ---- */

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)is_known;
    const struct near *m = near_of(model);
    memset(out, 0, (size_t)n * m->rows.column_n * sizeof *out);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_history_row h = fr_history_row(rows, first + i);
        fr_graph_add(&m->rows, &h, NULL, 1, out + (size_t)i * m->rows.column_n);
    }
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t wanted_n, float *work, float *out) {
    (void)work;
    const struct near *m = near_of(model);
    const struct fr_history_row h = {columns, values, n};
    memset(out, 0, wanted_n * sizeof *out);
    if (wanted)
        fr_graph_add_some(&m->rows, &h, NULL, 1, wanted, wanted_n, out);
    else
        fr_graph_add(&m->rows, &h, NULL, 1, out);
}

static const struct fr_rows *near_rows(const struct fr_model *model) { return &near_of(model)->rows; }
static uint32_t items(const struct fr_model *model) { return near_of(model)->rows.row_n; }
static size_t bytes(const struct fr_model *model) {
    return sizeof(struct near) + fr_rows_bytes(&near_of(model)->rows);
}

static void near_name(const char *name, char out[64]) { snprintf(out, 64, "%s.near", name); }

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    char name[64];
    near_name(model->ops->name, name);
    fr_rows_save(&near_of(model)->rows, name, w);
}

static void free_near(struct fr_model *model) {
    struct near *m = (struct near *)model;
    fr_rows_fini(&m->rows);
    free(m);
}

static struct fr_model *near_from(const struct fr_model_ops *ops, struct fr_rows rows) {
    struct near *m = fr_alloc_zero(1, sizeof *m);
    m->ops = (struct fr_model_ops){.name = ops->name,
                                   .parameters = ops->parameters,
                                   .parameter_n = ops->parameter_n,
                                   .score = score,
                                   .score_some = score_some,
                                   .rows = near_rows,
                                   .items = items,
                                   .bytes = bytes,
                                   .save = save,
                                   .free = free_near};
    m->base.ops = &m->ops;
    m->rows = rows;
    return &m->base;
}

/* ---- making one ---- */

/* Item i is the whole history of row i. */
static struct fr_rows single_histories(uint32_t item_n) {
    struct fr_rows r = fr_rows_new(item_n, item_n, item_n);
    for (uint32_t i = 0; i < item_n; i++) {
        r.start[i + 1] = i + (size_t)1;
        r.columns[i] = i;
        r.values[i] = 1;
    }
    return r;
}

struct neighbor {
    uint32_t column;
    float score;
};

static int compare_columns(const void *a, const void *b) {
    const struct neighbor *x = a, *y = b;
    return (x->column > y->column) - (x->column < y->column);
}

/* The list's items with a score above 0, ascending by column; gives how many. */
static uint32_t neighbors_of(const struct fr_toplists *lists, uint32_t row, struct neighbor *out) {
    uint32_t n = 0;
    size_t at = (size_t)row * lists->depth;
    for (uint32_t i = 0; i < lists->depth && lists->items[at + i] != FR_TOPLISTS_NONE; i++)
        if (lists->scores[at + i] > 0 && isfinite(lists->scores[at + i]))
            out[n++] = (struct neighbor){lists->items[at + i], lists->scores[at + i]};
    qsort(out, n, sizeof *out, compare_columns);
    return n;
}

static struct fr_rows rows_of(const struct fr_toplists *lists, uint32_t item_n) {
    struct neighbor *sorted = fr_alloc((lists->depth + (size_t)1) * sizeof *sorted);
    struct fr_rows r = fr_rows_new(item_n, item_n, (size_t)item_n * lists->depth);
    for (uint32_t i = 0; i < item_n; i++) {
        uint32_t n = neighbors_of(lists, i, sorted);
        size_t at = r.start[i];
        for (uint32_t k = 0; k < n; k++, at++) {
            r.columns[at] = sorted[k].column;
            r.values[at] = sorted[k].score;
        }
        r.start[i + 1] = at;
    }
    free(sorted);
    return r;
}

struct fr_model *fr_near_new(const struct fr_model *model, uint32_t item_n, uint32_t most, unsigned threads) {
    FR_ASSERT(most >= 1 && most <= FR_NEAR_MOST);
    struct fr_rows single = single_histories(item_n);
    struct fr_toplists lists = fr_toplists_new(NULL, item_n, most);
    fr_toplists_fill(&lists, model, &single, false, threads);
    struct fr_model *near = near_from(model->ops, rows_of(&lists, item_n));
    fr_toplists_fini(&lists);
    fr_rows_fini(&single);
    return near;
}

/* ---- from a file ---- */

bool fr_near_is_in(const struct fr_tensors_file *f, const char *name) {
    char array[96];
    snprintf(array, sizeof array, "%s.near.start", name);
    return fr_tensors_get(f, array, FR_TENSOR_U64) != NULL;
}

struct fr_model *fr_near_load(const struct fr_tensors_file *f, const struct fr_model_ops *ops,
                              struct fr_errmsg *msg) {
    char name[64];
    struct fr_rows rows;
    near_name(ops->name, name);
    if (fr_rows_load(f, name, &rows, msg)) return NULL;
    if (rows.row_n == rows.column_n && rows.values) return near_from(ops, rows);
    fr_rows_fini(&rows);
    fr_err_set(msg, FR_STATE_CORRUPT, "%s is not a square matrix with values", name);
    return NULL;
}
