#include "freshet/run/live_model.h"
#include "freshet/base/clock.h"
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
#include "freshet/recommend/example_record.h"
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

int64_t fr_live_learn(struct fr_recommender *r, struct fr_str value, struct fr_recommender_use *use,
                      struct fr_arena *arena) {
    struct fr_example_batch batch;
    if (!fr_example_read(value, fr_recommender_ids(r), arena, &batch)) return -1;
    for (uint32_t i = 0; i < batch.row_n; i++)
        fr_recommender_neighbors(r, batch.rows[i].item, batch.rows[i].row, batch.rows[i].n);
    for (uint32_t i = 0; i < batch.example_n; i++) fr_recommender_learn(r, &batch.examples[i], use);
    return batch.example_n;
}

struct fr_str fr_live_key(const struct fr_keys *keys, int32_t partition, struct fr_str model,
                          struct fr_arena *arena) {
    return fr_keys_view(keys, "model", partition, model, arena);
}

struct fr_str fr_live_version_key(const struct fr_keys *keys, int32_t partition, struct fr_str model,
                                  struct fr_arena *arena) {
    return fr_keys_view(keys, "model-version", partition, model, arena);
}

/* Arrays are read in place, so the bytes must be aligned. */
static enum fr_err open_aligned(struct fr_str bytes, void **copy, struct fr_tensors_file **file,
                                struct fr_errmsg *msg) {
    *copy = fr_alloc(bytes.len + 1);
    if (bytes.len) memcpy(*copy, bytes.ptr, bytes.len);
    return fr_tensors_open((struct fr_str){*copy, bytes.len}, file, msg);
}

enum fr_err fr_live_decode(struct fr_str bytes, struct fr_recommender *into,
                           char version[FR_LIVE_VERSION_BYTES], struct fr_errmsg *msg) {
    void *copy = NULL;
    struct fr_tensors_file *file = NULL;
    enum fr_err err = open_aligned(bytes, &copy, &file, msg);
    if (err == FR_OK) {
        err = fr_recommender_load(into, file, msg);
        struct fr_str text = fr_tensors_get_meta(file, "version");
        if (version) snprintf(version, FR_LIVE_VERSION_BYTES, "%.*s", FR_STR_ARG(text));
        fr_tensors_close(file);
    }
    free(copy);
    return err;
}

/* ---- following ---- */

struct fr_live_follow {
    struct fr_live_follow_config config;
    struct fr_slot *slot;
    struct fr_keys keys;
    struct fr_store *store; /* NULL: to be opened */
    struct fr_arena arena;  /* of one look */
    char version[FR_LIVE_VERSION_BYTES];
    pthread_t thread;
    _Atomic bool stop; /* written by stop(), read by the thread */
};

static void free_model(void *thing) {
    struct fr_live_model *m = thing;
    fr_recommender_free(m->recommender);
    free(m);
}

static enum fr_err fetch(struct fr_live_follow *f, struct fr_str key, struct fr_str *value,
                         struct fr_errmsg *msg) {
    return f->store->ops->load(f->store, &key, 1, value, &f->arena, msg);
}

static enum fr_err swap(struct fr_live_follow *f, struct fr_str bytes, struct fr_errmsg *msg) {
    struct fr_live_model *m = fr_alloc_zero(1, sizeof *m);
    m->recommender = fr_recommender_new(&f->config.params);
    enum fr_err err = fr_live_decode(bytes, m->recommender, m->version, msg);
    if (err != FR_OK) {
        free_model(m);
        return err;
    }
    memcpy(f->version, m->version, sizeof f->version);
    fr_slot_put(f->slot, m);
    fr_log(FR_LOG_DEBUG, "MODEL-SWAPPED", "version=%s bytes=%u", f->version, bytes.len);
    return FR_OK;
}

/* One look: the version first, the model only when it is another one. */
static enum fr_err look(struct fr_live_follow *f, struct fr_errmsg *msg) {
    int32_t partition = (int32_t)(fr_murmur2(FR_MODEL_FEED) % f->keys.partitions);
    struct fr_str version, bytes;
    enum fr_err err = f->store ? FR_OK : f->config.open_store(f->config.context, &f->store, msg);
    if (err == FR_OK)
        err = fetch(f, fr_live_version_key(&f->keys, partition, FR_MODEL_FEED, &f->arena), &version, msg);
    if (err != FR_OK || !version.len || fr_str_eq(version, fr_str_of(f->version))) return err;
    err = fetch(f, fr_live_key(&f->keys, partition, FR_MODEL_FEED, &f->arena), &bytes, msg);
    return err == FR_OK && bytes.len ? swap(f, bytes, msg) : err;
}

static void wait_for(struct fr_live_follow *f, uint32_t ms) {
    for (uint32_t slept = 0; slept < ms && !atomic_load(&f->stop); slept += NAP_MS) fr_clock_sleep_ms(NAP_MS);
}

static void *follow(void *arg) {
    struct fr_live_follow *f = arg;
    while (!atomic_load(&f->stop)) {
        struct fr_errmsg msg = {0};
        fr_arena_clear(&f->arena);
        enum fr_err err = look(f, &msg);
        if (err != FR_OK)
            fr_log(FR_LOG_WARN, "MODEL-WAITS", "error=%s text=\"%s\"", fr_err_name(err), msg.text);
        wait_for(f, f->config.interval_ms);
    }
    return NULL;
}

struct fr_live_follow *fr_live_follow_start(const struct fr_live_follow_config *config) {
    struct fr_live_follow *f = fr_alloc_zero(1, sizeof *f);
    f->config = *config;
    f->slot = fr_slot_new(free_model);
    fr_keys_init(&f->keys, config->prefix, "learner", config->example_partitions, 1);
    int failed = pthread_create(&f->thread, NULL, follow, f);
    FR_ASSERT(failed == 0);
    return f;
}

struct fr_slot *fr_live_follow_slot(struct fr_live_follow *f) {
    return f->slot;
}

void fr_live_follow_stop(struct fr_live_follow **follow_at) {
    struct fr_live_follow *f = *follow_at;
    if (!f) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    if (f->store) f->store->ops->close(f->store);
    fr_slot_free(&f->slot);
    fr_keys_fini(&f->keys);
    fr_arena_fini(&f->arena);
    free(f);
    *follow_at = NULL;
}
