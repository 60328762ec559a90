#include "freshet/learn/ncf.h"
#include "freshet/learn/la.h"
#include "ncf_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FACTORS, LAYERS, EPOCHS, RATE, NEGATIVES, DROPOUT, EPSILON, DECAY, PARAMETERS };

static const double factors_grid[] = {16, 32, 64};
static const double layers_grid[] = {1, 2, 3};
static const double epochs_grid[] = {8, 16, 32, 64};
static const double rate_grid[] = {.002, .005, .01, .02};
static const double negatives_grid[] = {2, 4, 8};
static const double dropout_grid[] = {0, .2};
static const double epsilon_grid[] = {0, .02, .05};
static const double decay_grid[] = {0, .1, .3};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [FACTORS] = {"factors", 32, GRID(factors_grid)},      [LAYERS] = {"layers", 1, GRID(layers_grid)},
    [EPOCHS] = {"epochs", 32, GRID(epochs_grid)},         [RATE] = {"rate", .01, GRID(rate_grid)},
    [NEGATIVES] = {"negatives", 4, GRID(negatives_grid)}, [DROPOUT] = {"dropout", 0, GRID(dropout_grid)},
    [EPSILON] = {"epsilon", 0, GRID(epsilon_grid)},       [DECAY] = {"decay", .1, GRID(decay_grid)},
};

static const double first_deviation = .1; /* of the vectors before training */

static const char *fault_of(const struct fr_interactions *data, const double *v) {
    if (!(v[FACTORS] >= 1 && v[FACTORS] <= FR_NCF_FACTORS_MAX)) return "factors must be 1 to 128";
    if (!(v[LAYERS] >= 1 && v[LAYERS] <= FR_NCF_LAYERS_MAX)) return "layers must be 1 to 3";
    if (!(v[EPOCHS] >= 0 && v[EPOCHS] <= 1000)) return "epochs must be 0 to 1000";
    if (!(v[NEGATIVES] >= 1 && v[NEGATIVES] <= 64)) return "negatives must be 1 to 64";
    if (!(v[RATE] > 0 && v[RATE] < 1 && v[DECAY] >= 0)) return "rate must be within 0 and 1, decay 0 or more";
    if (!(v[DROPOUT] >= 0 && v[DROPOUT] <= .9 && v[EPSILON] >= 0))
        return "dropout must be 0 to .9, epsilon 0 or more";
    if (fr_interactions_count(data) >= UINT32_MAX) return "too many entries";
    return NULL;
}

static void fill_uniform(float *x, size_t n, uint64_t seed) {
    struct fr_rng rng = {seed};
    double bound = first_deviation * sqrt(3);
    for (size_t i = 0; i < n; i++) x[i] = (float)((2 * fr_rng_uniform(&rng) - 1) * bound);
}

static struct ncf *model_new(const struct fr_fit *fit, const double *values) {
    struct ncf *m = fr_alloc_zero(1, sizeof *m);
    m->base.ops = &fr_ncf_ops;
    m->user_n = fit->data->by_user.row_n;
    m->item_n = fit->data->by_item.row_n;
    m->k = ((uint32_t)values[FACTORS] + 7) / 8 * 8;
    size_t user_floats = (size_t)m->user_n * 2 * m->k, item_floats = (size_t)m->item_n * 2 * m->k;
    m->users = fr_alloc((user_floats + 1) * sizeof(float));
    m->items = fr_alloc((item_floats + 1) * sizeof(float));
    fill_uniform(m->users, user_floats, fit->seed);
    fill_uniform(m->items, item_floats, fit->seed + 1);
    uint32_t layers = (uint32_t)values[LAYERS], sizes[FR_NCF_LAYERS_MAX + 2] = {2 * m->k};
    for (uint32_t l = 1; l <= layers; l++) sizes[l] = m->k >> (l - 1);
    sizes[layers + 1] = 1;
    fr_mlp_init(&m->mlp, layers + 1, sizes, fit->seed + 2);
    return m;
}

static void model_free(struct fr_model *model) {
    struct ncf *m = (struct ncf *)model;
    if (!m) return;
    fr_mlp_fini(&m->mlp);
    free(m->users);
    free(m->items);
    free(m->fold);
    free(m->strips);
    free(m);
}

