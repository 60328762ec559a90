/* fr_decode: every field, every way a record can be unreadable, both CloudEvents modes. */
#include "check.h"
#include "freshet/event/decode.h"
#include <math.h>
#include <stdlib.h>

static struct fr_event_rules rules;
static struct fr_decoder *decoder;
static struct fr_arena arena;
static struct fr_event event;
static struct fr_str detail;

static enum fr_reject decode(const char *text) {
    struct fr_decode_input in = {.value = fr_str_of(text)};
    return fr_decode(decoder, &in, &arena, &event, &detail);
}

static enum fr_reject decode_bytes(const char *bytes, uint32_t n) {
    struct fr_decode_input in = {.value = {bytes, n}};
    return fr_decode(decoder, &in, &arena, &event, &detail);
}

#define CHECK_REJECT(text, reason)                              \
    do {                                                        \
        const char *reason_ = fr_reject_code(decode(text));     \
        CHECK_STR(reason_, fr_reject_code(FR_REJECT_##reason)); \
    } while (0)
#define CHECK_SLICE(got, want) CHECK(fr_str_eq((got), fr_str_of(want)))
#define CHECK_DETAIL(want) CHECK_SLICE(detail, want)

static void test_every_field(void) {
    CHECK_REJECT(
        "{\"event_id\":\"e\",\"event_type\":\"purchase\",\"timestamp\":\"2026-11-23T15:04:05.123Z\","
        "\"user_id\":\"u\",\"anonymous_id\":\"a\",\"item_id\":\"i\",\"session_id\":\"s\","
        "\"event_value\":-1.5,\"price\":129.90,\"quantity\":2,\"currency\":\"CNY\",\"order_id\":\"o\","
        "\"position\":3,\"recommendation_id\":\"r\",\"surface\":\"home\",\"campaign_id\":\"c\","
        "\"ad_id\":\"ad\",\"creative_id\":\"cr\",\"share_channel\":\"wechat\",\"target_user_id\":\"t\","
        "\"referrer_user_id\":\"rf\",\"experiment\":\"x\",\"text\":\"hi\",\"consent\":true,"
        "\"schema_version\":1}",
        NONE);
    CHECK_SLICE(event.event_id, "e");
    CHECK_SLICE(event.type_name, "purchase");
    CHECK(event.has_time);
    CHECK_INT(event.time_ms, 1795446245123);
    CHECK_SLICE(event.user_id, "u");
    CHECK_SLICE(event.anonymous_id, "a");
    CHECK_SLICE(event.item_id, "i");
    CHECK_SLICE(event.session_id, "s");
    CHECK_NEAR(event.event_value, -1.5, 0);
    CHECK_NEAR(event.price, 129.90, 0);
    CHECK_INT(event.quantity, 2);
    CHECK_SLICE(event.currency, "CNY");
    CHECK_SLICE(event.order_id, "o");
    CHECK_INT(event.position, 3);
    CHECK_SLICE(event.recommendation_id, "r");
    CHECK_SLICE(event.surface, "home");
    CHECK_SLICE(event.campaign_id, "c");
    CHECK_SLICE(event.ad_id, "ad");
    CHECK_SLICE(event.creative_id, "cr");
    CHECK_SLICE(event.share_channel, "wechat");
    CHECK_SLICE(event.target_user_id, "t");
    CHECK_SLICE(event.referrer_user_id, "rf");
    CHECK_SLICE(event.experiment, "x");
    CHECK_SLICE(event.text, "hi");
    CHECK_INT(event.consent, FR_CONSENT_GIVEN);
    CHECK_INT(event.schema_version, 1);
}

static void test_nothing_given(void) {
    CHECK_REJECT(" { } ", NONE);
    CHECK_INT(event.type_name.len, 0);
    CHECK(!event.has_time);
    CHECK(isnan(event.price) && isnan(event.event_value));
    CHECK_INT(event.quantity, 0);
    CHECK_INT(event.position, -1);
    CHECK_INT(event.schema_version, 1);
    CHECK_INT(event.consent, FR_CONSENT_UNSAID);
    CHECK_REJECT("{\"user_id\":null,\"price\":null,\"items\":null,\"timestamp\":\"\",\"item_id\":\"\"}",
                 NONE);
    CHECK(!event.has_time && event.user_id.len == 0 && event.item_id.len == 0);
}

static void test_aliases(void) {
    CHECK_REJECT("{\"id\":\"e\",\"type\":\"like\",\"user\":\"u\",\"item\":\"i\",\"time\":1700000000,"
                 "\"session\":\"s\"}",
                 NONE);
    CHECK_SLICE(event.event_id, "e");
    CHECK_SLICE(event.type_name, "like");
    CHECK_SLICE(event.user_id, "u");
    CHECK_SLICE(event.item_id, "i");
    CHECK_INT(event.time_ms, 1700000000000);
    CHECK_SLICE(event.session_id, "s");
}

static void test_numeric_ids(void) {
    CHECK_REJECT("{\"user_id\":42,\"item_id\":-0,\"order_id\":9223372036854775807}", NONE);
    CHECK_SLICE(event.user_id, "42");
    CHECK_SLICE(event.item_id, "0");
    CHECK_SLICE(event.order_id, "9223372036854775807");
    CHECK_REJECT("{\"user_id\":42.5}", BAD_FIELD_TYPE);
    CHECK_DETAIL("user_id");
}

static void test_items(void) {
    CHECK_REJECT("{\"items\":[{\"item_id\":\"a\",\"quantity\":2,\"price\":1.5,\"position\":0},{\"item_id\":7,"
                 "\"more\":[{}]}]}",
                 NONE);
    CHECK_INT(event.item_n, 2);
    CHECK_SLICE(event.items[0].item_id, "a");
    CHECK_INT(event.items[0].quantity, 2);
    CHECK_NEAR(event.items[0].price, 1.5, 0);
    CHECK_INT(event.items[0].position, 0);
    CHECK_SLICE(event.items[1].item_id, "7");
    CHECK(isnan(event.items[1].price));
    CHECK_INT(event.items[1].position, -1);
    CHECK_REJECT("{\"items\":[\"a\"]}", BAD_FIELD_TYPE);
    CHECK_REJECT("{\"items\":{}}", BAD_FIELD_TYPE);
    CHECK_REJECT("{\"items\":[{\"item_id\":\"a\",\"quantity\":-1}]}", BAD_NUMBER);
    CHECK_DETAIL("quantity");
    CHECK_REJECT("{\"items\":[{\"item_id\":\"a\",\"item_id\":\"b\"}]}", DUPLICATE_KEY);
}

static void test_impression(void) {
    CHECK_REJECT("{\"impression\":[\"a\",5,\"\\u00e9\"]}", NONE);
    CHECK_INT(event.impression_n, 3);
    CHECK_SLICE(event.impression[0], "a");
    CHECK_SLICE(event.impression[1], "5");
    CHECK_SLICE(event.impression[2], "\xc3\xa9");
    CHECK_REJECT("{\"impression\":[]}", NONE);
    CHECK_INT(event.impression_n, 0);
    CHECK_REJECT("{\"impression\":[null]}", BAD_FIELD_TYPE);
}

static void test_attributes(void) {
    CHECK_REJECT("{\"attributes\":{\"age\":31,\"city\":\"x\",\"vip\":true,\"gone\":null}}", NONE);
    CHECK_INT(event.attribute_n, 4);
    CHECK_SLICE(event.attributes[0].name, "age");
    CHECK_INT(event.attributes[0].kind, FR_ATTRIBUTE_NUMBER);
    CHECK_NEAR(event.attributes[0].number, 31, 0);
    CHECK_SLICE(event.attributes[1].text, "x");
    CHECK_INT(event.attributes[2].kind, FR_ATTRIBUTE_BOOL);
    CHECK_NEAR(event.attributes[2].number, 1, 0);
    CHECK_INT(event.attributes[3].kind, FR_ATTRIBUTE_NULL);
    CHECK_REJECT("{\"attributes\":{\"a\":[1]}}", BAD_FIELD_TYPE);
    CHECK_REJECT("{\"attributes\":{\"a\":1,\"a\":1}}", DUPLICATE_KEY);
}

static void test_consent(void) {
    CHECK_REJECT("{\"consent\":false}", NONE);
    CHECK_INT(event.consent, FR_CONSENT_REFUSED);
    CHECK_REJECT("{\"consent\":{\"analytics\":false,\"personalization\":true}}", NONE);
    CHECK_INT(event.consent, FR_CONSENT_REFUSED);
    CHECK_REJECT("{\"consent\":{\"personalization\":true,\"marketing\":{\"mail\":false}}}", NONE);
    CHECK_INT(event.consent, FR_CONSENT_GIVEN);
    CHECK_REJECT("{\"consent\":{}}", NONE);
    CHECK_INT(event.consent, FR_CONSENT_UNSAID);
    CHECK_REJECT("{\"consent\":{\"analytics\":\"denied\"}}", BAD_FIELD_TYPE);
    CHECK_REJECT("{\"consent\":1}", BAD_FIELD_TYPE);
}

static void test_strings(void) {
    CHECK_REJECT(
        "{\"text\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u4f60\\ud83d\\ude00 and a longer plain tail\"}",
        NONE);
    CHECK_SLICE(event.text, "\"\\/\b\f\n\r\tA\xe4\xbd\xa0\xf0\x9f\x98\x80 and a longer plain tail");
    CHECK_REJECT("{\"\\u0075ser_id\":\"u\"}", NONE);
    CHECK_SLICE(event.user_id, "u");
    CHECK_REJECT("{\"text\":\"a\\u0000b\"}", NONE);
    CHECK_INT(event.text.len, 3);
    CHECK_REJECT("{\"text\":\"\\ud800\"}", BAD_UTF8);
    CHECK_REJECT("{\"text\":\"\\udc00\"}", BAD_UTF8);
    CHECK_REJECT("{\"text\":\"\\ud800\\u0041\"}", BAD_UTF8);
    CHECK_REJECT("{\"text\":\"\\x\"}", NOT_JSON);
    CHECK_REJECT("{\"text\":\"a\nb\"}", NOT_JSON);
    CHECK_REJECT("{\"a\\u0000\":1}", BAD_TEXT);
}

static void test_numbers(void) {
    static const char *const bad[] = {"01",  "-",    "+1",  ".5",   "1.", "1e",
                                      "1e+", "0x10", "NaN", "1.e3", "-a", "--1"};
    char text[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{\"price\":%s}", bad[i]);
        CHECK_REJECT(text, NOT_JSON);
    }
    CHECK_REJECT("{\"price\":1e3,\"event_value\":-0.1e-2}", NONE);
    CHECK_NEAR(event.price, 1000, 0);
    CHECK_NEAR(event.event_value, -0.001, 0);
    CHECK_REJECT("{\"event_value\":0.1234567890123456789}", NONE);
    CHECK_NEAR(event.event_value, 0.1234567890123456789, 0);
    CHECK_REJECT("{\"quantity\":3.0}", NONE);
    CHECK_INT(event.quantity, 3);
    CHECK_REJECT("{\"quantity\":3.5}", BAD_NUMBER);
    CHECK_REJECT("{\"quantity\":2147483648}", BAD_NUMBER);
    CHECK_REJECT("{\"price\":\"3\"}", BAD_FIELD_TYPE);
    CHECK_REJECT("{\"unknown\":9223372036854775808}", BAD_NUMBER);
    CHECK_REJECT("{\"unknown\":-9223372036854775808}", NONE);
    CHECK_REJECT("{\"unknown\":1e309}", BAD_NUMBER);
    CHECK_REJECT("{\"unknown\":1e-400}", NONE);
}

static void test_times(void) {
    static const struct {
        const char *json;
        fr_time_ms ms;
    } good[] = {{"1700000000", 1700000000000},
                {"1700000000123", 1700000000123},
                {"1700000000123456", 1700000000123},
                {"1700000000.5", 1700000000500},
                {"1700000000.123", 1700000000123},
                {"1700000000123.9", 1700000000124},
                {"1.7e9", 1700000000000},
                {"\"1700000000\"", 1700000000000},
                {"\"1700000000.25\"", 1700000000250},
                {"\"1700000000123\"", 1700000000123},
                {"\"1700000000123456\"", 1700000000123},
                {"\"-1.5\"", -1500},
                {"-1", -1000},
                {"99999999999", 99999999999000},
                {"100000000000", 100000000000},
                {"\"2023-11-14T22:13:20Z\"", 1700000000000},
                {"\"2023-11-15 06:13:20.000+08:00\"", 1700000000000}};
    static const char *const bad[] = {"\"yesterday\"", "100000000000000000",       "1e18",
                                      "\"1.\"",        "\"2023-02-30T00:00:00Z\"", "\"-\""};
    char text[96];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "{\"timestamp\":%s}", good[i].json);
        CHECK_REJECT(text, NONE);
        CHECK_INT(event.time_ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "{\"timestamp\":%s}", bad[i]);
        CHECK_REJECT(text, BAD_TIME);
        CHECK_DETAIL("timestamp");
    }
    CHECK_REJECT("{\"timestamp\":true}", BAD_FIELD_TYPE);
}

