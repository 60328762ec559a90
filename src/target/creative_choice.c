/* The integral over log-odds: with x = 1 / (1 + e^-t), Beta(a, b)'s density in t is x^a (1 - x)^b / B(a, b): smooth, no
 * singular end, tails that fall exponentially. Arms differ in width by orders of magnitude (ten impressions beside ten million),
 * so each lays its own knots on both sides of its top, near each other at the top; the union of all knots is the grid. On
 * each step Simpson's rule; an arm's distribution is the running sum of its density, and in the middle of a step
 * Hermite's cubic through both ends. */
#include "freshet/target/creative_choice.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include <math.h>
#include <stdlib.h>

struct posterior {
    double yes, no;
};

static struct posterior posterior_of(const struct fr_choice_arm *arm, const struct fr_choice_prior *prior) {
    return (struct posterior){prior->yes + arm->yes, prior->no + arm->n - arm->yes};
}

struct fr_choice_prior fr_choice_prior_of(double rate, double strength) {
    double r = rate < 1e-4 ? 1e-4 : rate > 1 - 1e-4 ? 1 - 1e-4 : rate;
    return (struct fr_choice_prior){strength * r, strength * (1 - r)};
}

/* ---- the grid ---- */

/* ln of the density in t, but for a constant; ln x = -ln(1 + e^-t). */
static double log_density(const struct posterior *p, double t) {
    double softplus = t > 0 ? fr_ln(1 + fr_exp(-t)) : fr_ln(1 + fr_exp(t)) - t; /* ln(1 + e^-t) */
    return -p->yes * softplus - p->no * (t + softplus);
}

