/* Forward and backward are matrix products and one loop over the units a layer. A hidden unit that is 0 passes no gradient,
 * whether ReLU or dropout made it 0; so no mask is kept: the gradient at a unit goes on, times the same factor as the unit, where
 * the unit is above 0. */
#include "freshet/learn/mlp.h"
#include "freshet/base/err.h"
#include "freshet/learn/la.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void fr_mlp_pass_init(struct fr_mlp_pass *p, const struct fr_mlp *m, uint32_t row_cap) {
    *p = (struct fr_mlp_pass){.row_cap = row_cap};
    for (uint32_t l = 0; l < m->layer_n; l++) {
        p->units[l] = fr_alloc_zero((size_t)row_cap * m->sizes[l + 1] + 1, sizeof(float));
        p->deltas[l] = fr_alloc_zero((size_t)row_cap * m->sizes[l + 1] + 1, sizeof(float));
    }
}

void fr_mlp_pass_fini(struct fr_mlp_pass *p) {
    for (int l = 0; l < FR_MLP_LAYERS_MAX; l++) {
        free(p->units[l]);
        free(p->deltas[l]);
    }
    *p = (struct fr_mlp_pass){0};
}

FR_WIDE static void rectify(size_t n, float *units) {
    for (size_t i = 0; i < n; i++) units[i] = units[i] > 0 ? units[i] : 0;
}

static void drop(size_t n, float *units, float kept, struct fr_rng *rng) {
    for (size_t i = 0; i < n; i++) units[i] = fr_rng_uniform(rng) < (double)kept ? units[i] / kept : 0;
}

static void fill_biases(uint32_t n, uint32_t out, const float *biases, float *units) {
    for (uint32_t row = 0; row < n; row++) memcpy(units + (size_t)row * out, biases, out * sizeof *units);
}

static void layer_forward(const struct fr_mlp *m, uint32_t l, uint32_t n, const float *inputs, float *units) {
    uint32_t in = m->sizes[l], out = m->sizes[l + 1];
    const float *w = m->weights + fr_mlp_layer(m, l);
    fill_biases(n, out, w + (size_t)in * out, units);
    fr_la_gemm(false, false, n, out, in, 1, inputs, w, 1, units);
}

const float *fr_mlp_forward(const struct fr_mlp *m, struct fr_mlp_pass *p, uint32_t n, const float *inputs,
                            double dropout, struct fr_rng *rng) {
    FR_ASSERT(n <= p->row_cap && dropout >= 0 && dropout < 1);
    p->inputs = inputs;
    p->kept = (float)(1 - dropout);
    for (uint32_t l = 0; l < m->layer_n; l++) {
        layer_forward(m, l, n, l ? p->units[l - 1] : inputs, p->units[l]);
        if (l + 1 == m->layer_n) break;
        size_t count = (size_t)n * m->sizes[l + 1];
        rectify(count, p->units[l]);
        if (dropout > 0) drop(count, p->units[l], p->kept, rng);
    }
    return p->units[m->layer_n - 1];
}

FR_WIDE static void pass_back(size_t n, const float *units, float gain, float *delta) {
    for (size_t i = 0; i < n; i++) delta[i] = units[i] > 0 ? delta[i] * gain : 0;
}

static void add_rows(uint32_t n, uint32_t out, const float *delta, float *sum) {
    for (uint32_t row = 0; row < n; row++)
        for (uint32_t j = 0; j < out; j++) sum[j] += delta[(size_t)row * out + j];
}

/* Adds to the layer's gradient; fills below (the gradient at its inputs) unless NULL. */
static void layer_backward(const struct fr_mlp *m, uint32_t l, uint32_t n, const float *inputs,
                           const float *delta, float *gradient, float *below) {
    uint32_t in = m->sizes[l], out = m->sizes[l + 1];
    size_t at = fr_mlp_layer(m, l);
    fr_la_gemm(true, false, in, out, n, 1, inputs, delta, 1, gradient + at);
    add_rows(n, out, delta, gradient + at + (size_t)in * out);
    if (below) fr_la_gemm(false, true, n, in, out, 1, delta, m->weights + at, 0, below);
}

void fr_mlp_backward(const struct fr_mlp *m, struct fr_mlp_pass *p, uint32_t n, const float *output_gradient,
                     float *gradient, float *input_gradient) {
    const float *delta = output_gradient;
    for (uint32_t l = m->layer_n; l-- > 0;) {
        float *below = l ? p->deltas[l - 1] : input_gradient;
        layer_backward(m, l, n, l ? p->units[l - 1] : p->inputs, delta, gradient, below);
        if (l) pass_back((size_t)n * m->sizes[l], p->units[l - 1], 1 / p->kept, below);
        delta = below;
    }
}

void fr_mlp_fgsm(size_t n, const float *x, const float *gradient, double epsilon, float *moved) {
    float by = (float)epsilon;
    for (size_t i = 0; i < n; i++) moved[i] = x[i] + (gradient[i] > 0 ? by : gradient[i] < 0 ? -by : 0);
}