static void test_unreadable(void) {
    CHECK_REJECT("", EMPTY);
    CHECK_REJECT("   ", TRUNCATED);
    CHECK_REJECT("hello", NOT_JSON);
    CHECK_REJECT("{\"a\":1,}", NOT_JSON);
    CHECK_REJECT("{\"a\":1}{", NOT_JSON);
    CHECK_REJECT("{'a':1}", NOT_JSON);
    CHECK_REJECT("{\"a\":[1,]}", NOT_JSON);
    CHECK_REJECT("{\"a\":truth}", NOT_JSON);
    CHECK_REJECT("[1]", NOT_OBJECT);
    CHECK_REJECT("\"text\"", NOT_OBJECT);
    CHECK_REJECT("{\"user_id\":\"\xff\"}", BAD_UTF8);
    CHECK_REJECT("{\"user_id\":\"u\",\"user_id\":\"u\"}", DUPLICATE_KEY);
    CHECK_REJECT("{\"user_id\":\"u\",\"user\":\"u\"}", DUPLICATE_KEY);
    CHECK_DETAIL("user");
    CHECK_REJECT("{\"user_id\":null,\"user\":\"u\"}", NONE);
    CHECK_REJECT("{\"x\":{\"y\":1,\"y\":2}}", DUPLICATE_KEY);
    CHECK_REJECT("{\"x\":{\"y\":1},\"z\":{\"y\":2}}", NONE);
    CHECK_REJECT("{\"user_id\":[],\"item_id\":", TRUNCATED);
    CHECK_REJECT("{\"user_id\":[],\"item_id\":]}", NOT_JSON);
}

