/* Reading JSON fast enough to be no step worth noticing.
 *
 * Problem   a general parser builds a tree: an allocation a node, a copy a string, 5 microseconds an event.
 * Choice    walk the text once and let the caller take what it knows. A string without escapes is a slice of
 * the record; its end is found eight bytes at a time. UTF-8 is validated for the whole text at once before
 * the walk, which for ASCII is one load and one test per eight bytes, cheaper than a check inside each
 * string. Rejected  a table of structural positions first (simdjson): pays off above a few KB, events have
 * 300 bytes. Invariant at <= end always; after a fault nothing is read any more. */
#include "scan.h"
#include "freshet/base/utf8.h"
#include <endian.h>
#include <stdlib.h>

static const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;

/* The high bit of each byte that is a quote, a backslash or a control character; exact up to the first such
 * byte. */
static uint64_t specials(uint64_t w) {
    uint64_t quote = w ^ (ones * '"'), backslash = w ^ (ones * '\\');
    return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((w - ones * 0x20) & ~w)) & highs;
}

static inline const char *skip_plain(const char *at, const char *end) {
    for (; end - at >= 8; at += 8) {
        uint64_t w;
        memcpy(&w, at, 8);
        uint64_t found = specials(le64toh(w));
        if (found) return at + __builtin_ctzll(found) / 8;
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20) at++;
    return at;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of a \u escape; s->at stands at the first. */
static bool hex4(struct fr_scan *s, uint32_t *out) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        int digit = s->at < s->end ? hex(*s->at) : -1;
        if (digit < 0) return fr_scan_unexpected(s);
        v = v * 16 + (uint32_t)digit;
    }
    *out = v;
    return true;
}

/* The code point of a \u escape, or of two that pair up; s->at stands behind the u. */
static bool escaped_point(struct fr_scan *s, uint32_t *out) {
    uint32_t low;
    if (!hex4(s, out)) return false;
    if (*out < 0xd800 || *out > 0xdfff) return true;
    if (*out > 0xdbff) return fr_scan_fail(s, FR_REJECT_BAD_UTF8);
    if (s->at == s->end) return fr_scan_unexpected(s);
    if (*s->at != '\\') return fr_scan_fail(s, FR_REJECT_BAD_UTF8);
    if (++s->at == s->end) return fr_scan_unexpected(s);
    if (*s->at != 'u') return fr_scan_fail(s, FR_REJECT_BAD_UTF8);
    s->at++;
    if (!hex4(s, &low)) return false;
    if (low < 0xdc00 || low > 0xdfff) return fr_scan_fail(s, FR_REJECT_BAD_UTF8);
    *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static char *put_point(char *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* One escape, s->at behind its backslash, written at *to. */
static bool escape(struct fr_scan *s, char **to) {
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (s->at == s->end) return fr_scan_unexpected(s);
    const char *known = *s->at ? strchr(names, *s->at) : NULL;
    if (known) {
        *(*to)++ = values[known - names];
        s->at++;
        return true;
    }
    if (*s->at != 'u') return fr_scan_unexpected(s);
    s->at++;
    uint32_t point;
    if (!escaped_point(s, &point)) return false;
    *to = put_point(*to, point);
    return true;
}

/* Where the string that has its first backslash at at ends: an upper bound for its unescaped length. */
static const char *closing_quote(const char *at, const char *end) {
    for (; at < end; at++) {
        at = skip_plain(at, end);
        if (at < end && *at == '"') return at;
        if (end - at > 1 && *at == '\\') at++;
    }
    return end;
}

/* The rare string with escapes: start is behind its quote, s->at at the first backslash. No escape is shorter
 * than what it stands for, so the raw length is room enough. */
static bool unescape(struct fr_scan *s, const char *start, struct fr_str *out) {
    char *text = fr_arena_alloc(s->arena, (size_t)(closing_quote(s->at, s->end) - start)), *to = text;
    for (const char *from = start;;) {
        memcpy(to, from, (size_t)(s->at - from));
        to += s->at - from;
        if (s->at == s->end || (*s->at != '\\' && *s->at != '"')) return fr_scan_unexpected(s);
        if (*s->at++ == '"') break;
        if (!escape(s, &to)) return false;
        from = s->at;
        s->at = skip_plain(s->at, s->end);
    }
    *out = (struct fr_str){text, (uint32_t)(to - text)};
    return true;
}

/* s->at stands behind the opening quote. */
static inline bool string(struct fr_scan *s, struct fr_str *out) {
    const char *start = s->at, *stop = skip_plain(start, s->end);
    s->at = stop;
    if (stop < s->end && *stop == '"') {
        s->at = stop + 1;
        *out = (struct fr_str){start, (uint32_t)(stop - start)};
        return true;
    }
    if (stop < s->end && *stop == '\\') return unescape(s, start, out);
    return fr_scan_unexpected(s);
}

static bool is_digit(const struct fr_scan *s) { return s->at < s->end && *s->at >= '0' && *s->at <= '9'; }

static bool some_digits(struct fr_scan *s) {
    if (!is_digit(s)) return fr_scan_unexpected(s);
    while (is_digit(s)) s->at++;
    return true;
}

/* The value of the digits in [at, end); false when an int64 cannot hold it with this sign. */
static bool integer_value(const char *at, const char *end, bool negative, int64_t *out) {
    int64_t v = 0;
    if (end - at > 19) return false;
    for (; at < end; at++) {
        int64_t digit = negative ? '0' - *at : *at - '0';
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v)) return false;
    }
    *out = v;
    return true;
}

