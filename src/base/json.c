#include "freshet/base/json.h"
#include "freshet/base/utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A comma is due unless the last byte opens something or ends a key. */
static void separate(struct fr_buf *b) {
    if (b->len == 0) return;
    char last = b->data[b->len - 1];
    if (last != '{' && last != '[' && last != ':' && last != '\n') fr_buf_byte(b, ',');
}

void fr_json_open(struct fr_buf *b, char bracket) {
    separate(b);
    fr_buf_byte(b, (unsigned char)bracket);
}

void fr_json_close(struct fr_buf *b, char bracket) { fr_buf_byte(b, (unsigned char)bracket); }

static uint64_t load8(const char *p) {
    uint64_t eight;
    memcpy(&eight, p, 8);
    return eight;
}

static uint64_t load4(const char *p) {
    uint32_t four;
    memcpy(&four, p, 4);
    return four;
}

/* Whether one of eight bytes is below a space, a quote, a backslash or not ASCII: the lowest that is turns its
 * upper bit on, or keeps it on, whatever the borrows do above it. */
static bool has_special(uint64_t eight) {
    const uint64_t ones = 0x0101010101010101u, quotes = eight ^ ones * '"', slashes = eight ^ ones * '\\';
    uint64_t found = (eight - ones * 0x20) | (quotes - ones) | (slashes - ones);
    return found & ones * 0x80;
}

/* Copies while it looks: nearly every string needs no escape. What was copied before a special byte was found is
 * written over. */
static bool copy_plain(char *to, struct fr_str s) {
    if (s.len < 4) {
        for (uint32_t i = 0; i < s.len; i++) {
            if (has_special((unsigned char)s.ptr[i] | 0x2020202020202000u)) return false;
            to[i] = s.ptr[i];
        }
        return true;
    }
    if (s.len < 8) { /* the two halves overlap */
        if (has_special(load4(s.ptr) | load4(s.ptr + s.len - 4) << 32)) return false;
        memcpy(to, s.ptr, 4);
        memcpy(to + s.len - 4, s.ptr + s.len - 4, 4);
        return true;
    }
    for (uint32_t i = 0; i + 8 < s.len; i += 8) {
        if (has_special(load8(s.ptr + i))) return false;
        memcpy(to + i, s.ptr + i, 8);
    }
    memcpy(to + s.len - 8, s.ptr + s.len - 8, 8); /* overlaps */
    return !has_special(load8(s.ptr + s.len - 8));
}

static char *put_escape(char *to, unsigned char c) {
    static const char shorts[] = "btn\vfr", hex[] = "0123456789abcdef";
    *to++ = '\\';
    if (c == '"' || c == '\\') {
        *to++ = (char)c;
    } else if (c >= 8 && c <= 13 && c != 11) {
        *to++ = shorts[c - 8];
    } else {
        to = fr_str_put(to, FR_STR("u00"));
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    return to;
}

/* Byte by byte, with U+FFFD for each that is not UTF-8. */
static char *put_escaped(char *to, struct fr_str s) {
    for (uint32_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i];
        uint32_t n = c < 0x80 ? 1 : fr_utf8_length(s, i);
        if (c < 0x20 || c == '"' || c == '\\')
            to = put_escape(to, c);
        else
            to = n ? fr_str_put(to, (struct fr_str){s.ptr + i, n}) : fr_str_put(to, FR_STR("\xef\xbf\xbd"));
        i += n ? n : 1;
    }
    return to;
}

char *fr_json_put_str(char *to, struct fr_str s) {
    *to++ = '"';
    to = copy_plain(to, s) ? to + s.len : put_escaped(to, s);
    *to++ = '"';
    return to;
}

static void quote(struct fr_buf *b, struct fr_str s) {
    fr_buf_end_at(b, fr_json_put_str(fr_buf_reserve(b, FR_JSON_STR_BYTES(s.len)), s));
}

void fr_json_key(struct fr_buf *b, const char *key) {
    separate(b);
    fr_buf_byte(b, '"');
    fr_buf_append(b, key, strlen(key));
    fr_buf_append(b, "\":", 2);
}

void fr_json_key_str(struct fr_buf *b, struct fr_str key) {
    separate(b);
    quote(b, key);
    fr_buf_byte(b, ':');
}

