#include "bus_memory_internal.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

struct log_entry *log_entry_at(const struct log_partition *p, int64_t offset) {
    return &p->entries[offset - p->base];
}

bool log_entry_visible(const struct log_entry *e) {
    return !e->control && (!e->run || e->run->outcome == TXN_COMMITTED);
}

int32_t log_partition_for(const struct fr_bus_memory *c, const struct fr_out *record) {
    if (record->partition >= 0) return record->partition;
    return (int32_t)(fr_murmur2(record->key) % c->config.partitions[record->topic]);
}

/* Room for one more entry; the front that retention has dropped is reused first. */
static struct log_entry *entry_new(struct log_partition *p) {
    size_t used = (size_t)(p->end - p->base), dropped = (size_t)(p->first - p->base);
    if (used == p->cap && dropped > p->cap / 2) {
        memmove(p->entries, p->entries + dropped, (used - dropped) * sizeof *p->entries);
        p->base = p->first;
    } else if (used == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 64;
        p->entries = fr_realloc(p->entries, p->cap * sizeof *p->entries);
    }
    struct log_entry *e = log_entry_at(p, p->end++);
    *e = (struct log_entry){0};
    return e;
}

static size_t entry_bytes(const struct fr_out *r) {
    size_t n = r->header_n * sizeof(struct fr_header) + r->key.len + r->value.len + 1;
    for (uint32_t i = 0; i < r->header_n; i++) n += r->headers[i].name.len + r->headers[i].value.len;
    return n;
}

static struct fr_str put(char **at, struct fr_str s) {
    if (!s.ptr) return s;
    if (s.len) memcpy(*at, s.ptr, s.len);
    struct fr_str copy = {*at, s.len};
    *at += s.len;
    return copy;
}

/* One block holds the headers' array and all bytes; it starts at headers. */
static void entry_fill(struct log_entry *e, const struct fr_out *r) {
    e->headers = fr_alloc(entry_bytes(r));
    e->header_n = r->header_n;
    char *at = (char *)(e->headers + r->header_n);
    for (uint32_t i = 0; i < r->header_n; i++) {
        e->headers[i].name = put(&at, r->headers[i].name);
        e->headers[i].value = put(&at, r->headers[i].value);
    }
    e->key = put(&at, r->key);
    e->value = put(&at, r->value);
}

static void drop_front(struct log_partition *p, int64_t first) {
    for (; p->first < first && p->first < p->end; p->first++) {
        struct log_entry *e = log_entry_at(p, p->first);
        p->bytes -= e->key.len + e->value.len;
        free(e->headers);
        e->headers = NULL;
    }
}

static void retain(struct fr_bus_memory *c, enum fr_topic topic, struct log_partition *p) {
    if (!c->config.keep_bytes || fr_topic_info(topic)->input) return;
    while (p->bytes > c->config.keep_bytes && p->first + 1 < p->end) drop_front(p, p->first + 1);
}

int64_t log_append(struct fr_bus_memory *c, const struct fr_out *record, int32_t partition,
                   struct txn_run *run) {
    struct log_partition *p = &c->logs[record->topic][partition];
    struct log_entry *e = entry_new(p);
    entry_fill(e, record);
    e->timestamp_ms = record->timestamp_ms ? record->timestamp_ms : bus_now(c);
    e->run = run;
    p->bytes += e->key.len + e->value.len;
    retain(c, record->topic, p);
    return p->end - 1;
}

int64_t log_append_marker(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition,
                          struct txn_run *run) {
    struct log_partition *p = &c->logs[topic][partition];
    struct log_entry *e = entry_new(p);
    e->control = true;
    e->run = run;
    e->timestamp_ms = bus_now(c);
    return p->end - 1;
}

int64_t log_stable_end(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition) {
    int64_t end = c->logs[topic][partition].end;
    for (const struct producer *p = c->producers; p; p = p->next)
        for (uint32_t i = 0; p->run && i < p->touched_n; i++)
            if (p->touched[i].topic == topic && p->touched[i].partition == partition &&
                p->touched[i].first < end)
                end = p->touched[i].first;
    return end;
}

void log_fini(struct fr_bus_memory *c) {
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        for (uint32_t i = 0; i < c->config.partitions[t]; i++) {
            drop_front(&c->logs[t][i], c->logs[t][i].end);
            free(c->logs[t][i].entries);
        }
        free(c->logs[t]);
    }
}

void fr_bus_memory_truncate_front(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition,
                                  int64_t first) {
    pthread_mutex_lock(&c->lock);
    drop_front(&c->logs[topic][partition], first);
    pthread_mutex_unlock(&c->lock);
}

void fr_bus_memory_rewrite(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition, int64_t offset) {
    pthread_mutex_lock(&c->lock);
    struct log_entry *e = log_entry_at(&c->logs[topic][partition], offset);
    if (e->value.len)
        ((char *)(e->headers + e->header_n))[e->key.len] ^= 1; /* its bytes lie behind the headers */
    pthread_mutex_unlock(&c->lock);
}

int64_t fr_bus_memory_produce(struct fr_bus_memory *c, const struct fr_out *record) {
    pthread_mutex_lock(&c->lock);
    int64_t offset = log_append(c, record, log_partition_for(c, record), NULL);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return offset;
}

void fr_bus_memory_read(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition, int64_t from,
                        bool (*visit)(void *context, const struct fr_record *record), void *context) {
    pthread_mutex_lock(&c->lock);
    struct log_partition *p = &c->logs[topic][partition];
    int64_t end = log_stable_end(c, topic, partition);
    for (int64_t at = from < p->first ? p->first : from; at < end; at++) {
        const struct log_entry *e = log_entry_at(p, at);
        if (!log_entry_visible(e)) continue;
        struct fr_record r = {partition, at, e->timestamp_ms, e->key, e->value, e->headers, e->header_n};
        if (!visit(context, &r)) break;
    }
    pthread_mutex_unlock(&c->lock);
}

void fr_bus_memory_ends(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition, int64_t *stable,
                        int64_t *end) {
    pthread_mutex_lock(&c->lock);
    *stable = log_stable_end(c, topic, partition);
    *end = c->logs[topic][partition].end;
    pthread_mutex_unlock(&c->lock);
}
