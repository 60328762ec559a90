/* The pipeline: one batch in its transaction, one queued behind it.
 *
 * Problem   a transaction costs 5 to 25 ms of waiting and almost no work, and its outcome may be unknown.
 * Choice    a batch keeps its bytes until it is known to be committed. An abort sends the same bytes again. A
 * doubtful outcome is settled by a new producer (which fences or finishes what the old one left) and by
 * reading o_k past open transactions: it either stands at the batch's end or it does not. Invariant batches
 * commit in the order they were built; o_k of a partition never passes the batch in flight. */
#include "freshet/base/log.h"
#include "worker_internal.h"
#include <stdio.h>
#include <stdlib.h>

struct batch *batch_new(struct fr_worker *w) {
    struct batch *b = w->free_batches;
    if (b) {
        w->free_batches = b->next;
    } else {
        b = fr_alloc_zero(1, sizeof *b);
        b->offsets = fr_alloc(w->config.input_partitions * sizeof *b->offsets);
        b->metadata = fr_alloc(w->config.input_partitions * sizeof *b->metadata);
    }
    b->next = NULL;
    b->offset_n = 0;
    b->state = TXN_WAITING;
    b->records = 0;
    b->put_tries = 0;
    return b;
}

void batch_release(struct fr_worker *w, struct batch *b) {
    while (b->snapshots) {
        struct snapshot *s = b->snapshots;
        b->snapshots = s->next;
        snapshot_free(s);
    }
    fr_outbox_clear(&b->out);
    b->next = w->free_batches;
    w->free_batches = b;
}

static void batch_free(struct fr_worker *w, struct batch *b) {
    if (!b) return;
    batch_release(w, b);
    w->free_batches = b->next;
    fr_outbox_fini(&b->out);
    free(b->offsets);
    free(b->metadata);
    free(b);
}

void batches_fini(struct fr_worker *w) {
    batch_free(w, w->queued);
    batch_free(w, w->in_flight);
    while (w->puts) {
        struct batch *b = w->puts;
        w->puts = b->next;
        batch_free(w, b);
    }
    while (w->free_batches) {
        struct batch *b = w->free_batches;
        w->free_batches = b->next;
        batch_free(w, b);
    }
}

void batch_add_offset(struct fr_worker *w, struct batch *b, struct part *p, int64_t next_offset) {
    (void)w;
    char *text = b->metadata[b->offset_n];
    snprintf(text, sizeof b->metadata[0], "epoch=%llu", (unsigned long long)p->meta.epoch);
    b->offsets[b->offset_n++] = (struct fr_commit_offset){p->number, next_offset, text};
}

void batch_queue(struct fr_worker *w, struct batch *b) {
    FR_ASSERT(!w->queued);
    b->txn = (struct fr_txn){b->out.records, b->out.record_n, b->offsets, b->offset_n, w->assignment};
    w->queued = b;
}

void pipeline_discard(struct fr_worker *w) {
    if (w->queued) batch_release(w, w->queued);
    if (w->in_flight) batch_release(w, w->in_flight);
    w->queued = w->in_flight = NULL;
}

static void observe(struct fr_worker *w, const struct batch *b) {
    STAT(w, TXN_COMMITTED, 1);
    STAT(w, OUTPUT_RECORDS, b->out.record_n);
    STAT(w, OUTPUT_BYTES, b->out.payload_bytes);
    fr_stat_observe(w->config.stat, FR_STAT_TXN_SECONDS, w->stage->stat_label,
                    (double)(fr_clock_mono_us() - b->started_us) * 1e-6);
    for (uint32_t i = 0; i < b->out.list_n; i++)
        fr_stat_observe(w->config.stat, FR_STAT_LIST_LATENCY, 0,
                        (double)(w->now_ms - b->out.list_since_ms[i]) * 1e-3);
}

static void committed(struct fr_worker *w) {
    struct batch *b = w->in_flight;
    w->in_flight = NULL;
    for (uint32_t i = 0; i < b->offset_n; i++) {
        struct part *p = &w->parts[b->offsets[i].partition];
        if (p->committed < b->offsets[i].next_offset) p->committed = b->offsets[i].next_offset;
    }
    if (b->offset_n) observe(w, b);
    flush_ready(w, b);
    if (b->out.view_n == 0) {
        batch_release(w, b);
        return;
    }
    *w->puts_end = b;
    w->puts_end = &b->next;
}

/* After a doubtful end: is the batch in the log? The answers are valid when FR_OK. */
static enum fr_err find_out(struct fr_worker *w, const struct batch *b, bool *is_committed, bool *is_ours,
                            struct fr_errmsg *msg) {
    uint32_t at_end = 0, before = 0;
    for (uint32_t i = 0; i < b->offset_n; i++) {
        int64_t offset = -1;
        char metadata[256];
        bool stable = w->config.conditions.stable_offsets;
        enum fr_err err =
            w->bus->ops->committed(w->bus, b->offsets[i].partition, stable, &offset, metadata, msg);
        if (err != FR_OK) return err;
        at_end += offset == b->offsets[i].next_offset;
        before +=
            offset < b->offsets[i].next_offset; /* if somebody else moved it, our generation is fenced */
    }
    *is_committed = at_end == b->offset_n;
    *is_ours = *is_committed || before == b->offset_n;
    return FR_OK;
}

