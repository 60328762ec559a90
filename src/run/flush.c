/* State into the store: snapshots of dirty cells at batch boundaries, one guarded commit at a time.
 *
 * Problem   memory is ahead of the log by the batches in the pipeline, and the store must never be ahead of
 * the log. Choice    at a batch boundary the dirty cells of a partition that is due are encoded once; the
 * bytes wait with the batch until its transaction is committed, then go out as one commit that also moves
 * o_r. Cells stay pinned until the store has answered, so an evicted cell can always be read back. Under load
 * many batches merge into one snapshot. Rejected  encode at commit time (the states have moved on), one write
 * per batch (the encoding dominates).
 *
 *   dirty --flush_due--> snapshot on the newest batch --committed--> to_store --commit_poll OK--> o_r moves,
 * cells unpinned */
#include "freshet/base/log.h"
#include "freshet/base/pack.h"
#include "worker_internal.h"
#include <stdlib.h>

void snapshot_free(struct snapshot *s) {
    if (s->serial == s->part->serial) {
        s->part->in_flight = false;
        s->part->storing.len = 0;
    }
    fr_arena_fini(&s->arena);
    fr_buf_fini(&s->bytes);
    free(s);
}

static bool cancelled(const struct snapshot *s) { return s->serial != s->part->serial; }

/* Appends [stamp, state] and returns its length; 0 for a state that is empty. */
static uint32_t encode_cell(struct fr_worker *w, const struct fr_cell *cell, struct fr_buf *out) {
    size_t start = out->len;
    fr_pack_array(out, 2);
    fr_pack_int(out, cell->stamp);
    size_t head = out->len;
    w->stage->ops->state_encode(w->stage, cell->key, cell->state, out);
    if (out->len == head) out->len = start;
    return (uint32_t)(out->len - start);
}

static void encode_dirty(struct fr_worker *w, struct part *p, struct snapshot *s) {
    s->n = p->cells.dirty_n;
    s->pairs = fr_arena_alloc(&s->arena, s->n * sizeof *s->pairs);
    s->cells = fr_arena_alloc(&s->arena, s->n * sizeof *s->cells);
    for (uint32_t i = 0; i < s->n; i++) {
        struct fr_cell *cell = p->cells.dirty[i];
        cell->dirty = false;
        cell->pinned++;
        s->cells[i] = cell;
        s->pairs[i].key = fr_keys_state(&w->keys, p->number, cell->key, &s->arena);
        s->pairs[i].value.len = encode_cell(w, cell, &s->bytes);
    }
    p->cells.dirty_n = 0;
    const char *at = s->bytes.data; /* only now the buffer no longer moves */
    for (uint32_t i = 0; i < s->n; at += s->pairs[i++].value.len) s->pairs[i].value.ptr = at;
}

static struct snapshot *snapshot_take(struct fr_worker *w, struct part *p) {
    struct snapshot *s = fr_alloc_zero(1, sizeof *s);
    fr_mono_us start_us = fr_clock_mono_us();
    s->part = p;
    s->serial = p->serial;
    encode_dirty(w, p, s);
    s->encode_us = fr_clock_mono_us() - start_us;
    s->meta = p->meta;
    s->meta.next_offset = p->position;
    s->meta.fingerprint = p->fingerprint;
    fr_meta_encode(&s->meta, &s->replacement);
    p->in_flight = true;
    p->stored_ms = w->now_ms;
    return s;
}

static void to_store(struct fr_worker *w, struct snapshot *s) {
    s->next = NULL;
    *w->to_store_end = s;
    w->to_store_end = &s->next;
}

void flush_ready(struct fr_worker *w, struct batch *b) {
    while (b->snapshots) {
        struct snapshot *s = b->snapshots;
        b->snapshots = s->next;
        to_store(w, s);
    }
}

/* Storing may take a quarter of the time and no more: a partition that is dear to store is stored less often, so that under
 * load more changes of a state merge into one write. What is not stored is bounded by BEHIND_MAX and by this. */
enum { DEAR_MS = 20, WAIT_MAX_MS = 30000 };

static fr_time_ms interval_of(const struct fr_worker *w, const struct part *p) {
    fr_time_ms dear = (fr_time_ms)p->store_cost_ms * 4 * w->config.input_partitions;
    if (dear > WAIT_MAX_MS) dear = WAIT_MAX_MS;
    return dear > (fr_time_ms)w->config.commit_interval_ms ? dear : (fr_time_ms)w->config.commit_interval_ms;
}

static bool due(const struct fr_worker *w, const struct part *p, bool everything) {
    if (p->state != PART_LIVE || p->in_flight || p->position == p->meta.next_offset || p->position < 0)
        return false;
    return everything || w->now_ms - p->stored_ms >= interval_of(w, p);
}

/* Memory is as of the newest batch: its snapshot must wait for that batch, or for nothing if all are
 * committed. */
void flush_due(struct fr_worker *w, bool everything) {
    struct batch *newest = w->queued ? w->queued : w->in_flight;
    if (w->input.phase != INPUT_NONE) return;
    for (uint32_t i = 0; i < w->config.input_partitions; i++) {
        struct part *p = &w->parts[i];
        if (!w->owned[i] || !due(w, p, everything)) continue;
        struct snapshot *s = snapshot_take(w, p);
        if (newest) {
            s->next = newest->snapshots;
            newest->snapshots = s;
        } else {
            to_store(w, s);
        }
    }
}

