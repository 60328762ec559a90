/* Co-occurrence as the aggregate stage counts it: the user stage's differences are packed and applied to item states in
 * batches, and a row of neighbours is made when a list needs it and it has changed. */
#include "freshet/affinity/neighbors.h"
#include "freshet/affinity/record.h"
#include "eval_stream.h"
#include <stdlib.h>

enum { BATCH = 100, ROW_PAUSE = 5 }; /* events a batch; batches before a row is made again */

struct stream_affinity {
    const struct fr_rules *rules;
    const struct fr_dict *ids;
    struct fr_delta_sink *sink;
    struct fr_delta_record record;
    struct fr_item_scratch scratch;
    struct fr_item_rules item_rules;
    struct fr_item *items;  /* [cap] by number */
    uint32_t *dirty, *made; /* [cap] batch of the last change, of the last row; 0: never */
    uint32_t cap, batch, waiting;
    int32_t epoch;
};

struct stream_affinity *stream_affinity_new(const struct fr_rules *rules, const struct fr_dict *ids) {
    struct stream_affinity *a = fr_alloc_zero(1, sizeof *a);
    a->rules = rules;
    a->ids = ids;
    a->sink = fr_delta_sink_new(ids, 1, 0);
    a->item_rules = (struct fr_item_rules){&rules->popularity, rules->pairs_per_item};
    a->batch = 1;
    return a;
}

void stream_affinity_free(struct stream_affinity *a) {
    for (uint32_t i = 0; i < a->cap; i++) fr_item_fini(&a->items[i]);
    fr_delta_sink_free(&a->sink);
    fr_delta_record_fini(&a->record);
    fr_item_scratch_fini(&a->scratch);
    free(a->items);
    free(a->dirty);
    free(a->made);
    free(a);
}

static void reserve(struct stream_affinity *a) {
    if (a->ids->n <= a->cap) return;
    uint32_t cap = a->ids->n + a->ids->n / 2;
    a->items = fr_realloc(a->items, cap * sizeof *a->items);
    a->dirty = fr_realloc(a->dirty, cap * sizeof *a->dirty);
    a->made = fr_realloc(a->made, cap * sizeof *a->made);
    memset(a->items + a->cap, 0, (cap - a->cap) * sizeof *a->items);
    memset(a->dirty + a->cap, 0, (cap - a->cap) * sizeof *a->dirty);
    memset(a->made + a->cap, 0, (cap - a->cap) * sizeof *a->made);
    a->cap = cap;
}

static void apply_record(struct stream_affinity *a, struct fr_str bytes, struct fr_dict *ids) {
    if (!fr_delta_record_read(&a->record, bytes, ids)) return;
    for (uint32_t i = 0; i < a->record.items_n; i++) {
        const struct fr_delta_record_item *run = &a->record.items[i];
        struct fr_item *item = &a->items[run->item];
        unsigned changes = fr_item_apply(item, &a->item_rules, a->ids, a->record.entries.at + run->first,
                                         run->n, &a->scratch);
        if (changes & (FR_ITEM_PAIRS | FR_ITEM_PRUNED)) a->dirty[run->item] = a->batch;
        if (item->newest > a->epoch) a->epoch = item->newest;
    }
}

static void end_batch(struct stream_affinity *a, struct fr_dict *ids) {
    reserve(a);
    uint32_t n = fr_delta_finish(a->sink);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        fr_delta_sink_record(a->sink, i, &bytes);
        apply_record(a, bytes, ids);
    }
    fr_delta_sink_clear(a->sink);
    a->batch++;
    a->waiting = 0;
}

void stream_affinity_emit(struct stream_affinity *a, const struct fr_user *u, const struct fr_user_effects *e,
                          struct fr_dict *ids) {
    const struct fr_profile_rules *rules = &a->rules->profile;
    if (e->changes.n)
        fr_delta_emit(a->sink, rules, &u->history, e->changes.at, e->changes.n, e->group_before,
                      e->group_before);
    if (e->group_before != e->group_after)
        fr_delta_emit(a->sink, rules, &u->history, NULL, 0, e->group_before, e->group_after);
    if (++a->waiting >= BATCH) end_batch(a, ids);
}

static double count_of(void *self, uint32_t item) {
    const struct stream_affinity *a = self;
    return item < a->cap && a->items[item].touched
               ? fr_item_count(&a->items[item], &a->rules->popularity, a->epoch)
               : -1;
}

static void make_row(struct stream_affinity *a, uint32_t item, struct fr_recommender *r) {
    struct fr_neighbor found[FR_NEIGHBORS_MAX];
    struct fr_candidate row[FR_NEIGHBORS_MAX];
    uint32_t n = fr_neighbors_of(&a->items[item], &a->rules->popularity, a->ids, a->epoch,
                                 (struct fr_counts){count_of, a}, a->rules->neighbors, found);
    for (uint32_t i = 0; i < n; i++)
        row[i] = (struct fr_candidate){
            found[i].item, fr_candidate_worth(&a->rules->list, found[i].similarity, found[i].pair)};
    fr_recommender_neighbors(r, item, row, n);
    a->made[item] = a->batch;
}

void stream_affinity_serve(struct stream_affinity *a, const struct fr_query *q, struct fr_recommender *r) {
    for (uint32_t i = 0; i < q->seed_n; i++) {
        uint32_t item = q->seeds[i].item;
        if (item >= a->cap || a->dirty[item] < a->made[item] || !a->dirty[item]) continue;
        if (a->made[item] && a->batch - a->made[item] < ROW_PAUSE) continue;
        make_row(a, item, r);
    }
}
