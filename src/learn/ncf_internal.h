/* ncf_internal.h - what the parts of ncf share: ncf.c (the model), ncf_batch.c (the loss of a batch and its gradient), ncf_train.c
 * (the fit), ncf_score.c (scores and fold-in). */
#ifndef FR_LEARN_NCF_INTERNAL_H
#define FR_LEARN_NCF_INTERNAL_H

#include "freshet/learn/mlp.h"
#include "freshet/learn/ncf.h"

enum { NCF_STRIP = 64 }; /* items scored at once */

struct ncf {
    struct fr_model base;
    uint32_t user_n, item_n, k;
    float *users; /* [user_n][2 k]: the product's vector, then the perceptron's; NULL after the fit */
    float *items; /* [item_n][2 k] */
    struct fr_mlp mlp;
    float *fold;   /* [2 k + 1][2 k]: from a history's sum and a 1 to a user's vectors */
    float *strips; /* derived: see ncf_score.c */
};

struct ncf_options {
    uint32_t epochs, negatives;
    double rate, dropout, epsilon, decay;
};

/* The users' or the items' part of a batch. */
struct ncf_side {
    const float *rows;   /* the model's vectors */
    uint32_t *id;        /* [cap] of a sample */
    float *copy, *moved; /* [cap][2 k] of a sample: its vectors, and moved by an adversary */
    float *gradient;     /* [cap][2 k] of the mean loss at them */
    const float *at;     /* copy or moved: where the gradient is taken */
};

struct ncf_batch {
    struct ncf_side users, items;
    const struct fr_mlp *mlp;
    struct fr_mlp_pass pass;
    float *mlp_gradient;             /* [mlp.weight_n] */
    float *labels, *logits, *slopes; /* [cap]; slope: the loss's gradient at the logit */
    float *inputs, *input_gradient;  /* [cap][2 k] of the perceptron */
    uint32_t cap, n, k;
    unsigned threads;
};

/* m is kept until fini. */
void ncf_batch_init(struct ncf_batch *b, const struct ncf *m, uint32_t cap, unsigned threads);
void ncf_batch_fini(struct ncf_batch *b);
static inline void ncf_batch_clear(struct ncf_batch *b) { b->n = 0; }
void ncf_batch_add(struct ncf_batch *b, uint32_t user, uint32_t item, float label);
/* Fills all gradients; returns the mean loss. With epsilon, that of the batch as it is, and gradients are the sum of those
 * there and where the adversary moved the vectors. */
double ncf_batch_learn(struct ncf_batch *b, double dropout, double epsilon, struct fr_rng *rng);

/* False: given up. */
bool ncf_train(struct ncf *m, const struct fr_fit *fit, const struct ncf_options *o);
/* Needs users, items and mlp. */
void ncf_fit_fold(struct ncf *m, const struct fr_rows *by_user);
void ncf_strips(struct ncf *m);
/* sum[2 k + 1]: the history's item vectors added up, over the square root of their number, and a 1. */
void ncf_history_sum(const struct ncf *m, const struct fr_rows *rows, uint32_t row, float *sum);
void ncf_score(const struct ncf *m, const struct fr_rows *rows, uint32_t first, uint32_t n, float *out);

#endif