/* Every proper prefix of an object ends too early, even inside a character or an escape. */
static void test_truncated(void) {
    const char text[] =
        "{\"text\":\"\xe4\xbd\xa0\\ud83d\\ude00\",\"a\":[true,false,null,-1.5e+3,{\"b\":\"\"}]}";
    for (uint32_t n = 1; n < sizeof text - 1; n++)
        CHECK_STR(fr_reject_code(decode_bytes(text, n)), "truncated");
    CHECK_INT(decode_bytes(text, sizeof text - 1), FR_REJECT_NONE);
}

static void test_depth(void) {
    char text[64] = "{\"a\":", *at = text + 5;
    for (int i = 1; i < FR_DECODE_DEPTH; i++) *at++ = '[';
    for (int i = 1; i < FR_DECODE_DEPTH; i++) *at++ = ']';
    *at = '}';
    CHECK_REJECT(text, NONE);
    memset(text + 5, '[', FR_DECODE_DEPTH);
    memset(text + 5 + FR_DECODE_DEPTH, ']', FR_DECODE_DEPTH);
    text[5 + 2 * FR_DECODE_DEPTH] = '}';
    CHECK_REJECT(text, TOO_DEEP);
}

/* {"name":[member,member,...]} or, with keys, {"name":{"k0":member,...}} with n members. */
static const char *list_of(const char *name, const char *member, int n, bool keys) {
    static char text[16384];
    int at = snprintf(text, sizeof text, "{\"%s\":%c", name, keys ? '{' : '[');
    for (int i = 0; i < n; i++) {
        at += snprintf(text + at, sizeof text - (size_t)at, "%s", i ? "," : "");
        if (keys) at += snprintf(text + at, sizeof text - (size_t)at, "\"k%d\":", i);
        at += snprintf(text + at, sizeof text - (size_t)at, "%s", member);
    }
    snprintf(text + at, sizeof text - (size_t)at, "%c}", keys ? '}' : ']');
    return text;
}

