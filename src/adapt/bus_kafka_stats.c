/* Numbers for the metrics. Lags are our own subtraction; two figures come from librdkafka's statistics, a JSON text of
 * tens of kilobytes a second of which two names matter, so it is scanned and not parsed. */
#include "bus_kafka_internal.h"
#include "freshet/base/clock.h"
#include <stdlib.h>

static int64_t sum_of(const char *json, const char *name) {
    int64_t sum = 0;
    for (const char *at = json; (at = strstr(at, name)); sum += strtoll(at, NULL, 10)) at += strlen(name);
    return sum;
}

static int64_t slowest_rtt(const char *json) {
    int64_t most = 0;
    for (const char *at = json; (at = strstr(at, "\"rtt\":"));) {
        at = strstr(at, "\"avg\":");
        if (!at) break;
        at += strlen("\"avg\":");
        int64_t us = strtoll(at, NULL, 10);
        if (us > most) most = us;
    }
    return most;
}

int kafka_stats_cb(rd_kafka_t *rk, char *json, size_t json_len, void *opaque) {
    (void)rk;
    (void)json_len;
    struct kafka_bus *b = opaque;
    b->fetch_queue_records = sum_of(json, "\"fetchq_cnt\":");
    b->broker_rtt_us = slowest_rtt(json);
    return 0; /* librdkafka frees the text */
}

static int64_t lag_of(struct kafka_bus *b, int32_t partition) {
    int64_t low, high;
    if (b->positions[partition] < 0) return -1;
    if (rd_kafka_get_watermark_offsets(b->consumer, b->topic_names[b->input], partition, &low, &high))
        return -1;
    if (high < 0) return -1;
    return high > b->positions[partition] ? high - b->positions[partition] : 0;
}

void fr_bus_kafka_stats(struct fr_bus *bus, struct fr_bus_kafka_stats *out) {
    struct kafka_bus *b = (struct kafka_bus *)bus;
    *out = (struct fr_bus_kafka_stats){.rebalances = b->assignments,
                                       .recycled_producers = atomic_load(&b->producer.recycled),
                                       .transport_errors = atomic_load(&b->transport_errors),
                                       .fetch_queue_records = b->fetch_queue_records,
                                       .broker_rtt_us = b->broker_rtt_us};
    int64_t began = atomic_load(&b->producer.txn_began_us);
    if (began) out->txn_age_us = fr_clock_mono_us() - began;
    for (uint32_t p = 0; p < FR_BUS_KAFKA_PARTITIONS; p++) out->lag[p] = -1;
    for (uint32_t p = 0; p < b->position_n; p++) {
        int64_t lag = lag_of(b, (int32_t)p);
        if (p < FR_BUS_KAFKA_PARTITIONS) out->lag[p] = lag;
        if (lag > 0) out->lag_total += lag;
    }
}
