/* From polled records to a batch: decode, load, validate, apply, finish.
 *
 * Problem   the store may be away for minutes at any step, and the records must be neither lost nor applied
 * twice. Choice    everything up to the load can be repeated; nothing is applied before the load and the
 * validation have succeeded, and then everything is, without I/O in between. The validation reads each
 * touched partition's meta value after the states, on the same connection: if it is still ours, so is
 * everything read before it. Invariant between two steps of the worker, a record is either in the input or in
 * a batch or not polled yet. */
#include "freshet/base/failpoint.h"
#include "freshet/base/log.h"
#include "freshet/base/pack.h"
#include "worker_internal.h"
#include <stdlib.h>

static void *room_for(void *array, uint32_t n, uint32_t *cap, size_t element) {
    if (n < *cap) return array;
    while (*cap <= n) *cap = *cap ? *cap * 2 : 1024;
    return fr_realloc(array, *cap * element);
}

void input_discard(struct fr_worker *w) {
    w->input.phase = INPUT_NONE;
    w->input.n = w->input.cell_n = w->input.missing_n = 0;
    fr_arena_clear(&w->input.arena);
    for (uint32_t i = 0; i < w->config.input_partitions; i++)
        w->parts[i].touched = w->parts[i].touched_live = false;
}

void input_forget(struct fr_worker *w, const struct part *p) {
    struct input *in = &w->input;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < in->missing_n; i++)
        if (in->missing[i]->partition != p->number) in->missing[kept++] = in->missing[i];
    in->missing_n = kept;
}

void input_fini(struct fr_worker *w) {
    struct input *in = &w->input;
    free(in->records);
    free(in->cells);
    free(in->first);
    free(in->missing);
    fr_arena_fini(&in->arena);
}

void fr_want(struct fr_wants *wants, struct fr_str key) {
    struct input *in = &wants->worker->input;
    struct fr_cell *cell = fr_cells_get(&wants->part->cells, key);
    cell->partition = wants->part->number;
    in->cells = room_for(in->cells, in->cell_n, &in->cell_cap, sizeof(struct fr_cell *));
    in->cells[in->cell_n++] = cell;
    if (cell->loaded) return;
    in->missing = room_for(in->missing, in->missing_n, &in->missing_cap, sizeof(struct fr_cell *));
    in->missing[in->missing_n++] = cell;
}

static struct fr_stage_batch stage_batch(struct fr_worker *w, struct fr_outbox *out) {
    struct fr_stage_batch b = {.records = w->input.records,
                               .record_n = w->input.n,
                               .arena = &w->input.arena,
                               .out = out,
                               .stat = w->config.stat,
                               .input_partitions = w->config.input_partitions,
                               .now_ms = w->now_ms};
    for (unsigned t = 0; t < FR_TOPIC_N; t++)
        b.partitions[t] = w->bus->ops->partitions(w->bus, (enum fr_topic)t);
    return b;
}

/* Whether a polled record is to be applied: ours, in order, verified. */
static enum fr_err admit(struct fr_worker *w, const struct fr_record *r, bool *usable,
                         struct fr_errmsg *msg) {
    struct part *p = &w->parts[r->partition];
    *usable = false;
    if (!w->owned[r->partition]) return FR_OK;
    if (p->state == PART_VERIFYING) return verify_record(w, p, r, msg);
    *usable = p->state == PART_LIVE && r->offset >= p->position;
    return FR_OK;
}

enum fr_err input_take(struct fr_worker *w, const struct fr_bus_poll *polled, struct fr_errmsg *msg) {
    struct input *in = &w->input;
    FR_ASSERT(in->phase == INPUT_NONE);
    in->started_us = fr_clock_mono_us();
    for (uint32_t i = 0; i < polled->record_n; i++) {
        bool usable;
        enum fr_err err = admit(w, &polled->records[i], &usable, msg);
        if (err != FR_OK) return err;
        if (!usable) continue;
        in->records = room_for(in->records, in->n, &in->cap, sizeof *in->records);
        in->records[in->n++] = polled->records[i];
    }
    if (in->n == 0) return FR_OK;
    fr_failpoint("C1");
    in->first = fr_realloc(in->first, (in->n + 1) * sizeof *in->first);
    struct fr_stage_batch b = stage_batch(w, NULL);
    w->stage->ops->begin(w->stage, &b);
    for (uint32_t i = 0; i < in->n; i++) {
        in->first[i] = in->cell_n;
        struct fr_wants wants = {w, &w->parts[in->records[i].partition]};
        wants.part->touched = true;
        w->stage->ops->decode(w->stage, &b, i, &wants);
    }
    in->first[in->n] = in->cell_n;
    in->phase = INPUT_DECODED;
    return FR_OK;
}

