#include "freshet/learn/factors.h"
#include "freshet/learn/la.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct factors_model {
    struct fr_model base;
    uint32_t item_n, k;
    float ridge;
    float *items; /* [item_n][k] */
    float *bias;  /* [item_n] or NULL */
};

struct history {
    const uint32_t *columns;
    const float *values; /* NULL: ones */
    uint32_t n;
};

static const float *row_of(const struct factors_model *m, uint32_t item) {
    return m->items + (size_t)item * m->k;
}

static float value_at(const struct history *h, uint32_t i) { return h->values ? h->values[i] : 1; }

static float dot(uint32_t k, const float *a, const float *b) {
    float sum = 0;
    for (uint32_t j = 0; j < k; j++) sum += a[j] * b[j];
    return sum;
}

static void add_scaled(uint32_t k, float scale, const float *a, float *y) {
    for (uint32_t j = 0; j < k; j++) y[j] += scale * a[j];
}

/* The system of the history's length; n <= k. */
static bool solve_short(const struct factors_model *m, const struct history *h, float *work, float *x) {
    float *right = work, *gram = work + h->n;
    for (uint32_t i = 0; i < h->n; i++) {
        right[i] = 1;
        for (uint32_t j = 0; j <= i; j++)
            gram[(size_t)i * h->n + j] = gram[(size_t)j * h->n + i] =
                dot(m->k, row_of(m, h->columns[i]), row_of(m, h->columns[j]));
        gram[(size_t)i * h->n + i] += m->ridge / value_at(h, i);
    }
    if (!fr_la_naive_solve_spd(h->n, gram, 1, right)) return false;
    for (uint32_t i = 0; i < h->n; i++) add_scaled(m->k, right[i], row_of(m, h->columns[i]), x);
    return true;
}

/* The system of the vectors' length. */
static bool solve_long(const struct factors_model *m, const struct history *h, float *work, float *x) {
    memset(work, 0, (size_t)m->k * m->k * sizeof *work);
    for (uint32_t i = 0; i < h->n; i++) {
        const float *y = row_of(m, h->columns[i]);
        float v = value_at(h, i);
        for (uint32_t j = 0; j < m->k; j++) add_scaled(m->k, v * y[j], y, work + (size_t)j * m->k);
        add_scaled(m->k, v, y, x);
    }
    for (uint32_t j = 0; j < m->k; j++) work[(size_t)j * m->k + j] += m->ridge;
    return fr_la_naive_solve_spd(m->k, work, 1, x);
}

/* x[k] of a history; all 0 when there is none. work[k * k + k]. */
static void fold_in(const struct factors_model *m, const struct history *h, float *work, float *x) {
    memset(x, 0, m->k * sizeof *x);
    bool solved = h->n <= m->k ? solve_short(m, h, work, x) : solve_long(m, h, work, x);
    if (!solved) memset(x, 0, m->k * sizeof *x);
}

static void score_history(const struct factors_model *m, const struct history *h, const uint32_t *wanted,
                          uint32_t n, float *work, float *out) {
    float *x = work;
    fold_in(m, h, work + m->k, x);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t item = wanted ? wanted[i] : i;
        out[i] = dot(m->k, x, row_of(m, item)) + (m->bias ? m->bias[item] : 0);
    }
}

static uint32_t work_floats(const struct fr_model *model) {
    const struct factors_model *m = (const struct factors_model *)model;
    return m->k * m->k + 2 * m->k;
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t wanted_n, float *work, float *out) {
    const struct history h = {columns, values, n};
    score_history((const struct factors_model *)model, &h, wanted, wanted_n, work, out);
}

static uint32_t vector_floats(const struct fr_model *model) {
    return ((const struct factors_model *)model)->k;
}

