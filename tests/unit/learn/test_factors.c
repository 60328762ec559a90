#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/factors.h"
#include <stdlib.h>

enum { ITEMS = 30 };

static struct fr_model *make(uint32_t k, float ridge, bool has_bias, struct fr_errmsg *msg) {
    float *vectors = malloc(ITEMS * k * sizeof *vectors), bias[ITEMS];
    struct fr_rng r = {k};
    for (uint32_t i = 0; i < ITEMS * k; i++) vectors[i] = (float)(fr_rng_uniform(&r) * 2 - 1);
    for (int i = 0; i < ITEMS; i++) bias[i] = (float)fr_rng_uniform(&r);
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put(w, "factors.items", FR_TENSOR_F32, (uint64_t[]){ITEMS, k}, 2, vectors);
    fr_tensors_put_vector(w, "factors.ridge", FR_TENSOR_F32, 1, &ridge);
    if (has_bias) fr_tensors_put_vector(w, "factors.bias", FR_TENSOR_F32, ITEMS, bias);
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    struct fr_model *m = fr_factors_ops.load(f, msg);
    fr_tensors_close(f);
    fr_tensors_writer_free(w);
    fr_buf_fini(&bytes);
    free(vectors);
    return m;
}

static void scores(const struct fr_model *m, const uint32_t *columns, const float *values, uint32_t n,
                   float *out) {
    float *work = malloc(fr_factors_ops.work_floats(m) * sizeof *work);
    fr_factors_ops.score_some(m, columns, values, n, NULL, ITEMS, work, out);
    free(work);
}

/* Two items in one dimension, by hand: y = 1 and 2, values 1 and .5, ridge 1: x = (1 + .5 * 2) / (1 + .5 * 4 + 1) = .5 */
static void test_by_hand(void) {
    const float vectors[] = {1, 2, 3}, bias[] = {0, 0, .25f};
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put(w, "factors.items", FR_TENSOR_F32, (uint64_t[]){3, 1}, 2, vectors);
    fr_tensors_put_vector(w, "factors.bias", FR_TENSOR_F32, 3, bias);
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    struct fr_model *m = fr_factors_ops.load(f, NULL);
    CHECK_INT(fr_factors_ops.items(m), 3);
    float out[3], work[3];
    const uint32_t both[] = {0, 1}, one[] = {1}, last = 2;
    const float values[] = {1, .5f};
    fr_factors_ops.score_some(m, both, values, 2, NULL, 3, work, out); /* longer than a vector */
    CHECK_NEAR(out[0], .5, 1e-6);
    CHECK_NEAR(out[2], 1.75, 1e-6);
    fr_factors_ops.score_some(m, one, values, 1, &last, 1, work, out); /* x = 2 / (4 + 1) = .4 */
    CHECK_NEAR(out[0], 1.45, 1e-6);
    fr_factors_ops.score_some(m, one, values, 0, &last, 1, work, out);
    CHECK_NEAR(out[0], .25, 1e-6);
    m->ops->free(m);
    fr_tensors_close(f);
    fr_tensors_writer_free(w);
    fr_buf_fini(&bytes);
}

/* Scores are products with the vector of the history. */
static void test_the_vector_of_a_history(void) {
    struct fr_model *m = make(8, .5f, false, NULL);
    const uint32_t columns[] = {2, 9, 17};
    const float values[] = {1, 1, 2};
    float out[ITEMS], one[1], vector[8], other[8];
    float *work = malloc(fr_factors_ops.work_floats(m) * sizeof *work);
    CHECK_INT(m->ops->vector_floats(m), 8);
    m->ops->vector(m, columns, values, 3, work, vector);
    scores(m, columns, values, 3, out);
    for (uint32_t i = 0; i < ITEMS; i++) {
        const float one_value[] = {1};
        double product = 0;
        m->ops->vector(m, &i, one_value, 1, work, other);           /* y / (y.y + .5) */
        m->ops->score_some(m, &i, one_value, 1, &i, 1, work, one);  /* y.y / (y.y + .5) */
        double length = .5 * (double)one[0] / (1 - (double)one[0]); /* y.y */
        for (int j = 0; j < 8; j++) product += (double)vector[j] * (double)other[j] * (length + .5);
        CHECK_NEAR(product, out[i], 1e-4);
    }
    free(work);
    m->ops->free(m);
}

/* The solution's gradient is 0: sum v (y.x - 1) y + ridge x, seen through the scores: with a ridge near 0 and a history
 * shorter than the vectors, the items of the history score 1. */
static void test_both_systems_agree(void) {
    struct fr_model *m = make(8, 1e-4f, false, NULL);
    uint32_t columns[ITEMS];
    float values[ITEMS], out[ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++) columns[i] = i, values[i] = 1;
    scores(m, columns, values, 7, out);
    for (int i = 0; i < 7; i++) CHECK_NEAR(out[i], 1, 1e-2);
    m->ops->free(m);
    m = make(8, .5f, false, NULL);
    /* An item twice in weight is the item with twice the value: 8 entries by the one system, 9 by the other. */
    float twice[ITEMS], split[ITEMS];
    const uint32_t nine[] = {0, 1, 2, 3, 4, 5, 6, 7, 7}, eight[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const float ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, heavy[] = {1, 1, 1, 1, 1, 1, 1, 2};
    scores(m, eight, heavy, 8, twice);
    scores(m, nine, ones, 9, split);
    for (int i = 0; i < ITEMS; i++) CHECK_NEAR(twice[i], split[i], 1e-4);
    m->ops->free(m);
}

static void test_batch_is_one_by_one(void) {
    struct fr_model *m = make(5, .5f, true, NULL);
    size_t start[] = {0, 3, 3, 4};
    uint32_t columns[] = {1, 5, 9, 20};
    float values[] = {1, 2, .5f, 1}, all[2 * ITEMS], one[ITEMS];
    const struct fr_rows rows = {3, ITEMS, start, columns, values};
    m->ops->score(m, &rows, 1, 2, false, all);
    scores(m, columns, values, 0, one);
    CHECK(memcmp(one, all, sizeof one) == 0);
    scores(m, columns + 3, values + 3, 1, one);
    CHECK(memcmp(one, all + ITEMS, sizeof one) == 0);
    m->ops->free(m);
}

static void test_refused(void) {
    struct fr_errmsg msg = {0};
    CHECK(make(3, 0, false, &msg) == NULL && msg.text[0]);
    CHECK(make(3, NAN, false, NULL) == NULL);
    CHECK(make(FR_FACTORS_OWN_MAX + 1, 1, false, NULL) == NULL);
}

int main(void) {
    RUN(test_by_hand);
    RUN(test_the_vector_of_a_history);
    RUN(test_both_systems_agree);
    RUN(test_batch_is_one_by_one);
    RUN(test_refused);
    return check_done();
}
