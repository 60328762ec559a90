#include "check.h"
#include "freshet/target/lease_codec.h"

static struct fr_lease a_lease(void) {
    return (struct fr_lease){.day = 20000,
                             .granted_micros = 900,
                             .returned_micros = 100,
                             .reserved_micros = 200,
                             .billed_micros = 300,
                             .billed_before_micros = 7000000000,
                             .portion_micros = 400,
                             .asked_n = 12,
                             .answered_n = 11,
                             .asked_at = 1728000000000,
                             .used_at = 1728000000001};
}

static void test_leases_round_trip(void) {
    struct fr_lease l = a_lease(), again;
    struct fr_buf out = {0}, twice = {0};
    fr_lease_encode(&l, &out);
    CHECK(fr_lease_decode(&again, fr_buf_slice(&out)));
    CHECK(again.day == l.day && again.granted_micros == 900 && again.returned_micros == 100);
    CHECK(again.reserved_micros == 200 && again.billed_micros == 300 && again.portion_micros == 400);
    CHECK(again.billed_before_micros == l.billed_before_micros && again.asked_n == 12 &&
          again.answered_n == 11);
    CHECK(again.asked_at == l.asked_at && again.used_at == l.used_at);
    fr_lease_encode(&again, &twice);
    CHECK(fr_str_eq(fr_buf_slice(&out), fr_buf_slice(&twice)));
    for (uint32_t n = 0; n < out.len; n++) CHECK(!fr_lease_decode(&again, (struct fr_str){out.data, n}));
    fr_buf_byte(&out, 0);
    CHECK(!fr_lease_decode(&again, fr_buf_slice(&out)));
    CHECK_INT(again.granted_micros, 0);
    fr_buf_fini(&out);
    fr_buf_fini(&twice);
}

/* Whether a lease with one field set wrongly reads back. */
static bool decodes(const struct fr_lease *l) {
    struct fr_buf out = {0};
    struct fr_lease again;
    fr_lease_encode(l, &out);
    bool ok = fr_lease_decode(&again, fr_buf_slice(&out));
    fr_buf_fini(&out);
    return ok;
}

static void test_bad_leases_are_refused(void) {
    struct fr_lease l = a_lease();
    CHECK(decodes(&l));
    l.billed_micros = 601; /* more than is left */
    CHECK(!decodes(&l));
    l = a_lease();
    l.returned_micros = -1;
    CHECK(!decodes(&l));
    l = a_lease();
    l.granted_micros = FR_LEASE_MICROS_MAX + 1;
    CHECK(!decodes(&l));
    l = a_lease();
    l.answered_n = 10; /* two open asks */
    CHECK(!decodes(&l));
}

static void test_books_round_trip(void) {
    struct fr_lease_book book = {0}, again = {0};
    struct fr_lease_budget budget = {10000, 50000, 100};
    struct fr_lease_ask ask = {3, 20000, 500, 0, 700};
    struct fr_lease_grant grant;
    struct fr_buf out = {0}, twice = {0};
    CHECK(fr_lease_book_apply(&book, 2, &budget, &ask, &grant));
    CHECK(fr_lease_book_apply(&book, 5, &budget, &ask, &grant));
    fr_lease_book_encode(&book, &out);
    CHECK(fr_lease_book_decode(&again, fr_buf_slice(&out)));
    CHECK_INT(again.n, 6);
    CHECK_INT(again.accounts[5].number, 3);
    CHECK_INT(fr_lease_book_total(&again), 2 * 500 + 2 * 700);
    CHECK_INT(fr_lease_book_on_day(&again, 20000), 1400);
    fr_lease_book_encode(&again, &twice);
    CHECK(fr_str_eq(fr_buf_slice(&out), fr_buf_slice(&twice)));
    for (uint32_t n = 0; n < out.len; n++) CHECK(!fr_lease_book_decode(&again, (struct fr_str){out.data, n}));
    CHECK_INT(again.n, 0);
    book.accounts[5].returned_micros = 701; /* more than was granted */
    fr_buf_clear(&out);
    fr_lease_book_encode(&book, &out);
    CHECK(!fr_lease_book_decode(&again, fr_buf_slice(&out)));
    book.accounts[5] = (struct fr_lease_account){0}; /* an account that nobody has */
    fr_buf_clear(&out);
    fr_lease_book_encode(&book, &out);
    CHECK(!fr_lease_book_decode(&again, fr_buf_slice(&out)));
    fr_lease_book_fini(&book);
    fr_lease_book_fini(&again);
    fr_buf_fini(&out);
    fr_buf_fini(&twice);
}

