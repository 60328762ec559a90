/* model_check.h - a small world and what every model has to keep: its scores by any block size and number of threads, for known
 * and unknown histories, through a file and back, and through score_some. */
#ifndef FR_TESTS_MODEL_CHECK_H
#define FR_TESTS_MODEL_CHECK_H

#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/model.h"
#include <stdlib.h>

enum { USERS = 30, ITEMS = 40 };

/* Whole small values; user 0 and item 0 have nothing. */
static inline struct fr_interactions *small_world(bool with_values) {
    struct fr_interaction entries[300];
    struct fr_rng rng = {11};
    size_t n = 0;
    for (uint32_t u = 1; u < USERS; u++)
        for (uint32_t i = 1; i < ITEMS; i++) {
            bool likes = fr_rng_below(&rng, 100) < (u % 3 == i % 3 ? 35u : 8u) + 20 / i;
            float value = with_values ? (float)(1 + fr_rng_below(&rng, 3)) : 1;
            if (likes && n < 300) entries[n++] = (struct fr_interaction){u, i, value};
        }
    return fr_interactions_new(USERS, ITEMS, entries, n);
}

static inline float *all_scores(const struct fr_model *m, const struct fr_rows *rows, bool is_known) {
    float *out = fr_alloc((size_t)rows->row_n * ITEMS * sizeof *out);
    m->ops->score(m, rows, 0, rows->row_n, is_known, out);
    return out;
}

/* NaN is a difference too. */
static inline double most_apart(const float *a, const float *b, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double apart = fabs((double)a[i] - (double)b[i]);
        if (!(apart <= most)) most = apart;
    }
    return most;
}

static inline void check_blocks(const struct fr_model *m, const struct fr_rows *rows, bool is_known,
                                const float *want, double tolerance) {
    float *one = fr_alloc(ITEMS * sizeof *one);
    for (uint32_t u = 0; u < USERS; u++) {
        m->ops->score(m, rows, u, 1, is_known, one);
        CHECK_NEAR(most_apart(one, want + (size_t)u * ITEMS, ITEMS), 0, tolerance);
    }
    free(one);
}

/* want: of unknown histories. */
static inline void check_score_some(const struct fr_model *m, const struct fr_rows *rows, const float *want,
                                    double tolerance) {
    if (!m->ops->score_some) return;
    static const uint32_t wanted[] = {39, 0, 3, 17, 16};
    uint32_t floats = m->ops->work_floats ? m->ops->work_floats(m) : 0;
    float *work = fr_alloc((floats + 1) * sizeof *work), out[ITEMS];
    for (uint32_t u = 0; u < USERS; u++) {
        size_t at = rows->start[u];
        uint32_t n = fr_rows_length(rows, u);
        m->ops->score_some(m, rows->columns + at, rows->values + at, n, wanted, 5, work, out);
        for (size_t w = 0; w < 5; w++) CHECK_NEAR(out[w], want[u * ITEMS + wanted[w]], tolerance);
        m->ops->score_some(m, rows->columns + at, rows->values + at, n, NULL, ITEMS, work, out);
        CHECK_NEAR(most_apart(out, want + (size_t)u * ITEMS, ITEMS), 0, tolerance);
    }
    free(work);
}

static inline struct fr_buf saved(const struct fr_model *m) {
    struct fr_buf file = {0};
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    m->ops->save(m, w);
    fr_tensors_finish(w, &file);
    fr_tensors_writer_free(w);
    return file;
}

/* Scores exactly as before, and gives the same file again. */
static inline void check_file(const struct fr_model *m, const struct fr_rows *rows, bool is_known) {
    struct fr_buf file = saved(m);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    CHECK(fr_tensors_open(fr_buf_slice(&file), &f, &msg) == FR_OK);
    struct fr_model *again = f ? m->ops->load(f, &msg) : NULL;
    if (f) fr_tensors_close(f);
    CHECK(again);
    if (again) {
        float *want = all_scores(m, rows, is_known), *got = all_scores(again, rows, is_known);
        CHECK(memcmp(want, got, (size_t)rows->row_n * ITEMS * sizeof *want) == 0);
        struct fr_buf second = saved(again);
        CHECK(second.len == file.len && memcmp(second.data, file.data, file.len) == 0);
        CHECK_INT(again->ops->items(again), ITEMS);
        CHECK(again->ops->bytes(again) > 0);
        fr_buf_fini(&second);
        free(want), free(got);
        again->ops->free(again);
    }
    fr_buf_fini(&file);
}

/* A file without arrays is refused with a sentence. */
static inline void check_empty_file(const struct fr_model_ops *ops) {
    struct fr_buf file = {0};
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_finish(w, &file);
    fr_tensors_writer_free(w);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    CHECK(fr_tensors_open(fr_buf_slice(&file), &f, &msg) == FR_OK);
    CHECK(!ops->load(f, &msg));
    CHECK_INT(msg.code, FR_STATE_CORRUPT);
    fr_tensors_close(f);
    fr_buf_fini(&file);
}

/* All of the above; values NULL: the standards. Scores are to be within tolerance of want[USERS][ITEMS]. */
static inline void check_model(const struct fr_model_ops *ops, const struct fr_fit *how, const double *values,
                               bool is_known, const float *want, double tolerance) {
    double standards[FR_PARAMETERS_MAX];
    for (uint32_t p = 0; p < ops->parameter_n; p++) standards[p] = ops->parameters[p].standard;
    const struct fr_rows *rows = &how->data->by_user;
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        struct fr_fit fit = *how;
        struct fr_errmsg msg = {0};
        fit.threads = threads;
        struct fr_model *m = ops->fit(&fit, values ? values : standards, &msg);
        CHECK_STR(msg.text, "");
        if (!m) return;
        float *got = all_scores(m, rows, is_known);
        CHECK_NEAR(most_apart(got, want, (size_t)USERS * ITEMS), 0, tolerance);
        check_blocks(m, rows, is_known, want, tolerance);
        if (!is_known) check_score_some(m, rows, want, tolerance);
        check_file(m, rows, is_known);
        free(got);
        m->ops->free(m);
    }
    check_empty_file(ops);
}

/* Nobody, nothing, and a user without a history among others. */
static inline void check_nothing(const struct fr_model_ops *ops) {
    double standards[FR_PARAMETERS_MAX];
    for (uint32_t p = 0; p < ops->parameter_n; p++) standards[p] = ops->parameters[p].standard;
    struct fr_interaction one = {0, 1, 1};
    struct fr_interactions *worlds[] = {
        fr_interactions_new(0, 0, NULL, 0), fr_interactions_new(2, 0, NULL, 0),
        fr_interactions_new(2, 3, NULL, 0), fr_interactions_new(2, 3, &one, 1)};
    for (size_t i = 0; i < 4; i++) {
        size_t start[3] = {0};
        struct fr_rows friends = {worlds[i]->by_user.row_n, worlds[i]->by_user.row_n, start, NULL, NULL};
        struct fr_fit fit = {.data = worlds[i], .friends = &friends, .threads = 2, .seed = 1};
        struct fr_errmsg msg = {0};
        struct fr_model *m = ops->fit(&fit, standards, &msg);
        CHECK(m || *msg.text);
        if (m) {
            float out[6] = {0};
            ops->score(m, &worlds[i]->by_user, 0, worlds[i]->by_user.row_n, true, out);
            ops->score(m, &worlds[i]->by_user, 0, worlds[i]->by_user.row_n, false, out);
            for (size_t j = 0; j < 6; j++) CHECK(isfinite(out[j]));
            ops->free(m);
        }
        fr_interactions_free(worlds[i]);
    }
}

#endif
