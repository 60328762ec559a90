/* worker.h - one stage, one thread: reads its partitions, keeps their state, publishes exactly once.
 *
 *            ASSIGN                 meta read, epoch bumped, offsets read          record o_r-1 is the one we
 * know (none) ---------> ACQUIRING ------------------------------------> VERIFYING
 * ---------------------------------> LIVE ^ |
 *                        +---------------- a guard failed, the store went back: drop the memory
 * --------------------+ | | PARKED <------------------- REVOKE: pipeline drained, state stored
 * ---------------------------+
 *
 *   a batch:  read -> decode -> load -> validate -> apply -> finish -> [queued] -> transaction -> committed
 *                                                       \-> snapshot of due partitions ...........-> stored
 * (o_r moves)
 *
 * Kafka first, Redis second: outputs and the input offset o_k commit in one transaction; afterwards one
 * guarded write moves state and o_r together. o_r <= o_k; a restart replays [o_r, o_k) in silence. One batch
 * is in its transaction while the next is read, loaded and applied.
 *
 * fr_worker_step does one round and never waits longer than its argument, so the same code runs in a thread
 * (run/runner) and under the simulator (tests/sim), which steps many workers by a seed.
 *
 * Threads   one owner. Errors: step returns FR_OK or a code whose fate is FATAL, with the reason. */
#ifndef FR_RUN_WORKER_H
#define FR_RUN_WORKER_H

#include "freshet/port/bus.h"
#include "freshet/port/store.h"
#include "freshet/run/keys.h"
#include "freshet/run/stage.h"

/* The conditions of the protocol. All true in production; tests switch one off to see that it is needed. */
struct fr_conditions {
    bool epoch_guard;    /* a take-over bumps the epoch before it reads anything */
    bool validate;       /* loaded values count only if the meta value is unchanged after the load */
    bool stable_offsets; /* o_k is read past open transactions only */
    bool stamps;         /* a record is not applied to a state that includes it */
    bool stop_at_gap;    /* missing records stop the worker */
    bool retain_batches; /* an aborted batch is sent again as it was */
    bool fingerprint;    /* the record before o_r must be the one the state was made from */
};
#define FR_CONDITIONS_ALL ((struct fr_conditions){true, true, true, true, true, true, true})

struct fr_worker_config {
    struct fr_bus *bus;                /* takes */
    struct fr_store *store;            /* takes */
    struct fr_stage *stage;            /* takes */
    struct fr_stat_block *stat;        /* keeps until free; may be NULL */
    char prefix[FR_KEYS_PREFIX_BYTES]; /* of store keys */
    uint32_t input_partitions;
    uint64_t topic_hash;         /* struct fr_meta.topic */
    uint32_t batch_records;      /* most records in a batch */
    uint32_t commit_interval_ms; /* between two state commits of a partition */
    uint64_t cache_bytes;        /* of states held in memory */
    uint32_t view_ttl_s;
    struct fr_conditions conditions;
};

struct fr_worker;

struct fr_worker *fr_worker_new(const struct fr_worker_config *config); /* gives */
/* One round. wait_ms: how long it may wait for records when there is nothing else to do. */
enum fr_err fr_worker_step(struct fr_worker *w, fr_time_ms now_ms, uint32_t wait_ms, struct fr_errmsg *msg);
/* Stop taking records; finish what is under way and store it. fr_worker_drained says when that is done. */
void fr_worker_drain(struct fr_worker *w);
bool fr_worker_drained(const struct fr_worker *w);
/* Closes bus and store and frees everything. */
void fr_worker_free(struct fr_worker **w);
/* The process dies: hands bus and store to the given functions (fr_bus_memory_crash, fr_store_memory_crash)
 * and frees the rest. For simulations. */
void fr_worker_crash(struct fr_worker **w, void (*kill_bus)(struct fr_bus *),
                     void (*kill_store)(struct fr_store *));

struct fr_worker_status {
    uint32_t assigned, live;   /* partitions */
    bool replaying;            /* some partition is still before its o_k */
    bool busy;                 /* records or commits are under way */
    uint64_t behind_records;   /* committed to the log, not in the store yet */
    uint64_t records;          /* applied since the start */
    uint64_t keys, bytes;      /* resident */
    fr_time_ms last_record_ms; /* wall time of the last batch with records; 0: none yet */
};
/* Whether it has acquired the partition and may write its state. */
bool fr_worker_owns(const struct fr_worker *w, int32_t partition);
void fr_worker_status(const struct fr_worker *w, struct fr_worker_status *out);

#endif
