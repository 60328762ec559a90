/* fr_clean and fr_complete: what is accepted, in which form, and every reason to refuse. */
#include "check.h"
#include "event_equal.h"
#include "freshet/event/clean.h"
#include "freshet/event/decode.h"
#include <math.h>

static struct fr_event_rules rules;
static struct fr_decoder *decoder;
static struct fr_arena arena;
static struct fr_event event;
static struct fr_str detail;

static const fr_time_ms record_ms = 1700000000000, no_watermark = INT64_MIN;

/* Decodes text, then cleans it as of record_ms and the watermark. */
static enum fr_reject clean_at(const char *text, fr_time_ms watermark_ms) {
    CHECK_INT(fr_decode_native(decoder, fr_str_of(text), &arena, &event, NULL), FR_REJECT_NONE);
    return fr_clean(&rules, &arena, record_ms, watermark_ms, &event, &detail);
}

#define CHECK_REJECT(text, reason)                                          \
    do {                                                                    \
        const char *reason_ = fr_reject_code(clean_at(text, no_watermark)); \
        CHECK_STR(reason_, fr_reject_code(FR_REJECT_##reason));             \
    } while (0)
#define CHECK_SLICE(got, want) CHECK(fr_str_eq((got), fr_str_of(want)))
#define CHECK_DETAIL(want) CHECK_SLICE(detail, want)
#define LIKE "\"event_type\":\"like\",\"user_id\":\"u\",\"item_id\":\"i\""

static void test_type(void) {
    CHECK_REJECT("{" LIKE "}", NONE);
    CHECK_INT(event.type, FR_EVENT_LIKE);
    CHECK_REJECT("{\"user_id\":\"u\"}", NO_TYPE);
    CHECK_REJECT("{\"event_type\":\"  \",\"user_id\":\"u\"}", NO_TYPE);
    CHECK_REJECT("{\"event_type\":\"Like\",\"user_id\":\"u\"}", UNKNOWN_TYPE);
    CHECK_DETAIL("event_type");
    rules.unknown_type = FR_UNKNOWN_TYPE_AS_OTHER;
    CHECK_REJECT("{\"event_type\":\"Like\",\"user_id\":\"u\"}", NONE);
    CHECK_INT(event.type, FR_EVENT_OTHER);
    CHECK_SLICE(event.type_name, "Like");
    rules.unknown_type = FR_UNKNOWN_TYPE_REJECT;
}

static void test_user(void) {
    CHECK_REJECT("{\"event_type\":\"like\",\"anonymous_id\":\"a\",\"item_id\":\"i\"}", NONE);
    CHECK_SLICE(event.user_id, "anon:a");
    CHECK_SLICE(event.anonymous_id, "a");
    CHECK_REJECT("{\"event_type\":\"like\",\"anonymous_id\":\"a\",\"user_id\":\"u\",\"item_id\":\"i\"}",
                 NONE);
    CHECK_SLICE(event.user_id, "u");
    CHECK_REJECT("{\"event_type\":\"like\",\"item_id\":\"i\"}", NO_USER);
    CHECK_REJECT("{\"event_type\":\"item_upsert\",\"item_id\":\"i\"}", NONE);
    CHECK_REJECT("{\"event_type\":\"tick\"}", NONE);
}

/* A like with an item_id of n bytes. */
static const char *like_of(uint32_t n) {
    static char text[1024];
    char id[512];
    memset(id, 'x', n);
    id[n] = '\0';
    snprintf(text, sizeof text, "{\"event_type\":\"like\",\"user_id\":\"u\",\"item_id\":\"%s\"}", id);
    return text;
}

static void test_ids(void) {
    CHECK_REJECT(
        "{\"event_type\":\"like\",\"user_id\":\" \\t u 1\\n\",\"item_id\":\"\xe4\xbd\xa0\xe5\xa5\xbd\"}",
        NONE);
    CHECK_SLICE(event.user_id, "u 1");
    CHECK_SLICE(event.item_id, "\xe4\xbd\xa0\xe5\xa5\xbd");
    CHECK_REJECT(like_of(FR_EVENT_ID_BYTES), NONE);
    CHECK_REJECT(like_of(FR_EVENT_ID_BYTES + 1), BAD_ID);
    CHECK_DETAIL("item_id");
    CHECK_REJECT("{\"event_type\":\"like\",\"user_id\":\"u\\u0000\",\"item_id\":\"i\"}", BAD_ID);
    CHECK_DETAIL("user_id");
    CHECK_REJECT("{" LIKE ",\"session_id\":\"long enough \\u007f for eight\"}", BAD_ID);
    CHECK_REJECT("{" LIKE ",\"order_id\":\"a\\u0001\"}", BAD_ID);
    CHECK_REJECT("{" LIKE ",\"ad_id\":\"  \"}", BAD_ID);
    CHECK_REJECT("{" LIKE ",\"impression\":[\"a\",\"\"]}", BAD_ID);
    CHECK_DETAIL("impression");
}

static void test_bytes_that_are_not_text(void) {
    event.event_id = FR_STR("\xc0\x80");
    enum fr_reject reason = fr_clean(&rules, &arena, record_ms, no_watermark, &event, &detail);
    CHECK_STR(fr_reject_code(reason), "bad_id");
}

static void test_items(void) {
    CHECK_REJECT("{\"event_type\":\"purchase\",\"user_id\":\"u\",\"item_id\":\"z\",\"items\":[{\"item_id\":"
                 "\" a \"},{\"item_id\":\"b\",\"quantity\":3}]}",
                 NONE);
    CHECK_INT(event.item_id.len, 0);
    CHECK_SLICE(event.items[0].item_id, "a");
    CHECK_INT(event.items[0].quantity, 1);
    CHECK_INT(event.items[1].quantity, 3);
    CHECK_REJECT("{" LIKE ",\"items\":[{\"price\":1}]}", NO_ITEM);
    CHECK_REJECT("{" LIKE ",\"items\":[{\"item_id\":\"a\",\"price\":-1}]}", BAD_NUMBER);
    CHECK_REJECT("{" LIKE ",\"items\":[{\"item_id\":\"\\u0002\"}]}", BAD_ID);
}

static void test_texts(void) {
    CHECK_REJECT(
        "{" LIKE ",\"text\":\"  where \\n is\\t\\tit  \",\"surface\":\"home\",\"currency\":\" eur\"}", NONE);
    CHECK_SLICE(event.text, "where is it");
    CHECK_SLICE(event.currency, "EUR");
    CHECK_REJECT("{" LIKE ",\"text\":\"   \"}", NONE);
    CHECK_INT(event.text.len, 0);
    CHECK_REJECT("{" LIKE ",\"currency\":\"EURO\"}", BAD_TEXT);
    CHECK_REJECT("{" LIKE ",\"currency\":\"E1R\"}", BAD_TEXT);
    CHECK_DETAIL("currency");
    CHECK_REJECT("{" LIKE ",\"surface\":\"a\\u0000\"}", BAD_TEXT);
    CHECK_DETAIL("surface");
    CHECK_REJECT("{" LIKE ",\"attributes\":{\" city \":\" New   York \",\"age\":3}}", NONE);
    CHECK_SLICE(event.attributes[0].name, "city");
    CHECK_SLICE(event.attributes[0].text, "New York");
    CHECK_REJECT("{" LIKE ",\"attributes\":{\"\":1}}", BAD_TEXT);
    CHECK_REJECT("{" LIKE ",\"attributes\":{\"a\":\"\\u0007\"}}", BAD_TEXT);
}

static void test_long_text(void) {
    char text[FR_EVENT_TEXT_BYTES + 1];
    memset(text, 'x', sizeof text);
    CHECK_REJECT("{" LIKE "}", NONE);
    event.text = (struct fr_str){text, FR_EVENT_TEXT_BYTES};
    CHECK_INT(fr_clean(&rules, &arena, record_ms, no_watermark, &event, &detail), FR_REJECT_NONE);
    event.text.len++;
    CHECK_INT(fr_clean(&rules, &arena, record_ms, no_watermark, &event, &detail), FR_REJECT_BAD_TEXT);
}

static void test_numbers(void) {
    CHECK_REJECT("{\"event_type\":\"purchase\",\"user_id\":\"u\",\"item_id\":\"i\"}", NONE);
    CHECK_INT(event.quantity, 1);
    CHECK_REJECT("{" LIKE "}", NONE);
    CHECK_INT(event.quantity, 0);
    CHECK_REJECT("{" LIKE ",\"price\":0,\"event_value\":-5}", NONE);
    CHECK_REJECT("{" LIKE ",\"price\":-0.01}", BAD_NUMBER);
    CHECK_DETAIL("price");
    event.price = (double)INFINITY;
    CHECK_INT(fr_clean(&rules, &arena, record_ms, no_watermark, &event, &detail), FR_REJECT_BAD_NUMBER);
    CHECK_REJECT("{" LIKE ",\"schema_version\":2}", UNKNOWN_VERSION);
    CHECK_REJECT("{" LIKE ",\"schema_version\":0}", UNKNOWN_VERSION);
}

static void test_needs(void) {
    CHECK_REJECT("{\"event_type\":\"like\",\"user_id\":\"u\"}", NO_ITEM);
    CHECK_REJECT("{\"event_type\":\"click\",\"user_id\":\"u\",\"items\":[{\"item_id\":\"i\"}]}", NONE);
    CHECK_REJECT("{\"event_type\":\"follow\",\"user_id\":\"u\"}", NO_TARGET);
    CHECK_REJECT("{\"event_type\":\"follow\",\"user_id\":\"u\",\"target_user_id\":\"v\"}", NONE);
    CHECK_REJECT("{\"event_type\":\"search\",\"user_id\":\"u\"}", NONE);
}

static void test_time(void) {
    CHECK_REJECT("{" LIKE "}", NONE);
    CHECK(event.has_time);
    CHECK_INT(event.time_ms, record_ms);
    CHECK_REJECT("{" LIKE ",\"timestamp\":1699999999}", NONE);
    CHECK_INT(event.time_ms, 1699999999000);
    CHECK_REJECT("{" LIKE ",\"timestamp\":1700000300}", NONE); /* five minutes ahead: the record's time */
    CHECK_INT(event.time_ms, record_ms);
    CHECK_REJECT("{" LIKE ",\"timestamp\":1700000300001}", TOO_FUTURE);
    CHECK_DETAIL("timestamp");
    CHECK_REJECT("{" LIKE ",\"timestamp\":\"2000-01-01T00:00:00Z\"}", NONE);
    CHECK_REJECT("{" LIKE ",\"timestamp\":\"1999-12-31T23:59:59Z\"}", TOO_EARLY);
}

static void test_lateness(void) {
    static const char text[] = "{" LIKE ",\"timestamp\":1600000000}";
    CHECK_INT(clean_at(text, no_watermark), FR_REJECT_NONE);
    CHECK_INT(clean_at(text, 1600003600000), FR_REJECT_NONE);
    CHECK_INT(clean_at(text, 1600003600001), FR_REJECT_TOO_LATE);
    struct fr_event click = {.type = FR_EVENT_CLICK, .time_ms = 5},
                    forget = {.type = FR_EVENT_USER_DELETE, .time_ms = 9};
    CHECK_INT(fr_watermark_advance(no_watermark, &click), 5);
    CHECK_INT(fr_watermark_advance(7, &click), 7);
    CHECK_INT(fr_watermark_advance(7, &forget), 7);
}

static void test_clean_is_stable(void) {
    CHECK_REJECT(
        "{\"event_type\":\" purchase\",\"anonymous_id\":\" a\",\"items\":[{\"item_id\":\"i \"}],\"currency\":"
        "\"usd\",\"attributes\":{\"a \":\"b  c\"},\"impression\":[\" i\"],\"timestamp\":1700000100}",
        NONE);
    struct fr_event again = event;
    CHECK_INT(fr_clean(&rules, &arena, record_ms, no_watermark, &again, NULL), FR_REJECT_NONE);
    CHECK(event_difference(&event, &again) == NULL);
}

static void test_complete(void) {
    struct fr_completion known = {FR_STR("s-1"), record_ms - 60000, record_ms - 30000, 1800000,
                                  FR_STR("EUR")};
    CHECK_REJECT("{" LIKE ",\"price\":3}", NONE);
    fr_complete(&event, &known);
    CHECK_SLICE(event.session_id, "s-1");
    CHECK_SLICE(event.currency, "EUR");
    CHECK_REJECT("{" LIKE ",\"session_id\":\"s-2\",\"currency\":\"USD\",\"price\":3}", NONE);
    fr_complete(&event, &known);
    CHECK_SLICE(event.session_id, "s-2");
    CHECK_SLICE(event.currency, "USD");
    CHECK_REJECT("{" LIKE "}", NONE);
    fr_complete(&event, &known);
    CHECK_INT(event.currency.len, 0); /* no price, nothing to count in it */
    known.session_end_ms = record_ms - 1800001;
    CHECK_REJECT("{" LIKE "}", NONE);
    fr_complete(&event, &known);
    CHECK_INT(event.session_id.len, 0);
}

/* The two reasons that later stages give have words too. */
static void test_every_reason_has_words(void) {
    for (unsigned i = 0; i < FR_REJECT_N; i++) {
        CHECK(strlen(fr_reject_code((enum fr_reject)i)) > 0);
        CHECK(strlen(fr_reject_text((enum fr_reject)i)) > 0);
    }
    CHECK_STR(fr_reject_code(FR_REJECT_RATE_CAPPED), "rate_capped");
    CHECK_STR(fr_reject_code(FR_REJECT_BAD_DELTA), "bad_delta");
}

int main(void) {
    fr_event_rules_init(&rules);
    decoder = fr_decoder_new(&rules);
    RUN(test_type);
    RUN(test_user);
    RUN(test_ids);
    RUN(test_bytes_that_are_not_text);
    RUN(test_items);
    RUN(test_texts);
    RUN(test_long_text);
    RUN(test_numbers);
    RUN(test_needs);
    RUN(test_time);
    RUN(test_lateness);
    RUN(test_clean_is_stable);
    RUN(test_complete);
    RUN(test_every_reason_has_words);
    fr_decoder_free(&decoder);
    fr_event_rules_fini(&rules);
    fr_arena_fini(&arena);
    return check_done();
}
