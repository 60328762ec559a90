#include "freshet/run/live_ads.h"
#include "freshet/base/hash.h"
#include <stdio.h>
#include <stdlib.h>

enum { DAY_MS = 86400000, PARAMS_BYTES = 160 };
#define FIRST_CONVERSION_RATE .01 /* what is believed before anything was decided */

static const char *const names[] = {"click", "conversion"};

static struct fr_live_ads_model *model_at(struct fr_live_ads *l, unsigned i) {
    return i == 0 ? &l->click : &l->conversion;
}

static const struct fr_live_ads_model *const_model_at(const struct fr_live_ads *l, unsigned i) {
    return i == 0 ? &l->click : &l->conversion;
}

enum { MODELS = sizeof names / sizeof *names };

static fr_time_ms window_of(const struct fr_live_ads_params *p, unsigned i) {
    return i == 0 ? p->click_window_ms : p->conversion_window_ms;
}

static struct fr_attribution *new_waiting(const struct fr_live_ads_params *p, unsigned i) {
    return fr_attribution_new(
        &(struct fr_attribution_params){.window_ms = window_of(p, i),
                                        .late_ms = p->late_ms,
                                        .capacity = p->waiting_most,
                                        .payload_bytes = sizeof(struct fr_click_context)});
}

static struct fr_click_model_params model_params(const struct fr_live_ads_params *p, unsigned i) {
    struct fr_click_model_params params = fr_click_model_of_bits(p->model_bits);
    if (i == 1) params.counts.first_rate = FIRST_CONVERSION_RATE;
    return params;
}

void fr_live_ads_init(struct fr_live_ads *l, const struct fr_live_ads_params *params,
                      enum fr_live_ads_use use) {
    *l = (struct fr_live_ads){.params = *params, .use = use};
    for (unsigned i = 0; i < MODELS; i++) {
        struct fr_click_model_params p = model_params(params, i);
        model_at(l, i)->model = fr_click_model_new(&p);
        if (use == FR_LIVE_ADS_TAUGHT) model_at(l, i)->waiting = new_waiting(params, i);
    }
}

void fr_live_ads_fini(struct fr_live_ads *l) {
    for (unsigned i = 0; i < MODELS; i++) {
        fr_click_model_free(model_at(l, i)->model);
        fr_attribution_free(model_at(l, i)->waiting);
    }
    *l = (struct fr_live_ads){0};
}

size_t fr_live_ads_bytes(const struct fr_live_ads *l) {
    size_t bytes = MODELS * ((size_t)50 << l->params.model_bits);
    for (unsigned i = 0; i < MODELS && l->use == FR_LIVE_ADS_TAUGHT; i++)
        bytes += fr_attribution_bytes(const_model_at(l, i)->waiting);
    return bytes;
}

/* ---- teaching ---- */

static void decide_until(struct fr_live_ads_model *m, fr_time_ms now_ms) {
    const struct fr_click_context *x;
    struct fr_click_features features;
    bool yes;
    while ((x = fr_attribution_decided(m->waiting, now_ms, &yes))) {
        fr_click_model_features(m->model, x, &features);
        fr_click_model_learn(m->model, x, &features, yes, 1);
    }
}

/* 0..1, by user and day. */
static double draw_of(const struct fr_impression *x) {
    uint64_t day = (uint64_t)(x->time_ms / DAY_MS);
    return (double)(fr_hash_mix(x->user ^ fr_hash_mix(day)) >> 32) / 4294967296.0;
}

static bool has_room(const struct fr_live_ads *l, const struct fr_live_ads_model *m,
                     const struct fr_impression *x) {
    uint32_t room = l->params.waiting_most - fr_attribution_pending(m->waiting);
    return draw_of(x) < 2. * room / l->params.waiting_most;
}

/* Its answer must not go to one before it that waits. */
static void leave_out(struct fr_live_ads_model *m, const struct fr_ad_example *e) {
    uint64_t keys[FR_ATTRIBUTION_KEYS];
    uint32_t n = fr_ad_keys(e, keys);
    for (uint32_t i = 0; i < n; i++) fr_attribution_passed(m->waiting, keys[i]);
}

