/* wiring.h - from the configuration to running stages: the only place that knows both. */
#ifndef FR_APP_WIRING_H
#define FR_APP_WIRING_H

#include "freshet/adapt/bus_kafka.h"
#include "freshet/adapt/bus_memory.h"
#include "freshet/adapt/store_redis.h"
#include "freshet/app/command.h"
#include "freshet/run/runner.h"

/* Fills r, which is to be released with fr_rules_fini in every case. */
enum fr_err fr_wire_rules(const struct fr_config *config, struct fr_rules *r, struct fr_errmsg *msg);
struct fr_kafka_cluster fr_wire_cluster(const struct fr_config *config, struct fr_arena *arena);
/* One store endpoint, for a worker or a report. */
enum fr_err fr_wire_store(const struct fr_config *config, const char *client_name, struct fr_store **out,
                          struct fr_errmsg *msg);

/* What the runner needs to open the ends of a worker. memory NULL: Kafka. */
struct fr_wiring {
    const struct fr_config *config;
    struct fr_bus_memory *memory;
    struct fr_arena arena;
    struct fr_kafka_cluster cluster;
    char instance[64];
};
void fr_wiring_init(struct fr_wiring *w, const struct fr_config *config, struct fr_bus_memory *memory);
void fr_wiring_fini(struct fr_wiring *w);
/* A compacted topic from its beginning. gives */
enum fr_err fr_wire_tail(const struct fr_wiring *w, enum fr_topic topic, struct fr_tail **tail,
                         struct fr_errmsg *msg);
struct fr_runner_config fr_wire_runner(struct fr_wiring *w, const struct fr_rules *rules,
                                       const uint32_t partitions[FR_TOPIC_N]);

#endif
