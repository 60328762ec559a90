/* permit_book.h - hard mode, the side of the budget: what of it each partition of the user stage may give out as permits.
 *
 * A permit is one score of a campaign that may be shown: it allows one event that is paid for. The partition that gives permits
 * out (permit.h) keeps them in memory only, and tells the book, in its campaign's ledger, what it was paid for and what it would
 * like to have. Who starts anew has a higher generation. What the generations before it may still cause stays open until the
 * partition's clock is past the last instant at which it can be in the log; the parts end one by one, so that lives shorter than
 * that do no harm.
 *
 *     invariant, for every day from the report's on and in total:   spent + open of all partitions <= budget
 *     open = granted - billed - returned, of a partition's generation, + what is open of those before
 *
 * Promise   a function of the reports and of the ledger in their order. A report that comes again changes nothing but that more may be granted.
 *           (When a budget is lowered below what is spent and open, nothing more is granted.)
 * Readers   are total: any bytes give a value or false. Equal values give equal bytes.
 * Threads   one owner. Memory: a book owns 168 bytes a partition. Pure. Amounts are micros, 0 to FR_PERMIT_MICROS_MAX. */
#ifndef FR_TARGET_PERMIT_BOOK_H
#define FR_TARGET_PERMIT_BOOK_H

#include "freshet/base/buf.h"
#include "freshet/base/clock.h"

/* The first byte of a report: differs from those of affinity's, the ledger's records, and from JSON. */
enum { FR_PERMIT_BOOK_VERSION = 1, FR_PERMIT_REPORT_RECORD = 0x50, FR_PERMIT_PARTITIONS = 65536 };

/* No amount is larger; sums stop there. */
#define FR_PERMIT_MICROS_MAX (INT64_C(1) << 60)

/* Of amounts, so neither is below 0. */
static inline int64_t fr_permit_sum(int64_t a, int64_t b) {
    if (a > FR_PERMIT_MICROS_MAX) a = FR_PERMIT_MICROS_MAX;
    return b < FR_PERMIT_MICROS_MAX - a ? a + b : FR_PERMIT_MICROS_MAX;
}

/* In millionths of the campaign's currency; 0: without. */
struct fr_permit_budget {
    int64_t daily_micros, total_micros;
    int64_t price_micros; /* the least that is of use to a partition; above 0 */
};

/* What is open of generations that are over, until the partition's clock is past until_ms. */
struct fr_permit_old {
    fr_time_ms until_ms;
    int64_t micros; /* above 0 */
};

enum { FR_PERMIT_OLDS = 8 }; /* more are joined, the two that end closest together, to the later end */

/* What a partition has of the campaign. */
struct fr_permit_account {
    int64_t generation; /* 0: none yet */
    int64_t granted_micros;
    int64_t closed_micros;                     /* of them: billed or returned */
    int64_t old_billed_micros;                 /* of the generations before, since this one began */
    struct fr_permit_old olds[FR_PERMIT_OLDS]; /* [old_n] ascending by until_ms */
    uint32_t old_n;
};

/* Takes what was billed from those that end first, which are removed when nothing is left; and removes those that have ended. */
void fr_permit_olds_take(struct fr_permit_old *olds, uint32_t *n, int64_t micros);
void fr_permit_olds_end(struct fr_permit_old *olds, uint32_t *n, fr_time_ms now);
int64_t fr_permit_olds_sum(const struct fr_permit_old *olds, uint32_t n);

/* Zero-initialised is ready. */
struct fr_permit_book {
    struct fr_permit_account *accounts; /* [n] by partition of the user stage */
    uint32_t n;
};

/* Amounts of this generation so far, which never fall, but asked_micros may. */
struct fr_permit_report {
    uint32_t partition;
    int64_t generation;        /* above 0 */
    fr_time_ms clock_ms;       /* the partition's, not below 0 */
    fr_time_ms window_ms;      /* so long after it is given a permit may still be billed */
    int64_t billed_micros;     /* by its own permits */
    int64_t old_billed_micros; /* by those of the generations before */
    int64_t returned_micros;
    int64_t asked_micros;           /* would like to have been granted that much altogether */
    struct fr_permit_budget budget; /* as the partition knows it */
};

/* What the ledger says is spent. */
struct fr_permit_spent {
    int64_t on_day_micros; /* on the day of the report or a later one, whichever has most */
    int64_t total_micros;
};

void fr_permit_book_apply(struct fr_permit_book *book, const struct fr_permit_report *report,
                          const struct fr_permit_spent *spent);
/* What may still be spent by what was granted so far. */
int64_t fr_permit_book_open(const struct fr_permit_book *book);
int64_t fr_permit_account_open(const struct fr_permit_account *account); /* of one partition */
void fr_permit_book_fini(struct fr_permit_book *book);

/* MessagePack: an array of the version, and an array of integers a partition. */
void fr_permit_book_encode(const struct fr_permit_book *book, struct fr_buf *out);
/* Replaces what book held; false leaves it empty. */
bool fr_permit_book_decode(struct fr_permit_book *book, struct fr_str bytes) FR_MUST_USE;
/* One partition's account out of a book's bytes. False: there is none. */
bool fr_permit_book_find(struct fr_str bytes, uint32_t partition,
                         struct fr_permit_account *account) FR_MUST_USE;

/* A report as a record of the affinity topic, in the partition of the campaign's ledger. The id is lent from the bytes. */
void fr_permit_report_write(struct fr_buf *out, struct fr_str campaign_id, const struct fr_permit_report *r);
bool fr_permit_report_read(struct fr_permit_report *r, struct fr_str *campaign_id,
                           struct fr_str bytes) FR_MUST_USE;
static inline bool fr_permit_is_report(struct fr_str bytes) {
    return bytes.len > 0 && bytes.ptr[0] == FR_PERMIT_REPORT_RECORD;
}

#endif
