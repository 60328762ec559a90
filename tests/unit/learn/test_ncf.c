#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include "freshet/learn/ncf.h"
#include "../../../src/learn/ncf_internal.h"
#include <stdlib.h>

enum { USERS = 60, ITEMS = 70, TASTES = 5, TASTE = ITEMS / TASTES };
enum { FACTORS, LAYERS, EPOCHS, RATE, NEGATIVES, DROPOUT, EPSILON, DECAY, VALUES };

static const double standard[VALUES] = {8, 2, 16, .02, 4, 0, 0, 0};

static struct fr_model *fit_with(const struct fr_interactions *data, const double *values, unsigned threads) {
    struct fr_fit fit = {.data = data, .threads = threads, .seed = 3};
    struct fr_errmsg msg = {0};
    struct fr_model *m = fr_ncf_ops.fit(&fit, values, &msg);
    CHECK_STR(msg.text, "");
    return m;
}

static bool is_taken(uint32_t user, uint32_t item) {
    struct fr_rng rng = {user * 1000 + item};
    return fr_rng_below(&rng, 2);
}

/* Each user takes to half of one taste. */
static struct fr_interactions *tastes_new(void) {
    struct fr_interaction entries[USERS * TASTE];
    size_t n = 0;
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < TASTE; i++) {
            uint32_t item = u % TASTES * TASTE + i;
            if (is_taken(u, item)) entries[n++] = (struct fr_interaction){u, item, 1 + (float)(i % 2)};
        }
    return fr_interactions_new(USERS, ITEMS, entries, n);
}

/* Share of pairs (not taken, of the user's taste; of another taste) that are in that order. */
static double order_of(const float *scores) {
    double right = 0, all = 0;
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < TASTE; i++) {
            uint32_t near = u % TASTES * TASTE + i;
            if (is_taken(u, near)) continue;
            for (uint32_t far = 0; far < ITEMS; far++) {
                if (far / TASTE == u % TASTES) continue;
                right += scores[u * ITEMS + near] > scores[u * ITEMS + far];
                all++;
            }
        }
    return right / all;
}

static void check_order(const double *values, double least) {
    static float scores[USERS * ITEMS];
    struct fr_interactions *data = tastes_new();
    struct fr_model *m = fit_with(data, values, 1);
    m->ops->score(m, &data->by_user, 0, USERS, false, scores);
    CHECK(order_of(scores) > least);
    m->ops->free(m);
    fr_interactions_free(data);
}

static void test_learns_tastes(void) { check_order(standard, .9); }

static void test_each_option_still_learns(void) {
    double values[VALUES];
    memcpy(values, standard, sizeof values);
    values[LAYERS] = 1;
    values[DROPOUT] = .2;
    check_order(values, .85);
    values[LAYERS] = 3;
    values[DROPOUT] = 0;
    values[EPSILON] = .02;
    values[DECAY] = .1;
    check_order(values, .85);
}

/* user[2 k]: what fold-in makes of a history. */
static void folded(const struct ncf *m, const struct fr_rows *rows, uint32_t row, float *user) {
    float sum[2 * FR_NCF_FACTORS_MAX + 1];
    uint32_t width = 2 * m->k;
    ncf_history_sum(m, rows, row, sum);
    memset(user, 0, width * sizeof *user);
    for (uint32_t i = 0; i <= width; i++)
        for (uint32_t j = 0; j < width; j++) user[j] += sum[i] * m->fold[i * width + j];
}

/* The definition, sample by sample: the scores are the product and the network's output. */
static void test_scores_are_the_network(void) {
    static float scores[USERS * ITEMS];
    struct fr_interactions *data = tastes_new();
    struct fr_model *m = fit_with(data, standard, 1);
    const struct ncf *ncf = (const struct ncf *)m;
    uint32_t k = ncf->k;
    m->ops->score(m, &data->by_user, 0, USERS, true, scores);
    for (uint32_t u = 0; u < USERS; u += 7) {
        float user[2 * FR_NCF_FACTORS_MAX], input[2 * FR_NCF_FACTORS_MAX], out;
        folded(ncf, &data->by_user, u, user);
        for (uint32_t i = 0; i < ITEMS; i++) {
            const float *item = ncf->items + i * 2 * k;
            memcpy(input, user + k, k * sizeof *input);
            memcpy(input + k, item + k, k * sizeof *input);
            fr_mlp_plain(&ncf->mlp, input, &out);
            for (uint32_t j = 0; j < k; j++) out += user[j] * item[j];
            CHECK_NEAR(scores[u * ITEMS + i], out, 1e-4);
        }
    }
    m->ops->free(m);
    fr_interactions_free(data);
}

