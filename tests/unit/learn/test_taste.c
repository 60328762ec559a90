/* Histories as vectors: held to what the models say of all items, the long way. */
#include "check.h"
#include "fake_model.h"
#include "freshet/learn/graph.h"
#include "freshet/learn/near.h"
#include "freshet/learn/spectral.h"
#include "freshet/learn/taste.h"
#include "small_bundle.h"

enum { N = SMALL_BUNDLE_ITEMS };

static double cosine(const float *a, const float *b, uint32_t n) {
    double ab = 0, aa = 0, bb = 0;
    for (uint32_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static void score_all(const struct fr_model *m, const uint32_t *columns, uint32_t n, float *out) {
    const float ones[] = {1, 1, 1, 1};
    float *work = calloc((m->ops->work_floats ? m->ops->work_floats(m) : 0) + 1, sizeof *work);
    m->ops->score_some(m, columns, ones, n, NULL, m->ops->items(m), work, out);
    free(work);
}

static struct fr_seed seed(struct fr_dict *ids, const char *item, double strength) {
    return (struct fr_seed){.item = fr_dict_intern(ids, fr_str_of(item)), .strength = strength};
}

/* ---- als ---- */

static void test_the_angle_between_factors_is_that_of_all_scores(void) {
    static const uint32_t histories[][2] = {{0, 2}, {0, 4}, {1, 3}, {5, 7}, {2, 9}};
    struct fr_bundle *b = small_bundle("als", 0, 7);
    const struct fr_model *m = b->models[0].model;
    uint32_t k = m->ops->vector_floats(m);
    float vectors[5][512], scores[5][N];
    const float ones[] = {1, 1};
    CHECK(k <= 512);
    for (int h = 0; h < 5; h++) {
        m->ops->vector(m, histories[h], ones, 2, NULL, vectors[h]);
        score_all(m, histories[h], 2, scores[h]);
    }
    for (int x = 0; x < 5; x++)
        for (int y = 0; y < x; y++)
            CHECK_NEAR(cosine(vectors[x], vectors[y], k), cosine(scores[x], scores[y], N), 2e-3);
    CHECK(cosine(vectors[0], vectors[1], k) > .4 && cosine(vectors[0], vectors[2], k) < .1);
    fr_bundle_free(b);
}

/* ---- spectral: what the global part adds to the scores, which are then only the local part's ---- */

static void global_scores(struct fr_model *m, const double *values, const uint32_t *columns, float *out) {
    double without[FR_SPECTRAL_PARAMETERS];
    float local[N];
    memcpy(without, values, sizeof without);
    without[FR_SPECTRAL_GLOBAL] = without[FR_SPECTRAL_CURVE] = 0;
    score_all(m, columns, 2, out);
    CHECK(m->ops->adjust(m, without));
    score_all(m, columns, 2, local);
    CHECK(m->ops->adjust(m, values));
    for (uint32_t i = 0; i < N; i++) out[i] -= local[i];
}

static void test_the_place_among_singular_vectors(void) {
    static const uint32_t histories[][2] = {{0, 2}, {0, 4}, {1, 3}, {2, 9}};
    struct fr_bundle *b = small_bundle("spectral", 0, 7);
    struct fr_model *m = b->models[0].model;
    double values[FR_SPECTRAL_PARAMETERS];
    for (int i = 0; i < FR_SPECTRAL_PARAMETERS; i++) values[i] = fr_spectral_ops.parameters[i].standard;
    values[FR_SPECTRAL_POPULARITY] = 0; /* items weigh the same on the way in and back */
    CHECK(m->ops->adjust(m, values));
    float vectors[4][N], scores[4][N];
    const float ones[] = {1, 1};
    uint32_t k = m->ops->vector_floats(m);
    CHECK(k <= N);
    for (int h = 0; h < 4; h++) {
        m->ops->vector(m, histories[h], ones, 2, NULL, vectors[h]);
        global_scores(m, values, histories[h], scores[h]);
    }
    for (int x = 0; x < 4; x++)
        for (int y = 0; y < x; y++)
            CHECK_NEAR(cosine(vectors[x], vectors[y], k), cosine(scores[x], scores[y], N), 1e-3);
    fr_bundle_free(b);
}

/* ---- rows: a sketch of the scores ---- */

static struct fr_bundle *bundle_of_rows(void) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    struct fr_str ids[FAKE_ITEMS];
    struct fake_model *f = fake_new(&fake_ops, NULL);
    for (int i = 0; i < FAKE_ITEMS; i++) {
        ids[i] = fr_str_of(names[i]);
        for (int j = 0; j < FAKE_ITEMS; j++) f->weights[i][j] = (float)((i * 7 + j * 3) % 11) + 1;
    }
    struct fr_bundle *b = fr_bundle_new();
    fr_bundle_set_items(b, ids, FAKE_ITEMS);
    fr_bundle_add(b, fr_near_new(&f->base, FAKE_ITEMS, FAKE_ITEMS, 1))->weight = 1;
    fake_free(&f->base);
    return b;
}

static void test_rows_are_sketched(void) {
    struct fr_bundle *b = bundle_of_rows();
    const struct fr_model *m = fr_taste_model(b);
    struct fr_dict ids;
    fr_dict_init(&ids);
    fr_dict_intern(&ids, FR_STR("before")); /* numbers are not columns */
    struct fr_taste *t = fr_taste_new(b, m, &ids);
    float x[FR_TASTE_BUCKETS], y[FR_TASTE_BUCKETS], sx[FAKE_ITEMS], sy[FAKE_ITEMS];
    CHECK_INT(fr_taste_floats(t), FR_TASTE_BUCKETS);
    const struct fr_seed one[] = {seed(&ids, "h", 2), seed(&ids, "b", 1)}, other[] = {seed(&ids, "c", 1)};
    CHECK(fr_taste_of(t, one, 2, x) && fr_taste_of(t, other, 1, y));
    score_all(m, (uint32_t[]){1, 7}, 2, sx);
    score_all(m, (uint32_t[]){2}, 1, sy);
    CHECK_NEAR(cosine(x, y, FR_TASTE_BUCKETS), cosine(sx, sy, FAKE_ITEMS), .05);
    double xx = 0, ss = 0;
    for (int j = 0; j < FR_TASTE_BUCKETS; j++) xx += (double)x[j] * (double)x[j];
    for (int i = 0; i < FAKE_ITEMS; i++) ss += (double)sx[i] * (double)sx[i];
    CHECK_NEAR(xx / ss, 1, .05);
    fr_taste_free(t);
    fr_dict_fini(&ids);
    fr_bundle_free(b);
}

/* Over many pairs of long rows the products are right on average, and near. */
static void test_products_are_kept(void) {
    enum { ITEMS = 3000, PAIRS = 40 };
    struct fr_rng rng = {11};
    double sum = 0, worst = 0;
    struct fr_bundle *b = fr_bundle_new();
    struct fr_rows rows = fr_rows_new(ITEMS, ITEMS, (size_t)2 * PAIRS * 200);
    for (uint32_t r = 0; r < ITEMS; r++) {
        rows.start[r + 1] = rows.start[r];
        for (uint32_t j = 0, at = fr_rng_below(&rng, 8); r < 2 * PAIRS && j < 200 && at < ITEMS;
             j++, at += 1 + fr_rng_below(&rng, 10)) {
            rows.columns[rows.start[r + 1]] = at;
            rows.values[rows.start[r + 1]++] = (float)fr_rng_uniform(&rng);
        }
    }
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f;
    fr_rows_save(&rows, "spectral.near", w);
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    static char names[ITEMS][8];
    static struct fr_str ids_of[ITEMS];
    for (int i = 0; i < ITEMS; i++)
        ids_of[i] = (struct fr_str){names[i], (uint32_t)snprintf(names[i], sizeof names[i], "i%04d", i)};
    fr_bundle_set_items(b, ids_of, ITEMS);
    fr_bundle_add(b, fr_near_load(f, &fr_spectral_ops, NULL))->weight = 1;
    struct fr_dict ids;
    fr_dict_init(&ids);
    struct fr_taste *t = fr_taste_new(b, fr_taste_model(b), &ids);
    for (uint32_t p = 0; p < PAIRS; p++) {
        float x[FR_TASTE_BUCKETS], y[FR_TASTE_BUCKETS];
        const struct fr_seed sx = seed(&ids, names[2 * p], 1), sy = seed(&ids, names[2 * p + 1], 1);
        CHECK(fr_taste_of(t, &sx, 1, x) && fr_taste_of(t, &sy, 1, y));
        double xy = 0, xx = 0, yy = 0;
        for (size_t e = rows.start[2 * p]; e < rows.start[2 * p + 1]; e++)
            xx += (double)rows.values[e] * (double)rows.values[e];
        for (size_t e = rows.start[2 * p + 1]; e < rows.start[2 * p + 2]; e++)
            yy += (double)rows.values[e] * (double)rows.values[e];
        xy = fr_rows_dot(&rows, 2 * p, 2 * p + 1);
        double off = cosine(x, y, FR_TASTE_BUCKETS) - xy / sqrt(xx * yy);
        sum += off;
        worst = fmax(worst, fabs(off));
    }
    CHECK(fabs(sum / PAIRS) < .015);
    CHECK(worst < .1);
    fr_taste_free(t);
    fr_dict_fini(&ids);
    fr_tensors_close(f);
    fr_tensors_writer_free(w);
    fr_buf_fini(&bytes);
    fr_rows_fini(&rows);
    fr_bundle_free(b);
}

/* ---- which history, which model ---- */

static void test_the_history_is_folded_as_lists_do(void) {
    struct fr_bundle *b = small_bundle("als", 0, 7);
    struct fr_dict ids;
    fr_dict_init(&ids);
    struct fr_taste *t = fr_taste_new(b, b->models[0].model, &ids);
    uint32_t k = fr_taste_floats(t);
    float x[512], y[512];
    struct fr_seed plain[] = {seed(&ids, "i04", 1), seed(&ids, "i00", 1)};
    struct fr_seed noisy[] = {seed(&ids, "i00", 5), seed(&ids, "unknown", 1), seed(&ids, "i03", 0),
                              seed(&ids, "i05", 1), seed(&ids, "i04", .1)};
    noisy[3].disliked = true;
    CHECK(fr_taste_of(t, plain, 2, x) && fr_taste_of(t, noisy, 5, y));
    CHECK(memcmp(x, y, k * sizeof *x) == 0);
    CHECK(!fr_taste_of(t, noisy + 1, 3, y));
    for (uint32_t j = 0; j < k; j++) CHECK(y[j] == 0);
    CHECK(!fr_taste_of(t, NULL, 0, y));
    fr_taste_free(t);
    fr_dict_fini(&ids);
    fr_bundle_free(b);
}

static void test_the_heaviest_model_with_vectors(void) {
    struct fr_bundle *b = small_bundle("popular", 0, 7), *als = small_bundle("als", 0, 7),
                     *rows = bundle_of_rows();
    CHECK(!fr_taste_model(b));
    b->models[0].weight = 9;
    struct fr_bundle_model *light = fr_bundle_add(b, als->models[0].model);
    CHECK(fr_taste_model(b) == als->models[0].model);
    light->weight = 1;
    struct fr_bundle_model *heavy = fr_bundle_add(b, rows->models[0].model);
    heavy->weight = 2;
    CHECK(fr_taste_model(b) == rows->models[0].model);
    heavy->weight = .5;
    CHECK(fr_taste_model(b) == als->models[0].model);
    als->model_n = rows->model_n = 0; /* b has them now */
    fr_bundle_free(als);
    fr_bundle_free(rows);
    fr_bundle_free(b);
}

int main(void) {
    RUN(test_the_angle_between_factors_is_that_of_all_scores);
    RUN(test_the_place_among_singular_vectors);
    RUN(test_rows_are_sketched);
    RUN(test_products_are_kept);
    RUN(test_the_history_is_folded_as_lists_do);
    RUN(test_the_heaviest_model_with_vectors);
    return check_done();
}
