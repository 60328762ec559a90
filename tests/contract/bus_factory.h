/* bus_factory.h - what the bus's contract suite runs on: the twin in memory, or a real broker. One cluster at a time. */
#ifndef FR_TESTS_CONTRACT_BUS_FACTORY_H
#define FR_TESTS_CONTRACT_BUS_FACTORY_H

#include "check.h"
#include "freshet/adapt/bus_kafka.h"
#include "freshet/adapt/bus_memory.h"
#include "freshet/adapt/kafka_admin.h"
#include "freshet/base/clock.h"
#include "freshet/base/hash.h"
#include <stdlib.h>
#include <unistd.h>

enum { PARTITIONS = 3, WAIT_MS = 30000, SLICE_MS = 50, LARGE_BYTES = 900000 };

static struct factory {
    const char *kafka; /* host:port; NULL: the twin */
    struct fr_bus_memory *memory;
    struct fr_kafka_cluster cluster;
    char prefix[64];
} at;

static const enum fr_topic used[] = {FR_TOPIC_EVENTS, FR_TOPIC_AFFINITY, FR_TOPIC_RECOMMENDATIONS,
                                     FR_TOPIC_REJECTS};
enum { USED_N = sizeof used / sizeof *used };

static void make_topics(void) {
    struct fr_kafka_topic_spec specs[USED_N] = {0};
    bool made[USED_N];
    struct fr_errmsg msg = {0};
    for (int i = 0; i < USED_N; i++)
        specs[i] =
            (struct fr_kafka_topic_spec){.topic = used[i], .partitions = PARTITIONS, .retention_ms = -1};
    CHECK_INT(fr_kafka_topics_create(&at.cluster, specs, USED_N, made, &msg), FR_OK);
    if (msg.code) fprintf(stderr, "%s\n", msg.text);
}

static void cluster_new(void) {
    static unsigned serial;
    if (at.kafka) {
        snprintf(at.prefix, sizeof at.prefix, "contract-%d-%u-%lld", (int)getpid(), serial++,
                 (long long)fr_clock_wall_ms());
        at.cluster = (struct fr_kafka_cluster){.bootstrap_servers = at.kafka, .topic_prefix = at.prefix};
        make_topics();
        return;
    }
    struct fr_bus_memory_config config = {.session_timeout_ms = 10000, .txn_timeout_ms = 10000};
    for (int t = 0; t < FR_TOPIC_N; t++) config.partitions[t] = PARTITIONS;
    at.memory = fr_bus_memory_new(&config);
}

static void cluster_free(void) {
    if (at.kafka)
        CHECK_INT(fr_kafka_topics_delete(&at.cluster, used, USED_N, NULL), FR_OK);
    else
        fr_bus_memory_free(&at.memory);
}

/* fixed: a static member called name; otherwise a dynamic one where the adapter has those. */
static struct fr_bus *open_as(const char *name, const char *transactional_id, bool fixed) {
    if (!at.kafka) {
        struct fr_bus_memory_endpoint_config config = {.input = FR_TOPIC_EVENTS,
                                                       .group = "group",
                                                       .instance = name,
                                                       .transactional_id = transactional_id};
        return fr_bus_memory_open(at.memory, &config);
    }
    char group[80], id[120];
    snprintf(group, sizeof group, "%s-group", at.prefix);
    snprintf(id, sizeof id, "%s-%s", at.prefix, transactional_id);
    struct fr_bus_kafka_config config = {.cluster = at.cluster,
                                         .input = FR_TOPIC_EVENTS,
                                         .group_id = group,
                                         .group_instance_id = fixed ? name : NULL,
                                         .transactional_id = id};
    struct fr_bus *bus = NULL;
    struct fr_errmsg msg = {0};
    CHECK_INT(fr_bus_kafka_open(&config, &bus, &msg), FR_OK);
    if (msg.code) fprintf(stderr, "%s\n", msg.text);
    return bus;
}

static void produce_all(const struct fr_out *records, uint32_t n) {
    if (!at.kafka) {
        for (uint32_t i = 0; i < n; i++) fr_bus_memory_produce(at.memory, &records[i]);
        return;
    }
    struct fr_kafka_writer *w = NULL;
    uint64_t failed = 0;
    CHECK_INT(fr_kafka_writer_open(&at.cluster, &w, NULL), FR_OK);
    for (uint32_t i = 0; i < n; i++) CHECK_INT(fr_kafka_writer_put(w, &records[i], NULL), FR_OK);
    CHECK_INT(fr_kafka_writer_flush(w, WAIT_MS, &failed, NULL), FR_OK);
    CHECK_INT(failed, 0);
    fr_kafka_writer_close(&w);
}

/* A broker answers a commit before its markers are written. */
static void wait_until_stable(enum fr_topic topic, int32_t partition) {
    int64_t first, stable = 0, end = -1;
    for (int waited = 0; stable != end && waited < WAIT_MS; waited += SLICE_MS)
        CHECK_INT(fr_kafka_ends(&at.cluster, topic, partition, &first, &stable, &end, NULL), FR_OK);
    CHECK_INT(stable, end);
}

typedef bool (*visitor)(void *context, const struct fr_record *record);

static void read_committed(enum fr_topic topic, int32_t partition, visitor visit, void *context) {
    if (!at.kafka) {
        fr_bus_memory_read(at.memory, topic, partition, 0, visit, context);
        return;
    }
    wait_until_stable(topic, partition);
    struct fr_kafka_range all = {partition, -1, -1};
    CHECK_INT(fr_kafka_read(&at.cluster, topic, all, true, visit, context, NULL), FR_OK);
}

#endif
