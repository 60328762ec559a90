/* worker_internal.h - the worker's parts, shared by worker.c, acquire.c, build.c, pipeline.c and flush.c
 * only.
 *
 * A partition's memory runs ahead of the log's o_k by at most the batches in the pipeline, and ahead of the
 * store's o_r by whatever is dirty or in a snapshot:
 *
 *      o_r                o_k                       position
 *   ----|------------------|----------|---------------|-----> offsets of the input partition
 *       stored             committed   in transaction   applied (queued batch)
 */
#ifndef FR_RUN_WORKER_INTERNAL_H
#define FR_RUN_WORKER_INTERNAL_H

#include "freshet/run/cells.h"
#include "freshet/run/meta.h"
#include "freshet/run/worker.h"

enum part_state {
    PART_PARKED,         /* not ours now; its memory is kept in case it comes back */
    PART_ACQUIRE_META,   /* read meta */
    PART_ACQUIRE_EPOCH,  /* bump the epoch */
    PART_ACQUIRE_OFFSET, /* read o_k, start reading */
    PART_VERIFYING,      /* the next record must be the one before o_r */
    PART_LIVE,
};

struct backoff {
    fr_time_ms until_ms;
    uint32_t delay_ms;
};

struct part {
    int32_t number;
    enum part_state state;
    bool warm;           /* memory from before a rebalance may be used if nothing moved */
    bool lift;           /* o_r > o_k and verified: the next transaction sets o_k to o_r */
    bool in_flight;      /* a snapshot of it is not stored yet */
    struct fr_meta meta; /* as stored */
    struct fr_meta_bytes stored, storing;
    int64_t position, committed; /* next record to apply; o_k */
    uint64_t fingerprint;        /* of the record at position - 1 */
    uint64_t serial;             /* grows when the memory is dropped */
    struct fr_cells cells;
    fr_time_ms stored_ms;
    uint32_t store_cost_ms; /* encoding and storing it took last time; 0 when it was little */
    struct backoff backoff;
    bool touched; /* by the batch being built */
    bool touched_live;
};

/* The encoded dirty states of one partition at one batch boundary. */
struct snapshot {
    struct part *part;
    uint64_t serial; /* part->serial when taken; another one means cancelled */
    struct fr_arena arena;
    struct fr_buf bytes;
    struct fr_pair *pairs;
    struct fr_cell **cells;
    uint32_t n;
    struct fr_meta meta;
    struct fr_meta_bytes expected,
        replacement; /* its own: the partition may be dropped and acquired meanwhile */
    struct fr_store_commit commit;
    fr_mono_us encode_us, started_us; /* time spent encoding; when the commit was sent */
    bool sent;
    struct snapshot *next;
};

/* The commit that raises a partition's epoch; the store keeps its bytes, so they live here. */
struct bump {
    struct part *part; /* NULL: none under way */
    uint64_t serial;
    struct fr_arena arena;
    struct fr_meta_bytes expected, replacement;
    struct fr_store_commit commit;
};

enum txn_state { TXN_WAITING, TXN_SENT, TXN_RECYCLING, TXN_RESOLVING };

struct batch {
    struct fr_outbox out;
    struct fr_commit_offset *offsets; /* [partitions] */
    uint32_t offset_n;
    char (*metadata)[48];
    struct fr_txn txn;
    enum txn_state state;
    uint64_t records;
    fr_mono_us started_us;
    struct snapshot *snapshots; /* to be stored once this batch is committed */
    unsigned put_tries;
    struct batch *next; /* in the list of free batches or of views to put */
};

struct fr_wants {
    struct fr_worker *worker;
    struct part *part;
};

enum input_phase { INPUT_NONE, INPUT_DECODED };

/* Records polled and not applied yet. */
struct input {
    enum input_phase phase;
    struct fr_record *records; /* the usable ones, copied from the poll */
    uint32_t n, cap;
    struct fr_cell **cells; /* those of record i: cells[first[i] .. first[i + 1]) */
    uint32_t cell_n, cell_cap;
    uint32_t *first; /* [n + 1] */
    struct fr_cell **missing;
    uint32_t missing_n, missing_cap;
    struct fr_arena arena;
    fr_mono_us started_us;
};

