#include "bench_steps.h"
#include "freshet/affinity/item_json.h"
#include <stdlib.h>

enum { AHEAD = 8 };

static void push(uint32_t **numbers, size_t *n, size_t *cap, uint32_t number) {
    *numbers = steps_room(*numbers, *n + 1, cap, sizeof **numbers);
    (*numbers)[(*n)++] = number;
}

static uint32_t read_records(struct steps *s, uint32_t n) {
    s->records = steps_room(s->records, n, &s->records_cap, sizeof *s->records);
    uint32_t runs = 0;
    int64_t start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        fr_delta_sink_record(s->sink, i, &bytes);
        bool good = fr_delta_record_read(&s->records[i], bytes, &s->ids);
        FR_ASSERT(good);
        runs += s->records[i].items_n;
    }
    steps_count(s, STEP_READ, start, n);
    return runs;
}

/* A cell for every item of the record, found before the clock starts, as the worker has found them. */
static struct item_cell **cells_of(struct steps *s, const struct fr_delta_record *r) {
    struct item_cell **cells = fr_arena_alloc(&s->batch, r->items_n * sizeof(struct item_cell *));
    s->cells = steps_room(s->cells, s->ids.n, &s->cells_cap, sizeof(struct item_cell *));
    for (uint32_t i = 0; i < r->items_n; i++) {
        struct item_cell **cell = &s->cells[r->items[i].item];
        if (!*cell) *cell = fr_alloc_zero(1, sizeof **cell);
        cells[i] = *cell;
    }
    return cells;
}

static void apply_record(struct steps *s, const struct fr_delta_record *r, struct item_cell **cells) {
    struct fr_item_rules rules = {&s->rules->popularity, s->rules->pairs_per_item};
    for (uint32_t i = 0; i < r->items_n; i++) {
        if (i + 2 * AHEAD < r->items_n) fr_item_prefetch(&cells[i + 2 * AHEAD]->item);
        if (i + AHEAD < r->items_n) fr_item_prefetch_buckets(&cells[i + AHEAD]->item);
        struct fr_item *item = &cells[i]->item;
        fr_item_apply(item, &rules, &s->ids, r->entries.at + r->items[i].first, r->items[i].n, &s->scratch);
        if (item->newest > s->epoch) s->epoch = item->newest;
        cells[i]->count = fr_item_count(item, &s->rules->popularity, s->epoch);
    }
}

static void note_changed(struct steps *s, const struct fr_delta_record *r, struct item_cell **cells) {
    for (uint32_t i = 0; i < r->items_n; i++) {
        if (!cells[i]->changed) push(&s->changed, &s->changed_n, &s->changed_cap, r->items[i].item);
        if (!cells[i]->queued) push(&s->queue, &s->queue_n, &s->queue_cap, r->items[i].item);
        cells[i]->changed = cells[i]->queued = true;
    }
}

static void apply_records(struct steps *s, uint32_t n, uint32_t runs) {
    struct item_cell ***cells = fr_arena_alloc(&s->batch, n * sizeof(struct item_cell **));
    for (uint32_t i = 0; i < n; i++) cells[i] = cells_of(s, &s->records[i]);
    int64_t start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++) apply_record(s, &s->records[i], cells[i]);
    steps_count(s, STEP_APPLY, start, runs);
    for (uint32_t i = 0; i < n; i++) note_changed(s, &s->records[i], cells[i]);
}

static double count_of(void *self, uint32_t item) {
    const struct steps *s = self;
    return item < s->cells_cap && s->cells[item] ? s->cells[item]->count : -1;
}

/* The view of the item's neighbours, in the arena, and the record of the log. */
static struct fr_str publish(struct steps *s, uint32_t number) {
    struct fr_neighbor found[FR_NEIGHBORS_MAX];
    const struct item_cell *c = s->cells[number];
    struct fr_counts counts = {count_of, s};
    struct fr_neighbors view = {s->epoch, c->count, 0, found};
    view.n = fr_neighbors_of(&c->item, &s->rules->popularity, &s->ids, s->epoch, counts, s->rules->neighbors,
                             found);
    fr_buf_clear(&s->text);
    fr_neighbors_json(&view, &s->ids, fr_dict_str(&s->ids, number), 1700000000000, &s->text);
    fr_buf_clear(&s->text);
    fr_neighbors_encode(&view, &s->ids, &s->text);
    return fr_arena_copy(&s->batch, fr_buf_slice(&s->text));
}

static void read_row(struct steps *s, uint32_t number, struct fr_str view_bytes) {
    struct fr_neighbor found[FR_NEIGHBORS_MAX];
    struct fr_neighbors view = {.at = found};
    bool good = fr_neighbors_decode(&view, s->rules->neighbors, &s->ids, view_bytes);
    FR_ASSERT(good);
    struct candidates *row = &s->rows[number];
    row->n = view.n;
    row->at = fr_realloc(row->at, view.n * sizeof *row->at);
    for (uint32_t i = 0; i < view.n; i++)
        row->at[i] = (struct fr_candidate){
            found[i].item, fr_candidate_worth(&s->rules->list, found[i].similarity, found[i].pair)};
}

static void neighbors(struct steps *s) {
    uint32_t most = s->rules->publish_per_batch;
    uint32_t n = s->queue_n < most ? (uint32_t)s->queue_n : most;
    struct fr_str *views = fr_arena_alloc(&s->batch, n * sizeof *views);
    s->rows = steps_room(s->rows, s->ids.n, &s->rows_cap, sizeof *s->rows);
    int64_t start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++) views[i] = publish(s, s->queue[i]);
    steps_count(s, STEP_NEIGHBORS, start, n);
    start = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < n; i++) read_row(s, s->queue[i], views[i]);
    steps_count(s, STEP_ROWS, start, n);
    for (uint32_t i = 0; i < n; i++) s->cells[s->queue[i]]->queued = false;
    memmove(s->queue, s->queue + n, (s->queue_n - n) * sizeof *s->queue);
    s->queue_n -= n;
}

static void encode_items(struct steps *s) {
    int64_t start = fr_clock_cpu_ns();
    fr_buf_clear(&s->text);
    for (size_t i = 0; i < s->changed_n; i++)
        fr_item_encode(&s->cells[s->changed[i]]->item, &s->ids, &s->text);
    steps_count(s, STEP_ENCODE_ITEMS, start, s->changed_n);
}

void steps_items(struct steps *s, uint32_t n) {
    apply_records(s, n, read_records(s, n));
    if (s->outputs) {
        neighbors(s);
        encode_items(s);
    }
    for (size_t i = 0; i < s->changed_n; i++) s->cells[s->changed[i]]->changed = false;
    s->changed_n = 0;
}

void steps_items_fini(struct steps *s) {
    for (size_t i = 0; i < s->cells_cap; i++) {
        if (s->cells[i]) fr_item_fini(&s->cells[i]->item);
        free(s->cells[i]);
    }
    for (size_t i = 0; i < s->rows_cap; i++) free(s->rows[i].at);
    for (size_t i = 0; i < s->records_cap; i++) fr_delta_record_fini(&s->records[i]);
    free(s->cells);
    free(s->rows);
    free(s->records);
    free(s->changed);
    free(s->queue);
    fr_item_scratch_fini(&s->scratch);
}
