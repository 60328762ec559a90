/* Any bytes as a lease, a book, an ask or a grant: refused, or a value that is written to bytes that read back the same and
 * that can be used. */
#include "freshet/target/lease_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_lease(struct fr_lease *lease) {
    struct fr_buf once = {0}, twice = {0};
    struct fr_lease same;
    struct fr_lease_ask ask;
    fr_lease_encode(lease, &once);
    bool ok = fr_lease_decode(&same, fr_buf_slice(&once));
    FR_ASSERT(ok);
    fr_lease_encode(&same, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
    fr_time_ms now = lease->used_at < INT64_MAX / 4 && lease->used_at > INT64_MIN / 4 ? lease->used_at : 0;
    lease->asked_at = lease->used_at = now;
    fr_lease_advance(lease, now);
    fr_lease_reserve(lease, 1, now);
    fr_lease_asks(lease, 1, now, &ask);
    FR_ASSERT(fr_lease_check(lease) == NULL);
}

static void use_book(struct fr_lease_book *book) {
    struct fr_lease_book same = {0};
    struct fr_buf once = {0}, twice = {0};
    fr_lease_book_encode(book, &once);
    bool ok = fr_lease_book_decode(&same, fr_buf_slice(&once));
    FR_ASSERT(ok);
    fr_lease_book_encode(&same, &twice);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    FR_ASSERT(fr_lease_book_total(book) >= 0);
    fr_lease_book_fini(&same);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

static void use_ask(const struct fr_lease_ask_record *record, struct fr_str bytes) {
    struct fr_buf out = {0};
    struct fr_lease_ask_record same;
    struct fr_lease_book book = {0};
    struct fr_lease_grant grant;
    fr_lease_ask_write(&out, record);
    bool ok = fr_lease_ask_read(&same, fr_buf_slice(&out));
    FR_ASSERT(ok && out.len <= bytes.len); /* varints may be longer than they need be */
    fr_lease_book_apply(&book, record->partition % 64, &record->budget, &record->ask, &grant);
    FR_ASSERT(fr_lease_book_check(&book) == NULL);
    if (record->budget.daily_micros)
        FR_ASSERT(fr_lease_book_on_day(&book, record->ask.day) <= record->budget.daily_micros);
    fr_lease_book_fini(&book);
    fr_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fr_str bytes = {(const char *)data, (uint32_t)size};
    struct fr_lease lease;
    struct fr_lease_book book = {0};
    struct fr_lease_ask_record ask;
    struct fr_lease_grant_record grant;
    if (fr_lease_decode(&lease, bytes)) use_lease(&lease);
    if (fr_lease_book_decode(&book, bytes)) use_book(&book);
    if (fr_lease_ask_read(&ask, bytes)) use_ask(&ask, bytes);
    if (fr_lease_grant_read(&grant, bytes)) {
        lease = (struct fr_lease){
            .day = grant.grant.day, .asked_n = grant.grant.number, .answered_n = grant.grant.number - 1};
        fr_lease_take(&lease, &grant.grant);
        FR_ASSERT(fr_lease_check(&lease) == NULL);
    }
    fr_lease_book_fini(&book);
    return 0;
}
