#include "check.h"
#include "freshet/base/clock.h"
#include "freshet/base/rng.h"
#include <time.h>

static fr_time_ms parsed(const char *text) {
    fr_time_ms t = -1;
    CHECK(fr_time_parse_rfc3339(fr_str_of(text), &t));
    return t;
}

static bool refused(const char *text) {
    fr_time_ms t;
    return !fr_time_parse_rfc3339(fr_str_of(text), &t);
}

static void test_forms(void) {
    CHECK_INT(parsed("1970-01-01T00:00:00Z"), 0);
    CHECK_INT(parsed("1970-01-01 00:00:00.001z"), 1);
    CHECK_INT(parsed("1970-01-01t00:00:00.1239Z"), 123);
    CHECK_INT(parsed("1970-01-01T00:00:00.5Z"), 500);
    CHECK_INT(parsed("1970-01-01T01:30:00+01:30"), 0);
    CHECK_INT(parsed("1969-12-31T23:00:00-01:00"), 0);
    CHECK_INT(parsed("2016-12-31T23:59:60Z"), parsed("2016-12-31T23:59:59.999Z"));
    CHECK_INT(parsed("2000-02-29T12:00:00Z"), 951825600000);
    CHECK_INT(parsed("9999-12-31T23:59:59.999Z"), 253402300799999);
    CHECK_INT(parsed("0001-01-01T00:00:00Z"), -62135596800000);
}

static void test_refusals(void) {
    static const char *const texts[] = {"",
                                        "1970",
                                        "1970-01-01",
                                        "1970-01-01T00:00:00",
                                        "1970-01-01T00:00Z",
                                        "1970-1-01T00:00:00Z",
                                        "1970-13-01T00:00:00Z",
                                        "1970-00-01T00:00:00Z",
                                        "1970-01-32T00:00:00Z",
                                        "1970-01-00T00:00:00Z",
                                        "1900-02-29T00:00:00Z",
                                        "2023-02-29T00:00:00Z",
                                        "2023-04-31T00:00:00Z",
                                        "0000-01-01T00:00:00Z",
                                        "1970-01-01T24:00:00Z",
                                        "1970-01-01T00:60:00Z",
                                        "1970-01-01T00:00:61Z",
                                        "1970-01-01T00:00:00.Z",
                                        "1970-01-01T00:00:00Zx",
                                        "1970-01-01T00:00:00+24:00",
                                        "1970-01-01T00:00:00+00:60",
                                        "1970-01-01T00:00:00+0000",
                                        "1970-01-01x00:00:00Z",
                                        "+970-01-01T00:00:00Z",
                                        "1970-01-01T00:00:-1Z",
                                        " 1970-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!refused(texts[i])) CHECK_STR(texts[i], "refused");
    fr_time_ms t;
    CHECK(!fr_time_parse_rfc3339((struct fr_str){NULL, 0}, &t));
    CHECK(!fr_time_parse_rfc3339(FR_STR("1970-01-01T00:00:00\0"), &t));
}

/* Every day of 800 years against the C library, and random moments there and back. */
static void test_against_timegm(void) {
    char text[25], wanted[32];
    for (int64_t day = -200 * 365; day < 600 * 365; day++) {
        time_t t = day * 86400 + 3661;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
        fr_time_format(t * 1000, text);
        if (strcmp(text, wanted) != 0) CHECK_STR(text, wanted);
        if (parsed(wanted) != timegm(&tm) * 1000) CHECK_STR(wanted, "the same time");
    }
    struct fr_rng r = {3};
    for (int i = 0; i < 100000; i++) {
        fr_time_ms t = -62135596800000 + (fr_time_ms)(fr_rng_uniform(&r) * 315537897600000.0);
        fr_time_format(t, text);
        if (parsed(text) != t) CHECK_STR(text, "there and back");
    }
}

static void test_format_clamps(void) {
    char text[25];
    fr_time_format(INT64_MIN, text);
    CHECK_STR(text, "0001-01-01T00:00:00.000Z");
    fr_time_format(INT64_MAX, text);
    CHECK_STR(text, "9999-12-31T23:59:59.999Z");
}

int main(void) {
    RUN(test_forms);
    RUN(test_refusals);
    RUN(test_against_timegm);
    RUN(test_format_clamps);
    return check_done();
}