/* A fit's network and items, with vectors for users as in the middle of a fit. */
static struct fr_model *unfinished_new(const struct fr_interactions *data) {
    double values[VALUES];
    memcpy(values, standard, sizeof values);
    values[EPOCHS] = 3;
    struct fr_model *m = fit_with(data, values, 1);
    struct ncf *ncf = (struct ncf *)m;
    struct fr_rng rng = {7};
    ncf->users = calloc(USERS * 2 * ncf->k, sizeof *ncf->users);
    for (uint32_t i = 0; i < USERS * 2 * ncf->k; i++) ncf->users[i] = (float)fr_rng_uniform(&rng) - .5f;
    return m;
}

enum { SAMPLES = 5 };
static const uint32_t sample_users[SAMPLES] = {1, 1, 2, 1, 3}, sample_items[SAMPLES] = {4, 5, 4, 6, 7};
static const float sample_labels[SAMPLES] = {1, 0, 1, 0, 0};

static double batch_loss(struct ncf_batch *b) {
    ncf_batch_clear(b);
    for (int s = 0; s < SAMPLES; s++) ncf_batch_add(b, sample_users[s], sample_items[s], sample_labels[s]);
    return ncf_batch_learn(b, 0, 0, NULL);
}

/* Whether a gradient is not that of the loss. */
static unsigned is_off(struct ncf_batch *b, float *at, float gradient) {
    float was = *at;
    *at = was + 1e-3f;
    double up = batch_loss(b);
    *at = was - 1e-3f;
    double down = batch_loss(b);
    *at = was;
    return fabs((up - down) / 2e-3 - (double)gradient) > 5e-4;
}

/* Of a row: the sum over its samples. Returns how many are off. */
static unsigned check_row(struct ncf_batch *b, const struct ncf_side *side, float *rows, uint32_t row) {
    uint32_t width = 2 * b->k;
    float sum[2 * FR_NCF_FACTORS_MAX] = {0};
    double size = 0;
    unsigned off = 0;
    batch_loss(b);
    for (uint32_t s = 0; s < SAMPLES; s++)
        for (uint32_t j = 0; j < width && side->id[s] == row; j++) sum[j] += side->gradient[s * width + j];
    for (uint32_t j = 0; j < width; j++) {
        off += is_off(b, &rows[row * width + j], sum[j]);
        size += fabs((double)sum[j]) / width;
    }
    CHECK(size > 5e-3); /* far above the tolerance */
    return off;
}

static void test_gradients_are_finite_differences(void) {
    struct fr_interactions *data = tastes_new();
    struct fr_model *m = unfinished_new(data);
    struct ncf *ncf = (struct ncf *)m;
    struct ncf_batch b;
    ncf_batch_init(&b, ncf, SAMPLES, 1);
    unsigned off = check_row(&b, &b.users, ncf->users, 1) + check_row(&b, &b.users, ncf->users, 3) +
                   check_row(&b, &b.items, ncf->items, 4) + check_row(&b, &b.items, ncf->items, 6);
    float *gradient = calloc(ncf->mlp.weight_n, sizeof *gradient);
    batch_loss(&b);
    memcpy(gradient, b.mlp_gradient, ncf->mlp.weight_n * sizeof *gradient);
    for (size_t i = 0; i < ncf->mlp.weight_n; i++) off += is_off(&b, &ncf->mlp.weights[i], gradient[i]);
    CHECK(off <= (ncf->mlp.weight_n + 8 * ncf->k) / 100); /* where a step crosses a kink of ReLU */
    free(gradient);
    ncf_batch_fini(&b);
    m->ops->free(m);
    fr_interactions_free(data);
}

/* Samples that share no vector. */
static double apart_loss(struct ncf_batch *b, double epsilon) {
    const int apart[] = {1, 2, 4};
    ncf_batch_clear(b);
    for (int i = 0; i < 3; i++)
        ncf_batch_add(b, sample_users[apart[i]], sample_items[apart[i]], sample_labels[apart[i]]);
    return ncf_batch_learn(b, 0, epsilon, NULL);
}

static double sum_of_sizes(const struct ncf_side *s, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += fabs((double)s->gradient[i]);
    return sum;
}

static void take_moved(const struct ncf_side *s, uint32_t width, float *rows) {
    for (uint32_t i = 0; i < 3; i++)
        memcpy(rows + s->id[i] * width, s->moved + i * width, width * sizeof *rows);
}