static void take_shown(struct fr_live_ads_model *m, const struct fr_ad_example *e) {
    struct fr_click_context x;
    uint64_t keys[FR_ATTRIBUTION_KEYS];
    uint32_t n = fr_ad_keys(e, keys);
    memset(&x, 0, sizeof x); /* its bytes are saved: padding too is a function of the log */
    fr_click_model_look(m->model, &e->of, &x);
    fr_click_model_shown(m->model, &x);
    fr_attribution_shown(m->waiting, keys[0], e->of.user, e->of.time_ms, &x);
    for (uint32_t i = 1; i < n; i++) fr_attribution_also(m->waiting, keys[i]);
}

static void take_answer(struct fr_live_ads_model *m, const struct fr_ad_example *e) {
    const void *late = NULL;
    struct fr_click_features features;
    if (fr_attribution_yes(m->waiting, fr_ad_key(e), &late) != FR_ANSWER_LATE) return;
    fr_click_model_features(m->model, late, &features);
    fr_click_model_late_yes(m->model, late, &features);
}

static void forget(struct fr_live_ads_model *m, uint64_t user) {
    fr_attribution_forget(m->waiting, user);
    fr_click_model_forget(m->model, user);
}

static void take(struct fr_live_ads *l, unsigned i, const struct fr_ad_example *e,
                 struct fr_live_ads_taught *out) {
    struct fr_live_ads_model *m = model_at(l, i);
    if (e->kind == FR_AD_FORGET) {
        forget(m, e->of.user);
        return;
    }
    decide_until(m, e->of.time_ms);
    if (e->kind == (i == 0 ? FR_AD_CLICK : FR_AD_CONVERSION)) take_answer(m, e);
    if (e->kind != FR_AD_SHOWN) return;
    if (has_room(l, m, &e->of)) {
        take_shown(m, e);
    } else {
        leave_out(m, e);
        out->left_out++;
    }
}

static void add_difference(const struct fr_attribution_counts *after,
                           const struct fr_attribution_counts *before, struct fr_live_ads_taught *out) {
    out->shown += after->shown - before->shown;
    out->learnt += after->yes + after->no - before->yes - before->no;
    out->late += after->late - before->late;
    out->repeated += after->repeated - before->repeated;
    out->unknown += after->unknown - before->unknown;
    out->forgotten += after->forgotten - before->forgotten;
}

struct fr_live_ads_taught fr_live_ads_teach(struct fr_live_ads *l, struct fr_str value,
                                            struct fr_arena *arena) {
    struct fr_live_ads_taught out = {0};
    struct fr_ad_batch batch;
    fr_arena_clear(arena);
    FR_ASSERT(l->use == FR_LIVE_ADS_TAUGHT);
    out.bad = !fr_ad_batch_read(value, arena, &batch);
    for (unsigned i = 0; i < MODELS; i++) {
        struct fr_attribution *waiting = model_at(l, i)->waiting;
        struct fr_attribution_counts before = fr_attribution_counts(waiting);
        for (uint32_t k = 0; k < batch.n; k++) take(l, i, &batch.at[k], &out);
        struct fr_attribution_counts after = fr_attribution_counts(waiting);
        add_difference(&after, &before, &out);
    }
    return out;
}

/* ---- storing ---- */

/* What a saved one must have in common with its reader. Short: two of them fit into a message. */
static void params_text(const struct fr_live_ads_params *p, char out[PARAMS_BYTES]) {
    snprintf(out, PARAMS_BYTES, "%u bits, windows of %lld and %lld ms, %lld ms for late ones, %u waiting",
             p->model_bits, (long long)p->click_window_ms, (long long)p->conversion_window_ms,
             (long long)p->late_ms, p->waiting_most);
}

static void put_bytes(struct fr_tensors_writer *w, const char *name, const struct fr_buf *bytes) {
    fr_tensors_put_vector(w, name, FR_TENSOR_U8, bytes->len, bytes->data);
}

