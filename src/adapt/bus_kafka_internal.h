/* bus_kafka_internal.h - one endpoint on Kafka; shared by bus_kafka*.c only.
 *
 *   conf      settings of every client, the properties that are refused, log and error callbacks
 *   group     rebalances: what happened, and the worker's answers                       (owner's thread)
 *   consume   records, committed offsets, ends of the log                               (owner's thread)
 *   txn       one transaction from begin to its verdict                                 (producer's thread)
 *   producer  the producer's thread, its jobs, a new producer after a doubt             (both) */
#ifndef FR_ADAPT_BUS_KAFKA_INTERNAL_H
#define FR_ADAPT_BUS_KAFKA_INTERNAL_H

#include "freshet/adapt/bus_kafka.h"
#include "freshet/base/arena.h"
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

/* Who we were in the group when an assignment was given: the fence of every transaction made under it. */
struct kafka_membership {
    uint64_t assignment;
    rd_kafka_consumer_group_metadata_t *metadata;
    uint32_t holders; /* the endpoint, a running transaction; counted by the owner's thread only */
};

enum kafka_job { JOB_NONE, JOB_TXN, JOB_RECYCLE };
enum kafka_job_state { JOB_IDLE, JOB_WAITS, JOB_RUNS, JOB_DONE };

/* What belongs to the producer's thread, and the letter box between it and the owner. */
struct kafka_producer {
    rd_kafka_conf_t *conf; /* copied for every new producer */
    rd_kafka_t *rk;        /* NULL: none yet, or given up */
    rd_kafka_topic_t *topics[FR_TOPIC_N];
    bool in_doubt; /* an end-of-transaction request may still be under way: not one more under this epoch */
    bool never_recycle;
    _Atomic int delivery_error;     /* first rd_kafka_resp_err_t of a record of this transaction */
    _Atomic uint64_t commit_faults; /* transport errors seen by this client */
    _Atomic uint64_t recycled;
    _Atomic int64_t txn_began_us; /* 0: none */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    enum kafka_job job;
    enum kafka_job_state state;
    bool closing;
    enum fr_err result;
    struct fr_errmsg message;
    /* set with the job, read by the thread while it runs */
    const struct fr_txn *txn;
    struct kafka_membership *membership;
};

struct kafka_bus {
    struct fr_bus base;
    char *topic_names[FR_TOPIC_N];
    enum fr_topic input;
    _Atomic uint32_t partition_counts[FR_TOPIC_N]; /* 0: not known yet */

    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue; /* the consumer's: records, rebalances, errors */
    rd_kafka_conf_t *uncommitted_conf;
    rd_kafka_t *uncommitted; /* for committed(stable = false) only; made when first asked */
    _Atomic bool down;       /* all brokers went away since the last poll */
    _Atomic uint64_t transport_errors;

    enum fr_bus_event pending; /* ASSIGN until it is told, REVOKE and LOST until they are answered */
    bool closing;
    uint64_t assignments;
    struct kafka_membership *membership; /* NULL: no partitions are ours */
    int32_t *assigned;                   /* ascending */
    uint32_t assigned_n;
    int64_t *positions; /* [position_n] by partition: next offset to deliver; -1: not started */
    uint32_t position_n;
    bool positions_changed; /* librdkafka has not been told yet */

    rd_kafka_message_t **messages; /* held until the next poll */
    struct fr_record *records;
    uint32_t message_n, message_cap;
    struct fr_arena headers;

    int64_t fetch_queue_records, broker_rtt_us;
    struct kafka_producer producer;
};

/* conf */
rd_kafka_conf_t *kafka_conf_new(const struct fr_kafka_cluster *cluster, struct fr_errmsg *msg);
/* False, with a message, for an unknown name or a bad value. */
bool kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct fr_errmsg *msg);
bool kafka_conf_set_ms(rd_kafka_conf_t *conf, const char *name, uint32_t ms, struct fr_errmsg *msg);
bool kafka_conf_pass_through(rd_kafka_conf_t *conf, const struct fr_kafka_cluster *cluster,
                             struct fr_errmsg *msg);
rd_kafka_conf_t *kafka_consumer_conf(const struct fr_bus_kafka_config *config, const char *isolation,
                                     struct fr_errmsg *msg);
rd_kafka_conf_t *kafka_producer_conf(const struct fr_bus_kafka_config *config, struct fr_errmsg *msg);
/* Takes conf. NULL with a message on failure. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct fr_errmsg *msg);
/* gives "<prefix>.<suffix>"; free it with free(). */
char *kafka_topic_name(const char *prefix, enum fr_topic topic);
/* Partitions of a topic as the cluster says; 0 when it is not there or nobody answers in time. */
uint32_t kafka_partition_count(rd_kafka_t *rk, const char *topic, int timeout_ms);
/* Writes the client's error into msg and destroys it. */
enum fr_err kafka_error_take(rd_kafka_error_t *error, enum fr_err code, const char *doing,
                             struct fr_errmsg *msg);

/* group */
void kafka_rebalance_cb(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
                        void *opaque);
void kafka_membership_release(struct kafka_membership *m);
/* Hands out the pending event, if there is one. */
bool kafka_group_event(struct kafka_bus *b, struct fr_bus_poll *out);
enum fr_err kafka_apply_positions(struct kafka_bus *b, struct fr_errmsg *msg);
enum fr_err kafka_start(struct fr_bus *bus, const struct fr_start *starts, uint32_t n, struct fr_errmsg *msg);
enum fr_err kafka_restart(struct fr_bus *bus, struct fr_start start, struct fr_errmsg *msg);
enum fr_err kafka_stop(struct fr_bus *bus, struct fr_errmsg *msg);

/* consume */
/* Headers go into the arena, the rest points into the message. */
void kafka_lend_record(const rd_kafka_message_t *m, struct fr_arena *arena, struct fr_record *r);
void kafka_release_messages(struct kafka_bus *b);
enum fr_err kafka_poll(struct fr_bus *bus, uint32_t max_records, uint32_t timeout_ms, struct fr_bus_poll *out,
                       struct fr_errmsg *msg);
enum fr_err kafka_committed(struct fr_bus *bus, int32_t partition, bool stable, int64_t *next_offset,
                            char metadata[256], struct fr_errmsg *msg);
enum fr_err kafka_log_range(struct fr_bus *bus, int32_t partition, int64_t *first, int64_t *end,
                            struct fr_errmsg *msg);

/* producer */
void kafka_producer_start(struct kafka_bus *b);
void kafka_producer_close(struct kafka_bus *b);
bool kafka_producer_closing(struct kafka_producer *p);
enum fr_err kafka_txn_submit(struct fr_bus *bus, const struct fr_txn *txn, struct fr_errmsg *msg);
enum fr_err kafka_txn_poll(struct fr_bus *bus, struct fr_errmsg *msg);
enum fr_err kafka_recycle(struct fr_bus *bus, struct fr_errmsg *msg);

/* txn */
rd_kafka_resp_err_t kafka_send(rd_kafka_t *rk, rd_kafka_topic_t *topic, const struct fr_out *r,
                               int32_t partition);
enum fr_err kafka_txn_run(struct kafka_bus *b, const struct fr_txn *txn,
                          const struct kafka_membership *membership, struct fr_errmsg *msg);

/* stats */
int kafka_stats_cb(rd_kafka_t *rk, char *json, size_t json_len, void *opaque);

#endif
