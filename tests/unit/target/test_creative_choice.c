/* Choices of creatives: propensities against drawings, against closed forms, over arms of very different widths. */
#include "freshet/target/creative_choice.h"
#include "check.h"
#include "freshet/base/rng.h"

enum { DRAWINGS = 200000 };

/* Beta(a, b) of whole a and b: the a-th smallest of a + b - 1 uniforms (a + b is small here). */
static double draw_beta(struct fr_rng *rng, int a, int b) {
    double smallest[64];
    int n = a + b - 1;
    for (int i = 0; i < n; i++) {
        double x = fr_rng_uniform(rng);
        int at = i;
        for (; at > 0 && smallest[at - 1] > x; at--) smallest[at] = smallest[at - 1];
        smallest[at] = x;
    }
    return smallest[a - 1];
}

static void test_thompson_is_what_drawings_give(void) {
    static const struct fr_choice_arm arms[] = {{10, 2}, {20, 5}, {3, 0}, {0, 0}};
    const struct fr_choice_prior prior = {1, 3};
    double p[4], won[4] = {0}, sum = 0;
    fr_choice_thompson(arms, 4, &prior, p);
    struct fr_rng rng = {5};
    for (int d = 0; d < DRAWINGS; d++) {
        int best = 0;
        double most = -1;
        for (int i = 0; i < 4; i++) {
            double x = draw_beta(&rng, 1 + (int)arms[i].yes, 3 + (int)(arms[i].n - arms[i].yes));
            if (x > most) most = x, best = i;
        }
        won[best] += 1.0 / DRAWINGS;
    }
    for (int i = 0; i < 4; i++) {
        CHECK_NEAR(p[i], won[i], 4 * sqrt(p[i] * (1 - p[i]) / DRAWINGS));
        sum += p[i];
    }
    CHECK_NEAR(sum, 1, 1e-12);
}

/* P(Beta(a, b) > Beta(c, d)) for whole a: sum over i < a of B(c + i, d + b) / ((b + i) B(1 + i, b) B(c, d)) (E. Miller,
 * "Formulas for Bayesian A/B testing"). */
static double beats(double a, double b, double c, double d) {
    double sum = 0;
    for (double i = 0; i < a; i++)
        sum += exp(lgamma(c + i) + lgamma(b + d) - lgamma(b + c + d + i) - log(b + i) -
                   (lgamma(1 + i) + lgamma(b) - lgamma(1 + b + i)) - (lgamma(c) + lgamma(d) - lgamma(c + d)));
    return sum;
}

static void check_two(double n0, double yes0, double n1, double yes1) {
    const struct fr_choice_arm arms[] = {{n0, yes0}, {n1, yes1}};
    const struct fr_choice_prior prior = {1, 49};
    double p[2];
    fr_choice_thompson(arms, 2, &prior, p);
    CHECK_NEAR(p[0], beats(1 + yes0, 49 + n0 - yes0, 1 + yes1, 49 + n1 - yes1), 1e-5);
}

static void test_two_arms_are_the_closed_form(void) {
    check_two(100, 4, 120, 3);
    check_two(0, 0, 5000, 110);
    check_two(1000, 30, 1000000, 25000); /* widths 30 times apart */
    check_two(10, 0, 1000000, 21000);
}

static void test_equal_arms_share(void) {
    struct fr_choice_arm arms[FR_CHOICE_ARMS];
    double p[FR_CHOICE_ARMS];
    for (int i = 0; i < FR_CHOICE_ARMS; i++) arms[i] = (struct fr_choice_arm){50, 1};
    fr_choice_thompson(arms, FR_CHOICE_ARMS, &(struct fr_choice_prior){.02, 1.98}, p);
    for (int i = 0; i < FR_CHOICE_ARMS; i++) CHECK_NEAR(p[i], 1.0 / FR_CHOICE_ARMS, 1e-9);
    fr_choice_thompson(arms, 1, &(struct fr_choice_prior){.02, 1.98}, p);
    CHECK_NEAR(p[0], 1, 0);
}

static void test_epsilon(void) {
    static const struct fr_choice_arm arms[] = {{100, 1}, {100, 5}, {0, 0}, {100, 5}};
    double p[4];
    fr_choice_epsilon(arms, 4, &(struct fr_choice_prior){1, 99}, .2, p);
    CHECK_NEAR(p[0], .05, 1e-12);
    CHECK_NEAR(p[1], .85, 1e-12); /* the first of equals */
    CHECK_NEAR(p[3], .05, 1e-12);
}

static void test_draws_follow_the_propensity(void) {
    static const double p[] = {.1, 0, .65, .25, 0};
    double drawn[5] = {0};
    for (uint64_t seed = 0; seed < 100000; seed++) {
        struct fr_choice c = fr_choice_draw(p, 5, seed);
        CHECK_NEAR(c.propensity, p[c.arm], 0);
        drawn[c.arm] += 1e-5;
    }
    for (int i = 0; i < 5; i++) CHECK_NEAR(drawn[i], p[i], .005);
    CHECK_INT(drawn[1] + drawn[4] > 0, 0);
    CHECK_INT(fr_choice_draw(p, 5, 77).arm, fr_choice_draw(p, 5, 77).arm);
}

static void test_prior(void) {
    struct fr_choice_prior p = fr_choice_prior_of(.02, 50);
    CHECK_NEAR(p.yes, 1, 1e-12);
    CHECK_NEAR(p.no, 49, 1e-12);
    CHECK(fr_choice_prior_of(0, 50).yes > 0);
}

int main(void) {
    RUN(test_thompson_is_what_drawings_give);
    RUN(test_two_arms_are_the_closed_form);
    RUN(test_equal_arms_share);
    RUN(test_epsilon);
    RUN(test_draws_follow_the_propensity);
    RUN(test_prior);
    return check_done();
}
