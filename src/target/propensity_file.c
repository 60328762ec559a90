#include "propensity_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A propensity's file holds its parts' files, and those their models', as arrays of bytes: each reads and judges its own. */
enum { NAME_BYTES = 24 };

static void put_bytes(struct fr_tensors_writer *w, const char *name, const struct fr_buf *bytes) {
    fr_tensors_put_vector(w, name, FR_TENSOR_U8, bytes->len, bytes->data);
}

/* A copy that is aligned for what is in it; NULL: not there. gives: free. */
static char *get_bytes(const struct fr_tensors_file *f, const char *name, struct fr_str *bytes) {
    const struct fr_tensor *array = fr_tensors_get(f, name, FR_TENSOR_U8);
    if (!array) return NULL;
    char *copy = fr_alloc(array->count + 1);
    memcpy(copy, array->data, array->count);
    *bytes = (struct fr_str){copy, (uint32_t)array->count};
    return copy;
}

/* ---- a part ---- */

static enum fr_err put_forest(const struct part *part, struct fr_tensors_writer *w, struct fr_errmsg *msg) {
    struct fr_buf bytes = {0};
    enum fr_err err = fr_forest_save(part->forest, &bytes, msg);
    put_bytes(w, "forest", &bytes);
    fr_buf_fini(&bytes);
    return err;
}

static void put_ranker(const struct part *part, uint32_t i, struct fr_tensors_writer *w) {
    struct fr_buf bytes = {0};
    char name[NAME_BYTES];
    struct fr_tensors_writer *own = fr_tensors_writer_new();
    fr_rank_mlp_save(part->rankers[i], own);
    fr_tensors_finish(own, &bytes);
    fr_tensors_writer_free(own);
    snprintf(name, sizeof name, "ranker.%u", i);
    put_bytes(w, name, &bytes);
    fr_buf_fini(&bytes);
}

enum fr_err part_save(const struct part *part, struct fr_buf *out, struct fr_errmsg *msg) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    const uint32_t shape[] = {(uint32_t)part->kind, part->ranker_n};
    enum fr_err err = FR_OK;
    fr_tensors_put_vector(w, "part", FR_TENSOR_U32, 2, shape);
    if (part->forest) err = put_forest(part, w, msg);
    if (part->forest) fr_tensors_put_vector(w, "base", FR_TENSOR_F64, 1, &part->base);
    if (!part->forest) fr_table_inputs_save(&part->inputs, w);
    for (uint32_t i = 0; i < part->ranker_n; i++) put_ranker(part, i, w);
    if (err == FR_OK) fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    return err;
}

static bool load_ranker(struct part *part, uint32_t i, const struct fr_tensors_file *f,
                        struct fr_errmsg *msg) {
    char name[NAME_BYTES];
    struct fr_str bytes;
    struct fr_tensors_file *own;
    snprintf(name, sizeof name, "ranker.%u", i);
    char *copy = get_bytes(f, name, &bytes);
    if (!copy) return false;
    struct fr_rank_mlp *ranker = NULL;
    if (fr_tensors_open(bytes, &own, msg) == FR_OK) {
        ranker = fr_rank_mlp_load(own, msg);
        fr_tensors_close(own);
    }
    free(copy);
    if (!ranker) return false;
    part->rankers[part->ranker_n++] = ranker;
    return fr_rank_mlp_features(ranker) == part->inputs.input_n;
}

static bool load_rankers(struct part *part, uint32_t n, uint32_t column_n, const struct fr_tensors_file *f,
                         struct fr_errmsg *msg) {
    if (n < 1 || n > PART_RANKERS_MAX || !fr_table_inputs_load(&part->inputs, f)) return false;
    if (part->inputs.column_n != column_n) return false;
    for (uint32_t i = 0; i < n; i++)
        if (!load_ranker(part, i, f, msg)) return false;
    return true;
}

static bool load_forest(struct part *part, uint32_t column_n, const struct fr_tensors_file *f,
                        struct fr_errmsg *msg) {
    struct fr_str bytes;
    const struct fr_tensor *base = fr_tensors_get(f, "base", FR_TENSOR_F64);
    if (!base || base->count != 1) return false;
    part->base = *(const double *)base->data;
    char *copy = part->base > 0 && part->base < 1 ? get_bytes(f, "forest", &bytes) : NULL;
    if (!copy) return false;
    part->forest = fr_forest_load(bytes, msg);
    free(copy);
    return part->forest && fr_forest_columns(part->forest) == column_n;
}

bool part_load(struct part *part, struct fr_str bytes, uint32_t column_n, struct fr_errmsg *msg) {
    struct fr_tensors_file *f;
    *part = (struct part){0};
    if (fr_tensors_open(bytes, &f, msg) != FR_OK) return false;
    const struct fr_tensor *shape = fr_tensors_get(f, "part", FR_TENSOR_U32);
    const uint32_t *at = shape && shape->count == 2 ? shape->data : NULL;
    bool ok = at && at[0] < FR_PROPENSITY_ENSEMBLE;
    if (ok) part->kind = (enum fr_propensity_kind)at[0];
    bool is_forest = part->kind == FR_PROPENSITY_FOREST || part->kind == FR_PROPENSITY_BOOSTING;
    if (ok)
        ok = is_forest ? load_forest(part, column_n, f, msg) : load_rankers(part, at[1], column_n, f, msg);
    fr_tensors_close(f);
    return ok;
}

