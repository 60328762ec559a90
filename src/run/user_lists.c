#include "stage_user_internal.h"
#include <stdio.h>
#include <stdlib.h>

#define MODEL_NAME FR_STR("item-cf")
#define MODEL_VERSION FR_STR("1")

static void candidates_of(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n) {
    const struct user_stage *s = context;
    const struct row *row = item < s->row_cap ? &s->rows[item] : NULL;
    *out = row ? row->candidates : NULL;
    *n = row ? row->n : 0;
}

static struct fr_list make_list(struct user_stage *s, const struct fr_user *u, struct fr_arena *arena) {
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

/* For readers who would rather ask Redis: the record's value, for as long as it is valid. An empty value deletes. */
static void view(struct user_stage *s, const struct fr_stage_batch *b, const struct touched *t,
                 struct fr_str value) {
    if (!s->rules->list_views) return;
    int32_t partition = b->records[t->record].partition;
    fr_outbox_view(b->out, fr_keys_view(&s->lists, "list", partition, t->user_id, b->arena), value);
}

static void withdraw(struct user_stage *s, const struct fr_stage_batch *b, const struct touched *t) {
    struct fr_out out = {.topic = FR_TOPIC_RECOMMENDATIONS, .partition = -1, .key = t->user_id};
    fr_outbox_record(b->out, &out);
    view(s, b, t, FR_STR(""));
}

static struct fr_str cause_topic(const struct user_stage *s, char text[96]) {
    int n = snprintf(text, 96, "%s.%s", s->rules->topic_prefix, fr_topic_info(FR_TOPIC_EVENTS)->suffix);
    return (struct fr_str){text, (uint32_t)n};
}

static void publish(struct user_stage *s, const struct fr_stage_batch *b, const struct touched *t,
                    const struct fr_list *list) {
    const struct fr_record *r = &b->records[t->record];
    char id[37], topic[96];
    struct fr_recommendation_cause cause = {cause_topic(s, topic), r->partition, r->offset};
    struct fr_str surface = fr_str_of(s->rules->surface);
    fr_recommendation_id(&cause, t->user_id, surface, MODEL_VERSION, id);
    struct fr_recommendation rec = {.id = {id, 36},
                                    .user_id = t->user_id,
                                    .surface = surface,
                                    .generated_ms = r->timestamp_ms,
                                    .expires_ms = r->timestamp_ms + s->rules->list_ttl_ms,
                                    .model_name = MODEL_NAME,
                                    .model_version = MODEL_VERSION};
    fr_buf_clear(&s->text);
    fr_recommendation_write(&s->text, &rec, list, &s->ids);
    const struct fr_recommendation_header *h =
        fr_recommendation_headers(&rec, fr_str_of(s->rules->source), b->arena);
    struct fr_header headers[FR_RECOMMENDATION_HEADERS];
    for (unsigned i = 0; i < FR_RECOMMENDATION_HEADERS; i++)
        headers[i] = (struct fr_header){h[i].name, h[i].value};
    struct fr_out out = {.topic = FR_TOPIC_RECOMMENDATIONS,
                         .partition = -1,
                         .key = t->user_id,
                         .value = fr_buf_slice(&s->text),
                         .headers = headers,
                         .header_n = FR_RECOMMENDATION_HEADERS};
    fr_outbox_record(b->out, &out);
    view(s, b, t, out.value);
    fr_outbox_list_since(b->out, t->since_ms);
    fr_stat_add(b->stat, FR_STAT_LISTS_PUBLISHED, 0, 1);
    if (list->fallback) fr_stat_add(b->stat, FR_STAT_LISTS_FALLBACK, 0, 1);
}

/* Once per touched user and batch: under load batches grow and lists coalesce by themselves. */
void user_publish_lists(struct user_stage *s, const struct fr_stage_batch *b) {
    for (uint32_t i = 0; i < s->touched_n; i++) {
        const struct touched *t = &s->touched[i];
        if (!t->due || !t->state) continue;
        if (t->forgotten) {
            withdraw(s, b, t);
            continue;
        }
        struct fr_list list = make_list(s, &t->state->user, b->arena);
        if (list.item_n)
            publish(s, b, t, &list); /* at the very start nothing is known, and nothing is said */
    }
}
