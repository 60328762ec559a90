/* Loops run over candidates, feature by feature: neighbouring numbers, so that the compiler uses vectors without being
 * allowed to change the order of a sum. A sum over candidates is kept in eight parts for the same reason. */
#include "freshet/recommend/rank.h"
#include "freshet/base/real.h"
#include <math.h>
#include <stdlib.h>

#define LN_2 0.69314718055994530942
#define LOG2_E 1.44269504f
#define LOGIT_SPAN 80.f /* what is further below the best has no chance */

enum { LANES = 8 };

struct fr_rank {
    struct fr_rank_params params;
    uint32_t set_n; /* sets of weights: the common one, then one for each value of each context */
    float *weights; /* [set_n][feature_n] */
    float *squares; /* of AdaGrad: sums of squared gradients */
};

struct fr_rank *fr_rank_new(const struct fr_rank_params *params) {
    struct fr_rank *r = fr_alloc_zero(1, sizeof *r);
    r->params = *params;
    r->set_n = 1;
    for (uint32_t k = 0; k < params->context_n; k++) r->set_n += params->context_values[k];
    r->weights = fr_alloc_zero((size_t)r->set_n * params->feature_n, sizeof *r->weights);
    r->squares = fr_alloc_zero((size_t)r->set_n * params->feature_n, sizeof *r->squares);
    return r;
}

void fr_rank_free(struct fr_rank *r) {
    if (!r) return;
    free(r->weights);
    free(r->squares);
    free(r);
}

void fr_rank_prior(struct fr_rank *r, uint32_t feature, float weight) {
    if (!(r->squares[feature] > 0)) r->weights[feature] = weight;
}

/* Where the sets begin that hold in the table's contexts; returns how many. */
static uint32_t sets_of(const struct fr_rank *r, const struct fr_rank_table *t,
                        size_t out[FR_RANK_CONTEXTS_MAX + 1]) {
    uint32_t first = 1, n = 0;
    out[n++] = 0;
    for (uint32_t k = 0; k < r->params.context_n; k++) {
        out[n++] = (size_t)(first + t->context[k]) * r->params.feature_n;
        first += r->params.context_values[k];
    }
    return n;
}

void fr_rank_weights(const struct fr_rank *r, const struct fr_rank_table *t, float *out) {
    size_t sets[FR_RANK_CONTEXTS_MAX + 1];
    uint32_t n = sets_of(r, t, sets);
    memset(out, 0, t->feature_n * sizeof *out);
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t f = 0; f < t->feature_n; f++) out[f] += r->weights[sets[k] + f];
}

void fr_rank_logits(const struct fr_rank_table *t, const float *weights, float *out) {
    memset(out, 0, t->n * sizeof *out);
    for (uint32_t f = 0; f < t->feature_n; f++) {
        const float *x = t->x + f * t->stride, w = weights[f];
        uint32_t c = 0;
        for (; c + LANES <= t->n; c += LANES)
            for (uint32_t lane = 0; lane < LANES; lane++) out[c + lane] += w * x[c + lane];
        for (; c < t->n; c++) out[c] += w * x[c];
    }
}

void fr_rank_softmax(float *logits, uint32_t n) {
    float best = -INFINITY;
    double sum = 0;
    for (uint32_t c = 0; c < n; c++) best = logits[c] > best ? logits[c] : best;
    for (uint32_t c = 0; c < n; c++) {
        float below = logits[c] - best;
        logits[c] = below > -LOGIT_SPAN ? fr_exp2_single(below * LOG2_E) : 0;
        sum += (double)logits[c];
    }
    float scale = (float)(1 / sum);
    for (uint32_t c = 0; c < n; c++) logits[c] *= scale;
}

void fr_rank_gradient(const struct fr_rank_table *t, const float *chances, uint32_t target, float *out) {
    for (uint32_t f = 0; f < t->feature_n; f++) {
        const float *x = t->x + f * t->stride;
        float parts[LANES] = {0}, sum = 0;
        uint32_t c = 0;
        for (; c + LANES <= t->n; c += LANES)
            for (uint32_t lane = 0; lane < LANES; lane++) parts[lane] += chances[c + lane] * x[c + lane];
        for (; c < t->n; c++) sum += chances[c] * x[c];
        for (uint32_t lane = 0; lane < LANES; lane++) sum += parts[lane];
        out[f] = sum - x[target];
    }
}

float fr_rank_learn(struct fr_rank *r, const struct fr_rank_table *t, uint32_t target, float *scratch) {
    float *weights = scratch, *gradient = scratch + t->feature_n, *chances = gradient + t->feature_n;
    fr_rank_weights(r, t, weights);
    fr_rank_logits(t, weights, chances);
    fr_rank_softmax(chances, t->n);
    fr_rank_gradient(t, chances, target, gradient);
    size_t sets[FR_RANK_CONTEXTS_MAX + 1];
    uint32_t n = sets_of(r, t, sets);
    for (uint32_t k = 0; k < n; k++) {
        float *w = r->weights + sets[k], *s = r->squares + sets[k];
        for (uint32_t f = 0; f < t->feature_n; f++) {
            s[f] += gradient[f] * gradient[f];
            w[f] -= r->params.rate * gradient[f] / sqrtf(s[f] + 1e-6f);
        }
    }
    float chance = chances[target] > 1e-30f ? chances[target] : 1e-30f;
    return (float)(-fr_log2((double)chance) * LN_2);
}

void fr_rank_save(const struct fr_rank *r, struct fr_tensors_writer *w) {
    uint64_t shape[2] = {r->set_n, r->params.feature_n};
    fr_tensors_put(w, "rank.weights", FR_TENSOR_F32, shape, 2, r->weights);
    fr_tensors_put(w, "rank.squares", FR_TENSOR_F32, shape, 2, r->squares);
}

enum fr_err fr_rank_load(struct fr_rank *r, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    const struct fr_tensor *weights = fr_tensors_get(f, "rank.weights", FR_TENSOR_F32);
    const struct fr_tensor *squares = fr_tensors_get(f, "rank.squares", FR_TENSOR_F32);
    uint64_t count = (uint64_t)r->set_n * r->params.feature_n;
    if (!weights || !squares || weights->count != count || squares->count != count)
        return fr_err_set(msg, FR_STATE_CORRUPT, "rank: its arrays are missing or of another shape");
    memcpy(r->weights, weights->data, count * sizeof *r->weights);
    memcpy(r->squares, squares->data, count * sizeof *r->squares);
    return FR_OK;
}
