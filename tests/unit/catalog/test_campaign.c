/* A campaign's JSON: what is read, every fault at once, exact money, and that what is written reads back. */
#include "check.h"
#include "freshet/catalog/campaign.h"

static struct fr_arena arena;
static struct fr_campaign c;
static struct fr_campaign_faults faults;

static bool read_with(const char *json, struct fr_str key) {
    fr_arena_clear(&arena);
    return fr_campaign_read(fr_str_of(json), key, &arena, &c, &faults);
}

static bool read(const char *json) { return read_with(json, (struct fr_str){0}); }

static const char *said(void) {
    static struct fr_buf text;
    fr_buf_clear(&text);
    fr_campaign_faults_write(&text, &faults);
    fr_buf_byte(&text, 0);
    return text.data;
}

static const char full[] =
    "{\"id\":\"summer-shoes\",\"kind\":\"campaign\",\"name\":\"Summer\",\"advertiser\":\"acme\","
    "\"items\":[\"sku-1\",\"sku-2\"],\"categories\":[\"shoes\"],\"creatives\":[\"a\",\"b\"],"
    "\"rule\":\"interest(\\\"shoes\\\") > 0.3\",\"start\":\"2026-06-01T00:00:00.000Z\","
    "\"end\":\"2026-09-01T00:00:00.000Z\",\"budget\":{\"daily\":100.5,\"total\":2000,\"mode\":\"hard\"},"
    "\"currency\":\"EUR\",\"pays\":{\"for\":\"click\",\"price\":0.25},\"caps\":{\"hour\":2,\"day\":5,"
    "\"life\":20},"
    "\"control_share\":0.1,\"priority\":-3,\"state\":\"paused\"}";

static void test_everything_is_read(void) {
    CHECK(read_with(full, FR_STR("summer-shoes")));
    CHECK_INT(c.kind, FR_CAMPAIGN_IS_CAMPAIGN);
    CHECK(fr_str_eq(c.advertiser, FR_STR("acme")) && fr_str_eq(c.currency, FR_STR("EUR")));
    CHECK_INT(c.item_n, 2);
    CHECK(fr_str_eq(c.items[1], FR_STR("sku-2")) && fr_str_eq(c.creatives[1], FR_STR("b")));
    CHECK(fr_str_eq(c.rule, FR_STR("interest(\"shoes\") > 0.3")));
    CHECK_INT(c.start_ms, INT64_C(1780272000000));
    CHECK_INT(c.end_ms, INT64_C(1788220800000));
    CHECK_INT(c.daily_micros, 100500000);
    CHECK_INT(c.total_micros, INT64_C(2000000000));
    CHECK_INT(c.budget, FR_CAMPAIGN_HARD);
    CHECK_INT(c.pays, FR_CAMPAIGN_PAYS_CLICK);
    CHECK_INT(c.price_micros, 250000);
    CHECK(c.cap_hour == 2 && c.cap_day == 5 && c.cap_life == 20);
    CHECK_NEAR(c.control_share, .1, 0);
    CHECK_INT(c.priority, -3);
    CHECK_INT(c.state, FR_CAMPAIGN_PAUSED);
}

static void test_what_is_absent(void) {
    CHECK(read("{\"id\":\"a\",\"pays\":{\"price\":1},\"rule\":null}"));
    CHECK(c.rule.len == 0 && c.creative_n == 0 && c.state == FR_CAMPAIGN_ACTIVE);
    CHECK(c.start_ms == INT64_MIN && c.end_ms == INT64_MAX && c.pays == FR_CAMPAIGN_PAYS_IMPRESSION);
    CHECK(fr_campaign_runs(&c, 0) && c.daily_micros == 0 && c.cap_day == 0);
    CHECK(read("{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"events > 3\"}"));
    CHECK_INT(c.kind, FR_CAMPAIGN_IS_SEGMENT);
    CHECK(!fr_campaign_runs(&c, 0));
}

static void test_written_reads_back(void) {
    struct fr_buf text = {0};
    CHECK(read(full));
    fr_campaign_write(&text, &c);
    fr_buf_byte(&text, 0);
    CHECK_STR(text.data, full);
    fr_buf_fini(&text);
}

static int64_t price(const char *text) {
    char json[128];
    snprintf(json, sizeof json, "{\"id\":\"a\",\"pays\":{\"price\":%s}}", text);
    return read(json) ? c.price_micros : -1;
}

static void test_money_is_exact(void) {
    CHECK_INT(price("0.1"), 100000);
    CHECK_INT(price("0.000001"), 1);
    CHECK_INT(price("0.30"), 300000);
    CHECK_INT(price("1e-6"), 1);
    CHECK_INT(price("123456789.123457"), INT64_C(123456789123457));
    CHECK_INT(price("4503599627.370495"), INT64_C(4503599627370495));
    CHECK_INT(price("0.0000001"), -1);
    CHECK_INT(price("0.1234567"), -1);
    CHECK_INT(price("0"), -1);
    CHECK_INT(price("-1"), -1);
    CHECK_INT(price("1e300"), -1);
    CHECK_INT(price("\"1\""), -1);
    for (int64_t micros = 1; micros < FR_CAMPAIGN_MICROS_MAX / 7; micros = micros * 7 + 3) {
        char text[40];
        snprintf(text, sizeof text, "%lld.%06lld", (long long)(micros / 1000000),
                 (long long)(micros % 1000000));
        CHECK_INT(price(text), micros);
    }
}

