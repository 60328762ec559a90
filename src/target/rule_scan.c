/* Text into tokens. */
#include "rule_internal.h"
#include "freshet/base/utf8.h"
#include <math.h>
#include <stdlib.h>

enum { NUMBER_BYTES = 64, SHORT_BYTES = 32 };

struct fr_str fr_rule_short(struct fr_str name) {
    uint32_t at = 0, step;
    while (at < name.len && (step = fr_utf8_length(name, at)) && at + step <= SHORT_BYTES) at += step;
    return (struct fr_str){name.ptr, at};
}

static char peek(const struct fr_rule_parser *p, uint32_t ahead) {
    return p->at + ahead < p->text.len ? p->text.ptr[p->at + ahead] : 0;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool begins_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static struct fr_str take_word(struct fr_rule_parser *p) {
    uint32_t from = p->at;
    while (begins_word(peek(p, 0)) || is_digit(peek(p, 0))) p->at++;
    return (struct fr_str){p->text.ptr + from, p->at - from};
}

/* Blanks, and from # to the end of the line. */
static void skip_blanks(struct fr_rule_parser *p) {
    for (; p->at < p->text.len; p->at++) {
        char c = peek(p, 0);
        if (c == '#')
            while (p->at + 1 < p->text.len && peek(p, 1) != '\n') p->at++;
        else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
    }
}

/* ---- numbers and durations ---- */

static void skip_digits(struct fr_rule_parser *p) {
    while (is_digit(peek(p, 0))) p->at++;
}

static void skip_number(struct fr_rule_parser *p) {
    skip_digits(p);
    if (peek(p, 0) == '.') p->at++, skip_digits(p);
    char sign = peek(p, 1);
    bool is_signed = sign == '+' || sign == '-';
    if ((peek(p, 0) != 'e' && peek(p, 0) != 'E') || !is_digit(peek(p, is_signed ? 2 : 1))) return;
    p->at += is_signed ? 2 : 1;
    skip_digits(p);
}

static int64_t unit_ms(struct fr_str unit) {
    if (fr_str_eq(unit, FR_STR("d"))) return 86400000;
    if (fr_str_eq(unit, FR_STR("h"))) return 3600000;
    return fr_str_eq(unit, FR_STR("m")) ? 60000 : 0;
}

static void scan_unit(struct fr_rule_parser *p, struct fr_rule_token *t) {
    int64_t unit = unit_ms(take_word(p));
    t->kind = FR_TOKEN_BAD;
    if (!unit)
        fr_rule_fault(p, t->at, "a number runs into letters; durations are like 30d, 12h, 45m");
    else if (t->number != floor(t->number) || t->number < 1 ||
             t->number > FR_RULE_DAYS_MAX * 86400000. / (double)unit)
        fr_rule_fault(p, t->at, "a duration is a whole number of d, h or m, from 1m to %dd",
                      (int)FR_RULE_DAYS_MAX);
    else {
        t->kind = FR_TOKEN_DURATION;
        t->ms = (int64_t)t->number * unit;
    }
}

static void scan_number(struct fr_rule_parser *p, struct fr_rule_token *t) {
    char copy[NUMBER_BYTES + 1];
    skip_number(p);
    uint32_t len = p->at - t->at;
    t->kind = FR_TOKEN_BAD;
    if (len > NUMBER_BYTES) {
        fr_rule_fault(p, t->at, "a number has at most %d characters", (int)NUMBER_BYTES);
        return;
    }
    *fr_str_put(copy, (struct fr_str){p->text.ptr + t->at, len}) = 0;
    t->number = strtod(copy, NULL);
    if (!isfinite(t->number))
        fr_rule_fault(p, t->at, "the number is too large");
    else if (begins_word(peek(p, 0)))
        scan_unit(p, t);
    else
        t->kind = FR_TOKEN_NUMBER;
}

/* ---- texts ---- */

static int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* p->at is at the first of four digits. False: they are not, or half of a pair. */
static bool take_code(struct fr_rule_parser *p, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        int digit = hex_value(peek(p, 0));
        if (digit < 0) return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    return *code < 0xd800 || *code > 0xdfff;
}

static void pool_byte(struct fr_rule_parser *p, uint32_t byte) { p->pool[p->pool_n++] = (char)byte; }

static void pool_code(struct fr_rule_parser *p, uint32_t code) {
    if (code < 0x80) {
        pool_byte(p, code);
    } else if (code < 0x800) {
        pool_byte(p, 0xc0 | code >> 6);
        pool_byte(p, 0x80 | (code & 63));
    } else {
        pool_byte(p, 0xe0 | code >> 12);
        pool_byte(p, 0x80 | (code >> 6 & 63));
        pool_byte(p, 0x80 | (code & 63));
    }
}

/* p->at is after the backslash. */
static bool take_escape(struct fr_rule_parser *p) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = peek(p, 0);
    uint32_t code;
    p->at++;
    if (c == 'u') {
        if (!take_code(p, &code)) return false;
        pool_code(p, code);
        return true;
    }
    const char *found = c ? strchr(from, c) : NULL;
    if (found) pool_byte(p, (unsigned char)to[found - from]);
    return found;
}

