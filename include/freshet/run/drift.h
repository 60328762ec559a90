/* drift.h - whether lists are hit less often than they were: when a refit should not wait for its schedule.
 *
 *     totals of judged lists and hits --cut--> blocks of FR_DRIFT_BLOCK --compare--> the latest against those before it
 *
 * Test      of two proportions, one-sided: z = (p_now - p_before) / sqrt(p (1 - p) (1 / n_now + 1 / n_before)), p the share of
 *           both together; drift when z < -FR_DRIFT_Z. After it was said, the memory begins anew, so it is said once.
 * Promise   a function of the calls. Threads: one owner. Memory: plain data; zero-initialised is ready. */
#ifndef FR_RUN_DRIFT_H
#define FR_RUN_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

enum { FR_DRIFT_BLOCK = 2000, FR_DRIFT_BLOCKS = 10, FR_DRIFT_LEAST = 4 };
#define FR_DRIFT_Z 4

struct fr_drift {
    uint64_t judged, hits; /* totals when the latest block ended */
    uint64_t block_judged[FR_DRIFT_BLOCKS], block_hits[FR_DRIFT_BLOCKS]; /* a ring, [n] of them */
    uint32_t n, next;
};

/* Totals that only grow; totals that are smaller than before (another process took over) begin a new block. True: drift. */
bool fr_drift_add(struct fr_drift *d, uint64_t judged, uint64_t hits);

#endif
