/* The user stage: decode, clean, profile, affinity deltas, list.
 *
 * A record names two states: its partition's watermark and its user. Whether an event is late is judged against the
 * watermark as it stood before the event, which is state, never against a clock. Deltas are collected over the batch and
 * summed; lists are made once per touched user when all records of the batch have been applied. */
#include "stage_user_internal.h"
#include "freshet/base/hash.h"
#include "freshet/base/pack.h"
#include "freshet/run/examples.h"
#include "freshet/run/rejects.h"
#include <stdlib.h>

static void begin(struct fr_stage *stage, const struct fr_stage_batch *b) {
    struct user_stage *s = (struct user_stage *)stage;
    if (!s->lists.tags) fr_keys_init(&s->lists, s->rules->topic_prefix, "user", b->input_partitions, 1);
    s->decoded = fr_arena_alloc(b->arena, b->record_n * sizeof *s->decoded);
    for (uint32_t i = 0; i < s->touched_n; i++)
        if (s->touched[i].state) s->touched[i].state->touched = 0;
    s->touched_n = s->wanted_n = 0;
    fr_delta_sink_clear(s->deltas);
    fr_ledger_sink_clear(&s->ledger);
    user_begin_ads(s);
    s->batch_number++;
}

static const struct fr_decode_header *decode_headers(const struct fr_record *r, struct fr_arena *arena) {
    struct fr_decode_header *h = fr_arena_alloc(arena, r->header_n * sizeof *h);
    for (uint32_t i = 0; i < r->header_n; i++)
        h[i] = (struct fr_decode_header){r->headers[i].name, r->headers[i].value};
    return h;
}

static void decode(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants) {
    struct user_stage *s = (struct user_stage *)stage;
    const struct fr_record *r = &b->records[record];
    struct decoded *d = &s->decoded[record];
    struct fr_decode_input in = {r->key, r->value, decode_headers(r, b->arena), r->header_n};
    d->detail = (struct fr_str){"", 0};
    d->reject = fr_decode(s->decoder, &in, b->arena, &d->event, &d->detail);
    if (d->reject == FR_REJECT_NONE)
        d->reject = fr_clean(&s->rules->events, b->arena, r->timestamp_ms, INT64_MIN, &d->event, &d->detail);
    fr_want(wants, FR_STR("w"));
    bool has_user = d->event.user_id.len > 0; /* what is said about items or the clock has none */
    if (d->reject == FR_REJECT_NONE && has_user)
        fr_want(wants, fr_keys_thing(FR_KEY_USER, d->event.user_id, b->arena));
}

static void reject(const struct user_stage *s, const struct fr_stage_batch *b, uint32_t record,
                   enum fr_reject reason, struct fr_str detail) {
    fr_reject_record(&s->base, b, s->rules->topic_prefix, record, reason, detail);
}

static void complete(struct fr_event *e, const struct user_stage *s, const struct fr_user *u) {
    struct fr_completion known = {.gap_ms = s->rules->profile.session_gap_ms,
                                  .currency = fr_str_of(u->currency)};
    if (u->sessions.last_id) {
        known.session_id = (struct fr_str){u->sessions.last_id, u->sessions.last_id_len};
        known.session_start_ms = known.session_end_ms = u->sessions.last_id_ms;
    }
    fr_complete(e, &known);
}

static void touch(struct user_stage *s, const struct fr_stage_batch *b, uint32_t record, struct user_state *u,
                  bool forgotten, bool allowed_before) {
    if (u->touched == 0) {
        if (s->touched_n == s->touched_cap) {
            s->touched_cap = s->touched_cap ? s->touched_cap * 2 : 1024;
            s->touched = fr_realloc(s->touched, s->touched_cap * sizeof *s->touched);
        }
        s->touched[s->touched_n++] = (struct touched){.state = u,
                                                      .user_id = s->decoded[record].event.user_id,
                                                      .allowed_before = allowed_before,
                                                      .since_ms = b->records[record].timestamp_ms};
        u->touched = s->touched_n;
    }
    struct touched *t = &s->touched[u->touched - 1];
    t->record = record;
    t->forgotten = forgotten;
    t->due |= forgotten || s->effects.list_due;
    t->scores_due |= forgotten || s->effects.scores_due;
}

/* Each change of strengths under the group as it was, then the change of group under the strengths as they are. */
static void emit(struct user_stage *s, const struct fr_user *u) {
    const struct fr_user_effects *e = &s->effects;
    const struct fr_profile_rules *rules = &s->rules->profile;
    if (e->changes.n)
        fr_delta_emit(s->deltas, rules, &u->history, e->changes.at, e->changes.n, e->group_before,
                      e->group_before);
    if (e->group_before != e->group_after)
        fr_delta_emit(s->deltas, rules, &u->history, NULL, 0, e->group_before, e->group_after);
}

