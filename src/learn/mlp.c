#include "freshet/learn/mlp.h"
#include "freshet/base/err.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t layer_weights(const uint32_t *sizes, uint32_t l) {
    return ((size_t)sizes[l] + 1) * sizes[l + 1];
}

static bool sizes_are_sound(uint64_t layer_n, const uint32_t *sizes) {
    if (layer_n < 1 || layer_n > FR_MLP_LAYERS_MAX) return false;
    for (uint32_t l = 0; l <= layer_n; l++)
        if (sizes[l] < 1 || sizes[l] > FR_MLP_SIZE_MAX) return false;
    return true;
}

static void shape(struct fr_mlp *m, uint32_t layer_n, const uint32_t *sizes) {
    FR_ASSERT(sizes_are_sound(layer_n, sizes));
    *m = (struct fr_mlp){.layer_n = layer_n};
    memcpy(m->sizes, sizes, (layer_n + 1) * sizeof *sizes);
    m->weight_n = fr_mlp_layer(m, layer_n);
    m->weights = fr_alloc_zero(m->weight_n, sizeof *m->weights);
}

size_t fr_mlp_layer(const struct fr_mlp *m, uint32_t l) {
    size_t at = 0;
    for (uint32_t i = 0; i < l; i++) at += layer_weights(m->sizes, i);
    return at;
}

void fr_mlp_init(struct fr_mlp *m, uint32_t layer_n, const uint32_t *sizes, uint64_t seed) {
    shape(m, layer_n, sizes);
    struct fr_rng rng = {seed};
    for (uint32_t l = 0; l < layer_n; l++) {
        double bound = sqrt(6. / ((double)sizes[l] + sizes[l + 1]));
        float *w = m->weights + fr_mlp_layer(m, l);
        for (size_t i = 0; i < (size_t)sizes[l] * sizes[l + 1]; i++)
            w[i] = (float)((2 * fr_rng_uniform(&rng) - 1) * bound);
    }
}

void fr_mlp_fini(struct fr_mlp *m) {
    free(m->weights);
    *m = (struct fr_mlp){0};
}

enum { NAME_BYTES = 128 };

static const char *array_name(char *to, const char *name, const char *array) {
    int n = snprintf(to, NAME_BYTES, "%s.%s", name, array);
    FR_ASSERT(n > 0 && n < NAME_BYTES);
    return to;
}

void fr_mlp_save(const struct fr_mlp *m, const char *name, struct fr_tensors_writer *w) {
    char full[NAME_BYTES];
    fr_tensors_put_vector(w, array_name(full, name, "sizes"), FR_TENSOR_U32, m->layer_n + 1, m->sizes);
    fr_tensors_put_vector(w, array_name(full, name, "weights"), FR_TENSOR_F32, m->weight_n, m->weights);
}

bool fr_mlp_load(struct fr_mlp *m, const char *name, const struct fr_tensors_file *f) {
    char full[NAME_BYTES];
    *m = (struct fr_mlp){0};
    const struct fr_tensor *sizes = fr_tensors_get(f, array_name(full, name, "sizes"), FR_TENSOR_U32);
    const struct fr_tensor *weights = fr_tensors_get(f, array_name(full, name, "weights"), FR_TENSOR_F32);
    if (!sizes || !weights || sizes->count < 2 || !sizes_are_sound(sizes->count - 1, sizes->data))
        return false;
    struct fr_mlp bare = {.layer_n = (uint32_t)sizes->count - 1};
    memcpy(bare.sizes, sizes->data, sizes->count * sizeof *bare.sizes);
    if (fr_mlp_layer(&bare, bare.layer_n) != weights->count) return false;
    shape(m, bare.layer_n, bare.sizes);
    memcpy(m->weights, weights->data, m->weight_n * sizeof *m->weights);
    return true;
}

/* Inputs outside, outputs inside: sums of different outputs do not wait for each other, and none is reordered. */
FR_WIDE static void plain_layer(uint32_t in, uint32_t out, const float *w, const float *input,
                                float *output) {
    memcpy(output, w + (size_t)in * out, out * sizeof *output);
    for (uint32_t i = 0; i < in; i++) {
        float x = input[i];
        const float *row = w + (size_t)i * out;
        for (uint32_t j = 0; j < out; j++) output[j] += x * row[j];
    }
}

void fr_mlp_plain(const struct fr_mlp *m, const float *input, float *output) {
    float units[2][FR_MLP_PLAIN_MAX];
    for (uint32_t l = 0; l < m->layer_n; l++) {
        uint32_t out = m->sizes[l + 1];
        FR_ASSERT(out <= FR_MLP_PLAIN_MAX);
        bool is_last = l + 1 == m->layer_n;
        float *to = is_last ? output : units[l % 2];
        plain_layer(m->sizes[l], out, m->weights + fr_mlp_layer(m, l), l ? units[(l - 1) % 2] : input, to);
        for (uint32_t j = 0; j < out && !is_last; j++) to[j] = to[j] > 0 ? to[j] : 0;
    }
}
