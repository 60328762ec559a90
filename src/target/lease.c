#include "freshet/target/lease.h"
#include "freshet/base/err.h"
#include "freshet/target/ledger.h"
#include <stdlib.h>

enum {
    PORTION_PRICES = 2, /* the least that is asked for */
    SHARES = 2          /* a grant leaves so many of its size for each holder of the day */
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* --- holder ------------------------------------------------------------------------------------------- */

void fr_lease_advance(struct fr_lease *lease, fr_time_ms now) {
    int32_t day = fr_ledger_day(fr_ledger_hour(now));
    if (day <= lease->day) return;
    lease->billed_before_micros = fr_lease_sum(lease->billed_before_micros, lease->billed_micros);
    lease->granted_micros = lease->returned_micros = lease->reserved_micros = lease->billed_micros = 0;
    lease->answered_n = lease->asked_n; /* an answer that is still under way is for a day that is over */
    lease->day = day;
}

bool fr_lease_reserve(struct fr_lease *lease, int64_t micros, fr_time_ms now) {
    lease->used_at = most(lease->used_at, now);
    if (fr_lease_free(lease) < micros) return false;
    lease->reserved_micros += micros;
    return true;
}

void fr_lease_release(struct fr_lease *lease, int32_t day, int64_t micros) {
    if (day == lease->day) lease->reserved_micros -= least(micros, lease->reserved_micros);
}

bool fr_lease_bill(struct fr_lease *lease, bool reserved, int32_t day, int64_t micros, fr_time_ms now) {
    if (reserved) fr_lease_release(lease, day, micros);
    lease->used_at = most(lease->used_at, now);
    if (fr_lease_free(lease) < micros) return false;
    lease->billed_micros += micros;
    return true;
}

/* A portion that lasted half as long as it should is doubled, one that lasted twice as long is halved. */
static int64_t next_portion(const struct fr_lease *lease, int64_t price_micros, fr_time_ms now) {
    int64_t portion = lease->portion_micros, lasted_ms = now - lease->asked_at;
    if (lasted_ms < FR_LEASE_COVER_MS / 2 && portion < FR_LEASE_MICROS_MAX / 2) portion *= 2;
    if (lasted_ms > FR_LEASE_COVER_MS * 2) portion /= 2;
    return most(portion, PORTION_PRICES * price_micros);
}

static void write_ask(struct fr_lease *lease, fr_time_ms now, int64_t wanted_micros,
                      struct fr_lease_ask *ask) {
    lease->asked_n++;
    if (!wanted_micros) lease->answered_n = lease->asked_n;
    lease->asked_at = now;
    *ask = (struct fr_lease_ask){lease->asked_n, lease->day, lease->billed_before_micros,
                                 lease->returned_micros, wanted_micros};
}

static bool is_idle(const struct fr_lease *lease, fr_time_ms now) {
    fr_time_ms midnight = ((fr_time_ms)lease->day + 1) * 24 * FR_HOUR_MS;
    return now - lease->used_at > most(FR_LEASE_IDLE_MS, (midnight - now) / FR_LEASE_IDLE_PARTS);
}

bool fr_lease_asks(struct fr_lease *lease, int64_t price_micros, fr_time_ms now, struct fr_lease_ask *ask) {
    int64_t unused = fr_lease_free(lease);
    if (lease->asked_n != lease->answered_n) return false;
    if (is_idle(lease, now)) {
        if (unused <= 0) return false;
        lease->returned_micros += unused;
        lease->portion_micros = 0;
        write_ask(lease, now, 0, ask);
        return true;
    }
    /* A refusal is not repeated at once: what is left may be at others, who hand it back when idle. */
    if (unused >= most(lease->portion_micros / 2, price_micros)) return false;
    if (lease->portion_micros == 0 && now - lease->asked_at < FR_LEASE_COVER_MS / 2) return false;
    lease->portion_micros = next_portion(lease, price_micros, now);
    write_ask(lease, now, lease->portion_micros, ask);
    return true;
}

void fr_lease_take(struct fr_lease *lease, const struct fr_lease_grant *grant) {
    if (grant->number != lease->asked_n || grant->day != lease->day) return;
    if (lease->answered_n == lease->asked_n) return;
    lease->answered_n = lease->asked_n;
    lease->granted_micros = fr_lease_sum(lease->granted_micros, grant->granted_micros);
    lease->portion_micros = grant->granted_micros;
}

static bool is_amount(int64_t v) { return v >= 0 && v <= FR_LEASE_MICROS_MAX; }

const char *fr_lease_check(const struct fr_lease *lease) {
    if (!is_amount(lease->granted_micros) || !is_amount(lease->returned_micros) ||
        !is_amount(lease->reserved_micros) || !is_amount(lease->billed_micros) ||
        !is_amount(lease->billed_before_micros) || !is_amount(lease->portion_micros))
        return "an amount is out of range";
    if (fr_lease_free(lease) < 0) return "more is used than was granted";
    if (lease->asked_n - lease->answered_n > 1) return "more than one ask is open";
    return NULL;
}

/* --- book --------------------------------------------------------------------------------------------- */

static struct fr_lease_account *account_of(struct fr_lease_book *book, uint32_t partition) {
    FR_ASSERT(partition < 65536);
    if (partition >= book->n) {
        book->accounts = fr_realloc(book->accounts, (partition + 1) * sizeof *book->accounts);
        memset(book->accounts + book->n, 0, (partition + 1 - book->n) * sizeof *book->accounts);
        book->n = partition + 1;
    }
    return &book->accounts[partition];
}

int64_t fr_lease_book_on_day(const struct fr_lease_book *book, int32_t day) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < book->n; i++)
        if (book->accounts[i].day == day)
            sum = fr_lease_sum(sum, book->accounts[i].granted_micros - book->accounts[i].returned_micros);
    return sum;
}

