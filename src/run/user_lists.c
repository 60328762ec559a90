#include "stage_user_internal.h"
#include <stdio.h>
#include <stdlib.h>

#define FIRST_NAME FR_STR("item-cf")
#define FIRST_VERSION FR_STR("1")

static void candidates_of(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n) {
    const struct user_stage *s = context;
    const struct row *row = item < s->row_cap ? &s->rows[item] : NULL;
    *out = row ? row->candidates : NULL;
    *n = row ? row->n : 0;
}

/* Before there is a model: neighbours of what the user touched, and what is popular. */
static struct fr_list first_list(struct user_stage *s, const struct fr_user *u, struct fr_arena *arena) {
    struct fr_list_input in = {.items = &s->ids,
                               .seeds = fr_seeds_of(u, &s->rules->profile, &s->rules->popularity, arena),
                               .seed_n = u->history.n,
                               .candidates_of = candidates_of,
                               .context = s};
    const struct crowd *all = user_crowd(s, (uint32_t)FR_TREND_ALL);
    in.trend = all->trend;
    in.trend_n = all->trend_n;
    const struct crowd *group =
        u->group == (uint32_t)FR_DICT_NONE ? user_crowd(s, (uint32_t)FR_TREND_ALL) : user_crowd(s, u->group);
    in.group = group->popular;
    in.group_n = group->popular_n;
    return fr_list_make(s->ranker, &s->rules->list, &in, arena);
}

/* A list and what it was made with. */
struct made {
    struct fr_list list;
    const struct fr_dict *names;
    struct fr_str model, version;
    uint64_t catalogue;
};

static struct made make_list(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                             const struct fr_live_model *model) {
    struct made m = {.names = &s->ids, .model = FIRST_NAME, .version = FIRST_VERSION};
    if (model) {
        uint64_t draw = fr_live_draw(u->cause.partition, u->cause.offset);
        struct fr_list list = fr_live_list(s->lister, model, s->rules, &u->user, u->user_id, draw, b->arena);
        fr_stat_add(b->stat, FR_STAT_LISTS_BLENDED, 0, list.item_n > 0);
        if (list.item_n)
            return (struct made){list, fr_recommender_names(model->learner.recommender), FR_LIVE_MODEL_NAME,
                                 fr_str_of(model->version), model->catalog.records};
    }
    m.list = first_list(s, &u->user, b->arena);
    return m;
}

/* For readers who would rather ask Redis: the record's value, for as long as it is valid. An empty value deletes. */
static void view(struct user_stage *s, const struct fr_stage_batch *b, int32_t partition,
                 struct fr_str user_id, struct fr_str value) {
    if (s->rules->list_views)
        fr_outbox_view(b->out, fr_keys_view(&s->lists, "list", partition, user_id, b->arena), value);
}

static void withdraw(struct user_stage *s, const struct fr_stage_batch *b, const struct touched *t) {
    struct fr_out out = {.topic = FR_TOPIC_RECOMMENDATIONS, .partition = -1, .key = t->user_id};
    fr_outbox_record(b->out, &out);
    view(s, b, b->records[t->record].partition, t->user_id, FR_STR(""));
}

static void send_list(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                      const struct made *made) {
    struct fr_recommendation rec = fr_live_head(s->rules, u->user_id, u->cause.partition, u->cause.offset,
                                                s->through[u->cause.partition], made->catalogue,
                                                u->cause.timestamp_ms, made->model, made->version, b->arena);
    fr_buf_clear(&s->text);
    fr_recommendation_write(&s->text, &rec, &made->list, made->names);
    const struct fr_recommendation_header *h =
        fr_recommendation_headers(&rec, fr_str_of(s->rules->source), b->arena);
    struct fr_header headers[FR_RECOMMENDATION_HEADERS];
    for (unsigned i = 0; i < FR_RECOMMENDATION_HEADERS; i++)
        headers[i] = (struct fr_header){h[i].name, h[i].value};
    struct fr_out out = {.topic = FR_TOPIC_RECOMMENDATIONS,
                         .partition = -1,
                         .key = u->user_id,
                         .value = fr_buf_slice(&s->text),
                         .headers = headers,
                         .header_n = FR_RECOMMENDATION_HEADERS};
    fr_outbox_record(b->out, &out);
    view(s, b, u->cause.partition, u->user_id, out.value);
}

void user_publish_list(struct user_stage *s, const struct fr_stage_batch *b, const struct user_state *u,
                       const struct fr_live_model *model, fr_time_ms since_ms) {
    struct made made = make_list(s, b, u, model);
    if (!made.list.item_n) return; /* at the very start nothing is known, and nothing is said */
    send_list(s, b, u, &made);
    if (since_ms) fr_outbox_list_since(b->out, since_ms);
    fr_stat_add(b->stat, FR_STAT_LISTS_PUBLISHED, 0, 1);
    if (made.list.fallback) fr_stat_add(b->stat, FR_STAT_LISTS_FALLBACK, 0, 1);
}

static void note_cause(const struct fr_stage_batch *b, const struct touched *t) {
    const struct fr_record *r = &b->records[t->record];
    t->state->cause = (struct cause){r->partition, r->offset, r->timestamp_ms};
    t->state->is_active = !t->forgotten;
}

void user_note_causes(struct user_stage *s, const struct fr_stage_batch *b) {
    for (uint32_t i = 0; i < s->touched_n; i++)
        if (s->touched[i].state) note_cause(b, &s->touched[i]);
}

/* Once per touched user and batch: under load batches grow and lists coalesce by themselves. All lists of a batch are made
 * with one model. */
void user_publish_lists(struct user_stage *s, const struct fr_stage_batch *b) {
    struct fr_slot_hold model = {0};
    if (s->feeds.models) model = fr_slot_take(s->feeds.models);
    for (uint32_t i = 0; i < s->touched_n; i++) {
        const struct touched *t = &s->touched[i];
        if (!t->due || !t->state) continue;
        if (t->forgotten)
            withdraw(s, b, t);
        else
            user_publish_list(s, b, t->state, model.thing, t->since_ms);
    }
    if (s->feeds.models) fr_slot_release(s->feeds.models, &model);
}
