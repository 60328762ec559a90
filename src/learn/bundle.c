#include "freshet/learn/bundle.h"
#include "freshet/base/json.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct fr_bundle *fr_bundle_new(void) {
    return fr_alloc_zero(1, sizeof(struct fr_bundle));
}

void fr_bundle_free(struct fr_bundle *b) {
    if (!b) return;
    for (uint32_t i = 0; i < b->model_n; i++) b->models[i].model->ops->free(b->models[i].model);
    fr_arena_fini(&b->arena);
    free(b);
}

void fr_bundle_set_items(struct fr_bundle *b, const struct fr_str *ids, uint32_t n) {
    struct fr_str *copies = fr_arena_alloc(&b->arena, (n + (size_t)1) * sizeof *copies);
    for (uint32_t i = 0; i < n; i++) {
        FR_ASSERT(i == 0 || fr_str_cmp(ids[i - 1], ids[i]) < 0);
        copies[i] = fr_arena_copy(&b->arena, ids[i]);
    }
    b->items = copies;
    b->item_n = n;
}

struct fr_bundle_model *fr_bundle_add(struct fr_bundle *b, struct fr_model *model) {
    FR_ASSERT(b->model_n < FR_BUNDLE_MODELS_MAX && !fr_bundle_model(b, model->ops->name));
    struct fr_bundle_model *m = &b->models[b->model_n++];
    *m = (struct fr_bundle_model){.model = model, .weight = 1};
    return m;
}

void fr_bundle_name(struct fr_bundle *b) {
    char time[25];
    fr_time_format(b->created_ms, time); /* 2026-11-25T22:30:15.123Z */
    snprintf(b->version, sizeof b->version, "%.4s%.2s%.5s%.2s%.7s-%08" PRIx32, time, time + 5, time + 8,
             time + 14, time + 17, (uint32_t)(b->fingerprint >> 32));
}

const struct fr_bundle_model *fr_bundle_model(const struct fr_bundle *b, const char *name) {
    for (uint32_t i = 0; i < b->model_n; i++)
        if (strcmp(b->models[i].model->ops->name, name) == 0) return &b->models[i];
    return NULL;
}

bool fr_bundle_version_valid(struct fr_str version) {
    for (uint32_t i = 0; i < version.len; i++) {
        char c = version.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '-') return false;
    }
    return version.len > 0 && version.len < FR_BUNDLE_VERSION_BYTES;
}

/* ---- writing ---- */

static void put_number(struct fr_buf *b, const char *name, double value) {
    if (b->len) fr_buf_byte(b, ',');
    fr_buf_printf(b, "%s=", name);
    struct fr_buf text = {0};
    fr_json_double(&text, value);
    fr_buf_str(b, fr_buf_slice(&text));
    fr_buf_fini(&text);
}

FR_PRINTF(3, 4)
static void meta(struct fr_tensors_writer *w, const char *key, const char *format, ...) {
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fr_tensors_meta(w, key, fr_str_of(text));
}

static void meta_of_model(struct fr_tensors_writer *w, const char *name, const char *what,
                          const struct fr_buf *value) {
    char key[96];
    snprintf(key, sizeof key, "%s.%s", name, what);
    fr_tensors_meta(w, key, fr_buf_slice(value));
}

static void write_figures(struct fr_tensors_writer *w, const char *name, const struct fr_figures *f) {
    struct fr_buf text = {0};
    if (!f->cases) return;
    put_number(&text, "cases", f->cases);
    put_number(&text, "recall", f->recall);
    put_number(&text, "ndcg", f->ndcg);
    put_number(&text, "hit_rate", f->hit_rate);
    put_number(&text, "fit_seconds", f->fit_seconds);
    meta_of_model(w, name, "holdout", &text);
    fr_buf_fini(&text);
}

static void write_model(struct fr_tensors_writer *w, const struct fr_bundle_model *m) {
    const struct fr_model_ops *ops = m->model->ops;
    if (m->has_values) {
        struct fr_buf text = {0};
        for (uint32_t i = 0; i < ops->parameter_n; i++)
            put_number(&text, ops->parameters[i].name, m->values[i]);
        meta_of_model(w, ops->name, "parameters", &text);
        fr_buf_fini(&text);
    }
    struct fr_buf weight = {0};
    fr_json_double(&weight, m->weight);
    meta_of_model(w, ops->name, "weight", &weight);
    fr_buf_fini(&weight);
    write_figures(w, ops->name, &m->holdout);
    ops->save(m->model, w);
}

