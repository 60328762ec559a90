#include "forest_internal.h"
#include "freshet/base/hash.h"
#include "freshet/base/tensors.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION = 1, NAME_BYTES = 24 };

void fr_forest_free(struct fr_forest *f) {
    if (!f) return;
    for (uint32_t m = 0; m < f->member_n; m++)
        if (f->members[m]) f->library->free(f->members[m]);
    free(f);
}

uint32_t fr_forest_columns(const struct fr_forest *f) { return f->column_n; }

double fr_forest_rounds(const struct fr_forest *f) {
    double sum = 0;
    for (uint32_t m = 0; m < f->member_n; m++) {
        int rounds = 0;
        if (f->library->rounds(f->members[m], &rounds) == 0) sum += rounds;
    }
    return sum / f->member_n;
}

void forest_array_json(const float *values, uint32_t n, uint32_t column_n, char out[FOREST_JSON_BYTES]) {
    snprintf(out, FOREST_JSON_BYTES,
             "{\"data\": [%" PRIuPTR ", true], \"shape\": [%u, %u], \"typestr\": \"<f4\", \"version\": 3}",
             (uintptr_t)values, n, column_n);
}

enum fr_err forest_matrix(const struct forest_library *l, const float *values, uint32_t n, uint32_t column_n,
                          unsigned threads, DMatrixHandle *out, struct fr_errmsg *msg) {
    char array[FOREST_JSON_BYTES], config[FOREST_JSON_BYTES];
    forest_array_json(values, n, column_n, array);
    snprintf(config, sizeof config, "{\"missing\": NaN, \"nthread\": %u}", threads);
    return forest_check(l, l->matrix_create(array, config, out), msg);
}

/* ---- asking ---- */

/* cache_id must be there: 1.7.4 does not survive without it. Type 1: log odds. */
static const char SCORE_CONFIG[] =
    "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
    "\"strict_shape\": false, \"cache_id\": 0, \"missing\": NaN}";
static const char EXPLAIN_CONFIG[] =
    "{\"type\": 2, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0, "
    "\"strict_shape\": false}";

/* Adds a share of what the library lent to sums[n]. */
static void add_share(double *sums, const float *lent, size_t n, uint32_t member_n) {
    for (size_t i = 0; i < n; i++) sums[i] += (double)lent[i] / member_n;
}

static bool has_size(const bst_ulong *shape, bst_ulong dimension_n, uint64_t wanted) {
    uint64_t count = 1;
    for (bst_ulong d = 0; d < dimension_n; d++) count *= shape[d];
    return count == wanted;
}

enum fr_err fr_forest_score(const struct fr_forest *f, const float *values, uint32_t n, double *log_odds,
                            struct fr_errmsg *msg) {
    char array[FOREST_JSON_BYTES];
    enum fr_err err = FR_OK;
    forest_array_json(values, n, f->column_n, array);
    for (uint32_t i = 0; i < n; i++) log_odds[i] = 0;
    for (uint32_t m = 0; m < f->member_n && n && err == FR_OK; m++) {
        const bst_ulong *shape;
        bst_ulong dimension_n;
        const float *lent;
        err = forest_check(
            f->library,
            f->library->predict_dense(f->members[m], array, SCORE_CONFIG, NULL, &shape, &dimension_n, &lent),
            msg);
        if (err != FR_OK) break;
        if (!has_size(shape, dimension_n, n)) return fr_err_set(msg, FR_IO, "xgboost gave another shape");
        add_share(log_odds, lent, n, f->member_n);
    }
    return err;
}

static enum fr_err explain_matrix(const struct fr_forest *f, DMatrixHandle matrix, size_t n,
                                  double *contributions, struct fr_errmsg *msg) {
    for (size_t i = 0; i < n; i++) contributions[i] = 0;
    for (uint32_t m = 0; m < f->member_n; m++) {
        const bst_ulong *shape;
        bst_ulong dimension_n;
        const float *lent;
        enum fr_err err = forest_check(
            f->library,
            f->library->predict_matrix(f->members[m], matrix, EXPLAIN_CONFIG, &shape, &dimension_n, &lent),
            msg);
        if (err != FR_OK) return err;
        if (!has_size(shape, dimension_n, n)) return fr_err_set(msg, FR_IO, "xgboost gave another shape");
        add_share(contributions, lent, n, f->member_n);
    }
    return FR_OK;
}

