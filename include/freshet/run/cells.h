/* cells.h - the working set of one partition: key -> cell.
 *
 * Promise   O(1) look-up; a cell's address is stable until it is evicted or the set is cleared.
 * Rules     only clean, unpinned cells are evicted; a clean cell can be read again from the store.
 * Threads   one owner. Memory: owns cells and keys; states are freed by the callback. */
#ifndef FR_RUN_CELLS_H
#define FR_RUN_CELLS_H

#include "freshet/run/stage.h"

struct fr_cells {
    struct fr_cell **slots; /* open addressing */
    uint32_t *hashes;
    uint32_t n, cap;
    struct fr_cell **dirty;
    uint32_t dirty_n, dirty_cap;
    uint64_t bytes; /* estimated memory of all states */
    uint32_t hand;  /* of the eviction clock */
};

struct fr_cell *fr_cells_get(struct fr_cells *c, struct fr_str key); /* made unloaded if absent */
void fr_cells_mark_dirty(struct fr_cells *c, struct fr_cell *cell);
void fr_cells_resize(struct fr_cells *c, struct fr_cell *cell, uint32_t bytes);
/* Evicts clean cells not used since the hand last passed until at most keep_bytes are left or all were seen
 * twice. Returns how many. */
uint32_t fr_cells_evict(struct fr_cells *c, struct fr_stage *stage, uint64_t keep_bytes);
void fr_cells_clear(struct fr_cells *c, struct fr_stage *stage);

#endif