static void count(const struct fr_stage_batch *b, const struct fr_event *e, enum fr_user_outcome outcome) {
    if (outcome == FR_USER_APPLIED || outcome == FR_USER_FORGOTTEN)
        fr_stat_add(b->stat, FR_STAT_EVENTS_PROCESSED, e->type, 1);
    if (outcome == FR_USER_DUPLICATE) fr_stat_add(b->stat, FR_STAT_EVENTS_DUPLICATE, 0, 1);
    if (outcome == FR_USER_NO_CONSENT) fr_stat_add(b->stat, FR_STAT_EVENTS_NO_CONSENT, 0, 1);
}

static void apply(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    struct user_stage *s = (struct user_stage *)stage;
    struct decoded *d = &s->decoded[record];
    user_permits_record(s, b, record, silent);
    if (d->reject != FR_REJECT_NONE) {
        if (!silent) reject(s, b, record, d->reject, d->detail);
        return;
    }
    if (cell_n < 2 || !cells[0] || !cells[1]) return; /* nobody's event, or the stored state has it */
    struct watermark_state *w = cells[0]->state;
    struct user_state *u = cells[1]->state;
    struct fr_event *e = &d->event;
    bool late = w->watermark_ms != INT64_MIN &&
                e->type != FR_EVENT_AD_WITHHELD && /* it queues behind a backlog */
                e->time_ms < w->watermark_ms - s->rules->events.lateness_ms;
    if (late) {
        if (!silent) reject(s, b, record, FR_REJECT_TOO_LATE, FR_STR("timestamp"));
        return;
    }
    complete(e, s, &u->user);
    const struct fr_query *before = silent ? NULL : user_query_before(s, b, record, &u->user);
    bool allowed_ads = user_allows_ads(s, &u->user);
    struct user_ad_before ad_before = user_ledger_before(s, e, &u->user);
    if (!silent) user_audience_before(s, b, u);
    enum fr_user_outcome outcome = fr_user_apply(&u->user, e, &s->rules->profile, &s->ids, &s->effects);
    cells[1]->bytes = (uint32_t)fr_user_bytes(&u->user);
    if (outcome != FR_USER_RATE_CAPPED) w->watermark_ms = fr_watermark_advance(w->watermark_ms, e);
    if (outcome == FR_USER_FORGOTTEN) u->withheld_n = 0;
    if (e->time_ms > s->newest_ms) s->newest_ms = e->time_ms;
    if (silent) return;
    if (outcome == FR_USER_RATE_CAPPED) reject(s, b, record, FR_REJECT_RATE_CAPPED, e->user_id);
    emit(s, &u->user);
    if (outcome == FR_USER_APPLIED) user_example(s, b, record, before);
    if (outcome == FR_USER_APPLIED) user_ledger_event(s, e, &u->user, &ad_before);
    user_ad_example(s, b, record, &u->user, outcome, allowed_ads);
    count(b, e, outcome);
    if (fr_murmur2(e->user_id) % b->input_partitions != (uint32_t)b->records[record].partition)
        fr_stat_add(b->stat, FR_STAT_EVENTS_MISROUTED, 0, 1);
    bool changed = s->effects.list_due || s->effects.scores_due;
    if (outcome == FR_USER_FORGOTTEN || (changed && outcome != FR_USER_DUPLICATE))
        touch(s, b, record, u, outcome == FR_USER_FORGOTTEN, allowed_ads);
}

static void send_deltas(struct user_stage *s, const struct fr_stage_batch *b) {
    uint32_t n = fr_delta_finish(s->deltas);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_out out = {.topic = FR_TOPIC_AFFINITY};
        out.partition = (int32_t)fr_delta_sink_record(s->deltas, i, &out.value);
        fr_outbox_record(b->out, &out);
    }
}

/* How far each partition has been applied. */
static void note_through(struct user_stage *s, const struct fr_stage_batch *b) {
    if (!s->through) s->through = fr_alloc_zero(b->input_partitions, sizeof *s->through);
    for (uint32_t i = 0; i < b->record_n; i++) s->through[b->records[i].partition] = b->records[i].offset;
}

static bool has_more(struct fr_stage *stage, fr_time_ms now_ms) {
    (void)now_ms;
    struct user_stage *s = (struct user_stage *)stage;
    return user_sweep_is_due(s) || user_scores_sweep_is_due(s);
}

static void finish(struct fr_stage *stage, const struct fr_stage_batch *b) {
    struct user_stage *s = (struct user_stage *)stage;
    send_deltas(s, b);
    fr_examples_send(s->examples, &s->text, b->out);
    note_through(s, b);
    user_note_causes(s, b);
    user_publish_lists(s, b);
    user_sweep(s, b);
    user_publish_audiences(s, b);
    user_publish_propensities(s, b);
    user_publish_scores(s, b);
    user_sweep_scores(s, b);
    user_ledger_send(s, b);
    user_permits_send(s, b);
    user_end_ads(s, b);
}

