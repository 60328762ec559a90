/* The aggregate stage: packed deltas into item states; neighbours and trends out of them.
 *
 * A record touches thousands of items; each is a state of its own. What is similar to an item changes with almost every
 * delta, so neighbours are not published per change: items wait in a queue, each at most once in publish_interval_ms and
 * at most publish_per_batch of them a batch. What is published is an absolute list, so one that comes late is only late.
 *
 * Counts of other items are needed for the similarity. Those of items seen here are exact as of their last delta; those
 * of other owners' items are read from their views. They shape what is published, never a state. */
#include "freshet/affinity/item_json.h"
#include "freshet/base/hash.h"
#include "freshet/run/rejects.h"
#include "stage_aggregate_internal.h"
#include <stdlib.h>

enum { TREND_MS = 1000, COUNTS_WANTED_MAX = 5000, COUNT_TTL_MS = 60000, PREFETCH_AHEAD = 8 };
enum { PUBLISH_LEAST = 16, PUBLISH_PER_MS = 3, PUBLISH_IDLE_MS = 50 };

static void begin(struct fr_stage *stage, const struct fr_stage_batch *b) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    s->bad = fr_arena_zero(b->arena, b->record_n * sizeof *s->bad);
    ledger_begin(s, b);
    if (b->record_n <= s->record_cap) return;
    s->records = fr_realloc(s->records, b->record_n * sizeof *s->records);
    memset(s->records + s->record_cap, 0, (b->record_n - s->record_cap) * sizeof *s->records);
    s->record_cap = b->record_n;
}

static void decode(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    struct fr_delta_record *r = &s->records[record];
    if (ledger_decode(s, b, record, wants)) return;
    s->bad[record] = !fr_delta_record_read(r, b->records[record].value, &s->ids);
    if (s->bad[record]) return; /* only another program can have written it */
    for (uint32_t i = 0; i < r->items_n; i++)
        fr_want(wants, fr_keys_thing(FR_KEY_ITEM, fr_dict_str(&s->ids, r->items[i].item), b->arena));
}

static void make_counts(struct aggregate_stage *s) {
    if (s->ids.n <= s->count_cap) return;
    uint32_t cap = s->ids.cap;
    s->counts = fr_realloc(s->counts, cap * sizeof *s->counts);
    for (uint32_t i = s->count_cap; i < cap; i++) s->counts[i] = (struct known_count){.value = -1};
    s->count_cap = cap;
}

static void note_count(struct aggregate_stage *s, const struct item_state *st) {
    s->counts[st->number] = (struct known_count){fr_item_count(&st->item, &s->rules->popularity, s->epoch),
                                                 s->epoch, 0, true, false};
}

static double count_of(void *self, uint32_t item) {
    const struct aggregate_stage *s = self;
    if (item >= s->count_cap || s->counts[item].value < 0) return -1;
    const struct known_count *c = &s->counts[item];
    return c->epoch == s->epoch
               ? c->value
               : c->value * (double)fr_decay_at(&s->rules->popularity, s->epoch, c->epoch) * 0x1p-32;
}

static void enqueue(struct aggregate_stage *s, struct item_state *st) {
    if (st->queue_at) return;
    if (s->queue_n == s->queue_cap) {
        uint32_t live = s->queue_n - s->queue_head;
        if (s->queue_head > s->queue_cap / 2) { /* the front has been published: move up */
            memmove(s->queue, s->queue + s->queue_head, live * sizeof(struct item_state *));
            for (uint32_t i = 0; i < live; i++)
                if (s->queue[i]) s->queue[i]->queue_at = i + 1;
            s->queue_head = 0;
            s->queue_n = live;
        } else {
            s->queue_cap = s->queue_cap ? s->queue_cap * 2 : 1024;
            s->queue = fr_realloc(s->queue, s->queue_cap * sizeof(struct item_state *));
        }
    }
    s->queue[s->queue_n++] = st;
    st->queue_at = s->queue_n;
}

static struct fr_trends *trends_of(struct aggregate_stage *s, int32_t partition) {
    struct fr_trends **t = &s->trends[partition];
    if (!*t) *t = fr_trends_new(&s->rules->popularity, &s->rules->trend, 0, FR_TREND_GROUPS_MAX);
    s->trends_changed[partition] = true;
    return *t;
}

