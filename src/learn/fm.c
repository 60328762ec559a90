#include "freshet/learn/fm.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include "freshet/learn/parallel.h"
#include <math.h>
#include <stdlib.h>

enum { FACTORS = FR_FM_FACTORS };

struct row {
    float factors[FACTORS], factor_squares[FACTORS];
    float weight, squares;
};

struct fr_fm {
    struct fr_fm_params params;
    float bias[2]; /* and its squares */
    struct row *rows;
};

struct fr_fm *fr_fm_new(const struct fr_fm_params *params) {
    FR_ASSERT(params->bits >= 1 && params->bits <= 24 && params->epsilon > 0);
    struct fr_fm *m = fr_alloc_zero(1, sizeof *m);
    m->params = *params;
    m->rows = fr_alloc_zero((size_t)1 << params->bits, sizeof *m->rows);
    struct fr_rng rng = {params->seed};
    for (uint32_t i = 0; i < 1u << params->bits; i++)
        for (uint32_t k = 0; k < FACTORS; k++)
            m->rows[i].factors[k] = (float)((2 * fr_rng_uniform(&rng) - 1) * (double)params->initial);
    return m;
}

void fr_fm_free(struct fr_fm *m) {
    if (!m) return;
    free(m->rows);
    free(m);
}

/* sums[k] = sum_i v_ik x_i; returns the logit. */
FR_WIDE static double forward(const struct fr_fm *m, const struct fr_feature *x, uint32_t n,
                              float sums[FACTORS]) {
    float squares[FACTORS] = {0};
    double logit = (double)m->bias[0];
    memset(sums, 0, FACTORS * sizeof *sums);
    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &m->rows[x[i].place];
        float value = x[i].value;
        logit += (double)(r->weight * value);
        for (uint32_t k = 0; k < FACTORS; k++) {
            float part = r->factors[k] * value;
            sums[k] += part;
            squares[k] += part * part;
        }
    }
    for (uint32_t k = 0; k < FACTORS; k++) logit += (double)(sums[k] * sums[k] - squares[k]) / 2;
    return logit;
}

double fr_fm_logit(const struct fr_fm *m, const struct fr_feature *x, uint32_t n) {
    float sums[FACTORS];
    return forward(m, x, n, sums);
}

double fr_fm_shares(const struct fr_fm *m, const struct fr_feature *x, uint32_t n, double *out) {
    float sums[FACTORS];
    forward(m, x, n, sums);
    for (uint32_t i = 0; i < n; i++) {
        const struct row *r = &m->rows[x[i].place];
        out[i] = (double)(r->weight * x[i].value);
        for (uint32_t k = 0; k < FACTORS; k++) {
            double part = (double)(r->factors[k] * x[i].value);
            out[i] += part * ((double)sums[k] - part) / 2;
        }
    }
    return (double)m->bias[0];
}

static inline void step(float *theta, float *squares, float gradient, float rate, float epsilon) {
    *squares += gradient * gradient;
    *theta -= rate * gradient / sqrtf(*squares + epsilon);
}

static inline void step_factors(struct row *r, const float sums[FACTORS], float error, float value,
                                const struct fr_fm_params *p) {
    float scaled = error * value;
    for (uint32_t k = 0; k < FACTORS; k++) {
        float gradient = scaled * (sums[k] - r->factors[k] * value) + p->l2 * r->factors[k];
        float squares = r->factor_squares[k] + gradient * gradient;
        r->factor_squares[k] = squares;
        r->factors[k] -= p->factor_rate * gradient / sqrtf(squares + p->epsilon);
    }
}

FR_WIDE double fr_fm_learn(struct fr_fm *m, const struct fr_feature *x, uint32_t n, bool label,
                           double importance, double offset) {
    const struct fr_fm_params p = m->params;
    float sums[FACTORS];
    double logit = forward(m, x, n, sums);
    float error = (float)(importance * (fr_logistic(offset + logit) - label));
    step(&m->bias[0], &m->bias[1], error, p.rate, p.epsilon);
    for (uint32_t i = 0; i < n; i++) {
        struct row *r = &m->rows[x[i].place];
        if (x[i].value == 0) continue;
        step(&r->weight, &r->squares, error * x[i].value, p.rate, p.epsilon);
        step_factors(r, sums, error, x[i].value, &p);
    }
    return logit;
}

/* ---- saving ---- */

enum { ROW_FLOATS = sizeof(struct row) / sizeof(float) };

void fr_fm_save(const struct fr_fm *m, struct fr_tensors_writer *w) {
    uint64_t shape[2] = {(uint64_t)1 << m->params.bits, ROW_FLOATS};
    fr_tensors_put(w, "fm.rows", FR_TENSOR_F32, shape, 2, m->rows);
    fr_tensors_put_vector(w, "fm.bias", FR_TENSOR_F32, 2, m->bias);
}

static bool all_finite(const float *x, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

enum fr_err fr_fm_load(struct fr_fm *m, const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    const struct fr_tensor *rows = fr_tensors_get(file, "fm.rows", FR_TENSOR_F32);
    const struct fr_tensor *bias = fr_tensors_get(file, "fm.bias", FR_TENSOR_F32);
    if (!rows || !bias || rows->count != (uint64_t)ROW_FLOATS << m->params.bits || bias->count != 2)
        return fr_err_set(msg, FR_STATE_CORRUPT, "fm: its arrays are missing or of another shape");
    if (!all_finite(rows->data, rows->count) || !all_finite(bias->data, 2))
        return fr_err_set(msg, FR_STATE_CORRUPT, "fm: a number is not finite");
    memcpy(m->rows, rows->data, rows->count * sizeof(float));
    memcpy(m->bias, bias->data, sizeof m->bias);
    return FR_OK;
}
