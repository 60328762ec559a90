#include "freshet/event/when.h"
#include <math.h>

static const int64_t seconds_end = 100000000000, milliseconds_end = 100000000000000,
                     microseconds_end = 100000000000000000;

bool fr_when_integer(int64_t number, fr_time_ms *out) {
    if (number <= -microseconds_end || number >= microseconds_end) return false;
    int64_t size = number < 0 ? -number : number;
    *out = size < seconds_end ? number * 1000 : size < milliseconds_end ? number : number / 1000;
    return true;
}

bool fr_when_real(double number, fr_time_ms *out) {
    double size = fabs(number);
    if (!(size < (double)microseconds_end)) return false;
    double ms = size < (double)seconds_end        ? number * 1000
                : size < (double)milliseconds_end ? number
                                                  : number / 1000;
    *out = llround(ms);
    return true;
}

static bool all_digits(struct fr_str s) {
    for (uint32_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

static struct fr_str drop(struct fr_str s, uint32_t n) { return (struct fr_str){s.ptr + n, s.len - n}; }

/* "1732374245" or "1732374245.123". */
static bool digits(struct fr_str text, bool negative, fr_time_ms *out) {
    const char *point = memchr(text.ptr, '.', text.len);
    struct fr_str whole = {text.ptr, point ? (uint32_t)(point - text.ptr) : text.len};
    struct fr_str fraction = point ? drop(text, whole.len + 1) : FR_STR("0");
    if (!all_digits(whole) || !all_digits(fraction) || whole.len > 18) return false;
    int64_t value = 0, fraction_ms = 0;
    for (uint32_t i = 0; i < whole.len; i++) value = value * 10 + (whole.ptr[i] - '0');
    for (uint32_t i = 0; i < 3; i++)
        fraction_ms = fraction_ms * 10 + (i < fraction.len ? fraction.ptr[i] - '0' : 0);
    if (!fr_when_integer(value, out)) return false;
    if (value < seconds_end) *out += fraction_ms;
    if (negative) *out = -*out;
    return true;
}

bool fr_when_text(struct fr_str text, fr_time_ms *out) {
    if (fr_time_parse_rfc3339(text, out)) return true;
    if (text.len == 0) return false;
    bool negative = text.ptr[0] == '-';
    return digits(negative ? drop(text, 1) : text, negative, out);
}