static void apply_item(struct aggregate_stage *s, const struct fr_stage_batch *b, struct fr_cell *cell,
                       const struct fr_delta *run, uint32_t n) {
    struct item_state *st = cell->state;
    st->partition = cell->partition;
    unsigned changes = fr_item_apply(&st->item, &s->item_rules, &s->ids, run, n, &s->scratch);
    cell->bytes = (uint32_t)(fr_item_bytes(&st->item) + sizeof *st);
    if (!s->has_epoch || st->item.newest > s->epoch) s->epoch = st->item.newest, s->has_epoch = true;
    if (changes & FR_ITEM_COUNTS) {
        note_count(s, st);
        fr_trends_update(trends_of(s, cell->partition), st->number, &st->item, run, n);
    }
    if (changes & (FR_ITEM_PAIRS | FR_ITEM_PRUNED)) enqueue(s, st);
    if (changes & FR_ITEM_PRUNED) fr_stat_add(b->stat, FR_STAT_PAIRS_PRUNED, 0, 1);
}

/* What is published are absolute lists, and they come from the queue: silence changes nothing but rejects. */
static void apply(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    const struct fr_delta_record *r = &s->records[record];
    if (s->bad[record]) {
        if (!silent)
            fr_reject_record(stage, b, s->rules->topic_prefix, record, FR_REJECT_BAD_DELTA, FR_STR(""));
        return;
    }
    if (s->ads.is_ledger[record]) {
        ledger_apply(s, b, record, cells, cell_n);
        return;
    }
    make_counts(s);
    for (uint32_t i = 0; i < cell_n && i < r->items_n; i++) {
        if (i + 2 * PREFETCH_AHEAD < cell_n && cells[i + 2 * PREFETCH_AHEAD])
            fr_item_prefetch(&((struct item_state *)cells[i + 2 * PREFETCH_AHEAD]->state)->item);
        if (i + PREFETCH_AHEAD < cell_n && cells[i + PREFETCH_AHEAD])
            fr_item_prefetch_buckets(&((struct item_state *)cells[i + PREFETCH_AHEAD]->state)->item);
        if (cells[i]) apply_item(s, b, cells[i], r->entries.at + r->items[i].first, r->items[i].n);
    }
    fr_stat_add(b->stat, FR_STAT_DELTAS_APPLIED, 0, r->entries.n);
}

/* ---- publishing ---- */

/* Lists are made for time that has passed, not for batches: a worker that steps often would otherwise do little else,
 * for making one takes as long as applying to ten items. */
static uint32_t publish_most(const struct aggregate_stage *s, fr_time_ms now_ms) {
    fr_time_ms passed_ms = now_ms - s->chosen_ms;
    uint32_t most = s->rules->publish_per_batch;
    if (passed_ms < 0 || passed_ms > (fr_time_ms)most) return most;
    uint32_t allowed = PUBLISH_LEAST + (uint32_t)passed_ms * PUBLISH_PER_MS;
    return allowed < most ? allowed : most;
}

static void choose(struct aggregate_stage *s, const struct fr_stage_batch *b) {
    uint32_t most = publish_most(s, b->now_ms);
    s->chosen_ms = b->now_ms;
    s->chosen = fr_arena_alloc(b->arena, most * sizeof(struct item_state *));
    s->chosen_n = 0;
    uint32_t left = s->queue_n - s->queue_head, look = 4 * most; /* the rest of the queue is younger still */
    for (left = left < look ? left : look; left && s->chosen_n < most; left--) {
        struct item_state *st = s->queue[s->queue_head++];
        if (!st) continue;
        st->queue_at = 0;
        if (b->now_ms - st->published_ms >= s->rules->publish_interval_ms)
            s->chosen[s->chosen_n++] = st;
        else
            enqueue(s, st);
    }
    if (s->queue_head == s->queue_n) s->queue_head = s->queue_n = 0;
}

static void want_counts(struct aggregate_stage *s, const struct fr_stage_batch *b,
                        const struct fr_item *item) {
    for (uint32_t i = item->pairs_at; i < item->groups_at && s->wanted_n < COUNTS_WANTED_MAX; i++) {
        struct known_count *c = &s->counts[fr_code_number(item->buckets[i].code)];
        if (c->own || c->wanted || (c->read_ms && b->now_ms - c->read_ms < COUNT_TTL_MS)) continue;
        c->wanted = true;
        s->wanted[s->wanted_n++] = fr_code_number(item->buckets[i].code);
    }
}

static uint32_t views_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                             const struct fr_str **keys) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    make_counts(s);
    choose(s, b);
    s->wanted = fr_arena_alloc(b->arena, COUNTS_WANTED_MAX * sizeof *s->wanted);
    s->wanted_n = 0;
    for (uint32_t i = 0; i < s->chosen_n; i++) want_counts(s, b, &s->chosen[i]->item);
    struct fr_str *all = fr_arena_alloc(b->arena, (s->wanted_n + pacing_views_most(s)) * sizeof *all);
    for (uint32_t i = 0; i < s->wanted_n; i++) {
        struct fr_str item = fr_dict_str(&s->ids, s->wanted[i]);
        all[i] = fr_keys_view(&s->views, "neighbors", (int32_t)(fr_murmur2(item) % s->views.partitions), item,
                              b->arena);
    }
    *keys = all;
    return s->wanted_n + pacing_views_wanted(s, b, all + s->wanted_n);
}