void fr_json_str(struct fr_buf *b, struct fr_str s) {
    separate(b);
    quote(b, s);
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                            "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                            "8081828384858687888990919293949596979899";

static char *put_pair(char *to, uint32_t below_100) {
    memcpy(to, pairs + 2 * (size_t)below_100, 2);
    return to + 2;
}

char *fr_json_put_unsigned(char *to, uint64_t v) {
    char text[FR_JSON_UNSIGNED_BYTES];
    unsigned n = sizeof text;
    for (; v >= 100; v /= 100) put_pair(text + (n -= 2), (uint32_t)(v % 100));
    if (v >= 10)
        put_pair(text + (n -= 2), (uint32_t)v);
    else
        text[--n] = (char)('0' + v);
    return fr_str_put(to, (struct fr_str){text + n, (uint32_t)(sizeof text - n)});
}

char *fr_json_put_millionths(char *to, uint64_t v) {
    uint32_t rest = (uint32_t)(v % 1000000);
    if (v < 1000000)
        *to++ = '0';
    else
        to = fr_json_put_unsigned(to, v / 1000000);
    if (!rest) return to;
    *to++ = '.';
    to = put_pair(to, rest / 10000);
    to = put_pair(to, rest / 100 % 100);
    to = put_pair(to, rest % 100);
    while (to[-1] == '0') to--;
    return to;
}

static void append_unsigned(struct fr_buf *b, uint64_t v) {
    fr_buf_end_at(b, fr_json_put_unsigned(fr_buf_reserve(b, FR_JSON_UNSIGNED_BYTES), v));
}

void fr_json_int(struct fr_buf *b, int64_t v) {
    separate(b);
    if (v < 0) fr_buf_byte(b, '-');
    append_unsigned(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Six significant digits of 1e-4 <= v < 1e6 without printf: scale to an integer of six digits and round. The
 * product is inexact in its last bits, so where it lies close to a half only printf, which rounds the exact
 * value, can tell which way: two numbers in a million, and those that end in 5. */
static void append_number(struct fr_buf *b, double v) {
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    int places = 5;
    for (double limit = 10; v >= limit && places > 0; limit *= 10) places--;
    for (double limit = 1; v < limit && places < 9; limit /= 10) places++;
    double product = v * power[places];
    if (fabs(product - floor(product) - .5) < 1e-6) {
        fr_buf_printf(b, "%.6g", v);
        return;
    }
    uint64_t scaled = (uint64_t)llrint(product);
    while (places > 0 && scaled % 10 == 0) scaled /= 10, places--;
    uint64_t unit = (uint64_t)power[places];
    append_unsigned(b, scaled / unit);
    if (places == 0) return;
    fr_buf_byte(b, '.');
    uint64_t rest = scaled % unit;
    for (unit /= 10; unit > rest && unit > 1; unit /= 10) fr_buf_byte(b, '0');
    append_unsigned(b, rest);
}

void fr_json_number(struct fr_buf *b, double v) {
    separate(b);
    double size = fabs(v);
    if (!isfinite(v)) {
        fr_buf_append(b, "null", 4);
    } else if (size < 1e-300) {
        fr_buf_byte(b, '0');
    } else if (size >= 1e-4 && size < 999999.0) {
        if (v < 0) fr_buf_byte(b, '-');
        append_number(b, size);
    } else {
        fr_buf_printf(b, "%.6g", v);
    }
}

char *fr_json_put_double(char *to, double v) {
    if (!isfinite(v)) return fr_str_put(to, FR_STR("null"));
    int len = 0;
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(to, FR_JSON_DOUBLE_BYTES, "%.*g", digits, v);
        if (digits == 17 || memcmp(&(double){strtod(to, NULL)}, &v, sizeof v) == 0) break;
    }
    return to + len;
}

void fr_json_double(struct fr_buf *b, double v) {
    separate(b);
    fr_buf_end_at(b, fr_json_put_double(fr_buf_reserve(b, FR_JSON_DOUBLE_BYTES), v));
}

void fr_json_bool(struct fr_buf *b, bool v) {
    separate(b);
    if (v)
        fr_buf_append(b, "true", 4);
    else
        fr_buf_append(b, "false", 5);
}

void fr_json_null(struct fr_buf *b) {
    separate(b);
    fr_buf_append(b, "null", 4);
}

void fr_json_time(struct fr_buf *b, fr_time_ms t) {
    char text[25];
    fr_time_format(t, text);
    fr_json_str(b, (struct fr_str){text, 24});
}

void fr_json_raw(struct fr_buf *b, struct fr_str json) {
    separate(b);
    fr_buf_str(b, json);
}
