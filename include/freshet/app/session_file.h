/* session_file.h - files of sessions: what `freshet eval sessions` reads, plain or gzip.
 *
 * Train     one session a line in the order of time, its items in order with spaces between them.
 * Test      `item item ...<TAB>next item` a line.
 * Errors    FR_IO: the file cannot be read; FR_CONFIG: a line is not like this, with file:line.
 * Memory    owned; fini. */
#ifndef FR_APP_SESSION_FILE_H
#define FR_APP_SESSION_FILE_H

#include "freshet/base/dict.h"
#include "freshet/base/err.h"
#include "freshet/learn/visits.h"

enum { FR_SESSION_FILE_LINE_BYTES = 1 << 20 };

/* Zero-initialised but for ids (fr_dict_init) is empty. */
struct fr_session_file {
    struct fr_dict ids;
    uint32_t *items;
    size_t *starts;    /* [n + 1] */
    uint32_t *targets; /* [n] of a test file; NULL: a train file */
    size_t item_n, item_cap;
    uint32_t n, cap;
};

enum fr_err fr_session_file_read(const char *path, bool is_test, struct fr_session_file *out,
                                 struct fr_errmsg *msg) FR_MUST_USE;
void fr_session_file_fini(struct fr_session_file *f);
static inline struct fr_visits fr_session_file_visits(const struct fr_session_file *f) {
    return (struct fr_visits){f->items, f->starts, f->n};
}

#endif
