/* store.h - the port to a key-value store with one guarded atomic commit per partition: one endpoint per
 * worker.
 *
 * Keys are complete, hash tag included: all keys of one commit carry the same {tag}, so they live in one slot
 * of a cluster. A guard is the exact value of one meta key; a commit takes effect only while the store still
 * holds it.
 *
 * Promise   a commit is atomic: all its pairs and its guard's new value, or nothing; also across a crash of
 *           the store.
 * Not       no policy: what a failed guard means, when to retry, what to write is run/'s.
 * Threads   one owner, the worker. An adapter may have threads of its own.
 * Adapters  adapt/store_redis (hiredis; standalone, unix socket, cluster), adapt/store_memory (the twin). */
#ifndef FR_PORT_STORE_H
#define FR_PORT_STORE_H

#include "freshet/base/arena.h"
#include "freshet/base/err.h"
#include "freshet/base/str.h"

struct fr_pair {
    struct fr_str key, value;
};

/* Kept by the store until commit_poll returns something other than FR_PENDING. */
struct fr_store_commit {
    struct fr_str meta_key;
    struct fr_str expected; /* the meta value this writer relies on; ptr NULL: the key must be absent */
    struct fr_str replacement;
    const struct fr_pair *pairs; /* an empty value deletes the key */
    uint32_t pair_n;
};

struct fr_store_info {
    char version[32];
    uint64_t used_bytes, limit_bytes; /* limit 0: none */
    bool evicts;                      /* a policy other than noeviction: state can be lost in silence */
    bool persists;                    /* appendonly yes */
    uint32_t nodes;                   /* masters of a cluster, 1 otherwise */
};

struct fr_store;

struct fr_store_ops {
    /* Reads n keys in pipelined batches, in the order given: a key later in the array is read no earlier than
     * one before it (of the same tag), on one connection. values[i].ptr is NULL for an absent key; otherwise
     * in the arena. FR_OK, FR_STORE_DOWN (after one try to reconnect), FR_STORE_BUSY (loading, slot moving),
     * FR_STORE_FATAL (password, protocol). */
    enum fr_err (*load)(struct fr_store *, const struct fr_str *keys, uint32_t n, struct fr_str *values,
                        struct fr_arena *arena, struct fr_errmsg *msg);
    /* Starts a guarded commit beside the caller. One at a time. FR_OK: under way. */
    enum fr_err (*commit_start)(struct fr_store *, const struct fr_store_commit *, struct fr_errmsg *msg);
    /* FR_PENDING; FR_OK: done; FR_STORE_GUARD: the meta key holds something else, nothing was written;
     * FR_STORE_BUSY: refused as a whole (memory, slot moving, loading), nothing was written, start again
     * later; FR_STORE_DOWN: the connection broke; whether it was written is not known: load the meta key to
     * find out. */
    enum fr_err (*commit_poll)(struct fr_store *, struct fr_errmsg *msg);
    /* Starts unguarded writes of views, each with a time to live in seconds (0: none). Best effort: put_poll
     * reports, but a view that is lost is written again later. Kept until put_poll is not FR_PENDING. One at
     * a time. */
    enum fr_err (*put_start)(struct fr_store *, const struct fr_pair *pairs, uint32_t n, uint32_t ttl_s,
                             struct fr_errmsg *msg);
    enum fr_err (*put_poll)(struct fr_store *, struct fr_errmsg *msg);
    /* Calls visit for every key that starts with prefix (no glob characters in it), in no order, possibly
     * twice. For reports, never on the hot path. visit returns false to stop. */
    enum fr_err (*scan)(struct fr_store *, struct fr_str prefix,
                        bool (*visit)(void *context, struct fr_str key), void *context,
                        struct fr_errmsg *msg);
    enum fr_err (*info)(struct fr_store *, struct fr_store_info *out, struct fr_errmsg *msg);
    void (*close)(struct fr_store *);
};

struct fr_store {
    const struct fr_store_ops *ops; /* first member of every adapter's own struct */
};

#endif
