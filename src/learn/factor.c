/* Problem   each half of an iteration solves, for every row, (sum v y y^T + a Y^T Y + l I) x = sum v y. The first sum is sparse,
 *           the second is the same k x k matrix for all rows and costs k^2 a step if nothing is done about it.
 * Choice    before each half the basis is turned so that Y^T Y is diagonal: Y^T Y = V^T S V, Y <- Y V^T, X <- X V^T. Products
 *           x . y and lengths stay as they are, and so does the loss; then all but the sparse sum is a diagonal, and a
 *           row costs O(entries k) a step (factor_row.c). Turning is two matrix products, BLAS's best case.
 * Rejected  Cholesky for each row (k^3); conjugate gradients with the k x k product, as `implicit` does (k^2 a row and step, bound
 *           by the cache).
 * Invariant between halves X and Y are in one basis. */
#include "freshet/learn/factor.h"
#include "factor_row.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FACTORS, UNOBSERVED, REGULARISATION, POWER, ITERATIONS, PARAMETERS };
enum { ROWS_A_PIECE = 64, FIT_STEPS = 3, FOLD_STEPS = 12, PLAIN_ROWS = 1 };

static const double factors_grid[] = {32, 64, 128, 256, 512};
static const double unobserved_grid[] = {2, 5, 15, 40};
static const double regularisation_grid[] = {.001, .002, .005, .01, .02};
static const double power_grid[] = {0, .5, 1};
static const double iterations_grid[] = {5, 10, 15};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [FACTORS] = {"factors", 256, GRID(factors_grid)},
    [UNOBSERVED] = {"unobserved", 15, GRID(unobserved_grid)},
    [REGULARISATION] = {"regularisation", .005, GRID(regularisation_grid)},
    [POWER] = {"power", 1, GRID(power_grid)},
    [ITERATIONS] = {"iterations", 10, GRID(iterations_grid)},
};

struct factor_model {
    struct fr_model base;
    uint32_t item_n, k;
    float *items; /* [item_n][k], in the basis where their Gram matrix is diagonal */
    float *gram;  /* [k] that diagonal */
    float weight; /* a: of a pair that was not observed */
    float scale;  /* of values: 1 / mean */
    float lambda; /* regularisation */
    float power;
};

/* One side of the fit. */
struct side {
    const struct fr_rows *rows;
    uint32_t n;
    float *x; /* [n][k] */
};

struct half {
    const struct factor_model *m;
    const struct fr_rows *rows;
    const float *y, *gram;
    float *x;
    unsigned steps;
    float tolerance;
};

static float row_weight(const struct fr_factor_row *r) {
    if (!r->values) return (float)r->n * r->value_scale;
    float sum = 0;
    for (uint32_t i = 0; i < r->n; i++) sum += r->values[i];
    return sum * r->value_scale;
}

/* Of a row that stands for so much weight. */
static float row_lambda(const struct factor_model *m, float weight) {
    if (!(weight > 0)) return m->lambda; /* nothing was observed at all */
    return m->lambda * (float)fr_exp2((double)m->power * fr_log2((double)weight));
}

/* The diagonal that a row's system has besides its entries. column_n: of the other side. */
static void row_diagonal(const struct factor_model *m, const struct fr_factor_row *row, uint32_t column_n,
                         const float *gram, float *d) {
    float lambda = row_lambda(m, row_weight(row) + m->weight * (float)column_n);
    for (uint32_t j = 0; j < m->k; j++) d[j] = m->weight * gram[j] + lambda;
}

static void solve_row(const struct half *h, uint32_t row, float *x) {
    float d[FR_FACTORS_MAX];
    size_t first = h->rows->start[row];
    struct fr_factor_row r = {h->rows->columns + first, h->rows->values ? h->rows->values + first : NULL,
                              fr_rows_length(h->rows, row), h->m->scale};
    row_diagonal(h->m, &r, h->rows->column_n, h->gram, d);
    fr_factor_row_solve(&r, h->m->k, h->y, d, h->steps, h->tolerance, x);
}

static void solve_rows(void *context, unsigned thread, size_t first, size_t last) {
    (void)thread;
    const struct half *h = context;
    for (size_t row = first; row < last; row++) solve_row(h, (uint32_t)row, h->x + row * h->m->k);
}

/* side->x <- side->x V^T; spare[n][k] is where the result is made, and becomes the old array. */
static void turn(struct side *s, uint32_t k, const float *v, float **spare) {
    fr_la_gemm(false, true, s->n, k, k, 1, s->x, v, 0, *spare);
    float *old = s->x;
    s->x = *spare;
    *spare = old;
}

/* Turns both sides so that fixed's Gram matrix is diagonal. */
static void diagonalise(struct side *fixed, struct side *solved, uint32_t k, float *v, float *gram,
                        float **spare) {
    fr_la_gram(fixed->n, k, fixed->x, 0, v);
    fr_la_eigen(k, v, gram);
    for (uint32_t j = 0; j < k; j++) gram[j] = gram[j] > 0 ? gram[j] : 0;
    turn(fixed, k, v, spare);
    if (solved) turn(solved, k, v, spare);
}

