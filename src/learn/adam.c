#include "freshet/learn/adam.h"
#include "freshet/learn/parallel.h"
#include <math.h>

struct step {
    float beta1, gain1, beta2, gain2, rate, epsilon, keep; /* keep: of the weight, after decay */
};

/* A loop of its own so that it is built for wide registers. */
FR_WIDE static void step_all(struct step s, size_t n, const float *gradient, float *m, float *v,
                             float *weights) {
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i];
        m[i] = s.beta1 * m[i] + s.gain1 * g;
        v[i] = s.beta2 * v[i] + s.gain2 * g * g;
        weights[i] = s.keep * weights[i] - s.rate * m[i] / (sqrtf(v[i]) + s.epsilon);
    }
}

void fr_adam_step(const struct fr_adam *a, uint64_t t, size_t n, const float *gradient, float *m, float *v,
                  float *weights) {
    double rate = a->rate * sqrt(1 - pow(a->beta2, (double)t)) / (1 - pow(a->beta1, (double)t));
    struct step s = {(float)a->beta1,
                     (float)(1 - a->beta1),
                     (float)a->beta2,
                     (float)(1 - a->beta2),
                     (float)rate,
                     (float)a->epsilon,
                     (float)(1 - a->rate * a->decay)};
    step_all(s, n, gradient, m, v, weights);
}