static enum fr_err install(struct fr_worker *w, struct fr_cell *cell, struct fr_str value,
                           struct fr_errmsg *msg) {
    if (cell->loaded) return FR_OK; /* named twice */
    struct fr_str state = {NULL, 0};
    cell->stamp = -1;
    if (value.len) {
        struct fr_reader r = fr_reader_of(value);
        bool shaped = fr_pack_read_array(&r) == 2;
        cell->stamp = fr_pack_read_int(&r);
        state = (struct fr_str){(const char *)r.at, (uint32_t)(r.end - r.at)};
        if (!shaped || !r.ok) state = (struct fr_str){NULL, 0};
        if (!state.len)
            return fr_err_set(msg, FR_STATE_CORRUPT,
                              "the value of a key of %s partition %d is not [stamp, state]",
                              w->stage->ops->name, cell->partition);
    }
    cell->state = w->stage->ops->state_decode(w->stage, cell->key, state);
    if (!cell->state)
        return fr_err_set(msg, FR_STATE_CORRUPT, "the state under a key of %s partition %d cannot be read",
                          w->stage->ops->name, cell->partition);
    cell->loaded = true;
    fr_cells_resize(&w->parts[cell->partition].cells, cell, cell->bytes ? cell->bytes : state.len + 64);
    return FR_OK;
}

static uint32_t touched_parts(struct fr_worker *w) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->config.input_partitions; i++) n += w->parts[i].touched;
    return n;
}

/* What was loaded for a partition counts only if its meta value is still ours. */
static void validate(struct fr_worker *w, const struct fr_str *metas) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < w->config.input_partitions; i++) {
        struct part *p = &w->parts[i];
        if (!p->touched) continue;
        struct fr_str value = metas[at++];
        if (!w->config.conditions.validate || meta_is_ours(p, value)) continue;
        part_drop(w, p, "the store went back or was taken over");
    }
}

/* Loads the missing states and, behind them, the metas. Partitions that fail the validation are dropped;
 * part->touched is then false and their records are skipped. */
static enum fr_err load(struct fr_worker *w, struct fr_errmsg *msg) {
    struct input *in = &w->input;
    uint32_t metas = touched_parts(w), n = in->missing_n + metas;
    struct fr_str *keys = fr_arena_alloc(&w->scratch, n * sizeof *keys);
    struct fr_str *values = fr_arena_alloc(&w->scratch, n * sizeof *values);
    for (uint32_t i = 0; i < in->missing_n; i++)
        keys[i] = fr_keys_state(&w->keys, in->missing[i]->partition, in->missing[i]->key, &w->scratch);
    for (uint32_t i = 0, at = in->missing_n; i < w->config.input_partitions; i++)
        if (w->parts[i].touched) keys[at++] = fr_keys_meta(&w->keys, (int32_t)i, &w->scratch);
    fr_mono_us start = fr_clock_mono_us();
    enum fr_err err = w->store->ops->load(w->store, keys, n, values, &w->scratch, msg);
    if (err != FR_OK) return err;
    STAT(w, STORE_KEYS_LOADED, in->missing_n);
    fr_stat_observe(w->config.stat, FR_STAT_LOAD_SECONDS, w->stage->stat_label,
                    (double)(fr_clock_mono_us() - start) * 1e-6);
    for (uint32_t i = 0; i < in->missing_n && err == FR_OK; i++)
        err = install(w, in->missing[i], values[i], msg);
    if (err == FR_OK) validate(w, values + in->missing_n);
    return err;
}

/* What apply() must know besides the states. Nothing has been applied yet, so a store that is away costs a retry. */
static enum fr_err load_facts(struct fr_worker *w, const struct fr_stage_batch *b, struct fr_errmsg *msg) {
    if (!w->stage->ops->facts_wanted) return FR_OK;
    for (;;) {
        const struct fr_str *keys;
        uint32_t n = w->stage->ops->facts_wanted(w->stage, b, &keys);
        if (n == 0) return FR_OK;
        struct fr_str *values = fr_arena_alloc(&w->scratch, n * sizeof *values);
        enum fr_err err = w->store->ops->load(w->store, keys, n, values, &w->scratch, msg);
        if (err != FR_OK) return err;
        w->stage->ops->facts_loaded(w->stage, b, values, n);
    }
}

static void apply_record(struct fr_worker *w, const struct fr_stage_batch *b, uint32_t i) {
    struct input *in = &w->input;
    const struct fr_record *r = &in->records[i];
    struct part *p = &w->parts[r->partition];
    uint32_t n = in->first[i + 1] - in->first[i];
    struct fr_cell **cells = in->cells + in->first[i];
    bool silent = r->offset < p->committed;
    for (uint32_t c = 0; c < n; c++) {
        if (w->config.conditions.stamps && cells[c]->stamp >= r->offset)
            cells[c] = NULL;
        else
            p->cells.bytes -= cells[c]->bytes;
    }
    w->stage->ops->apply(w->stage, b, i, cells, n, silent);
    for (uint32_t c = 0; c < n; c++) {
        if (!cells[c]) continue;
        p->cells.bytes += cells[c]->bytes;
        cells[c]->stamp = r->offset;
        fr_cells_mark_dirty(&p->cells, cells[c]);
    }
    p->position = r->offset + 1;
    p->touched_live |= !silent;
    if (silent) {
        STAT(w, RECORDS_REPLAYED, 1);
        fr_failpoint("C16");
    }
    if (i + 1 == in->n || in->records[i + 1].partition != r->partition)
        p->fingerprint = fr_meta_fingerprint(r);
}

