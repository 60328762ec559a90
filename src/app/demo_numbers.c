#include "demo.h"
#include <math.h>

static uint64_t sum(struct fr_stat_block *const *blocks, uint32_t n, enum fr_stat_id id, unsigned labels) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        for (unsigned label = 0; label < labels; label++) total += fr_stat_get(blocks[i], id, label);
    return total;
}

void demo_numbers_read(struct demo_numbers *out, struct fr_stat_block *const *blocks, uint32_t n,
                       double at_s) {
    *out = (struct demo_numbers){.at_s = at_s};
    out->events = sum(blocks, n, FR_STAT_RECORDS_READ, 1); /* of the user stage */
    out->deltas = sum(blocks, n, FR_STAT_DELTAS_APPLIED, 1);
    out->lists = sum(blocks, n, FR_STAT_LISTS_PUBLISHED, 1);
    out->neighbors = sum(blocks, n, FR_STAT_NEIGHBORS_PUBLISHED, 1);
    out->duplicates = sum(blocks, n, FR_STAT_EVENTS_DUPLICATE, 1);
    out->keys = sum(blocks, n, FR_STAT_STATE_KEYS, FR_STAGE_N);
    out->bytes = sum(blocks, n, FR_STAT_STATE_BYTES, FR_STAGE_N);
    for (uint32_t i = 0; i < n; i++) {
        for (unsigned r = 0; r < FR_REJECT_N; r++)
            out->rejects[r] += fr_stat_get(blocks[i], FR_STAT_EVENTS_REJECTED, r);
        for (unsigned b = 0; b < FR_STAT_BUCKETS; b++)
            out->latency[b] += atomic_load_explicit(
                &blocks[i]->histograms[FR_STAT_LIST_LATENCY][0]->counts[b], memory_order_relaxed);
    }
    for (unsigned r = 0; r < FR_REJECT_N; r++) out->rejected += out->rejects[r];
}

double demo_quantile(const uint64_t counts[FR_STAT_BUCKETS], double share) {
    uint64_t all = 0, below = 0;
    for (unsigned b = 0; b < FR_STAT_BUCKETS; b++) all += counts[b];
    double wanted = share * (double)all;
    for (unsigned b = 0; b < FR_STAT_BUCKETS; b++) {
        double least = b ? fr_stat_bound(b - 1) : 0, most = fr_stat_bound(b);
        if (counts[b] && (double)(below + counts[b]) >= wanted)
            return isinf(most) ? least
                               : least + (most - least) * (wanted - (double)below) / (double)counts[b];
        below += counts[b];
    }
    return 0;
}
