#include "freshet/run/live_learner.h"
#include "freshet/base/hash.h"
#include "freshet/recommend/example_record.h"
#include <stdio.h>
#include <stdlib.h>

void fr_live_learner_init(struct fr_live_learner *l, const struct fr_recommender_params *params) {
    *l = (struct fr_live_learner){.recommender = fr_recommender_new(params), .attached = true};
}

void fr_live_learner_fini(struct fr_live_learner *l) {
    fr_recommender_free(l->recommender);
    *l = (struct fr_live_learner){0};
}

void fr_live_learner_attach(struct fr_live_learner *l, const struct fr_bundle *bundle) {
    fr_bundle_attach(bundle, &l->places, l->recommender);
    l->attached = true;
}

/* ---- teaching ---- */

/* The first byte tells a map from an array, so that examples are not looked at twice. */
static bool may_be_control(struct fr_str value) {
    enum { FIXMAP = 0x80, FIXMAP_END = 0x8f };
    unsigned char first = value.len ? (unsigned char)value.ptr[0] : 0;
    return (first >= FIXMAP && first <= FIXMAP_END) || first == 0xde || first == 0xdf;
}

struct fr_str fr_live_control_version(struct fr_str value) {
    struct fr_control control;
    if (!may_be_control(value) || !fr_control_read(value, &control)) return (struct fr_str){NULL, 0};
    return control.version;
}

static void put_in_force(struct fr_live_learner *l, const struct fr_control *c,
                         const struct fr_bundle *bundle, struct fr_live_taught *out) {
    memcpy(l->previous, l->bundle, sizeof l->previous);
    snprintf(l->bundle, sizeof l->bundle, "%.*s", FR_STR_ARG(c->version));
    fr_live_learner_attach(l, bundle);
    if (c->why == FR_MODEL_EVENT_PROMOTED) fr_monitor_promoted(&l->monitor);
    out->control = true;
    out->missing = c->version.len && !bundle;
}

static bool is_case(const struct fr_example *e) {
    return e->weight && !e->dislike && e->is_new && fr_hash_mix(e->before.draw) % FR_LIVE_JUDGE_EVERY == 0;
}

static bool lists_it(const struct fr_live_learner *l, const struct fr_example *e,
                     struct fr_recommender_use *use, struct fr_arena *lists) {
    struct fr_list list = fr_recommender_list(l->recommender, &e->before, use, lists);
    for (uint32_t i = 0; i < list.item_n; i++)
        if (list.items[i].item == e->item) return true;
    return false;
}

static void judge(struct fr_live_learner *l, const struct fr_example *e,
                  const struct fr_monitor_params *params, struct fr_recommender_use *use,
                  struct fr_arena *lists, struct fr_live_taught *out) {
    if (!is_case(e) || !fr_allowance_take(&l->judging, FR_LIVE_JUDGED_PER_S, e->time_ms)) return;
    bool hit = lists_it(l, e, use, lists);
    out->judged++;
    out->hits += hit;
    if (fr_monitor_add(&l->monitor, params, hit) == FR_MONITOR_ROLL_BACK) out->roll_back = true;
}

struct fr_live_taught fr_live_learner_teach(struct fr_live_learner *l, struct fr_str value,
                                            const struct fr_bundle *bundle,
                                            const struct fr_monitor_params *monitor,
                                            struct fr_recommender_use *use, struct fr_arena *arena) {
    struct fr_live_taught out = {0};
    struct fr_control control;
    struct fr_example_batch batch;
    fr_arena_clear(arena);
    if (may_be_control(value)) {
        out.bad = !fr_control_read(value, &control);
        if (!out.bad) put_in_force(l, &control, bundle, &out);
        return out;
    }
    out.bad = !fr_example_read(value, fr_recommender_ids(l->recommender), arena, &batch);
    if (out.bad) return out;
    for (uint32_t i = 0; i < batch.row_n; i++)
        fr_recommender_neighbors(l->recommender, batch.rows[i].item, batch.rows[i].row, batch.rows[i].n);
    for (uint32_t i = 0; i < batch.example_n; i++) {
        judge(l, &batch.examples[i], monitor, use, arena, &out);
        out.lessons += fr_recommender_learn(l->recommender, &batch.examples[i], use);
    }
    out.examples = batch.example_n;
    return out;
}

/* ---- storing ---- */

void fr_live_learner_save(const struct fr_live_learner *l, const char *version, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    struct fr_buf places = {0};
    fr_fitted_places_write(&l->places, &places);
    fr_tensors_meta(w, "version", fr_str_of(version));
    fr_tensors_meta(w, "bundle", fr_str_of(l->bundle));
    fr_tensors_meta(w, "previous", fr_str_of(l->previous));
    fr_tensors_meta(w, "places", fr_buf_slice(&places));
    fr_monitor_save(&l->monitor, w);
    fr_allowance_save(&l->judging, "monitor.allowance", w);
    fr_recommender_save(l->recommender, w);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    fr_buf_fini(&places);
}

static void copy_text(const struct fr_tensors_file *f, const char *key, char to[FR_BUNDLE_VERSION_BYTES]) {
    struct fr_str text = fr_tensors_get_meta(f, key);
    snprintf(to, FR_BUNDLE_VERSION_BYTES, "%.*s", FR_STR_ARG(text));
}

static enum fr_err load_file(struct fr_live_learner *l, const struct fr_tensors_file *f, char *version,
                             struct fr_errmsg *msg) {
    copy_text(f, "bundle", l->bundle);
    copy_text(f, "previous", l->previous);
    if (version) copy_text(f, "version", version);
    fr_fitted_places_read(fr_tensors_get_meta(f, "places"), &l->places);
    l->attached = l->places.n == 0;
    enum fr_err err = fr_monitor_load(&l->monitor, f, msg);
    if (err == FR_OK) err = fr_allowance_load(&l->judging, "monitor.allowance", f, msg);
    return err == FR_OK ? fr_recommender_load(l->recommender, f, msg) : err;
}

/* Arrays are read in place, so the bytes must be aligned. */
enum fr_err fr_live_learner_load(struct fr_live_learner *l, struct fr_str bytes, char *version,
                                 struct fr_errmsg *msg) {
    void *aligned = fr_alloc(bytes.len + (size_t)1);
    struct fr_tensors_file *file = NULL;
    if (bytes.len) memcpy(aligned, bytes.ptr, bytes.len);
    enum fr_err err = fr_tensors_open((struct fr_str){aligned, bytes.len}, &file, msg);
    if (err == FR_OK) {
        err = load_file(l, file, version, msg);
        fr_tensors_close(file);
    }
    free(aligned);
    return err;
}
