#include "freshet/run/live_model.h"
#include "freshet/base/clock.h"
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
#include "freshet/run/bundle_store.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAP_MS = 20 };

void fr_live_version(int64_t next_offset, char out[FR_LIVE_VERSION_BYTES]) {
    snprintf(out, FR_LIVE_VERSION_BYTES, "e%lld", (long long)next_offset);
}

int64_t fr_live_version_offset(struct fr_str version) {
    int64_t offset = 0;
    if (version.len < 2 || version.len > 19 || version.ptr[0] != 'e') return -1;
    for (uint32_t i = 1; i < version.len; i++) {
        if (version.ptr[i] < '0' || version.ptr[i] > '9') return -1;
        offset = offset * 10 + (version.ptr[i] - '0');
    }
    return offset;
}

struct fr_str fr_live_key(const struct fr_keys *keys, int32_t partition, struct fr_str model,
                          struct fr_arena *arena) {
    return fr_keys_view(keys, "model", partition, model, arena);
}

struct fr_str fr_live_version_key(const struct fr_keys *keys, int32_t partition, struct fr_str model,
                                  struct fr_arena *arena) {
    return fr_keys_view(keys, "model-version", partition, model, arena);
}

/* ---- following ---- */

struct fr_live_follow {
    struct fr_live_follow_config config;
    struct fr_slot *slot, *bundles; /* the models; the bundle of the latest, of struct fr_bundle */
    struct fr_keys keys;
    struct fr_store *store; /* NULL: to be opened */
    struct fr_arena arena;  /* of one look */
    char version[FR_LIVE_VERSION_BYTES], bundle_version[FR_BUNDLE_VERSION_BYTES];
    uint64_t catalog_version; /* of the latest model, 0: none */
    pthread_t thread;
    _Atomic bool stop;  /* written by stop(), read by the thread */
    _Atomic bool ready; /* written by the thread, read by is_ready() */
};

static void free_model(void *thing) {
    struct fr_live_model *m = thing;
    fr_live_learner_fini(&m->learner);
    fr_live_catalog_fini(&m->catalog);
    if (m->bundles) fr_slot_release(m->bundles, &m->bundle);
    free(m);
}

static void free_bundle(void *thing) { fr_bundle_free(thing); }

static enum fr_err fetch(struct fr_live_follow *f, struct fr_str key, struct fr_str *value,
                         struct fr_errmsg *msg) {
    return f->store->ops->load(f->store, &key, 1, value, &f->arena, msg);
}

/* The bundle of a version into the slot, unless it is there; one that is nowhere leaves the hold empty. */
static enum fr_err hold_bundle(struct fr_live_follow *f, const char *version, struct fr_slot_hold *out,
                               struct fr_errmsg *msg) {
    *out = (struct fr_slot_hold){0};
    if (!version[0]) return FR_OK;
    if (strcmp(f->bundle_version, version) != 0) {
        struct fr_bundle_store store = {f->store, f->config.prefix};
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

static bool has_new_catalog(struct fr_live_follow *f) {
    if (!f->config.catalogs) return false;
    struct fr_slot_hold hold = fr_slot_take(f->config.catalogs);
    const struct fr_catalog_version *v = hold.thing;
    bool is_new = v && v->number != f->catalog_version;
    fr_slot_release(f->config.catalogs, &hold);
    return is_new;
}

static enum fr_err swap(struct fr_live_follow *f, struct fr_str bytes, struct fr_errmsg *msg) {
    struct fr_live_model *m = fr_alloc_zero(1, sizeof *m);
    m->bundles = f->bundles;
    fr_live_learner_init(&m->learner, &f->config.params);
    enum fr_err err = fr_live_learner_load(&m->learner, bytes, m->version, msg);
    if (err == FR_OK) err = hold_bundle(f, m->learner.bundle, &m->bundle, msg);
    if (err != FR_OK) {
        free_model(m);
        return err;
    }
    fr_live_learner_attach(&m->learner, m->bundle.thing);
    take_catalog(f, m);
    memcpy(f->version, m->version, sizeof f->version);
    fr_slot_put(f->slot, m);
    fr_log(FR_LOG_DEBUG, "MODEL-SWAPPED", "version=%s bytes=%u", f->version, bytes.len);
    return FR_OK;
}

/* One look: the version first, the model only when it, or the catalogue, is another one. */
static enum fr_err look(struct fr_live_follow *f, struct fr_errmsg *msg) {
    int32_t partition = (int32_t)(fr_murmur2(FR_MODEL_FEED) % f->keys.partitions);
    struct fr_str version, bytes;
    enum fr_err err = f->store ? FR_OK : f->config.open_store(f->config.context, &f->store, msg);
    if (err == FR_OK)
        err = fetch(f, fr_live_version_key(&f->keys, partition, FR_MODEL_FEED, &f->arena), &version, msg);
    if (err != FR_OK || !version.len) return err;
    if (fr_str_eq(version, fr_str_of(f->version)) && !has_new_catalog(f)) return FR_OK;
    err = fetch(f, fr_live_key(&f->keys, partition, FR_MODEL_FEED, &f->arena), &bytes, msg);
    return err == FR_OK && bytes.len ? swap(f, bytes, msg) : err;
}

static bool has_catalog(struct fr_live_follow *f) {
    if (!f->config.catalogs) return true;
    struct fr_slot_hold hold = fr_slot_take(f->config.catalogs);
    bool has = hold.thing != NULL;
    fr_slot_release(f->config.catalogs, &hold);
    return has;
}

static void wait_for(struct fr_live_follow *f, uint32_t ms) {
    for (uint32_t slept = 0; slept < ms && !atomic_load(&f->stop); slept += NAP_MS) fr_clock_sleep_ms(NAP_MS);
}

static void *follow(void *arg) {
    struct fr_live_follow *f = arg;
    while (!atomic_load(&f->stop)) {
        struct fr_errmsg msg = {0};
        fr_arena_clear(&f->arena);
        bool whole = has_catalog(f);
        enum fr_err err = look(f, &msg);
        if (err == FR_OK && whole) atomic_store(&f->ready, true);
        if (err != FR_OK)
            fr_log(FR_LOG_WARN, "MODEL-WAITS", "error=%s text=\"%s\"", fr_err_name(err), msg.text);
        wait_for(f, atomic_load(&f->ready) ? f->config.interval_ms : NAP_MS);
    }
    return NULL;
}

struct fr_live_follow *fr_live_follow_start(const struct fr_live_follow_config *config) {
    struct fr_live_follow *f = fr_alloc_zero(1, sizeof *f);
    f->config = *config;
    f->slot = fr_slot_new(free_model);
    f->bundles = fr_slot_new(free_bundle);
    fr_keys_init(&f->keys, config->prefix, "learner", config->example_partitions, 1);
    int failed = pthread_create(&f->thread, NULL, follow, f);
    FR_ASSERT(failed == 0);
    return f;
}

struct fr_slot *fr_live_follow_slot(struct fr_live_follow *f) {
    return f->slot;
}

bool fr_live_follow_is_ready(struct fr_live_follow *f) { return atomic_load(&f->ready); }

void fr_live_follow_stop(struct fr_live_follow **follow_at) {
    struct fr_live_follow *f = *follow_at;
    if (!f) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    if (f->store) f->store->ops->close(f->store);
    fr_slot_free(&f->slot);
    fr_slot_free(&f->bundles);
    fr_keys_fini(&f->keys);
    fr_arena_fini(&f->arena);
    free(f);
    *follow_at = NULL;
}
