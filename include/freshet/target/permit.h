/* permit.h - hard mode, the side of the scores: one partition's permits for one campaign, given out of what its book granted.
 *
 * Problem   an ad server spends a campaign's money by showing an ad that a score allows, minutes after the score was said and
 *           before the ledger hears of it. So that the budget cannot be exceeded every score that allows it must be covered.
 * Choice    a score is a permit for one impression until an instant that stands in it. Its price is reserved from what was granted
 *           to the partition, until what the permit can cause must be in the log: FR_PERMIT_ARRIVE_MS after its end for the
 *           impression, and from the impression on answer_ms for the click or conversion that is paid for. Then it is free again.
 *           Reservations are sums by the instant when they end, not single permits: whatever happens is taken from the one that ends first.
 *           That is safe: of permits that end at or before any instant, never more is taken for open here than was really given out, so the sum
 *           over those that end after it is never too small.
 * Memory    permits are no state: they were decided by models and views, and so cannot be made of the log again. What a
 *           crash forgets stays reserved in the book; the next generation lets go of it when everything that it could cause would be in the
 *           log, and gives out only what was granted to itself. Generations are offsets of the log, so they rise.
 * Rejected  a partition's part of the budget as its state: each score would have to come back as a record of the log.
 * Clock     the latest timestamp of a record in the partition, of any kind, but not later than the worker's clock.
 *
 * Promise   if each permit is used at most once and not after its end, what is billed never exceeds what was granted.
 * Threads   one owner. Memory: the caller's, FR_PERMIT_SLOTS sums. Errors: none. Pure. */
#ifndef FR_TARGET_PERMIT_H
#define FR_TARGET_PERMIT_H

#include "freshet/target/permit_book.h"

enum {
    FR_PERMIT_SHOW_MS =
        60000, /* a permit ends so long after the record that it was said because of, or sooner */
    FR_PERMIT_ARRIVE_MS = 60000,       /* so long after its end an impression must be in the log */
    FR_PERMIT_CLICK_MS = 600000,       /* so long after the impression a click is billed */
    FR_PERMIT_CONVERSION_MS = 3600000, /* and a conversion */
    FR_PERMIT_SLOT_MS = 30000,
    FR_PERMIT_SLOTS = 128 /* > (SHOW + ARRIVE + CONVERSION) / SLOT + 1 */
};

struct fr_permit_terms {
    struct fr_permit_budget budget;
    fr_time_ms
        answer_ms; /* 0: impressions are paid for; else FR_PERMIT_CLICK_MS or FR_PERMIT_CONVERSION_MS */
};

struct fr_permits {
    int64_t generation;
    struct fr_permit_terms terms;
    bool old_known, changed;
    struct fr_permit_old olds[FR_PERMIT_OLDS]; /* [old_n] open of generations before; valid if old_known */
    uint32_t old_n;
    int64_t granted_micros, returned_micros, billed_micros, old_billed_micros, reserved_micros;
    int64_t asked_micros, portion_micros;
    fr_time_ms asked_ms, used_ms, reported_ms;
    int64_t oldest_slot;
    int64_t
        slots[FR_PERMIT_SLOTS]; /* micros, by number of slot % FR_PERMIT_SLOTS; they sum to reserved_micros */
};

/* The first report says that the generation has begun; nothing is asked for before somebody wants it. */
void fr_permits_start(struct fr_permits *p, int64_t generation, const struct fr_permit_terms *terms,
                      fr_time_ms now);
/* Below 0 when permits were used that were not given. */
static inline int64_t fr_permits_free(const struct fr_permits *p) {
    return p->granted_micros - p->returned_micros - p->billed_micros - p->reserved_micros;
}
/* What the book has granted, as a view says, perhaps late. */
void fr_permits_learn(struct fr_permits *p, const struct fr_permit_account *account);
/* The clock: lets go of reservations that have ended. An earlier time changes nothing. */
void fr_permits_advance(struct fr_permits *p, fr_time_ms now);
/* Whether a permit until until_ms, at most now + FR_PERMIT_SHOW_MS, or sooner, can be given. */
bool fr_permits_covers(const struct fr_permits *p, fr_time_ms until_ms);
/* Somebody may be shown the campaign: true if a permit until then is covered; then it is given. */
bool fr_permits_give(struct fr_permits *p, fr_time_ms until_ms, fr_time_ms now);
/* Somebody could have been shown it and was not, for want of cover: more is asked for. */
static inline void fr_permits_want(struct fr_permits *p, fr_time_ms now) {
    if (now > p->used_ms) p->used_ms = now;
}
/* It was shown, and what is paid for may follow: the reservation is kept answer_ms from now. */
void fr_permits_shown(struct fr_permits *p, fr_time_ms now);
/* This was billed. */
void fr_permits_bill(struct fr_permits *p, int64_t micros);
/* Whether there is something to tell the book, and what; then it must be sent, with the records of what was billed. All but
 * the partition is filled in. Call after the records of a batch. */
bool fr_permits_report(struct fr_permits *p, fr_time_ms now, struct fr_permit_report *report);

#endif