/* Up to 15 digits and a power of ten up to 22 are exact in a double, so one division rounds correctly. */
static bool real_exact(const char *at, const char *end, double *out) {
    static const double tens[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = *at == '-', point = false;
    int64_t digits = 0;
    int after = 0;
    if (end - at > 16) return false;
    for (at += negative; at < end; at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (*at < '0' || *at > '9') return false; /* an exponent */
        digits = digits * 10 + (*at - '0');
        after += point;
    }
    if (digits > 999999999999999) return false;
    double v = (double)digits / tens[after];
    *out = negative ? -v : v;
    return true;
}

/* strtod needs an end it can see; the program never leaves the C locale. */
static bool real_value(struct fr_scan *s, const char *start, double *out) {
    if (real_exact(start, s->at, out)) return true;
    size_t n = (size_t)(s->at - start);
    char *copy = fr_arena_alloc(s->arena, n + 1);
    memcpy(copy, start, n);
    copy[n] = '\0';
    *out = strtod(copy, NULL);
    return *out <= 1.7976931348623157e308 && *out >= -1.7976931348623157e308;
}

static bool number(struct fr_scan *s, struct fr_scalar *out) {
    const char *start = s->at;
    bool negative = *start == '-', real = false;
    s->at += negative;
    const char *digits = s->at;
    if (!some_digits(s)) return false;
    if (*digits == '0' && s->at - digits > 1) {
        s->at = digits + 1;
        return fr_scan_unexpected(s);
    }
    const char *digits_end = s->at;
    if (s->at < s->end && *s->at == '.') {
        real = true;
        s->at++;
        if (!some_digits(s)) return false;
    }
    if (s->at < s->end && (*s->at | 0x20) == 'e') {
        real = true;
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-')) s->at++;
        if (!some_digits(s)) return false;
    }
    *out = (struct fr_scalar){.kind = real ? FR_SCALAR_REAL : FR_SCALAR_INTEGER};
    if (real) return real_value(s, start, &out->real) || fr_scan_fail(s, FR_REJECT_BAD_NUMBER);
    if (!integer_value(digits, digits_end, negative, &out->integer))
        return fr_scan_fail(s, FR_REJECT_BAD_NUMBER);
    out->text =
        out->integer ? (struct fr_str){start, (uint32_t)(s->at - start)} : FR_STR("0"); /* "-0" is 0 */
    out->real = (double)out->integer;
    return true;
}

static bool literal(struct fr_scan *s, const char *word, struct fr_scalar *out, struct fr_scalar value) {
    for (; *word; word++, s->at++)
        if (s->at == s->end || *s->at != *word) return fr_scan_unexpected(s);
    *out = value;
    return true;
}

bool fr_scan_scalar(struct fr_scan *s, struct fr_scalar *out) {
    if (s->at == s->end) return fr_scan_unexpected(s);
    switch (*s->at) {
    case '"':
        s->at++;
        out->kind = FR_SCALAR_STRING;
        return string(s, &out->text);
    case '{': out->kind = FR_SCALAR_OBJECT; return true;
    case '[': out->kind = FR_SCALAR_ARRAY; return true;
    case 't': return literal(s, "true", out, (struct fr_scalar){.kind = FR_SCALAR_BOOL, .real = 1});
    case 'f': return literal(s, "false", out, (struct fr_scalar){.kind = FR_SCALAR_BOOL, .real = 0});
    case 'n': return literal(s, "null", out, (struct fr_scalar){.kind = FR_SCALAR_NULL});
    default: return number(s, out);
    }
}

bool fr_scan_open(struct fr_scan *s) {
    if (++s->depth > FR_DECODE_DEPTH) return fr_scan_fail(s, FR_REJECT_TOO_DEEP);
    s->at++;
    return true;
}

/* The key of a member and its colon. */
static bool key_of(struct fr_scan *s, struct fr_str *key) {
    if (s->at == s->end || *s->at != '"') return fr_scan_unexpected(s);
    const char *start = ++s->at;
    if (!string(s, key)) return false;
    bool escapes = key->ptr != start; /* only an escape can make a NUL */
    if (escapes && memchr(key->ptr, '\0', key->len)) return fr_scan_fail(s, FR_REJECT_BAD_TEXT);
    fr_scan_space(s);
    if (s->at == s->end || *s->at != ':') return fr_scan_unexpected(s);
    s->at++;
    fr_scan_space(s);
    return true;
}

bool fr_scan_next(struct fr_scan *s, bool *first, char close, struct fr_str *key) {
    fr_scan_space(s);
    if (s->at == s->end) return fr_scan_unexpected(s);
    if (*s->at == close) {
        s->at++;
        s->depth--;
        return false;
    }
    if (!*first) {
        if (*s->at != ',') return fr_scan_unexpected(s);
        s->at++;
        fr_scan_space(s);
    }
    *first = false;
    return !key || key_of(s, key);
}

static bool skip_members(struct fr_scan *s, enum fr_scalar_kind kind) {
    bool object = kind == FR_SCALAR_OBJECT, first = true;
    uint32_t number_of_object = fr_keyset_object(s->keys);
    struct fr_str key;
    if (!fr_scan_open(s)) return false;
    while (fr_scan_next(s, &first, object ? '}' : ']', object ? &key : NULL)) {
        if (object && !fr_keyset_add(s->keys, number_of_object, key))
            return fr_scan_fail(s, FR_REJECT_DUPLICATE_KEY);
        if (!fr_scan_skip(s)) return false;
    }
    return !s->fault;
}

/* Recursive, no deeper than FR_DECODE_DEPTH. */
bool fr_scan_skip(struct fr_scan *s) {
    struct fr_scalar value;
    if (!fr_scan_scalar(s, &value)) return false;
    return value.kind < FR_SCALAR_OBJECT || skip_members(s, value.kind);
}

bool fr_scan_finish(struct fr_scan *s) {
    fr_scan_space(s);
    return s->at == s->end || fr_scan_unexpected(s);
}

/* The bytes in front of a character that the end of the text cuts, or all of them. */
static uint32_t without_cut_character(struct fr_str text) {
    uint32_t lead = text.len;
    while (lead && text.len - lead < 3 && ((unsigned char)text.ptr[lead - 1] & 0xc0) == 0x80) lead--;
    if (lead == 0) return text.len;
    unsigned char c = (unsigned char)text.ptr[lead - 1];
    uint32_t wanted = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return wanted > text.len - lead + 1 ? lead - 1 : text.len;
}

bool fr_scan_start(struct fr_scan *s, struct fr_str text, struct fr_arena *arena, struct fr_keyset *keys) {
    *s = (struct fr_scan){.at = text.ptr, .end = text.ptr + text.len, .arena = arena, .keys = keys};
    if (text.len == 0) return fr_scan_fail(s, FR_REJECT_EMPTY);
    fr_keyset_start(keys);
    if (!fr_utf8_valid(text)) return fr_scan_fail(s, FR_REJECT_BAD_UTF8);
    fr_scan_space(s);
    return true;
}

enum fr_reject fr_scan_check(struct fr_str text, struct fr_arena *arena, struct fr_keyset *keys) {
    struct fr_scan s;
    if (fr_scan_start(&s, text, arena, keys)) {
        if (fr_scan_skip(&s)) fr_scan_finish(&s);
        return s.fault;
    }
    text.len = s.fault == FR_REJECT_BAD_UTF8 ? without_cut_character(text) : 0;
    bool cut = text.len && fr_scan_start(&s, text, arena, keys) && !fr_scan_skip(&s);
    return cut && s.fault == FR_REJECT_TRUNCATED ? FR_REJECT_TRUNCATED
           : text.len                            ? FR_REJECT_BAD_UTF8
                                                 : s.fault;
}
