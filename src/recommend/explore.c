/* Thompson's choice has no closed form for its probability: it is counted over repeated draws with seeds of their own, one
 * added to every count, so that what was drawn never has probability 0.
 *
 * Beta from two gammas, gamma by Marsaglia and Tsang ("A simple method for generating gamma variables", ACM TOMS 26, 2000):
 * shapes here are 1 or more. Normals by Marsaglia's polar method: no function whose last bit differs between machines. */
#include "explore.h"
#include "freshet/base/hash.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include <math.h>

static double normal(struct fr_rng *r) {
    for (;;) {
        double u = 2 * fr_rng_uniform(r) - 1, v = 2 * fr_rng_uniform(r) - 1, s = u * u + v * v;
        if (s > 0 && s < 1) return u * sqrt(-2 * fr_ln(s) / s);
    }
}

static double gamma_of(struct fr_rng *r, double shape) {
    double d = shape - 1. / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = normal(r), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        double u = 1 - fr_rng_uniform(r);
        if (fr_ln(u) < x * x / 2 + d - d * v + d * fr_ln(v)) return d * v;
    }
}

static double beta_of(struct fr_rng *r, const struct fr_ranked *item) {
    double taken = item->taken > 0 ? item->taken : 0;
    double missed = item->shown > taken ? item->shown - taken : 0;
    double a = gamma_of(r, 1 + taken), b = gamma_of(r, 1 + missed);
    return a / (a + b);
}

static struct fr_rng rng_of(const struct fr_explore_pool *p, uint32_t place, uint32_t repeat) {
    return (struct fr_rng){fr_hash_mix(p->draw ^ fr_hash_mix((uint64_t)place << 32 | repeat))};
}

static uint32_t thompson(const struct fr_explore_pool *p, uint32_t place, uint32_t repeat) {
    struct fr_rng rng = rng_of(p, place, repeat);
    uint32_t best = 0;
    double best_sample = -1;
    for (uint32_t i = 0; i < p->left_n; i++) {
        double sample = beta_of(&rng, &p->items[p->left[i]]);
        if (sample > best_sample) best_sample = sample, best = i;
    }
    return best;
}

uint32_t fr_explore_draw(const struct fr_explore_pool *p, uint32_t place) {
    if (p->how == FR_EXPLORE_THOMPSON) return thompson(p, place, 0);
    struct fr_rng rng = rng_of(p, place, 0);
    return fr_rng_below(&rng, p->left_n);
}

double fr_explore_chance(const struct fr_explore_pool *p, uint32_t place, uint32_t at) {
    if (p->how != FR_EXPLORE_THOMPSON) return 1. / p->left_n;
    uint32_t wins = 0;
    for (uint32_t repeat = 1; repeat <= FR_ARRANGE_DRAWS; repeat++) wins += thompson(p, place, repeat) == at;
    return (wins + 1.) / (FR_ARRANGE_DRAWS + p->left_n);
}

void fr_explore_take(struct fr_explore_pool *p, uint32_t at) {
    p->left_n--;
    for (; at < p->left_n; at++) p->left[at] = p->left[at + 1];
}
