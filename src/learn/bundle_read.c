#include "freshet/learn/bundle.h"
#include "freshet/learn/near.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A number of the manifest; what is absent or no number is 0, as in a file of somebody else's. */
static uint64_t read_number(const struct fr_tensors_file *f, const char *key, int base) {
    char text[32];
    struct fr_str s = fr_tensors_get_meta(f, key);
    if (s.len == 0 || s.len >= sizeof text) return 0;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return strtoull(text, NULL, base);
}

static fr_time_ms read_time(const struct fr_tensors_file *f, const char *key) {
    uint64_t v = read_number(f, key, 10);
    return v < UINT64_C(1) << 50 ? (fr_time_ms)v : 0;
}

static enum fr_err read_version(const struct fr_tensors_file *f, const char *key, char *out,
                                struct fr_errmsg *msg) {
    struct fr_str s = fr_tensors_get_meta(f, key);
    if (s.len && !fr_bundle_version_valid(s))
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s is not a version", key);
    if (s.len) memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return FR_OK;
}

/* The number of name=... in "a=1,b=2"; false when it is not there. */
static bool find_value(struct fr_str pairs, const char *name, double *out) {
    size_t name_bytes = strlen(name);
    for (uint32_t at = 0; at < pairs.len;) {
        const char *comma = memchr(pairs.ptr + at, ',', pairs.len - at);
        uint32_t end = comma ? (uint32_t)(comma - pairs.ptr) : pairs.len;
        char text[40];
        if (end - at > name_bytes + 1 && memcmp(pairs.ptr + at, name, name_bytes) == 0 &&
            pairs.ptr[at + name_bytes] == '=' && end - at - name_bytes <= sizeof text) {
            uint32_t from = at + (uint32_t)name_bytes + 1;
            memcpy(text, pairs.ptr + from, end - from);
            text[end - from] = '\0';
            *out = strtod(text, NULL);
            return true;
        }
        at = end + 1;
    }
    return false;
}

static struct fr_str meta_of_model(const struct fr_tensors_file *f, const char *name, const char *what) {
    char key[96];
    snprintf(key, sizeof key, "%s.%s", name, what);
    return fr_tensors_get_meta(f, key);
}

static void read_figures(struct fr_str text, struct fr_figures *out) {
    double cases = 0;
    if (find_value(text, "cases", &cases) && cases >= 1 && cases < 1e9) out->cases = (uint32_t)cases;
    find_value(text, "recall", &out->recall);
    find_value(text, "ndcg", &out->ndcg);
    find_value(text, "hit_rate", &out->hit_rate);
    find_value(text, "fit_seconds", &out->fit_seconds);
}

/* What it counts for in the blend: 1 when nothing usable is said. */
static double read_weight(struct fr_str text) {
    char digits[40];
    if (text.len == 0 || text.len >= sizeof digits) return 1;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    double weight = strtod(digits, NULL);
    return weight >= 0 && weight < 1e9 ? weight : 1;
}

static void read_details(const struct fr_tensors_file *f, struct fr_bundle_model *m) {
    const struct fr_model_ops *ops = m->model->ops;
    struct fr_str parameters = meta_of_model(f, ops->name, "parameters");
    m->has_values = parameters.len > 0;
    for (uint32_t i = 0; i < ops->parameter_n; i++) {
        m->values[i] = ops->parameters[i].standard;
        find_value(parameters, ops->parameters[i].name, &m->values[i]);
    }
    m->weight = read_weight(meta_of_model(f, ops->name, "weight"));
    read_figures(meta_of_model(f, ops->name, "holdout"), &m->holdout);
}

