/* lease.h - a hard mode of a budget: money is leased to the partitions of the user stage before it is spent. `freshet eval pacing`
 * simulates it; the stages give out permits instead (permit.h), which need no records of decisions.
 *
 * A holder, one partition's state for one campaign, may bill only what it was granted. It asks the campaign's book, in
 * the aggregate stage, and the book grants what no other holder has. Asks and grants are records in logs, each
 * applied exactly once and in order between a holder and the book; orders between holders, delays and crashes
 * (a state and its outputs are committed together, or not at all) do not matter.
 *
 * Promise   whatever was billed, is leased to any holder, or is a grant under way, together never exceeds the
 *           budget of the day or the total, as long as these do not fall. (When one is lowered below what is
 *           leased already, nothing more is granted.) Integers only: states are functions of their logs.
 *
 * Not       no pacing: pacing.h decides when to spend. The price of the promise is underspend: what is leased and not
 *           spent when a day ends. Grants shrink to the price of one event as the budget nears its end, so it is
 *           about two prices a holder.
 *
 * Days      a lease is for one day, and void when its holder's clock, the latest time in its log, has passed it. What
 *           is billed counts for the day of the holder's clock.
 *
 * Threads   one owner each. Memory: a book owns 40 bytes a holder. Errors: none. Pure. */
#ifndef FR_TARGET_LEASE_H
#define FR_TARGET_LEASE_H

#include "freshet/base/clock.h"
#include <stdbool.h>
#include <stdint.h>

/* How long a grant should last; an ask comes when half of it is gone. Twice the time from an ask to its grant is
 * enough. What is not used for an eighth of the rest of the day, and FR_LEASE_IDLE_MS at least, is handed back: late enough that
 * a campaign of few events keeps a lease in each partition, early enough that the money is of use to others. */
enum { FR_LEASE_COVER_MS = 20000, FR_LEASE_IDLE_MS = 120000, FR_LEASE_IDLE_PARTS = 8 };

/* No amount is larger; sums stop there. */
#define FR_LEASE_MICROS_MAX (INT64_C(1) << 60)

/* Of amounts, so neither is below 0. */
static inline int64_t fr_lease_sum(int64_t a, int64_t b) {
    if (a > FR_LEASE_MICROS_MAX) a = FR_LEASE_MICROS_MAX;
    return b < FR_LEASE_MICROS_MAX - a ? a + b : FR_LEASE_MICROS_MAX;
}

/* In millionths of the campaign's currency; 0: without. */
struct fr_lease_budget {
    int64_t daily_micros, total_micros;
    int64_t price_micros; /* the least that is of use to a holder; above 0 */
};

struct fr_lease_ask {
    uint32_t number;              /* counts up from 1, of this holder and campaign */
    int32_t day;                  /* of UTC since 1970 */
    int64_t billed_before_micros; /* on all days before */
    int64_t returned_micros;      /* of this day's grants, all so far */
    int64_t wanted_micros;        /* 0: only reports, and is not answered */
};

struct fr_lease_grant {
    uint32_t number; /* of the ask */
    int32_t day;
    int64_t granted_micros; /* 0: there is nothing left at present */
};

/* --- the holder: one partition's lease on one campaign ---------------------------------------------------- */

/* Zero-initialised is ready. */
struct fr_lease {
    int32_t day;
    int64_t granted_micros, returned_micros, reserved_micros, billed_micros; /* of day */
    int64_t billed_before_micros;                                            /* on the days before */
    int64_t portion_micros;                                                  /* what it last asked for */
    uint32_t asked_n, answered_n; /* an ask is open while they differ */
    fr_time_ms asked_at, used_at; /* the latest ask and reservation or billing */
};

static inline int64_t fr_lease_free(const struct fr_lease *lease) {
    return lease->granted_micros - lease->returned_micros - lease->reserved_micros - lease->billed_micros;
}

/* The holder's clock: a later day voids the lease and what is reserved. An earlier time changes nothing. Call before
 * anything else of a record. */
void fr_lease_advance(struct fr_lease *lease, fr_time_ms now);
/* Sets aside what may have to be paid for an ad that is about to be shown. False: the campaign is not eligible. */
bool fr_lease_reserve(struct fr_lease *lease, int64_t micros, fr_time_ms now);
/* The ad was not shown, or nothing came of it. day is lease->day of the reservation. */
void fr_lease_release(struct fr_lease *lease, int32_t day, int64_t micros);
/* Something billable happened. reserved: micros were set aside for it on this day, else or when that day has passed they
 * come from what is free. False: there is not enough, and it must not be billed. */
bool fr_lease_bill(struct fr_lease *lease, bool reserved, int32_t day, int64_t micros, fr_time_ms now);
/* Whether there is something to tell the book, and what; then it must be sent. Call after the records of a batch,
 * and at ticks: an idle holder hands back what is free. price_micros as in the budget. */
bool fr_lease_asks(struct fr_lease *lease, int64_t price_micros, fr_time_ms now, struct fr_lease_ask *ask);
void fr_lease_take(struct fr_lease *lease, const struct fr_lease_grant *grant);
/* NULL, or which invariant does not hold. */
const char *fr_lease_check(const struct fr_lease *lease);

/* --- the book: one campaign's leases ---------------------------------------------------------------------- */

struct fr_lease_account {
    uint32_t number; /* of the latest ask */
    int32_t day;
    int64_t granted_micros, returned_micros; /* of day */
    int64_t billed_before_micros;
};

/* Zero-initialised is ready. */
struct fr_lease_book {
    struct fr_lease_account *accounts; /* [n], by partition of the user stage */
    uint32_t n;
};

/* Applies an ask of the holder in this partition. True: grant is to be sent to it. An ask that is not later than one
 * already applied changes nothing. partition is below 65,536. */
bool fr_lease_book_apply(struct fr_lease_book *book, uint32_t partition, const struct fr_lease_budget *budget,
                         const struct fr_lease_ask *ask, struct fr_lease_grant *grant);
/* NULL, or which invariant does not hold. */
const char *fr_lease_book_check(const struct fr_lease_book *book);
/* What is billed or may be billed by grants so far: on a day, and altogether. */
int64_t fr_lease_book_on_day(const struct fr_lease_book *book, int32_t day);
int64_t fr_lease_book_total(const struct fr_lease_book *book);
void fr_lease_book_fini(struct fr_lease_book *book);

#endif