static void test_every_fault_at_once(void) {
    CHECK(!read_with(
        "{\"id\":\"a\",\"pay\":1,\"state\":\"on\",\"budget\":{\"daly\":5,\"mode\":7},\"start\":5e9,"
        "\"end\":1,\"caps\":{\"day\":101,\"hour\":1.5},\"priority\":\"x\"}",
        FR_STR("b")));
    const char *all = said();
    CHECK(strstr(all, "pay: there is no such field (did you mean pays?)"));
    CHECK(strstr(all, "state: a field has none of its values (one of active, paused, ended)"));
    CHECK(strstr(all, "budget.daly: there is no such field (did you mean daily?)"));
    CHECK(strstr(all, "budget.mode: a field has the wrong JSON type (one of soft, hard)"));
    CHECK(strstr(all, "caps.day: a number is out of its field's range (from 1 to 100)"));
    CHECK(strstr(all, "caps.hour: a number is out of its field's range (a whole number)"));
    CHECK(strstr(all, "priority: a field has the wrong JSON type (a number)"));
    CHECK(strstr(all, "id: id is not the record's key"));
    CHECK(strstr(all, "pays.price: a field that must be there is missing"));
    CHECK(strstr(all, "end: end is not after start"));
}

static enum fr_campaign_fault_code only_fault(const char *json) {
    CHECK(!read(json));
    CHECK_INT(faults.n, 1);
    return faults.at[0].code;
}

static void test_each_fault(void) {
    CHECK_INT(only_fault("{"), FR_CAMPAIGN_FAULT_NOT_JSON);
    CHECK_INT(only_fault(""), FR_CAMPAIGN_FAULT_NOT_JSON);
    CHECK_INT(only_fault("[]"), FR_CAMPAIGN_FAULT_NOT_OBJECT);
    CHECK_INT(only_fault("{\"id\":\"a\",\"id\":\"a\"}"), FR_CAMPAIGN_FAULT_DUPLICATE_KEY);
    CHECK_INT(only_fault("{\"pays\":{\"price\":1}}"), FR_CAMPAIGN_FAULT_NO_ID);
    CHECK_INT(only_fault("{\"id\":\"\",\"pays\":{\"price\":1}}"), FR_CAMPAIGN_FAULT_BAD_TEXT);
    CHECK_INT(only_fault("{\"id\":\"a\",\"pays\":{\"price\":1},\"start\":\"soon\"}"),
              FR_CAMPAIGN_FAULT_BAD_TIME);
    CHECK_INT(only_fault("{\"id\":\"a\",\"pays\":{\"price\":1},\"start\":1000000000,\"end\":1000000000}"),
              FR_CAMPAIGN_FAULT_NEVER_RUNS);
    CHECK_INT(only_fault("{\"id\":\"v\",\"kind\":\"segment\"}"), FR_CAMPAIGN_FAULT_MISSING);
    CHECK_INT(only_fault("{\"id\":\"v\",\"kind\":\"segment\",\"rule\":\"x\",\"pays\":{\"price\":1}}"),
              FR_CAMPAIGN_FAULT_NOT_OF_SEGMENT);
    CHECK_INT(only_fault("{\"id\":\"a\",\"pays\":{\"price\":1},\"budget\":{\"mode\":\"hard\"}}"),
              FR_CAMPAIGN_FAULT_MISSING);
    CHECK_INT(only_fault("{\"id\":\"a\",\"pays\":{\"price\":1},\"control_share\":0.91}"),
              FR_CAMPAIGN_FAULT_BAD_NUMBER);
    CHECK_INT(
        only_fault("{\"id\":\"a\",\"pays\":{\"price\":1},\"creatives\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,"
                   "15,16,17]}"),
        FR_CAMPAIGN_FAULT_TOO_MANY);
}

static void test_time_decides(void) {
    CHECK(read("{\"id\":\"a\",\"pays\":{\"price\":1},\"start\":1000000000,\"end\":2000000000}"));
    CHECK(!fr_campaign_runs(&c, INT64_C(999999999999)));
    CHECK(fr_campaign_runs(&c, INT64_C(1000000000000)));
    CHECK(fr_campaign_runs(&c, INT64_C(1999999999999)));
    CHECK(!fr_campaign_runs(&c, INT64_C(2000000000000)));
}

int main(void) {
    RUN(test_everything_is_read);
    RUN(test_what_is_absent);
    RUN(test_written_reads_back);
    RUN(test_money_is_exact);
    RUN(test_every_fault_at_once);
    RUN(test_each_fault);
    RUN(test_time_decides);
    fr_arena_fini(&arena);
    return check_done();
}
