#include "freshet/run/snapshot_follow.h"
#include "freshet/base/clock.h"
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
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

struct fr_snapshot_follow {
    struct fr_snapshot_source source;
    struct fr_snapshot_owner owner;
    struct fr_keys keys;
    struct fr_store *store; /* NULL: to be opened */
    struct fr_arena arena;  /* of one look */
    char version[FR_LIVE_VERSION_BYTES];
    pthread_t thread;
    _Atomic bool stop;  /* written by stop(), read by the thread */
    _Atomic bool ready; /* written by the thread, read by is_ready() */
};

static enum fr_err fetch(struct fr_snapshot_follow *f, struct fr_str key, struct fr_str *value,
                         struct fr_errmsg *msg) {
    return f->store->ops->load(f->store, &key, 1, value, &f->arena, msg);
}

static bool is_stale(const struct fr_snapshot_follow *f) {
    return f->owner.is_stale && f->owner.is_stale(f->owner.owner);
}

static bool is_complete(const struct fr_snapshot_follow *f) {
    return !f->owner.is_complete || f->owner.is_complete(f->owner.owner);
}

static enum fr_err take(struct fr_snapshot_follow *f, struct fr_str bytes, struct fr_errmsg *msg) {
    char version[FR_LIVE_VERSION_BYTES] = "";
    enum fr_err err = f->owner.take(f->owner.owner, f->store, bytes, version, msg);
    if (err != FR_OK) return err;
    memcpy(f->version, version, sizeof f->version);
    fr_log(FR_LOG_DEBUG, "MODEL-SWAPPED", "model=%.*s version=%s bytes=%u", FR_STR_ARG(f->owner.model),
           f->version, bytes.len);
    return FR_OK;
}

/* One look: the version first, the model only when it, or what it is used with, is another one. */
static enum fr_err look(struct fr_snapshot_follow *f, struct fr_errmsg *msg) {
    struct fr_str model = f->owner.model, version, bytes;
    int32_t partition = (int32_t)(fr_murmur2(model) % f->keys.partitions);
    enum fr_err err = f->store ? FR_OK : f->source.open_store(f->source.context, &f->store, msg);
    if (err == FR_OK)
        err = fetch(f, fr_live_version_key(&f->keys, partition, model, &f->arena), &version, msg);
    if (err != FR_OK || !version.len) return err;
    if (fr_str_eq(version, fr_str_of(f->version)) && !is_stale(f)) return FR_OK;
    err = fetch(f, fr_live_key(&f->keys, partition, model, &f->arena), &bytes, msg);
    return err == FR_OK && bytes.len ? take(f, bytes, msg) : err;
}

static void wait_for(struct fr_snapshot_follow *f, uint32_t ms) {
    for (uint32_t slept = 0; slept < ms && !atomic_load(&f->stop); slept += NAP_MS) fr_clock_sleep_ms(NAP_MS);
}

static void *follow(void *arg) {
    struct fr_snapshot_follow *f = arg;
    while (!atomic_load(&f->stop)) {
        struct fr_errmsg msg = {0};
        fr_arena_clear(&f->arena);
        bool complete = is_complete(f);
        enum fr_err err = look(f, &msg);
        if (err == FR_OK && complete) atomic_store(&f->ready, true);
        if (err != FR_OK)
            fr_log(FR_LOG_WARN, "MODEL-WAITS", "model=%.*s error=%s text=\"%s\"", FR_STR_ARG(f->owner.model),
                   fr_err_name(err), msg.text);
        wait_for(f, err != FR_OK || atomic_load(&f->ready) ? f->source.interval_ms : NAP_MS);
    }
    return NULL;
}

struct fr_snapshot_follow *fr_snapshot_follow_start(const struct fr_snapshot_source *source,
                                                    const struct fr_snapshot_owner *owner) {
    struct fr_snapshot_follow *f = fr_alloc_zero(1, sizeof *f);
    f->source = *source;
    f->owner = *owner;
    fr_keys_init(&f->keys, source->prefix, "learner", source->example_partitions, 1);
    int failed = pthread_create(&f->thread, NULL, follow, f);
    FR_ASSERT(failed == 0);
    return f;
}

bool fr_snapshot_follow_is_ready(struct fr_snapshot_follow *f) { return atomic_load(&f->ready); }

void fr_snapshot_follow_stop(struct fr_snapshot_follow **follow_at) {
    struct fr_snapshot_follow *f = *follow_at;
    if (!f) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    if (f->store) f->store->ops->close(f->store);
    fr_keys_fini(&f->keys);
    fr_arena_fini(&f->arena);
    free(f);
    *follow_at = NULL;
}
