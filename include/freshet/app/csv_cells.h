/* csv_cells.h - one line of a comma-separated file into its cells.
 *
 * A cell may stand in double quotes ("" is one quote); it does not go over lines.
 * Memory    the cells lie in the arena, each with a NUL behind it, so that strtod stops. */
#ifndef FR_APP_CSV_CELLS_H
#define FR_APP_CSV_CELLS_H

#include "freshet/base/arena.h"

/* How many cells were put into cells[cap]; 0: more than cap, a quote that is not closed, or something behind a quote. */
uint32_t fr_csv_cells(struct fr_str line, struct fr_arena *arena, struct fr_str *cells, uint32_t cap);

#endif
