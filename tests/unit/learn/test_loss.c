#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/loss.h"

enum { N = 12, CLASSES = 4 };

static const uint32_t starts[] = {5, 8, 8, 12, 17}; /* groups of 3, 0, 4, 5; numbering does not begin at 0 */
static const float listwise_labels[N] = {0, 1, 0, 0, 0, 0, 0, 2, 1, 0, 1, 0};
static const uint32_t classes[N / CLASSES] = {1, 3, 0};
static float logistic_labels[N];

static void fill(float *x, uint64_t seed) {
    struct fr_rng rng = {seed};
    for (int i = 0; i < N; i++) x[i] = 4 * (float)fr_rng_uniform(&rng) - 2;
}

static double logistic(const float *x, float *gradient) {
    return fr_loss_logistic(N, x, logistic_labels, gradient);
}
static double softmax(const float *x, float *gradient) {
    return fr_loss_softmax(N / CLASSES, CLASSES, x, classes, gradient);
}
static double listwise(const float *x, float *gradient) {
    return fr_loss_listwise(4, starts, x, listwise_labels, gradient);
}

static void check_gradient(double (*loss)(const float *, float *)) {
    float x[N], gradient[N], ignored[N];
    fill(x, 2);
    loss(x, gradient);
    for (int i = 0; i < N; i++) {
        float at = x[i];
        x[i] = at + 1e-2f;
        double up = loss(x, ignored);
        x[i] = at - 1e-2f;
        double down = loss(x, ignored);
        x[i] = at;
        CHECK_NEAR(gradient[i], (up - down) / 2e-2, 1e-5);
    }
}

static void test_gradients_are_finite_differences(void) {
    for (int i = 0; i < N; i++) logistic_labels[i] = (float)(i % 3) / 2;
    check_gradient(logistic);
    check_gradient(softmax);
    check_gradient(listwise);
}

static void test_values(void) {
    float gradient[N];
    float zeros[N] = {0};
    CHECK_NEAR(fr_loss_logistic(2, zeros, listwise_labels, gradient), log(2), 1e-9);
    CHECK_NEAR(fr_loss_softmax(2, 4, zeros, classes, gradient), log(4), 1e-9);
    /* Of four groups two teach: log 3 ... none ... log 4 is silent, log 5. */
    CHECK_NEAR(listwise(zeros, gradient), (log(3) + log(5)) / 2, 1e-9);
    for (int i = 3; i < 7; i++) CHECK_NEAR(gradient[i], 0, 0);
    CHECK_NEAR(gradient[7], (1. / 5 - 2. / 4) / 2, 1e-7);
}

static void test_large_outputs(void) {
    float logits[2] = {800, -800}, labels[2] = {0, 1}, gradient[2];
    CHECK_NEAR(fr_loss_logistic(2, logits, labels, gradient), 800, 1e-6);
    CHECK_NEAR(gradient[0], .5, 1e-7);
    CHECK_NEAR(gradient[1], -.5, 1e-7);
    uint32_t class = 1;
    CHECK_NEAR(fr_loss_softmax(1, 2, logits, &class, gradient), 1600, 1e-6);
    CHECK_NEAR(gradient[1], -1, 1e-7);
    float rising[2] = {-800, 800};
    CHECK_NEAR(fr_loss_softmax(1, 2, rising, &class, gradient), 0, 1e-6);
}

static void test_nothing(void) {
    float gradient[1] = {0};
    CHECK_NEAR(fr_loss_logistic(0, gradient, gradient, gradient), 0, 0);
    CHECK_NEAR(fr_loss_listwise(0, starts, gradient, gradient, gradient), 0, 0);
}

int main(void) {
    RUN(test_gradients_are_finite_differences);
    RUN(test_values);
    RUN(test_large_outputs);
    RUN(test_nothing);
    return check_done();
}