/* The loss rises by epsilon times the sum of the absolute gradient: every vector was moved along its sign. */
static void check_move(struct ncf_batch *b, struct ncf *m, double epsilon) {
    uint32_t n = 6 * m->k;
    double before = apart_loss(b, 0);
    double slope = sum_of_sizes(&b->users, n) + sum_of_sizes(&b->items, n);
    CHECK_NEAR(apart_loss(b, epsilon), before, 1e-9); /* the loss is that of the batch as it is */
    take_moved(&b->users, 2 * m->k, m->users);
    take_moved(&b->items, 2 * m->k, m->items);
    CHECK_NEAR((apart_loss(b, 0) - before) / epsilon, slope, .05 * slope);
}

/* What is learnt is the gradient as it is, and that at the moved vectors. */
static void check_both(struct ncf_batch *b, struct ncf *m, double epsilon) {
    float as_is[6 * FR_NCF_FACTORS_MAX], both[6 * FR_NCF_FACTORS_MAX];
    uint32_t n = 6 * m->k;
    apart_loss(b, 0);
    memcpy(as_is, b->items.gradient, n * sizeof *as_is);
    apart_loss(b, epsilon);
    memcpy(both, b->items.gradient, n * sizeof *both);
    take_moved(&b->users, 2 * m->k, m->users);
    take_moved(&b->items, 2 * m->k, m->items);
    apart_loss(b, 0);
    for (uint32_t i = 0; i < n; i++) CHECK_NEAR(both[i], as_is[i] + b->items.gradient[i], 1e-6);
}

static void test_adversary(void) {
    struct fr_interactions *data = tastes_new();
    struct fr_model *m = unfinished_new(data);
    struct ncf_batch b;
    ncf_batch_init(&b, (struct ncf *)m, SAMPLES, 1);
    check_move(&b, (struct ncf *)m, 1e-3);
    check_both(&b, (struct ncf *)m, .1);
    ncf_batch_fini(&b);
    m->ops->free(m);
    fr_interactions_free(data);
}

static void test_sum_of_a_history(void) {
    float items[] = {1, 2, 3, 4, 10, 20, 30, 40, 5, 5, 5, 5}, sum[5];
    struct ncf m = {.k = 2, .item_n = 3, .items = items};
    struct fr_rows rows = {2, 3, (size_t[]){0, 2, 2}, (uint32_t[]){0, 1}, NULL};
    const float want[] = {11, 22, 33, 44};
    ncf_history_sum(&m, &rows, 0, sum);
    for (int i = 0; i < 4; i++) CHECK_NEAR(sum[i], want[i] / sqrtf(2), 1e-5);
    CHECK_NEAR(sum[4], 1, 0);
    ncf_history_sum(&m, &rows, 1, sum);
    for (int i = 0; i < 5; i++) CHECK_NEAR(sum[i], i == 4, 0);
}

static void test_threads_change_no_bit(void) {
    static float one[USERS * ITEMS], more[USERS * ITEMS];
    double values[VALUES];
    memcpy(values, standard, sizeof values);
    values[EPOCHS] = 3;
    values[EPSILON] = .05;
    values[DROPOUT] = .1;
    struct fr_interactions *data = tastes_new();
    struct fr_model *m = fit_with(data, values, 1);
    m->ops->score(m, &data->by_user, 0, USERS, false, one);
    m->ops->free(m);
    m = fit_with(data, values, 3);
    m->ops->score(m, &data->by_user, 0, USERS, false, more);
    m->ops->free(m);
    CHECK(memcmp(one, more, sizeof one) == 0);
    fr_interactions_free(data);
}

/* The normal equations of the regression hold. */
static void test_fold_is_the_ridge_regression(void) {
    struct fr_interactions *data = tastes_new();
    struct fr_model *m = unfinished_new(data);
    struct ncf *ncf = (struct ncf *)m;
    uint32_t width = 2 * ncf->k;
    static float sums[USERS][2 * FR_NCF_FACTORS_MAX + 1], fitted[USERS][2 * FR_NCF_FACTORS_MAX];
    double trace = 0;
    free(ncf->fold);
    ncf_fit_fold(ncf, &data->by_user);
    for (uint32_t u = 0; u < USERS; u++) {
        ncf_history_sum(ncf, &data->by_user, u, sums[u]);
        folded(ncf, &data->by_user, u, fitted[u]);
        for (uint32_t i = 0; i <= width; i++) trace += (double)(sums[u][i] * sums[u][i]);
    }
    double ridge = 1e-4 * trace / (width + 1) + 1e-6;
    for (uint32_t i = 0; i <= width; i++)
        for (uint32_t j = 0; j < width; j++) {
            double left = -ridge * (double)ncf->fold[i * width + j];
            for (uint32_t u = 0; u < USERS; u++)
                left += (double)(sums[u][i] * (ncf->users[u * width + j] - fitted[u][j]));
            CHECK_NEAR(left, 0, 2e-3);
        }
    m->ops->free(m);
    fr_interactions_free(data);
}

