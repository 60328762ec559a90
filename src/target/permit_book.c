#include "freshet/target/permit_book.h"
#include "freshet/base/pack.h"
#include <stdlib.h>

enum {
    FIELDS = 4,
    REPORT_FIELDS = 11,
    SHARES = 2 /* a grant leaves so many of its size for each partition */
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t amount_of(int64_t v) { return most(0, least(v, FR_PERMIT_MICROS_MAX)); }
static bool is_amount(int64_t v) { return v >= 0 && v <= FR_PERMIT_MICROS_MAX; }

/* --- accounts --- */

static struct fr_permit_account *account_of(struct fr_permit_book *book, uint32_t partition) {
    FR_ASSERT(partition < FR_PERMIT_PARTITIONS);
    if (partition >= book->n) {
        book->accounts = fr_realloc(book->accounts, (partition + 1) * sizeof *book->accounts);
        memset(book->accounts + book->n, 0, (partition + 1 - book->n) * sizeof *book->accounts);
        book->n = partition + 1;
    }
    return &book->accounts[partition];
}

/* --- what is open of generations that are over --- */

int64_t fr_permit_olds_sum(const struct fr_permit_old *olds, uint32_t n) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum = fr_permit_sum(sum, olds[i].micros);
    return sum;
}

static void remove_olds(struct fr_permit_old *olds, uint32_t *n, uint32_t at, uint32_t count) {
    *n -= count;
    memmove(olds + at, olds + at + count, (*n - at) * sizeof *olds);
}

void fr_permit_olds_take(struct fr_permit_old *olds, uint32_t *n, int64_t micros) {
    uint32_t emptied = 0;
    while (emptied < *n && olds[emptied].micros <= micros) micros -= olds[emptied++].micros;
    if (emptied < *n) olds[emptied].micros -= micros;
    remove_olds(olds, n, 0, emptied);
}

void fr_permit_olds_end(struct fr_permit_old *olds, uint32_t *n, fr_time_ms now) {
    uint32_t ended = 0;
    while (ended < *n && olds[ended].until_ms < now) ended++;
    remove_olds(olds, n, 0, ended);
}

/* Makes room by joining the two that end closest together. */
static void join_closest(struct fr_permit_account *a) {
    uint32_t best = 1;
    for (uint32_t i = 2; i < a->old_n; i++)
        if (a->olds[i].until_ms - a->olds[i - 1].until_ms <
            a->olds[best].until_ms - a->olds[best - 1].until_ms)
            best = i;
    a->olds[best].micros = fr_permit_sum(a->olds[best].micros, a->olds[best - 1].micros);
    remove_olds(a->olds, &a->old_n, best - 1, 1);
}

static void add_old(struct fr_permit_account *a, fr_time_ms until_ms, int64_t micros) {
    if (micros == 0) return;
    if (a->old_n == FR_PERMIT_OLDS) join_closest(a);
    uint32_t at = a->old_n++;
    if (at && a->olds[at - 1].until_ms > until_ms)
        until_ms = a->olds[at - 1].until_ms; /* the window was longer */
    a->olds[at] = (struct fr_permit_old){until_ms, micros};
}

/* --- grants --- */

int64_t fr_permit_account_open(const struct fr_permit_account *a) {
    return fr_permit_sum(a->granted_micros - a->closed_micros, fr_permit_olds_sum(a->olds, a->old_n));
}

int64_t fr_permit_book_open(const struct fr_permit_book *book) {
    int64_t sum = 0;
    for (uint32_t i = 0; i < book->n; i++)
        sum = fr_permit_sum(sum, fr_permit_account_open(&book->accounts[i]));
    return sum;
}

static void start_generation(struct fr_permit_account *a, const struct fr_permit_report *r) {
    add_old(a, r->clock_ms + r->window_ms, a->granted_micros - a->closed_micros);
    a->generation = r->generation;
    a->granted_micros = a->closed_micros = a->old_billed_micros = 0;
}

