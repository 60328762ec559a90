#include "freshet/learn/user_cf.h"
#include "freshet/base/topk.h"
#include "freshet/learn/graph.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBORS, RARITY, POPULARITY, SHARPNESS, PARAMETERS };

static const double neighbors_grid[] = {20, 50, 100, 200, 500};
static const double rarity_grid[] = {0, .25, .5, .75, 1};
static const double popularity_grid[] = {0, .1, .2, .3, .4, .5};
static const double sharpness_grid[] = {.5, 1, 2};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [NEIGHBORS] = {"neighbors", 100, GRID(neighbors_grid)},
    [RARITY] = {"rarity", .5, GRID(rarity_grid)},
    [POPULARITY] = {"popularity", .2, GRID(popularity_grid)},
    [SHARPNESS] = {"sharpness", 1, GRID(sharpness_grid)},
};

struct user_cf {
    struct fr_model base;
    struct fr_rows by_user, by_item; /* by_item's values are times d_i^-rarity d_v^-1/2 */
    double values[PARAMETERS];
    float *weights; /* [users] d_v^-1/2 */
    float *back;    /* [items] d_j^-popularity */
};

static void model_free(struct fr_model *model) {
    struct user_cf *m = (struct user_cf *)model;
    fr_rows_fini(&m->by_user);
    fr_rows_fini(&m->by_item);
    free(m->weights);
    free(m->back);
    free(m);
}

/* What follows from by_user and the values. */
static void prepare(struct user_cf *m, const double *values) {
    memcpy(m->values, values, sizeof m->values);
    fr_rows_fini(&m->by_item);
    free(m->weights);
    free(m->back);
    m->by_item = fr_rows_transposed(&m->by_user);
    m->weights = fr_degree_powers(&m->by_user, -.5);
    m->back = fr_degree_powers(&m->by_item, -values[POPULARITY]);
    float *rarity = fr_degree_powers(&m->by_item, -values[RARITY]);
    for (uint32_t i = 0; i < m->by_item.row_n; i++)
        for (size_t at = m->by_item.start[i]; at < m->by_item.start[i + 1]; at++)
            m->by_item.values[at] *= rarity[i] * m->weights[m->by_item.columns[at]];
    free(rarity);
}

static struct user_cf *model_new(struct fr_rows by_user, const double *values) {
    struct user_cf *m = fr_alloc_zero(1, sizeof *m);
    *m = (struct user_cf){.base = {&fr_user_cf_ops}, .by_user = by_user};
    prepare(m, values);
    return m;
}

static bool adjust(struct fr_model *model, const double *values) {
    prepare((struct user_cf *)model, values);
    return true;
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    if (fit->progress && !fit->progress(fit->context, "copying", 0)) {
        fr_err_set(msg, FR_TIMEOUT, "user-cf: given up");
        return NULL;
    }
    return &model_new(fr_rows_transposed(&fit->data->by_item), values)->base;
}

/* What a thread needs while it scores. */
struct scratch {
    float *sums;       /* [users], 0 between histories */
    uint32_t *touched; /* [users] */
    uint32_t touched_n;
    struct fr_scored *best; /* [neighbors] */
};

static struct scratch scratch_new(const struct user_cf *m) {
    size_t users = (size_t)m->by_user.row_n + 1;
    return (struct scratch){.sums = fr_alloc_zero(users, sizeof(float)),
                            .touched = fr_alloc(users * sizeof(uint32_t)),
                            .best = fr_alloc(((size_t)m->values[NEIGHBORS] + 1) * sizeof(struct fr_scored))};
}

static void scratch_fini(struct scratch *s) {
    free(s->sums);
    free(s->touched);
    free(s->best);
}

/* The most similar users but `except`, in s->best. */
static uint32_t find_neighbors(const struct user_cf *m, const struct fr_history_row *h, uint32_t except,
                               struct scratch *s) {
    const struct fr_rows *users = &m->by_item;
    for (uint32_t i = 0; i < h->n; i++) {
        float z = fr_history_value(h, i);
        for (size_t at = users->start[h->columns[i]]; at < users->start[h->columns[i] + 1]; at++) {
            uint32_t v = users->columns[at];
            if (s->sums[v] == 0) s->touched[s->touched_n++] = v;
            s->sums[v] += z * users->values[at];
        }
    }
    struct fr_topk top = {s->best, 0, (uint32_t)m->values[NEIGHBORS]};
    for (uint32_t t = 0; t < s->touched_n; t++) {
        uint32_t v = s->touched[t];
        if (v != except) fr_topk_offer(&top, (double)s->sums[v], v);
        s->sums[v] = 0;
    }
    s->touched_n = 0;
    fr_topk_sort(&top);
    return top.n;
}

static void score_one(const struct user_cf *m, const struct fr_history_row *h, uint32_t except,
                      struct scratch *s, float *out) {
    uint32_t n = find_neighbors(m, h, except, s);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_history_row neighbor = fr_history_row(&m->by_user, s->best[i].id);
        float w = (float)pow(s->best[i].score, m->values[SHARPNESS]) * m->weights[s->best[i].id];
        for (uint32_t j = 0; j < neighbor.n; j++)
            out[neighbor.columns[j]] += w * fr_history_value(&neighbor, j);
    }
    for (uint32_t j = 0; j < m->by_item.row_n; j++) out[j] *= m->back[j];
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    const struct user_cf *m = (const struct user_cf *)model;
    size_t item_n = m->by_item.row_n;
    memset(out, 0, n * item_n * sizeof *out);
    struct scratch s = scratch_new(m);
    for (uint32_t u = 0; u < n; u++) {
        struct fr_history_row h = fr_history_row(rows, first + u);
        score_one(m, &h, is_known ? first + u : UINT32_MAX, &s, out + u * item_n);
    }
    scratch_fini(&s);
}

static uint32_t items(const struct fr_model *model) { return ((const struct user_cf *)model)->by_item.row_n; }

static size_t bytes(const struct fr_model *model) {
    const struct user_cf *m = (const struct user_cf *)model;
    return sizeof *m + fr_rows_bytes(&m->by_user) + fr_rows_bytes(&m->by_item) +
           ((size_t)m->by_user.row_n + m->by_item.row_n) * sizeof(float);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct user_cf *m = (const struct user_cf *)model;
    fr_rows_save(&m->by_user, "user_cf.rows", w);
    fr_tensors_put_vector(w, "user_cf.parameters", FR_TENSOR_F64, PARAMETERS, m->values);
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    struct fr_rows rows;
    const struct fr_tensor *values = fr_tensors_get(file, "user_cf.parameters", FR_TENSOR_F64);
    if (fr_rows_load(file, "user_cf.rows", &rows, msg)) return NULL;
    const double *v = values && values->count == PARAMETERS ? values->data : NULL;
    if (v && v[NEIGHBORS] >= 1 && v[NEIGHBORS] <= UINT16_MAX) return &model_new(rows, v)->base;
    fr_rows_fini(&rows);
    fr_err_set(msg, FR_STATE_CORRUPT, "user-cf: its parameters are missing or out of range");
    return NULL;
}

const struct fr_model_ops fr_user_cf_ops = {.name = "user-cf",
                                            .parameters = parameters,
                                            .parameter_n = PARAMETERS,
                                            .fit = fit,
                                            .adjust = adjust,
                                            .score = score,
                                            .items = items,
                                            .bytes = bytes,
                                            .save = save,
                                            .load = load,
                                            .free = model_free};