static void views_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                         uint32_t n) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    (void)n;
    for (uint32_t i = 0; i < s->wanted_n; i++) {
        struct known_count *c = &s->counts[s->wanted[i]];
        c->wanted = false;
        if (!values) continue;
        struct fr_neighbors view = {0};
        bool known = values[i].len && fr_neighbors_decode(&view, 0, &s->ids, values[i]);
        *c = (struct known_count){known ? view.count : -1, known ? view.epoch : s->epoch, b->now_ms, false,
                                  false};
    }
    pacing_views_loaded(s, b, values ? values + s->wanted_n : NULL);
    make_counts(s);
}

/* The neighbours as they are published, for the model that makes lists. */
static void teach_row(struct aggregate_stage *s, const struct fr_stage_batch *b, uint32_t item,
                      const struct fr_neighbor *found, uint32_t n) {
    struct fr_candidate *row = fr_arena_alloc(b->arena, n * sizeof *row);
    for (uint32_t i = 0; i < n; i++)
        row[i] = (struct fr_candidate){
            found[i].item, fr_candidate_worth(&s->rules->list, found[i].similarity, found[i].pair)};
    fr_example_writer_row(s->rows, item, row, n);
    if (fr_example_writer_bytes(s->rows) >= FR_EXAMPLE_RECORD_BYTES)
        fr_examples_send(s->rows, &s->text, b->out);
}

static void publish_item(struct aggregate_stage *s, const struct fr_stage_batch *b, struct item_state *st) {
    struct fr_neighbor found[FR_NEIGHBORS_MAX];
    struct fr_counts counts = {count_of, s};
    struct fr_neighbors view = {s->epoch, fr_item_count(&st->item, &s->rules->popularity, s->epoch), 0,
                                found};
    view.n = fr_neighbors_of(&st->item, &s->rules->popularity, &s->ids, s->epoch, counts, s->rules->neighbors,
                             found);
    struct fr_str id = fr_dict_str(&s->ids, st->number);
    fr_buf_clear(&s->text);
    fr_buf_clear(&s->view);
    fr_time_ms at = b->record_n ? b->records[b->record_n - 1].timestamp_ms : b->now_ms;
    if (view.n) {
        fr_neighbors_json(&view, &s->ids, id, at, &s->text);
        fr_neighbors_encode(&view, &s->ids, &s->view);
    }
    struct fr_out out = {
        .topic = FR_TOPIC_ITEM_NEIGHBORS, .partition = -1, .key = id, .value = fr_buf_slice(&s->text)};
    if (!view.n) out.value = (struct fr_str){NULL, 0};
    fr_outbox_record(b->out, &out);
    fr_outbox_view(b->out, fr_keys_view(&s->views, "neighbors", st->partition, id, b->arena),
                   fr_buf_slice(&s->view));
    if (s->rules->blend) teach_row(s, b, st->number, found, view.n);
    st->published_ms = b->now_ms;
    fr_stat_add(b->stat, FR_STAT_NEIGHBORS_PUBLISHED, 0, 1);
}

static void publish_trends(struct aggregate_stage *s, const struct fr_stage_batch *b, int32_t partition) {
    const uint32_t *groups;
    uint32_t n = fr_trends_groups(s->trends[partition], &groups);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_trend entries[2 * FR_TREND_K];
        uint32_t found = fr_trends_read(s->trends[partition], groups[i], s->epoch, &s->ids, entries);
        fr_buf_clear(&s->view);
        fr_trend_encode(entries, found, s->epoch, &s->ids, &s->view);
        struct fr_str name =
            groups[i] == (uint32_t)FR_TREND_ALL ? FR_STR("") : fr_dict_str(&s->ids, groups[i]);
        fr_outbox_view(b->out, fr_keys_view(&s->views, "trend", partition, name, b->arena),
                       fr_buf_slice(&s->view));
    }
    s->trends_changed[partition] = false;
}

static void finish(struct fr_stage *stage, const struct fr_stage_batch *b) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    for (uint32_t i = 0; i < s->chosen_n; i++) publish_item(s, b, s->chosen[i]);
    s->chosen_n = 0;
    fr_examples_send(s->rows, &s->text, b->out);
    pacing_finish(s, b);
    if (b->now_ms - s->trends_ms < TREND_MS) return;
    s->trends_ms = b->now_ms;
    for (uint32_t p = 0; p < s->views.partitions; p++)
        if (s->trends_changed[p]) publish_trends(s, b, (int32_t)p);
}

