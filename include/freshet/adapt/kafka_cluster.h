/* kafka_cluster.h - how to reach a Kafka cluster; shared by the bus and the administration of topics.
 *
 * Memory    everything is borrowed for the length of the call that takes the struct. */
#ifndef FR_ADAPT_KAFKA_CLUSTER_H
#define FR_ADAPT_KAFKA_CLUSTER_H

#include <stdint.h>

/* A librdkafka property, passed on as it is. */
struct fr_kafka_property {
    const char *name, *value;
};

struct fr_kafka_cluster {
    const char *bootstrap_servers; /* "host:port,host:port" */
    const char *topic_prefix;      /* "freshet": topics are <prefix>.<suffix> */
    /* Applied last, so they win over every setting made here: TLS, SASL, timeouts, queue sizes. Those on which the
     * guarantees rest (isolation.level, enable.auto.commit, ...) are refused. */
    const struct fr_kafka_property *properties;
    uint32_t property_n;
};

#endif
