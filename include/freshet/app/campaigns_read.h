/* campaigns_read.h - campaigns and segments from a file: one record a line (docs/CAMPAIGNS.md), plain or gzip.
 *
 * Promise   every line is judged as the stages judge it, rule included; every fault of a line is told, reading goes on after it;
 *           empty lines are left out.
 * Threads   the caller's. Memory: one line; records are lent during the call. Errors: FR_IO. */
#ifndef FR_APP_CAMPAIGNS_READ_H
#define FR_APP_CAMPAIGNS_READ_H

#include "freshet/target/campaign_set.h"

struct fr_campaigns_totals {
    uint64_t campaigns, segments, bad_lines, faults;
};

/* tell: "FILE:LINE: FIELD: what is wrong (what would do)", once for each fault. Adds to the totals. */
enum fr_err fr_campaigns_read(const char *path, void (*tell)(void *context, const char *text), void *context,
                              struct fr_campaigns_totals *totals, struct fr_errmsg *msg) FR_MUST_USE;

#endif