static void *state_decode(struct fr_stage *stage, struct fr_str key, struct fr_str bytes) {
    struct user_stage *s = (struct user_stage *)stage;
    if (key.ptr[0] == FR_KEY_WATERMARK) {
        struct watermark_state *w = fr_alloc(sizeof *w);
        struct fr_reader r = fr_reader_of(bytes);
        w->watermark_ms = bytes.len ? fr_pack_read_int(&r) : INT64_MIN;
        if (r.ok) return w;
        free(w);
        return NULL;
    }
    struct user_state *u = fr_alloc_zero(1, sizeof *u);
    fr_user_init(&u->user);
    u->user_id = (struct fr_str){key.ptr + 2, key.len - 2};
    user_states_add(s, u);
    if (bytes.len == 0 || fr_user_decode(&u->user, bytes, &s->rules->profile, &s->ids, NULL) == FR_OK)
        return u;
    user_states_remove(s, u);
    free(u);
    return NULL;
}

static void state_encode(struct fr_stage *stage, struct fr_str key, const void *state, struct fr_buf *out) {
    struct user_stage *s = (struct user_stage *)stage;
    if (key.ptr[0] == FR_KEY_USER) {
        fr_user_encode(&((const struct user_state *)state)->user, &s->rules->profile, &s->ids, out);
        return;
    }
    const struct watermark_state *w = state;
    if (w->watermark_ms != INT64_MIN) fr_pack_int(out, w->watermark_ms);
}

static void state_free(struct fr_stage *stage, struct fr_str key, void *state) {
    struct user_stage *s = (struct user_stage *)stage;
    if (key.ptr[0] == FR_KEY_USER) {
        struct user_state *u = state;
        if (u->touched && u->touched <= s->touched_n) s->touched[u->touched - 1].state = NULL;
        user_states_remove(s, u);
        fr_user_fini(&u->user);
        free(u->withheld);
    }
    free(state);
}

static void partition_dropped(struct fr_stage *stage, int32_t partition) {
    user_permits_dropped((struct user_stage *)stage, partition);
}

static void free_stage(struct fr_stage *stage) {
    struct user_stage *s = (struct user_stage *)stage;
    user_views_fini(s);
    user_ads_fini(s);
    user_permits_fini(s);
    fr_arena_fini(&s->scratch);
    fr_keys_fini(&s->views);
    fr_keys_fini(&s->lists);
    fr_decoder_free(&s->decoder);
    fr_user_effects_fini(&s->effects);
    fr_delta_sink_free(&s->deltas);
    fr_ranker_free(s->ranker);
    fr_example_writer_free(s->examples);
    fr_ad_writer_free(s->ad_examples);
    fr_ledger_sink_fini(&s->ledger);
    user_drop_ads(s);
    fr_live_lister_free(s->lister);
    fr_buf_fini(&s->text);
    fr_dict_fini(&s->ids);
    free(s->through);
    free(s->touched);
    free(s);
}

static const struct fr_stage_ops ops = {.name = "user",
                                        .input = FR_TOPIC_EVENTS,
                                        .begin = begin,
                                        .decode = decode,
                                        .apply = apply,
                                        .views_wanted = user_views_wanted,
                                        .views_loaded = user_views_loaded,
                                        .finish = finish,
                                        .has_more = has_more,
                                        .state_decode = state_decode,
                                        .state_encode = state_encode,
                                        .state_free = state_free,
                                        .partition_dropped = partition_dropped,
                                        .free = free_stage};

struct fr_stage *fr_stage_user_new(const struct fr_rules *rules, uint32_t affinity_partitions,
                                   const struct fr_stage_feeds *feeds) {
    struct user_stage *s = fr_alloc_zero(1, sizeof *s);
    s->base = (struct fr_stage){&ops, 0};
    s->rules = rules;
    fr_keys_init(&s->views, rules->topic_prefix, "aggregate", affinity_partitions, 1);
    fr_dict_init(&s->ids);
    s->decoder = fr_decoder_new(&rules->events);
    s->deltas = fr_delta_sink_new(&s->ids, affinity_partitions, 0);
    s->ranker = fr_ranker_new();
    if (feeds) s->feeds = *feeds;
    s->examples = fr_example_writer_new(&s->ids);
    s->ad_examples = fr_ad_writer_new();
    s->lister = fr_live_lister_new(&s->ids);
    s->ads.scorer = fr_ad_scorer_new();
    fr_ledger_sink_init(&s->ledger, &s->ids, affinity_partitions, 0);
    return &s->base;
}
