/* campaigns_read.h - campaigns and segments from a file: one record a line (docs/CAMPAIGNS.md), plain or gzip.
 *
 * Promise   every line is judged as the stages judge it, rule included; every fault of a line is told, reading goes on after it;
 *           empty lines are left out.
 * Threads   the caller's. Memory: one line; records are lent during the call.
 * Errors    FR_IO, and what take returns. */
#ifndef FR_APP_CAMPAIGNS_READ_H
#define FR_APP_CAMPAIGNS_READ_H

#include "freshet/target/campaign_set.h"

struct fr_campaigns_sink {
    void *context;
    /* NULL: not called. */
    enum fr_err (*take)(void *context, const struct fr_campaign *campaign, struct fr_str json,
                        struct fr_errmsg *msg);
    /* "FILE:LINE: FIELD: what is wrong (what would do)", once for each fault. */
    void (*fault)(void *context, const char *text);
};

struct fr_campaigns_totals {
    uint64_t campaigns, segments, bad_lines, faults;
};

/* Adds to the totals. */
enum fr_err fr_campaigns_read(const char *path, const struct fr_campaigns_sink *sink,
                              struct fr_campaigns_totals *totals, struct fr_errmsg *msg) FR_MUST_USE;

#endif
