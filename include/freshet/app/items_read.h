/* items_read.h - a catalogue from a file: one item a line (docs/ITEMS.md), plain or gzip.
 *
 * Promise   every line is judged, every fault of a line is told, reading goes on after it; empty lines are left out.
 * Threads   the caller's. Memory: one line; records are lent during the call.
 * Errors    FR_IO, and what take returns. */
#ifndef FR_APP_ITEMS_READ_H
#define FR_APP_ITEMS_READ_H

#include "freshet/catalog/catalog.h"

struct fr_items_sink {
    void *context;
    /* NULL: not called. */
    enum fr_err (*take)(void *context, const struct fr_item_record *item, struct fr_str json,
                        struct fr_errmsg *msg);
    /* "FILE:LINE: FIELD: what is wrong", once for each fault. NULL: not called. */
    void (*fault)(void *context, const char *text);
};

struct fr_items_totals {
    uint64_t items, bad_lines, faults;
};

/* Adds to the totals. */
enum fr_err fr_items_read(const char *path, const struct fr_items_sink *sink, struct fr_items_totals *totals,
                          struct fr_errmsg *msg) FR_MUST_USE;
/* Puts all items of the file into the catalogue. FR_CONFIG with the first fault when a line is bad. */
enum fr_err fr_items_load(const char *path, struct fr_catalog *catalog, struct fr_errmsg *msg) FR_MUST_USE;

#endif
