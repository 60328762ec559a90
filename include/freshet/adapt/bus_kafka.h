/* bus_kafka.h - the bus on a Kafka cluster (librdkafka 2.0.2 or newer).
 *
 * Promise   what port/bus.h says. Works with the consumer group protocol "classic", assignor range (eager).
 * Not       topics are not made here: see adapt/kafka_admin.h.
 * Threads   an endpoint has one owner; inside, one thread of its own for the transactional producer, beside
 * librdkafka's. Two endpoints share nothing.
 * Memory    gives the endpoint; free it with ops->close. close waits for an unfinished commit (at most about two
 * transaction time-outs when no broker answers).
 *
 * With a group_instance_id the endpoint is a static member: close does not give its partitions away, they wait
 * session_timeout_ms for its return. Without one they are shared out again at once. */
#ifndef FR_ADAPT_BUS_KAFKA_H
#define FR_ADAPT_BUS_KAFKA_H

#include "freshet/adapt/kafka_cluster.h"
#include "freshet/port/bus.h"

struct fr_bus_kafka_config {
    struct fr_kafka_cluster cluster;
    enum fr_topic input;
    const char *group_id;
    const char *group_instance_id;   /* NULL: a dynamic member */
    const char *transactional_id;    /* the same after a restart: it ends what the process before left open */
    uint32_t session_timeout_ms;     /* 0: 10,000 */
    uint32_t transaction_timeout_ms; /* 0: 10,000 */
    uint32_t statistics_interval_ms; /* 0: none; see fr_bus_kafka_stats */
    /* For negative controls only: keep the producer after a commit whose answer was late or resent. */
    bool never_recycle;
};

/* Starts to join the group and to claim the transactional id; both go on beside the caller. Errors: FR_CONFIG with the
 * property's name, FR_BUS_FATAL. No broker needs to be there yet. */
enum fr_err fr_bus_kafka_open(const struct fr_bus_kafka_config *config, struct fr_bus **out,
                              struct fr_errmsg *msg);

enum { FR_BUS_KAFKA_PARTITIONS = 256 }; /* lags reported; more partitions are counted in lag_total only */

struct fr_bus_kafka_stats {
    int64_t lag[FR_BUS_KAFKA_PARTITIONS]; /* records behind the last known end, by partition; -1: not owned */
    int64_t lag_total;
    uint64_t rebalances;         /* times partitions were given to us */
    uint64_t recycled_producers; /* producers replaced after a doubt */
    uint64_t transport_errors;   /* connections lost or refused, all clients of this endpoint */
    int64_t fetch_queue_records; /* read ahead; this and the next: 0 without statistics_interval_ms */
    int64_t broker_rtt_us;       /* the slowest broker's mean round trip */
    int64_t txn_age_us;          /* of the transaction under way; 0: none */
};

/* Called by the owner. */
void fr_bus_kafka_stats(struct fr_bus *bus, struct fr_bus_kafka_stats *out);

#endif