static void vector(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                   float *work, float *out) {
    const struct history h = {columns, values, n};
    fold_in((const struct factors_model *)model, &h, work, out);
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)is_known;
    const struct factors_model *m = (const struct factors_model *)model;
    float *work = fr_alloc(work_floats(model) * sizeof *work);
    for (uint32_t i = 0; i < n; i++) {
        size_t from = rows->start[first + i];
        const struct history h = {rows->columns + from, rows->values ? rows->values + from : NULL,
                                  fr_rows_length(rows, first + i)};
        score_history(m, &h, NULL, m->item_n, work, out + (size_t)i * m->item_n);
    }
    free(work);
}

static uint32_t items(const struct fr_model *model) { return ((const struct factors_model *)model)->item_n; }

static size_t bytes(const struct fr_model *model) {
    const struct factors_model *m = (const struct factors_model *)model;
    return sizeof *m + ((size_t)m->item_n * m->k + (m->bias ? m->item_n : 0)) * sizeof(float);
}

static void free_model(struct fr_model *model) {
    struct factors_model *m = (struct factors_model *)model;
    free(m->items);
    free(m->bias);
    free(m);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct factors_model *m = (const struct factors_model *)model;
    fr_tensors_put(w, "factors.items", FR_TENSOR_F32, (uint64_t[]){m->item_n, m->k}, 2, m->items);
    fr_tensors_put_vector(w, "factors.ridge", FR_TENSOR_F32, 1, &m->ridge);
    if (m->bias) fr_tensors_put_vector(w, "factors.bias", FR_TENSOR_F32, m->item_n, m->bias);
}

/* ---- from a file ---- */

static bool all_finite(const struct fr_tensor *t) {
    const float *v = t->data;
    for (uint64_t i = 0; i < t->count; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

static float *copy_of(const struct fr_tensor *t) {
    float *copy = fr_alloc(t->count * sizeof *copy + 1);
    if (t->count) memcpy(copy, t->data, t->count * sizeof *copy);
    return copy;
}

static const char *fault_of(const struct fr_tensor *vectors, const struct fr_tensor *bias, float ridge) {
    if (!vectors || vectors->dimension_n != 2) return "factors.items is not a matrix of F32";
    if (vectors->shape[1] < 1 || vectors->shape[1] > FR_FACTORS_OWN_MAX || vectors->shape[0] > UINT32_MAX)
        return "factors.items must have 1 to 1024 columns";
    if (bias && bias->count != vectors->shape[0]) return "factors.bias is not as long as factors.items";
    if (!(ridge > 0 && ridge < 1e30f)) return "factors.ridge must be above 0";
    if (!all_finite(vectors) || (bias && !all_finite(bias))) return "a number is not finite";
    return NULL;
}

static struct fr_model *load(const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *vectors = fr_tensors_get(f, "factors.items", FR_TENSOR_F32);
    const struct fr_tensor *bias = fr_tensors_get(f, "factors.bias", FR_TENSOR_F32);
    const struct fr_tensor *ridge = fr_tensors_get(f, "factors.ridge", FR_TENSOR_F32);
    float r = ridge && ridge->count ? *(const float *)ridge->data : 1;
    const char *fault = fault_of(vectors, bias, r);
    if (fault) {
        fr_err_set(msg, FR_STATE_CORRUPT, "%s", fault);
        return NULL;
    }
    struct factors_model *m = fr_alloc_zero(1, sizeof *m);
    *m =
        (struct factors_model){{&fr_factors_ops}, (uint32_t)vectors->shape[0], (uint32_t)vectors->shape[1], r,
                               copy_of(vectors),  bias ? copy_of(bias) : NULL};
    return &m->base;
}

const struct fr_model_ops fr_factors_ops = {.name = "factors",
                                            .score = score,
                                            .score_some = score_some,
                                            .work_floats = work_floats,
                                            .vector = vector,
                                            .vector_floats = vector_floats,
                                            .items = items,
                                            .bytes = bytes,
                                            .save = save,
                                            .load = load,
                                            .free = free_model};
