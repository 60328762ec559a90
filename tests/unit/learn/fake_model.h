/* fake_model.h - a model of ten items for tests of what is built around models: the score of item i for a history is the sum
 * of value * weights[column][i]. */
#ifndef FR_TESTS_FAKE_MODEL_H
#define FR_TESTS_FAKE_MODEL_H

#include "freshet/learn/model.h"
#include <stdlib.h>
#include <string.h>

enum { FAKE_ITEMS = 10 };

struct fake_model {
    struct fr_model base;
    float weights[FAKE_ITEMS][FAKE_ITEMS];
    uint32_t *freed; /* counts */
};

static void fake_score_some(const struct fr_model *model, const uint32_t *columns, const float *values,
                            uint32_t n, const uint32_t *wanted, uint32_t m, float *work, float *out) {
    const struct fake_model *f = (const struct fake_model *)model;
    memset(work, 0, FAKE_ITEMS * sizeof *work);
    for (uint32_t h = 0; h < n; h++)
        for (uint32_t i = 0; i < FAKE_ITEMS; i++) work[i] += values[h] * f->weights[columns[h]][i];
    for (uint32_t i = 0; i < m; i++) out[i] = work[wanted ? wanted[i] : i];
}

static void fake_score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                       bool is_known, float *out) {
    float work[FAKE_ITEMS];
    (void)is_known;
    for (uint32_t r = 0; r < n; r++) {
        size_t from = rows->start[first + r];
        fake_score_some(model, rows->columns + from, rows->values + from, fr_rows_length(rows, first + r),
                        NULL, FAKE_ITEMS, work, out + (size_t)r * FAKE_ITEMS);
    }
}

static uint32_t fake_count(const struct fr_model *model) {
    (void)model;
    return FAKE_ITEMS;
}

static size_t fake_bytes(const struct fr_model *model) {
    (void)model;
    return sizeof(struct fake_model);
}

static void fake_free(struct fr_model *model) {
    struct fake_model *f = (struct fake_model *)model;
    if (f->freed) ++*f->freed;
    free(f);
}

static const struct fr_model_ops fake_ops = {.name = "fake",
                                             .score = fake_score,
                                             .score_some = fake_score_some,
                                             .work_floats = fake_count,
                                             .items = fake_count,
                                             .bytes = fake_bytes,
                                             .free = fake_free};

static inline struct fake_model *fake_new(const struct fr_model_ops *ops, uint32_t *freed) {
    struct fake_model *f = fr_alloc_zero(1, sizeof *f);
    f->base.ops = ops;
    f->freed = freed;
    return f;
}

#endif
