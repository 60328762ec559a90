/* The worker: one round of everything, in an order that never waits for two things at once. See worker.h for
 * the states and ../docs in acquire.c, build.c, pipeline.c and flush.c for the parts. */
#include "freshet/run/worker.h"
#include "freshet/base/log.h"
#include "worker_internal.h"
#include <stdio.h>
#include <stdlib.h>

enum { REVOKE_PATIENCE_MS = 5000, BEHIND_MAX = 2000000 };

bool backoff_ready(const struct backoff *b, fr_time_ms now) { return now >= b->until_ms; }

void backoff_fail(struct backoff *b, fr_time_ms now) {
    b->delay_ms = b->delay_ms == 0 ? 5 : b->delay_ms >= 500 ? 1000 : b->delay_ms * 2;
    b->until_ms = now + b->delay_ms;
}

/* ---- what the group says ---- */

static void on_assign(struct fr_worker *w, const struct fr_bus_poll *polled) {
    w->assigned = true;
    w->assignment = polled->assignment;
    STAT(w, REBALANCES, 1);
    fr_log(FR_LOG_INFO, "ASSIGNED", "stage=%s partitions=%u", w->stage->ops->name, polled->partition_n);
    memset(w->owned, 0, w->config.input_partitions * sizeof *w->owned);
    for (uint32_t i = 0; i < polled->partition_n; i++) w->owned[polled->partitions[i]] = true;
    for (uint32_t i = 0; i < w->config.input_partitions; i++) {
        struct part *p = &w->parts[i];
        bool has_memory = p->position >= 0;
        if (w->owned[i]) {
            p->warm = has_memory;
            p->state = PART_ACQUIRE_META;
        } else if (has_memory) {
            part_reset(w, p, PART_PARKED);
        }
    }
}

static enum fr_err answer(struct fr_worker *w, struct fr_errmsg *msg) {
    memset(w->owned, 0, w->config.input_partitions * sizeof *w->owned);
    w->assigned = w->revoking = w->answer_lost = false;
    for (uint32_t i = 0; i < w->config.input_partitions; i++)
        if (w->parts[i].state != PART_LIVE)
            part_reset(w, &w->parts[i], PART_PARKED);
        else
            w->parts[i].state = PART_PARKED;
    return w->bus->ops->stop(w->bus, msg);
}

/* Whether the transaction under way has ended in any way, so that its batch may be let go. */
static bool txn_at_rest(const struct fr_worker *w) {
    return !w->in_flight || w->in_flight->state == TXN_WAITING || w->in_flight->state == TXN_RESOLVING;
}

static enum fr_err lost_step(struct fr_worker *w, struct fr_errmsg *msg) {
    if (!txn_at_rest(w)) return pipeline_step(w, msg);
    drop_all(w, "the group gave the partitions to others");
    return answer(w, msg);
}

/* REVOKE and drain: finish the pipeline, store the state, then let go. */
static enum fr_err let_go_step(struct fr_worker *w, struct fr_errmsg *msg) {
    if (!pipeline_empty(w)) return FR_OK;
    bool patient = w->now_ms < w->revoke_deadline_ms;
    if (patient) flush_due(w, true);
    if (patient && !flush_idle(w)) return FR_OK;
    enum fr_err err = w->assigned ? answer(w, msg) : FR_OK;
    w->drained = w->draining;
    return err;
}

static void start_letting_go(struct fr_worker *w) { w->revoke_deadline_ms = w->now_ms + REVOKE_PATIENCE_MS; }

static enum fr_err on_event(struct fr_worker *w, const struct fr_bus_poll *polled, struct fr_errmsg *msg) {
    switch (polled->event) {
    case FR_BUS_RECORDS: return input_take(w, polled, msg);
    case FR_BUS_ASSIGN: on_assign(w, polled); return FR_OK;
    case FR_BUS_REVOKE:
        w->revoking = true;
        start_letting_go(w);
        return FR_OK;
    case FR_BUS_LOST:
        w->answer_lost = true;
        input_discard(w);
        return FR_OK;
    case FR_BUS_NONE: break;
    }
    return FR_OK;
}

/* ---- one round ---- */

/* Not while too much waits for the store: what is not stored must be replayed after a crash, and is held in memory. */
static bool may_read(const struct fr_worker *w) {
    return w->behind_records < BEHIND_MAX && w->input.phase == INPUT_NONE && !w->queued && !w->revoking &&
           !w->draining && !w->answer_lost && !acquiring(w);
}

