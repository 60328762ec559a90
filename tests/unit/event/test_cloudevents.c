/* CloudEvents 1.0 over Kafka: binary and structured mode, what the envelope fills in and what it must have. */
#include "check.h"
#include "freshet/event/decode.h"

static struct fr_event_rules rules;
static struct fr_decoder *decoder;
static struct fr_arena arena;
static struct fr_event event;
static struct fr_str detail;

#define HEADER(name, value)                                    \
    {                                                          \
        {name, sizeof(name) - 1}, { value, sizeof(value) - 1 } \
    }
#define CHECK_SLICE(got, want) CHECK(fr_str_eq((got), fr_str_of(want)))

static const struct fr_decode_header binary[] = {HEADER("ce_specversion", "1.0"),
                                                 HEADER("ce_id", "e-1"),
                                                 HEADER("ce_source", "/shop"),
                                                 HEADER("ce_type", "com.shop.purchase"),
                                                 HEADER("ce_time", "2023-11-14T22:13:20Z"),
                                                 HEADER("ce_subject", "u-1"),
                                                 HEADER("content-type", "application/json")};
enum { BINARY_N = sizeof binary / sizeof *binary };

static enum fr_reject decode(const struct fr_decode_header *headers, uint32_t n, const char *value) {
    struct fr_decode_input in = {.value = fr_str_of(value), .headers = headers, .header_n = n};
    return fr_decode(decoder, &in, &arena, &event, &detail);
}

static const char *body(const char *value) { return fr_reject_code(decode(NULL, 0, value)); }

static void test_binary_fills(void) {
    CHECK_INT(decode(binary, BINARY_N, "{\"item_id\":\"i\"}"), FR_REJECT_NONE);
    CHECK_SLICE(event.event_id, "e-1");
    CHECK_SLICE(event.type_name, "purchase");
    CHECK_SLICE(event.user_id, "u-1");
    CHECK_SLICE(event.item_id, "i");
    CHECK_INT(event.time_ms, 1700000000000);
}

static void test_data_wins(void) {
    CHECK_INT(
        decode(
            binary, BINARY_N,
            "{\"event_id\":\"e\",\"event_type\":\"like\",\"anonymous_id\":\"a\",\"timestamp\":1600000000}"),
        FR_REJECT_NONE);
    CHECK_SLICE(event.event_id, "e");
    CHECK_SLICE(event.type_name, "like");
    CHECK_INT(event.user_id.len, 0);
    CHECK_INT(event.time_ms, 1600000000000);
}

static void test_tombstone(void) { CHECK_STR(fr_reject_code(decode(binary, BINARY_N, "")), "empty"); }

static void test_required_headers(void) {
    for (uint32_t missing = 1; missing <= 3; missing++) {
        struct fr_decode_header headers[BINARY_N];
        memcpy(headers, binary, sizeof binary);
        headers[missing].value.len = 0;
        CHECK_STR(fr_reject_code(decode(headers, BINARY_N, "{}")), "bad_cloudevent");
    }
    struct fr_decode_header other[BINARY_N];
    memcpy(other, binary, sizeof binary);
    other[0].value = FR_STR("0.3");
    CHECK_STR(fr_reject_code(decode(other, BINARY_N, "{}")), "bad_cloudevent");
    CHECK_SLICE(detail, "specversion");
    other[0] = binary[0];
    other[4].value = FR_STR("noon");
    CHECK_STR(fr_reject_code(decode(other, BINARY_N, "{}")), "bad_timestamp");
    other[4] = binary[4];
    other[1].value = FR_STR("\xff");
    CHECK_STR(fr_reject_code(decode(other, BINARY_N, "{}")), "bad_utf8");
}

