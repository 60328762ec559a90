/* reward_model.h - how likely an action is rewarded in a context: what the direct method and doubly robust estimates ask.
 *
 * Model     logistic regression, log-odds = bias + action + position + sum of weight * value over the context's features:
 *           ridge on all but the bias, the most likely weights by Newton's steps.
 * Crossed   a round is predicted by a model that did not learn from it: stratified folds (learn/folds.h), so that the same noise
 *           is not in q and in reward (Chernozhukov et al. 2018).
 * Bounds    FR_REWARD_WEIGHTS weights, for a step costs their cube.
 * Promise   a function of its arguments. Pure. Threads: any (learn/la.h). */
#ifndef FR_TARGET_REWARD_MODEL_H
#define FR_TARGET_REWARD_MODEL_H

#include "freshet/base/err.h"
#include <stdint.h>

enum { FR_REWARD_WEIGHTS = 1000, FR_REWARD_STEPS = 25 };

/* Rounds; the features of round i are places starts[i] .. starts[i + 1] of feature and value. All is borrowed. */
struct fr_reward_rounds {
    uint32_t n, action_n, position_n, feature_n;
    const uint32_t *actions, *positions; /* [n] */
    const bool *rewards;                 /* [n] */
    const uint32_t *starts, *features;   /* [n + 1], [starts[n]] each below feature_n */
    const float *values;                 /* [starts[n]] */
};

/* q[n][action_n]: of each round, for each action at the round's position. folds 2 to FR_FOLDS_MAX; ridge > 0 (half of it times
 * the squared weights is added to the loss: 1 is scikit-learn's C = 1). FR_LIMIT: too many weights. */
enum fr_err fr_reward_predict_crossed(const struct fr_reward_rounds *rounds, uint32_t folds, double ridge,
                                      uint64_t seed, double *q, struct fr_errmsg *msg) FR_MUST_USE;

#endif
