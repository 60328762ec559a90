/* rank_mlp.h - a multi-layer perceptron that ranks candidates: features of each (scores of all sources, user, item, context)
 * in, one score out; trained on lists with what was taken from them.
 *
 * Loss        listwise: in each group the softmax of its scores is held to the labels, divided by their sum; groups without
 *             a positive label teach nothing. Logistic: each row by itself, label 0 to 1; the score is then a log odds.
 * Features    any units: each is centred and scaled by what the training rows show, and cut to +-FR_RANK_MLP_CUT deviations.
 *             NaN is missing: it counts as the mean.
 * Promise     a fit is a function of (rows, options), and so are the scores of what was loaded; scoring is plain loops in a
 *             fixed order: the same bits on any machine, whatever else is in the block of rows.
 * Threads     fit: one, and those of learn/la. A fitted ranker is read-only: any number of threads may score.
 * Memory      a ranker: 4 bytes a weight; a fit: 16 more, and a batch's activations.
 * Time        a score: one multiplication a weight. */
#ifndef FR_LEARN_RANK_MLP_H
#define FR_LEARN_RANK_MLP_H

#include "freshet/base/err.h"
#include "freshet/base/tensors.h"
#include <stdint.h>

enum { FR_RANK_MLP_CUT = 5, FR_RANK_MLP_HIDDEN_MAX = 3, FR_RANK_MLP_WIDTH_MAX = 256 };
enum { FR_RANK_MLP_FEATURES_MAX = 1024 };

enum fr_rank_loss { FR_RANK_LISTWISE, FR_RANK_LOGISTIC };

struct fr_rank_rows {
    const float *features; /* [n][feature_n] */
    const float *labels;   /* [n] >= 0 */
    const float *weights;  /* [n] >= 0, of LOGISTIC: what a row counts, of mean 1 or so; NULL: 1 each */
    const uint32_t
        *starts; /* [group_n + 1]: group g is the rows [starts[g], starts[g + 1]), starts[group_n] = n */
    uint32_t feature_n, group_n;
};

struct fr_rank_mlp_options {
    enum fr_rank_loss loss;
    uint32_t hidden
        [FR_RANK_MLP_HIDDEN_MAX]; /* widths up to FR_RANK_MLP_WIDTH_MAX, the first 0 ends them; none: linear */
    uint32_t epochs, batch_groups; /* of groups shuffled anew in each epoch */
    double rate;                   /* of Adam */
    double decay;                  /* of weights, decoupled from the gradient (AdamW) */
    double dropout;                /* share of hidden units, 0 to .9 */
    double epsilon;                /* FGSM: also trained on features moved by epsilon deviations; 0: not */
    uint64_t seed;
    /* Called after each epoch with its mean loss; false: stop here, with what was learnt. May be NULL. */
    bool (*progress)(void *context, uint32_t epoch, double loss);
    void *context;
};

#define FR_RANK_MLP_DEFAULTS                                \
    ((struct fr_rank_mlp_options){.loss = FR_RANK_LISTWISE, \
                                  .hidden = {64, 32},       \
                                  .epochs = 5,              \
                                  .batch_groups = 64,       \
                                  .rate = .001,             \
                                  .decay = .0001,           \
                                  .seed = 1})

struct fr_rank_mlp;

/* gives; NULL with msg: FR_CONFIG for what is out of range, FR_LIMIT when no group teaches anything. */
struct fr_rank_mlp *fr_rank_mlp_fit(const struct fr_rank_rows *rows,
                                    const struct fr_rank_mlp_options *options, struct fr_errmsg *msg);
void fr_rank_mlp_free(struct fr_rank_mlp *r);
uint32_t fr_rank_mlp_features(const struct fr_rank_mlp *r);
/* features[n][feature_n] as they were trained; out[n]. */
void fr_rank_mlp_score(const struct fr_rank_mlp *r, const float *features, uint32_t n, float *out);

/* Arrays are named "rank_mlp.<array>". */
void fr_rank_mlp_save(const struct fr_rank_mlp *r, struct fr_tensors_writer *w);
struct fr_rank_mlp *fr_rank_mlp_load(const struct fr_tensors_file *f,
                                     struct fr_errmsg *msg); /* gives; NULL with msg */

#endif
