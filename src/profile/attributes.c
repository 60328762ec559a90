/* Attributes as (name -> latest value). Which names stay when there are too many depends on the names alone,
 * never on which came first: group_by names, then the bytewise smallest. */
#include "freshet/profile/attributes.h"
#include <stdio.h>
#include <stdlib.h>

static struct fr_str value_text(const struct fr_attribute *v, char number[32]) {
    switch (v->kind) {
    case FR_ATTRIBUTE_STRING: return v->text;
    case FR_ATTRIBUTE_NUMBER:
        return (struct fr_str){number, (uint32_t)snprintf(number, 32, "%.6g", v->number + 0.0)};
    case FR_ATTRIBUTE_BOOL: return v->number != 0 ? FR_STR("true") : FR_STR("false");
    case FR_ATTRIBUTE_NULL: break;
    }
    return (struct fr_str){"", 0};
}

static uint32_t find(const struct fr_profile_attributes *a, struct fr_str name, bool *there) {
    uint32_t i = 0;
    while (i < a->n && fr_str_cmp(a->at[i].name, name) < 0) i++;
    *there = i < a->n && fr_str_eq(a->at[i].name, name);
    return i;
}

/* Later wins; then the larger text; then, for numbers that look alike, the larger one. */
static bool beats(fr_time_ms t, struct fr_str text, const struct fr_attribute *v,
                  const struct fr_profile_attribute *known) {
    if (t != known->time_ms) return t > known->time_ms;
    int order = fr_str_cmp(text, known->text);
    if (order) return order > 0;
    if (v->kind != known->kind) return v->kind > known->kind;
    return v->kind == FR_ATTRIBUTE_NUMBER && v->number > known->number;
}

/* One zero, and nothing where the kind has no number: equal values have equal bytes. */
static double plain_number(const struct fr_attribute *v) {
    if (v->kind == FR_ATTRIBUTE_NUMBER) return v->number + 0.0;
    return v->kind == FR_ATTRIBUTE_BOOL && v->number != 0 ? 1 : 0;
}

/* Name and text in one block, which name.ptr owns. */
static struct fr_profile_attribute copy(const struct fr_attribute *v, struct fr_str text, fr_time_ms t) {
    char *block = fr_alloc((size_t)v->name.len + text.len + 1);
    if (v->name.len) memcpy(block, v->name.ptr, v->name.len);
    if (text.len) memcpy(block + v->name.len, text.ptr, text.len);
    return (struct fr_profile_attribute){.name = {block, v->name.len},
                                         .text = {block + v->name.len, text.len},
                                         .kind = v->kind,
                                         .number = plain_number(v),
                                         .time_ms = t};
}

static void release(struct fr_profile_attribute *attribute) {
    union {
        const char *lent;
        char *own;
    } block = {attribute->name.ptr};
    free(block.own);
}

static bool groups_by(const struct fr_profile_rules *rules, struct fr_str name) {
    for (uint32_t i = 0; i < rules->group_by_n; i++)
        if (fr_str_eq(rules->group_by[i], name)) return true;
    return false;
}

static void remove_at(struct fr_profile_attributes *a, uint32_t i) {
    release(&a->at[i]);
    a->n--;
    memmove(a->at + i, a->at + i + 1, (a->n - i) * sizeof a->at[0]);
}

static uint32_t last_to_keep(const struct fr_profile_attributes *a, const struct fr_profile_rules *rules) {
    for (uint32_t i = a->n; i-- > 0;)
        if (!groups_by(rules, a->at[i].name)) return i;
    return a->n - 1;
}

bool fr_attributes_set(struct fr_profile_attributes *a, const struct fr_profile_rules *rules,
                       const struct fr_attribute *value, fr_time_ms t) {
    char number[32];
    bool there;
    struct fr_str text = value_text(value, number);
    uint32_t i = find(a, value->name, &there);
    if (there) {
        if (!beats(t, text, value, &a->at[i])) return false;
        release(&a->at[i]);
        a->at[i] = copy(value, text, t);
        return true;
    }
    if (a->n == a->cap) {
        a->cap = a->cap ? 2 * a->cap : 4;
        a->at = fr_realloc(a->at, a->cap * sizeof a->at[0]);
    }
    memmove(a->at + i + 1, a->at + i, (a->n - i) * sizeof a->at[0]);
    a->at[i] = copy(value, text, t);
    a->n++;
    if (a->n > rules->attributes) remove_at(a, last_to_keep(a, rules));
    return true;
}

bool fr_attributes_group(const struct fr_profile_attributes *a, const struct fr_profile_rules *rules,
                         struct fr_buf *out) {
    size_t start = out->len;
    bool any = false;
    for (uint32_t i = 0; i < rules->group_by_n; i++) {
        bool there;
        uint32_t at = find(a, rules->group_by[i], &there);
        if (i) fr_buf_byte(out, '|');
        if (!there || a->at[at].kind == FR_ATTRIBUTE_NULL) continue;
        fr_buf_str(out, a->at[at].text);
        any = true;
    }
    if (!any) out->len = start;
    return any;
}

void fr_attributes_fini(struct fr_profile_attributes *a) {
    for (uint32_t i = 0; i < a->n; i++) release(&a->at[i]);
    free(a->at);
    *a = (struct fr_profile_attributes){0};
}