/* ---- the whole ---- */

static enum fr_err put_parts(const struct fr_propensity *p, struct fr_tensors_writer *w,
                             struct fr_errmsg *msg) {
    enum fr_err err = FR_OK;
    double numbers[PARTS_MAX * 3];
    for (uint32_t k = 0; k < p->part_n && err == FR_OK; k++) {
        struct fr_buf bytes = {0};
        char name[NAME_BYTES];
        const struct part *part = &p->parts[k];
        memcpy(numbers + (size_t)k * 3, (double[]){part->weight, part->platt.slope, part->platt.intercept},
               3 * sizeof *numbers);
        snprintf(name, sizeof name, "part.%u", k);
        err = part_save(part, &bytes, msg);
        put_bytes(w, name, &bytes);
        fr_buf_fini(&bytes);
    }
    if (err == FR_OK) fr_tensors_put(w, "parts", FR_TENSOR_F64, (uint64_t[]){p->part_n, 3}, 2, numbers);
    return err;
}

enum fr_err fr_propensity_save(const struct fr_propensity *p, struct fr_buf *out, struct fr_errmsg *msg) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    enum fr_err err = put_parts(p, w, msg);
    fr_tensors_put_strings(w, "columns", p->columns, p->column_n);
    fr_tensors_put_vector(w, "threshold", FR_TENSOR_F64, 1, &p->threshold);
    fr_calibration_save(&p->calibration, w);
    fr_tensors_meta(w, "freshet.propensity", FR_STR("1"));
    fr_tensors_meta(w, "task", fr_str_of(p->task));
    fr_tensors_meta(w, "version", fr_str_of(p->version));
    if (err == FR_OK) fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    return err;
}

static bool load_part(struct fr_propensity *p, uint32_t k, const double *numbers,
                      const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    char name[NAME_BYTES];
    struct fr_str bytes;
    snprintf(name, sizeof name, "part.%u", k);
    char *copy = get_bytes(f, name, &bytes);
    if (!copy) return false;
    struct part *part = &p->parts[p->part_n++];
    bool ok = part_load(part, bytes, p->column_n, msg);
    free(copy);
    part->weight = numbers[0];
    part->platt = (struct fr_calibration){.slope = numbers[1], .intercept = numbers[2]};
    return ok && numbers[0] >= 0 && isfinite(numbers[0]) && isfinite(numbers[1]) && isfinite(numbers[2]);
}

static bool load_parts(struct fr_propensity *p, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *parts = fr_tensors_get(f, "parts", FR_TENSOR_F64);
    if (!parts || parts->dimension_n != 2 || parts->shape[1] != 3) return false;
    if (parts->shape[0] < 1 || parts->shape[0] > PARTS_MAX) return false;
    for (uint32_t k = 0; k < parts->shape[0]; k++)
        if (!load_part(p, k, (const double *)parts->data + (size_t)k * 3, f, msg)) return false;
    return true;
}

static bool load_columns(struct fr_propensity *p, const struct fr_tensors_file *f) {
    p->columns = fr_tensors_get_strings(f, "columns", &p->column_n, &p->arena);
    if (!p->columns || p->column_n < 1 || p->column_n > FR_PROPENSITY_COLUMNS_MAX) return false;
    struct fr_str *copies = fr_arena_alloc(&p->arena, p->column_n * sizeof *copies);
    for (uint32_t i = 0; i < p->column_n; i++) copies[i] = fr_arena_copy(&p->arena, p->columns[i]);
    p->columns = copies; /* the file is closed before they are read */
    return true;
}

static bool load_all(struct fr_propensity *p, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *threshold = fr_tensors_get(f, "threshold", FR_TENSOR_F64);
    struct fr_str task = fr_tensors_get_meta(f, "task"), version = fr_tensors_get_meta(f, "version");
    if (!fr_str_eq(fr_tensors_get_meta(f, "freshet.propensity"), FR_STR("1"))) return false;
    if (!threshold || threshold->count != 1 || isnan(*(const double *)threshold->data)) return false;
    p->threshold = *(const double *)threshold->data;
    snprintf(p->task, sizeof p->task, "%.*s", FR_STR_ARG(task));
    snprintf(p->version, sizeof p->version, "%.*s", FR_STR_ARG(version));
    return load_columns(p, f) && fr_calibration_load(&p->calibration, f) && load_parts(p, f, msg);
}

struct fr_propensity *fr_propensity_load(struct fr_str bytes, struct fr_errmsg *msg) {
    struct fr_tensors_file *f;
    if (fr_tensors_open(bytes, &f, msg) != FR_OK) return NULL;
    struct fr_propensity *p = fr_alloc_zero(1, sizeof *p);
    bool ok = load_all(p, f, msg);
    fr_tensors_close(f);
    if (ok) return p;
    fr_err_set(msg, FR_STATE_CORRUPT, "propensity: arrays are missing or do not fit together");
    fr_propensity_free(p);
    return NULL;
}