static void note(struct fr_permit_account *a, const struct fr_permit_report *r) {
    int64_t closed = least(fr_permit_sum(r->billed_micros, r->returned_micros), a->granted_micros);
    a->closed_micros = most(a->closed_micros, closed);
    if (r->old_billed_micros > a->old_billed_micros) {
        fr_permit_olds_take(a->olds, &a->old_n, r->old_billed_micros - a->old_billed_micros);
        a->old_billed_micros = r->old_billed_micros;
    }
    fr_permit_olds_end(a->olds, &a->old_n, r->clock_ms);
}

static int64_t holders_of(const struct fr_permit_book *book) {
    int64_t n = 0;
    for (uint32_t i = 0; i < book->n; i++) n += book->accounts[i].generation > 0;
    return n;
}

/* A fair part of what is left, in whole prices, while there is enough for one. */
static int64_t grant_of(const struct fr_permit_book *book, int64_t wanted,
                        const struct fr_permit_budget *budget, const struct fr_permit_spent *spent) {
    int64_t left = FR_PERMIT_MICROS_MAX, open = fr_permit_book_open(book);
    if (budget->daily_micros) left = budget->daily_micros - amount_of(spent->on_day_micros) - open;
    if (budget->total_micros)
        left = least(left, budget->total_micros - amount_of(spent->total_micros) - open);
    int64_t amount = least(wanted, most(left / (SHARES * holders_of(book)), budget->price_micros));
    amount -= amount % budget->price_micros;
    return amount > 0 && amount <= left ? amount : 0;
}

void fr_permit_book_apply(struct fr_permit_book *book, const struct fr_permit_report *r,
                          const struct fr_permit_spent *spent) {
    struct fr_permit_account *a = account_of(book, r->partition);
    if (r->generation < a->generation) return;
    if (r->generation > a->generation) start_generation(a, r);
    note(a, r);
    if (r->asked_micros <= a->granted_micros) return;
    int64_t granted = grant_of(book, r->asked_micros - a->granted_micros, &r->budget, spent);
    a->granted_micros = fr_permit_sum(a->granted_micros, granted);
}

void fr_permit_book_fini(struct fr_permit_book *book) {
    free(book->accounts);
    *book = (struct fr_permit_book){0};
}

/* --- as bytes --- */

/* [generation, granted, closed, old billed, (until, micros) ..] */
static void write_account(const struct fr_permit_account *a, struct fr_buf *out) {
    fr_pack_array(out, FIELDS + 2 * a->old_n);
    fr_pack_int(out, a->generation);
    fr_pack_int(out, a->granted_micros);
    fr_pack_int(out, a->closed_micros);
    fr_pack_int(out, a->old_billed_micros);
    for (uint32_t i = 0; i < a->old_n; i++) {
        fr_pack_int(out, a->olds[i].until_ms);
        fr_pack_int(out, a->olds[i].micros);
    }
}

void fr_permit_book_encode(const struct fr_permit_book *book, struct fr_buf *out) {
    fr_pack_array(out, 1 + book->n);
    fr_pack_int(out, FR_PERMIT_BOOK_VERSION);
    for (uint32_t i = 0; i < book->n; i++) write_account(&book->accounts[i], out);
}

static bool read_olds(struct fr_reader *in, struct fr_permit_account *a) {
    for (uint32_t i = 0; i < a->old_n; i++) {
        struct fr_permit_old *old = &a->olds[i];
        old->until_ms = fr_pack_read_int(in);
        old->micros = fr_pack_read_int(in);
        bool ascends = i == 0 || old[-1].until_ms <= old->until_ms;
        if (!in->ok || !ascends || old->until_ms < 0 || old->micros < 1 || !is_amount(old->micros))
            return false;
    }
    return true;
}

