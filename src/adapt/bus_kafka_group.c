/* Rebalances.
 *
 * Problem   librdkafka reports a rebalance from inside a poll and waits for assign() as the answer; the worker must
 * finish a transaction and save state before it lets a partition go. Choice: the callback writes down what happened
 * and takes the group metadata of that moment; the answer is given later, by the worker, on the same thread. librdkafka
 * goes on sending heartbeats meanwhile. Rejected: answering in the callback, which would give partitions away under a
 * running batch (and read the membership too late: a fence that always opens).
 * Invariant a partition is delivered from only between start() and stop(), in offset order, from positions[]. */
#include "bus_kafka_internal.h"
#include "freshet/base/log.h"
#include <stdlib.h>

void kafka_membership_release(struct kafka_membership *m) {
    if (!m || --m->holders) return;
    rd_kafka_consumer_group_metadata_destroy(m->metadata);
    free(m);
}

static void forget_positions(struct kafka_bus *b) {
    for (uint32_t i = 0; i < b->position_n; i++) b->positions[i] = -1;
    b->positions_changed = false;
}

static int by_number(const void *x, const void *y) {
    int32_t a = *(const int32_t *)x, c = *(const int32_t *)y;
    return (a > c) - (a < c);
}

static void grow_positions(struct kafka_bus *b, int32_t partition) {
    uint32_t needed = (uint32_t)partition + 1;
    if (needed <= b->position_n) return;
    b->positions = fr_realloc(b->positions, needed * sizeof *b->positions);
    while (b->position_n < needed) b->positions[b->position_n++] = -1;
}

static void take_assignment(struct kafka_bus *b, rd_kafka_t *rk,
                            const rd_kafka_topic_partition_list_t *list) {
    b->assigned_n = (uint32_t)list->cnt;
    b->assigned = fr_realloc(b->assigned, b->assigned_n * sizeof *b->assigned);
    for (int i = 0; i < list->cnt; i++) {
        b->assigned[i] = list->elems[i].partition;
        grow_positions(b, list->elems[i].partition);
    }
    if (b->assigned_n) qsort(b->assigned, b->assigned_n, sizeof *b->assigned, by_number);
    kafka_membership_release(b->membership);
    b->membership = fr_alloc(sizeof *b->membership);
    *b->membership = (struct kafka_membership){++b->assignments, rd_kafka_consumer_group_metadata(rk), 1};
    b->pending = FR_BUS_ASSIGN;
}

static void let_go(struct kafka_bus *b, rd_kafka_t *rk) {
    forget_positions(b);
    kafka_membership_release(b->membership);
    b->membership = NULL;
    b->pending = FR_BUS_NONE;
    rd_kafka_assign(rk, NULL);
}

void kafka_rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
                        void *opaque) {
    struct kafka_bus *b = opaque;
    bool lost = rd_kafka_assignment_lost(rk);
    fr_log(FR_LOG_INFO, "KAFKA-REBALANCE", "topic=%s event=%s partitions=%d", b->topic_names[b->input],
           err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? "assign"
           : lost                                      ? "lost"
                                                       : "revoke",
           list ? list->cnt : 0);
    if (b->closing)
        let_go(b, rk);
    else if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        take_assignment(b, rk, list);
    else if (!b->membership || b->pending == FR_BUS_ASSIGN) /* the worker never heard of it */
        let_go(b, rk);
    else
        b->pending = lost ? FR_BUS_LOST : FR_BUS_REVOKE;
}

bool kafka_group_event(struct kafka_bus *b, struct fr_bus_poll *out) {
    if (b->pending == FR_BUS_NONE) return false;
    *out = (struct fr_bus_poll){.event = b->pending};
    if (b->pending != FR_BUS_ASSIGN) return true;
    out->partitions = b->assigned;
    out->partition_n = b->assigned_n;
    out->assignment = b->membership->assignment;
    b->pending = FR_BUS_NONE;
    b->positions_changed = true; /* even if nothing is started: the group waits for an answer */
    return true;
}

/* Tells librdkafka what to read. Each call reads everything anew from positions[], so many starts make one call. */
enum fr_err kafka_apply_positions(struct kafka_bus *b, struct fr_errmsg *msg) {
    if (!b->positions_changed) return FR_OK;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)b->assigned_n);
    for (uint32_t p = 0; p < b->position_n; p++)
        if (b->positions[p] >= 0)
            rd_kafka_topic_partition_list_add(list, b->topic_names[b->input], (int32_t)p)->offset =
                b->positions[p];
    rd_kafka_resp_err_t err = rd_kafka_assign(b->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err) return fr_err_set(msg, FR_BUS_FATAL, "kafka assign: %s", rd_kafka_err2str(err));
    b->positions_changed = false;
    return FR_OK;
}

enum fr_err kafka_start(struct fr_bus *bus, const struct fr_start *starts, uint32_t n,
                        struct fr_errmsg *msg) {
    (void)msg;
    struct kafka_bus *b = (struct kafka_bus *)bus;
    for (uint32_t i = 0; i < n; i++) {
        grow_positions(b, starts[i].partition);
        b->positions[starts[i].partition] = starts[i].offset;
    }
    b->positions_changed = true;
    return FR_OK;
}

enum fr_err kafka_restart(struct fr_bus *bus, struct fr_start start, struct fr_errmsg *msg) {
    return kafka_start(bus, &start, 1, msg);
}

enum fr_err kafka_stop(struct fr_bus *bus, struct fr_errmsg *msg) {
    (void)msg;
    struct kafka_bus *b = (struct kafka_bus *)bus;
    kafka_release_messages(b);
    let_go(b, b->consumer);
    return FR_OK;
}
