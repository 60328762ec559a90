#include "freshet/target/click_model.h"
#include "freshet/base/real.h"
#include <math.h>
#include <stdlib.h>

enum { PARTS = 3 }; /* of the mix: 1, the wide logit, the dense logit */

struct fr_click_model {
    struct fr_click_model_params params;
    struct fr_click_counts counts;
    struct fr_ftrl *wide;
    struct fr_fm *dense;
    double mix[PARTS], mix_squares[PARTS];
    uint64_t learnt;
};

struct fr_click_model_params fr_click_model_defaults(void) {
    const fr_time_ms hour_ms = 3600000;
    return (struct fr_click_model_params){
        .counts = {.rates = {.bits = 20,
                             .half_life_ms = {[FR_RATE_DAYS] = 48 * hour_ms, [FR_RATE_HOURS] = 6 * hour_ms}},
                   .user_bits = 17,
                   .first_rate = .1,
                   .strength = 20,
                   .days_strength = 3,
                   .hours_strength = 2,
                   .session_gap_ms = hour_ms / 2},
        .wide = {.bits = 20, .alpha = .015f, .beta = .1f},
        .dense = {.bits = 13,
                  .rate = .02f,
                  .factor_rate = .02f,
                  .initial = .05f,
                  .epsilon = .01f,
                  .l2 = 1e-4f,
                  .seed = 1},
        .mix_rate = .02};
}

/* The dense features are few: their table is small at any size. */
struct fr_click_model_params fr_click_model_of_bits(uint32_t bits) {
    struct fr_click_model_params params = fr_click_model_defaults();
    FR_ASSERT(bits >= FR_CLICK_MODEL_BITS_LEAST && bits <= FR_CLICK_MODEL_BITS_MOST);
    params.wide.bits = bits;
    params.counts.rates.bits = bits - 1;
    params.counts.user_bits = bits - 3;
    if (bits < params.dense.bits + 6) params.dense.bits = bits - 6;
    return params;
}

struct fr_click_model *fr_click_model_new(const struct fr_click_model_params *params) {
    struct fr_click_model *m = fr_alloc_zero(1, sizeof *m);
    m->params = *params;
    fr_click_counts_init(&m->counts, &params->counts);
    m->wide = fr_ftrl_new(&params->wide);
    m->dense = fr_fm_new(&params->dense);
    m->mix[1] = m->mix[2] = .5;
    for (int i = 0; i < PARTS; i++) m->mix_squares[i] = 1;
    return m;
}

void fr_click_model_free(struct fr_click_model *m) {
    if (!m) return;
    fr_click_counts_fini(&m->counts);
    fr_ftrl_free(m->wide);
    fr_fm_free(m->dense);
    free(m);
}

void fr_click_model_look(const struct fr_click_model *m, const struct fr_impression *shown,
                         struct fr_click_context *out) {
    fr_click_counts_look(&m->counts, shown, out);
}

void fr_click_model_features(const struct fr_click_model *m, const struct fr_click_context *x,
                             struct fr_click_features *out) {
    fr_click_features_make(x, m->params.wide.bits, m->params.dense.bits, out);
}

static double mixed(const struct fr_click_model *m, double base, const double parts[PARTS]) {
    double logit = base;
    for (int i = 0; i < PARTS; i++) logit += m->mix[i] * parts[i];
    return logit;
}

double fr_click_model_predict(const struct fr_click_model *m, const struct fr_click_features *f) {
    const double parts[PARTS] = {1, fr_ftrl_logit(m->wide, f->wide, f->wide_n),
                                 fr_fm_logit(m->dense, f->dense, f->dense_n)};
    return fr_logistic(mixed(m, f->base, parts));
}

double fr_click_model_explain(const struct fr_click_model *m, const struct fr_click_features *f,
                              struct fr_click_reasons *out) {
    double shares[FR_CLICK_DENSE];
    double start = fr_fm_shares(m->dense, f->dense, f->dense_n, shares);
    *out = (struct fr_click_reasons){0};
    out->fields[FR_CLICK_FIELD_START] = f->base + m->mix[0] + m->mix[2] * start;
    for (uint32_t i = 0; i < f->wide_n; i++)
        out->fields[f->wide_fields[i]] +=
            m->mix[1] * (double)(fr_ftrl_weight(m->wide, f->wide[i].place) * f->wide[i].value);
    for (uint32_t i = 0; i < f->dense_n; i++) out->fields[f->dense_fields[i]] += m->mix[2] * shares[i];
    const double parts[PARTS] = {1, fr_ftrl_logit(m->wide, f->wide, f->wide_n),
                                 fr_fm_logit(m->dense, f->dense, f->dense_n)};
    out->logit = mixed(m, f->base, parts);
    return fr_logistic(out->logit);
}

