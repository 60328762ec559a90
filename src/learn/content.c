/* The interest is spread out over all features once a history; then each feature the user has adds to its items. Items and
 * features are met in ascending order, so the sums are the same whoever makes them. */
#include "freshet/learn/content.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct content {
    struct fr_model model;
    struct fr_rows by_item, by_feature;
    uint32_t *users;  /* [items] of the fit */
    float *advantage; /* [items] (1 + users)^popularity */
};

static const double popularity_grid[] = {0, .1, .25, .5, .75, 1};
static const struct fr_parameter parameters[] = {{"popularity", .5, popularity_grid, 6}};

static bool adjust(struct fr_model *model, const double *values) {
    struct content *c = (struct content *)model;
    for (uint32_t i = 0; i < c->by_item.row_n; i++)
        c->advantage[i] = (float)fr_exp2(values[0] * fr_log2(1. + c->users[i]));
    return true;
}

static struct content *content_new(uint32_t item_n, uint32_t feature_n, size_t entry_n) {
    struct content *c = fr_alloc_zero(1, sizeof *c);
    c->model.ops = &fr_content_ops;
    c->by_item = fr_rows_new(item_n, feature_n, entry_n);
    c->users = fr_alloc_zero((size_t)item_n + 1, sizeof *c->users);
    c->advantage = fr_alloc_zero((size_t)item_n + 1, sizeof *c->advantage);
    return c;
}

/* The first rows of features as a matrix with a row for each item. */
static void copy_rows(struct fr_rows *to, const struct fr_rows *features) {
    uint32_t row_n = features->row_n < to->row_n ? features->row_n : to->row_n;
    size_t n = features->start[row_n];
    for (uint32_t i = 0; i <= to->row_n; i++) to->start[i] = i < row_n ? features->start[i] : n;
    memcpy(to->columns, features->columns, n * sizeof *to->columns);
    memcpy(to->values, features->values, n * sizeof *to->values);
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    if (!fit->features) {
        fr_err_set(msg, FR_CONFIG, "content: there are no features of items");
        return NULL;
    }
    const struct fr_rows *by_item = &fit->data->by_item;
    struct content *c =
        content_new(by_item->row_n, fit->features->column_n, fit->features->start[fit->features->row_n]);
    copy_rows(&c->by_item, fit->features);
    c->by_feature = fr_rows_transposed(&c->by_item);
    for (uint32_t i = 0; i < by_item->row_n; i++) c->users[i] = fr_rows_length(by_item, i);
    adjust(&c->model, values);
    return &c->model;
}

/* interest[features]; returns 1 / its length, 0 when it is nothing. */
static float add_up(const struct content *c, const uint32_t *columns, const float *values, uint32_t n,
                    float *interest) {
    double squares = 0;
    memset(interest, 0, c->by_item.column_n * sizeof *interest);
    for (uint32_t k = 0; k < n; k++)
        for (size_t i = c->by_item.start[columns[k]]; i < c->by_item.start[columns[k] + 1]; i++)
            interest[c->by_item.columns[i]] += (values ? values[k] : 1) * c->by_item.values[i];
    for (uint32_t f = 0; f < c->by_item.column_n; f++) squares += (double)interest[f] * (double)interest[f];
    return squares > 0 ? (float)(1 / sqrt(squares)) : 0;
}

static void score_history(const struct content *c, const uint32_t *columns, const float *values, uint32_t n,
                          float *interest, float *out) {
    const struct fr_rows *f = &c->by_feature;
    float scale = add_up(c, columns, values, n, interest);
    memset(out, 0, c->by_item.row_n * sizeof *out);
    for (uint32_t k = 0; k < f->row_n; k++) {
        if (!(interest[k] > 0)) continue;
        for (size_t i = f->start[k]; i < f->start[k + 1]; i++)
            out[f->columns[i]] += interest[k] * f->values[i];
    }
    for (uint32_t i = 0; i < c->by_item.row_n; i++) out[i] *= scale * c->advantage[i];
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    const struct content *c = (const struct content *)model;
    float *interest = fr_alloc(((size_t)c->by_item.column_n + 1) * sizeof *interest);
    (void)is_known;
    for (uint32_t i = 0; i < n; i++) {
        size_t at = rows->start[first + i];
        score_history(c, rows->columns + at, rows->values ? rows->values + at : NULL,
                      fr_rows_length(rows, first + i), interest, out + (size_t)i * c->by_item.row_n);
    }
    free(interest);
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t m, float *work, float *out) {
    const struct content *c = (const struct content *)model;
    if (!wanted) {
        score_history(c, columns, values, n, work, out);
        return;
    }
    float scale = add_up(c, columns, values, n, work);
    for (uint32_t w = 0; w < m; w++) {
        float sum = 0;
        for (size_t i = c->by_item.start[wanted[w]]; i < c->by_item.start[wanted[w] + 1]; i++)
            sum += work[c->by_item.columns[i]] * c->by_item.values[i];
        out[w] = sum * scale * c->advantage[wanted[w]];
    }
}