static void stored(struct fr_worker *w, struct snapshot *s) {
    struct part *p = s->part;
    if (cancelled(s)) return;
    for (uint32_t i = 0; i < s->n; i++) s->cells[i]->pinned--;
    p->meta = s->meta;
    p->stored = s->replacement;
    uint32_t cost_ms = (uint32_t)((s->encode_us + fr_clock_mono_us() - s->started_us) / 1000);
    p->store_cost_ms = cost_ms < DEAR_MS ? 0 : cost_ms;
    STAT(w, STORE_COMMITS, 1);
    STAT(w, STORE_COMMIT_BYTES, s->bytes.len);
    fr_stat_observe(w->config.stat, FR_STAT_STORE_SECONDS, w->stage->stat_label,
                    (double)(fr_clock_mono_us() - s->started_us) * 1e-6);
}

static void pop(struct fr_worker *w) {
    struct snapshot *s = w->to_store;
    w->to_store = s->next;
    if (!w->to_store) w->to_store_end = &w->to_store;
    snapshot_free(s);
}

static enum fr_err start(struct fr_worker *w, struct snapshot *s, struct fr_errmsg *msg) {
    struct part *p = s->part;
    p->storing = s->replacement;
    s->expected = p->stored;
    s->commit =
        (struct fr_store_commit){fr_keys_meta(&w->keys, p->number, &s->arena), fr_meta_slice(&s->expected),
                                 fr_meta_slice(&s->replacement), s->pairs, s->n};
    s->started_us = fr_clock_mono_us();
    enum fr_err err = w->store->ops->commit_start(w->store, &s->commit, msg);
    s->sent = err == FR_OK;
    return err;
}

/* The connection broke in the middle: the meta value tells whether the commit took effect. */
static enum fr_err find_out(struct fr_worker *w, struct snapshot *s, struct fr_errmsg *msg) {
    struct fr_str value;
    enum fr_err err = w->store->ops->load(w->store, &s->commit.meta_key, 1, &value, &w->scratch, msg);
    if (err != FR_OK) return err;
    if (value.ptr && fr_str_eq(value, fr_meta_slice(&s->replacement))) return FR_OK;
    return value.ptr && fr_str_eq(value, s->commit.expected) ? FR_STORE_BUSY : FR_STORE_GUARD;
}

static void finish(struct fr_worker *w, struct snapshot *s, enum fr_err err) {
    if (err == FR_OK) stored(w, s);
    struct part *p = cancelled(s) ? NULL : s->part;
    pop(w);
    if (err == FR_STORE_GUARD && p) part_drop(w, p, "a state commit was refused by its guard");
}

static enum fr_err store_step(struct fr_worker *w, struct fr_errmsg *msg) {
    struct snapshot *s = w->to_store;
    if (!s->sent && cancelled(s)) {
        pop(w);
        return FR_OK;
    }
    bool was_sent = s->sent;
    enum fr_err err = was_sent ? w->store->ops->commit_poll(w->store, msg) : start(w, s, msg);
    if (err == FR_PENDING || (!was_sent && err == FR_OK)) return FR_OK;
    s->sent = false;
    if (err == FR_STORE_DOWN) {
        struct fr_errmsg ignored = {0};
        enum fr_err found = find_out(w, s, &ignored);
        if (found == FR_OK || found == FR_STORE_GUARD) err = found;
    }
    if (err != FR_OK && err != FR_STORE_GUARD) return err;
    finish(w, s, err);
    return FR_OK;
}

static void put_done(struct fr_worker *w) {
    struct batch *b = w->puts;
    w->puts = b->next;
    if (!w->puts) w->puts_end = &w->puts;
    w->putting = false;
    batch_release(w, b);
}

/* Views are worth a few tries; one that is lost is written again when it changes. */
static void put_step(struct fr_worker *w) {
    struct batch *b = w->puts;
    if (!backoff_ready(&w->put_backoff, w->now_ms)) return;
    if (!w->putting) {
        w->putting = w->store->ops->put_start(w->store, b->out.views, b->out.view_n, w->config.view_ttl_s,
                                              NULL) == FR_OK;
        if (!w->putting) put_done(w);
        return;
    }
    enum fr_err err = w->store->ops->put_poll(w->store, NULL);
    if (err == FR_PENDING) return;
    w->putting = false;
    if (err != FR_OK && ++b->put_tries < 5) {
        backoff_fail(&w->put_backoff, w->now_ms);
        return;
    }
    if (err != FR_OK)
        fr_log(FR_LOG_WARN, "VIEWS-LOST", "stage=%s views=%u error=%s", w->stage->ops->name, b->out.view_n,
               fr_err_name(err));
    backoff_clear(&w->put_backoff);
    put_done(w);
}

bool flush_idle(const struct fr_worker *w) { return !w->to_store && !w->puts; }

enum fr_err flush_step(struct fr_worker *w, struct fr_errmsg *msg) {
    if (w->puts) put_step(w);
    while (w->to_store && !w->bump.part && backoff_ready(&w->store_backoff, w->now_ms)) {
        struct snapshot *s = w->to_store;
        struct fr_errmsg why = {0};
        bool waited = s->sent;
        enum fr_err err = store_step(w, &why);
        if (fr_err_fate(err) == FR_FATE_FATAL) return fr_err_set(msg, err, "%s", why.text);
        if (err != FR_OK) {
            fr_log(FR_LOG_WARN, "STORE-WAITS", "stage=%s error=%s text=\"%s\"", w->stage->ops->name,
                   fr_err_name(err), why.text);
            STAT(w, STORE_RETRIES, 1);
            backoff_fail(&w->store_backoff, w->now_ms);
            return FR_OK;
        }
        if (w->to_store == s && waited) return FR_OK; /* still under way */
    }
    return FR_OK;
}

void flush_fini(struct fr_worker *w) {
    while (w->to_store) pop(w);
}
