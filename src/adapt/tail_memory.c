#include "freshet/adapt/tail_memory.h"
#include "freshet/base/arena.h"
#include <stdlib.h>

enum { RECORDS = 1000, NAP_MS = 2 };

struct tail {
    struct fr_tail base;
    struct fr_bus_memory *cluster;
    enum fr_topic topic;
    uint32_t partition_n;
    int64_t *next; /* [partition_n] */
    struct fr_record records[RECORDS];
    uint32_t record_n;
    struct fr_arena arena;
};

static struct fr_str copy(struct tail *t, struct fr_str s) {
    if (!s.ptr) return s;
    struct fr_str out = fr_arena_copy(&t->arena, s);
    if (!out.ptr) out.ptr = "";
    return out;
}

static bool keep(void *context, const struct fr_record *r) {
    struct tail *t = context;
    if (t->record_n == RECORDS) return false;
    struct fr_record *to = &t->records[t->record_n++];
    *to = *r;
    to->key = copy(t, r->key);
    to->value = copy(t, r->value);
    struct fr_header *headers = fr_arena_alloc(&t->arena, (r->header_n + 1) * sizeof *headers);
    for (uint32_t i = 0; i < r->header_n; i++)
        headers[i] = (struct fr_header){copy(t, r->headers[i].name), copy(t, r->headers[i].value)};
    to->headers = headers;
    t->next[r->partition] = r->offset + 1;
    return true;
}

static void take(struct tail *t) {
    t->record_n = 0;
    fr_arena_clear(&t->arena);
    for (uint32_t p = 0; p < t->partition_n; p++)
        fr_bus_memory_read(t->cluster, t->topic, (int32_t)p, t->next[p], keep, t);
}

static enum fr_err poll(struct fr_tail *tail, uint32_t timeout_ms, struct fr_tail_poll *out,
                        struct fr_errmsg *msg) {
    struct tail *t = (struct tail *)tail;
    (void)msg;
    take(t);
    for (uint32_t waited = 0; t->record_n == 0 && waited < timeout_ms; waited += NAP_MS) {
        fr_clock_sleep_ms(NAP_MS);
        take(t);
    }
    *out = (struct fr_tail_poll){t->records, t->record_n, t->record_n < RECORDS};
    return FR_OK;
}

static void close_tail(struct fr_tail *tail) {
    struct tail *t = (struct tail *)tail;
    fr_arena_fini(&t->arena);
    free(t->next);
    free(t);
}

static const struct fr_tail_ops ops = {poll, close_tail};

struct fr_tail *fr_tail_memory_open(struct fr_bus_memory *cluster, enum fr_topic topic, uint32_t partitions) {
    struct tail *t = fr_alloc_zero(1, sizeof *t);
    t->base.ops = &ops;
    t->cluster = cluster;
    t->topic = topic;
    t->partition_n = partitions;
    t->next = fr_alloc_zero(partitions, sizeof *t->next);
    return &t->base;
}