static void test_too_many(void) {
    CHECK_REJECT(list_of("items", "{\"item_id\":\"i\"}", FR_EVENT_ITEMS, false), NONE);
    CHECK_INT(event.item_n, FR_EVENT_ITEMS);
    CHECK_REJECT(list_of("items", "{\"item_id\":\"i\"}", FR_EVENT_ITEMS + 1, false), TOO_MANY);
    CHECK_REJECT(list_of("impression", "1", FR_EVENT_IMPRESSIONS, false), NONE);
    CHECK_REJECT(list_of("impression", "1", FR_EVENT_IMPRESSIONS + 1, false), TOO_MANY);
    CHECK_REJECT(list_of("attributes", "1", FR_EVENT_ATTRIBUTES, true), NONE);
    CHECK_REJECT(list_of("attributes", "1", FR_EVENT_ATTRIBUTES + 1, true), TOO_MANY);
    CHECK_DETAIL("attributes");
    CHECK_REJECT(list_of("unknown", "1", 1000, true), NONE);
}

static void test_size(void) {
    uint32_t n = rules.max_bytes + 1;
    char *text = malloc(n);
    memset(text, ' ', n);
    memcpy(text, "{}", 2);
    CHECK_STR(fr_reject_code(decode_bytes(text, n)), "too_large");
    CHECK_STR(fr_reject_code(decode_bytes(text, n - 1)), "none");
    free(text);
}

static void test_framing(void) {
    CHECK_INT(decode_bytes("\0\0\0\0\1{\"user_id\":\"u\"}", 20), FR_REJECT_NONE);
    CHECK_SLICE(event.user_id, "u");
    CHECK_STR(fr_reject_code(decode_bytes("\0\0\0\0\1\2\3", 7)), "framed_binary");
    CHECK_STR(fr_reject_code(decode_bytes("\0\0", 2)), "framed_binary");
}

int main(void) {
    fr_event_rules_init(&rules);
    decoder = fr_decoder_new(&rules);
    RUN(test_every_field);
    RUN(test_nothing_given);
    RUN(test_aliases);
    RUN(test_numeric_ids);
    RUN(test_items);
    RUN(test_impression);
    RUN(test_attributes);
    RUN(test_consent);
    RUN(test_strings);
    RUN(test_numbers);
    RUN(test_times);
    RUN(test_unreadable);
    RUN(test_truncated);
    RUN(test_depth);
    RUN(test_too_many);
    RUN(test_size);
    RUN(test_framing);
    fr_decoder_free(&decoder);
    fr_event_rules_fini(&rules);
    fr_arena_fini(&arena);
    return check_done();
}