enum fr_err fr_forest_explain(const struct fr_forest *f, const float *values, uint32_t n,
                              double *contributions, struct fr_errmsg *msg) {
    DMatrixHandle matrix;
    if (n == 0) return FR_OK;
    enum fr_err err = forest_matrix(f->library, values, n, f->column_n, 1, &matrix, msg);
    if (err != FR_OK) return err;
    err = explain_matrix(f, matrix, (size_t)n * (f->column_n + 1), contributions, msg);
    f->library->matrix_free(matrix);
    return err;
}

/* ---- bytes ---- */

static void name_member(uint32_t m, char out[NAME_BYTES]) { snprintf(out, NAME_BYTES, "forest.%u", m); }

static enum fr_err put_members(const struct fr_forest *f, struct fr_tensors_writer *w, uint64_t *check,
                               struct fr_errmsg *msg) {
    for (uint32_t m = 0; m < f->member_n; m++) {
        char name[NAME_BYTES];
        bst_ulong n;
        const char *bytes;
        enum fr_err err = forest_check(
            f->library, f->library->save(f->members[m], "{\"format\": \"ubj\"}", &n, &bytes), msg);
        if (err != FR_OK) return err;
        name_member(m, name);
        fr_tensors_put_vector(w, name, FR_TENSOR_U8, n, bytes);
        *check = fr_hash64(bytes, n, *check);
    }
    return FR_OK;
}

enum fr_err fr_forest_save(const struct fr_forest *f, struct fr_buf *out, struct fr_errmsg *msg) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    const uint32_t shape[] = {VERSION, f->column_n, f->member_n};
    uint64_t check = 0;
    enum fr_err err = put_members(f, w, &check, msg);
    fr_tensors_put_vector(w, "forest.shape", FR_TENSOR_U32, 3, shape);
    fr_tensors_put_vector(w, "forest.check", FR_TENSOR_U64, 1, &check);
    if (err == FR_OK) fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    return err;
}

/* Bytes that are not what was written are not shown to the library, whose reader trusts them. */
static bool is_whole(const struct fr_forest *f, const struct fr_tensors_file *file) {
    const struct fr_tensor *wanted = fr_tensors_get(file, "forest.check", FR_TENSOR_U64);
    uint64_t check = 0;
    for (uint32_t m = 0; m < f->member_n; m++) {
        char name[NAME_BYTES];
        name_member(m, name);
        const struct fr_tensor *bytes = fr_tensors_get(file, name, FR_TENSOR_U8);
        if (!bytes) return false;
        check = fr_hash64(bytes->data, bytes->count, check);
    }
    return wanted && wanted->count == 1 && *(const uint64_t *)wanted->data == check;
}

static bool read_shape(struct fr_forest *f, const struct fr_tensors_file *file) {
    const struct fr_tensor *shape = fr_tensors_get(file, "forest.shape", FR_TENSOR_U32);
    if (!shape || shape->count != 3) return false;
    const uint32_t *at = shape->data;
    if (at[0] != VERSION || at[1] < 1 || at[1] > FR_FOREST_COLUMNS_MAX) return false;
    if (at[2] < 1 || at[2] > FR_FOREST_MEMBERS_MAX) return false;
    f->column_n = at[1];
    f->member_n = at[2];
    return is_whole(f, file);
}

static bool load_member(struct fr_forest *f, uint32_t m, const struct fr_tensors_file *file) {
    const struct forest_library *l = f->library;
    char name[NAME_BYTES];
    bst_ulong columns = 0;
    name_member(m, name);
    const struct fr_tensor *bytes = fr_tensors_get(file, name, FR_TENSOR_U8);
    return l->create(NULL, 0, &f->members[m]) == 0 &&
           l->load(f->members[m], bytes->data, bytes->count) == 0 &&
           l->set(f->members[m], "nthread", "1") == 0 && l->features(f->members[m], &columns) == 0 &&
           columns == f->column_n;
}

static bool load_all(struct fr_forest *f, const struct fr_tensors_file *file) {
    if (!read_shape(f, file)) return false;
    for (uint32_t m = 0; m < f->member_n; m++)
        if (!load_member(f, m, file)) return false;
    return true;
}

struct fr_forest *fr_forest_load(struct fr_str bytes, struct fr_errmsg *msg) {
    struct fr_tensors_file *file;
    const struct forest_library *l = forest_library(msg);
    if (!l || fr_tensors_open(bytes, &file, msg) != FR_OK) return NULL;
    struct fr_forest *f = fr_alloc_zero(1, sizeof *f);
    f->library = l;
    bool is_good = load_all(f, file);
    fr_tensors_close(file);
    if (is_good) return f;
    fr_err_set(msg, FR_STATE_CORRUPT, "forest: arrays are missing or do not fit together");
    fr_forest_free(f);
    return NULL;
}
