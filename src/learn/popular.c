#include "freshet/learn/popular.h"
#include <stdlib.h>
#include <string.h>

struct popular {
    struct fr_model model;
    uint32_t item_n;
    float *shares; /* [item_n] */
};

static struct popular *popular_new(uint32_t item_n) {
    struct popular *p = fr_alloc_zero(1, sizeof *p);
    p->model.ops = &fr_popular_ops;
    p->item_n = item_n;
    p->shares = fr_alloc(((size_t)item_n + 1) * sizeof *p->shares);
    return p;
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    (void)values;
    (void)msg;
    const struct fr_rows *by_item = &fit->data->by_item;
    struct popular *p = popular_new(by_item->row_n);
    float users = (float)(by_item->column_n ? by_item->column_n : 1);
    for (uint32_t i = 0; i < p->item_n; i++) p->shares[i] = (float)fr_rows_length(by_item, i) / users;
    return &p->model;
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)rows;
    (void)first;
    (void)is_known;
    const struct popular *p = (const struct popular *)model;
    for (uint32_t i = 0; i < n; i++)
        memcpy(out + (size_t)i * p->item_n, p->shares, p->item_n * sizeof *p->shares);
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t m, float *work, float *out) {
    (void)columns;
    (void)values;
    (void)n;
    (void)work;
    const struct popular *p = (const struct popular *)model;
    for (uint32_t i = 0; i < m; i++) out[i] = p->shares[wanted ? wanted[i] : i];
}

static uint32_t items(const struct fr_model *model) { return ((const struct popular *)model)->item_n; }

static size_t bytes(const struct fr_model *model) {
    const struct popular *p = (const struct popular *)model;
    return sizeof *p + p->item_n * sizeof *p->shares;
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct popular *p = (const struct popular *)model;
    fr_tensors_put_vector(w, "popular.shares", FR_TENSOR_F32, p->item_n, p->shares);
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    const struct fr_tensor *shares = fr_tensors_get(file, "popular.shares", FR_TENSOR_F32);
    if (!shares || shares->dimension_n != 1 || shares->count > UINT32_MAX) {
        fr_err_set(msg, FR_STATE_CORRUPT, "popular: shares are missing");
        return NULL;
    }
    struct popular *p = popular_new((uint32_t)shares->count);
    if (p->item_n) memcpy(p->shares, shares->data, p->item_n * sizeof *p->shares);
    return &p->model;
}

static void free_popular(struct fr_model *model) {
    struct popular *p = (struct popular *)model;
    free(p->shares);
    free(p);
}

const struct fr_model_ops fr_popular_ops = {.name = "popular",
                                            .fit = fit,
                                            .score = score,
                                            .score_some = score_some,
                                            .items = items,
                                            .bytes = bytes,
                                            .save = save,
                                            .load = load,
                                            .free = free_popular};