static enum fr_err read_model(const struct fr_tensors_file *f, const char *name, struct fr_bundle *b,
                              struct fr_errmsg *msg) {
    const struct fr_model_ops *ops = fr_model_find(name);
    bool is_near = ops && fr_near_is_in(f, name);
    if (!ops || (!ops->load && !is_near))
        return fr_err_set(msg, FR_STATE_CORRUPT, "this build has no model %s that can be loaded", name);
    if (b->model_n == FR_BUNDLE_MODELS_MAX || fr_bundle_model(b, name))
        return fr_err_set(msg, FR_STATE_CORRUPT, "too many models, or %s twice", name);
    struct fr_model *model = is_near ? fr_near_load(f, ops, msg) : ops->load(f, msg);
    if (!model) return fr_err_wrap(msg, fr_err_set(msg, FR_STATE_CORRUPT, "it cannot be loaded"), name);
    read_details(f, fr_bundle_add(b, model));
    if (model->ops->items(model) == b->item_n) return FR_OK;
    return fr_err_set(msg, FR_STATE_CORRUPT, "%s scores %" PRIu32 " items, but there are %" PRIu32 " ids",
                      name, model->ops->items(model), b->item_n);
}

static enum fr_err read_models(const struct fr_tensors_file *f, struct fr_bundle *b, struct fr_errmsg *msg) {
    struct fr_str names = fr_tensors_get_meta(f, "models");
    enum fr_err err = names.len ? FR_OK : fr_err_set(msg, FR_STATE_CORRUPT, "the manifest names no models");
    for (uint32_t at = 0; at < names.len && err == FR_OK;) {
        const char *comma = memchr(names.ptr + at, ',', names.len - at);
        uint32_t end = comma ? (uint32_t)(comma - names.ptr) : names.len;
        char name[32];
        if (end - at >= sizeof name) return fr_err_set(msg, FR_STATE_CORRUPT, "a model's name is too long");
        memcpy(name, names.ptr + at, end - at);
        name[end - at] = '\0';
        err = read_model(f, name, b, msg);
        at = end + 1;
    }
    return err;
}

static enum fr_err read_items(const struct fr_tensors_file *f, struct fr_bundle *b, struct fr_errmsg *msg) {
    struct fr_arena arena = {0};
    uint32_t n;
    const struct fr_str *ids = fr_tensors_get_strings(f, "items", &n, &arena);
    enum fr_err err =
        ids ? FR_OK : fr_err_set(msg, FR_STATE_CORRUPT, "items.ends and items.text hold no ids");
    for (uint32_t i = 1; i < n && err == FR_OK; i++)
        if (fr_str_cmp(ids[i - 1], ids[i]) >= 0)
            err = fr_err_set(msg, FR_STATE_CORRUPT, "the ids of items do not ascend bytewise at %" PRIu32, i);
    if (err == FR_OK) fr_bundle_set_items(b, ids, n);
    fr_arena_fini(&arena);
    return err;
}

static enum fr_err read_all(const struct fr_tensors_file *f, struct fr_bundle *b, struct fr_errmsg *msg) {
    enum fr_err err = read_version(f, "version", b->version, msg);
    if (err == FR_OK) err = read_version(f, "parent", b->parent, msg);
    b->created_ms = read_time(f, "created_ms");
    b->data_until_ms = read_time(f, "data_until_ms");
    b->user_n = read_number(f, "users", 10);
    b->interaction_n = read_number(f, "interactions", 10);
    b->fingerprint = read_number(f, "fingerprint", 16);
    b->parts =
        fr_str_eq(fr_tensors_get_meta(f, "blend"), FR_STR("score")) ? FR_BLEND_BY_SCORE : FR_BLEND_BY_PLACE;
    read_figures(meta_of_model(f, "blend", "holdout"), &b->holdout);
    if (err == FR_OK) err = read_items(f, b, msg);
    if (err == FR_OK) err = read_models(f, b, msg);
    return err;
}

enum fr_err fr_bundle_read(struct fr_str bytes, struct fr_bundle **out, struct fr_errmsg *msg) {
    struct fr_tensors_file *f;
    *out = NULL;
    enum fr_err err = fr_tensors_open(bytes, &f, msg);
    if (err != FR_OK) return err;
    struct fr_bundle *b = fr_bundle_new();
    err = read_all(f, b, msg);
    fr_tensors_close(f);
    if (err == FR_OK)
        *out = b;
    else
        fr_bundle_free(b);
    return err;
}