static void read_views(struct fr_worker *w, const struct fr_stage_batch *b) {
    if (!w->stage->ops->views_wanted) return;
    const struct fr_str *keys;
    uint32_t n = w->stage->ops->views_wanted(w->stage, b, &keys);
    if (n == 0) return;
    struct fr_str *values = fr_arena_alloc(&w->scratch, n * sizeof *values);
    enum fr_err err = w->store->ops->load(w->store, keys, n, values, &w->scratch, NULL);
    if (err != FR_OK)
        fr_log(FR_LOG_WARN, "VIEWS-STALE", "stage=%s error=%s", w->stage->ops->name, fr_err_name(err));
    w->stage->ops->views_loaded(w->stage, b, err == FR_OK ? values : NULL, n);
}

static uint64_t resident_bytes(const struct fr_worker *w) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < w->config.input_partitions; i++) bytes += w->parts[i].cells.bytes;
    return bytes;
}

static void evict(struct fr_worker *w) {
    uint64_t bytes = resident_bytes(w);
    if (bytes <= w->config.cache_bytes) return;
    for (uint32_t i = 0; i < w->config.input_partitions; i++) {
        struct fr_cells *c = &w->parts[i].cells;
        fr_cells_evict(c, w->stage,
                       (uint64_t)((double)c->bytes * (double)w->config.cache_bytes / (double)bytes * .95));
    }
}

static void observe(struct fr_worker *w) {
    struct fr_stat_block *s = w->config.stat;
    unsigned label = w->stage->stat_label;
    STAT(w, RECORDS_READ, w->input.n);
    fr_stat_observe(s, FR_STAT_BATCH_RECORDS, label, w->input.n);
    fr_stat_observe(s, FR_STAT_BATCH_SECONDS, label,
                    (double)(fr_clock_mono_us() - w->input.started_us) * 1e-6);
    fr_stat_set(s, FR_STAT_LAST_RECORD_TIME, label,
                (uint64_t)w->input.records[w->input.n - 1].timestamp_ms / 1000);
    w->records += w->input.n;
    w->last_record_ms = w->now_ms;
}

/* A batch of no records, for what a stage still has to publish. It commits an offset that stands already, so that it is
 * fenced like any other. */
void build_without_records(struct fr_worker *w) {
    struct part *p = NULL;
    for (uint32_t i = 0; i < w->config.input_partitions && !p; i++)
        if (w->owned[i] && w->parts[i].state == PART_LIVE && w->parts[i].committed > 0 &&
            w->parts[i].position == w->parts[i].committed)
            p = &w->parts[i];
    if (!p) return;
    struct batch *b = batch_new(w);
    struct fr_stage_batch sb = stage_batch(w, &b->out);
    w->stage->ops->begin(w->stage, &sb);
    read_views(w, &sb);
    w->stage->ops->finish(w->stage, &sb);
    batch_add_offset(w, b, p, p->committed);
    input_discard(w);
    batch_queue(w, b);
}

static void apply_all(struct fr_worker *w, struct batch *b) {
    struct fr_stage_batch sb = stage_batch(w, &b->out);
    for (uint32_t i = 0; i < w->input.n; i++)
        if (w->parts[w->input.records[i].partition].touched) apply_record(w, &sb, i);
    read_views(w, &sb);
    w->stage->ops->finish(w->stage, &sb);
}

enum fr_err input_build(struct fr_worker *w, struct fr_errmsg *msg) {
    if (!backoff_ready(&w->store_backoff, w->now_ms)) return FR_OK;
    struct fr_errmsg why = {0};
    struct fr_stage_batch before = stage_batch(w, NULL);
    enum fr_err err = load(w, &why);
    if (err == FR_OK) err = load_facts(w, &before, &why);
    if (err != FR_OK) {
        if (fr_err_fate(err) == FR_FATE_FATAL) return fr_err_set(msg, err, "%s", why.text);
        fr_log(FR_LOG_WARN, "LOAD-WAITS", "stage=%s error=%s text=\"%s\"", w->stage->ops->name,
               fr_err_name(err), why.text);
        STAT(w, STORE_RETRIES, 1);
        backoff_fail(&w->store_backoff, w->now_ms);
        return FR_OK;
    }
    backoff_clear(&w->store_backoff);
    struct batch *b = batch_new(w);
    apply_all(w, b);
    b->records = w->input.n;
    for (uint32_t i = 0; i < w->config.input_partitions; i++)
        if (w->parts[i].touched && w->parts[i].touched_live)
            batch_add_offset(w, b, &w->parts[i], w->parts[i].position);
    observe(w);
    input_discard(w);
    batch_queue(w, b);
    fr_failpoint("C2");
    flush_due(w, false);
    evict(w);
    return FR_OK;
}
