#include "freshet/learn/rank_mlp.h"
#include "freshet/learn/la.h"
#include "freshet/learn/loss.h"
#include "freshet/learn/mlp.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct fr_rank_mlp {
    struct fr_mlp mlp;
    float *mean, *scale; /* [feature_n]; scale: 1 / deviation, 0 of a feature that is always the same */
};

/* A batch of whole groups, in the order of the shuffle. */
struct batch {
    const struct fr_rank_rows *rows;
    enum fr_rank_loss kind;
    float *features, *labels, *weights;
    uint32_t *starts;
    uint32_t group_n;
};

static const char *options_fault(const struct fr_rank_rows *rows, const struct fr_rank_mlp_options *o) {
    if (rows->feature_n < 1 || rows->feature_n > FR_RANK_MLP_FEATURES_MAX)
        return "features must be 1 to 1024";
    for (int i = 0; i < FR_RANK_MLP_HIDDEN_MAX; i++)
        if (o->hidden[i] > FR_RANK_MLP_WIDTH_MAX) return "hidden widths must be 0 to 256";
    if (o->epochs < 1 || o->batch_groups < 1) return "epochs and batch_groups must be 1 or more";
    if (!(o->rate > 0 && o->rate < 1 && o->decay >= 0)) return "rate must be within 0 and 1, decay 0 or more";
    if (!(o->dropout >= 0 && o->dropout <= .9 && o->epsilon >= 0))
        return "dropout must be 0 to .9, epsilon 0 or more";
    return NULL;
}

static bool group_teaches(const struct fr_rank_rows *rows, enum fr_rank_loss kind, uint32_t g) {
    if (kind == FR_RANK_LOGISTIC) return rows->starts[g + 1] > rows->starts[g];
    for (uint32_t i = rows->starts[g]; i < rows->starts[g + 1]; i++)
        if (rows->labels[i] > 0) return true;
    return false;
}

/* Groups that teach; *n of them, and the length of the longest. gives */
static uint32_t *teaching_groups(const struct fr_rank_rows *rows, enum fr_rank_loss kind, uint32_t *n,
                                 uint32_t *longest) {
    uint32_t *groups = fr_alloc(((size_t)rows->group_n + 1) * sizeof *groups);
    *n = *longest = 0;
    for (uint32_t g = 0; g < rows->group_n; g++) {
        if (!group_teaches(rows, kind, g)) continue;
        uint32_t length = rows->starts[g + 1] - rows->starts[g];
        *longest = length > *longest ? length : *longest;
        groups[(*n)++] = g;
    }
    return groups;
}

/* Mean and deviation of what is there. */
static void measure_feature(const struct fr_rank_rows *rows, uint32_t n, uint32_t feature, float *mean,
                            float *scale) {
    double sum = 0, squares = 0, present = 0;
    for (uint32_t i = 0; i < n; i++) {
        double x = (double)rows->features[(size_t)i * rows->feature_n + feature];
        if (!isfinite(x)) continue;
        double before = x - (present > 0 ? sum / present : x); /* Welford: no difference of large squares */
        sum += x;
        present++;
        squares += before * (x - sum / present);
    }
    double deviation = present > 0 ? sqrt(squares / present) : 0;
    *mean = (float)(present > 0 ? sum / present : 0);
    *scale = (float)(deviation > 1e-9 * fabs((double)*mean) + 1e-30 ? 1 / deviation : 0);
}

static void standardise(const struct fr_rank_mlp *r, const float *row, float *out) {
    for (uint32_t i = 0; i < r->mlp.sizes[0]; i++) {
        float z = (row[i] - r->mean[i]) * r->scale[i];
        if (!(z >= -FR_RANK_MLP_CUT)) z = z < 0 ? -FR_RANK_MLP_CUT : 0; /* NaN: missing */
        out[i] = z > FR_RANK_MLP_CUT ? FR_RANK_MLP_CUT : z;
    }
}

