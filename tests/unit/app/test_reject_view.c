#include "check.h"
#include "freshet/app/reject_view.h"

#define HEADER(name, value)                                    \
    {                                                          \
        {name, sizeof(name) - 1}, { value, sizeof(value) - 1 } \
    }

static const struct fr_header headers[] = {
    HEADER("trace", "t1"),
    HEADER("__freshet.errors.code", "sent by somebody else"),
    HEADER("__freshet.errors.topic", "p.events"),
    HEADER("__freshet.errors.partition", "3"),
    HEADER("__freshet.errors.offset", "12"),
    HEADER("__freshet.errors.timestamp", "1000"),
    HEADER("__freshet.errors.stage", "user"),
    HEADER("__freshet.errors.code", "not_json"),
    HEADER("__freshet.errors.message", "the text is not JSON"),
};
static const struct fr_record record = {.timestamp_ms = 2000,
                                        .value = {"\x1b[2J\n", 5},
                                        .headers = headers,
                                        .header_n = sizeof headers / sizeof *headers};

static const char *printed(struct fr_buf *out, const struct fr_record *r, bool json) {
    fr_buf_clear(out);
    fr_reject_print(r, json, out);
    fr_buf_byte(out, '\0');
    return out->data;
}

static void test_headers_are_read(void) {
    struct fr_reject_view v = fr_reject_view(&record);
    CHECK(fr_str_eq(v.topic, FR_STR("p.events")));
    CHECK(fr_str_eq(v.code, FR_STR("not_json")));
    CHECK_INT(v.timestamp_ms, 1000);
    CHECK(!v.replayed);
}

static void test_any_record_can_be_read(void) {
    struct fr_buf out = {0};
    struct fr_record bare = {.offset = 1};
    CHECK_INT(fr_reject_view(&bare).timestamp_ms, 0);
    CHECK(strstr(printed(&out, &bare, false), "0 bytes") != NULL);
    fr_buf_fini(&out);
}

static void test_print(void) {
    struct fr_buf out = {0};
    CHECK_STR(printed(&out, &record, false),
              "1970-01-01T00:00:02.000Z  p.events/3@12  not_json: the text is not JSON\n"
              "    5 bytes: \\x1b[2J\\n\n");
    CHECK_STR(
        printed(&out, &record, true),
        "{\"time\":\"1970-01-01T00:00:02.000Z\",\"topic\":\"p.events\",\"partition\":3,\"offset\":12,"
        "\"stage\":\"user\",\"code\":\"not_json\",\"message\":\"the text is not JSON\",\"replayed\":false,"
        "\"bytes\":5,\"head\":\"\\u001b[2J\\n\"}");
    fr_buf_fini(&out);
}

static void test_a_replay_keeps_the_original_headers_and_marks_it(void) {
    struct fr_header kept[sizeof headers / sizeof *headers + 1];
    CHECK_INT(fr_reject_headers(&record, kept), 2);
    CHECK(fr_str_eq(kept[0].name, FR_STR("trace")));
    struct fr_record again = {.headers = kept, .header_n = 2};
    CHECK(fr_reject_view(&again).replayed);
    CHECK_INT(fr_reject_headers(&again, kept), 2);
}

static void test_escape_is_cut(void) {
    struct fr_buf out = {0};
    fr_reject_escape(FR_STR("a\\b\tc\377de"), 6, &out);
    fr_buf_byte(&out, '\0');
    CHECK_STR(out.data, "a\\\\b\\tc\\xff...");
    fr_buf_fini(&out);
}

int main(void) {
    RUN(test_headers_are_read);
    RUN(test_any_record_can_be_read);
    RUN(test_print);
    RUN(test_a_replay_keeps_the_original_headers_and_marks_it);
    RUN(test_escape_is_cut);
    return check_done();
}
