/* synthetic_store.h - a store full of users who like some kinds of items, for tests and measurements of refits: as freshet
 * itself would have stored them.
 *
 * Shape     items fall into kinds of KIND_ITEMS; each user likes two kinds, takes most items from them (the more popular ones
 *           more often) and some from anywhere; times ascend over DAYS days. Partitions by murmur2 as in production.
 * Promise   a function of the arguments. */
#ifndef FR_TESTS_SYNTHETIC_STORE_H
#define FR_TESTS_SYNTHETIC_STORE_H

#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include "freshet/base/rng.h"
#include "freshet/profile/codec.h"
#include "freshet/run/meta.h"
#include "freshet/run/stages.h"
#include <stdio.h>

enum { KIND_ITEMS = 50, DAYS = 60, SYNTHETIC_CHUNK = 1000 };

struct synthetic {
    uint32_t users, items, partitions, touches_least, touches_most; /* of a user */
    fr_time_ms first_ms;
    uint64_t seed;
};

static inline enum fr_err synthetic_put(struct fr_store *store, const struct fr_pair *pairs, uint32_t n) {
    struct fr_errmsg msg = {0};
    enum fr_err err = store->ops->put_start(store, pairs, n, 0, &msg);
    while (err == FR_OK && (err = store->ops->put_poll(store, &msg)) == FR_PENDING) err = FR_OK;
    if (err != FR_OK) fprintf(stderr, "%s\n", msg.text);
    return err;
}

/* Small numbers come up more often: a square root of popularity. */
static inline uint32_t synthetic_skewed(struct fr_rng *r, uint32_t n) {
    double u = fr_rng_uniform(r);
    return (uint32_t)(u * u * n);
}

static inline void synthetic_user(const struct synthetic *s, uint32_t number, const struct fr_rules *rules,
                                  struct fr_dict *ids, struct fr_user_effects *effects,
                                  struct fr_user *user) {
    struct fr_rng r = {s->seed * 1000003 + number};
    uint32_t kinds = s->items / KIND_ITEMS;
    uint32_t liked[2] = {synthetic_skewed(&r, kinds), synthetic_skewed(&r, kinds)};
    uint32_t n = s->touches_least + fr_rng_below(&r, s->touches_most - s->touches_least + 1);
    fr_time_ms step_ms = (fr_time_ms)DAYS * 86400000 / (n + 1),
               at_ms = s->first_ms + fr_rng_below(&r, 86400000);
    char user_id[16], item_id[16];
    for (uint32_t i = 0; i < n; i++, at_ms += step_ms / 2 + fr_rng_below(&r, (uint32_t)step_ms)) {
        uint32_t item = fr_rng_below(&r, 10) < 8
                            ? liked[fr_rng_below(&r, 2)] * KIND_ITEMS + synthetic_skewed(&r, KIND_ITEMS)
                            : synthetic_skewed(&r, kinds * KIND_ITEMS);
        struct fr_event e = {
            .type = FR_EVENT_CLICK, .time_ms = at_ms, .has_time = true, .quantity = 0, .position = -1};
        e.event_value = e.price = (double)NAN;
        e.schema_version = 1;
        e.user_id = (struct fr_str){user_id, (uint32_t)snprintf(user_id, sizeof user_id, "u%u", number)};
        e.item_id = (struct fr_str){item_id, (uint32_t)snprintf(item_id, sizeof item_id, "i%u", item)};
        fr_user_apply(user, &e, &rules->profile, ids, effects);
    }
}

/* One user's value, [stamp, state], in the arena. */
static inline struct fr_str synthetic_value(const struct fr_user *user, const struct fr_rules *rules,
                                            const struct fr_dict *ids, struct fr_buf *scratch,
                                            struct fr_arena *arena) {
    fr_buf_clear(scratch);
    fr_pack_array(scratch, 2);
    fr_pack_int(scratch, 1);
    fr_user_encode(user, &rules->profile, ids, scratch);
    return fr_arena_copy(arena, fr_buf_slice(scratch));
}

static inline enum fr_err synthetic_metas(struct fr_store *store, const struct fr_keys *keys,
                                          struct fr_arena *arena) {
    enum fr_err err = FR_OK;
    for (uint32_t p = 0; p < keys->partitions && err == FR_OK; p++) {
        struct fr_meta_bytes bytes;
        const struct fr_meta meta = {
            .topic = 1, .partitions = keys->partitions, .code = 1, .epoch = 1, .next_offset = 1};
        fr_meta_encode(&meta, &bytes);
        struct fr_pair pair = {fr_keys_meta(keys, (int32_t)p, arena), fr_meta_slice(&bytes)};
        err = synthetic_put(store, &pair, 1);
    }
    return err;
}

static inline enum fr_err synthetic_fill(struct fr_store *store, const char *prefix,
                                         const struct fr_rules *rules, const struct synthetic *s) {
    struct fr_keys keys;
    struct fr_dict ids;
    struct fr_arena arena = {0};
    struct fr_buf scratch = {0};
    struct fr_user_effects effects = {0};
    struct fr_pair pairs[SYNTHETIC_CHUNK];
    uint32_t n = 0;
    fr_keys_init(&keys, prefix, "user", s->partitions, 1);
    fr_dict_init(&ids);
    enum fr_err err = synthetic_metas(store, &keys, &arena);
    for (uint32_t u = 0; u < s->users && err == FR_OK; u++) {
        struct fr_user user;
        char key[24];
        struct fr_str name = {key, (uint32_t)snprintf(key, sizeof key, "u:u%u", u)};
        struct fr_str id = {key + 2, name.len - 2};
        fr_user_init(&user);
        synthetic_user(s, u, rules, &ids, &effects, &user);
        int32_t partition = (int32_t)(fr_murmur2(id) % s->partitions);
        pairs[n].key = fr_keys_state(&keys, partition, name, &arena);
        pairs[n++].value = synthetic_value(&user, rules, &ids, &scratch, &arena);
        fr_user_fini(&user);
        if (n < SYNTHETIC_CHUNK && u + 1 < s->users) continue;
        err = synthetic_put(store, pairs, n);
        n = 0;
        fr_arena_clear(&arena);
    }
    fr_user_effects_fini(&effects);
    fr_buf_fini(&scratch);
    fr_arena_fini(&arena);
    fr_dict_fini(&ids);
    fr_keys_fini(&keys);
    return err;
}

#endif