void fr_bundle_write(const struct fr_bundle *b, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf names = {0};
    for (uint32_t i = 0; i < b->model_n; i++)
        fr_buf_printf(&names, "%s%s", i ? "," : "", b->models[i].model->ops->name);
    meta(w, "freshet.bundle", "1");
    fr_tensors_meta(w, "models", fr_buf_slice(&names));
    meta(w, "version", "%s", b->version);
    meta(w, "parent", "%s", b->parent);
    meta(w, "created_ms", "%" PRId64, b->created_ms);
    meta(w, "data_until_ms", "%" PRId64, b->data_until_ms);
    meta(w, "users", "%" PRIu64, b->user_n);
    meta(w, "interactions", "%" PRIu64, b->interaction_n);
    meta(w, "fingerprint", "%016" PRIx64, b->fingerprint);
    meta(w, "blend", "%s", b->parts == FR_BLEND_BY_PLACE ? "place" : "score");
    write_figures(w, "blend", &b->holdout);
    fr_tensors_put_strings(w, "items", b->items, b->item_n);
    for (uint32_t i = 0; i < b->model_n; i++) write_model(w, &b->models[i]);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    fr_buf_fini(&names);
}

/* ---- as JSON ---- */

static void figures_json(const struct fr_figures *f, struct fr_buf *out) {
    const struct {
        const char *name;
        double value;
    } figures[] = {{"cases", f->cases},
                   {"recall", f->recall},
                   {"ndcg", f->ndcg},
                   {"hit_rate", f->hit_rate},
                   {"fit_seconds", f->fit_seconds}};
    fr_json_key(out, "holdout");
    fr_json_open(out, '{');
    for (size_t i = 0; i < sizeof figures / sizeof *figures && f->cases; i++) {
        fr_json_key(out, figures[i].name);
        fr_json_number(out, figures[i].value);
    }
    fr_json_close(out, '}');
}

static void model_json(const struct fr_bundle_model *m, struct fr_buf *out) {
    const struct fr_model_ops *ops = m->model->ops;
    fr_json_open(out, '{');
    fr_json_key(out, "name");
    fr_json_str(out, fr_str_of(ops->name));
    fr_json_key(out, "bytes");
    fr_json_int(out, (int64_t)ops->bytes(m->model));
    fr_json_key(out, "weight");
    fr_json_double(out, m->weight);
    fr_json_key(out, "parameters");
    fr_json_open(out, '{');
    for (uint32_t i = 0; i < ops->parameter_n && m->has_values; i++) {
        fr_json_key(out, ops->parameters[i].name);
        fr_json_double(out, m->values[i]);
    }
    fr_json_close(out, '}');
    figures_json(&m->holdout, out);
    fr_json_close(out, '}');
}

void fr_bundle_json(const struct fr_bundle *b, struct fr_buf *out) {
    char fingerprint[17];
    snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, b->fingerprint);
    fr_json_open(out, '{');
    fr_json_key(out, "version");
    fr_json_str(out, fr_str_of(b->version));
    fr_json_key(out, "parent");
    fr_json_str(out, fr_str_of(b->parent));
    fr_json_key(out, "created");
    fr_json_time(out, b->created_ms);
    fr_json_key(out, "data_until");
    fr_json_time(out, b->data_until_ms);
    fr_json_key(out, "users");
    fr_json_int(out, (int64_t)b->user_n);
    fr_json_key(out, "items");
    fr_json_int(out, b->item_n);
    fr_json_key(out, "interactions");
    fr_json_int(out, (int64_t)b->interaction_n);
    fr_json_key(out, "fingerprint");
    fr_json_str(out, fr_str_of(fingerprint));
    fr_json_key(out, "blend");
    fr_json_str(out, b->parts == FR_BLEND_BY_PLACE ? FR_STR("place") : FR_STR("score"));
    figures_json(&b->holdout, out);
    fr_json_key(out, "models");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < b->model_n; i++) model_json(&b->models[i], out);
    fr_json_close(out, ']');
    fr_json_close(out, '}');
}
