/* What readers find in Redis: the trending items and their neighbours, read as any reader would. */
#include "demo.h"
#include "freshet/base/hash.h"
#include "freshet/affinity/trend.h"

enum { PER_PARTITION = 64, PARTITIONS_MAX = 64 };

static enum fr_err load(struct demo_views *v, const struct fr_str *keys, uint32_t n, struct fr_str *values) {
    return v->store->ops->load(v->store, keys, n, values, &v->arena, NULL);
}

/* The views of all partitions, each as of its own epoch, carried to the latest. */
static uint32_t merge(struct demo_views *v, const struct fr_str *values, uint32_t partitions,
                      struct fr_trend *all, struct fr_dict *items) {
    uint32_t n[PARTITIONS_MAX], total = 0;
    int32_t epoch[PARTITIONS_MAX], latest = INT32_MIN;
    for (uint32_t p = 0; p < partitions; p++) {
        n[p] = 0;
        if (!values[p].len ||
            !fr_trend_decode(all + total, PER_PARTITION, &n[p], &epoch[p], items, values[p]))
            continue;
        if (epoch[p] > latest) latest = epoch[p];
        total += n[p];
    }
    for (uint32_t p = 0, at = 0; p < partitions; at += n[p++])
        if (n[p]) fr_trend_carry(all + at, n[p], epoch[p], latest, &v->rules->popularity, &v->rules->trend);
    return total;
}

void demo_views_trending(struct demo_views *v, struct demo_frame *f) {
    uint32_t partitions = v->keys.partitions < PARTITIONS_MAX ? v->keys.partitions : PARTITIONS_MAX;
    struct fr_str keys[PARTITIONS_MAX], values[PARTITIONS_MAX];
    struct fr_trend all[PARTITIONS_MAX * PER_PARTITION];
    fr_arena_clear(&v->arena);
    for (uint32_t p = 0; p < partitions; p++)
        keys[p] = fr_keys_view(&v->keys, "trend", (int32_t)p, FR_STR(""), &v->arena);
    if (load(v, keys, partitions, values) != FR_OK) return; /* the picture keeps what it had */
    uint32_t n = merge(v, values, partitions, all, &f->lists->items);
    f->trending_n = fr_trend_best(all, n, DEMO_TRENDING, true, &f->lists->items);
    for (uint32_t i = 0; i < f->trending_n; i++) f->trending[i] = (struct demo_trending){.item = all[i].item};
}

void demo_views_neighbors(struct demo_views *v, struct demo_frame *f) {
    struct fr_str keys[DEMO_TRENDING], values[DEMO_TRENDING];
    fr_arena_clear(&v->arena);
    for (uint32_t i = 0; i < f->trending_n; i++) {
        struct fr_str item = fr_dict_str(&f->lists->items, f->trending[i].item);
        keys[i] = fr_keys_view(&v->keys, "neighbors", (int32_t)(fr_murmur2(item) % v->keys.partitions), item,
                               &v->arena);
    }
    if (load(v, keys, f->trending_n, values) != FR_OK) return;
    for (uint32_t i = 0; i < f->trending_n; i++) {
        struct fr_neighbors found = {.at = f->trending[i].neighbors};
        if (values[i].len && fr_neighbors_decode(&found, DEMO_NEIGHBORS, &f->lists->items, values[i]))
            f->trending[i].neighbor_n = found.n;
    }
}
