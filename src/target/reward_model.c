#include "freshet/target/reward_model.h"
#include "freshet/base/real.h"
#include "freshet/learn/folds.h"
#include "freshet/learn/la.h"
#include <math.h>
#include <stdlib.h>

/* Places of the weights: the bias, the actions, the positions, the features. */
struct fit {
    const struct fr_reward_rounds *rounds;
    uint32_t weight_n;
    double ridge;
    double *weights, *gradient, *hessian; /* [weight_n], [weight_n], [weight_n][weight_n] lower triangle */
    float *matrix, *step;                 /* the same, for the solver */
};

static void fit_init(struct fit *f, const struct fr_reward_rounds *rounds, double ridge) {
    uint32_t n = 1 + rounds->action_n + rounds->position_n + rounds->feature_n;
    *f = (struct fit){.rounds = rounds, .weight_n = n, .ridge = ridge};
    f->weights = fr_alloc(n * sizeof *f->weights);
    f->gradient = fr_alloc(n * sizeof *f->gradient);
    f->hessian = fr_alloc((size_t)n * n * sizeof *f->hessian);
    f->matrix = fr_alloc((size_t)n * n * sizeof *f->matrix);
    f->step = fr_alloc(n * sizeof *f->step);
}

static void fit_fini(struct fit *f) {
    free(f->weights);
    free(f->gradient);
    free(f->hessian);
    free(f->matrix);
    free(f->step);
}

/* The k-th of a round's terms; terms 0 to 2 are bias, action and position. */
static uint32_t term_place(const struct fr_reward_rounds *r, uint32_t i, uint32_t k, double *value) {
    *value = 1;
    if (k == 0) return 0;
    if (k == 1) return 1 + r->actions[i];
    if (k == 2) return 1 + r->action_n + r->positions[i];
    uint32_t at = r->starts[i] + k - 3;
    *value = (double)r->values[at];
    return 1 + r->action_n + r->position_n + r->features[at];
}

static uint32_t term_count(const struct fr_reward_rounds *r, uint32_t i) {
    return 3 + r->starts[i + 1] - r->starts[i];
}

/* Log-odds of a round without its action. */
static double log_odds_before_action(const struct fit *f, uint32_t i) {
    double sum = 0, value;
    for (uint32_t k = 0; k < term_count(f->rounds, i); k++)
        if (k != 1) {
            uint32_t place = term_place(f->rounds, i, k, &value);
            sum += f->weights[place] * value;
        }
    return sum;
}

static void add_round(struct fit *f, uint32_t i) {
    const struct fr_reward_rounds *r = f->rounds;
    double p = fr_logistic(log_odds_before_action(f, i) + f->weights[1 + r->actions[i]]);
    double error = p - (r->rewards[i] ? 1 : 0), curve = p * (1 - p), x, y;
    uint32_t n = term_count(r, i);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t row = term_place(r, i, k, &x);
        f->gradient[row] += error * x;
        for (uint32_t l = 0; l < n; l++) {
            uint32_t column = term_place(r, i, l, &y);
            f->hessian[(size_t)row * f->weight_n + column] += curve * x * y;
        }
    }
}

/* The bias has next to no ridge: enough that the matrix has an inverse in single precision. */
static double ridge_of(const struct fit *f, uint32_t place) { return place ? f->ridge : 1e-6 * f->ridge; }

/* One step of Newton; the largest change of a weight. */
static double newton(struct fit *f, const uint32_t *fold, uint32_t held) {
    uint32_t n = f->weight_n;
    for (uint32_t k = 0; k < n; k++) f->gradient[k] = ridge_of(f, k) * f->weights[k];
    for (size_t k = 0; k < (size_t)n * n; k++) f->hessian[k] = 0;
    for (uint32_t k = 0; k < n; k++) f->hessian[(size_t)k * n + k] = ridge_of(f, k);
    for (uint32_t i = 0; i < f->rounds->n; i++)
        if (fold[i] != held) add_round(f, i);
    for (size_t k = 0; k < (size_t)n * n; k++) f->matrix[k] = (float)f->hessian[k];
    for (uint32_t k = 0; k < n; k++) f->step[k] = (float)f->gradient[k];
    FR_ASSERT(fr_la_solve_spd(n, f->matrix, 1, f->step)); /* the ridge makes it positive definite */
    double most = 0;
    for (uint32_t k = 0; k < n; k++) most = fmax(most, fabs((double)f->step[k]));
    double pace = most > 2 ? 2 / most : 1; /* far from the optimum a whole step can overshoot */
    for (uint32_t k = 0; k < n; k++) f->weights[k] -= pace * (double)f->step[k];
    return most;
}

static void fit_fold(struct fit *f, const uint32_t *fold, uint32_t held, double *q) {
    const struct fr_reward_rounds *r = f->rounds;
    for (uint32_t k = 0; k < f->weight_n; k++) f->weights[k] = 0;
    for (int step = 0; step < FR_REWARD_STEPS; step++)
        if (newton(f, fold, held) < 1e-9) break;
    for (uint32_t i = 0; i < r->n; i++) {
        if (fold[i] != held) continue;
        double base = log_odds_before_action(f, i);
        for (uint32_t a = 0; a < r->action_n; a++)
            q[(size_t)i * r->action_n + a] = fr_logistic(base + f->weights[1 + a]);
    }
}

enum fr_err fr_reward_predict_crossed(const struct fr_reward_rounds *rounds, uint32_t folds, double ridge,
                                      uint64_t seed, double *q, struct fr_errmsg *msg) {
    uint64_t weights = (uint64_t)1 + rounds->action_n + rounds->position_n + rounds->feature_n;
    if (weights > FR_REWARD_WEIGHTS)
        return fr_err_set(msg, FR_LIMIT, "a reward model of %llu weights: at most %d",
                          (unsigned long long)weights, FR_REWARD_WEIGHTS);
    enum fr_err err = fr_la_open(msg);
    if (err != FR_OK) return err;
    uint32_t *fold = fr_alloc(((size_t)rounds->n + 1) * sizeof *fold);
    fr_folds_stratified(rounds->rewards, rounds->n, folds, seed, fold);
    struct fit fit;
    fit_init(&fit, rounds, ridge);
    for (uint32_t held = 0; held < folds; held++) fit_fold(&fit, fold, held, q);
    fit_fini(&fit);
    free(fold);
    return FR_OK;
}
