/* tail.h - the port to a topic that everybody reads whole: every record from the beginning of the log on, without a group.
 *
 * Promise   committed records only, those of a partition in the order of their offsets, partitions mixed. What a compacted
 *           topic holds comes once; a record that is written later comes when it is there.
 * Not       no position is kept: whoever opens a tail reads everything.
 * Threads   one owner. An adapter may have threads of its own.
 * Errors    FR_BUS_DOWN (patience: call again), FR_BUS_NO_TOPIC, FR_BUS_FATAL: close it.
 * Adapters  adapt/tail_kafka, adapt/tail_memory (the twin). */
#ifndef FR_PORT_TAIL_H
#define FR_PORT_TAIL_H

#include "freshet/port/bus.h"

struct fr_tail;

struct fr_tail_poll {
    const struct fr_record *records; /* [record_n] lent until the next poll */
    uint32_t record_n;
    bool is_caught_up; /* every partition has been read to its end, once at least */
};

struct fr_tail_ops {
    /* Waits up to timeout_ms for records; comes back sooner with those that are there. */
    enum fr_err (*poll)(struct fr_tail *, uint32_t timeout_ms, struct fr_tail_poll *out,
                        struct fr_errmsg *msg);
    void (*close)(struct fr_tail *);
};

struct fr_tail {
    const struct fr_tail_ops *ops; /* first member of every adapter's own struct */
};

#endif
