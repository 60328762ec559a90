#include "check.h"
#include "freshet/learn/adam.h"

/* By hand: with a constant gradient m / sqrt(v) is +-1 after the bias is taken out, so each step is `rate`. */
static void test_constant_gradient(void) {
    struct fr_adam a = FR_ADAM_DEFAULTS;
    a.rate = .1;
    float w[2] = {1, 1}, m[2] = {0}, v[2] = {0}, g[2] = {.5f, -20};
    for (uint64_t t = 1; t <= 3; t++) {
        fr_adam_step(&a, t, 2, g, m, v, w);
        CHECK_NEAR(w[0], 1 - .1 * (double)t, 1e-6);
        CHECK_NEAR(w[1], 1 + .1 * (double)t, 1e-6);
    }
    CHECK_NEAR(m[0], .5 * (1 - .9 * .9 * .9), 1e-7);
    CHECK_NEAR(v[1], 400 * (1 - .999 * .999 * .999), 1e-4);
}

/* Three steps with gradients 1, 2, -1: the formula worked out by hand in decimals. */
static void test_three_steps(void) {
    struct fr_adam a = {.rate = .1, .beta1 = .5, .beta2 = .75, .epsilon = .01};
    float w = 0, m = 0, v = 0;
    const float gradients[] = {1, 2, -1};
    /* m: .5, 1.25, .125; v: .25, 1.1875, 1.140625; rate_t: .1, .1 sqrt(.4375) / .75, .1 sqrt(.578125) / .875 */
    const double want[] = {-.0980392157, -.1982821532, -.2083582860};
    for (uint64_t t = 1; t <= 3; t++) {
        fr_adam_step(&a, t, 1, &gradients[t - 1], &m, &v, &w);
        CHECK_NEAR(w, want[t - 1], 1e-6);
    }
}

static void test_decay_does_not_go_through_the_moments(void) {
    struct fr_adam a = FR_ADAM_DEFAULTS;
    a.rate = .1;
    a.decay = .5;
    float w = 2, m = 0, v = 0, g = 0;
    fr_adam_step(&a, 1, 1, &g, &m, &v, &w);
    CHECK_NEAR(w, 2 * (1 - .1 * .5), 1e-6);
    CHECK_NEAR(m, 0, 0);
    CHECK_NEAR(v, 0, 0);
}

int main(void) {
    RUN(test_constant_gradient);
    RUN(test_three_steps);
    RUN(test_decay_does_not_go_through_the_moments);
    return check_done();
}