static struct fr_rank_mlp *ranker_new(const struct fr_rank_rows *rows, const struct fr_rank_mlp_options *o) {
    struct fr_rank_mlp *r = fr_alloc_zero(1, sizeof *r);
    uint32_t sizes[FR_RANK_MLP_HIDDEN_MAX + 2] = {rows->feature_n}, layer_n = 0,
                                            n = rows->starts[rows->group_n];
    while (layer_n < FR_RANK_MLP_HIDDEN_MAX && o->hidden[layer_n]) {
        sizes[layer_n + 1] = o->hidden[layer_n];
        layer_n++;
    }
    sizes[++layer_n] = 1;
    fr_mlp_init(&r->mlp, layer_n, sizes, o->seed);
    r->mean = fr_alloc(rows->feature_n * sizeof *r->mean);
    r->scale = fr_alloc(rows->feature_n * sizeof *r->scale);
    for (uint32_t f = 0; f < rows->feature_n; f++) measure_feature(rows, n, f, &r->mean[f], &r->scale[f]);
    return r;
}

void fr_rank_mlp_free(struct fr_rank_mlp *r) {
    if (!r) return;
    fr_mlp_fini(&r->mlp);
    free(r->mean);
    free(r->scale);
    free(r);
}

uint32_t fr_rank_mlp_features(const struct fr_rank_mlp *r) { return r->mlp.sizes[0]; }

static void batch_add(struct batch *b, const struct fr_rank_mlp *r, uint32_t group) {
    uint32_t feature_n = b->rows->feature_n, at = b->starts[b->group_n];
    for (uint32_t i = b->rows->starts[group]; i < b->rows->starts[group + 1]; i++, at++) {
        standardise(r, b->rows->features + (size_t)i * feature_n, b->features + (size_t)at * feature_n);
        b->labels[at] = b->rows->labels[i];
        b->weights[at] = b->rows->weights ? b->rows->weights[i] : 1;
    }
    b->starts[++b->group_n] = at;
}

static double batch_loss(void *context, uint32_t n, const float *outputs, float *gradient) {
    const struct batch *b = context;
    if (b->kind != FR_RANK_LOGISTIC)
        return fr_loss_listwise(b->group_n, b->starts, outputs, b->labels, gradient);
    double loss = fr_loss_logistic(n, outputs, b->labels, gradient);
    for (uint32_t i = 0; i < n; i++) gradient[i] *= b->weights[i];
    return loss;
}

static void shuffle(uint32_t *groups, uint32_t n, struct fr_rng *rng) {
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = fr_rng_below(rng, i), other = groups[j];
        groups[j] = groups[i - 1];
        groups[i - 1] = other;
    }
}

/* Mean loss of the batches. */
static double train_epoch(struct fr_mlp_trainer *t, const struct fr_rank_mlp *r, struct batch *b,
                          const uint32_t *groups, uint32_t n, uint32_t batch_groups) {
    double loss = 0;
    uint32_t batches = 0;
    for (uint32_t first = 0; first < n; first += b->group_n, batches++) {
        b->group_n = 0;
        for (uint32_t i = first; i < n && b->group_n < batch_groups; i++) batch_add(b, r, groups[i]);
        loss += fr_mlp_trainer_step(t, b->starts[b->group_n], b->features, batch_loss, b);
    }
    return loss / batches;
}

static uint32_t batch_row_cap(const struct fr_rank_rows *rows, uint32_t batch_groups, uint32_t longest) {
    uint64_t most = (uint64_t)batch_groups * longest, all = rows->starts[rows->group_n];
    return (uint32_t)(most < all ? most : all);
}