static void test_type_names(void) {
    struct fr_decode_header headers[BINARY_N];
    memcpy(headers, binary, sizeof binary);
    headers[3].value = FR_STR("shop.order.placed.v2");
    CHECK_INT(decode(headers, BINARY_N, "{}"), FR_REJECT_NONE);
    CHECK_SLICE(event.type_name, "v2");
    CHECK(fr_event_rules_add_name(&rules, FR_STR("shop.order.placed.v2"), FR_EVENT_PURCHASE));
    CHECK_INT(decode(headers, BINARY_N, "{}"), FR_REJECT_NONE);
    CHECK_SLICE(event.type_name, "shop.order.placed.v2");
}

#define ENVELOPE \
    "\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"/s\",\"type\":\"com.x.like\",\"subject\":\"u\""

static void test_structured(void) {
    static const struct fr_decode_header headers[] = {
        HEADER("Content-Type", "Application/CloudEvents+json; charset=utf-8")};
    CHECK_INT(decode(headers, 1, "{" ENVELOPE ",\"data\":{\"item_id\":\"i\",\"price\":3}}"), FR_REJECT_NONE);
    CHECK_SLICE(event.event_id, "e");
    CHECK_SLICE(event.type_name, "like");
    CHECK_SLICE(event.user_id, "u");
    CHECK_SLICE(event.item_id, "i");
    CHECK_NEAR(event.price, 3, 0);
    CHECK_STR(fr_reject_code(decode(headers, 1, "{\"item_id\":\"i\"}")), "bad_cloudevent");
    CHECK_STR(fr_reject_code(decode(headers, 1, "{\"specversion\":")), "truncated");
    CHECK_STR(fr_reject_code(decode(headers, 1, "[]")), "not_object");
}

static void test_found_in_body(void) {
    CHECK_STR(body("{" ENVELOPE ",\"data\":{\"user_id\":\"v\",\"item_id\":\"i\"}}"), "none");
    CHECK_SLICE(event.user_id, "v");
    CHECK_SLICE(event.item_id, "i");
    CHECK_STR(body("{" ENVELOPE "}"), "none");
    CHECK_SLICE(event.type_name, "like");
    CHECK_STR(body("{" ENVELOPE ",\"data\":[1]}"), "not_object");
    CHECK_STR(body("{" ENVELOPE ",\"data\":{\"price\":\"x\"}}"), "bad_field_type");
    CHECK_SLICE(detail, "price");
    CHECK_STR(body("{\"specversion\":\"1.0\",\"user_id\":\"u\"}"), "none"); /* no type, no source: native */
    CHECK_SLICE(event.user_id, "u");
}

/* A native field that does not fit must not hide an envelope. */
static void test_envelope_behind_a_fault(void) {
    CHECK_STR(body("{\"consent\":5," ENVELOPE ",\"data\":{\"item_id\":\"i\"}}"), "none");
    CHECK_SLICE(event.item_id, "i");
}

static void test_base64(void) {
    CHECK_STR(body("{" ENVELOPE ",\"data_base64\":\"eyJ1c2VyX2lkIjoidSIsIml0ZW1faWQiOiJpIn0=\"}"), "none");
    CHECK_SLICE(event.item_id, "i");
    CHECK_STR(body("{" ENVELOPE ",\"data_base64\":\"eyJ1c2VyX2lkIjoidSIsIml0ZW1faWQiOiJpIn0\"}"), "none");
    CHECK_STR(body("{" ENVELOPE ",\"data_base64\":\"e\"}"), "bad_cloudevent");
    CHECK_STR(body("{" ENVELOPE ",\"data_base64\":\"e*==\"}"), "bad_cloudevent");
    CHECK_STR(body("{" ENVELOPE ",\"data_base64\":\"AAAA\"}"), "not_json");
}

int main(void) {
    fr_event_rules_init(&rules);
    decoder = fr_decoder_new(&rules);
    RUN(test_binary_fills);
    RUN(test_data_wins);
    RUN(test_tombstone);
    RUN(test_required_headers);
    RUN(test_type_names);
    RUN(test_structured);
    RUN(test_found_in_body);
    RUN(test_envelope_behind_a_fault);
    RUN(test_base64);
    fr_decoder_free(&decoder);
    fr_event_rules_fini(&rules);
    fr_arena_fini(&arena);
    return check_done();
}