struct fr_worker {
    struct fr_worker_config config;
    struct fr_bus *bus;
    struct fr_store *store;
    struct fr_stage *stage;
    struct fr_keys keys;
    struct part *parts; /* [input_partitions] */
    bool *owned;        /* [input_partitions] by the current assignment */
    bool assigned;      /* between ASSIGN and stop() */
    bool answer_lost;   /* a LOST event waits for the transaction under way to end */
    bool revoking, draining, drained;
    fr_time_ms revoke_deadline_ms;
    uint64_t assignment;
    struct input input;
    struct batch *queued, *in_flight, *free_batches;
    struct batch *puts, **puts_end; /* committed batches whose views are being written */
    bool putting;
    struct snapshot *to_store, **to_store_end; /* first one is being stored if ->sent */
    struct bump bump;
    struct fr_arena scratch; /* of one step */
    struct backoff store_backoff, bus_backoff, txn_backoff, put_backoff;
    fr_time_ms now_ms, heartbeat_ms, last_record_ms;
    uint64_t records, behind_records; /* applied since the start; applied and not stored */
};

/* worker.c */
bool backoff_ready(const struct backoff *b, fr_time_ms now);
void backoff_fail(struct backoff *b, fr_time_ms now); /* 5 ms, doubling to 1 s */
static inline void backoff_clear(struct backoff *b) { *b = (struct backoff){0}; }
static inline bool pipeline_empty(const struct fr_worker *w) {
    return !w->queued && !w->in_flight && w->input.phase == INPUT_NONE;
}
#define STAT(w, id, n) fr_stat_add((w)->config.stat, FR_STAT_##id, (w)->stage->stat_label, (n))

/* acquire.c */
enum fr_err acquire_step(struct fr_worker *w, struct fr_errmsg *msg);
void part_reset(struct fr_worker *w, struct part *p, enum part_state state); /* frees its memory */
void part_drop(struct fr_worker *w, struct part *p, const char *why);        /* and acquires it again */
void drop_all(struct fr_worker *w, const char *why);
bool acquiring(const struct fr_worker *w);
enum fr_err verify_record(struct fr_worker *w, struct part *p, const struct fr_record *r,
                          struct fr_errmsg *msg);
enum fr_err heartbeat(struct fr_worker *w, struct fr_errmsg *msg);
bool meta_is_ours(const struct part *p, struct fr_str value);

/* build.c */
enum fr_err input_take(struct fr_worker *w, const struct fr_bus_poll *polled, struct fr_errmsg *msg);
enum fr_err input_build(struct fr_worker *w, struct fr_errmsg *msg);
void build_without_records(struct fr_worker *w);
void input_discard(struct fr_worker *w);
void input_forget(struct fr_worker *w, const struct part *p); /* p's cells are about to go */
void input_fini(struct fr_worker *w);

/* pipeline.c */
struct batch *batch_new(struct fr_worker *w);
void batch_release(struct fr_worker *w, struct batch *b);
void batch_add_offset(struct fr_worker *w, struct batch *b, struct part *p, int64_t next_offset);
void batch_queue(struct fr_worker *w, struct batch *b);
enum fr_err pipeline_step(struct fr_worker *w, struct fr_errmsg *msg);
void pipeline_discard(struct fr_worker *w);
void batches_fini(struct fr_worker *w);

/* flush.c */
void flush_due(struct fr_worker *w, bool everything);
enum fr_err flush_step(struct fr_worker *w, struct fr_errmsg *msg);
void flush_ready(struct fr_worker *w, struct batch *b); /* its transaction is committed */
bool flush_idle(const struct fr_worker *w);
void snapshot_free(struct snapshot *s);
void flush_fini(struct fr_worker *w);

#endif
