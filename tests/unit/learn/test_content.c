/* The content model against the formula on a small world. */
#include "freshet/learn/content.h"
#include "model_check.h"

enum { FEATURES = 9 };

static double dense[ITEMS][FEATURES];

/* Item 5 and the last two have no features; the matrix ends before the last one. */
static struct fr_rows features_new(void) {
    struct fr_rng rng = {3};
    struct fr_rows r = fr_rows_new(ITEMS - 1, FEATURES, ITEMS * FEATURES);
    size_t n = 0;
    memset(dense, 0, sizeof dense);
    for (uint32_t i = 0; i < ITEMS - 1; i++) {
        double squares = 0;
        for (uint32_t f = 0; f < FEATURES; f++)
            if (i != 5 && i != ITEMS - 2 && (fr_rng_below(&rng, 3) == 0 || f == i % FEATURES))
                dense[i][f] = 1 + fr_rng_below(&rng, 4), squares += dense[i][f] * dense[i][f];
        for (uint32_t f = 0; f < FEATURES; f++) {
            if (!(dense[i][f] > 0)) continue;
            dense[i][f] /= sqrt(squares);
            r.columns[n] = f;
            r.values[n++] = (float)dense[i][f];
        }
        r.start[i + 1] = n;
    }
    return r;
}

static void fill_want(const struct fr_interactions *m, double popularity, float *want) {
    for (uint32_t u = 0; u < USERS; u++) {
        double interest[FEATURES] = {0}, squares = 0;
        for (size_t at = m->by_user.start[u]; at < m->by_user.start[u + 1]; at++)
            for (uint32_t f = 0; f < FEATURES; f++)
                interest[f] += (double)m->by_user.values[at] * dense[m->by_user.columns[at]][f];
        for (uint32_t f = 0; f < FEATURES; f++) squares += interest[f] * interest[f];
        for (uint32_t i = 0; i < ITEMS; i++) {
            double sum = 0;
            for (uint32_t f = 0; f < FEATURES; f++) sum += interest[f] * dense[i][f];
            double scale =
                squares > 0 ? pow(1 + fr_rows_length(&m->by_item, i), popularity) / sqrt(squares) : 0;
            want[u * ITEMS + i] = (float)(sum * scale);
        }
    }
}

static void check(double popularity, bool with_values) {
    struct fr_interactions *data = small_world(with_values);
    struct fr_rows features = features_new();
    float *want = fr_alloc((size_t)USERS * ITEMS * sizeof *want);
    fill_want(data, popularity, want);
    struct fr_fit fit = {.data = data, .features = &features, .seed = 1};
    check_model(&fr_content_ops, &fit, &popularity, true, want, 1e-5);
    check_model(&fr_content_ops, &fit, &popularity, false, want, 1e-5);
    free(want);
    fr_rows_fini(&features);
    fr_interactions_free(data);
}

static void test_scores_are_those_of_the_formula(void) {
    check(0, false);
    check(.5, true);
    check(1, true);
}

/* An item that nobody touched has a score by its content. */
static void test_cold_items(void) {
    struct fr_interactions *data = small_world(false);
    struct fr_rows features = features_new();
    struct fr_fit fit = {.data = data, .features = &features, .seed = 1, .threads = 1};
    double popularity = .5;
    struct fr_model *m = fr_content_ops.fit(&fit, &popularity, NULL);
    CHECK_INT(fr_rows_length(&data->by_item, 0), 0);
    uint32_t touched = 9; /* shares feature 0 with item 0 */
    float out[ITEMS], one = 1;
    m->ops->score_some(m, &touched, &one, 1, NULL, ITEMS, (float[FEATURES]){0}, out);
    CHECK(out[0] > 0);
    m->ops->free(m);
    fr_rows_fini(&features);
    fr_interactions_free(data);
}

static void test_adjusted_is_fitted_anew(void) {
    struct fr_interactions *data = small_world(true);
    struct fr_rows features = features_new();
    struct fr_fit fit = {.data = data, .features = &features, .seed = 1, .threads = 1};
    struct fr_model *a = fr_content_ops.fit(&fit, (double[]){1}, NULL);
    struct fr_model *b = fr_content_ops.fit(&fit, (double[]){.25}, NULL);
    CHECK(a->ops->adjust(a, (double[]){.25}));
    float *x = all_scores(a, &data->by_user, true), *y = all_scores(b, &data->by_user, true);
    CHECK(memcmp(x, y, (size_t)USERS * ITEMS * sizeof *x) == 0);
    free(x), free(y);
    a->ops->free(a), b->ops->free(b);
    fr_rows_fini(&features);
    fr_interactions_free(data);
}

static void test_without_features_it_says_so(void) {
    struct fr_interactions *data = small_world(false);
    struct fr_fit fit = {.data = data};
    struct fr_errmsg msg = {0};
    CHECK(!fr_content_ops.fit(&fit, (double[]){0}, &msg));
    CHECK_INT(msg.code, FR_CONFIG);
    fr_interactions_free(data);
    check_nothing(&fr_content_ops);
}

/* Arrays that would lead outside. */
static void test_broken_files_are_refused(void) {
    struct fr_interactions *data = small_world(false);
    struct fr_rows features = features_new();
    struct fr_fit fit = {.data = data, .features = &features, .seed = 1, .threads = 1};
    struct fr_model *m = fr_content_ops.fit(&fit, (double[]){0}, NULL);
    struct fr_buf good = saved(m);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    CHECK(fr_tensors_open(fr_buf_slice(&good), &f, &msg) == FR_OK);
    const struct fr_tensor *columns = fr_tensors_get(f, "content.columns", FR_TENSOR_U32);
    uint32_t *one = (uint32_t *)(uintptr_t)columns->data;
    one[3] = FEATURES;
    CHECK(!fr_content_ops.load(f, &msg));
    CHECK_INT(msg.code, FR_STATE_CORRUPT);
    fr_tensors_close(f);
    fr_buf_fini(&good);
    m->ops->free(m);
    fr_rows_fini(&features);
    fr_interactions_free(data);
}

int main(void) {
    RUN(test_scores_are_those_of_the_formula);
    RUN(test_cold_items);
    RUN(test_adjusted_is_fitted_anew);
    RUN(test_without_features_it_says_so);
    RUN(test_broken_files_are_refused);
    return check_done();
}
