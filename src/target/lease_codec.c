/* States are MessagePack arrays of integers in the order of the structs' fields. Records are a version byte, the campaign's
 * id with its length, and zigzag varints in that order. */
#include "freshet/target/lease_codec.h"
#include "freshet/base/pack.h"
#include <stdlib.h>

enum { LEASE_FIELDS = 12, ACCOUNT_FIELDS = 5, ASK_FIELDS = 9, GRANT_FIELDS = 3 };

static bool fits_amount(int64_t v) { return v >= 0 && v <= FR_LEASE_MICROS_MAX; }
static bool fits_day(int64_t v) { return v >= INT32_MIN && v <= INT32_MAX; }
static bool fits_number(int64_t v) { return v >= 0 && v <= UINT32_MAX; }

/* --- states ------------------------------------------------------------------------------------------- */

void fr_lease_encode(const struct fr_lease *l, struct fr_buf *out) {
    const int64_t fields[LEASE_FIELDS] = {FR_LEASE_VERSION,
                                          l->day,
                                          l->granted_micros,
                                          l->returned_micros,
                                          l->reserved_micros,
                                          l->billed_micros,
                                          l->billed_before_micros,
                                          l->portion_micros,
                                          l->asked_n,
                                          l->answered_n,
                                          l->asked_at,
                                          l->used_at};
    fr_pack_array(out, LEASE_FIELDS);
    for (unsigned i = 0; i < LEASE_FIELDS; i++) fr_pack_int(out, fields[i]);
}

bool fr_lease_decode(struct fr_lease *lease, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    int64_t f[LEASE_FIELDS] = {0};
    *lease = (struct fr_lease){0};
    if (fr_pack_read_array(&in) != LEASE_FIELDS) return false;
    for (unsigned i = 0; i < LEASE_FIELDS; i++) f[i] = fr_pack_read_int(&in);
    if (!in.ok || in.at != in.end || f[0] != FR_LEASE_VERSION) return false;
    if (!fits_day(f[1]) || !fits_number(f[8]) || !fits_number(f[9])) return false;
    struct fr_lease read = {.day = (int32_t)f[1],
                            .granted_micros = f[2],
                            .returned_micros = f[3],
                            .reserved_micros = f[4],
                            .billed_micros = f[5],
                            .billed_before_micros = f[6],
                            .portion_micros = f[7],
                            .asked_n = (uint32_t)f[8],
                            .answered_n = (uint32_t)f[9],
                            .asked_at = f[10],
                            .used_at = f[11]};
    if (fr_lease_check(&read)) return false;
    *lease = read;
    return true;
}

void fr_lease_book_encode(const struct fr_lease_book *book, struct fr_buf *out) {
    fr_pack_array(out, 1 + ACCOUNT_FIELDS * book->n);
    fr_pack_int(out, FR_LEASE_VERSION);
    for (uint32_t i = 0; i < book->n; i++) {
        const struct fr_lease_account *a = &book->accounts[i];
        fr_pack_int(out, a->number);
        fr_pack_int(out, a->day);
        fr_pack_int(out, a->granted_micros);
        fr_pack_int(out, a->returned_micros);
        fr_pack_int(out, a->billed_before_micros);
    }
}

static bool read_account(struct fr_reader *in, struct fr_lease_account *a) {
    int64_t number = fr_pack_read_int(in), day = fr_pack_read_int(in);
    a->granted_micros = fr_pack_read_int(in);
    a->returned_micros = fr_pack_read_int(in);
    a->billed_before_micros = fr_pack_read_int(in);
    a->number = (uint32_t)number;
    a->day = (int32_t)day;
    return in->ok && fits_number(number) && fits_day(day);
}

