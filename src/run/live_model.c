#include "freshet/run/live_model.h"
#include "freshet/base/log.h"
#include "freshet/run/bundle_store.h"
#include <stdio.h>
#include <stdlib.h>

struct fr_live_follow {
    struct fr_live_follow_config config;
    struct fr_slot *slot, *bundles; /* the models; the bundle of the latest, of struct fr_bundle */
    char bundle_version[FR_BUNDLE_VERSION_BYTES];
    uint64_t catalog_version; /* of the latest model, 0: none */
    struct fr_snapshot_follow *thread;
};

static void free_model(void *thing) {
    struct fr_live_model *m = thing;
    fr_live_learner_fini(&m->learner);
    fr_live_catalog_fini(&m->catalog);
    if (m->bundles) fr_slot_release(m->bundles, &m->bundle);
    free(m);
}

static void free_bundle(void *thing) { fr_bundle_free(thing); }

/* The bundle of a version into the slot, unless it is there; one that is nowhere leaves the hold empty. */
static enum fr_err hold_bundle(struct fr_live_follow *f, struct fr_store *from, const char *version,
                               struct fr_slot_hold *out, struct fr_errmsg *msg) {
    *out = (struct fr_slot_hold){0};
    if (!version[0]) return FR_OK;
    if (strcmp(f->bundle_version, version) != 0) {
        struct fr_bundle_store store = {from, f->config.source.prefix};
        struct fr_bundle *bundle;
        enum fr_err err = fr_bundle_get(&store, version, &bundle, msg);
        if (err == FR_LIMIT) fr_log(FR_LOG_WARN, "BUNDLE-MISSING", "version=%s", version);
        if (err != FR_OK) return err == FR_LIMIT ? FR_OK : err;
        fr_slot_put(f->bundles, bundle);
        snprintf(f->bundle_version, sizeof f->bundle_version, "%s", version);
        fr_log(FR_LOG_INFO, "BUNDLE-IN-FORCE", "version=%s models=%u", version, bundle->model_n);
    }
    *out = fr_slot_take(f->bundles);
    return FR_OK;
}

static void take_catalog(struct fr_live_follow *f, struct fr_live_model *m) {
    if (!f->config.catalogs) return;
    struct fr_slot_hold hold = fr_slot_take(f->config.catalogs);
    const struct fr_catalog_version *v = hold.thing;
    f->catalog_version = v ? v->number : 0;
    if (v && v->catalog.n)
        fr_live_catalog_init(&m->catalog, &v->catalog, v->features, v->records, m->learner.recommender);
    fr_slot_release(f->config.catalogs, &hold);
}

static bool has_new_catalog(void *owner) {
    struct fr_live_follow *f = owner;
    if (!f->config.catalogs) return false;
    struct fr_slot_hold hold = fr_slot_take(f->config.catalogs);
    const struct fr_catalog_version *v = hold.thing;
    bool is_new = v && v->number != f->catalog_version;
    fr_slot_release(f->config.catalogs, &hold);
    return is_new;
}

static bool has_catalog(void *owner) {
    struct fr_live_follow *f = owner;
    if (!f->config.catalogs) return true;
    struct fr_slot_hold hold = fr_slot_take(f->config.catalogs);
    bool has = hold.thing != NULL;
    fr_slot_release(f->config.catalogs, &hold);
    return has;
}

static enum fr_err swap(void *owner, struct fr_store *store, struct fr_str bytes,
                        char version[FR_LIVE_VERSION_BYTES], struct fr_errmsg *msg) {
    struct fr_live_follow *f = owner;
    struct fr_live_model *m = fr_alloc_zero(1, sizeof *m);
    m->bundles = f->bundles;
    fr_live_learner_init(&m->learner, &f->config.params);
    enum fr_err err = fr_live_learner_load(&m->learner, bytes, m->version, msg);
    if (err == FR_OK) err = hold_bundle(f, store, m->learner.bundle, &m->bundle, msg);
    if (err != FR_OK) {
        free_model(m);
        return err;
    }
    fr_live_learner_attach(&m->learner, m->bundle.thing);
    take_catalog(f, m);
    memcpy(version, m->version, FR_LIVE_VERSION_BYTES);
    fr_slot_put(f->slot, m);
    return FR_OK;
}

struct fr_live_follow *fr_live_follow_start(const struct fr_live_follow_config *config) {
    struct fr_live_follow *f = fr_alloc_zero(1, sizeof *f);
    f->config = *config;
    f->slot = fr_slot_new(free_model);
    f->bundles = fr_slot_new(free_bundle);
    f->thread =
        fr_snapshot_follow_start(&f->config.source, &(struct fr_snapshot_owner){.owner = f,
                                                                                .model = FR_MODEL_FEED,
                                                                                .take = swap,
                                                                                .is_stale = has_new_catalog,
                                                                                .is_complete = has_catalog});
    return f;
}

struct fr_slot *fr_live_follow_slot(struct fr_live_follow *f) {
    return f->slot;
}

bool fr_live_follow_is_ready(struct fr_live_follow *f) { return fr_snapshot_follow_is_ready(f->thread); }

void fr_live_follow_stop(struct fr_live_follow **follow_at) {
    struct fr_live_follow *f = *follow_at;
    if (!f) return;
    fr_snapshot_follow_stop(&f->thread);
    fr_slot_free(&f->slot);
    fr_slot_free(&f->bundles);
    free(f);
    *follow_at = NULL;
}
