#include "check.h"
#include "freshet/base/json.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

static unsigned wrong_numbers;

static void compare(double v) {
    static struct fr_buf b;
    char wanted[40];
    fr_buf_clear(&b);
    fr_json_number(&b, v);
    snprintf(wanted, sizeof wanted, "%.6g", v);
    if (fr_str_eq(fr_buf_slice(&b), fr_str_of(wanted)) || wrong_numbers++ > 10) return;
    fr_buf_byte(&b, '\0');
    CHECK_STR(b.data, wanted);
}

static void compare_around(double v) {
    for (int sign = -1; sign <= 1; sign += 2) {
        compare(sign * v);
        compare(sign * nextafter(v, 0));
        compare(sign * nextafter(v, HUGE_VAL));
    }
}

static void test_numbers_are_printf_s(void) {
    struct fr_rng r = {13};
    for (int i = 0; i < 1000000; i++) {
        compare((fr_rng_uniform(&r) - .5) * pow(10, fr_rng_below(&r, 16) - 6.0));
        compare_around(fr_rng_below(&r, 20000000) * .5 * pow(10, -(double)fr_rng_below(&r, 10)));
    }
    for (int e = -12; e < 12; e++)
        for (int digit = 1; digit < 10; digit++) compare_around(digit * pow(10, e));
    compare(0);
    compare(-12345.65);
    compare(1e300);
    compare(1e-299);
    CHECK_INT(wrong_numbers, 0);
}

static const char *text_of(struct fr_buf *b) {
    fr_buf_byte(b, '\0');
    return b->data;
}

static void test_not_numbers(void) {
    struct fr_buf b = {0};
    fr_json_open(&b, '[');
    fr_json_number(&b, (double)NAN);
    fr_json_number(&b, HUGE_VAL);
    fr_json_number(&b, 1e-310);
    fr_json_number(&b, -0.0);
    fr_json_close(&b, ']');
    CHECK_STR(text_of(&b), "[null,null,0,0]");
    fr_buf_fini(&b);
}

static void test_shapes(void) {
    struct fr_buf b = {0};
    fr_json_open(&b, '{');
    fr_json_key(&b, "a");
    fr_json_int(&b, INT64_MIN);
    fr_json_key(&b, "b");
    fr_json_open(&b, '[');
    fr_json_bool(&b, true);
    fr_json_null(&b);
    fr_json_str(&b, FR_STR("[{:"));
    fr_json_open(&b, '{');
    fr_json_close(&b, '}');
    fr_json_raw(&b, FR_STR("{\"x\":1}"));
    fr_json_close(&b, ']');
    fr_json_key_str(&b, FR_STR("c\"d"));
    fr_json_time(&b, 0);
    fr_json_close(&b, '}');
    CHECK_STR(text_of(&b), "{\"a\":-9223372036854775808,\"b\":[true,null,\"[{:\",{},{\"x\":1}],"
                           "\"c\\\"d\":\"1970-01-01T00:00:00.000Z\"}");
    fr_buf_fini(&b);
}

static void test_strings(void) {
    struct fr_buf b = {0};
    fr_json_str(&b,
                FR_STR("q\" s\\ n\n t\t b\b f\f r\r v\v z\0 e\x1b d\x7f \xc3\xa9 \xff \xc3 \xed\xa0\x80"));
    CHECK_STR(text_of(&b), "\"q\\\" s\\\\ n\\n t\\t b\\b f\\f r\\r v\\u000b z\\u0000 e\\u001b d\x7f \xc3\xa9 "
                           "\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    fr_buf_fini(&b);
}

static bool is_printed_as(struct fr_str s, const char *wanted) {
    struct fr_buf b = {0};
    fr_json_str(&b, s);
    bool same = fr_str_eq(fr_buf_slice(&b), fr_str_of(wanted));
    fr_buf_fini(&b);
    return same;
}

/* A byte that needs care, at each place of strings of each length, in memory that ends where they do. */
static void test_specials_anywhere(void) {
    static const struct {
        char byte;
        const char *printed;
    } specials[] = {{'"', "\\\""},
                    {'\\', "\\\\"},
                    {'\x1f', "\\u001f"},
                    {'\0', "\\u0000"},
                    {'\x7f', "\x7f"},
                    {' ', " "},
                    {'!', "!"},
                    {'#', "#"},
                    {'[', "["},
                    {'\x80', "\xef\xbf\xbd"},
                    {'\xff', "\xef\xbf\xbd"}};
    for (uint32_t len = 0; len < 40; len++) {
        char *text = malloc(len ? len : 1), wanted[64];
        for (uint32_t at = 0; at < len; at++)
            for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
                memset(text, 'a' + (int)len % 26, len);
                snprintf(wanted, sizeof wanted, "\"%.*s%s%.*s\"", (int)at, text, specials[i].printed,
                         (int)(len - at - 1), text + at + 1);
                text[at] = specials[i].byte;
                CHECK(is_printed_as((struct fr_str){text, len}, wanted));
            }
        if (len == 0) CHECK(is_printed_as((struct fr_str){text, 0}, "\"\""));
        free(text);
    }
}

static void test_whole_numbers_are_printf_s(void) {
    struct fr_rng r = {14};
    for (int i = 0; i < 100000; i++) {
        uint64_t v = i < 2000 ? (uint64_t)i : fr_rng_next(&r) >> fr_rng_below(&r, 64);
        char text[40], wanted[40];
        *fr_json_put_unsigned(text, v) = '\0';
        snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)v);
        CHECK_STR(text, wanted);
    }
}

static void test_millionths(void) {
    struct fr_rng r = {15};
    for (int i = 0; i < 100000; i++) {
        uint64_t v = i < 2000 ? (uint64_t)i * 1000 : fr_rng_next(&r) >> (20 + fr_rng_below(&r, 44));
        char text[40], wanted[40];
        *fr_json_put_millionths(text, v) = '\0';
        int n = snprintf(wanted, sizeof wanted, "%llu.%06llu", (unsigned long long)(v / 1000000),
                         (unsigned long long)(v % 1000000));
        while (wanted[n - 1] == '0') wanted[--n] = '\0';
        if (wanted[n - 1] == '.') wanted[--n] = '\0';
        CHECK_STR(text, wanted);
    }
}

int main(void) {
    RUN(test_numbers_are_printf_s);
    RUN(test_not_numbers);
    RUN(test_shapes);
    RUN(test_strings);
    RUN(test_specials_anywhere);
    RUN(test_whole_numbers_are_printf_s);
    RUN(test_millionths);
    return check_done();
}
