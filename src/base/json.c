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

static void escape(struct fr_buf *b, unsigned char c) {
    static const char shorts[] = "btn\vfr";
    if (c == '"' || c == '\\') {
        fr_buf_byte(b, '\\');
        fr_buf_byte(b, c);
    } else if (c >= 8 && c <= 13 && c != 11) {
        fr_buf_byte(b, '\\');
        fr_buf_byte(b, (unsigned char)shorts[c - 8]);
    } else {
        fr_buf_printf(b, "\\u%04x", c);
    }
}

static void quote(struct fr_buf *b, struct fr_str s) {
    fr_buf_byte(b, '"');
    for (uint32_t i = 0; i < s.len;) {
        uint32_t plain = i;
        while (i < s.len) {
            unsigned char c = (unsigned char)s.ptr[i];
            if (c < 0x20 || c == '"' || c == '\\' || c >= 0x7f) break;
            i++;
        }
        fr_buf_append(b, s.ptr + plain, i - plain);
        if (i == s.len) break;
        unsigned char c = (unsigned char)s.ptr[i];
        uint32_t n = c < 0x80 ? 0 : fr_utf8_length(s, i);
        if (c < 0x80 && c != 0x7f)
            escape(b, c);
        else if (c == 0x7f)
            fr_buf_byte(b, c);
        else if (n)
            fr_buf_append(b, s.ptr + i, n);
        else
            fr_buf_append(b, "\xef\xbf\xbd", 3);
        i += n ? n : 1;
    }
    fr_buf_byte(b, '"');
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

static void append_unsigned(struct fr_buf *b, uint64_t v) {
    char text[20];
    unsigned n = sizeof text;
    do text[--n] = (char)('0' + v % 10);
    while (v /= 10);
    fr_buf_append(b, text + n, sizeof text - n);
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

void fr_json_double(struct fr_buf *b, double v) {
    separate(b);
    if (!isfinite(v)) {
        fr_buf_append(b, "null", 4);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (digits == 17 || memcmp(&(double){strtod(text, NULL)}, &v, sizeof v) == 0) break;
    }
    fr_buf_append(b, text, strlen(text));
}

void fr_json_decimal(struct fr_buf *b, uint64_t value, unsigned places) {
    char text[40];
    unsigned at = sizeof text;
    while (places > 0 && value % 10 == 0) value /= 10, places--;
    for (unsigned digit = 0; digit <= places || value; digit++, value /= 10) {
        if (digit == places && places > 0) text[--at] = '.';
        text[--at] = (char)('0' + value % 10);
    }
    separate(b);
    fr_buf_append(b, text + at, sizeof text - at);
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
