#include "freshet/base/clock.h"
#include "freshet/base/hash.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include "freshet/recommend/seeds.h"
#include "eval_stream.h"
#include <stdlib.h>

enum { FOLLOWEES = 50 };

static double seconds_since(int64_t start_ns) { return (double)(fr_clock_cpu_ns() - start_ns) * 1e-9; }

void stream_world_init(struct stream_world *w, const struct fr_rules *rules,
                       const struct fr_recommender_params *params) {
    *w = (struct stream_world){.rules = rules, .watermark_ms = INT64_MIN};
    w->recommender = fr_recommender_new(params);
    w->use = fr_recommender_use_new();
    w->ids = fr_recommender_ids(w->recommender);
    w->decoder = fr_decoder_new(&rules->events);
    w->affinity = stream_affinity_new(rules, w->ids);
}

void stream_world_fini(struct stream_world *w) {
    for (uint32_t i = 0; i < w->user_cap; i++) {
        if (!w->users[i]) continue;
        fr_user_fini(&w->users[i]->user);
        free(w->users[i]);
    }
    free(w->users);
    stream_affinity_free(w->affinity);
    fr_user_effects_fini(&w->effects);
    fr_decoder_free(&w->decoder);
    fr_arena_fini(&w->arena);
    fr_recommender_use_free(w->use);
    fr_recommender_free(w->recommender);
}

bool stream_world_read(struct stream_world *w, struct fr_str line, struct fr_event *event) {
    fr_arena_clear(&w->arena);
    fr_time_ms record_ms = fr_clock_wall_ms(); /* an event without a time happened now, as in a replay */
    bool good =
        fr_decode_native(w->decoder, line, &w->arena, event, NULL) == FR_REJECT_NONE &&
        fr_clean(&w->rules->events, &w->arena, record_ms, INT64_MIN, event, NULL) == FR_REJECT_NONE &&
        (w->watermark_ms == INT64_MIN || event->time_ms >= w->watermark_ms - w->rules->events.lateness_ms);
    if (!good) w->rejected++;
    return good;
}

struct stream_user *stream_world_user(struct stream_world *w, const struct fr_event *event,
                                      uint32_t *number) {
    *number = fr_dict_intern(w->ids, event->user_id);
    if (*number >= w->user_cap) {
        uint32_t cap = *number + *number / 2 + 1024;
        w->users = fr_realloc(w->users, cap * sizeof(struct stream_user *));
        memset(w->users + w->user_cap, 0, (cap - w->user_cap) * sizeof(struct stream_user *));
        w->user_cap = cap;
    }
    if (!w->users[*number]) {
        w->users[*number] = fr_alloc_zero(1, sizeof(struct stream_user));
        fr_user_init(&w->users[*number]->user);
        w->users[*number]->surface = FR_DICT_NONE;
    }
    return w->users[*number];
}

struct fr_query stream_world_query(struct stream_world *w, const struct stream_user *u, uint32_t number,
                                   const struct fr_event *event) {
    uint64_t draw = fr_hash_mix(fr_hash_str(event->user_id) ^ (uint64_t)event->time_ms);
    struct fr_query q = fr_query_of(&u->user, number, &w->rules->profile, &w->rules->popularity, w->ids,
                                    FOLLOWEES, event->time_ms, draw, &w->arena);
    q.surface = u->surface;
    int64_t start_ns = fr_clock_cpu_ns();
    stream_affinity_serve(w->affinity, &q, w->recommender);
    w->affinity_s += seconds_since(start_ns);
    return q;
}

static void learn_item(struct stream_world *w, const struct stream_user *u, const struct fr_query *before,
                       const struct fr_event *event, struct fr_str item_id) {
    struct fr_example e = {.before = *before,
                           .item = fr_dict_intern(w->ids, item_id),
                           .type = event->type,
                           .weight = (uint32_t)w->rules->events.weight[event->type],
                           .dislike = event->type == FR_EVENT_DISLIKE,
                           .sharer = FR_DICT_NONE,
                           .time_ms = event->time_ms};
    e.is_new = fr_history_find(&u->user.history, e.item) == u->user.history.n;
    if (event->referrer_user_id.len) e.sharer = fr_dict_intern(w->ids, event->referrer_user_id);
    int64_t start_ns = fr_clock_cpu_ns();
    fr_recommender_learn(w->recommender, &e, w->use);
    w->learn_s += seconds_since(start_ns);
    w->learnt++;
}

static bool says_something(const struct stream_world *w, const struct fr_event *event) {
    return w->rules->events.weight[event->type] > 0 || event->type == FR_EVENT_DISLIKE ||
           event->type == FR_EVENT_IMPRESSION;
}

void stream_world_learn(struct stream_world *w, struct stream_user *u, const struct fr_query *before,
                        const struct fr_event *event) {
    if (says_something(w, event)) {
        for (uint32_t i = 0; i < event->item_n; i++) learn_item(w, u, before, event, event->items[i].item_id);
        for (uint32_t i = 0; i < event->impression_n; i++)
            learn_item(w, u, before, event, event->impression[i]);
        if (event->item_id.len) learn_item(w, u, before, event, event->item_id);
    }
    int64_t start_ns = fr_clock_cpu_ns();
    enum fr_user_outcome outcome = fr_user_apply(&u->user, event, &w->rules->profile, w->ids, &w->effects);
    if (event->surface.len) u->surface = fr_dict_intern(w->ids, event->surface);
    if (outcome != FR_USER_RATE_CAPPED) w->watermark_ms = fr_watermark_advance(w->watermark_ms, event);
    stream_affinity_emit(w->affinity, &u->user, &w->effects, w->ids);
    w->affinity_s += seconds_since(start_ns);
}