static void train(struct fr_rank_mlp *r, const struct fr_rank_rows *rows, const struct fr_rank_mlp_options *o,
                  uint32_t *groups, uint32_t n, uint32_t longest) {
    uint32_t batch_groups = o->batch_groups < n ? o->batch_groups : n;
    uint32_t row_cap = batch_row_cap(rows, batch_groups, longest);
    struct batch b = {.rows = rows, .kind = o->loss};
    b.features = fr_alloc((size_t)row_cap * rows->feature_n * sizeof(float));
    b.labels = fr_alloc((size_t)row_cap * sizeof(float));
    b.weights = fr_alloc((size_t)row_cap * sizeof(float));
    b.starts = fr_alloc_zero((size_t)batch_groups + 1, sizeof *b.starts);
    struct fr_mlp_options options = {FR_ADAM_DEFAULTS, o->dropout, o->epsilon};
    options.adam.rate = o->rate;
    options.adam.decay = o->decay;
    struct fr_mlp_trainer t;
    fr_mlp_trainer_init(&t, &r->mlp, &options, row_cap, o->seed + 1);
    struct fr_rng rng = {o->seed + 2};
    for (uint32_t epoch = 0; epoch < o->epochs; epoch++) {
        shuffle(groups, n, &rng);
        double loss = train_epoch(&t, r, &b, groups, n, batch_groups);
        if (o->progress && !o->progress(o->context, epoch, loss)) break;
    }
    fr_mlp_trainer_fini(&t);
    free(b.features);
    free(b.labels);
    free(b.weights);
    free(b.starts);
}

struct fr_rank_mlp *fr_rank_mlp_fit(const struct fr_rank_rows *rows,
                                    const struct fr_rank_mlp_options *options, struct fr_errmsg *msg) {
    const char *fault = options_fault(rows, options);
    if (fault) {
        fr_err_set(msg, FR_CONFIG, "rank_mlp: %s", fault);
        return NULL;
    }
    if (fr_la_open(msg)) return NULL;
    uint32_t n, longest, *groups = teaching_groups(rows, options->loss, &n, &longest);
    struct fr_rank_mlp *r = NULL;
    if (n) {
        r = ranker_new(rows, options);
        train(r, rows, options, groups, n, longest);
    } else {
        fr_err_set(msg, FR_LIMIT, "rank_mlp: no group has a positive label");
    }
    free(groups);
    return r;
}

void fr_rank_mlp_score(const struct fr_rank_mlp *r, const float *features, uint32_t n, float *out) {
    float row[FR_RANK_MLP_FEATURES_MAX];
    for (uint32_t i = 0; i < n; i++) {
        standardise(r, features + (size_t)i * r->mlp.sizes[0], row);
        fr_mlp_plain(&r->mlp, row, out + i);
    }
}

void fr_rank_mlp_save(const struct fr_rank_mlp *r, struct fr_tensors_writer *w) {
    fr_mlp_save(&r->mlp, "rank_mlp", w);
    fr_tensors_put_vector(w, "rank_mlp.mean", FR_TENSOR_F32, r->mlp.sizes[0], r->mean);
    fr_tensors_put_vector(w, "rank_mlp.scale", FR_TENSOR_F32, r->mlp.sizes[0], r->scale);
}

static bool is_ranker(const struct fr_mlp *m, const struct fr_tensor *mean, const struct fr_tensor *scale) {
    if (!mean || !scale || mean->count != m->sizes[0] || scale->count != m->sizes[0]) return false;
    for (uint32_t l = 1; l < m->layer_n; l++)
        if (m->sizes[l] > FR_RANK_MLP_WIDTH_MAX) return false;
    return m->sizes[0] <= FR_RANK_MLP_FEATURES_MAX && m->sizes[m->layer_n] == 1;
}

struct fr_rank_mlp *fr_rank_mlp_load(const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct fr_rank_mlp *r = fr_alloc_zero(1, sizeof *r);
    const struct fr_tensor *mean = fr_tensors_get(f, "rank_mlp.mean", FR_TENSOR_F32);
    const struct fr_tensor *scale = fr_tensors_get(f, "rank_mlp.scale", FR_TENSOR_F32);
    if (!fr_mlp_load(&r->mlp, "rank_mlp", f) || !is_ranker(&r->mlp, mean, scale)) {
        fr_err_set(msg, FR_STATE_CORRUPT, "rank_mlp: arrays are missing or do not fit together");
        fr_rank_mlp_free(r);
        return NULL;
    }
    size_t bytes = r->mlp.sizes[0] * sizeof *r->mean;
    r->mean = memcpy(fr_alloc(bytes), mean->data, bytes);
    r->scale = memcpy(fr_alloc(bytes), scale->data, bytes);
    return r;
}
