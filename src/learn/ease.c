#include "freshet/learn/ease.h"
#include "freshet/learn/graph.h"
#include "freshet/learn/la.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RIDGE, DROPOUT, DAMPING, PARAMETERS };

static const double ridge_grid[] = {2, 5, 10, 20, 50, 100};
static const double dropout_grid[] = {0, .25, .5, 1, 2};
static const double damping_grid[] = {0, .25, .5};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [RIDGE] = {"ridge", 10, GRID(ridge_grid)},
    [DROPOUT] = {"dropout", 0, GRID(dropout_grid)},
    [DAMPING] = {"damping", 0, GRID(damping_grid)},
};

struct ease {
    struct fr_model base;
    uint32_t item_n;
    float *weights; /* [item_n][item_n] B */
};

static struct ease *model_new(uint32_t item_n) {
    struct ease *m = fr_alloc(sizeof *m);
    *m = (struct ease){{&fr_ease_ops}, item_n, fr_alloc(((size_t)item_n * item_n + 1) * sizeof(float))};
    return m;
}

static void model_free(struct fr_model *model) {
    struct ease *m = (struct ease *)model;
    free(m->weights);
    free(m);
}

/* G = X^T X, entry by entry of each history. */
static void gram_of(const struct fr_rows *by_user, double damping, float *gram) {
    float *scale = fr_degree_powers(by_user, -2 * damping);
    size_t n = by_user->column_n;
    memset(gram, 0, n * n * sizeof *gram);
    for (uint32_t u = 0; u < by_user->row_n; u++) {
        struct fr_history_row h = fr_history_row(by_user, u);
        for (uint32_t i = 0; i < h.n; i++) {
            float x = scale[u] * fr_history_value(&h, i), *row = gram + h.columns[i] * n;
            for (uint32_t j = 0; j < h.n; j++) row[h.columns[j]] += x * fr_history_value(&h, j);
        }
    }
    free(scale);
}

static void add_to_diagonal(struct ease *m, const double *values) {
    double sum = 0;
    size_t step = (size_t)m->item_n + 1, cells = (size_t)m->item_n * m->item_n;
    for (size_t at = 0; at < cells; at += step) sum += (double)m->weights[at];
    double ridge = sum > 0 ? values[RIDGE] * sum / m->item_n : 1;
    for (size_t at = 0; at < cells; at += step)
        m->weights[at] += (float)(ridge + values[DROPOUT] * (double)m->weights[at]);
}

/* C becomes B. */
static void divide_columns(struct ease *m) {
    size_t n = m->item_n;
    float *by = fr_alloc((n + 1) * sizeof *by);
    for (size_t j = 0; j < n; j++) by[j] = -1 / m->weights[j * n + j];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) m->weights[i * n + j] *= by[j];
        m->weights[i * n + i] = 0;
    }
    free(by);
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    const struct fr_rows *by_user = &fit->data->by_user;
    if (by_user->column_n > FR_EASE_ITEMS) {
        fr_err_set(msg, FR_LIMIT, "ease: %u items; it keeps a number for each pair and takes up to %d",
                   by_user->column_n, FR_EASE_ITEMS);
        return NULL;
    }
    if (fr_la_open(msg)) return NULL;
    if (fit->progress && !fit->progress(fit->context, "item pairs", 0)) {
        fr_err_set(msg, FR_TIMEOUT, "ease: given up");
        return NULL;
    }
    struct ease *m = model_new(by_user->column_n);
    gram_of(by_user, values[DAMPING], m->weights);
    add_to_diagonal(m, values);
    bool ok = fr_la_invert_spd(m->item_n, m->weights);
    FR_ASSERT(ok && "a Gram matrix with a ridge is positive definite");
    divide_columns(m);
    return &m->base;
}

static void score_one(const struct ease *m, const struct fr_history_row *h, float *out) {
    memset(out, 0, m->item_n * sizeof *out);
    for (uint32_t i = 0; i < h->n; i++) {
        const float *row = m->weights + (size_t)h->columns[i] * m->item_n;
        float x = fr_history_value(h, i);
        for (uint32_t j = 0; j < m->item_n; j++) out[j] += x * row[j];
    }
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)is_known;
    const struct ease *m = (const struct ease *)model;
    for (uint32_t u = 0; u < n; u++) {
        struct fr_history_row h = fr_history_row(rows, first + u);
        score_one(m, &h, out + (size_t)u * m->item_n);
    }
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t count, float *work, float *out) {
    (void)work;
    const struct ease *m = (const struct ease *)model;
    struct fr_history_row h = {columns, values, n};
    if (!wanted) {
        score_one(m, &h, out);
        return;
    }
    memset(out, 0, count * sizeof *out);
    for (uint32_t i = 0; i < n; i++) {
        const float *row = m->weights + (size_t)columns[i] * m->item_n;
        for (uint32_t w = 0; w < count; w++) out[w] += fr_history_value(&h, i) * row[wanted[w]];
    }
}

static uint32_t items(const struct fr_model *model) { return ((const struct ease *)model)->item_n; }

static size_t bytes(const struct fr_model *model) {
    size_t n = ((const struct ease *)model)->item_n;
    return sizeof(struct ease) + n * n * sizeof(float);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct ease *m = (const struct ease *)model;
    uint64_t shape[2] = {m->item_n, m->item_n};
    fr_tensors_put(w, "ease.weights", FR_TENSOR_F32, shape, 2, m->weights);
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    const struct fr_tensor *t = fr_tensors_get(file, "ease.weights", FR_TENSOR_F32);
    if (!t || t->dimension_n != 2 || t->shape[0] != t->shape[1] || t->shape[0] > FR_EASE_ITEMS) {
        fr_err_set(msg, FR_STATE_CORRUPT, "ease: its weights are missing or not a square of at most %d",
                   FR_EASE_ITEMS);
        return NULL;
    }
    struct ease *m = model_new((uint32_t)t->shape[0]);
    if (t->count) memcpy(m->weights, t->data, t->count * sizeof *m->weights);
    return &m->base;
}

const struct fr_model_ops fr_ease_ops = {.name = "ease",
                                         .parameters = parameters,
                                         .parameter_n = PARAMETERS,
                                         .fit = fit,
                                         .score = score,
                                         .score_some = score_some,
                                         .items = items,
                                         .bytes = bytes,
                                         .save = save,
                                         .load = load,
                                         .free = model_free};
