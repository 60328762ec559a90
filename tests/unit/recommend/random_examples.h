/* random_examples.h - a small world whose users take to items, as examples with the history before each: the same story
 * under any numbering of its ids. */
#ifndef FR_TESTS_RANDOM_EXAMPLES_H
#define FR_TESTS_RANDOM_EXAMPLES_H

#include "freshet/base/rng.h"
#include "freshet/recommend/query.h"
#include <stdio.h>
#include <string.h>

enum { WORLD_ITEMS = 60, WORLD_USERS = 25, WORLD_HISTORY = 12, WORLD_FOLLOWEES = 4 };

struct world_user {
    struct fr_seed seeds[WORLD_HISTORY]; /* most recent first */
    uint32_t seed_n;
    uint32_t followees[WORLD_FOLLOWEES], followee_n;
};

struct world {
    struct fr_dict ids;
    uint32_t items[WORLD_ITEMS], user_ids[WORLD_USERS]; /* numbers in ids */
    struct world_user users[WORLD_USERS];
    struct fr_rng rng;
    fr_time_ms now_ms;
};

/* stride: coprime to the number of ids; another one gives other numbers. */
static inline void world_init(struct world *w, uint64_t seed, uint32_t stride) {
    memset(w, 0, sizeof *w);
    fr_dict_init(&w->ids);
    w->rng.state = seed;
    w->now_ms = 1650812741436;
    enum { IDS = WORLD_ITEMS + WORLD_USERS };
    for (uint32_t i = 0; i < IDS; i++) {
        uint32_t at = i * stride % IDS;
        char name[16];
        snprintf(name, sizeof name, at < WORLD_ITEMS ? "i%u" : "u%u", at);
        uint32_t number = fr_dict_intern(&w->ids, fr_str_of(name));
        if (at < WORLD_ITEMS)
            w->items[at] = number;
        else
            w->user_ids[at - WORLD_ITEMS] = number;
    }
}

static inline void world_fini(struct world *w) { fr_dict_fini(&w->ids); }

static inline struct fr_query world_query(const struct world *w, uint32_t user) {
    const struct world_user *u = &w->users[user];
    return (struct fr_query){.ids = &w->ids,
                             .user = w->user_ids[user],
                             .group = FR_DICT_NONE,
                             .seeds = u->seeds,
                             .seed_n = u->seed_n,
                             .followees = u->followees,
                             .followee_n = u->followee_n,
                             .now_ms = w->now_ms};
}

static inline void world_follow(struct world *w, struct world_user *u) {
    uint32_t whom = w->user_ids[fr_rng_below(&w->rng, WORLD_USERS)];
    for (uint32_t i = 0; i < u->followee_n; i++)
        if (u->followees[i] == whom) return;
    if (u->followee_n == WORLD_FOLLOWEES) u->followee_n--;
    memmove(u->followees + 1, u->followees, u->followee_n * sizeof *u->followees);
    u->followees[0] = whom;
    u->followee_n++;
}

/* The next thing that happens; *user is who. Apply it with world_apply. */
static inline struct fr_example world_next(struct world *w, uint32_t *user) {
    struct fr_rng *rng = &w->rng;
    *user = fr_rng_below(rng, WORLD_USERS);
    if (fr_rng_below(rng, 10) == 0) world_follow(w, &w->users[*user]);
    w->now_ms += fr_rng_below(rng, 20) == 0 ? 3600000 : fr_rng_below(rng, 200000);
    uint32_t a = fr_rng_below(rng, WORLD_ITEMS), b = fr_rng_below(rng, WORLD_ITEMS);
    struct fr_example e = {.before = world_query(w, *user),
                           .item = w->items[a < b ? a : b], /* some are popular */
                           .type = FR_EVENT_CLICK,
                           .weight = 1,
                           .is_new = true,
                           .sharer = FR_DICT_NONE,
                           .time_ms = w->now_ms};
    uint32_t kind = fr_rng_below(rng, 20);
    if (kind == 0) e.type = FR_EVENT_DISLIKE, e.weight = 0, e.dislike = true;
    if (kind == 1) e.type = FR_EVENT_IMPRESSION, e.weight = 0;
    if (kind == 2) e.type = FR_EVENT_SHARE, e.weight = 3;
    if (kind >= 17) e.sharer = w->user_ids[fr_rng_below(rng, WORLD_USERS)];
    for (uint32_t i = 0; i < e.before.seed_n; i++)
        if (e.before.seeds[i].item == e.item) e.is_new = false;
    return e;
}

static inline void world_apply(struct world *w, uint32_t user, const struct fr_example *e) {
    struct world_user *u = &w->users[user];
    uint32_t at = 0;
    while (at < u->seed_n && u->seeds[at].item != e->item) at++;
    if (at == WORLD_HISTORY) at--;
    if (at == u->seed_n) u->seed_n++;
    memmove(u->seeds + 1, u->seeds, at * sizeof *u->seeds);
    u->seeds[0] = (struct fr_seed){
        .item = e->item, .strength = e->weight, .disliked = e->dislike, .time_ms = e->time_ms};
}

#endif
