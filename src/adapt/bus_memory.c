/* The bus's twin: the endpoint.
 *
 * Problem   the protocol in run/ must be driven through every order of events that a real cluster can
 * produce, with seeds, in one thread, thousands of times a minute; the same code must carry the demo and the
 * benchmarks. Choice    a transaction is a small program of steps (begin, produce, offsets, end, markers).
 * txn_poll takes as many steps as it is let: all of them without faults, one at a time when the simulator
 * says so. Everything that outlives a process (logs, producer epochs, groups) belongs to the cluster, so
 * killing an endpoint is free(). */
#include "bus_memory_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum step { STEP_IDLE, STEP_BEGIN, STEP_PRODUCE, STEP_OFFSETS, STEP_END, STEP_MARKERS };

struct endpoint {
    struct fr_bus base;
    struct fr_bus_memory *cluster;
    struct group *group;
    struct producer *producer;
    char instance[FR_NAME_BYTES];
    uint32_t epoch; /* of our producer */
    bool never_recycle, doubtful;
    uint64_t member;
    bool assigned; /* between ASSIGN and stop() */
    uint32_t generation;
    int64_t *positions; /* [partitions of input], -1: not read */
    int32_t *partitions;
    int32_t turn; /* the partition whose turn it is */
    struct fr_record *records;
    uint32_t record_cap;
    const struct fr_txn *txn;
    enum step step;
    uint32_t produced;
};

fr_time_ms bus_now(const struct fr_bus_memory *c) {
    return c->config.virtual_time ? c->now_ms : fr_clock_wall_ms();
}

enum fr_bus_verdict bus_verdict(struct fr_bus_memory *c, enum fr_bus_point point) {
    return c->faults ? c->faults->decide(c->faults->context, point) : FR_BUS_GO;
}

static uint32_t input_partitions(const struct endpoint *e) {
    return e->cluster->config.partitions[e->group->input];
}

/* ---- reading ---- */

static uint32_t read_partition(struct endpoint *e, int32_t p, uint32_t max, uint32_t n) {
    struct log_partition *log = &e->cluster->logs[e->group->input][p];
    int64_t end = log_stable_end(e->cluster, e->group->input, p);
    for (; e->positions[p] < end && n < max; e->positions[p]++) {
        const struct log_entry *entry = log_entry_at(log, e->positions[p]);
        if (!log_entry_visible(entry)) continue;
        e->records[n++] = (struct fr_record){p,
                                             e->positions[p],
                                             entry->timestamp_ms,
                                             entry->key,
                                             entry->value,
                                             entry->headers,
                                             entry->header_n};
    }
    return n;
}

static enum fr_err read_records(struct endpoint *e, uint32_t max, struct fr_bus_poll *out,
                                struct fr_errmsg *msg) {
    if (max > e->record_cap) {
        e->records = fr_realloc(e->records, max * sizeof *e->records);
        e->record_cap = max;
    }
    uint32_t n = 0, partitions = input_partitions(e);
    for (uint32_t i = 0; i < partitions && n < max; i++) {
        int32_t p = (int32_t)((uint32_t)e->turn++ % partitions);
        if (e->positions[p] < 0) continue;
        if (e->positions[p] < e->cluster->logs[e->group->input][p].first)
            return fr_err_set(msg, FR_LOG_GAP, "partition %d starts after offset %lld", p,
                              (long long)e->positions[p]);
        n = read_partition(e, p, max, n);
    }
    if (n) *out = (struct fr_bus_poll){.event = FR_BUS_RECORDS, .records = e->records, .record_n = n};
    return FR_OK;
}

/* What the group wants of this endpoint, if anything. */
static bool group_event(struct endpoint *e, struct fr_bus_poll *out) {
    struct member *m = group_member(e->group, e->member);
    if (!m) { /* put out for silence: everything is lost; join again */
        bool had = e->assigned;
        m = group_join(e->cluster, e->group, e->instance);
        e->member = m->id;
        if (had) return *out = (struct fr_bus_poll){.event = FR_BUS_LOST}, true;
    }
    m->seen_ms = bus_now(e->cluster);
    if (e->group->rebalancing && !m->joined) {
        if (e->assigned) return *out = (struct fr_bus_poll){.event = FR_BUS_REVOKE}, true;
        m->joined = true;
        group_try_assign(e->cluster, e->group);
    }
    if (e->group->rebalancing || m->told) return false;
    if (e->assigned) return *out = (struct fr_bus_poll){.event = FR_BUS_LOST}, true;
    m->told = e->assigned = true;
    e->generation = e->group->generation;
    memcpy(e->partitions, m->partitions, m->partition_n * sizeof *m->partitions);
    *out = (struct fr_bus_poll){.event = FR_BUS_ASSIGN,
                                .partitions = e->partitions,
                                .partition_n = m->partition_n,
                                .assignment = (uint64_t)e->generation << 32 | e->member};
    return true;
}

