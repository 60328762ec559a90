#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/base/topk.h"
#include "freshet/learn/factor.h"
#include "freshet/learn/la.h"
#include "../../../src/learn/factor_row.h"
#include "als_fixture.h"
#include <stdlib.h>

enum { FACTORS, UNOBSERVED, REGULARISATION, POWER, ITERATIONS };

static struct fr_interactions *fixture_new(float value) {
    struct fr_interaction entries[ALS_ENTRIES];
    for (int i = 0; i < ALS_ENTRIES; i++)
        entries[i] = (struct fr_interaction){als_pairs[i][0], als_pairs[i][1], value};
    return fr_interactions_new(ALS_USERS, ALS_ITEMS, entries, ALS_ENTRIES);
}

/* implicit's loss divided by alpha - 1, its target alpha / (alpha - 1) moved into the factors. */
static const double *implicit_values(void) {
    static double values[5];
    values[FACTORS] = ALS_FACTORS;
    values[UNOBSERVED] = ALS_USERS * ALS_ITEMS / ((als_alpha - 1) * ALS_ENTRIES);
    values[REGULARISATION] = als_regularisation / als_alpha;
    values[POWER] = 0;
    values[ITERATIONS] = 1000;
    return values;
}

static struct fr_model *fit_with(const struct fr_interactions *data, const double *values, uint64_t seed,
                                 unsigned threads) {
    struct fr_fit fit = {.data = data, .threads = threads, .seed = seed};
    struct fr_errmsg msg = {0};
    struct fr_model *m = fr_factor_ops.fit(&fit, values, &msg);
    CHECK_STR(msg.text, "");
    return m;
}

static void best_of(const float *scores, uint32_t user, struct fr_scored *best) {
    bool taken[ALS_ITEMS] = {false};
    for (int i = 0; i < ALS_ENTRIES; i++)
        if (als_pairs[i][0] == user) taken[als_pairs[i][1]] = true;
    struct fr_topk top = {best, 0, ALS_TOP};
    for (uint32_t i = 0; i < ALS_ITEMS; i++)
        if (!taken[i]) fr_topk_offer(&top, (double)scores[i], i);
    fr_topk_sort(&top);
}

static void check_lists(const float *scores) {
    for (uint32_t user = 0; user < ALS_USERS; user++) {
        struct fr_scored best[ALS_TOP];
        best_of(scores + user * ALS_ITEMS, user, best);
        for (int i = 0; i < ALS_TOP; i++) CHECK_INT(best[i].id, als_top[user][i]);
    }
}

static void test_same_lists_and_scores_as_implicit(void) {
    struct fr_interactions *data = fixture_new(1);
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct fr_model *m = fit_with(data, implicit_values(), seed, 1);
        float scores[ALS_USERS * ALS_ITEMS];
        m->ops->score(m, &data->by_user, 0, ALS_USERS, true, scores);
        check_lists(scores);
        for (int i = 0; i < 6 * ALS_ITEMS; i++)
            CHECK_NEAR((double)scores[i] * als_alpha / (als_alpha - 1),
                       als_scores[i / ALS_ITEMS][i % ALS_ITEMS], 2e-3);
        m->ops->free(m);
    }
    fr_interactions_free(data);
}

static void fill(float *x, uint32_t n, uint64_t seed) {
    struct fr_rng rng = {seed};
    for (uint32_t i = 0; i < n; i++) x[i] = (float)fr_rng_uniform(&rng) - .5f;
}

enum { K = 48, COLUMNS = 30, ROW = 20 };

/* The system as a full matrix, solved by the twin of LAPACK. */
static void solve_fully(const struct fr_factor_row *r, const float *y, const float *d, float *x) {
    static float a[K * K];
    memset(a, 0, sizeof a);
    memset(x, 0, K * sizeof *x);
    for (uint32_t j = 0; j < K; j++) a[j * K + j] = d[j];
    for (uint32_t i = 0; i < r->n; i++) {
        const float *c = y + r->columns[i] * K;
        float v = r->values[i] * r->value_scale;
        for (uint32_t j = 0; j < K; j++) {
            x[j] += v * c[j];
            for (uint32_t l = 0; l < K; l++) a[j * K + l] += v * c[j] * c[l];
        }
    }
    CHECK(fr_la_naive_solve_spd(K, a, 1, x));
}

static void test_row_is_solved(void) {
    static float y[COLUMNS * K], d[K], x[K], want[K], values[ROW];
    uint32_t columns[ROW];
    fill(y, COLUMNS * K, 3);
    fill(x, K, 4);
    for (uint32_t j = 0; j < K; j++) d[j] = .1f + .01f * (float)j;
    for (uint32_t i = 0; i < ROW; i++) {
        columns[i] = i + i / 2;
        values[i] = 1 + (float)(i % 3);
    }
    struct fr_factor_row row = {columns, values, ROW, .5f};
    solve_fully(&row, y, d, want);
    fr_factor_row_solve(&row, K, y, d, 40, 1e-6f, x);
    for (uint32_t j = 0; j < K; j++) CHECK_NEAR(x[j], want[j], 1e-4);
}

