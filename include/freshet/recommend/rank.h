/* rank.h - an online listwise ranker: which of the candidates will it be?
 *
 *     logit(c) = sum over features f of (w[f] + sum over contexts k of w_k[value of k][f]) * x[f][c]
 *     chance(c) = exp(logit(c)) / sum of exp(logit)          (softmax; Plackett-Luce for one choice)
 *
 *           Each weight has its own AdaGrad step (Duchi, Hazan, Singer 2011). A context is a fact of the query, such as a
 *           long or a short history, whose every value may weigh the features its own way.
 * Promise   a function of what was learnt and the table: plain loops in a fixed order. load(save(r)) goes on the same way.
 * Threads   one writer and no reader meanwhile, or any number of readers.
 * Memory    8 bytes a weight: feature_n * (1 + the sum of context values). */
#ifndef FR_RECOMMEND_RANK_H
#define FR_RECOMMEND_RANK_H

#include "freshet/base/tensors.h"

enum { FR_RANK_CONTEXTS_MAX = 4 };

/* The candidates of one query. Borrowed for a call. */
struct fr_rank_table {
    uint32_t n, feature_n;                  /* features beyond feature_n are 0 */
    size_t stride;                          /* x[f][c] is x[f * stride + c] */
    float *x;                               /* finite, better within -10 to 10 */
    uint32_t context[FR_RANK_CONTEXTS_MAX]; /* each below its number of values */
};

struct fr_rank_params {
    uint32_t feature_n; /* at most */
    uint32_t context_n, context_values[FR_RANK_CONTEXTS_MAX];
    float rate; /* AdaGrad's */
};

struct fr_rank;

struct fr_rank *fr_rank_new(const struct fr_rank_params *params); /* gives */
void fr_rank_free(struct fr_rank *r);

/* What a feature weighs before anything was learnt of it; 0 unless said. Only for a feature that was never learnt. */
void fr_rank_prior(struct fr_rank *r, uint32_t feature, float weight);

/* The weights that hold in the table's contexts: out[table->feature_n]. */
void fr_rank_weights(const struct fr_rank *r, const struct fr_rank_table *t, float *out);
/* Logits of all candidates by such weights: out[t->n]. */
void fr_rank_logits(const struct fr_rank_table *t, const float *weights, float *out);
/* Logits become chances that add up to 1. */
void fr_rank_softmax(float *logits, uint32_t n);
/* The gradient of -ln chance(target) by any of the weights that hold: out[feature_n]. */
void fr_rank_gradient(const struct fr_rank_table *t, const float *chances, uint32_t target, float *out);
/* One step towards target. scratch[t->n + 2 * t->feature_n]. Returns -ln chance(target) as it was before. */
float fr_rank_learn(struct fr_rank *r, const struct fr_rank_table *t, uint32_t target, float *scratch);

/* "rank.weights", "rank.squares". */
void fr_rank_save(const struct fr_rank *r, struct fr_tensors_writer *w);
enum fr_err fr_rank_load(struct fr_rank *r, const struct fr_tensors_file *f,
                         struct fr_errmsg *msg) FR_MUST_USE;

#endif