static uint32_t patience(const struct fr_worker *w, uint32_t wait_ms) {
    bool something_runs = w->in_flight || w->to_store || w->puts;
    return something_runs && wait_ms > 1 ? 1 : wait_ms;
}

/* FR_PENDING: nothing to do but wait. */
static enum fr_err read_step(struct fr_worker *w, uint32_t wait_ms, struct fr_errmsg *msg) {
    if (!backoff_ready(&w->bus_backoff, w->now_ms)) return FR_PENDING;
    struct fr_bus_poll polled;
    struct fr_errmsg why = {0};
    enum fr_err err = w->bus->ops->poll(w->bus, w->config.batch_records, patience(w, wait_ms), &polled, &why);
    if (err == FR_OK) {
        backoff_clear(&w->bus_backoff);
        return on_event(w, &polled, msg);
    }
    if (err == FR_LOG_GAP && !w->config.conditions.stop_at_gap) { /* negative control: skip to what is left */
        for (uint32_t i = 0; i < w->config.input_partitions; i++) {
            int64_t first, end;
            if (!w->owned[i] || w->bus->ops->log_range(w->bus, (int32_t)i, &first, &end, msg) != FR_OK)
                continue;
            if (w->parts[i].position < first)
                w->bus->ops->restart(w->bus, (struct fr_start){(int32_t)i, first}, msg);
        }
        return FR_OK;
    }
    if (fr_err_fate(err) == FR_FATE_FATAL) return fr_err_set(msg, err, "%s", why.text);
    fr_log(FR_LOG_WARN, "BUS-WAITS", "stage=%s error=%s text=\"%s\"", w->stage->ops->name, fr_err_name(err),
           why.text);
    backoff_fail(&w->bus_backoff, w->now_ms);
    return FR_PENDING;
}

/* A batch of its own that only moves o_k up to o_r, after the record before o_r was recognised. */
static void lift_offsets(struct fr_worker *w) {
    for (uint32_t i = 0; i < w->config.input_partitions && !w->queued; i++) {
        struct part *p = &w->parts[i];
        if (!w->owned[i] || p->state != PART_LIVE || !p->lift) continue;
        p->lift = false;
        fr_log(FR_LOG_WARN, "OFFSET-LIFTED", "stage=%s partition=%d from=%lld to=%lld", w->stage->ops->name,
               p->number, (long long)p->committed, (long long)p->meta.next_offset);
        struct batch *b = batch_new(w);
        batch_add_offset(w, b, p, p->meta.next_offset);
        p->committed = p->meta.next_offset;
        batch_queue(w, b);
    }
}

static enum fr_err input_step(struct fr_worker *w, uint32_t wait_ms, struct fr_errmsg *msg) {
    if (w->input.phase == INPUT_DECODED) return w->queued ? FR_OK : input_build(w, msg);
    if (acquiring(w) && pipeline_empty(w)) return acquire_step(w, msg);
    if (!may_read(w)) return FR_PENDING;
    enum fr_err err = read_step(w, wait_ms, msg);
    if (err != FR_OK) return err;
    if (w->input.phase == INPUT_DECODED) return input_build(w, msg);
    bool quiet =
        pipeline_empty(w) && w->stage->ops->has_more && !w->revoking && !w->answer_lost && !acquiring(w);
    if (quiet && w->stage->ops->has_more(w->stage, w->now_ms)) build_without_records(w);
    return FR_OK;
}

static void publish_gauges(struct fr_worker *w) {
    struct fr_worker_status s;
    fr_worker_status(w, &s);
    unsigned label = w->stage->stat_label;
    w->behind_records = s.behind_records;
    fr_stat_set(w->config.stat, FR_STAT_PARTITIONS_OWNED, label, s.assigned);
    fr_stat_set(w->config.stat, FR_STAT_STATE_KEYS, label, s.keys);
    fr_stat_set(w->config.stat, FR_STAT_STATE_BYTES, label, s.bytes);
    fr_stat_set(w->config.stat, FR_STAT_STATE_BEHIND, label, s.behind_records);
}

