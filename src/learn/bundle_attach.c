#include "freshet/learn/bundle_attach.h"
#include "freshet/learn/model_source.h"
#include <stdlib.h>

/* ---- a family that the bundle lacks ---- */

struct absent {
    struct fr_source base;
    struct fr_source_ops ops;
    char name[32];
};

static uint32_t propose_nothing(const struct fr_source *source, const struct fr_query *q,
                                struct fr_scratch *s, uint32_t most, struct fr_vote *out) {
    (void)source;
    (void)q;
    (void)s;
    (void)most;
    (void)out;
    return 0;
}

static size_t bytes_of_absent(const struct fr_source *source) {
    (void)source;
    return sizeof(struct absent);
}

static void free_absent(struct fr_source *source) { free((struct absent *)source); }

static struct fr_source *absent_new(const char *name) {
    struct absent *a = fr_alloc_zero(1, sizeof *a);
    memcpy(a->name, name, strlen(name) + 1);
    a->ops = (struct fr_source_ops){.name = a->name,
                                    .reason = FR_REASON_TASTE,
                                    .propose = propose_nothing,
                                    .bytes = bytes_of_absent,
                                    .free = free_absent};
    a->base.ops = &a->ops;
    return &a->base;
}

/* ---- places ---- */

static bool has_place(const struct fr_fitted_places *p, const char *name) {
    for (uint32_t i = 0; i < p->n; i++)
        if (strcmp(p->names[i], name) == 0) return true;
    return false;
}

static void add_place(struct fr_fitted_places *p, struct fr_str name) {
    if (p->n == FR_BUNDLE_MODELS_MAX || name.len == 0 || name.len >= sizeof p->names[0]) return;
    memcpy(p->names[p->n], name.ptr, name.len);
    p->names[p->n++][name.len] = '\0';
}

void fr_fitted_places_write(const struct fr_fitted_places *places, struct fr_buf *out) {
    for (uint32_t i = 0; i < places->n; i++) fr_buf_printf(out, "%s%s", i ? "," : "", places->names[i]);
}

void fr_fitted_places_read(struct fr_str text, struct fr_fitted_places *out) {
    *out = (struct fr_fitted_places){0};
    for (uint32_t at = 0; at < text.len;) {
        const char *comma = memchr(text.ptr + at, ',', text.len - at);
        uint32_t end = comma ? (uint32_t)(comma - text.ptr) : text.len;
        add_place(out, (struct fr_str){text.ptr + at, end - at});
        at = end + 1;
    }
}

/* Kept up to date by the stream: it learns, or is saved with what was learnt. */
static bool is_streaming(const struct fr_recommender *r, const char *name) {
    for (uint32_t i = 0; i < fr_recommender_sources(r); i++) {
        const struct fr_source_ops *ops = fr_recommender_source(r, i)->ops;
        if (strcmp(ops->name, name) == 0) return ops->learn || ops->save;
    }
    return false;
}

static void add_new_places(const struct fr_bundle *b, struct fr_fitted_places *places,
                           const struct fr_recommender *r) {
    for (uint32_t i = 0; b && i < b->model_n; i++) {
        const char *name = b->models[i].model->ops->name;
        if (!has_place(places, name) && !is_streaming(r, name)) add_place(places, fr_str_of(name));
    }
}

static enum fr_reason_code reason_of(const struct fr_model_ops *ops) {
    return ops->needs_features ? FR_REASON_SIMILAR_CONTENT : FR_REASON_TASTE;
}

void fr_bundle_attach(const struct fr_bundle *b, struct fr_fitted_places *places, struct fr_recommender *r) {
    struct fr_dict *ids = fr_recommender_ids(r);
    uint32_t n = b ? b->item_n : 0, *numbers = fr_alloc((n + (size_t)1) * sizeof *numbers);
    if (n) fr_dict_intern_all(ids, b->items, n, numbers);
    add_new_places(b, places, r);
    for (uint32_t i = 0; i < places->n; i++) {
        const struct fr_bundle_model *m = b ? fr_bundle_model(b, places->names[i]) : NULL;
        fr_recommender_add(r, m ? fr_model_source_lend(m->model, ids, numbers, n, reason_of(m->model->ops))
                                : absent_new(places->names[i]));
    }
    free(numbers);
}
