/* A ledger as MessagePack, for docs/STATE.md:
 *
 *   [version, newest hour, totals, hours, days]     and, in hard mode, the book of permits as its own bytes
 *
 * Sums are a mask of the measures that are not 0, then these; totals are one such array. hours and days are flat
 * arrays of an age and its sums, the oldest first; the age is counted from the newest hour or its day. */
#include "freshet/base/json.h"
#include "freshet/target/ledger.h"
#include <stdlib.h>

enum { FIELDS = 5, DAY_MS = 24 * FR_HOUR_MS };

static unsigned mask_of(const struct fr_ledger_sums *sums) {
    unsigned mask = 0;
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++) mask |= (unsigned)(sums->of[i] != 0) << i;
    return mask;
}

/* --- encode ------------------------------------------------------------------------------------------- */

static void write_sums(const struct fr_ledger_sums *sums, struct fr_buf *out) {
    fr_pack_int(out, mask_of(sums));
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++)
        if (sums->of[i]) fr_pack_int(out, sums->of[i]);
}

static uint32_t sums_values(const struct fr_ledger_sums *sums) {
    return 1 + (uint32_t)__builtin_popcount(mask_of(sums));
}

static void write_series(const struct fr_ledger_series *s, int64_t newest, struct fr_buf *out) {
    uint32_t values = s->n;
    for (uint32_t i = 0; i < s->n; i++) values += sums_values(&s->buckets[i].sums);
    fr_pack_array(out, values);
    for (uint32_t i = 0; i < s->n; i++) {
        fr_pack_int(out, newest - s->buckets[i].at);
        write_sums(&s->buckets[i].sums, out);
    }
}

static void write_permits(const struct fr_permit_book *book, struct fr_buf *out) {
    struct fr_buf bytes = {0};
    fr_permit_book_encode(book, &bytes);
    fr_pack_bin(out, fr_buf_slice(&bytes));
    fr_buf_fini(&bytes);
}

void fr_ledger_encode(const struct fr_ledger *ledger, struct fr_buf *out) {
    fr_pack_array(out, FIELDS + (ledger->permits.n > 0));
    fr_pack_int(out, FR_LEDGER_VERSION);
    if (ledger->touched)
        fr_pack_int(out, ledger->newest_hour);
    else
        fr_pack_nil(out);
    fr_pack_array(out, sums_values(&ledger->totals));
    write_sums(&ledger->totals, out);
    write_series(&ledger->hours, ledger->newest_hour, out);
    write_series(&ledger->days, fr_ledger_day(ledger->newest_hour), out);
    if (ledger->permits.n) write_permits(&ledger->permits, out);
}

/* --- decode ------------------------------------------------------------------------------------------- */

/* Takes values off *left. */
static bool read_sums(struct fr_reader *in, uint32_t *left, struct fr_ledger_sums *sums) {
    int64_t mask = fr_pack_read_int(in);
    if (!in->ok || *left == 0 || mask < 0 || mask >> FR_LEDGER_MEASURES) return false;
    uint32_t values = 1 + (uint32_t)__builtin_popcount((unsigned)mask);
    if (values > *left) return false;
    *left -= values;
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++) {
        if (!(mask >> i & 1)) continue;
        sums->of[i] = fr_pack_read_int(in);
        if (sums->of[i] == 0) return false;
    }
    return in->ok;
}

static bool read_series(struct fr_reader *in, struct fr_ledger_series *s, int64_t newest, int64_t kept) {
    uint32_t left = fr_pack_read_array(in);
    if (!in->ok) return false;
    s->cap = left / 3 < kept ? left / 3 : (uint32_t)kept; /* a bucket takes 3 values or more */
    s->buckets = fr_alloc((s->cap + 1) * sizeof *s->buckets);
    while (left > 0) {
        int64_t age = fr_pack_read_int(in);
        left--;
        if (!in->ok || age < 0 || age >= kept || newest - age < INT32_MIN || s->n == s->cap) return false;
        struct fr_ledger_bucket *b = &s->buckets[s->n++];
        *b = (struct fr_ledger_bucket){.at = (int32_t)(newest - age)};
        if (!read_sums(in, &left, &b->sums)) return false;
    }
    return true;
}

static bool read_permits(struct fr_reader *in, struct fr_permit_book *book) {
    struct fr_str bytes = fr_pack_read_str(in);
    return in->ok && fr_permit_book_decode(book, bytes) && book->n > 0;
}

static bool read_ledger(struct fr_reader *in, struct fr_ledger *ledger, uint32_t hours_kept) {
    uint32_t fields = fr_pack_read_array(in);
    bool shaped = fields == FIELDS || fields == FIELDS + 1;
    if (!shaped || fr_pack_read_int(in) != FR_LEDGER_VERSION) return false;
    ledger->touched = fr_pack_peek(in) != FR_PACK_NIL;
    int64_t newest = 0;
    if (ledger->touched)
        newest = fr_pack_read_int(in);
    else
        fr_pack_skip(in);
    if (!in->ok || newest < INT32_MIN || newest > INT32_MAX) return false;
    ledger->newest_hour = (int32_t)newest;
    uint32_t left = fr_pack_read_array(in);
    if (!read_sums(in, &left, &ledger->totals) || left) return false;
    return read_series(in, &ledger->hours, newest, hours_kept) &&
           read_series(in, &ledger->days, fr_ledger_day((int32_t)newest), FR_LEDGER_DAYS) &&
           (fields == FIELDS || read_permits(in, &ledger->permits)) && in->at == in->end;
}

bool fr_ledger_decode(struct fr_ledger *ledger, uint32_t hours_kept, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    fr_ledger_fini(ledger);
    bool ok = read_ledger(&in, ledger, hours_kept) && fr_ledger_check(ledger, hours_kept) == NULL;
    if (!ok) fr_ledger_fini(ledger);
    return ok;
}

/* --- for people --------------------------------------------------------------------------------------- */

static void json_sums(const struct fr_ledger_sums *sums, bool zeros, struct fr_buf *out) {
    for (unsigned i = 0; i < FR_LEDGER_MEASURES; i++) {
        if (!sums->of[i] && !zeros) continue;
        fr_json_key(out, fr_ledger_measure_name((enum fr_ledger_measure)i));
        fr_json_int(out, sums->of[i]);
    }
}

static void json_series(const char *name, const char *unit, const struct fr_ledger_series *s,
                        fr_time_ms unit_ms, struct fr_buf *out) {
    fr_json_key(out, name);
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < s->n; i++) {
        fr_json_open(out, '{');
        fr_json_key(out, unit);
        fr_json_time(out, s->buckets[i].at * unit_ms);
        json_sums(&s->buckets[i].sums, false, out);
        fr_json_close(out, '}');
    }
    fr_json_close(out, ']');
}

void fr_ledger_json(struct fr_buf *out, struct fr_str campaign_id, const struct fr_ledger *ledger) {
    fr_json_open(out, '{');
    fr_json_key(out, "campaign_id");
    fr_json_str(out, campaign_id);
    fr_json_key(out, "totals");
    fr_json_open(out, '{');
    json_sums(&ledger->totals, true, out);
    fr_json_close(out, '}');
    json_series("days", "day", &ledger->days, DAY_MS, out);
    json_series("hours", "hour", &ledger->hours, FR_HOUR_MS, out);
    fr_json_close(out, '}');
}