/* A process with our instance name has taken our place: two of them would put each other out for ever. */
static bool replaced(const struct endpoint *e) {
    for (const struct member *m = e->group->members; m; m = m->next)
        if (strcmp(m->instance, e->instance) == 0) return m->id != e->member;
    return false;
}

static void wait_for_change(struct fr_bus_memory *c, uint32_t timeout_ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&c->changed, &c->lock, &until);
}

static enum fr_err poll(struct fr_bus *bus, uint32_t max_records, uint32_t timeout_ms,
                        struct fr_bus_poll *out, struct fr_errmsg *msg) {
    struct endpoint *e = (struct endpoint *)bus;
    struct fr_bus_memory *c = e->cluster;
    *out = (struct fr_bus_poll){.event = FR_BUS_NONE};
    enum fr_err err = FR_OK;
    pthread_mutex_lock(&c->lock);
    if (bus_verdict(c, FR_BUS_AT_POLL) != FR_BUS_GO) {
        pthread_mutex_unlock(&c->lock);
        return FR_OK;
    }
    if (replaced(e))
        err = fr_err_set(msg, FR_BUS_FATAL, "another process uses the instance id %s", e->instance);
    for (int tries = 0; tries < 2 && out->event == FR_BUS_NONE && err == FR_OK; tries++) {
        if (tries && (c->config.virtual_time || timeout_ms == 0)) break;
        if (tries) wait_for_change(c, timeout_ms);
        if (!group_event(e, out)) err = read_records(e, max_records, out, msg);
    }
    pthread_mutex_unlock(&c->lock);
    return err;
}

static enum fr_err start(struct fr_bus *bus, const struct fr_start *starts, uint32_t n,
                         struct fr_errmsg *msg) {
    (void)msg;
    struct endpoint *e = (struct endpoint *)bus;
    for (uint32_t i = 0; i < n; i++) e->positions[starts[i].partition] = starts[i].offset;
    return FR_OK;
}

static enum fr_err restart(struct fr_bus *bus, struct fr_start s, struct fr_errmsg *msg) {
    return start(bus, &s, 1, msg);
}

static void forget_positions(struct endpoint *e) {
    for (uint32_t i = 0; i < input_partitions(e); i++) e->positions[i] = -1;
    e->assigned = false;
}

static enum fr_err stop(struct fr_bus *bus, struct fr_errmsg *msg) {
    (void)msg;
    struct endpoint *e = (struct endpoint *)bus;
    pthread_mutex_lock(&e->cluster->lock);
    forget_positions(e);
    struct member *m = group_member(e->group, e->member);
    if (m && e->group->rebalancing) {
        m->joined = true;
        group_try_assign(e->cluster, e->group);
    }
    pthread_mutex_unlock(&e->cluster->lock);
    return FR_OK;
}

static enum fr_err committed(struct fr_bus *bus, int32_t partition, bool stable, int64_t *next_offset,
                             char metadata[256], struct fr_errmsg *msg) {
    struct endpoint *e = (struct endpoint *)bus;
    enum fr_err err = FR_OK;
    pthread_mutex_lock(&e->cluster->lock);
    if (bus_verdict(e->cluster, FR_BUS_AT_COMMITTED) != FR_BUS_GO)
        err = fr_err_set(msg, FR_TIMEOUT, "simulated fault");
    else if (stable && txn_holds_offset(e->cluster, e->group, partition))
        err = fr_err_set(msg, FR_BUS_UNSTABLE, "partition %d", partition);
    else {
        *next_offset = e->group->committed[partition].offset;
        memcpy(metadata, e->group->committed[partition].metadata, FR_METADATA_BYTES);
    }
    pthread_mutex_unlock(&e->cluster->lock);
    return err;
}

static enum fr_err log_range(struct fr_bus *bus, int32_t partition, int64_t *first, int64_t *end,
                             struct fr_errmsg *msg) {
    (void)msg;
    struct endpoint *e = (struct endpoint *)bus;
    pthread_mutex_lock(&e->cluster->lock);
    *first = e->cluster->logs[e->group->input][partition].first;
    *end = log_stable_end(e->cluster, e->group->input, partition);
    pthread_mutex_unlock(&e->cluster->lock);
    return FR_OK;
}

/* ---- transactions ---- */