static void scan_text(struct fr_rule_parser *p, struct fr_rule_token *t) {
    uint32_t pool_from = p->pool_n;
    t->kind = FR_TOKEN_TEXT;
    for (p->at++; p->at < p->text.len && peek(p, 0) != '"';) {
        unsigned char c = (unsigned char)p->text.ptr[p->at++];
        uint32_t at = p->at - 1;
        if (c == '\\' && take_escape(p)) continue;
        if (c == '\\')
            fr_rule_fault(p, at, "escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u1234");
        else if (c < ' ')
            fr_rule_fault(p, at, "a control character in a text: write \\n, \\t or \\u0001");
        else
            pool_byte(p, c);
        if (c == '\\' || c < ' ') t->kind = FR_TOKEN_BAD;
        if (c == '\n') return;
    }
    if (p->at >= p->text.len) {
        p->at = p->text.len;
        t->kind = FR_TOKEN_BAD;
        fr_rule_fault(p, t->at, "a text is not closed: \" is missing");
    }
    p->at++;
    t->text = (struct fr_str){p->pool + pool_from, p->pool_n - pool_from};
}

/* ---- the rest ---- */

static void scan_word(struct fr_rule_parser *p, struct fr_rule_token *t) {
    static const struct {
        const char *word;
        enum fr_rule_token_kind kind;
    } words[] = {{"and", FR_TOKEN_AND}, {"or", FR_TOKEN_OR},     {"not", FR_TOKEN_NOT},
                 {"in", FR_TOKEN_IN},   {"true", FR_TOKEN_TRUE}, {"false", FR_TOKEN_FALSE}};
    t->kind = FR_TOKEN_NAME;
    t->text = take_word(p);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (fr_str_eq(t->text, fr_str_of(words[i].word))) t->kind = words[i].kind;
}

static const struct {
    const char *text;
    enum fr_rule_token_kind kind;
    const char *instead; /* of a BAD one */
} signs[] = {
    {"==", FR_TOKEN_EQ, NULL},        {"!=", FR_TOKEN_NE, NULL},          {"<=", FR_TOKEN_LE, NULL},
    {">=", FR_TOKEN_GE, NULL},        {"<>", FR_TOKEN_BAD, "!="},         {"&&", FR_TOKEN_BAD, "and"},
    {"||", FR_TOKEN_BAD, "or"},       {"<", FR_TOKEN_LT, NULL},           {">", FR_TOKEN_GT, NULL},
    {"+", FR_TOKEN_PLUS, NULL},       {"-", FR_TOKEN_MINUS, NULL},        {"*", FR_TOKEN_TIMES, NULL},
    {"/", FR_TOKEN_OVER, NULL},       {"(", FR_TOKEN_OPEN, NULL},         {")", FR_TOKEN_CLOSE, NULL},
    {"[", FR_TOKEN_LIST_OPEN, NULL},  {",", FR_TOKEN_COMMA, NULL},        {"=", FR_TOKEN_BAD, "=="},
    {"]", FR_TOKEN_LIST_CLOSE, NULL}, {"!", FR_TOKEN_BAD, "not"},         {"&", FR_TOKEN_BAD, "and"},
    {"|", FR_TOKEN_BAD, "or"},        {"'", FR_TOKEN_BAD, "\" for texts"}};

static void scan_sign(struct fr_rule_parser *p, struct fr_rule_token *t) {
    t->kind = FR_TOKEN_BAD;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct fr_str sign = fr_str_of(signs[i].text), here = {p->text.ptr + p->at, sign.len};
        if (p->at + sign.len > p->text.len || !fr_str_eq(here, sign)) continue;
        p->at += sign.len;
        t->kind = signs[i].kind;
        if (signs[i].instead)
            fr_rule_fault(p, t->at, "%s is not known here: write %s", signs[i].text, signs[i].instead);
        return;
    }
    uint32_t step = fr_utf8_length(p->text, p->at);
    p->at += step ? step : 1;
    fr_rule_fault(p, t->at,
                  "a character that has no meaning here; attributes of any name are attribute(\"..\")");
}

void fr_rule_scan(struct fr_rule_parser *p) {
    struct fr_rule_token *t = &p->token;
    skip_blanks(p);
    *t = (struct fr_rule_token){.kind = FR_TOKEN_END, .at = p->at};
    if (p->at >= p->text.len || p->stopped) return;
    char c = peek(p, 0);
    if (is_digit(c) || (c == '.' && is_digit(peek(p, 1))))
        scan_number(p, t);
    else if (c == '"')
        scan_text(p, t);
    else if (begins_word(c))
        scan_word(p, t);
    else
        scan_sign(p, t);
}
