#include "freshet/recommend/seeds.h"
#include <stdlib.h>

struct recency {
    fr_time_ms touch_ms;
    uint32_t entry;
};

/* Most recent first; entries ascend by id, so equal times are in a fixed order. */
static int by_recency(const void *a, const void *b) {
    const struct recency *x = a, *y = b;
    if (x->touch_ms != y->touch_ms) return x->touch_ms < y->touch_ms ? 1 : -1;
    return (x->entry > y->entry) - (x->entry < y->entry);
}

static const struct recency *order_of(const struct fr_history *h, struct fr_arena *arena) {
    struct recency *order = fr_arena_alloc(arena, h->n * sizeof *order);
    for (uint32_t i = 0; i < h->n; i++) order[i] = (struct recency){h->entries[i].touch_ms, i};
    qsort(order, h->n, sizeof *order, by_recency);
    return order;
}

/* What is there and was not taken back. */
static uint32_t types_of(const struct fr_history *h, uint32_t e) {
    const uint64_t *marks = h->marks + h->entries[e].mark_first;
    uint32_t types = 0;
    for (uint32_t i = 0; i < h->entries[e].mark_n; i++) types |= 1u << fr_mark_type(marks[i]);
    return types;
}

const struct fr_seed *fr_seeds_of(const struct fr_user *u, const struct fr_profile_rules *rules,
                                  const struct fr_decay *decay, struct fr_arena *arena) {
    const struct fr_history *h = &u->history;
    const struct recency *order = order_of(h, arena);
    struct fr_seed *seeds = fr_arena_alloc(arena, h->n * sizeof *seeds);
    int32_t now = fr_epoch_of(rules, u->last_ms);
    for (uint32_t i = 0; i < h->n; i++) {
        uint32_t e = order[i].entry;
        struct fr_strength strength = h->entries[e].strength;
        fr_time_ms last;
        seeds[i] = (struct fr_seed){
            .item = h->ids[e],
            .strength = strength.weight * (double)fr_decay_at(decay, now, strength.epoch) * 0x1p-32,
            .disliked = strength.weight == 0 && fr_history_count(h, e, FR_EVENT_DISLIKE, &last) > 0,
            .purchased = fr_history_count(h, e, FR_EVENT_PURCHASE, &last) > 0,
            .time_ms = order[i].touch_ms,
            .types = types_of(h, e)};
    }
    return seeds;
}

/* Those followed now: an undone follow leaves an entry without live times. */
static const uint32_t *followees_of(const struct fr_user *u, uint32_t most, struct fr_arena *arena,
                                    uint32_t *n) {
    const struct fr_history *h = &u->followees;
    const struct recency *order = order_of(h, arena);
    uint32_t *out = fr_arena_alloc(arena, (h->n < most ? h->n : most) * sizeof *out);
    *n = 0;
    for (uint32_t i = 0; i < h->n && *n < most; i++) {
        fr_time_ms last;
        uint32_t e = order[i].entry;
        if (fr_history_count(h, e, FR_EVENT_FOLLOW, &last) > 0) out[(*n)++] = h->ids[e];
    }
    return out;
}

struct fr_query fr_query_of(const struct fr_user *u, uint32_t user, const struct fr_profile_rules *rules,
                            const struct fr_decay *decay, const struct fr_dict *ids, uint32_t followees_most,
                            fr_time_ms now_ms, uint64_t draw, struct fr_arena *arena) {
    struct fr_query q = {.ids = ids,
                         .user = user,
                         .group = u->group,
                         .surface = FR_DICT_NONE,
                         .seeds = fr_seeds_of(u, rules, decay, arena),
                         .seed_n = u->history.n,
                         .now_ms = now_ms,
                         .draw = draw};
    q.followees = followees_of(u, followees_most, arena, &q.followee_n);
    return q;
}