static enum fr_err txn_submit(struct fr_bus *bus, const struct fr_txn *txn, struct fr_errmsg *msg) {
    (void)msg;
    struct endpoint *e = (struct endpoint *)bus;
    FR_ASSERT(e->step == STEP_IDLE);
    e->txn = txn;
    e->step = STEP_BEGIN;
    e->produced = 0;
    if (e->doubtful && !e->never_recycle) {
        pthread_mutex_lock(&e->cluster->lock);
        e->epoch = txn_init(e->cluster, e->producer);
        pthread_mutex_unlock(&e->cluster->lock);
    }
    e->doubtful = false;
    return FR_OK;
}

static enum fr_err ended(struct endpoint *e, enum fr_err err) {
    e->step = STEP_IDLE;
    e->txn = NULL;
    return err;
}

/* The client's own abort after an abortable error. */
static enum fr_err give_up(struct endpoint *e, enum fr_err err) {
    if (e->producer->run && e->producer->epoch == e->epoch) {
        if (!txn_decide(e->producer, e->epoch, TXN_ABORTED)) return ended(e, FR_BUS_DOUBTFUL);
        txn_finish(e->cluster, e->producer);
    }
    return ended(e, err);
}

static bool fenced_by_group(const struct endpoint *e) {
    const struct member *m = group_member(e->group, (uint32_t)e->txn->assignment);
    return !m || e->group->generation != (uint32_t)(e->txn->assignment >> 32);
}

static enum fr_err step_produce(struct endpoint *e) {
    uint32_t chunk = e->cluster->faults ? e->txn->record_n / 8 + 1 : e->txn->record_n;
    for (; chunk && e->produced < e->txn->record_n; chunk--)
        if (!txn_produce(e->cluster, e->producer, e->epoch, &e->txn->records[e->produced++]))
            return ended(e, FR_BUS_DOUBTFUL);
    if (e->produced == e->txn->record_n) e->step = STEP_OFFSETS;
    return FR_PENDING;
}

static enum fr_err step_offsets(struct endpoint *e) {
    if (fenced_by_group(e)) return give_up(e, FR_BUS_FENCED);
    if (!txn_add_offsets(e->producer, e->epoch, e->group, e->txn->offsets, e->txn->offset_n))
        return ended(e, FR_BUS_DOUBTFUL);
    e->step = STEP_END;
    return FR_PENDING;
}

static enum fr_err step_end(struct endpoint *e, enum fr_bus_verdict v) {
    if (v == FR_BUS_LOSE) {
        txn_delay_end(e->cluster, e->producer, e->epoch);
        return ended(e, FR_BUS_DOUBTFUL);
    }
    if (!txn_decide(e->producer, e->epoch, TXN_COMMITTED)) return ended(e, FR_BUS_DOUBTFUL);
    if (v == FR_BUS_DUPLICATE) {
        txn_delay_end(e->cluster, e->producer, e->epoch);
        e->doubtful = true;
    }
    e->step = STEP_MARKERS;
    return FR_PENDING;
}

static enum fr_err take_step(struct endpoint *e) {
    static const enum fr_bus_point points[] = {[STEP_BEGIN] = FR_BUS_AT_BEGIN,
                                               [STEP_PRODUCE] = FR_BUS_AT_PRODUCE,
                                               [STEP_OFFSETS] = FR_BUS_AT_OFFSETS,
                                               [STEP_END] = FR_BUS_AT_END,
                                               [STEP_MARKERS] = FR_BUS_AT_MARKERS};
    enum fr_bus_verdict v = bus_verdict(e->cluster, points[e->step]);
    if (v == FR_BUS_REFUSE && e->step < STEP_END) return give_up(e, FR_BUS_ABORTED);
    switch (e->step) {
    case STEP_BEGIN:
        if (!txn_begin(e->cluster, e->producer, e->epoch)) return ended(e, FR_BUS_DOUBTFUL);
        e->step = STEP_PRODUCE;
        return FR_PENDING;
    case STEP_PRODUCE: return step_produce(e);
    case STEP_OFFSETS: return step_offsets(e);
    case STEP_END: return step_end(e, v);
    case STEP_MARKERS: /* the answer comes when the decision is logged; WAIT leaves the markers for later */
        if (v != FR_BUS_WAIT && e->producer->epoch == e->epoch) txn_finish(e->cluster, e->producer);
        return ended(e, FR_OK);
    case STEP_IDLE: break;
    }
    FR_ASSERT(false && "txn_poll without a transaction");
    return FR_BUS_FATAL;
}

