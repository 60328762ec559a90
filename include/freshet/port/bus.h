/* bus.h - the port to a partitioned log with transactions: one endpoint per worker.
 *
 * Promise   one consumer in a group on one input topic, and one transactional producer. Records of a
 *           partition come in offset order; only committed ones come. A transaction is submitted whole
 *           (records and input offsets together) and runs beside the caller, one at a time.
 * Not       it does not decide anything: which offset to start from, what to publish, what to do on failure
 *           is run/'s.
 * Threads   one owner, the worker. An adapter may have threads of its own.
 * Errors    stated per function. FR_BUS_FATAL: this endpoint is unusable; close it.
 * Adapters  adapt/bus_kafka (librdkafka), adapt/bus_memory (the twin). tests/contract/ holds both to this
 *           page. */
#ifndef FR_PORT_BUS_H
#define FR_PORT_BUS_H

#include "freshet/base/clock.h"
#include "freshet/base/err.h"
#include "freshet/base/str.h"
#include "freshet/port/topics.h"

struct fr_header {
    struct fr_str name, value;
};

/* A record as read. Everything is lent until the next poll. */
struct fr_record {
    int32_t partition;
    int64_t offset;
    fr_time_ms timestamp_ms;  /* the log's time of the record */
    struct fr_str key, value; /* ptr NULL: no key; no value, that is, a tombstone */
    const struct fr_header *headers;
    uint32_t header_n;
};

/* A record to be written. */
struct fr_out {
    enum fr_topic topic;
    int32_t partition;        /* -1: by murmur2 of the key */
    fr_time_ms timestamp_ms;  /* 0: the time it is written */
    struct fr_str key, value; /* ptr NULL: none */
    const struct fr_header *headers;
    uint32_t header_n;
};

enum fr_bus_event {
    FR_BUS_NONE,    /* nothing happened within the timeout */
    FR_BUS_RECORDS, /* records[0..record_n) */
    FR_BUS_ASSIGN,  /* the group gave us partitions[0..partition_n); answer with start() */
    FR_BUS_REVOKE,  /* the group wants all partitions back; finish, then answer with stop() */
    FR_BUS_LOST,    /* the group has already taken them; drop everything, then answer with stop() */
};

struct fr_bus_poll {
    enum fr_bus_event event;
    const struct fr_record *records; /* lent until the next poll; partitions may be mixed */
    uint32_t record_n;
    const int32_t *partitions; /* ASSIGN: the complete new set, ascending; lent until the next poll */
    uint32_t partition_n;
    uint64_t assignment; /* ASSIGN: number of this assignment; stands for the group metadata taken at this
                            moment */
};

struct fr_start {
    int32_t partition;
    int64_t
        offset; /* the next record to read; a log that does not hold it any more gives FR_LOG_GAP from poll */
};

struct fr_commit_offset {
    int32_t partition;
    int64_t next_offset;  /* last record taken into account + 1 */
    const char *metadata; /* at most 255 bytes; kept until the transaction ends */
};

/* Everything is kept until txn_poll returns something other than FR_PENDING. */
struct fr_txn {
    const struct fr_out *records;
    uint32_t record_n;
    const struct fr_commit_offset *offsets;
    uint32_t offset_n;
    uint64_t assignment; /* from the ASSIGN under which the records were read: an old one is fenced */
};

struct fr_bus;

struct fr_bus_ops {
    /* Waits up to timeout_ms for one event; at most max_records records. Returns FR_OK, FR_BUS_DOWN
     * (patience: call again), FR_LOG_GAP, FR_BUS_FATAL. */
    enum fr_err (*poll)(struct fr_bus *, uint32_t max_records, uint32_t timeout_ms, struct fr_bus_poll *out,
                        struct fr_errmsg *msg);
    /* Answers an ASSIGN: reads starts[0..n) from here on. Partitions of the assignment may be added one by
     * one (a second call adds to the first). */
    enum fr_err (*start)(struct fr_bus *, const struct fr_start *starts, uint32_t n, struct fr_errmsg *msg);
    /* Answers a REVOKE or LOST: stops reading everything; records read before are not delivered any more. */
    enum fr_err (*stop)(struct fr_bus *, struct fr_errmsg *msg);
    /* Stops and starts one owned partition at an offset again (after its memory was dropped). */
    enum fr_err (*restart)(struct fr_bus *, struct fr_start start, struct fr_errmsg *msg);
    /* The group's committed offset of an input partition, -1 when none, and its metadata (NUL-terminated, cut
     * at 255). stable: wait for open transactions, FR_BUS_UNSTABLE while there is one. Also FR_TIMEOUT,
     * FR_BUS_DOWN: never to be taken for "none". */
    enum fr_err (*committed)(struct fr_bus *, int32_t partition, bool stable, int64_t *next_offset,
                             char metadata[256], struct fr_errmsg *msg);
    /* First offset still in the input partition, and the end up to which committed records can be read. */
    enum fr_err (*log_range)(struct fr_bus *, int32_t partition, int64_t *first, int64_t *end,
                             struct fr_errmsg *msg);
    /* Begins, produces, sends the offsets and commits, beside the caller. FR_OK: under way. One at a time. */
    enum fr_err (*txn_submit)(struct fr_bus *, const struct fr_txn *, struct fr_errmsg *msg);
    /* FR_PENDING; FR_OK: committed; FR_BUS_ABORTED: nothing of it will ever be seen, submit the same again;
     * FR_BUS_FENCED: nothing of it will be seen and this endpoint does not own the partitions any more;
     * FR_BUS_DOUBTFUL: it may or may not be committed: recycle, then read committed();
     * FR_BUS_FATAL. */
    enum fr_err (*txn_poll)(struct fr_bus *, struct fr_errmsg *msg);
    /* A new transactional producer in place of the old one: fences the old one's leftovers and waits for
     * them. FR_PENDING: call again; FR_OK; FR_BUS_FATAL. */
    enum fr_err (*recycle)(struct fr_bus *, struct fr_errmsg *msg);
    /* Partitions of a topic, for out-records that name theirs; 0 when unknown yet. */
    uint32_t (*partitions)(struct fr_bus *, enum fr_topic topic);
    /* Leaves the group and frees the endpoint. An unfinished transaction is aborted. */
    void (*close)(struct fr_bus *);
};

struct fr_bus {
    const struct fr_bus_ops *ops; /* first member of every adapter's own struct */
};

#endif
