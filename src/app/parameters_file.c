#include "freshet/app/parameters_file.h"
#include "freshet/base/json.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>

static const char *const part_names[] = {[FR_BLEND_BY_SCORE] = "score", [FR_BLEND_BY_PLACE] = "place"};

enum { PART_NAMES = sizeof part_names / sizeof *part_names, VERSION = 1 };

/* ---- reading ---- */

struct reading {
    const char *name;
    struct fr_parameters *out;
    struct fr_errmsg *msg;
};

static enum fr_err wrong(const struct reading *r, const char *key, const char *what) {
    return fr_err_set(r->msg, FR_CONFIG, "%s: %s: %s", r->name, key, what);
}

static enum fr_err read_value(const struct reading *r, struct fr_model_parameters *m, const char *key,
                              const json_t *value) {
    for (uint32_t i = 0; i < m->ops->parameter_n; i++) {
        if (strcmp(m->ops->parameters[i].name, key) != 0) continue;
        if (!json_is_number(value)) return wrong(r, key, "a number is wanted");
        m->values[i] = json_number_value(value);
        return FR_OK;
    }
    return fr_err_set(r->msg, FR_CONFIG, "%s: %s has no parameter %s", r->name, m->ops->name, key);
}

static struct fr_model_parameters *add_model(struct fr_parameters *out, const struct fr_model_ops *ops) {
    for (uint32_t i = 0; i < out->n; i++)
        if (out->models[i].ops == ops) return &out->models[i];
    FR_ASSERT(out->n < FR_PARAMETERS_MODELS_MAX);
    struct fr_model_parameters *m = &out->models[out->n++];
    *m = (struct fr_model_parameters){.ops = ops};
    for (uint32_t i = 0; i < ops->parameter_n; i++) m->values[i] = ops->parameters[i].standard;
    return m;
}

static enum fr_err read_models(const struct reading *r, json_t *models) {
    const char *name, *key;
    json_t *model, *value;
    if (!json_is_object(models)) return wrong(r, "models", "an object is wanted");
    json_object_foreach(models, name, model) {
        const struct fr_model_ops *ops = fr_model_find(name);
        if (!ops) return wrong(r, name, "there is no such model");
        if (!json_is_object(model)) return wrong(r, name, "an object is wanted");
        struct fr_model_parameters *m = add_model(r->out, ops);
        json_object_foreach(model, key, value) {
            enum fr_err err = read_value(r, m, key, value);
            if (err != FR_OK) return err;
        }
    }
    return FR_OK;
}

static enum fr_err read_weights(const struct reading *r, json_t *weights) {
    const char *name;
    json_t *weight;
    if (!json_is_object(weights)) return wrong(r, "weights", "an object is wanted");
    json_object_foreach(weights, name, weight) {
        const struct fr_model_ops *ops = fr_model_find(name);
        if (!ops) return wrong(r, name, "there is no such model");
        if (!json_is_number(weight) || json_number_value(weight) < 0)
            return wrong(r, name, "a weight of 0 or above is wanted");
        const struct fr_model_parameters *m = add_model(r->out, ops);
        r->out->weights[m - r->out->models] = json_number_value(weight);
    }
    return FR_OK;
}

static enum fr_err read_blend(const struct reading *r, json_t *blend) {
    const char *key;
    json_t *value;
    if (!json_is_object(blend)) return wrong(r, "blend", "an object is wanted");
    r->out->has_blend = true;
    json_object_foreach(blend, key, value) {
        enum fr_err err = FR_OK;
        const char *text = json_string_value(value);
        if (strcmp(key, "weights") == 0) {
            err = read_weights(r, value);
        } else if (strcmp(key, "parts") == 0 && text && strcmp(text, part_names[FR_BLEND_BY_PLACE]) == 0) {
            r->out->parts = FR_BLEND_BY_PLACE;
        } else if (strcmp(key, "parts") != 0 || !text || strcmp(text, part_names[FR_BLEND_BY_SCORE]) != 0) {
            err = wrong(r, key, "parts (score or place) and weights are known");
        }
        if (err != FR_OK) return err;
    }
    return FR_OK;
}