static enum fr_err txn_poll(struct fr_bus *bus, struct fr_errmsg *msg) {
    struct endpoint *e = (struct endpoint *)bus;
    enum fr_err err = FR_PENDING;
    pthread_mutex_lock(&e->cluster->lock);
    struct member *m = group_member(e->group, e->member);
    if (m) m->seen_ms = bus_now(e->cluster);
    bool one_step = e->cluster->faults != NULL;
    do err = take_step(e);
    while (err == FR_PENDING && !one_step);
    pthread_mutex_unlock(&e->cluster->lock);
    return err == FR_OK || err == FR_PENDING ? err : fr_err_set(msg, err, "%s", fr_err_text(err));
}

static enum fr_err recycle(struct fr_bus *bus, struct fr_errmsg *msg) {
    (void)msg;
    struct endpoint *e = (struct endpoint *)bus;
    pthread_mutex_lock(&e->cluster->lock);
    bool go = bus_verdict(e->cluster, FR_BUS_AT_RECYCLE) == FR_BUS_GO;
    if (go && !e->never_recycle) e->epoch = txn_init(e->cluster, e->producer);
    if (go && e->never_recycle) e->epoch = e->producer->epoch;
    pthread_mutex_unlock(&e->cluster->lock);
    return go ? FR_OK : FR_PENDING;
}

static uint32_t partitions(struct fr_bus *bus, enum fr_topic topic) {
    return ((struct endpoint *)bus)->cluster->config.partitions[topic];
}

static void free_endpoint(struct endpoint *e) {
    free(e->positions);
    free(e->partitions);
    free(e->records);
    free(e);
}

static void close_endpoint(struct fr_bus *bus) {
    struct endpoint *e = (struct endpoint *)bus;
    pthread_mutex_lock(&e->cluster->lock);
    if (e->step != STEP_IDLE) give_up(e, FR_BUS_ABORTED);
    group_leave(e->cluster, e->group, e->member);
    pthread_mutex_unlock(&e->cluster->lock);
    free_endpoint(e);
}

void fr_bus_memory_crash(struct fr_bus *endpoint) { free_endpoint((struct endpoint *)endpoint); }

static const struct fr_bus_ops ops = {poll,       start,    stop,    restart,    committed,     log_range,
                                      txn_submit, txn_poll, recycle, partitions, close_endpoint};

struct fr_bus *fr_bus_memory_open(struct fr_bus_memory *c,
                                  const struct fr_bus_memory_endpoint_config *config) {
    struct endpoint *e = fr_alloc_zero(1, sizeof *e);
    pthread_mutex_lock(&c->lock);
    e->base.ops = &ops;
    e->cluster = c;
    e->never_recycle = config->never_recycle;
    snprintf(e->instance, sizeof e->instance, "%s", config->instance);
    e->group = group_named(c, config->group, config->input);
    e->producer = txn_producer(c, config->transactional_id);
    e->epoch = txn_init(c, e->producer);
    e->member = group_join(c, e->group, e->instance)->id;
    e->positions = fr_alloc(input_partitions(e) * sizeof *e->positions);
    e->partitions = fr_alloc(input_partitions(e) * sizeof *e->partitions);
    forget_positions(e);
    group_try_assign(c, e->group);
    pthread_mutex_unlock(&c->lock);
    return &e->base;
}

/* ---- the cluster ---- */

struct fr_bus_memory *fr_bus_memory_new(const struct fr_bus_memory_config *config) {
    struct fr_bus_memory *c = fr_alloc_zero(1, sizeof *c);
    c->config = *config;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    for (unsigned t = 0; t < FR_TOPIC_N; t++)
        c->logs[t] = fr_alloc_zero(config->partitions[t], sizeof *c->logs[t]);
    return c;
}

void fr_bus_memory_free(struct fr_bus_memory **cluster) {
    struct fr_bus_memory *c = *cluster;
    if (!c) return;
    txn_fini(c);
    group_fini(c);
    log_fini(c);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
    *cluster = NULL;
}

void fr_bus_memory_set_faults(struct fr_bus_memory *c, const struct fr_bus_memory_faults *faults) {
    c->faults = faults;
}

void fr_bus_memory_set_time(struct fr_bus_memory *c, fr_time_ms now) {
    pthread_mutex_lock(&c->lock);
    c->now_ms = now;
    txn_expire(c);
    group_expire(c);
    pthread_mutex_unlock(&c->lock);
}

void fr_bus_memory_settle(struct fr_bus_memory *c) {
    pthread_mutex_lock(&c->lock);
    txn_deliver_delayed(c);
    for (struct producer *p = c->producers; p; p = p->next) txn_finish(c, p);
    pthread_mutex_unlock(&c->lock);
}