/* What a holder was granted counts whole until it reports, with an ask of a later day, what it billed. */
int64_t fr_lease_book_total(const struct fr_lease_book *book) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < book->n; i++) {
        const struct fr_lease_account *a = &book->accounts[i];
        sum =
            fr_lease_sum(sum, fr_lease_sum(a->billed_before_micros, a->granted_micros - a->returned_micros));
    }
    return sum;
}

static uint32_t holders_on(const struct fr_lease_book *book, int32_t day) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < book->n; i++) n += book->accounts[i].number > 0 && book->accounts[i].day == day;
    return n;
}

/* A fair part of what is left, in whole prices, while there is enough for one. */
static int64_t grant_of(const struct fr_lease_book *book, const struct fr_lease_budget *budget,
                        const struct fr_lease_ask *ask) {
    int64_t left = INT64_MAX;
    if (budget->daily_micros) left = budget->daily_micros - fr_lease_book_on_day(book, ask->day);
    if (budget->total_micros) left = least(left, budget->total_micros - fr_lease_book_total(book));
    int64_t fair = left / (SHARES * (int64_t)most(holders_on(book, ask->day), 1));
    int64_t amount = least(ask->wanted_micros, most(fair, budget->price_micros));
    amount -= amount % budget->price_micros;
    return amount > 0 && amount <= left ? amount : 0;
}

bool fr_lease_book_apply(struct fr_lease_book *book, uint32_t partition, const struct fr_lease_budget *budget,
                         const struct fr_lease_ask *ask, struct fr_lease_grant *grant) {
    struct fr_lease_account *a = account_of(book, partition);
    if (ask->number <= a->number || (a->number > 0 && ask->day < a->day)) return false;
    if (a->number == 0 || ask->day > a->day) {
        a->granted_micros = a->returned_micros = 0;
        a->billed_before_micros = most(a->billed_before_micros, ask->billed_before_micros);
    }
    a->number = ask->number;
    a->day = ask->day;
    a->returned_micros = least(most(a->returned_micros, ask->returned_micros), a->granted_micros);
    if (ask->wanted_micros <= 0) return false;
    *grant = (struct fr_lease_grant){ask->number, ask->day, grant_of(book, budget, ask)};
    a->granted_micros = fr_lease_sum(a->granted_micros, grant->granted_micros);
    return true;
}

const char *fr_lease_book_check(const struct fr_lease_book *book) {
    if (book->n > 65536) return "there are too many accounts";
    if (book->n && book->accounts[book->n - 1].number == 0) return "the last account was never used";
    for (uint32_t i = 0; i < book->n; i++) {
        const struct fr_lease_account *a = &book->accounts[i];
        bool empty = !a->day && !a->granted_micros && !a->returned_micros && !a->billed_before_micros;
        if (a->number == 0 && !empty) return "an account that was never used holds something";
        if (!is_amount(a->granted_micros) || !is_amount(a->returned_micros) ||
            !is_amount(a->billed_before_micros))
            return "an amount is out of range";
        if (a->returned_micros > a->granted_micros) return "more was returned than granted";
    }
    return NULL;
}

void fr_lease_book_fini(struct fr_lease_book *book) {
    free(book->accounts);
    *book = (struct fr_lease_book){0};
}