static double error_after(unsigned steps) {
    static float y[COLUMNS * K], d[K], x[K], want[K], values[ROW];
    uint32_t columns[ROW];
    fill(y, COLUMNS * K, 5);
    memset(x, 0, sizeof x);
    for (uint32_t j = 0; j < K; j++) d[j] = .3f;
    for (uint32_t i = 0; i < ROW; i++) {
        columns[i] = i;
        values[i] = 1;
    }
    struct fr_factor_row row = {columns, values, ROW, 1};
    solve_fully(&row, y, d, want);
    fr_factor_row_solve(&row, K, y, d, steps, 0, x);
    double sum = 0;
    for (uint32_t j = 0; j < K; j++) sum += (double)((x[j] - want[j]) * (x[j] - want[j]));
    return sqrt(sum);
}

static void test_each_step_is_nearer(void) {
    for (unsigned steps = 1; steps < 8; steps++) CHECK(error_after(steps) < error_after(steps - 1) * .9);
}

static const double quick[] = {32, 5, .01, 1, 4};

static void test_threads_change_no_bit(void) {
    struct fr_interactions *data = fixture_new(1);
    float one[ALS_USERS * ALS_ITEMS], more[ALS_USERS * ALS_ITEMS];
    struct fr_model *m = fit_with(data, quick, 5, 1);
    m->ops->score(m, &data->by_user, 0, ALS_USERS, true, one);
    m->ops->free(m);
    m = fit_with(data, quick, 5, 3);
    m->ops->score(m, &data->by_user, 0, ALS_USERS, true, more);
    m->ops->free(m);
    CHECK(memcmp(one, more, sizeof one) == 0);
    fr_interactions_free(data);
}

static void test_units_of_values_do_not_matter(void) {
    struct fr_interactions *ones = fixture_new(1), *eights = fixture_new(8);
    struct fr_model *m = fit_with(ones, quick, 5, 1), *other = fit_with(eights, quick, 5, 1);
    float scores[ALS_USERS * ALS_ITEMS], same[ALS_USERS * ALS_ITEMS];
    m->ops->score(m, &ones->by_user, 0, ALS_USERS, true, scores);
    other->ops->score(other, &eights->by_user, 0, ALS_USERS, true, same);
    for (int i = 0; i < ALS_USERS * ALS_ITEMS; i++) CHECK_NEAR(same[i], scores[i], 1e-6);
    m->ops->free(m);
    other->ops->free(other);
    fr_interactions_free(ones);
    fr_interactions_free(eights);
}

static void test_heavier_entries_are_fitted_closer(void) {
    struct fr_interaction entries[ALS_ENTRIES];
    for (int i = 0; i < ALS_ENTRIES; i++)
        entries[i] = (struct fr_interaction){als_pairs[i][0], als_pairs[i][1], i == 0 ? 9.f : 1.f};
    struct fr_interactions *flat = fixture_new(1),
                           *heavy = fr_interactions_new(ALS_USERS, ALS_ITEMS, entries, ALS_ENTRIES);
    struct fr_model *m = fit_with(flat, quick, 5, 1), *other = fit_with(heavy, quick, 5, 1);
    float before[ALS_ITEMS], after[ALS_ITEMS];
    m->ops->score(m, &flat->by_user, als_pairs[0][0], 1, true, before);
    other->ops->score(other, &heavy->by_user, als_pairs[0][0], 1, true, after);
    CHECK(fabsf(1 - after[als_pairs[0][1]]) < .5f * fabsf(1 - before[als_pairs[0][1]]));
    m->ops->free(m);
    other->ops->free(other);
    fr_interactions_free(flat);
    fr_interactions_free(heavy);
}

/* A history is all that counts; alone or in a block differs by rounding. */
static void test_fold_in(void) {
    struct fr_interactions *data = fixture_new(1);
    struct fr_model *m = fit_with(data, quick, 5, 1);
    float block[ALS_USERS * ALS_ITEMS], alone[ALS_ITEMS];
    m->ops->score(m, &data->by_user, 0, ALS_USERS, true, block);
    size_t start[] = {0, fr_rows_length(&data->by_user, 3), fr_rows_length(&data->by_user, 3)};
    struct fr_rows rows = {2, ALS_ITEMS, start, data->by_user.columns + data->by_user.start[3], NULL};
    m->ops->score(m, &rows, 0, 1, false, alone);
    for (int i = 0; i < ALS_ITEMS; i++) CHECK_NEAR(alone[i], block[3 * ALS_ITEMS + i], 1e-5);
    m->ops->score(m, &rows, 1, 1, false, alone);
    for (int i = 0; i < ALS_ITEMS; i++) CHECK_NEAR(alone[i], 0, 0); /* nothing is known */
    m->ops->free(m);
    fr_interactions_free(data);
}

