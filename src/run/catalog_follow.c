#include "freshet/run/catalog_follow.h"
#include "freshet/base/log.h"
#include <stdatomic.h>
#include <stdlib.h>

struct fr_catalog_follow {
    struct fr_topic_follow *topic;
    struct fr_features_params features;
    struct fr_dict ids; /* of the catalogue that is kept up to date */
    struct fr_catalog catalog;
    struct fr_arena arena; /* of one record */
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

static void tell(struct fr_catalog_follow *f, const struct fr_record *r,
                 const struct fr_item_faults *faults) {
    enum fr_fault_telling telling = fr_fault_telling(atomic_fetch_add(&f->bad_records, 1));
    if (telling == FR_FAULT_TELL_LAST)
        fr_log(FR_LOG_WARN, "ITEM-FAULTS", "text=\"more are counted, not told\"");
    for (uint32_t i = 0; i < faults->n && telling == FR_FAULT_TELL; i++)
        fr_log(FR_LOG_WARN, "ITEM-FAULT", "partition=%d offset=%lld field=\"%s\" code=%s", (int)r->partition,
               (long long)r->offset, faults->at[i].field, fr_item_fault_name(faults->at[i].code));
}

static void apply(void *owner, const struct fr_record *r) {
    struct fr_catalog_follow *f = owner;
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

static uint64_t changes(void *owner) { return ((struct fr_catalog_follow *)owner)->catalog.changes; }

static void *make_version(void *owner, uint64_t number) {
    struct fr_catalog_follow *f = owner;
    struct fr_catalog_version *v = fr_alloc_zero(1, sizeof *v);
    fr_dict_init(&v->ids);
    fr_catalog_copy_onto(&v->catalog, &f->catalog, &v->ids);
    v->features = fr_features_new(&v->catalog, &f->features);
    v->number = number;
    v->records = atomic_load(&f->records);
    atomic_store(&f->version, number);
    atomic_store(&f->items, v->catalog.n);
    return v;
}

struct fr_catalog_follow *fr_catalog_follow_start(const struct fr_catalog_follow_config *config) {
    struct fr_catalog_follow *f = fr_alloc_zero(1, sizeof *f);
    f->features = config->features;
    fr_dict_init(&f->ids);
    fr_catalog_init(&f->catalog, &f->ids);
    struct fr_topic_owner owner = {f, "CATALOG", apply, changes, make_version, free_version};
    struct fr_topic_source source = {config->context, config->open_tail, FR_TOPIC_ITEMS, config->interval_ms};
    f->topic = fr_topic_follow_start(&source, &owner);
    return f;
}

struct fr_slot *fr_catalog_follow_slot(struct fr_catalog_follow *f) {
    return fr_topic_follow_slot(f->topic);
}

void fr_catalog_follow_status(struct fr_catalog_follow *f, struct fr_catalog_follow_status *out) {
    *out = (struct fr_catalog_follow_status){atomic_load(&f->version), atomic_load(&f->items),
                                             atomic_load(&f->bad_records), atomic_load(&f->records)};
}

void fr_catalog_follow_stop(struct fr_catalog_follow **follow_at) {
    struct fr_catalog_follow *f = *follow_at;
    if (!f) return;
    fr_topic_follow_stop(&f->topic);
    fr_catalog_fini(&f->catalog);
    fr_dict_fini(&f->ids);
    fr_arena_fini(&f->arena);
    free(f);
    *follow_at = NULL;
}