bool fr_lease_book_decode(struct fr_lease_book *book, struct fr_str bytes) {
    struct fr_reader in = fr_reader_of(bytes);
    fr_lease_book_fini(book);
    uint32_t values = fr_pack_read_array(&in);
    if (values % ACCOUNT_FIELDS != 1 || fr_pack_read_int(&in) != FR_LEASE_VERSION) return false;
    uint32_t n = values / ACCOUNT_FIELDS;
    if (n) book->accounts = fr_alloc_zero(n, sizeof *book->accounts);
    bool ok = true;
    for (; ok && book->n < n; book->n++) ok = read_account(&in, &book->accounts[book->n]);
    ok = ok && in.ok && in.at == in.end && fr_lease_book_check(book) == NULL;
    if (!ok) fr_lease_book_fini(book);
    return ok;
}

/* --- records ------------------------------------------------------------------------------------------ */

static void write_record(struct fr_buf *out, unsigned char version, struct fr_str id, const int64_t *fields,
                         unsigned n) {
    fr_buf_byte(out, version);
    fr_varint_write_str(out, id);
    for (unsigned i = 0; i < n; i++) fr_varint_write(out, fr_zigzag(fields[i]));
}

static bool read_record(struct fr_str bytes, unsigned char version, struct fr_str *id, int64_t *fields,
                        unsigned n) {
    struct fr_reader in = fr_reader_of(bytes);
    if (fr_varint_read(&in) != version) return false;
    *id = fr_varint_read_str(&in);
    for (unsigned i = 0; i < n; i++) fields[i] = fr_unzigzag(fr_varint_read(&in));
    return in.ok && in.at == in.end && id->len > 0;
}

void fr_lease_ask_write(struct fr_buf *out, const struct fr_lease_ask_record *r) {
    const int64_t fields[ASK_FIELDS] = {r->partition,
                                        r->ask.number,
                                        r->ask.day,
                                        r->ask.billed_before_micros,
                                        r->ask.returned_micros,
                                        r->ask.wanted_micros,
                                        r->budget.daily_micros,
                                        r->budget.total_micros,
                                        r->budget.price_micros};
    write_record(out, FR_LEASE_ASK_RECORD, r->campaign_id, fields, ASK_FIELDS);
}

bool fr_lease_ask_read(struct fr_lease_ask_record *record, struct fr_str bytes) {
    int64_t f[ASK_FIELDS];
    struct fr_str id;
    *record = (struct fr_lease_ask_record){0};
    if (!read_record(bytes, FR_LEASE_ASK_RECORD, &id, f, ASK_FIELDS)) return false;
    if (f[0] < 0 || f[0] > UINT16_MAX || f[1] < 1 || !fits_number(f[1]) || !fits_day(f[2]) || f[8] < 1)
        return false;
    for (unsigned i = 3; i < ASK_FIELDS; i++)
        if (!fits_amount(f[i])) return false;
    *record = (struct fr_lease_ask_record){.campaign_id = id,
                                           .partition = (uint32_t)f[0],
                                           .ask = {(uint32_t)f[1], (int32_t)f[2], f[3], f[4], f[5]},
                                           .budget = {f[6], f[7], f[8]}};
    return true;
}

void fr_lease_grant_write(struct fr_buf *out, const struct fr_lease_grant_record *r) {
    const int64_t fields[GRANT_FIELDS] = {r->grant.number, r->grant.day, r->grant.granted_micros};
    write_record(out, FR_LEASE_GRANT_RECORD, r->campaign_id, fields, GRANT_FIELDS);
}

bool fr_lease_grant_read(struct fr_lease_grant_record *record, struct fr_str bytes) {
    int64_t f[GRANT_FIELDS];
    struct fr_str id;
    *record = (struct fr_lease_grant_record){0};
    if (!read_record(bytes, FR_LEASE_GRANT_RECORD, &id, f, GRANT_FIELDS)) return false;
    if (f[0] < 1 || !fits_number(f[0]) || !fits_day(f[1]) || !fits_amount(f[2])) return false;
    *record = (struct fr_lease_grant_record){id, {(uint32_t)f[0], (int32_t)f[1], f[2]}};
    return true;
}