/* ---- learning ---- */

static double learn_weights(struct fr_click_model *m, const struct fr_click_features *f, bool yes,
                            double importance) {
    const double parts[PARTS] = {1, fr_ftrl_learn(m->wide, f->wide, f->wide_n, yes, importance, f->base),
                                 fr_fm_learn(m->dense, f->dense, f->dense_n, yes, importance, f->base)};
    double p = fr_logistic(mixed(m, f->base, parts)), error = importance * (p - yes);
    for (int i = 0; i < PARTS; i++) {
        double gradient = error * parts[i];
        m->mix_squares[i] += gradient * gradient;
        m->mix[i] -= m->params.mix_rate * gradient / sqrt(m->mix_squares[i]);
    }
    return p;
}

void fr_click_model_shown(struct fr_click_model *m, const struct fr_click_context *x) {
    fr_click_counts_shown(&m->counts, x);
}

double fr_click_model_learn(struct fr_click_model *m, const struct fr_click_context *x,
                            const struct fr_click_features *f, bool yes, double importance) {
    double p = learn_weights(m, f, yes, importance);
    fr_click_counts_answer(&m->counts, x, yes);
    m->learnt++;
    return p;
}

void fr_click_model_late_yes(struct fr_click_model *m, const struct fr_click_context *x,
                             const struct fr_click_features *f) {
    learn_weights(m, f, true, 1);
    fr_click_counts_late_yes(&m->counts, x);
}

void fr_click_model_forget(struct fr_click_model *m, uint64_t user) {
    fr_click_counts_forget(&m->counts, user);
}

uint64_t fr_click_model_learnt(const struct fr_click_model *m) { return m->learnt; }

/* ---- saving ---- */

void fr_click_model_save(const struct fr_click_model *m, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_click_counts_save(&m->counts, w);
    fr_ftrl_save(m->wide, w);
    fr_fm_save(m->dense, w);
    fr_tensors_put_vector(w, "mix.above", FR_TENSOR_F64, PARTS, m->mix);
    fr_tensors_put_vector(w, "mix.above.squares", FR_TENSOR_F64, PARTS, m->mix_squares);
    fr_tensors_put_vector(w, "learnt", FR_TENSOR_U64, 1, &m->learnt);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
}

static enum fr_err load_mix(struct fr_click_model *m, const struct fr_tensors_file *file,
                            struct fr_errmsg *msg) {
    const struct fr_tensor *mix = fr_tensors_get(file, "mix.above", FR_TENSOR_F64);
    const struct fr_tensor *squares = fr_tensors_get(file, "mix.above.squares", FR_TENSOR_F64);
    const struct fr_tensor *learnt = fr_tensors_get(file, "learnt", FR_TENSOR_U64);
    if (!mix || !squares || !learnt || mix->count != PARTS || squares->count != PARTS || learnt->count != 1)
        return fr_err_set(msg, FR_STATE_CORRUPT, "click model: the mix is missing or of another shape");
    memcpy(m->mix, mix->data, sizeof m->mix);
    memcpy(m->mix_squares, squares->data, sizeof m->mix_squares);
    memcpy(&m->learnt, learnt->data, sizeof m->learnt);
    for (int i = 0; i < PARTS; i++)
        if (!isfinite(m->mix[i]) || !(m->mix_squares[i] >= 1))
            return fr_err_set(msg, FR_STATE_CORRUPT, "click model: the mix makes no sense");
    return FR_OK;
}

enum fr_err fr_click_model_load(struct fr_click_model *m, struct fr_str bytes, struct fr_errmsg *msg) {
    struct fr_tensors_file *file;
    enum fr_err err = fr_tensors_open(bytes, &file, msg);
    if (err != FR_OK) return err;
    err = fr_click_counts_load(&m->counts, file, msg);
    if (err == FR_OK) err = fr_ftrl_load(m->wide, file, msg);
    if (err == FR_OK) err = fr_fm_load(m->dense, file, msg);
    if (err == FR_OK) err = load_mix(m, file, msg);
    fr_tensors_close(file);
    return err;
}