static enum fr_err round_of(struct fr_worker *w, uint32_t wait_ms, struct fr_errmsg *msg) {
    if (w->answer_lost) return lost_step(w, msg);
    enum fr_err err = pipeline_step(w, msg);
    if (err == FR_OK) err = flush_step(w, msg);
    if (err != FR_OK) return err;
    if (w->revoking || w->draining) {
        if (w->input.phase == INPUT_DECODED && !w->queued) err = input_build(w, msg);
        return err == FR_OK ? let_go_step(w, msg) : err;
    }
    if (!w->queued) lift_offsets(w);
    err = input_step(w, wait_ms, msg);
    if (err == FR_OK) err = pipeline_step(w, msg); /* what was just built goes out at once */
    return err;
}

enum fr_err fr_worker_step(struct fr_worker *w, fr_time_ms now_ms, uint32_t wait_ms, struct fr_errmsg *msg) {
    w->now_ms = now_ms;
    fr_arena_clear(&w->scratch);
    struct fr_errmsg why = {0};
    enum fr_err err = round_of(w, wait_ms, &why);
    bool idle = err == FR_PENDING;
    if (fr_err_fate(err) == FR_FATE_FATAL) return fr_err_set(msg, err, "%s", why.text);
    flush_due(w, false);
    err = heartbeat(w, &why);
    if (fr_err_fate(err) == FR_FATE_FATAL) return fr_err_set(msg, err, "%s", why.text);
    publish_gauges(w);
    if (idle && wait_ms) fr_clock_sleep_ms(1);
    return FR_OK;
}

/* ---- life ---- */

struct fr_worker *fr_worker_new(const struct fr_worker_config *config) {
    struct fr_worker *w = fr_alloc_zero(1, sizeof *w);
    w->config = *config;
    w->bus = config->bus;
    w->store = config->store;
    w->stage = config->stage;
    fr_keys_init(&w->keys, config->prefix, w->stage->ops->name, config->input_partitions, 1);
    w->parts = fr_alloc_zero(config->input_partitions, sizeof *w->parts);
    w->owned = fr_alloc_zero(config->input_partitions, sizeof *w->owned);
    for (uint32_t i = 0; i < config->input_partitions; i++)
        w->parts[i] =
            (struct part){.number = (int32_t)i, .state = PART_PARKED, .position = -1, .committed = -1};
    w->to_store_end = &w->to_store;
    w->puts_end = &w->puts;
    return w;
}

void fr_worker_drain(struct fr_worker *w) {
    if (w->draining) return;
    w->draining = true;
    start_letting_go(w);
}

bool fr_worker_drained(const struct fr_worker *w) { return w->drained; }

static void free_memory(struct fr_worker *w) {
    flush_fini(w);
    batches_fini(w);
    input_fini(w);
    for (uint32_t i = 0; i < w->config.input_partitions; i++) fr_cells_clear(&w->parts[i].cells, w->stage);
    free(w->parts);
    free(w->owned);
    fr_keys_fini(&w->keys);
    fr_arena_fini(&w->scratch);
    fr_arena_fini(&w->bump.arena);
    w->stage->ops->free(w->stage);
    free(w);
}

void fr_worker_free(struct fr_worker **worker) {
    struct fr_worker *w = *worker;
    if (!w) return;
    w->bus->ops->close(w->bus);
    w->store->ops->close(w->store);
    free_memory(w);
    *worker = NULL;
}

void fr_worker_crash(struct fr_worker **worker, void (*kill_bus)(struct fr_bus *),
                     void (*kill_store)(struct fr_store *)) {
    struct fr_worker *w = *worker;
    kill_bus(w->bus);
    kill_store(w->store); /* copies what is on its way, so before our memory goes */
    free_memory(w);
    *worker = NULL;
}

bool fr_worker_owns(const struct fr_worker *w, int32_t partition) {
    return w->owned[partition] && w->parts[partition].state >= PART_VERIFYING;
}

void fr_worker_status(const struct fr_worker *w, struct fr_worker_status *out) {
    *out = (struct fr_worker_status){.records = w->records, .last_record_ms = w->last_record_ms};
    out->busy = !pipeline_empty(w) || !flush_idle(w);
    for (uint32_t i = 0; i < w->config.input_partitions; i++) {
        const struct part *p = &w->parts[i];
        out->keys += p->cells.n;
        out->bytes += p->cells.bytes;
        if (!w->owned[i]) continue;
        out->assigned++;
        if (p->state != PART_LIVE) continue;
        out->live++;
        out->replaying |= p->position < p->committed;
        int64_t stored = p->meta.next_offset < 0 ? 0 : p->meta.next_offset;
        if (p->position > stored) out->behind_records += (uint64_t)(p->position - stored);
    }
}
