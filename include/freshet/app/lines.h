/* lines.h - a text file line by line, plain or gzip; "-" is standard input.
 *
 * Promise   every line in order, without its end (\n or \r\n), empty ones too; the last one need not end. A line over
 *           most_bytes comes without its text and says so. Memory: one line and a chunk.
 * Threads   the caller's.
 * Errors    FR_IO: the file cannot be opened, read or unpacked; what take returns ends the reading. */
#ifndef FR_APP_LINES_H
#define FR_APP_LINES_H

#include "freshet/base/err.h"
#include "freshet/base/str.h"

struct fr_line {
    struct fr_str text; /* lent during the call */
    uint64_t number;    /* from 1 */
    bool is_overlong;
    double done; /* how much of the file has been read, 0 to 1; 0: not known */
};

enum fr_err fr_lines_each(const char *path, uint32_t most_bytes,
                          enum fr_err (*take)(void *context, const struct fr_line *line,
                                              struct fr_errmsg *msg),
                          void *context, struct fr_errmsg *msg) FR_MUST_USE;
/* "standard input" or the path: for messages. */
const char *fr_lines_name(const char *path);

#endif