static void save_model(const struct fr_live_ads_model *m, const char *name, enum fr_live_ads_use use,
                       struct fr_tensors_writer *w) {
    struct fr_buf bytes = {0};
    char tensor[32];
    fr_click_model_save(m->model, &bytes);
    snprintf(tensor, sizeof tensor, "%s.model", name);
    put_bytes(w, tensor, &bytes);
    if (use == FR_LIVE_ADS_TAUGHT) {
        struct fr_tensors_writer *waiting = fr_tensors_writer_new();
        fr_attribution_save(m->waiting, waiting);
        fr_buf_clear(&bytes);
        fr_tensors_finish(waiting, &bytes);
        fr_tensors_writer_free(waiting);
        snprintf(tensor, sizeof tensor, "%s.waiting", name);
        put_bytes(w, tensor, &bytes);
    }
    fr_buf_fini(&bytes);
}

void fr_live_ads_save(const struct fr_live_ads *l, const char *version, enum fr_live_ads_use use,
                      struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    char params[PARAMS_BYTES];
    params_text(&l->params, params);
    fr_tensors_meta(w, "version", fr_str_of(version));
    fr_tensors_meta(w, "params", fr_str_of(params));
    for (unsigned i = 0; i < MODELS; i++) save_model(const_model_at(l, i), names[i], use, w);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
}

/* A copy that is aligned, as arrays within it are read in place; NULL: it is missing. */
static void *inner_file(const struct fr_tensors_file *file, const char *name, const char *part,
                        struct fr_str *bytes) {
    char tensor[32];
    snprintf(tensor, sizeof tensor, "%s.%s", name, part);
    const struct fr_tensor *t = fr_tensors_get(file, tensor, FR_TENSOR_U8);
    if (!t) return NULL;
    void *copy = fr_alloc(t->count + 1);
    memcpy(copy, t->data, t->count);
    *bytes = (struct fr_str){copy, (uint32_t)t->count};
    return copy;
}

static enum fr_err load_waiting(struct fr_attribution *waiting, struct fr_str bytes, struct fr_errmsg *msg) {
    struct fr_tensors_file *file;
    enum fr_err err = fr_tensors_open(bytes, &file, msg);
    if (err != FR_OK) return err;
    err = fr_attribution_load(waiting, file, msg);
    fr_tensors_close(file);
    return err;
}

static enum fr_err load_model(struct fr_live_ads_model *m, const char *name,
                              const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    struct fr_str model = {NULL, 0}, waiting = {NULL, 0};
    void *copies[2] = {inner_file(file, name, "model", &model),
                       m->waiting ? inner_file(file, name, "waiting", &waiting) : NULL};
    enum fr_err err = FR_OK;
    if (!copies[0] || (m->waiting && !copies[1]))
        err = fr_err_set(msg, FR_STATE_CORRUPT, "ad models: the %s model is missing, or what it waits for",
                         name);
    if (err == FR_OK) err = fr_click_model_load(m->model, model, msg);
    if (err == FR_OK && m->waiting) err = load_waiting(m->waiting, waiting, msg);
    free(copies[0]);
    free(copies[1]);
    return err;
}

static enum fr_err load_file(struct fr_live_ads *l, const struct fr_tensors_file *file,
                             struct fr_errmsg *msg) {
    char now[PARAMS_BYTES];
    params_text(&l->params, now);
    struct fr_str then = fr_tensors_get_meta(file, "params"), version = fr_tensors_get_meta(file, "version");
    if (!fr_str_eq(then, fr_str_of(now)))
        return fr_err_set(msg, FR_STATE_CORRUPT, "ad models: made with %.*s; now %s", FR_STR_ARG(then), now);
    for (unsigned i = 0; i < MODELS; i++) {
        enum fr_err err = load_model(model_at(l, i), names[i], file, msg);
        if (err != FR_OK) return err;
    }
    snprintf(l->version, sizeof l->version, "%.*s", FR_STR_ARG(version));
    return FR_OK;
}

enum fr_err fr_live_ads_load(struct fr_live_ads *l, struct fr_str bytes, struct fr_errmsg *msg) {
    void *aligned = fr_alloc(bytes.len + (size_t)1);
    struct fr_tensors_file *file = NULL;
    if (bytes.len) memcpy(aligned, bytes.ptr, bytes.len);
    enum fr_err err = fr_tensors_open((struct fr_str){aligned, bytes.len}, &file, msg);
    if (err == FR_OK) {
        err = load_file(l, file, msg);
        fr_tensors_close(file);
    }
    free(aligned);
    return err;
}
