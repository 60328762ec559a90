/* pacing_view.h - how much each campaign may be shown at the moment, from the aggregate stage to everybody who scores.
 *
 * One view a partition of the affinity topic, with all campaigns whose ledgers lie there: absolute values, so one that comes
 * late is only late. It also carries the controls, which a restart goes on from.
 *
 * Promise   decode is total; equal views give equal bytes. Threads: any. Memory: the caller's array; ids and permits are lent by the bytes. */
#ifndef FR_TARGET_PACING_VIEW_H
#define FR_TARGET_PACING_VIEW_H

#include "freshet/target/pacing.h"
#include "freshet/target/permit_book.h"

enum { FR_PACING_VIEW_VERSION = 2 };

struct fr_pacing_entry {
    struct fr_str campaign_id;
    double multiplier; /* 0..1; 0 also when the budget is gone */
    bool exhausted;    /* of the day or in total */
    int64_t spent_today_micros, spent_total_micros;
    int64_t impressions, clicks,
        conversions; /* so far, of all days: priors of new creatives, and for people */
    struct fr_pacing_control control;
    struct fr_str permits; /* hard mode: the book as its own bytes, for fr_permit_book_find; else empty */
};

/* entries[n] ascending by id. at_ms: of the latest record that is in it. */
void fr_pacing_view_encode(struct fr_buf *out, fr_time_ms at_ms, const struct fr_pacing_entry *entries,
                           uint32_t n);
/* How many entries it has, or -1: it is no such view. out NULL: only that. Ids are lent by bytes. */
int64_t fr_pacing_view_decode(struct fr_str bytes, fr_time_ms *at_ms, struct fr_pacing_entry *out,
                              uint32_t most);

#endif
