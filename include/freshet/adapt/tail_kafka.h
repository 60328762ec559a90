/* tail_kafka.h - the tail of a Kafka topic. */
#ifndef FR_ADAPT_TAIL_KAFKA_H
#define FR_ADAPT_TAIL_KAFKA_H

#include "freshet/adapt/kafka_cluster.h"
#include "freshet/port/tail.h"

/* gives. FR_BUS_NO_TOPIC, FR_BUS_DOWN, FR_CONFIG (a property). */
enum fr_err fr_tail_kafka_open(const struct fr_kafka_cluster *cluster, enum fr_topic topic,
                               struct fr_tail **out, struct fr_errmsg *msg);

#endif