/* Where the density has fallen to e^-40 of its height, on one side (direction -1 or 1): doubling, then halving. */
static double edge(const struct posterior *p, double direction) {
    double top = fr_ln(p->yes / p->no), floor = log_density(p, top) - 40, near = 0, far = 1e-3;
    while (log_density(p, top + direction * far) > floor) near = far, far *= 2;
    for (int i = 0; i < 20; i++) {
        double middle = (near + far) / 2;
        if (log_density(p, top + direction * middle) > floor)
            near = middle;
        else
            far = middle;
    }
    return top + direction * far;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum { SIDE = FR_CHOICE_KNOTS / 2 };

/* SIDE knots on one side of the top; the k-th at (k / SIDE)^2 of the way to the edge. */
static double *put_knots(double *to, double top, double end) {
    for (int k = 1; k <= SIDE; k++) *to++ = top + (end - top) * ((double)k * k / (SIDE * SIDE));
    return to;
}

/* gives [*n] */
static double *grid_of(const struct posterior *p, uint32_t arm_n, uint32_t *n) {
    double *grid = fr_alloc((size_t)arm_n * (FR_CHOICE_KNOTS + 1) * sizeof *grid), *to = grid;
    for (uint32_t i = 0; i < arm_n; i++) {
        double top = fr_ln(p[i].yes / p[i].no);
        *to++ = top;
        to = put_knots(to, top, edge(&p[i], -1));
        to = put_knots(to, top, edge(&p[i], 1));
    }
    *n = (uint32_t)(to - grid);
    qsort(grid, *n, sizeof *grid, ascending);
    return grid;
}

/* ---- the integral ---- */

/* One arm over one step of the grid: density and distribution at both ends and in the middle. */
struct span {
    double density[3], below[3];
};

struct curve {
    struct posterior posterior;
    double height, total, end_density; /* ln of the top; integral; density where the last step ended */
    double below;                      /* running distribution */
};

static double density_at(const struct curve *c, double t) {
    return fr_exp(log_density(&c->posterior, t) - c->height);
}

static double simpson(const double y[3], double step) { return step * (y[0] + 4 * y[1] + y[2]) / 6; }

static void total_of(struct curve *c, const double *grid, uint32_t n) {
    double left = density_at(c, grid[0]);
    c->total = 0;
    for (uint32_t k = 1; k < n; k++) {
        double y[3] = {left, density_at(c, (grid[k - 1] + grid[k]) / 2), density_at(c, grid[k])};
        c->total += simpson(y, grid[k] - grid[k - 1]);
        left = y[2];
    }
    c->end_density = density_at(c, grid[0]) / c->total;
}

static struct span advance(struct curve *c, double from, double to) {
    double step = to - from;
    struct span s = {
        .density = {c->end_density, density_at(c, (from + to) / 2) / c->total, density_at(c, to) / c->total}};
    s.below[0] = c->below;
    s.below[2] = c->below + simpson(s.density, step);
    s.below[1] = (s.below[0] + s.below[2]) / 2 + step * (s.density[0] - s.density[2]) / 8;
    c->end_density = s.density[2];
    c->below = s.below[2];
    return s;
}

/* Adds each arm's chance of being the highest within one step: products of the others' distributions from both ends. */
static void add_step(const struct span *spans, uint32_t n, double step, double *chances) {
    double before[FR_CHOICE_ARMS][3], after[3] = {1, 1, 1};
    for (uint32_t i = 0; i < n; i++)
        for (int at = 0; at < 3; at++) before[i][at] = i ? before[i - 1][at] * spans[i - 1].below[at] : 1;
    for (uint32_t i = n; i-- > 0;) {
        double y[3];
        for (int at = 0; at < 3; at++) {
            y[at] = spans[i].density[at] * before[i][at] * after[at];
            after[at] *= spans[i].below[at];
        }
        chances[i] += simpson(y, step);
    }
}

static void scale_to_one(double *chances, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += chances[i] = fmax(chances[i], 0);
    for (uint32_t i = 0; i < n; i++) chances[i] /= sum;
}

static void check_arms(const struct fr_choice_arm *arms, uint32_t n, const struct fr_choice_prior *prior) {
    FR_ASSERT(n > 0 && n <= FR_CHOICE_ARMS && prior->yes > 0 && prior->no > 0);
    for (uint32_t i = 0; i < n; i++) FR_ASSERT(arms[i].yes >= 0 && arms[i].yes <= arms[i].n);
}

void fr_choice_thompson(const struct fr_choice_arm *arms, uint32_t arm_n, const struct fr_choice_prior *prior,
                        double *probabilities) {
    check_arms(arms, arm_n, prior);
    struct posterior posteriors[FR_CHOICE_ARMS];
    struct curve curves[FR_CHOICE_ARMS];
    struct span spans[FR_CHOICE_ARMS];
    uint32_t grid_n;
    for (uint32_t i = 0; i < arm_n; i++) posteriors[i] = posterior_of(&arms[i], prior);
    double *grid = grid_of(posteriors, arm_n, &grid_n);
    for (uint32_t i = 0; i < arm_n; i++) {
        double top = fr_ln(posteriors[i].yes / posteriors[i].no);
        curves[i] = (struct curve){.posterior = posteriors[i], .height = log_density(&posteriors[i], top)};
        total_of(&curves[i], grid, grid_n);
        probabilities[i] = 0;
    }
    for (uint32_t k = 1; k < grid_n; k++) {
        for (uint32_t i = 0; i < arm_n; i++) spans[i] = advance(&curves[i], grid[k - 1], grid[k]);
        add_step(spans, arm_n, grid[k] - grid[k - 1], probabilities);
    }
    free(grid);
    scale_to_one(probabilities, arm_n);
}

/* ---- epsilon, and the draw ---- */

static double mean_of(const struct fr_choice_arm *arm, const struct fr_choice_prior *prior) {
    return (prior->yes + arm->yes) / (prior->yes + prior->no + arm->n);
}

void fr_choice_epsilon(const struct fr_choice_arm *arms, uint32_t arm_n, const struct fr_choice_prior *prior,
                       double epsilon, double *probabilities) {
    check_arms(arms, arm_n, prior);
    FR_ASSERT(epsilon >= 0 && epsilon <= 1);
    uint32_t best = 0;
    for (uint32_t i = 0; i < arm_n; i++) {
        if (mean_of(&arms[i], prior) > mean_of(&arms[best], prior)) best = i;
        probabilities[i] = epsilon / arm_n;
    }
    probabilities[best] += 1 - epsilon;
}

struct fr_choice fr_choice_draw(const double *probabilities, uint32_t arm_n, uint64_t seed) {
    struct fr_rng rng = {seed};
    double drawn = fr_rng_uniform(&rng);
    uint32_t last = arm_n;
    for (uint32_t i = 0; i < arm_n; i++) {
        if (probabilities[i] <= 0) continue;
        last = i;
        if (drawn < probabilities[i]) break;
        drawn -= probabilities[i]; /* rounding may leave a trace behind the last */
    }
    FR_ASSERT(last < arm_n);
    return (struct fr_choice){last, probabilities[last]};
}