static struct fr_model *model_fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    const char *fault = fault_of(fit->data, values);
    if (fault) {
        fr_err_set(msg, FR_CONFIG, "ncf: %s", fault);
        return NULL;
    }
    if (fr_la_open(msg)) return NULL;
    struct ncf_options options = {(uint32_t)values[EPOCHS],
                                  (uint32_t)values[NEGATIVES],
                                  values[RATE],
                                  values[DROPOUT],
                                  values[EPSILON],
                                  values[DECAY]};
    struct ncf *m = model_new(fit, values);
    if (!ncf_train(m, fit, &options)) {
        fr_err_set(msg, FR_TIMEOUT, "ncf: given up");
        model_free(&m->base);
        return NULL;
    }
    ncf_fit_fold(m, &fit->data->by_user);
    free(m->users); /* from here on histories speak */
    m->users = NULL;
    ncf_strips(m);
    return &m->base;
}

static void model_score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                        bool is_known, float *out) {
    (void)is_known;
    ncf_score((const struct ncf *)model, rows, first, n, out);
}

static size_t model_bytes(const struct fr_model *model) {
    const struct ncf *m = (const struct ncf *)model;
    size_t width = 2 * m->k;
    return sizeof *m + (width * (2 * (size_t)m->item_n + width + 1) + m->mlp.weight_n) * sizeof(float);
}

static void model_save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct ncf *m = (const struct ncf *)model;
    uint64_t width = 2 * m->k;
    fr_tensors_put(w, "ncf.items", FR_TENSOR_F32, (uint64_t[]){m->item_n, width}, 2, m->items);
    fr_tensors_put(w, "ncf.fold", FR_TENSOR_F32, (uint64_t[]){width + 1, width}, 2, m->fold);
    fr_mlp_save(&m->mlp, "ncf.mlp", w);
}

/* Rows of a 2-d array of that width, or UINT64_MAX. */
static uint64_t rows_of(const struct fr_tensor *t, uint64_t width) {
    bool fits = t && t->dimension_n == 2 && t->shape[1] == width && t->shape[0] <= UINT32_MAX;
    return fits ? t->shape[0] : UINT64_MAX;
}

static bool is_sound(const struct fr_mlp *mlp, const struct fr_tensor *items, const struct fr_tensor *fold) {
    uint64_t width = mlp->sizes[0];
    if (width % 2 || width > 2 * FR_NCF_FACTORS_MAX || mlp->layer_n < 2 || mlp->sizes[mlp->layer_n] != 1)
        return false;
    for (uint32_t l = 1; l < mlp->layer_n; l++)
        if (mlp->sizes[l] > FR_NCF_FACTORS_MAX) return false;
    return rows_of(items, width) != UINT64_MAX && rows_of(fold, width) == width + 1;
}

static float *floats_copy(const struct fr_tensor *t) {
    float *copy = fr_alloc((t->count + 1) * sizeof *copy);
    if (t->count) memcpy(copy, t->data, t->count * sizeof *copy);
    return copy;
}

static struct fr_model *model_load(const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *items = fr_tensors_get(f, "ncf.items", FR_TENSOR_F32);
    const struct fr_tensor *fold = fr_tensors_get(f, "ncf.fold", FR_TENSOR_F32);
    struct ncf *m = fr_alloc_zero(1, sizeof *m);
    if (!fr_mlp_load(&m->mlp, "ncf.mlp", f) || !is_sound(&m->mlp, items, fold)) {
        fr_err_set(msg, FR_STATE_CORRUPT, "ncf: arrays are missing or do not fit together");
        model_free(&m->base);
        return NULL;
    }
    m->base.ops = &fr_ncf_ops;
    m->k = m->mlp.sizes[0] / 2;
    m->item_n = (uint32_t)items->shape[0];
    m->items = floats_copy(items);
    m->fold = floats_copy(fold);
    ncf_strips(m);
    return &m->base;
}

const struct fr_model_ops fr_ncf_ops = {
    .name = "ncf",
    .parameters = parameters,
    .parameter_n = PARAMETERS,
    .fit = model_fit,
    .score = model_score,
    .bytes = model_bytes,
    .save = model_save,
    .load = model_load,
    .free = model_free,
};
