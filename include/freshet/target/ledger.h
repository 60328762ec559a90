/* ledger.h - what one campaign did and cost: sums of integer differences, by hour, by day and in total.
 *
 * Promise   the state is a function of the multiset of differences applied, in any order and however they were
 *           cut into records: equal multisets give equal bytes. Whoever emits a difference once is counted once.
 *
 * Not       no budget, no control: see pacing.h. No clock: the newest hour is the newest difference's. Days are
 *           days of UTC; another day is summed from hours.
 *
 * Threads   one owner.
 *
 * Memory    owned arrays: at most hours_kept hours and FR_LEDGER_DAYS days, 88 bytes each. Older ones live on in
 *           the totals only.
 *
 * Errors    decode refuses what is not a state. Sums wrap beyond 2^63 (9 million million units of a currency),
 *           so that they stay independent of order. */
#ifndef FR_TARGET_LEDGER_H
#define FR_TARGET_LEDGER_H

#include "freshet/base/clock.h"
#include "freshet/base/dict.h"
#include "freshet/base/pack.h"
#include "freshet/target/permit_book.h"

enum {
    FR_LEDGER_VERSION = 1,
    FR_LEDGER_HOURS = 72,       /* hours_kept of a campaign */
    FR_TRAFFIC_HOURS = 14 * 24, /* hours_kept of the traffic: see traffic.h */
    FR_LEDGER_DAYS = 400,
    FR_HOUR_MS = 3600000
};

/* Numbers are in records and states: never reused. Users of a campaign's control group are not shown it; theirs are
 * the control measures, and none of the others. */
#define FR_LEDGER_MEASURE_MAP(X)                                                                             \
    X(OPPORTUNITIES, "opportunities") /* times that all but pacing and budget allowed it */                  \
    X(IMPRESSIONS, "impressions")                                                                            \
    X(CLICKS, "clicks")                                                                                      \
    X(CONVERSIONS, "conversions")                                                                            \
    X(BILLED, "billed")             /* events that were paid for */                                          \
    X(SPEND_MICROS, "spend_micros") /* what they cost, in millionths of the campaign's currency */           \
    X(REACHED, "reached")           /* users with a first impression */                                      \
    X(CONTROL_OPPORTUNITIES, "control_opportunities")                                                        \
    X(CONTROL_REACHED, "control_reached") /* users with a first opportunity, which was withheld */           \
    X(CONTROL_CONVERSIONS, "control_conversions")                                                            \
    X(CONVERTED, "converted")                 /* users with a first conversion after an impression */        \
    X(CONTROL_CONVERTED, "control_converted") /* users of the control group with one after an opportunity */ \
    X(CLICK_JUDGED, "click_judged")           /* impressions that a click model predicted */                 \
    X(CLICK_PREDICTED_MICROS, "click_predicted_micros") /* their probabilities, in millionths */             \
    X(CONVERSION_JUDGED, "conversion_judged")                                                                \
    X(CONVERSION_PREDICTED_MICROS, "conversion_predicted_micros")

enum fr_ledger_measure {
#define FR_LEDGER_ENUM(name, text) FR_LEDGER_##name,
    FR_LEDGER_MEASURE_MAP(FR_LEDGER_ENUM)
#undef FR_LEDGER_ENUM
        FR_LEDGER_MEASURES
};
const char *fr_ledger_measure_name(enum fr_ledger_measure measure);

struct fr_ledger_sums {
    int64_t of[FR_LEDGER_MEASURES];
};

/* Add these sums to this hour of the campaign. */
struct fr_ledger_delta {
    uint32_t campaign; /* number of a dictionary, or FR_DICT_NONE: the traffic as a whole (traffic.h) */
    int32_t hour;      /* floor(event time / FR_HOUR_MS) */
    struct fr_ledger_sums add;
};

struct fr_ledger_bucket {
    int32_t at; /* the hour or the day, counted from 1970 */
    struct fr_ledger_sums sums;
};

/* Ascending by at; none is all 0. */
struct fr_ledger_series {
    struct fr_ledger_bucket *buckets; /* [n] */
    uint32_t n, cap;
};

/* Zero-initialised is the empty state. A campaign's permits lie beside what it spent, in one state, because the next grant
 * depends on both. */
struct fr_ledger {
    struct fr_ledger_sums totals;
    struct fr_ledger_series hours; /* newest_hour - hours_kept < hour */
    struct fr_ledger_series
        days;            /* day of newest_hour - FR_LEDGER_DAYS < day; the kept hours count here too */
    int32_t newest_hour; /* of any difference; 0 while untouched */
    bool touched;
    struct fr_permit_book permits; /* hard mode only */
};

int32_t fr_ledger_hour(fr_time_ms t); /* clamped to 32 bits */
int32_t fr_ledger_day(int32_t hour);  /* floor(hour / 24) */

/* hours_kept must be the same in each call for one ledger. delta->campaign is not looked at. */
void fr_ledger_apply(struct fr_ledger *ledger, uint32_t hours_kept, const struct fr_ledger_delta *delta);

/* A partition of the user stage reports: see permit_book.h. */
void fr_ledger_report(struct fr_ledger *ledger, const struct fr_permit_report *report);

/* Sums over one day of UTC, and over the hours from first to last, both included; hours that were dropped are 0. */
int64_t fr_ledger_on_day(const struct fr_ledger *ledger, int32_t day, enum fr_ledger_measure measure);
int64_t fr_ledger_in_hours(const struct fr_ledger *ledger, int32_t first, int32_t last,
                           enum fr_ledger_measure measure);
static inline int64_t fr_ledger_total(const struct fr_ledger *ledger, enum fr_ledger_measure measure) {
    return ledger->totals.of[measure];
}
static inline int64_t fr_ledger_spent_on_day(const struct fr_ledger *ledger, int32_t day) {
    return fr_ledger_on_day(ledger, day, FR_LEDGER_SPEND_MICROS);
}

/* NULL, or which invariant does not hold. */
const char *fr_ledger_check(const struct fr_ledger *ledger, uint32_t hours_kept);
size_t fr_ledger_bytes(const struct fr_ledger *ledger); /* memory held */
void fr_ledger_fini(struct fr_ledger *ledger);

/* The state as MessagePack (docs/STATE.md). Equal states give equal bytes. */
void fr_ledger_encode(const struct fr_ledger *ledger, struct fr_buf *out);
/* Total. Replaces what ledger held; false leaves it empty. */
bool fr_ledger_decode(struct fr_ledger *ledger, uint32_t hours_kept, struct fr_str bytes) FR_MUST_USE;

/* One object without a line end, for people; measures that are 0 are left out of days and hours. */
void fr_ledger_json(struct fr_buf *out, struct fr_str campaign_id, const struct fr_ledger *ledger);

#endif