static float *floats_new(size_t rows, uint32_t k) { return fr_alloc_zero(rows * k + 1, sizeof(float)); }

/* Two uniform numbers make two normal ones (Box and Muller). */
static void fill_normal(float *x, size_t n, double deviation, uint64_t seed) {
    struct fr_rng rng = {seed};
    for (size_t i = 0; i < n; i += 2) {
        double radius = deviation * sqrt(-2 * log(1 - fr_rng_uniform(&rng)));
        double angle = 6.283185307179586 * fr_rng_uniform(&rng);
        x[i] = (float)(radius * cos(angle));
        if (i + 1 < n) x[i + 1] = (float)(radius * sin(angle));
    }
}

static double values_sum(const struct fr_rows *r) {
    size_t n = r->start[r->row_n];
    if (!r->values) return (double)n;
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)r->values[i];
    return sum;
}

static struct factor_model *model_new(const struct fr_interactions *data, const double *values) {
    struct factor_model *m = fr_alloc_zero(1, sizeof *m);
    double count = (double)fr_interactions_count(data),
           pairs = (double)data->by_user.row_n * data->by_item.row_n;
    uint32_t k = (uint32_t)values[FACTORS];
    m->base.ops = &fr_factor_ops;
    m->item_n = data->by_item.row_n;
    m->k = (k + FR_FACTOR_LANES - 1) / FR_FACTOR_LANES * FR_FACTOR_LANES;
    m->gram = fr_alloc_zero(m->k, sizeof *m->gram);
    m->scale = (float)(count > 0 ? count / values_sum(&data->by_user) : 1);
    m->weight = (float)(pairs > 0 ? values[UNOBSERVED] * count / pairs : 0);
    m->lambda = (float)values[REGULARISATION];
    m->power = (float)values[POWER];
    return m;
}

static void model_free(struct fr_model *model) {
    struct factor_model *m = (struct factor_model *)model;
    if (!m) return;
    free(m->items);
    free(m->gram);
    free(m);
}

/* One half: solved's rows given fixed's. */
static void solve_side(struct factor_model *m, struct side *solved, struct side *fixed, float *v,
                       float **spare, unsigned threads) {
    diagonalise(fixed, solved, m->k, v, m->gram, spare);
    struct half h = {m, solved->rows, fixed->x, m->gram, solved->x, FIT_STEPS, 0};
    fr_parallel(threads, solved->n, ROWS_A_PIECE, solve_rows, &h);
}

static bool iterate(const struct fr_fit *fit, struct factor_model *m, struct side *users, struct side *items,
                    uint32_t iterations) {
    uint32_t most = users->n > items->n ? users->n : items->n;
    float *v = floats_new(m->k, m->k), *spare = floats_new(most, m->k);
    bool go_on = true;
    for (uint32_t i = 0; i < iterations && go_on; i++) {
        solve_side(m, users, items, v, &spare, fit->threads);
        solve_side(m, items, users, v, &spare, fit->threads);
        go_on = !fit->progress || fit->progress(fit->context, "als", (i + 1.) / iterations);
    }
    if (go_on) diagonalise(items, NULL, m->k, v, m->gram, &spare);
    free(v);
    free(spare);
    return go_on;
}

static struct fr_model *factor_fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    if (!(values[FACTORS] >= 1 && values[FACTORS] <= FR_FACTORS_MAX)) {
        fr_err_set(msg, FR_CONFIG, "als: factors must be 1 to %d", FR_FACTORS_MAX);
        return NULL;
    }
    if (fr_la_open(msg)) return NULL;
    struct factor_model *m = model_new(fit->data, values);
    uint32_t user_n = fit->data->by_user.row_n, most = user_n > m->item_n ? user_n : m->item_n;
    struct side users = {&fit->data->by_user, user_n, floats_new(most, m->k)};
    struct side items = {&fit->data->by_item, m->item_n, floats_new(most, m->k)};
    fill_normal(items.x, (size_t)m->item_n * m->k, .1 / sqrt(m->k), fit->seed);
    bool done = iterate(fit, m, &users, &items, (uint32_t)values[ITERATIONS]);
    m->items = items.x;
    free(users.x);
    if (done) return &m->base;
    fr_err_set(msg, FR_TIMEOUT, "als: given up");
    model_free(&m->base);
    return NULL;
}

/* Factors of the histories rows[first .. first + n) into x[n][k]. */
static void fold_in(const struct factor_model *m, const struct fr_rows *rows, uint32_t first, uint32_t n,
                    float *x) {
    struct half h = {m, rows, m->items, m->gram, NULL, FOLD_STEPS, 1e-4f};
    memset(x, 0, (size_t)n * m->k * sizeof *x);
    for (uint32_t i = 0; i < n; i++) solve_row(&h, first + i, x + (size_t)i * m->k);
}

