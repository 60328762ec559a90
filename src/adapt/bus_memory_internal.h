/* bus_memory_internal.h - the cluster behind the bus's twin; shared by bus_memory*.c only.
 *
 *   log      per topic and partition: entries, some of them control records (bus_memory_log.c)
 *   txn      per transactional id: producer epoch, the open transaction, its pending offsets
 * (bus_memory_txn.c) group    members, generation, assignment, committed offsets (bus_memory_group.c)
 *   endpoint what a worker holds (bus_memory.c)
 * Every function here expects the cluster's lock to be held. */
#ifndef FR_ADAPT_BUS_MEMORY_INTERNAL_H
#define FR_ADAPT_BUS_MEMORY_INTERNAL_H

#include "freshet/adapt/bus_memory.h"
#include <pthread.h>

enum { FR_NAME_BYTES = 64, FR_METADATA_BYTES = 256 };

enum txn_outcome { TXN_NONE, TXN_OPEN, TXN_COMMITTED, TXN_ABORTED };

/* One run of a transaction; entries point to it to learn their fate. Lives as long as the cluster. */
struct txn_run {
    enum txn_outcome outcome;
    struct txn_run *next_all;
};

struct log_entry {
    fr_time_ms timestamp_ms;
    struct txn_run *run; /* NULL: written outside a transaction */
    struct fr_str key, value;
    struct fr_header *headers;
    uint32_t header_n;
    bool control; /* a commit or abort marker */
};

struct log_partition {
    struct log_entry *entries; /* ring of offsets [first, end): entries[(offset - base)] */
    int64_t base, first, end;
    size_t cap;
    uint64_t bytes;
};

struct pending_offset {
    int32_t partition;
    int64_t offset;
    char metadata[FR_METADATA_BYTES];
};

struct producer {
    char id[FR_NAME_BYTES];
    uint32_t epoch;
    struct txn_run *run; /* open, or decided with its markers missing */
    bool decided;        /* the decision is logged */
    enum txn_outcome decision;
    fr_time_ms started_ms;
    struct {
        enum fr_topic topic;
        int32_t partition;
        int64_t first; /* offset of the transaction's first record there */
    } * touched;
    uint32_t touched_n, touched_cap;
    struct group *group; /* of the pending offsets */
    struct pending_offset *offsets;
    uint32_t offset_n;
    struct producer *next;
};

struct member {
    char instance[FR_NAME_BYTES];
    uint64_t id; /* unique; a new endpoint with the same instance gets a new one */
    fr_time_ms seen_ms;
    bool joined; /* waits for the next generation with nothing in hand */
    bool told;   /* knows the current assignment */
    int32_t *partitions;
    uint32_t partition_n;
    struct member *next;
};

struct committed_offset {
    int64_t offset; /* -1: none */
    char metadata[FR_METADATA_BYTES];
};

struct group {
    char name[FR_NAME_BYTES];
    enum fr_topic input;
    uint32_t generation;
    bool rebalancing;
    struct member *members;             /* sorted by instance */
    struct committed_offset *committed; /* [partitions of input] */
    struct group *next;
};

struct delayed_end {
    struct producer *producer;
    uint32_t epoch;
    struct delayed_end *next;
};

struct fr_bus_memory {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fr_bus_memory_config config;
    struct log_partition *logs[FR_TOPIC_N];
    struct producer *producers;
    struct group *groups;
    struct txn_run *runs;
    struct delayed_end *delayed;
    const struct fr_bus_memory_faults *faults;
    fr_time_ms now_ms;
    uint64_t next_member;
};

fr_time_ms bus_now(const struct fr_bus_memory *c);
enum fr_bus_verdict bus_verdict(struct fr_bus_memory *c, enum fr_bus_point point);

/* log */
struct log_entry *log_entry_at(const struct log_partition *p, int64_t offset);
int64_t log_append(struct fr_bus_memory *c, const struct fr_out *record, int32_t partition,
                   struct txn_run *run);
int64_t log_append_marker(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition,
                          struct txn_run *run);
int64_t log_stable_end(struct fr_bus_memory *c, enum fr_topic topic, int32_t partition);
int32_t log_partition_for(const struct fr_bus_memory *c, const struct fr_out *record);
bool log_entry_visible(const struct log_entry *e);
void log_fini(struct fr_bus_memory *c);

/* txn */
struct producer *txn_producer(struct fr_bus_memory *c, const char *id);
/* A new epoch: what was open is aborted, what was decided is finished. */
uint32_t txn_init(struct fr_bus_memory *c, struct producer *p);
/* The following do nothing and return false when epoch is not p's. */
bool txn_begin(struct fr_bus_memory *c, struct producer *p, uint32_t epoch);
bool txn_produce(struct fr_bus_memory *c, struct producer *p, uint32_t epoch, const struct fr_out *record);
bool txn_add_offsets(struct producer *p, uint32_t epoch, struct group *g,
                     const struct fr_commit_offset *offsets, uint32_t n);
bool txn_decide(struct producer *p, uint32_t epoch, enum txn_outcome decision);
void txn_finish(struct fr_bus_memory *c, struct producer *p); /* markers, offsets */
void txn_delay_end(struct fr_bus_memory *c, struct producer *p, uint32_t epoch);
void txn_deliver_delayed(struct fr_bus_memory *c);
void txn_expire(struct fr_bus_memory *c);
bool txn_holds_offset(const struct fr_bus_memory *c, const struct group *g, int32_t partition);
void txn_fini(struct fr_bus_memory *c);

/* group */
struct group *group_named(struct fr_bus_memory *c, const char *name, enum fr_topic input);
struct member *group_join(struct fr_bus_memory *c, struct group *g, const char *instance);
struct member *group_member(struct group *g, uint64_t id);
void group_leave(struct fr_bus_memory *c, struct group *g, uint64_t id);
void group_expire(struct fr_bus_memory *c);
void group_try_assign(struct fr_bus_memory *c, struct group *g);
void group_fini(struct fr_bus_memory *c);

#endif