static bool read_account(struct fr_reader *in, struct fr_permit_account *a) {
    uint32_t values = fr_pack_read_array(in);
    *a = (struct fr_permit_account){0};
    if (values < FIELDS || values > FIELDS + 2 * FR_PERMIT_OLDS || values % 2) return false;
    a->generation = fr_pack_read_int(in);
    a->granted_micros = fr_pack_read_int(in);
    a->closed_micros = fr_pack_read_int(in);
    a->old_billed_micros = fr_pack_read_int(in);
    a->old_n = (values - FIELDS) / 2;
    if (!in->ok || !read_olds(in, a) || a->generation < 0) return false;
    bool used = a->granted_micros || a->old_billed_micros || a->old_n;
    return (a->generation > 0 || !used) && is_amount(a->granted_micros) && is_amount(a->closed_micros) &&
           is_amount(a->old_billed_micros) && a->closed_micros <= a->granted_micros;
}

/* How many accounts follow; -1: it is no book. */
static int64_t read_head(struct fr_reader *in) {
    int64_t values = fr_pack_read_array(in);
    if (values < 1 || fr_pack_read_int(in) != FR_PERMIT_BOOK_VERSION || !in->ok) return -1;
    return values - 1 <= FR_PERMIT_PARTITIONS && values - 1 <= in->end - in->at ? values - 1 : -1;
}

bool fr_permit_book_decode(struct fr_permit_book *book, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    fr_permit_book_fini(book);
    int64_t n = read_head(&in);
    if (n > 0) book->accounts = fr_alloc_zero((size_t)n, sizeof *book->accounts);
    bool ok = n >= 0;
    for (; ok && book->n < n; book->n++) ok = read_account(&in, &book->accounts[book->n]);
    ok = ok && in.at == in.end && (n == 0 || book->accounts[n - 1].generation > 0);
    if (!ok) fr_permit_book_fini(book);
    return ok;
}

bool fr_permit_book_find(struct fr_str bytes, uint32_t partition, struct fr_permit_account *account) {
    struct fr_reader in = fr_reader_of(bytes);
    int64_t n = read_head(&in);
    bool ok = partition < n;
    for (uint32_t i = 0; ok && i < partition; i++) fr_pack_skip(&in);
    return ok && in.ok && read_account(&in, account) && account->generation > 0;
}

/* Varints, zigzag, in the order of the struct. */
void fr_permit_report_write(struct fr_buf *out, struct fr_str campaign_id, const struct fr_permit_report *r) {
    const int64_t fields[REPORT_FIELDS] = {
        r->partition,           r->generation,          r->clock_ms,           r->window_ms,
        r->billed_micros,       r->old_billed_micros,   r->returned_micros,    r->asked_micros,
        r->budget.daily_micros, r->budget.total_micros, r->budget.price_micros};
    fr_buf_byte(out, FR_PERMIT_REPORT_RECORD);
    fr_varint_write_str(out, campaign_id);
    for (unsigned i = 0; i < REPORT_FIELDS; i++) fr_varint_write(out, fr_zigzag(fields[i]));
}

bool fr_permit_report_read(struct fr_permit_report *r, struct fr_str *campaign_id, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    int64_t f[REPORT_FIELDS];
    if (fr_varint_read(&in) != FR_PERMIT_REPORT_RECORD) return false;
    *campaign_id = fr_varint_read_str(&in);
    for (unsigned i = 0; i < REPORT_FIELDS; i++) f[i] = fr_unzigzag(fr_varint_read(&in));
    if (!in.ok || in.at != in.end || !campaign_id->len) return false;
    if (f[0] < 0 || f[0] >= FR_PERMIT_PARTITIONS || f[1] < 1 || f[10] < 1) return false;
    for (unsigned i = 2; i < REPORT_FIELDS; i++)
        if (!is_amount(f[i])) return false;
    *r = (struct fr_permit_report){.partition = (uint32_t)f[0],
                                   .generation = f[1],
                                   .clock_ms = f[2],
                                   .window_ms = f[3],
                                   .billed_micros = f[4],
                                   .old_billed_micros = f[5],
                                   .returned_micros = f[6],
                                   .asked_micros = f[7],
                                   .budget = {f[8], f[9], f[10]}};
    return true;
}
