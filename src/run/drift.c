#include "freshet/run/drift.h"
#include <math.h>

static void keep(struct fr_drift *d, uint64_t judged, uint64_t hits) {
    d->block_judged[d->next] = judged;
    d->block_hits[d->next] = hits;
    d->next = (d->next + 1) % FR_DRIFT_BLOCKS;
    if (d->n < FR_DRIFT_BLOCKS) d->n++;
}

static double z_of(const struct fr_drift *d, double judged, double hits) {
    double before_judged = 0, before_hits = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        before_judged += (double)d->block_judged[i];
        before_hits += (double)d->block_hits[i];
    }
    double share = (before_hits + hits) / (before_judged + judged);
    double spread = sqrt(share * (1 - share) * (1 / judged + 1 / before_judged));
    return spread > 0 ? (hits / judged - before_hits / before_judged) / spread : 0;
}

bool fr_drift_add(struct fr_drift *d, uint64_t judged, uint64_t hits) {
    if (judged < d->judged || hits < d->hits) d->judged = d->hits = 0;
    uint64_t new_judged = judged - d->judged, new_hits = hits - d->hits;
    if (new_judged < FR_DRIFT_BLOCK) return false;
    bool drifts = d->n >= FR_DRIFT_LEAST && z_of(d, (double)new_judged, (double)new_hits) < -FR_DRIFT_Z;
    if (drifts) *d = (struct fr_drift){0};
    d->judged = judged;
    d->hits = hits;
    keep(d, new_judged, new_hits);
    return drifts;
}