static struct fr_model *reload(const struct fr_model *m, struct fr_errmsg *msg) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    if (m) m->ops->save(m, w);
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, msg), FR_OK);
    struct fr_model *loaded = fr_ncf_ops.load(f, msg);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    return loaded;
}

static void test_saved_and_loaded(void) {
    static float scores[USERS * ITEMS], same[USERS * ITEMS];
    struct fr_interactions *data = tastes_new();
    struct fr_errmsg msg = {0};
    struct fr_model *m = fit_with(data, standard, 1), *loaded = reload(m, &msg);
    for (int is_known = 0; is_known < 2; is_known++) {
        m->ops->score(m, &data->by_user, 0, USERS, is_known, scores);
        loaded->ops->score(loaded, &data->by_user, 0, USERS, is_known, same);
        CHECK(memcmp(scores, same, sizeof scores) == 0);
    }
    CHECK_INT(loaded->ops->bytes(loaded), m->ops->bytes(m));
    m->ops->free(m);
    loaded->ops->free(loaded);
    CHECK(!reload(NULL, &msg));
    CHECK_INT(msg.code, FR_STATE_CORRUPT);
    fr_interactions_free(data);
}

/* A file in which the function for fold-in has so many rows. */
static enum fr_err load_fold(uint64_t fold_rows) {
    static const float zeros[64 * 16];
    struct fr_mlp mlp;
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf bytes = {0};
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    fr_mlp_init(&mlp, 2, (uint32_t[]){16, 8, 1}, 1);
    fr_mlp_save(&mlp, "ncf.mlp", w);
    fr_tensors_put(w, "ncf.items", FR_TENSOR_F32, (uint64_t[]){3, 16}, 2, zeros);
    fr_tensors_put(w, "ncf.fold", FR_TENSOR_F32, (uint64_t[]){fold_rows, 16}, 2, zeros);
    fr_tensors_finish(w, &bytes);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, &msg), FR_OK);
    struct fr_model *m = fr_ncf_ops.load(f, &msg);
    if (m) m->ops->free(m);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_tensors_writer_free(w);
    fr_mlp_fini(&mlp);
    return msg.code;
}

static void test_what_cannot_be_loaded(void) {
    CHECK_INT(load_fold(17), FR_OK);
    CHECK_INT(load_fold(16), FR_STATE_CORRUPT);
}

static bool give_up(void *context, const char *step, double done) {
    (void)step;
    *(double *)context = done;
    return false;
}

static void test_what_is_not_fitted(void) {
    struct fr_interactions *data = tastes_new();
    double done = 0, values[VALUES];
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1, .progress = give_up, .context = &done};
    struct fr_errmsg msg = {0};
    CHECK(!fr_ncf_ops.fit(&fit, standard, &msg));
    CHECK_INT(msg.code, FR_TIMEOUT);
    CHECK(done > 0 && done < 1);
    memcpy(values, standard, sizeof values);
    values[FACTORS] = FR_NCF_FACTORS_MAX + 1;
    msg = (struct fr_errmsg){0};
    CHECK(!fr_ncf_ops.fit(&fit, values, &msg));
    CHECK_INT(msg.code, FR_CONFIG);
    fr_interactions_free(data);
}

static void test_nothing_to_learn_from(void) {
    struct fr_interactions *data = fr_interactions_new(2, 3, NULL, 0);
    struct fr_model *m = fit_with(data, standard, 1);
    float scores[6];
    m->ops->score(m, &data->by_user, 0, 2, false, scores);
    for (int i = 0; i < 6; i++) CHECK(isfinite(scores[i]));
    m->ops->free(m);
    fr_interactions_free(data);
}

int main(void) {
    fr_la_threads(1); /* products this small only wait for each other */
    RUN(test_learns_tastes);
    RUN(test_each_option_still_learns);
    RUN(test_scores_are_the_network);
    RUN(test_gradients_are_finite_differences);
    RUN(test_adversary);
    RUN(test_sum_of_a_history);
    RUN(test_threads_change_no_bit);
    RUN(test_fold_is_the_ridge_regression);
    RUN(test_saved_and_loaded);
    RUN(test_what_cannot_be_loaded);
    RUN(test_what_is_not_fitted);
    RUN(test_nothing_to_learn_from);
    return check_done();
}
