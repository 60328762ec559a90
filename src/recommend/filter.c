#include "freshet/recommend/filter.h"
#include <math.h>
#include <stdlib.h>

static const double day_ms = 86400000;

static const struct {
    const char *name;
    enum fr_filter_field field;
} names[] = {{"category", FR_FILTER_CATEGORY}, {"brand", FR_FILTER_BRAND}, {"tags", FR_FILTER_TAG},
             {"tag", FR_FILTER_TAG},           {"price", FR_FILTER_PRICE}, {"currency", FR_FILTER_CURRENCY},
             {"age_days", FR_FILTER_AGE}};

static bool is_numeric(enum fr_filter_field field) {
    return field == FR_FILTER_PRICE || field == FR_FILTER_AGE;
}

static struct fr_str trimmed(struct fr_str s) {
    while (s.len && s.ptr[0] == ' ') s.ptr++, s.len--;
    while (s.len && s.ptr[s.len - 1] == ' ') s.len--;
    return s;
}

/* The whole text as a finite decimal number. */
static bool number_of(struct fr_str s, double *out) {
    char text[40], *end;
    if (s.len == 0 || s.len >= sizeof text) return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    if (strspn(text, "+-.0123456789eE") != s.len) return false;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

static bool read_field(struct fr_str name, struct fr_filter *out) {
    static const struct fr_str attributes = {"attributes.", 11};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (fr_str_eq(name, fr_str_of(names[i].name))) {
            out->field = names[i].field;
            return true;
        }
    if (name.len <= attributes.len || memcmp(name.ptr, attributes.ptr, attributes.len) != 0) return false;
    out->field = FR_FILTER_ATTRIBUTE;
    out->attribute = (struct fr_str){name.ptr + attributes.len, name.len - attributes.len};
    return true;
}

/* "10..50"; one side may be left out. */
static bool read_range(struct fr_str text, struct fr_filter *out) {
    const char *dots = text.len ? memmem(text.ptr, text.len, "..", 2) : NULL;
    if (!dots) return false;
    struct fr_str low = {text.ptr, (uint32_t)(dots - text.ptr)};
    struct fr_str high = {dots + 2, text.len - low.len - 2};
    if (low.len + high.len == 0) return false;
    return (low.len == 0 || number_of(trimmed(low), &out->least)) &&
           (high.len == 0 || number_of(trimmed(high), &out->most));
}

static const char *read_values(struct fr_str text, struct fr_arena *arena, struct fr_filter *out) {
    struct fr_str *values = fr_arena_alloc(arena, FR_FILTER_VALUES * sizeof *values);
    for (;;) {
        const char *bar = text.len ? memchr(text.ptr, '|', text.len) : NULL;
        struct fr_str one = trimmed((struct fr_str){text.ptr, bar ? (uint32_t)(bar - text.ptr) : text.len});
        if (one.len == 0) return "a value is empty";
        if (out->value_n == FR_FILTER_VALUES) return "more than 64 values";
        values[out->value_n++] = fr_arena_copy(arena, one);
        if (!bar) break;
        text = (struct fr_str){bar + 1, (uint32_t)(text.ptr + text.len - bar - 1)};
    }
    out->values = values;
    return NULL;
}

static const char *read_equal(struct fr_str text, struct fr_arena *arena, struct fr_filter *out) {
    double number;
    if ((is_numeric(out->field) || out->field == FR_FILTER_ATTRIBUTE) && read_range(text, out)) return NULL;
    if (!is_numeric(out->field)) return read_values(text, arena, out);
    if (!number_of(text, &number)) return "a number or a range as 10..50 is wanted";
    out->least = out->most = number;
    return NULL;
}

static const char *read_compared(char sign, bool or_equal, struct fr_str text, struct fr_filter *out) {
    double number;
    if (!is_numeric(out->field) && out->field != FR_FILTER_ATTRIBUTE)
        return "only price, age_days and attributes are numbers";
    if (!number_of(text, &number)) return "a number is wanted";
    if (sign == '<') {
        out->most = number;
        out->below_most = !or_equal;
    } else {
        out->least = number;
        out->above_least = !or_equal;
    }
    return NULL;
}

static const char *parse(struct fr_str text, struct fr_arena *arena, struct fr_filter *out) {
    uint32_t at = 0;
    while (at < text.len && !memchr("!=<>", text.ptr[at], 4)) at++;
    if (at == text.len) return "there is no =, !=, <, <=, > or >=";
    char sign = text.ptr[at];
    bool or_equal = at + 1 < text.len && text.ptr[at + 1] == '=' && sign != '=';
    if (sign == '!' && !or_equal) return "there is no =, !=, <, <=, > or >=";
    struct fr_str name = trimmed((struct fr_str){text.ptr, at});
    uint32_t after = at + 1 + or_equal;
    struct fr_str value = trimmed((struct fr_str){text.ptr + after, text.len - after});
    *out =
        (struct fr_filter){.least = -(double)INFINITY, .most = (double)INFINITY, .is_negated = sign == '!'};
    if (!read_field(name, out))
        return "the field is not one of category, brand, tags, price, currency, age_days, attributes.NAME";
    out->attribute = fr_arena_copy(arena, out->attribute);
    const char *why = sign == '=' || sign == '!' ? read_equal(value, arena, out)
                                                 : read_compared(sign, or_equal, value, out);
    if (out->field == FR_FILTER_AGE) out->least *= day_ms, out->most *= day_ms;
    return why;
}

bool fr_filter_parse(struct fr_str text, struct fr_arena *arena, struct fr_filter *out, const char **why) {
    *why = parse(trimmed(text), arena, out);
    return *why == NULL;
}

static bool is_among(const struct fr_filter *f, struct fr_str text) {
    for (uint32_t i = 0; i < f->value_n; i++)
        if (fr_str_eq(f->values[i], text)) return true;
    return false;
}

static bool any_among(const struct fr_filter *f, const struct fr_str *texts, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (is_among(f, texts[i])) return true;
    return false;
}

static bool in_range(const struct fr_filter *f, double number) {
    return (f->above_least ? number > f->least : number >= f->least) &&
           (f->below_most ? number < f->most : number <= f->most);
}

static bool attribute_matches(const struct fr_filter *f, const struct fr_attribute *a) {
    if (!a) return false;
    if (f->value_n == 0) return a->kind == FR_ATTRIBUTE_NUMBER && in_range(f, a->number);
    if (a->kind == FR_ATTRIBUTE_STRING) return is_among(f, a->text);
    if (a->kind == FR_ATTRIBUTE_BOOL) return is_among(f, a->number > 0 ? FR_STR("true") : FR_STR("false"));
    for (uint32_t i = 0; i < f->value_n; i++) {
        double wanted;
        if (number_of(f->values[i], &wanted) && !(wanted < a->number) && !(wanted > a->number)) return true;
    }
    return false;
}

static bool matches(const struct fr_filter *f, const struct fr_item_record *item, fr_time_ms now_ms) {
    switch (f->field) {
    case FR_FILTER_CATEGORY: return any_among(f, item->category, item->category_n);
    case FR_FILTER_TAG: return any_among(f, item->tags, item->tag_n);
    case FR_FILTER_BRAND: return item->brand.len && is_among(f, item->brand);
    case FR_FILTER_CURRENCY: return item->currency.len && is_among(f, item->currency);
    case FR_FILTER_ATTRIBUTE: return attribute_matches(f, fr_item_record_attribute(item, f->attribute));
    case FR_FILTER_PRICE: return !isnan(item->price) && in_range(f, item->price);
    case FR_FILTER_AGE: break;
    }
    return item->has_created && in_range(f, (double)(now_ms - item->created_ms));
}

bool fr_filter_passes(const struct fr_filter *f, const struct fr_item_record *item, fr_time_ms now_ms) {
    return (item && matches(f, item, now_ms)) != f->is_negated;
}
