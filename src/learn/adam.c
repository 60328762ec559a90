#include "freshet/learn/adam.h"
#include "freshet/learn/parallel.h"
#include <math.h>

struct fr_adam_pace fr_adam_pace(const struct fr_adam *a, uint64_t t) {
    double rate = a->rate * sqrt(1 - pow(a->beta2, (double)t)) / (1 - pow(a->beta1, (double)t));
    return (struct fr_adam_pace){.beta1 = (float)a->beta1,
                                 .gain1 = (float)(1 - a->beta1),
                                 .beta2 = (float)a->beta2,
                                 .gain2 = (float)(1 - a->beta2),
                                 .rate = (float)rate,
                                 .epsilon = (float)a->epsilon,
                                 .keep = (float)(1 - a->rate * a->decay)};
}

FR_WIDE void fr_adam_apply(const struct fr_adam_pace *p, size_t n, const float *gradient, float *m, float *v,
                           float *weights) {
    const struct fr_adam_pace s = *p; /* a copy: nothing written below can change it */
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i];
        m[i] = s.beta1 * m[i] + s.gain1 * g;
        v[i] = s.beta2 * v[i] + s.gain2 * g * g;
        weights[i] = s.keep * weights[i] - s.rate * m[i] / (sqrtf(v[i]) + s.epsilon);
    }
}

void fr_adam_step(const struct fr_adam *a, uint64_t t, size_t n, const float *gradient, float *m, float *v,
                  float *weights) {
    struct fr_adam_pace p = fr_adam_pace(a, t);
    fr_adam_apply(&p, n, gradient, m, v, weights);
}
