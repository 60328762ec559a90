#include "freshet/target/off_policy.h"
#include "freshet/base/rng.h"
#include <math.h>
#include <stdlib.h>

const char *fr_off_policy_name(enum fr_off_policy_estimator estimator) {
    static const char *const names[] = {"ips", "snips", "dm", "dr", "sndr"};
    return names[estimator];
}

struct fr_off_policy_round fr_off_policy_round_of(uint32_t action, double reward, double propensity,
                                                  const double *pi, const double *q, uint32_t action_n) {
    FR_ASSERT(action < action_n && propensity > 0);
    struct fr_off_policy_round round = {.weight = pi[action] / propensity, .reward = reward};
    if (!q) return round;
    for (uint32_t a = 0; a < action_n; a++) round.value += pi[a] * q[a];
    round.factual = q[action];
    return round;
}

/* What the estimators are made of. */
struct sums {
    double weight, rewarded, value, residual; /* w, w reward, v, w (reward - q) */
};

static double clipped(double weight, double clip) { return clip > 0 && weight > clip ? clip : weight; }

static void add(struct sums *s, const struct fr_off_policy_round *r, double clip) {
    double weight = clipped(r->weight, clip);
    s->weight += weight;
    s->rewarded += weight * r->reward;
    s->value += r->value;
    s->residual += weight * (r->reward - r->factual);
}

static void estimates_of(const struct sums *s, uint32_t n, bool has_predictions,
                         double out[FR_OFF_POLICY_N]) {
    bool has_weight = s->weight > 0;
    out[FR_OFF_POLICY_IPS] = s->rewarded / n;
    out[FR_OFF_POLICY_SNIPS] = has_weight ? s->rewarded / s->weight : (double)NAN;
    out[FR_OFF_POLICY_DM] = has_predictions ? s->value / n : (double)NAN;
    out[FR_OFF_POLICY_DR] = has_predictions ? (s->value + s->residual) / n : (double)NAN;
    out[FR_OFF_POLICY_SNDR] =
        has_predictions && has_weight ? s->value / n + s->residual / s->weight : (double)NAN;
}

static void weights_of(const struct fr_off_policy_round *rounds, uint32_t n, double clip,
                       struct fr_off_policy_weights *out) {
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        double weight = clipped(rounds[i].weight, clip);
        sum += weight;
        squares += weight * weight;
        out->max = fmax(out->max, weight);
        out->clipped_n += weight < rounds[i].weight;
        out->zero_n += weight <= 0;
    }
    out->mean = sum / n;
    out->effective_n = squares > 0 ? sum * sum / squares : 0;
}

/* ---- intervals ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The quantile between two order statistics, by a straight line (numpy's "linear", type 7 of Hyndman and Fan 1996). */
static double quantile(const double *sorted, uint32_t n, double share) {
    double at = share * (n - 1);
    uint32_t below = (uint32_t)at, above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/* A drawing in which no weight is left says nothing of a self-normalised estimate: it is left out. */
static void interval_of(double *drawn, uint32_t n, double confidence, struct fr_off_policy_estimate *e) {
    uint32_t defined = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!isnan(drawn[i])) drawn[defined++] = drawn[i];
    if (defined == 0) return;
    qsort(drawn, defined, sizeof *drawn, by_value);
    e->low = quantile(drawn, defined, (1 - confidence) / 2);
    e->high = quantile(drawn, defined, (1 + confidence) / 2);
}

static void bootstrap(const struct fr_off_policy_round *rounds, uint32_t n,
                      const struct fr_off_policy_options *o, struct fr_off_policy_result *out) {
    double *drawn = fr_alloc((size_t)o->drawings * FR_OFF_POLICY_N * sizeof *drawn);
    struct fr_rng rng = {o->seed};
    for (uint32_t d = 0; d < o->drawings; d++) {
        struct sums sums = {0};
        double values[FR_OFF_POLICY_N];
        for (uint32_t i = 0; i < n; i++) add(&sums, &rounds[fr_rng_below(&rng, n)], o->clip);
        estimates_of(&sums, n, o->has_predictions, values);
        for (unsigned e = 0; e < FR_OFF_POLICY_N; e++) drawn[(size_t)e * o->drawings + d] = values[e];
    }
    for (unsigned e = 0; e < FR_OFF_POLICY_N; e++)
        interval_of(drawn + (size_t)e * o->drawings, o->drawings, o->confidence, &out->estimates[e]);
    free(drawn);
}

void fr_off_policy_estimate(const struct fr_off_policy_round *rounds, uint32_t n,
                            const struct fr_off_policy_options *options, struct fr_off_policy_result *out) {
    FR_ASSERT(n > 0);
    *out = (struct fr_off_policy_result){0};
    struct sums sums = {0};
    double values[FR_OFF_POLICY_N];
    for (uint32_t i = 0; i < n; i++) add(&sums, &rounds[i], options->clip);
    estimates_of(&sums, n, options->has_predictions, values);
    for (unsigned e = 0; e < FR_OFF_POLICY_N; e++)
        out->estimates[e] = (struct fr_off_policy_estimate){values[e], (double)NAN, (double)NAN};
    weights_of(rounds, n, options->clip, &out->weights);
    if (options->drawings > 0) bootstrap(rounds, n, options, out);
}