static uint32_t work_floats(const struct fr_model *model) {
    return ((const struct content *)model)->by_item.column_n;
}

static uint32_t items(const struct fr_model *model) { return ((const struct content *)model)->by_item.row_n; }

static size_t bytes(const struct fr_model *model) {
    const struct content *c = (const struct content *)model;
    size_t entries = c->by_item.start[c->by_item.row_n];
    return sizeof *c + 2 * entries * (sizeof(uint32_t) + sizeof(float)) +
           ((size_t)c->by_item.row_n + c->by_feature.row_n) * sizeof(size_t) +
           c->by_item.row_n * (sizeof *c->users + sizeof *c->advantage);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct content *c = (const struct content *)model;
    const struct fr_rows *r = &c->by_item;
    uint64_t *start = fr_alloc(((size_t)r->row_n + 1) * sizeof *start);
    for (uint32_t i = 0; i <= r->row_n; i++) start[i] = r->start[i];
    fr_tensors_put_vector(w, "content.start", FR_TENSOR_U64, (uint64_t)r->row_n + 1, start);
    fr_tensors_put_vector(w, "content.columns", FR_TENSOR_U32, start[r->row_n], r->columns);
    fr_tensors_put_vector(w, "content.values", FR_TENSOR_F32, start[r->row_n], r->values);
    fr_tensors_put_vector(w, "content.features", FR_TENSOR_U32, 1, &r->column_n);
    fr_tensors_put_vector(w, "content.users", FR_TENSOR_U32, r->row_n, c->users);
    fr_tensors_put_vector(w, "content.advantage", FR_TENSOR_F32, r->row_n, c->advantage);
    free(start);
}

/* What the arrays must be for the loops above to stay within them. */
static bool fits_together(const struct content *c, size_t entry_n) {
    const struct fr_rows *r = &c->by_item;
    if (r->start[0] != 0 || r->start[r->row_n] != entry_n) return false;
    for (uint32_t i = 0; i < r->row_n; i++) {
        if (r->start[i + 1] < r->start[i]) return false;
        if (!(c->advantage[i] >= 0 && isfinite(c->advantage[i]))) return false;
    }
    for (size_t i = 0; i < entry_n; i++)
        if (r->columns[i] >= r->column_n || !isfinite(r->values[i])) return false;
    return true;
}

static void free_content(struct fr_model *model) {
    struct content *c = (struct content *)model;
    fr_rows_fini(&c->by_item);
    fr_rows_fini(&c->by_feature);
    free(c->users);
    free(c->advantage);
    free(c);
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    const struct fr_tensor *start = fr_tensors_get(file, "content.start", FR_TENSOR_U64);
    const struct fr_tensor *columns = fr_tensors_get(file, "content.columns", FR_TENSOR_U32);
    const struct fr_tensor *values = fr_tensors_get(file, "content.values", FR_TENSOR_F32);
    const struct fr_tensor *features = fr_tensors_get(file, "content.features", FR_TENSOR_U32);
    const struct fr_tensor *users = fr_tensors_get(file, "content.users", FR_TENSOR_U32);
    const struct fr_tensor *advantage = fr_tensors_get(file, "content.advantage", FR_TENSOR_F32);
    bool is_whole = start && columns && values && features && users && advantage && features->count == 1 &&
                    columns->count == values->count && users->count < UINT32_MAX / 2 &&
                    start->count == users->count + 1 && advantage->count == users->count;
    struct content *c = NULL;
    if (is_whole) {
        c = content_new((uint32_t)users->count, *(const uint32_t *)features->data, columns->count);
        for (uint64_t i = 0; i < start->count; i++) c->by_item.start[i] = ((const uint64_t *)start->data)[i];
        if (columns->count) {
            memcpy(c->by_item.columns, columns->data, columns->count * sizeof *c->by_item.columns);
            memcpy(c->by_item.values, values->data, columns->count * sizeof *c->by_item.values);
        }
        if (users->count) {
            memcpy(c->users, users->data, users->count * sizeof *c->users);
            memcpy(c->advantage, advantage->data, users->count * sizeof *c->advantage);
        }
    }
    if (!c || !fits_together(c, columns->count)) {
        if (c) free_content(&c->model);
        fr_err_set(msg, FR_STATE_CORRUPT, "content: its arrays are missing or do not fit together");
        return NULL;
    }
    c->by_feature = fr_rows_transposed(&c->by_item);
    return &c->model;
}

const struct fr_model_ops fr_content_ops = {.name = "content",
                                            .parameters = parameters,
                                            .parameter_n = sizeof parameters / sizeof *parameters,
                                            .needs_features = true,
                                            .fit = fit,
                                            .adjust = adjust,
                                            .score = score,
                                            .score_some = score_some,
                                            .work_floats = work_floats,
                                            .items = items,
                                            .bytes = bytes,
                                            .save = save,
                                            .load = load,
                                            .free = free_content};