static enum fr_err read_root(const struct reading *r, json_t *root) {
    const char *key, *kind = json_string_value(json_object_get(root, "freshet"));
    json_t *value;
    if (!kind || strcmp(kind, "parameters") != 0)
        return wrong(r, "freshet", "this is no file of parameters: \"parameters\" is wanted");
    if (json_integer_value(json_object_get(root, "version")) != VERSION)
        return wrong(r, "version", "only version 1 is known");
    json_object_foreach(root, key, value) {
        enum fr_err err = FR_OK;
        if (strcmp(key, "models") == 0)
            err = read_models(r, value);
        else if (strcmp(key, "blend") == 0)
            err = read_blend(r, value);
        else if (strcmp(key, "freshet") != 0 && strcmp(key, "version") != 0)
            err = wrong(r, key, "there is no such key");
        if (err != FR_OK) return err;
    }
    return FR_OK;
}

static enum fr_err read_json(const char *name, json_t *root, const json_error_t *error,
                             struct fr_parameters *out, struct fr_errmsg *msg) {
    const struct reading r = {name, out, msg};
    *out = (struct fr_parameters){0};
    if (!root)
        return fr_err_set(msg, FR_CONFIG, "%s:%d:%d: %s", name, error->line, error->column, error->text);
    enum fr_err err = read_root(&r, root);
    json_decref(root);
    return err;
}

enum fr_err fr_parameters_parse(const char *name, struct fr_str text, struct fr_parameters *out,
                                struct fr_errmsg *msg) {
    json_error_t error;
    return read_json(name, json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &error),
                     &error, out, msg);
}

enum fr_err fr_parameters_read(const char *path, struct fr_parameters *out, struct fr_errmsg *msg) {
    json_error_t error;
    FILE *file = fopen(path, "re");
    if (!file) return fr_err_set(msg, FR_IO, "%s: %s", path, strerror(errno));
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    fclose(file);
    return read_json(path, root, &error, out, msg);
}

const struct fr_model_parameters *fr_parameters_of(const struct fr_parameters *p,
                                                   const struct fr_model_ops *ops) {
    for (uint32_t i = 0; i < p->n; i++)
        if (p->models[i].ops == ops) return &p->models[i];
    return NULL;
}

/* ---- writing ---- */

static void put_blend(const struct fr_parameters *p, struct fr_buf *out) {
    fr_json_key(out, "blend");
    fr_json_open(out, '{');
    fr_json_key(out, "parts");
    fr_json_str(out, fr_str_of(part_names[p->parts]));
    fr_json_key(out, "weights");
    fr_json_open(out, '{');
    for (uint32_t i = 0; i < p->n; i++) {
        if (!(p->weights[i] > 0)) continue;
        fr_json_key(out, p->models[i].ops->name);
        fr_json_double(out, p->weights[i]);
    }
    fr_json_close(out, '}');
    fr_json_close(out, '}');
}

void fr_parameters_text(const struct fr_parameters *p, struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "freshet");
    fr_json_str(out, FR_STR("parameters"));
    fr_json_key(out, "version");
    fr_json_int(out, VERSION);
    fr_json_key(out, "models");
    fr_json_open(out, '{');
    for (uint32_t i = 0; i < p->n; i++) {
        const struct fr_model_parameters *m = &p->models[i];
        fr_json_key(out, m->ops->name);
        fr_json_open(out, '{');
        for (uint32_t j = 0; j < m->ops->parameter_n; j++) {
            fr_json_key(out, m->ops->parameters[j].name);
            fr_json_double(out, m->values[j]);
        }
        fr_json_close(out, '}');
    }
    fr_json_close(out, '}');
    if (p->has_blend) put_blend(p, out);
    fr_json_close(out, '}');
    fr_buf_byte(out, '\n');
}

enum fr_err fr_parameters_write(const char *path, const struct fr_parameters *p, struct fr_errmsg *msg) {
    struct fr_buf text = {0};
    fr_parameters_text(p, &text);
    FILE *file = fopen(path, "we");
    bool whole = file && fwrite(text.data, 1, text.len, file) == text.len;
    if (file && fclose(file) != 0) whole = false;
    fr_buf_fini(&text);
    return whole ? FR_OK : fr_err_set(msg, FR_IO, "%s: %s", path, strerror(errno));
}
