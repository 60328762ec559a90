/* stage.h - what a stage is to the worker that runs it: a pure function from (states of some keys, one
 * record) to (new states, outputs), cut into the steps between which the worker does the I/O.
 *
 *   begin -> decode each record (names its keys) -> [worker loads states]
 *         -> facts_wanted -> [worker reads facts] -> facts_loaded -> apply each record, in offset order
 *         -> views_wanted -> [worker reads views] -> views_loaded -> finish (writes lists, packed deltas,
 * ...)
 *
 * Promise   a stage has no clock, does no I/O and knows no partition's owner. Time is the record's.
 * Rules     state must depend on (state, record) alone: not on the batch, not on views, not on `silent`. Only
 * outputs may look at views; nothing may be output for a silent record, whose outputs were committed before.
 * Threads   a stage object belongs to one worker. */
#ifndef FR_RUN_STAGE_H
#define FR_RUN_STAGE_H

#include "freshet/base/buf.h"
#include "freshet/base/stat.h"
#include "freshet/run/outbox.h"

/* One key's state in the working set. state is the stage's own; the rest is the worker's. */
struct fr_cell {
    struct fr_str key;
    void *state;
    int64_t stamp;  /* offset of the last record applied, -1: none */
    uint32_t bytes; /* the state's size, estimated by the stage */
    int32_t partition;
    uint32_t pinned; /* snapshots that hold it and are not stored yet */
    bool loaded, dirty, recent;
};

/* What the steps of one batch share. */
struct fr_stage_batch {
    const struct fr_record *records;
    uint32_t record_n;
    struct fr_arena *arena; /* until the batch has been finished */
    struct fr_outbox *out;
    struct fr_stat_block *stat;
    uint32_t input_partitions;
    uint32_t partitions[FR_TOPIC_N]; /* of the output topics */
    fr_time_ms now_ms;               /* the worker's clock: for the age of cached views only */
};

/* Names a key that the record being decoded touches; the cells come to apply() in the same order. At most
 * FR_STAGE_KEYS a record; key bytes are lent until the batch has been applied. */
struct fr_wants;
void fr_want(struct fr_wants *wants, struct fr_str key);

struct fr_stage;

struct fr_stage_ops {
    const char *name; /* "user": part of group ids, keys and metrics */
    enum fr_topic input;
    void (*begin)(struct fr_stage *, const struct fr_stage_batch *);
    void (*decode)(struct fr_stage *, const struct fr_stage_batch *, uint32_t record, struct fr_wants *);
    /* Full store keys of what apply() must know besides states: things that never change under their name, such as a fitted
     * model that a state or a record of this batch names. Asked when the states are there, again and again until it wants nothing more. Both may be NULL. */
    uint32_t (*facts_wanted)(struct fr_stage *, const struct fr_stage_batch *, const struct fr_str **keys);
    /* values[i].ptr NULL: the store has no such key. Lent during the call. */
    void (*facts_loaded)(struct fr_stage *, const struct fr_stage_batch *, const struct fr_str *values,
                         uint32_t n);
    /* cells[i] is NULL where the stored state includes this record already. */
    void (*apply)(struct fr_stage *, const struct fr_stage_batch *, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent);
    /* Full store keys of the views that finish() would like to see; lent until finish. Both may be NULL: none. */
    uint32_t (*views_wanted)(struct fr_stage *, const struct fr_stage_batch *, const struct fr_str **keys);
    /* values[i].ptr NULL: absent. values NULL: the store did not answer; what is cached must do. */
    void (*views_loaded)(struct fr_stage *, const struct fr_stage_batch *, const struct fr_str *values,
                         uint32_t n);
    void (*finish)(struct fr_stage *, const struct fr_stage_batch *);
    /* Whether finish() has something to say although no record came. May be NULL: never. */
    bool (*has_more)(struct fr_stage *, fr_time_ms now_ms);
    /* bytes empty: a key never seen. NULL: the bytes cannot be read. The key lives as long as
     * the state. gives */
    void *(*state_decode)(struct fr_stage *, struct fr_str key, struct fr_str bytes);
    /* Appends one MessagePack value, or nothing when the state is empty and its key can go. */
    void (*state_encode)(struct fr_stage *, struct fr_str key, const void *state, struct fr_buf *out);
    void (*state_free)(struct fr_stage *, struct fr_str key, void *state);
    /* Everything of this partition is gone from memory: forget what was derived from it. May be NULL. */
    void (*partition_dropped)(struct fr_stage *, int32_t partition);
    void (*free)(struct fr_stage *);
};

struct fr_stage {
    const struct fr_stage_ops *ops; /* first member of every stage's own struct */
    unsigned stat_label;            /* enum fr_stage_kind */
};

enum { FR_STAGE_KEYS = 65536 };

#endif