static void factor_score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                         bool is_known, float *out) {
    (void)is_known;
    const struct factor_model *m = (const struct factor_model *)model;
    float *x = floats_new(n, m->k);
    fold_in(m, rows, first, n, x);
    if (n > PLAIN_ROWS)
        fr_la_gemm(false, true, n, m->item_n, m->k, 1, x, m->items, 0, out);
    else
        for (uint32_t i = 0; n && i < m->item_n; i++)
            out[i] = fr_factor_dot(m->k, x, m->items + (size_t)i * m->k);
    free(x);
}

/* The factors of one history. */
static void fold_one(const struct factor_model *m, const uint32_t *columns, const float *values, uint32_t n,
                     float *x) {
    const size_t start[2] = {0, n};
    const struct fr_rows row = {1, m->item_n, (size_t *)(uintptr_t)start, (uint32_t *)(uintptr_t)columns,
                                (float *)(uintptr_t)values}; /* only read */
    fold_in(m, &row, 0, 1, x);
}

static void factor_score_some(const struct fr_model *model, const uint32_t *columns, const float *values,
                              uint32_t n, const uint32_t *wanted, uint32_t wanted_n, float *x, float *out) {
    const struct factor_model *m = (const struct factor_model *)model;
    fold_one(m, columns, values, n, x);
    for (uint32_t i = 0; i < wanted_n; i++)
        out[i] = fr_factor_dot(m->k, x, m->items + (size_t)(wanted ? wanted[i] : i) * m->k);
}

static uint32_t factor_work_floats(const struct fr_model *model) {
    return ((const struct factor_model *)model)->k;
}

/* Factors, each as long as what it says of all items: the angle between two is the one between their scores. */
static void factor_vector(const struct fr_model *model, const uint32_t *columns, const float *values,
                          uint32_t n, float *work, float *out) {
    const struct factor_model *m = (const struct factor_model *)model;
    (void)work;
    fold_one(m, columns, values, n, out);
    for (uint32_t j = 0; j < m->k; j++) out[j] *= sqrtf(m->gram[j]);
}

static uint32_t factor_items(const struct fr_model *model) {
    return ((const struct factor_model *)model)->item_n;
}

static size_t factor_bytes(const struct fr_model *model) {
    const struct factor_model *m = (const struct factor_model *)model;
    return sizeof *m + ((size_t)m->item_n + 1) * m->k * sizeof(float);
}

static void factor_save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct factor_model *m = (const struct factor_model *)model;
    const float settings[] = {m->weight, m->scale, m->lambda, m->power};
    fr_tensors_put(w, "als.items", FR_TENSOR_F32, (uint64_t[]){m->item_n, m->k}, 2, m->items);
    fr_tensors_put_vector(w, "als.gram", FR_TENSOR_F32, m->k, m->gram);
    fr_tensors_put_vector(w, "als.settings", FR_TENSOR_F32, 4, settings);
}

static bool is_sound(const struct fr_tensor *items, const struct fr_tensor *gram,
                     const struct fr_tensor *settings) {
    return items && gram && settings && items->dimension_n == 2 && items->shape[0] <= UINT32_MAX &&
           items->shape[1] >= 1 && items->shape[1] <= FR_FACTORS_MAX &&
           items->shape[1] % FR_FACTOR_LANES == 0 && gram->count == items->shape[1] && settings->count == 4;
}

static float *floats_copy(const struct fr_tensor *t) {
    float *copy = fr_alloc(t->count * sizeof *copy + 1);
    memcpy(copy, t->data, t->count * sizeof *copy);
    return copy;
}

static struct fr_model *factor_load(const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *items = fr_tensors_get(f, "als.items", FR_TENSOR_F32);
    const struct fr_tensor *gram = fr_tensors_get(f, "als.gram", FR_TENSOR_F32);
    const struct fr_tensor *settings = fr_tensors_get(f, "als.settings", FR_TENSOR_F32);
    if (!is_sound(items, gram, settings)) {
        fr_err_set(msg, FR_STATE_CORRUPT, "als: arrays are missing or do not fit together");
        return NULL;
    }
    const float *s = settings->data;
    struct factor_model *m = fr_alloc_zero(1, sizeof *m);
    *m = (struct factor_model){{&fr_factor_ops},
                               (uint32_t)items->shape[0],
                               (uint32_t)items->shape[1],
                               floats_copy(items),
                               floats_copy(gram),
                               s[0],
                               s[1],
                               s[2],
                               s[3]};
    return &m->base;
}

const struct fr_model_ops fr_factor_ops = {
    .name = "als",
    .parameters = parameters,
    .parameter_n = PARAMETERS,
    .fit = factor_fit,
    .score = factor_score,
    .score_some = factor_score_some,
    .work_floats = factor_work_floats,
    .vector = factor_vector,
    .vector_floats = factor_work_floats,
    .items = factor_items,
    .bytes = factor_bytes,
    .save = factor_save,
    .load = factor_load,
    .free = model_free,
};
