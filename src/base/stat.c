#include "freshet/base/stat.h"
#include "freshet/base/err.h"
#include <stdlib.h>

static const enum fr_stat_kind kinds[FR_STAT_N] = {
#define FR_STAT_ROW(name, metric, kind, label, help) FR_STAT_##kind,
    FR_STAT_MAP(FR_STAT_ROW)
#undef FR_STAT_ROW
};

double fr_stat_bound(unsigned bucket) {
    static const double ladder[FR_STAT_BUCKETS - 1] = {.0001, .0002, .0005, .001, .002, .005, .01,  .02, .05,
                                                       .1,    .2,    .5,    1,    2,    5,    10,   20,  50,
                                                       100,   200,   500,   1000, 2000, 5000, 10000};
    return bucket < FR_STAT_BUCKETS - 1 ? ladder[bucket] : __builtin_inf();
}

struct fr_stat_block *fr_stat_block_new(void) {
    struct fr_stat_block *s = fr_alloc_zero(1, sizeof *s);
    for (unsigned id = 0; id < FR_STAT_N; id++)
        for (unsigned label = 0; kinds[id] == FR_STAT_HISTOGRAM && label < 4; label++)
            s->histograms[id][label] = fr_alloc_zero(1, sizeof(struct fr_stat_histogram));
    return s;
}

void fr_stat_block_free(struct fr_stat_block **block) {
    if (!*block) return;
    for (unsigned id = 0; id < FR_STAT_N; id++)
        for (unsigned label = 0; label < 4; label++) free((*block)->histograms[id][label]);
    free(*block);
    *block = NULL;
}

void fr_stat_observe(struct fr_stat_block *s, enum fr_stat_id id, unsigned label, double value) {
    if (!s) return;
    struct fr_stat_histogram *h = s->histograms[id][label];
    FR_ASSERT(h != NULL);
    unsigned bucket = 0;
    while (value > fr_stat_bound(bucket)) bucket++;
    _Atomic uint64_t *count = &h->counts[bucket];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
    atomic_store_explicit(&h->sum, atomic_load_explicit(&h->sum, memory_order_relaxed) + value,
                          memory_order_relaxed);
}