/* The examples of docs/AFFINITY.md: campaign a, partition 3, ask 1 of day 2 for 200, of 1,000 a day, price 100. */
#define ASK "\x41\x01\x61\x06\x02\x04\x00\x00\x90\x03\xd0\x0f\x00\xc8\x01"
#define GRANT "\x47\x01\x61\x02\x04\x90\x03"

static void test_records_are_as_documented(void) {
    struct fr_buf out = {0};
    struct fr_lease_ask_record ask = {FR_STR("a"), 3, {1, 2, 0, 0, 200}, {1000, 0, 100}}, ask_again;
    struct fr_lease_grant_record grant = {FR_STR("a"), {1, 2, 200}}, grant_again;
    fr_lease_ask_write(&out, &ask);
    CHECK(fr_str_eq(fr_buf_slice(&out), FR_STR(ASK)));
    CHECK(fr_lease_ask_read(&ask_again, fr_buf_slice(&out)));
    CHECK(fr_str_eq(ask_again.campaign_id, FR_STR("a")));
    CHECK_INT(ask_again.partition, 3);
    CHECK_INT(ask_again.ask.wanted_micros, 200);
    CHECK_INT(ask_again.budget.daily_micros, 1000);
    fr_buf_clear(&out);
    fr_lease_grant_write(&out, &grant);
    CHECK(fr_str_eq(fr_buf_slice(&out), FR_STR(GRANT)));
    CHECK(fr_lease_grant_read(&grant_again, fr_buf_slice(&out)));
    CHECK_INT(grant_again.grant.granted_micros, 200);
    CHECK_INT(grant_again.grant.day, 2);
    fr_buf_fini(&out);
}

static void test_bad_records_are_refused(void) {
    struct fr_lease_ask_record ask;
    struct fr_lease_grant_record grant;
    for (uint32_t n = 0; n < sizeof ASK - 1; n++) CHECK(!fr_lease_ask_read(&ask, (struct fr_str){ASK, n}));
    for (uint32_t n = 0; n < sizeof GRANT - 1; n++)
        CHECK(!fr_lease_grant_read(&grant, (struct fr_str){GRANT, n}));
    CHECK(!fr_lease_ask_read(&ask, FR_STR(GRANT)) && !fr_lease_grant_read(&grant, FR_STR(ASK)));
    CHECK(!fr_lease_ask_read(&ask, FR_STR(ASK "\x00")));
    CHECK(!fr_lease_grant_read(&grant, FR_STR("\x47\x00\x02\x04\x90\x03")));     /* no campaign */
    CHECK(!fr_lease_grant_read(&grant, FR_STR("\x47\x01\x61\x00\x04\x90\x03"))); /* no number */
    CHECK(!fr_lease_grant_read(&grant, FR_STR("\x47\x01\x61\x02\x04\x01")));     /* an amount below 0 */
    CHECK(!fr_lease_ask_read(
        &ask, FR_STR("\x41\x01\x61\x06\x02\x04\x00\x00\x90\x03\xd0\x0f\x00\x00"))); /* no price */
}

int main(void) {
    RUN(test_leases_round_trip);
    RUN(test_bad_leases_are_refused);
    RUN(test_books_round_trip);
    RUN(test_records_are_as_documented);
    RUN(test_bad_records_are_refused);
    return check_done();
}
