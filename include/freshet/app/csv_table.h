/* csv_table.h - a comma-separated file as a table of numbers with a label: what `freshet eval propensity --table` reads.
 *
 * File      the first line names the columns; cells may stand in double quotes ("" is one quote); an empty cell is missing; a
 *           cell does not go over lines. Plain or gzip.
 * Label     true, yes, 1 or false, no, 0, in any case.
 * Columns   a column whose cells are all numbers is one column; any other, and those named as categories, becomes one column
 *           "name=level" of 0 and 1 for each level, in bytewise order of the levels; a missing cell is 0 in all of them.
 * Bounds    FR_CSV_COLUMNS columns in the file, FR_CSV_LEVELS levels, FR_CSV_ROWS rows.
 * Errors    FR_IO: cannot be read. FR_CONFIG: what is wrong, with file and line.
 * Memory    the table owns its values; names lie in the arena. */
#ifndef FR_APP_CSV_TABLE_H
#define FR_APP_CSV_TABLE_H

#include "freshet/base/arena.h"
#include "freshet/learn/table.h"
#include "freshet/base/err.h"

enum { FR_CSV_COLUMNS = 1000, FR_CSV_LEVELS = 200, FR_CSV_ROWS = 10000000, FR_CSV_LINE_BYTES = 1 << 20 };

/* categories: names divided by commas, "": none. gives *out: fr_table_fini. */
enum fr_err fr_csv_table_read(const char *path, const char *label, const char *categories,
                              struct fr_arena *arena, struct fr_table *out,
                              struct fr_errmsg *msg) FR_MUST_USE;

#endif
