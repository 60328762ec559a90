#include "freshet/base/clock.h"
#include <stdio.h>
#include <time.h>

fr_time_ms fr_clock_wall_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (fr_time_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

fr_mono_us fr_clock_mono_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (fr_mono_us)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t fr_clock_cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fr_clock_sleep_ms(unsigned ms) {
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* Days since 1970-01-01 of a Gregorian date, and back (H. Hinnant, "chrono-compatible low-level date
 * algorithms"). */
static int64_t days_of(int64_t y, unsigned m, unsigned d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned yoe = (unsigned)(y - era * 400), doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}

static void date_of(int64_t days, int64_t *y, unsigned *m, unsigned *d) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097),
             yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int64_t)yoe + era * 400 + (*m <= 2);
}

struct scan {
    const char *at, *end;
    bool ok;
};

static unsigned digits(struct scan *s, unsigned n) {
    unsigned v = 0;
    for (; n; n--, s->at++) {
        if (s->at >= s->end || *s->at < '0' || *s->at > '9') return s->ok = false, 0;
        v = v * 10 + (unsigned)(*s->at - '0');
    }
    return v;
}

static char one_of(struct scan *s, const char *set) {
    if (s->at >= s->end || !*s->at || !strchr(set, *s->at)) return s->ok = false, '\0';
    return *s->at++;
}

/* ".123456": milliseconds, the rest is cut. */
static int64_t fraction_ms(struct scan *s) {
    if (s->at >= s->end || *s->at != '.') return 0;
    s->at++;
    int64_t ms = 0, unit = 100;
    if (s->at >= s->end || *s->at < '0' || *s->at > '9') s->ok = false;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++, unit /= 10) ms += (*s->at - '0') * unit;
    return ms;
}

static int64_t offset_ms(struct scan *s) {
    char sign = one_of(s, "Zz+-");
    if (!s->ok || sign == 'Z' || sign == 'z') return 0;
    unsigned h = digits(s, 2);
    one_of(s, ":");
    unsigned m = digits(s, 2);
    if (h > 23 || m > 59) s->ok = false;
    int64_t ms = (int64_t)(h * 60 + m) * 60000;
    return sign == '-' ? -ms : ms;
}

static bool date_valid(unsigned y, unsigned m, unsigned d) {
    static const unsigned char last[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (y == 0 || m < 1 || m > 12 || d < 1) return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return d <= last[m - 1] + (unsigned)(m == 2 && leap);
}

bool fr_time_parse_rfc3339(struct fr_str text, fr_time_ms *out) {
    struct scan s = {text.ptr, text.ptr + text.len, text.len > 0};
    if (!s.ok) return false;
    unsigned y = digits(&s, 4);
    one_of(&s, "-");
    unsigned mo = digits(&s, 2);
    one_of(&s, "-");
    unsigned d = digits(&s, 2);
    one_of(&s, "Tt ");
    unsigned h = digits(&s, 2);
    one_of(&s, ":");
    unsigned mi = digits(&s, 2);
    one_of(&s, ":");
    unsigned se = digits(&s, 2);
    int64_t ms = fraction_ms(&s), offset = offset_ms(&s);
    if (!s.ok || s.at != s.end || !date_valid(y, mo, d) || h > 23 || mi > 59 || se > 60) return false;
    if (se == 60) se = 59, ms = 999;
    *out = days_of(y, mo, d) * 86400000 + (int64_t)(h * 3600 + mi * 60 + se) * 1000 + ms - offset;
    return true;
}

static const fr_time_ms first_ms = -62135596800000, last_ms = 253402300799999;

static void two(char *p, unsigned v) {
    p[0] = (char)('0' + v / 10 % 10);
    p[1] = (char)('0' + v % 10);
}

void fr_time_format(fr_time_ms t, char out[25]) {
    t = t < first_ms ? first_ms : t > last_ms ? last_ms : t;
    int64_t day = t / 86400000, ms = t % 86400000, y;
    if (ms < 0) ms += 86400000, day--;
    unsigned m, d;
    date_of(day, &y, &m, &d);
    memcpy(out, "0000-00-00T00:00:00.000Z", 25);
    two(out, (unsigned)(y / 100));
    two(out + 2, (unsigned)(y % 100));
    two(out + 5, m);
    two(out + 8, d);
    two(out + 11, (unsigned)(ms / 3600000));
    two(out + 14, (unsigned)(ms / 60000 % 60));
    two(out + 17, (unsigned)(ms / 1000 % 60));
    out[20] = (char)('0' + ms % 1000 / 100);
    two(out + 21, (unsigned)(ms % 100));
}