static bool has_more(struct fr_stage *stage, fr_time_ms now_ms) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    if (pacing_has_more(s, now_ms)) return true;
    bool due = now_ms - s->trends_ms >= TREND_MS;
    for (uint32_t p = 0; due && p < s->views.partitions; p++)
        if (s->trends_changed[p]) return true;
    if (now_ms - s->chosen_ms >= 0 && now_ms - s->chosen_ms < PUBLISH_IDLE_MS)
        return false; /* let some gather */
    for (uint32_t i = s->queue_head; i < s->queue_n; i++)
        if (s->queue[i]) return now_ms - s->queue[i]->published_ms >= s->rules->publish_interval_ms;
    return false;
}

/* ---- states ---- */

static void *state_decode(struct fr_stage *stage, struct fr_str key, struct fr_str bytes) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    if (key.ptr[0] == FR_KEY_LEDGER) return ledger_state_decode(s, key, bytes);
    struct item_state *st = fr_alloc_zero(1, sizeof *st);
    st->number = fr_dict_intern(&s->ids, (struct fr_str){key.ptr + 2, key.len - 2});
    if (bytes.len && !fr_item_decode(&st->item, &s->ids, bytes)) {
        free(st);
        return NULL;
    }
    make_counts(s);
    if (bytes.len) note_count(s, st);
    return st;
}

static void state_encode(struct fr_stage *stage, struct fr_str key, const void *state, struct fr_buf *out) {
    const struct item_state *st = state;
    if (key.ptr[0] == FR_KEY_LEDGER) {
        fr_ledger_encode(&((const struct ledger_state *)state)->ledger, out);
        return;
    }
    if (!fr_item_is_empty(&st->item)) fr_item_encode(&st->item, &((struct aggregate_stage *)stage)->ids, out);
}

static void state_free(struct fr_stage *stage, struct fr_str key, void *state) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    if (key.ptr[0] == FR_KEY_LEDGER) {
        ledger_state_free(s, state);
        return;
    }
    struct item_state *st = state;
    if (st->queue_at) s->queue[st->queue_at - 1] = NULL;
    fr_item_fini(&st->item);
    free(st);
}

static void partition_dropped(struct fr_stage *stage, int32_t partition) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    fr_trends_free(&s->trends[partition]);
    s->trends_changed[partition] = false;
    pacing_partition_dropped(s, partition);
    for (uint32_t i = 0; i < s->count_cap; i++) s->counts[i].own = false; /* others may own them now */
}

static void free_stage(struct fr_stage *stage) {
    struct aggregate_stage *s = (struct aggregate_stage *)stage;
    for (uint32_t p = 0; p < s->views.partitions; p++) fr_trends_free(&s->trends[p]);
    for (uint32_t i = 0; i < s->record_cap; i++) fr_delta_record_fini(&s->records[i]);
    free(s->records);
    free(s->trends);
    free(s->trends_changed);
    free(s->queue);
    free(s->counts);
    ledger_fini(s);
    fr_item_scratch_fini(&s->scratch);
    fr_buf_fini(&s->text);
    fr_buf_fini(&s->view);
    fr_example_writer_free(s->rows);
    fr_keys_fini(&s->views);
    fr_dict_fini(&s->ids);
    free(s);
}

static const struct fr_stage_ops ops = {.name = "aggregate",
                                        .input = FR_TOPIC_AFFINITY,
                                        .begin = begin,
                                        .decode = decode,
                                        .apply = apply,
                                        .views_wanted = views_wanted,
                                        .views_loaded = views_loaded,
                                        .finish = finish,
                                        .has_more = has_more,
                                        .state_decode = state_decode,
                                        .state_encode = state_encode,
                                        .state_free = state_free,
                                        .partition_dropped = partition_dropped,
                                        .free = free_stage};

struct fr_stage *fr_stage_aggregate_new(const struct fr_rules *rules, uint32_t affinity_partitions,
                                        const struct fr_stage_feeds *feeds) {
    struct aggregate_stage *s = fr_alloc_zero(1, sizeof *s);
    s->base = (struct fr_stage){&ops, 1};
    s->rules = rules;
    if (feeds) s->feeds = *feeds;
    s->item_rules = (struct fr_item_rules){&rules->popularity, rules->pairs_per_item};
    fr_keys_init(&s->views, rules->topic_prefix, "aggregate", affinity_partitions, 1);
    fr_dict_init(&s->ids);
    s->rows = fr_example_writer_new(&s->ids);
    s->trends = fr_alloc_zero(affinity_partitions, sizeof(struct fr_trends *));
    s->trends_changed = fr_alloc_zero(affinity_partitions, sizeof *s->trends_changed);
    s->ads.partitions = fr_alloc_zero(affinity_partitions, sizeof *s->ads.partitions);
    return &s->base;
}