static struct fr_model *reload(const struct fr_model *m, struct fr_buf *bytes, struct fr_errmsg *msg) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    m->ops->save(m, w);
    fr_tensors_finish(w, bytes);
    fr_tensors_writer_free(w);
    struct fr_tensors_file *f = NULL;
    CHECK_INT(fr_tensors_open(fr_buf_slice(bytes), &f, msg), FR_OK);
    struct fr_model *loaded = m->ops->load(f, msg);
    fr_tensors_close(f);
    return loaded;
}

static void test_saved_and_loaded(void) {
    struct fr_interactions *data = fixture_new(2);
    struct fr_model *m = fit_with(data, quick, 5, 1);
    struct fr_buf bytes = {0};
    struct fr_errmsg msg = {0};
    struct fr_model *loaded = reload(m, &bytes, &msg);
    float scores[ALS_USERS * ALS_ITEMS], same[ALS_USERS * ALS_ITEMS];
    m->ops->score(m, &data->by_user, 0, ALS_USERS, true, scores);
    loaded->ops->score(loaded, &data->by_user, 0, ALS_USERS, true, same);
    CHECK(memcmp(scores, same, sizeof scores) == 0);
    CHECK_INT(loaded->ops->bytes(loaded), m->ops->bytes(m));
    m->ops->free(m);
    loaded->ops->free(loaded);
    fr_buf_fini(&bytes);
    fr_interactions_free(data);
}

/* What is saved is in the basis that fold-in relies on. */
static void check_gram(const struct fr_tensors_file *f) {
    const struct fr_tensor *items = fr_tensors_get(f, "als.items", FR_TENSOR_F32);
    const struct fr_tensor *gram = fr_tensors_get(f, "als.gram", FR_TENSOR_F32);
    float product[32 * 32];
    CHECK_INT(items->shape[1], 32);
    fr_la_naive_gemm(true, false, 32, 32, ALS_ITEMS, 1, items->data, items->data, 0, product);
    for (int i = 0; i < 32; i++)
        for (int j = 0; j < 32; j++)
            CHECK_NEAR(product[i * 32 + j], i == j ? ((const float *)gram->data)[i] : 0, 2e-5);
}

static void test_saved_basis(void) {
    struct fr_interactions *data = fixture_new(1);
    struct fr_model *m = fit_with(data, quick, 5, 1);
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    m->ops->save(m, w);
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    check_gram(f);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_tensors_writer_free(w);
    m->ops->free(m);
    fr_interactions_free(data);
}

static enum fr_err load_shapes(uint64_t items, uint64_t factors, uint64_t gram) {
    static const float zeros[64 * 64];
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put(w, "als.items", FR_TENSOR_F32, (uint64_t[]){items, factors}, 2, zeros);
    fr_tensors_put_vector(w, "als.gram", FR_TENSOR_F32, gram, zeros);
    fr_tensors_put_vector(w, "als.settings", FR_TENSOR_F32, 4, zeros);
    struct fr_buf bytes = {0};
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, &msg), FR_OK);
    struct fr_model *m = fr_factor_ops.load(f, &msg);
    if (m) m->ops->free(m);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    return msg.code;
}

static void test_what_cannot_be_loaded(void) {
    CHECK_INT(load_shapes(3, 32, 32), FR_OK);
    CHECK_INT(load_shapes(3, 24, 24), FR_STATE_CORRUPT); /* not a multiple of the lanes */
    CHECK_INT(load_shapes(3, 32, 16), FR_STATE_CORRUPT);
    CHECK_INT(load_shapes(3, 0, 0), FR_STATE_CORRUPT);
}

static bool give_up(void *context, const char *step, double done) {
    (void)step;
    *(double *)context = done;
    return done < .5;
}

static void test_given_up(void) {
    struct fr_interactions *data = fixture_new(1);
    double done = 0;
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1, .progress = give_up, .context = &done};
    struct fr_errmsg msg = {0};
    CHECK(fr_factor_ops.fit(&fit, quick, &msg) == NULL);
    CHECK_INT(msg.code, FR_TIMEOUT);
    CHECK_NEAR(done, .5, 1e-9);
    double too_many[] = {FR_FACTORS_MAX + 1, 5, .01, 1, 4};
    CHECK(fr_factor_ops.fit(&fit, too_many, &(struct fr_errmsg){0}) == NULL);
    fr_interactions_free(data);
}

int main(void) {
    fr_la_threads(1); /* products this small only wait for each other */
    RUN(test_same_lists_and_scores_as_implicit);
    RUN(test_row_is_solved);
    RUN(test_each_step_is_nearer);
    RUN(test_threads_change_no_bit);
    RUN(test_units_of_values_do_not_matter);
    RUN(test_heavier_entries_are_fitted_closer);
    RUN(test_fold_in);
    RUN(test_saved_and_loaded);
    RUN(test_saved_basis);
    RUN(test_what_cannot_be_loaded);
    RUN(test_given_up);
    return check_done();
}
