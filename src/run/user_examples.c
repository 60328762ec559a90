/* What the user stage tells the learner: for each thing done with an item, what was known of the user before.
 *
 * The query is taken before the event changes the profile, and sent only if the event counted. */
#include "freshet/run/examples.h"
#include "stage_user_internal.h"

/* Interest, dislike, and what was merely shown; nothing else says whether a list was good. */
static bool teaches(const struct user_stage *s, const struct fr_event *e) {
    bool has_item = e->item_id.len > 0 || e->item_n > 0;
    return has_item && (fr_profile_touches(&s->rules->profile, e->type) || e->type == FR_EVENT_IMPRESSION);
}

const struct fr_query *user_query_before(struct user_stage *s, const struct fr_stage_batch *b,
                                         uint32_t record, const struct fr_user *u) {
    const struct fr_event *e = &s->decoded[record].event;
    if (!s->rules->blend || !teaches(s, e)) return NULL;
    const struct fr_record *r = &b->records[record];
    struct fr_query *q = fr_arena_alloc(b->arena, sizeof *q);
    *q = fr_query_of(u, fr_dict_intern(&s->ids, e->user_id), &s->rules->profile, &s->rules->popularity,
                     &s->ids, FR_EXAMPLE_FOLLOWEES, e->time_ms, fr_live_draw(r->partition, r->offset),
                     b->arena);
    return q;
}

static bool is_known(const struct fr_query *q, uint32_t item) {
    for (uint32_t i = 0; i < q->seed_n; i++)
        if (q->seeds[i].item == item) return true;
    return false;
}

static void add(struct user_stage *s, const struct fr_query *q, const struct fr_event *e,
                struct fr_str item) {
    struct fr_example example = {.before = *q,
                                 .item = fr_dict_intern(&s->ids, item),
                                 .type = e->type,
                                 .weight = (uint32_t)s->rules->events.weight[e->type],
                                 .dislike = e->type == FR_EVENT_DISLIKE,
                                 .sharer = FR_DICT_NONE,
                                 .time_ms = e->time_ms};
    example.is_new = !is_known(q, example.item);
    if (e->referrer_user_id.len) example.sharer = fr_dict_intern(&s->ids, e->referrer_user_id);
    fr_example_writer_add(s->examples, &example);
}

void user_example(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record,
                  const struct fr_query *q) {
    const struct fr_event *e = &s->decoded[record].event;
    if (!q) return;
    if (e->item_id.len) add(s, q, e, e->item_id);
    for (uint32_t i = 0; i < e->item_n; i++) add(s, q, e, e->items[i].item_id);
    if (fr_example_writer_bytes(s->examples) >= FR_EXAMPLE_RECORD_BYTES)
        fr_examples_send(s->examples, &s->text, b->out);
}
