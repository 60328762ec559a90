/* What of hard budgets is granted, open and left: each campaign's book (target/permit_book.h) beside what its ledger has spent. */
#include "campaign_report.h"
#include "freshet/app/text_table.h"
#include "freshet/base/json.h"
#include <math.h>

static double amount(int64_t micros) { return 1e-6 * (double)micros; }

static int64_t spent_in_total(const struct campaign_row *row) {
    return fr_ledger_total(&row->ledger, FR_LEDGER_SPEND_MICROS);
}

static int64_t open_before(const struct fr_permit_account *a) {
    return fr_permit_olds_sum(a->olds, a->old_n);
}

bool campaign_has_permits(const struct campaign_row *row) { return row->ledger.permits.n > 0; }

/* What may still be granted; below 0 where a budget was lowered. NaN: there is no campaign any more, or none with a budget. */
static double left_of(const struct campaign_row *row) {
    const struct fr_campaign *c = row->campaign;
    double open = amount(fr_permit_book_open(&row->ledger.permits)), left = (double)NAN;
    if (c && c->daily_micros) left = amount(c->daily_micros - row->spent_today_micros) - open;
    if (c && c->total_micros) left = fmin(left, amount(c->total_micros - spent_in_total(row)) - open);
    return left;
}

/* ---- table ---- */

static void put_account(const struct campaign_row *row, uint32_t partition, struct fr_buf *out) {
    const struct fr_permit_account *a = &row->ledger.permits.accounts[partition];
    char until[25] = "-";
    if (a->old_n) fr_time_format(a->olds[a->old_n - 1].until_ms, until);
    fr_buf_printf(out, "%.*s\t%u\t%.2f\t%.2f\t%.2f\t%.2f\t%s\t\t\t\n", FR_STR_ARG(row->id), partition,
                  amount(a->granted_micros), amount(a->closed_micros), amount(fr_permit_account_open(a)),
                  amount(open_before(a)), until);
}

static void put_all(const struct campaign_row *row, struct fr_buf *out) {
    double left = left_of(row);
    fr_buf_printf(out, "%.*s\tall\t\t\t%.2f\t\t\t%.2f\t%.2f\t", FR_STR_ARG(row->id),
                  amount(fr_permit_book_open(&row->ledger.permits)), amount(row->spent_today_micros),
                  amount(spent_in_total(row)));
    if (isnan(left))
        fr_buf_printf(out, "-\n");
    else
        fr_buf_printf(out, "%.2f\n", left);
}

void campaign_permits_table(const struct campaign_report *r, struct fr_buf *out) {
    struct fr_buf rows = {0};
    fr_buf_printf(&rows, "CAMPAIGN\tPARTITION\tGRANTED\tCLOSED\tOPEN\tOF IT BEFORE\tUNTIL\tSPENT "
                         "TODAY\tSPENT\tLEFT\n");
    size_t head = rows.len;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct campaign_row *row = &r->rows[i];
        for (uint32_t p = 0; p < row->ledger.permits.n; p++)
            if (row->ledger.permits.accounts[p].generation) put_account(row, p, &rows);
        if (campaign_has_permits(row)) put_all(row, &rows);
    }
    if (rows.len > head) {
        fr_buf_byte(out, '\n');
        fr_text_table(out, fr_buf_slice(&rows));
    }
    fr_buf_fini(&rows);
}

/* ---- JSON ---- */

static void put_amount(struct fr_buf *out, const char *key, int64_t micros) {
    fr_json_key(out, key);
    fr_json_double(out, amount(micros));
}

static void put_before(const struct fr_permit_account *a, struct fr_buf *out) {
    fr_json_key(out, "before");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < a->old_n; i++) {
        fr_json_open(out, '{');
        put_amount(out, "open", a->olds[i].micros);
        fr_json_key(out, "until");
        fr_json_time(out, a->olds[i].until_ms);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}

static void put_account_json(const struct fr_permit_account *a, uint32_t partition, struct fr_buf *out) {
    fr_json_open(out, '{');
    fr_json_key(out, "partition");
    fr_json_int(out, partition);
    fr_json_key(out, "generation");
    fr_json_int(out, a->generation);
    put_amount(out, "granted", a->granted_micros);
    put_amount(out, "closed", a->closed_micros);
    put_amount(out, "open", fr_permit_account_open(a));
    put_before(a, out);
    fr_json_close(out, '}');
}

void campaign_permits_json(const struct campaign_row *row, struct fr_buf *out) {
    const struct fr_permit_book *book = &row->ledger.permits;
    fr_json_key(out, "permits");
    fr_json_open(out, '{');
    put_amount(out, "open", fr_permit_book_open(book));
    fr_json_key(out, "left");
    fr_json_number(out, left_of(row));
    fr_json_key(out, "partitions");
    fr_json_open(out, '[');
    for (uint32_t p = 0; p < book->n; p++)
        if (book->accounts[p].generation) put_account_json(&book->accounts[p], p, out);
    fr_json_close(out, ']');
    fr_json_close(out, '}');
}
