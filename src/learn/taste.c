#include "freshet/learn/taste.h"
#include "freshet/base/hash.h"
#include "freshet/learn/model_source.h"
#include "freshet/learn/popular.h"
#include <stdlib.h>

enum { BUCKET_SEED = 0x7461, NO_COLUMN = FR_DICT_NONE };

struct fr_taste {
    const struct fr_model *model;
    uint32_t floats;
    uint32_t *columns; /* [number_n] by number, NO_COLUMN: not the bundle's */
    uint32_t number_n;
    uint32_t *places; /* [item_n] of a model that is rows: twice the bucket, and 1 for minus */
    float *work;
};

static bool has_vectors(const struct fr_model_ops *ops) {
    return (ops->vector || ops->rows) && strcmp(ops->name, fr_popular_ops.name) != 0;
}

const struct fr_model *fr_taste_model(const struct fr_bundle *b) {
    const struct fr_bundle_model *best = NULL;
    for (uint32_t i = 0; i < b->model_n; i++)
        if (has_vectors(b->models[i].model->ops) && (!best || b->models[i].weight > best->weight))
            best = &b->models[i];
    return best ? best->model : NULL;
}

static void index_columns(struct fr_taste *t, const struct fr_bundle *b, struct fr_dict *ids) {
    uint32_t *numbers = fr_alloc((b->item_n + (size_t)1) * sizeof *numbers);
    if (b->item_n) fr_dict_intern_all(ids, b->items, b->item_n, numbers);
    t->number_n = ids->n;
    t->columns = fr_alloc((t->number_n + (size_t)1) * sizeof *t->columns);
    for (uint32_t i = 0; i < t->number_n; i++) t->columns[i] = NO_COLUMN;
    for (uint32_t c = 0; c < b->item_n; c++) t->columns[numbers[c]] = c;
    free(numbers);
}

/* Drawn once for each item, not once for each neighbour of each history. */
static uint32_t *draw_places(uint32_t item_n) {
    uint32_t *places = fr_alloc((item_n + (size_t)1) * sizeof *places);
    for (uint32_t i = 0; i < item_n; i++) {
        uint64_t h = fr_hash64(&i, sizeof i, BUCKET_SEED);
        places[i] = (uint32_t)(h % FR_TASTE_BUCKETS * 2 + (h >> 63));
    }
    return places;
}

struct fr_taste *fr_taste_new(const struct fr_bundle *b, const struct fr_model *model, struct fr_dict *ids) {
    const struct fr_model_ops *ops = model->ops;
    struct fr_taste *t = fr_alloc_zero(1, sizeof *t);
    FR_ASSERT(has_vectors(ops));
    t->model = model;
    t->floats = ops->vector ? ops->vector_floats(model) : FR_TASTE_BUCKETS;
    t->work = fr_alloc_zero((ops->work_floats ? ops->work_floats(model) : 0) + (size_t)1, sizeof *t->work);
    if (!ops->vector) t->places = draw_places(b->item_n);
    index_columns(t, b, ids);
    return t;
}

void fr_taste_free(struct fr_taste *t) {
    if (!t) return;
    free(t->columns);
    free(t->places);
    free(t->work);
    free(t);
}

uint32_t fr_taste_floats(const struct fr_taste *t) { return t->floats; }

/* ---- one history ---- */

static int compare_columns(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static uint32_t fold(const struct fr_taste *t, const struct fr_seed *seeds, uint32_t n,
                     uint32_t columns[FR_MODEL_SOURCE_SEEDS]) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < n && found < FR_MODEL_SOURCE_SEEDS; i++) {
        uint32_t item = seeds[i].item;
        if (!fr_seed_speaks(&seeds[i]) || item >= t->number_n || t->columns[item] == NO_COLUMN) continue;
        columns[found++] = t->columns[item];
    }
    qsort(columns, found, sizeof *columns, compare_columns);
    return found;
}

static void add_row(const uint32_t *places, const struct fr_rows *rows, uint32_t row, float *out) {
    for (size_t e = rows->start[row]; e < rows->start[row + 1]; e++) {
        uint32_t place = places[rows->columns[e]];
        float value = rows->values ? rows->values[e] : 1;
        out[place / 2] += place % 2 ? -value : value;
    }
}

bool fr_taste_of(struct fr_taste *t, const struct fr_seed *seeds, uint32_t n, float *out) {
    uint32_t columns[FR_MODEL_SOURCE_SEEDS];
    float ones[FR_MODEL_SOURCE_SEEDS];
    const struct fr_model_ops *ops = t->model->ops;
    uint32_t found = fold(t, seeds, n, columns);
    for (uint32_t i = 0; i < found; i++) ones[i] = 1;
    memset(out, 0, t->floats * sizeof *out);
    if (!found) return false;
    if (ops->vector) {
        ops->vector(t->model, columns, ones, found, t->work, out);
    } else {
        const struct fr_rows *rows = ops->rows(t->model);
        for (uint32_t i = 0; i < found; i++) add_row(t->places, rows, columns[i], out);
    }
    for (uint32_t j = 0; j < t->floats; j++)
        if (out[j] != 0) return true;
    return false;
}
