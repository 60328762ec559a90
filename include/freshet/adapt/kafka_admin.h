/* kafka_admin.h - topics of a cluster: make them, look at them, read and write them outside the pipeline.
 *
 * For commands and tests, never for the hot path: every call blocks and opens a client of its own (a writer keeps its
 * client until it is closed). Threads: each call, reader and writer has one caller. Errors: FR_BUS_DOWN or FR_TIMEOUT
 * when nobody answers, FR_BUS_NO_TOPIC, FR_CONFIG (a property), FR_BUS_FATAL (refused by the broker). */
#ifndef FR_ADAPT_KAFKA_ADMIN_H
#define FR_ADAPT_KAFKA_ADMIN_H

#include "freshet/adapt/kafka_cluster.h"
#include "freshet/port/bus.h"

/* How a topic should be. */
struct fr_kafka_topic_spec {
    enum fr_topic topic;
    uint32_t partitions;
    uint32_t replication;      /* 0: the broker's default */
    int64_t retention_ms;      /* -1: for ever. Ignored for compacted topics. */
    uint32_t max_record_bytes; /* 0: the broker's default */
    bool append_time; /* the broker's clock stamps records: retention then counts from their arrival */
};

/* Makes those of specs[0..n) that are missing; made[i] tells which. What exists is left alone. Returns when
 * all of them can be used. */
enum fr_err fr_kafka_topics_create(const struct fr_kafka_cluster *cluster,
                                   const struct fr_kafka_topic_spec *specs, uint32_t n, bool *made,
                                   struct fr_errmsg *msg);

/* How a topic is. */
struct fr_kafka_topic_state {
    bool exists;
    uint32_t partitions, replication;
    bool compacted;
    int64_t retention_ms; /* -1: for ever */
    int64_t max_record_bytes;
    bool append_time;
};
/* Fills states[0..n) for topics[0..n) and the cluster's id (NUL-terminated, cut at 63 bytes; may be NULL). */
enum fr_err fr_kafka_topics_describe(const struct fr_kafka_cluster *cluster, const enum fr_topic *topics,
                                     uint32_t n, struct fr_kafka_topic_state *states, char cluster_id[64],
                                     struct fr_errmsg *msg);

/* Deletes the topics; missing ones are no error. */
enum fr_err fr_kafka_topics_delete(const struct fr_kafka_cluster *cluster, const enum fr_topic *topics,
                                   uint32_t n, struct fr_errmsg *msg);

struct fr_kafka_range {
    int32_t partition;
    int64_t from, to; /* [from, to); from -1: the start of the log; to -1: the end as it is now */
};
/* Calls visit for every record of the range, in offset order; lent during the call; stops when it returns false.
 * committed: only records of committed transactions, up to the first open one. FR_TIMEOUT when nothing comes for 30 s. */
enum fr_err fr_kafka_read(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                          struct fr_kafka_range range, bool committed,
                          bool (*visit)(void *context, const struct fr_record *record), void *context,
                          struct fr_errmsg *msg);

/* The first offset of a partition, the end up to which committed records can be read, and the end of the log. The last
 * two are equal when no transaction is open there. A commit is answered before its markers are written, so a reader that
 * comes at once may have to wait for that. */
enum fr_err fr_kafka_ends(const struct fr_kafka_cluster *cluster, enum fr_topic topic, int32_t partition,
                          int64_t *first, int64_t *stable, int64_t *end, struct fr_errmsg *msg);

/* What a group has still to read of a topic: committed offset (-1: none) against the end, by partition. */
struct fr_kafka_lag {
    int64_t committed, end;
};
enum fr_err fr_kafka_group_lag(const struct fr_kafka_cluster *cluster, const char *group, enum fr_topic topic,
                               struct fr_kafka_lag *lags, uint32_t partition_n, struct fr_errmsg *msg);

/* A plain idempotent producer, for replaying a recorded log: retries do not double or reorder records. */
struct fr_kafka_writer;
enum fr_err fr_kafka_writer_open(const struct fr_kafka_cluster *cluster, struct fr_kafka_writer **out,
                                 struct fr_errmsg *msg);
/* Copies the record. Waits while the local queue is full. partition -1: by murmur2 of the key. */
enum fr_err fr_kafka_writer_put(struct fr_kafka_writer *w, const struct fr_out *record,
                                struct fr_errmsg *msg);
/* Waits until everything is delivered, at most timeout_ms (FR_TIMEOUT). failed: records given up so far. */
enum fr_err fr_kafka_writer_flush(struct fr_kafka_writer *w, uint32_t timeout_ms, uint64_t *failed,
                                  struct fr_errmsg *msg);
void fr_kafka_writer_close(struct fr_kafka_writer **w); /* what is not flushed is dropped */

#endif