/* The group will say so too; until then there is nothing to do. */
static void fenced(struct fr_worker *w, const char *why) { drop_all(w, why); }

/* Negative control: what happens when the batch is not kept. */
static enum fr_err rebuild_instead(struct fr_worker *w, struct fr_errmsg *msg) {
    for (uint32_t i = 0; i < w->in_flight->offset_n; i++) {
        struct part *p = &w->parts[w->in_flight->offsets[i].partition];
        p->position = p->committed < 0 ? 0 : p->committed;
        enum fr_err err = w->bus->ops->restart(w->bus, (struct fr_start){p->number, p->position}, msg);
        if (err != FR_OK) return err;
    }
    input_discard(w);
    pipeline_discard(w);
    return FR_OK;
}

static enum fr_err failed(struct fr_worker *w, enum fr_err err, struct fr_errmsg *why,
                          struct fr_errmsg *msg) {
    struct batch *b = w->in_flight;
    if (err == FR_BUS_ABORTED) {
        STAT(w, TXN_ABORTED, 1);
        fr_log(FR_LOG_WARN, "TXN-ABORTED", "stage=%s records=%u text=\"%s\"", w->stage->ops->name,
               b->out.record_n, why->text);
        b->state = TXN_WAITING;
        backoff_fail(&w->txn_backoff, w->now_ms);
        return w->config.conditions.retain_batches ? FR_OK : rebuild_instead(w, msg);
    }
    if (err == FR_BUS_DOUBTFUL) {
        STAT(w, TXN_DOUBTFUL, 1);
        fr_log(FR_LOG_WARN, "TXN-DOUBTFUL", "stage=%s records=%u text=\"%s\"", w->stage->ops->name,
               b->out.record_n, why->text);
        b->state = TXN_RECYCLING;
        return FR_OK;
    }
    if (err == FR_BUS_FENCED) {
        fenced(w, why->text);
        return FR_OK;
    }
    return fr_err_set(msg, err, "%s", why->text);
}

static enum fr_err send(struct fr_worker *w, struct batch *b, struct fr_errmsg *msg) {
    if (b->offset_n == 0) { /* nothing but silent records */
        committed(w);
        return FR_OK;
    }
    b->state = TXN_SENT;
    if (!b->started_us) b->started_us = fr_clock_mono_us();
    return w->bus->ops->txn_submit(w->bus, &b->txn, msg);
}

static enum fr_err resolve(struct fr_worker *w, struct batch *b, struct fr_errmsg *why,
                           struct fr_errmsg *msg) {
    bool is_committed = false, is_ours = false;
    enum fr_err err = find_out(w, b, &is_committed, &is_ours, why);
    if (err != FR_OK) {
        backoff_fail(&w->txn_backoff, w->now_ms);
        return fr_err_fate(err) == FR_FATE_FATAL ? fr_err_set(msg, err, "%s", why->text) : FR_OK;
    }
    if (is_committed)
        committed(w);
    else if (is_ours)
        b->state = TXN_WAITING;
    else
        fenced(w, "the committed offset was moved by another owner");
    return FR_OK;
}

static enum fr_err in_flight_step(struct fr_worker *w, struct fr_errmsg *msg) {
    struct batch *b = w->in_flight;
    struct fr_errmsg why = {0};
    enum fr_err err;
    switch (b->state) {
    case TXN_WAITING: return send(w, b, msg);
    case TXN_SENT:
        err = w->bus->ops->txn_poll(w->bus, &why);
        if (err == FR_PENDING) return FR_OK;
        if (err != FR_OK) return failed(w, err, &why, msg);
        backoff_clear(&w->txn_backoff);
        committed(w);
        return FR_OK;
    case TXN_RECYCLING:
        err = w->bus->ops->recycle(w->bus, &why);
        if (err == FR_OK) b->state = TXN_RESOLVING;
        return fr_err_fate(err) == FR_FATE_FATAL ? fr_err_set(msg, err, "%s", why.text) : FR_OK;
    case TXN_RESOLVING: return resolve(w, b, &why, msg);
    }
    return FR_OK;
}

enum fr_err pipeline_step(struct fr_worker *w, struct fr_errmsg *msg) {
    if (!backoff_ready(&w->txn_backoff, w->now_ms)) return FR_OK;
    if (!w->in_flight && w->queued) {
        w->in_flight = w->queued;
        w->queued = NULL;
        w->in_flight->started_us = 0;
    }
    return w->in_flight ? in_flight_step(w, msg) : FR_OK;
}
