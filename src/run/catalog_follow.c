#include "freshet/run/catalog_follow.h"
#include "freshet/base/clock.h"
#include "freshet/base/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { POLL_MS = 100, RETRY_MS = 500, REST_SHARE = 9, FAULTS_LOGGED = 20 };

struct fr_catalog_follow {
    struct fr_catalog_follow_config config;
    struct fr_slot *slot;
    struct fr_tail *tail; /* NULL: to be opened */
    struct fr_dict ids;   /* of the catalogue that is kept up to date */
    struct fr_catalog catalog;
    struct fr_arena arena; /* of one record */
    uint64_t made_changes; /* the catalogue's count when the last version was made */
    fr_mono_us next_us;    /* no version before that */
    pthread_t thread;
    _Atomic bool stop; /* written by stop(), read by the thread */
    /* Written by the thread, read by status(). */
    _Atomic uint64_t version, items, bad_records, records;
};

static void free_version(void *thing) {
    struct fr_catalog_version *v = thing;
    fr_features_free(v->features);
    fr_catalog_fini(&v->catalog);
    fr_dict_fini(&v->ids);
    free(v);
}

/* ---- records ---- */

static void tell(struct fr_catalog_follow *f, const struct fr_record *r,
                 const struct fr_item_faults *faults) {
    uint64_t before = atomic_fetch_add(&f->bad_records, 1);
    if (before == FAULTS_LOGGED) fr_log(FR_LOG_WARN, "ITEM-FAULTS", "text=\"more are counted, not told\"");
    if (before >= FAULTS_LOGGED) return;
    for (uint32_t i = 0; i < faults->n; i++)
        fr_log(FR_LOG_WARN, "ITEM-FAULT", "partition=%d offset=%lld field=\"%s\" code=%s", (int)r->partition,
               (long long)r->offset, faults->at[i].field, fr_item_fault_name(faults->at[i].code));
}

static void apply(struct fr_catalog_follow *f, const struct fr_record *r) {
    struct fr_item_record item;
    struct fr_item_faults faults;
    atomic_fetch_add(&f->records, 1);
    if (!r->value.ptr) {
        fr_catalog_remove(&f->catalog, fr_dict_find(&f->ids, r->key));
        return;
    }
    fr_arena_clear(&f->arena);
    if (fr_item_record_read(r->value, r->key, &f->arena, &item, &faults))
        fr_catalog_put(&f->catalog, &item);
    else
        tell(f, r, &faults);
}

/* ---- versions ---- */

static void make_version(struct fr_catalog_follow *f) {
    fr_mono_us start_us = fr_clock_mono_us();
    struct fr_catalog_version *v = fr_alloc_zero(1, sizeof *v);
    fr_dict_init(&v->ids);
    fr_catalog_copy_onto(&v->catalog, &f->catalog, &v->ids);
    v->features = fr_features_new(&v->catalog, &f->config.features);
    v->number = atomic_fetch_add(&f->version, 1) + 1;
    v->records = atomic_load(&f->records);
    f->made_changes = f->catalog.changes;
    atomic_store(&f->items, v->catalog.n);
    fr_mono_us took_us = fr_clock_mono_us() - start_us, rest_us = REST_SHARE * took_us;
    fr_mono_us least_us = (fr_mono_us)f->config.interval_ms * 1000;
    f->next_us = fr_clock_mono_us() + (rest_us > least_us ? rest_us : least_us);
    fr_log(FR_LOG_DEBUG, "CATALOG", "version=%llu items=%u features=%u ms=%lld",
           (unsigned long long)v->number, v->catalog.n, v->features->names.n, (long long)(took_us / 1000));
    fr_slot_put(f->slot, v);
}

/* ---- the thread ---- */

static enum fr_err step(struct fr_catalog_follow *f, struct fr_errmsg *msg) {
    struct fr_tail_poll got;
    enum fr_err err = f->tail ? FR_OK : f->config.open_tail(f->config.context, &f->tail, msg);
    if (err == FR_OK) err = f->tail->ops->poll(f->tail, POLL_MS, &got, msg);
    if (err != FR_OK) return err;
    for (uint32_t i = 0; i < got.record_n; i++) apply(f, &got.records[i]);
    bool is_new = atomic_load(&f->version) == 0 || f->catalog.changes != f->made_changes;
    if (got.is_caught_up && is_new && fr_clock_mono_us() >= f->next_us) make_version(f);
    return FR_OK;
}

static void drop_tail(struct fr_catalog_follow *f) {
    if (f->tail) f->tail->ops->close(f->tail);
    f->tail = NULL;
}

static void *follow(void *arg) {
    struct fr_catalog_follow *f = arg;
    while (!atomic_load(&f->stop)) {
        struct fr_errmsg msg = {0};
        enum fr_err err = step(f, &msg);
        if (err == FR_OK) continue;
        fr_log(FR_LOG_WARN, "CATALOG-WAITS", "error=%s text=\"%s\"", fr_err_name(err), msg.text);
        if (err != FR_BUS_DOWN) drop_tail(f); /* reading it again changes nothing */
        for (int slept = 0; slept < RETRY_MS && !atomic_load(&f->stop); slept += 20) fr_clock_sleep_ms(20);
    }
    return NULL;
}

struct fr_catalog_follow *fr_catalog_follow_start(const struct fr_catalog_follow_config *config) {
    struct fr_catalog_follow *f = fr_alloc_zero(1, sizeof *f);
    f->config = *config;
    f->slot = fr_slot_new(free_version);
    fr_dict_init(&f->ids);
    fr_catalog_init(&f->catalog, &f->ids);
    int failed = pthread_create(&f->thread, NULL, follow, f);
    FR_ASSERT(failed == 0);
    return f;
}

struct fr_slot *fr_catalog_follow_slot(struct fr_catalog_follow *f) {
    return f->slot;
}

void fr_catalog_follow_status(struct fr_catalog_follow *f, struct fr_catalog_follow_status *out) {
    *out = (struct fr_catalog_follow_status){atomic_load(&f->version), atomic_load(&f->items),
                                             atomic_load(&f->bad_records), atomic_load(&f->records)};
}

void fr_catalog_follow_stop(struct fr_catalog_follow **follow_at) {
    struct fr_catalog_follow *f = *follow_at;
    if (!f) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    drop_tail(f);
    fr_slot_free(&f->slot);
    fr_catalog_fini(&f->catalog);
    fr_dict_fini(&f->ids);
    fr_arena_fini(&f->arena);
    free(f);
    *follow_at = NULL;
}
