#include "freshet/learn/ftrl.h"
#include "freshet/base/real.h"
#include <math.h>
#include <stdlib.h>

/* root = sqrt(n) instead of n: one square root a step. The weight follows from the two and is kept, so that predicting is a
 * sum and nothing else. */
struct coordinate {
    float z, root, weight;
};

struct fr_ftrl {
    struct fr_ftrl_params params;
    struct coordinate *table;
};

struct fr_ftrl *fr_ftrl_new(const struct fr_ftrl_params *params) {
    FR_ASSERT(params->bits >= 1 && params->bits <= 28 && params->alpha > 0 && params->beta + params->l2 > 0);
    struct fr_ftrl *f = fr_alloc_zero(1, sizeof *f);
    f->params = *params;
    f->table = fr_alloc_zero((size_t)1 << params->bits, sizeof *f->table);
    return f;
}

void fr_ftrl_free(struct fr_ftrl *f) {
    if (!f) return;
    free(f->table);
    free(f);
}

float fr_ftrl_weight(const struct fr_ftrl *f, uint32_t place) { return f->table[place].weight; }

double fr_ftrl_logit(const struct fr_ftrl *f, const struct fr_feature *x, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += (double)(f->table[x[i].place].weight * x[i].value);
    return sum;
}

static float weight_of(const struct fr_ftrl_params *p, float z, float root) {
    float beyond = fabsf(z) - p->l1;
    if (beyond <= 0) return 0;
    float size = beyond / ((p->beta + root) / p->alpha + p->l2);
    return z > 0 ? -size : size;
}

static void step(const struct fr_ftrl_params *p, struct coordinate *c, float gradient) {
    float root = sqrtf(c->root * c->root + gradient * gradient);
    c->z += gradient - (root - c->root) / p->alpha * c->weight;
    c->root = root;
    c->weight = weight_of(p, c->z, root);
}

double fr_ftrl_learn(struct fr_ftrl *f, const struct fr_feature *x, uint32_t n, bool label, double importance,
                     double offset) {
    const struct fr_ftrl_params p = f->params;
    double logit = fr_ftrl_logit(f, x, n);
    float error = (float)(importance * (fr_logistic(offset + logit) - label));
    for (uint32_t i = 0; i < n; i++) step(&p, &f->table[x[i].place], error * x[i].value);
    return logit;
}

/* ---- saving: only what was learnt, by rising place ---- */

static bool is_learnt(const struct coordinate *c) { return c->root > 0; }

void fr_ftrl_save(const struct fr_ftrl *f, struct fr_tensors_writer *w) {
    uint64_t n = 0;
    for (uint32_t i = 0; i < 1u << f->params.bits; i++) n += is_learnt(&f->table[i]);
    uint32_t *places = fr_alloc((n + 1) * sizeof *places);
    float *states = fr_alloc((n + 1) * 2 * sizeof *states);
    n = 0;
    for (uint32_t i = 0; i < 1u << f->params.bits; i++) {
        if (!is_learnt(&f->table[i])) continue;
        places[n] = i;
        states[2 * n] = f->table[i].z;
        states[2 * n + 1] = f->table[i].root;
        n++;
    }
    fr_tensors_put_vector(w, "ftrl.places", FR_TENSOR_U32, n, places);
    fr_tensors_put(w, "ftrl.states", FR_TENSOR_F32, (uint64_t[]){n, 2}, 2, states);
    free(places);
    free(states);
}

enum fr_err fr_ftrl_load(struct fr_ftrl *f, const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    const struct fr_tensor *places = fr_tensors_get(file, "ftrl.places", FR_TENSOR_U32);
    const struct fr_tensor *states = fr_tensors_get(file, "ftrl.states", FR_TENSOR_F32);
    if (!places || !states || states->count != 2 * places->count)
        return fr_err_set(msg, FR_STATE_CORRUPT, "ftrl: its arrays are missing or of another shape");
    const uint32_t *place = places->data;
    const float *state = states->data;
    for (uint64_t i = 0; i < places->count; i++) {
        float z = state[2 * i], root = state[2 * i + 1];
        if (place[i] >> f->params.bits || !isfinite(z) || !(root > 0) || !isfinite(root))
            return fr_err_set(msg, FR_STATE_CORRUPT, "ftrl: weight %llu makes no sense",
                              (unsigned long long)i);
        f->table[place[i]] = (struct coordinate){z, root, weight_of(&f->params, z, root)};
    }
    return FR_OK;
}
