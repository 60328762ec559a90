/* A list by the live model: the profile's numbers become the model's, the rest is recommend's.
 *
 * What the model has never heard of cannot speak for anything, nor be shown, so it is left out of the query. Names are
 * looked up once per model and remembered, for a user's history is the same as it was in the batch before. */
#include "freshet/run/live_list.h"
#include "freshet/base/hash.h"
#include "freshet/recommend/example_record.h"
#include "freshet/recommend/seeds.h"
#include <stdio.h>
#include <stdlib.h>

enum { DRAW_SEED = 0x6472 };

struct fr_live_lister {
    const struct fr_dict *ids;
    struct fr_recommender_use *use;
    uint32_t *translated; /* [cap] number in ids -> number in the model + 1, 0: not looked up yet */
    uint32_t cap;
    char version[FR_LIVE_VERSION_BYTES]; /* of the model they are for */
};

struct fr_live_lister *fr_live_lister_new(const struct fr_dict *ids) {
    struct fr_live_lister *l = fr_alloc_zero(1, sizeof *l);
    l->ids = ids;
    l->use = fr_recommender_use_new();
    return l;
}

void fr_live_lister_free(struct fr_live_lister *l) {
    if (!l) return;
    fr_recommender_use_free(l->use);
    free(l->translated);
    free(l);
}

uint64_t fr_live_draw(int32_t partition, int64_t offset) {
    int64_t place[2] = {partition, offset};
    return fr_hash64(place, sizeof place, DRAW_SEED);
}

static void translate_for(struct fr_live_lister *l, const struct fr_live_model *model) {
    if (l->ids->n > l->cap) {
        free(l->translated);
        l->cap = l->ids->cap;
        l->translated = fr_alloc_zero(l->cap, sizeof *l->translated);
    } else if (strcmp(l->version, model->version) != 0) {
        memset(l->translated, 0, l->cap * sizeof *l->translated);
    }
    memcpy(l->version, model->version, sizeof l->version);
}

static uint32_t translate(struct fr_live_lister *l, const struct fr_dict *names, uint32_t number) {
    if (number == (uint32_t)FR_DICT_NONE) return FR_DICT_NONE;
    uint32_t *known = &l->translated[number];
    if (*known == 0) *known = fr_dict_find(names, fr_dict_str(l->ids, number)) + 1;
    return *known - 1;
}

static void translate_seeds(struct fr_live_lister *l, struct fr_query *q, struct fr_arena *arena) {
    struct fr_seed *seeds = fr_arena_alloc(arena, (q->seed_n + 1) * sizeof *seeds);
    uint32_t n = 0;
    for (uint32_t i = 0; i < q->seed_n; i++) {
        seeds[n] = q->seeds[i];
        seeds[n].item = translate(l, q->ids, q->seeds[i].item);
        n += seeds[n].item != (uint32_t)FR_DICT_NONE;
    }
    q->seeds = seeds;
    q->seed_n = n;
}

static void translate_followees(struct fr_live_lister *l, struct fr_query *q, struct fr_arena *arena) {
    uint32_t *followees = fr_arena_alloc(arena, (q->followee_n + 1) * sizeof *followees), n = 0;
    for (uint32_t i = 0; i < q->followee_n; i++) {
        followees[n] = translate(l, q->ids, q->followees[i]);
        n += followees[n] != (uint32_t)FR_DICT_NONE;
    }
    q->followees = followees;
    q->followee_n = n;
}

struct fr_list fr_live_list(struct fr_live_lister *l, const struct fr_live_model *model,
                            const struct fr_rules *rules, const struct fr_user *u, struct fr_str user_id,
                            uint64_t draw, struct fr_arena *arena) {
    const struct fr_dict *names = fr_recommender_names(model->learner.recommender);
    struct fr_query q = fr_query_of(u, fr_dict_find(names, user_id), &rules->profile, &rules->popularity,
                                    l->ids, FR_EXAMPLE_FOLLOWEES, u->last_ms, draw, arena);
    translate_for(l, model);
    q.ids = names;
    q.group = translate(l, names, q.group);
    translate_seeds(l, &q, arena);
    translate_followees(l, &q, arena);
    return fr_recommender_list(model->learner.recommender, &q, l->use, arena);
}

static struct fr_str events_topic(const struct fr_rules *rules, struct fr_arena *arena) {
    enum { NAME_BYTES = 96 };
    char *text = fr_arena_alloc(arena, NAME_BYTES);
    int n = snprintf(text, NAME_BYTES, "%s.%s", rules->topic_prefix, fr_topic_info(FR_TOPIC_EVENTS)->suffix);
    return (struct fr_str){text, (uint32_t)n};
}

struct fr_recommendation fr_live_head(const struct fr_rules *rules, struct fr_str user_id, int32_t partition,
                                      int64_t offset, int64_t through, uint64_t catalogue,
                                      fr_time_ms generated_ms, struct fr_str model, struct fr_str version,
                                      struct fr_arena *arena) {
    struct fr_recommendation r = {
        .user_id = user_id,
        .surface = fr_str_of(rules->surface),
        .generated_ms = generated_ms,
        .expires_ms = generated_ms + rules->list_ttl_ms,
        .model_name = model,
        .model_version = version,
        .cause = {events_topic(rules, arena), partition, offset, through, catalogue}};
    char *id = fr_arena_alloc(arena, 37);
    fr_recommendation_id(&r.cause, user_id, r.surface, version, id);
    r.id = (struct fr_str){id, 36};
    return r;
}
