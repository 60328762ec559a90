#include "bus_memory_internal.h"
#include <stdio.h>
#include <stdlib.h>

struct producer *txn_producer(struct fr_bus_memory *c, const char *id) {
    for (struct producer *p = c->producers; p; p = p->next)
        if (strcmp(p->id, id) == 0) return p;
    struct producer *p = fr_alloc_zero(1, sizeof *p);
    snprintf(p->id, sizeof p->id, "%s", id);
    p->next = c->producers;
    return c->producers = p;
}

uint32_t txn_init(struct fr_bus_memory *c, struct producer *p) {
    if (p->run && !p->decided) txn_decide(p, p->epoch, TXN_ABORTED);
    txn_finish(c, p);
    return ++p->epoch;
}

/* Producing without begin is what a client does whose transaction a stray request has ended: the broker opens
 * one. */
static void ensure_run(struct fr_bus_memory *c, struct producer *p) {
    if (p->run) return;
    p->run = fr_alloc_zero(1, sizeof *p->run);
    p->run->outcome = TXN_OPEN;
    p->run->next_all = c->runs;
    c->runs = p->run;
    p->decided = false;
    p->started_ms = bus_now(c);
}

bool txn_begin(struct fr_bus_memory *c, struct producer *p, uint32_t epoch) {
    if (p->epoch != epoch) return false;
    txn_finish(c, p); /* the markers of the transaction before are written before the next one starts */
    ensure_run(c, p);
    return true;
}

static void touch(struct producer *p, enum fr_topic topic, int32_t partition, int64_t offset) {
    for (uint32_t i = 0; i < p->touched_n; i++)
        if (p->touched[i].topic == topic && p->touched[i].partition == partition) return;
    if (p->touched_n == p->touched_cap) {
        p->touched_cap = p->touched_cap ? p->touched_cap * 2 : 16;
        p->touched = fr_realloc(p->touched, p->touched_cap * sizeof *p->touched);
    }
    p->touched[p->touched_n].topic = topic;
    p->touched[p->touched_n].partition = partition;
    p->touched[p->touched_n++].first = offset;
}

bool txn_produce(struct fr_bus_memory *c, struct producer *p, uint32_t epoch, const struct fr_out *record) {
    if (p->epoch != epoch) return false;
    if (p->decided) txn_finish(c, p);
    ensure_run(c, p);
    int32_t partition = log_partition_for(c, record);
    touch(p, record->topic, partition, log_append(c, record, partition, p->run));
    return true;
}

bool txn_add_offsets(struct producer *p, uint32_t epoch, struct group *g,
                     const struct fr_commit_offset *offsets, uint32_t n) {
    if (p->epoch != epoch || !p->run || p->decided) return false;
    p->offsets = fr_realloc(p->offsets, (n ? n : 1) * sizeof *p->offsets);
    for (uint32_t i = 0; i < n; i++) {
        p->offsets[i] =
            (struct pending_offset){.partition = offsets[i].partition, .offset = offsets[i].next_offset};
        snprintf(p->offsets[i].metadata, FR_METADATA_BYTES, "%s",
                 offsets[i].metadata ? offsets[i].metadata : "");
    }
    p->offset_n = n;
    p->group = g;
    return true;
}

bool txn_decide(struct producer *p, uint32_t epoch, enum txn_outcome decision) {
    if (p->epoch != epoch || !p->run || p->decided) return false;
    p->decided = true;
    p->decision = decision;
    return true;
}

void txn_finish(struct fr_bus_memory *c, struct producer *p) {
    if (!p->run || !p->decided) return;
    p->run->outcome = p->decision;
    for (uint32_t i = 0; i < p->touched_n; i++)
        log_append_marker(c, p->touched[i].topic, p->touched[i].partition, p->run);
    for (uint32_t i = 0; i < p->offset_n && p->decision == TXN_COMMITTED; i++) {
        struct committed_offset *o = &p->group->committed[p->offsets[i].partition];
        o->offset = p->offsets[i].offset;
        memcpy(o->metadata, p->offsets[i].metadata, FR_METADATA_BYTES);
    }
    p->run = NULL;
    p->decided = false;
    p->touched_n = p->offset_n = 0;
    pthread_cond_broadcast(&c->changed);
}

void txn_delay_end(struct fr_bus_memory *c, struct producer *p, uint32_t epoch) {
    struct delayed_end *d = fr_alloc(sizeof *d);
    *d = (struct delayed_end){p, epoch, c->delayed};
    c->delayed = d;
}

void txn_deliver_delayed(struct fr_bus_memory *c) {
    while (c->delayed) {
        struct delayed_end *d = c->delayed;
        c->delayed = d->next;
        if (txn_decide(d->producer, d->epoch, TXN_COMMITTED)) txn_finish(c, d->producer);
        free(d);
    }
}

void txn_expire(struct fr_bus_memory *c) {
    for (struct producer *p = c->producers; p; p = p->next) {
        if (!p->run || p->decided || bus_now(c) - p->started_ms < (fr_time_ms)c->config.txn_timeout_ms)
            continue;
        p->epoch++; /* the client that comes back is fenced */
        txn_decide(p, p->epoch, TXN_ABORTED);
        txn_finish(c, p);
    }
}

bool txn_holds_offset(const struct fr_bus_memory *c, const struct group *g, int32_t partition) {
    for (const struct producer *p = c->producers; p; p = p->next)
        for (uint32_t i = 0; p->run && p->group == g && i < p->offset_n; i++)
            if (p->offsets[i].partition == partition) return true;
    return false;
}

void txn_fini(struct fr_bus_memory *c) {
    while (c->delayed) {
        struct delayed_end *d = c->delayed;
        c->delayed = d->next;
        free(d);
    }
    for (struct producer *p = c->producers, *next; p; p = next) {
        next = p->next;
        free(p->touched);
        free(p->offsets);
        free(p);
    }
    for (struct txn_run *r = c->runs, *next; r; r = next) {
        next = r->next_all;
        free(r);
    }
}
