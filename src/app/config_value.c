/* One value: from text into struct fr_config, with its range checked, and back to text. */
#include "config_internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void *field(const struct fr_config *config, const struct fr_config_row *row) {
    return (char *)(uintptr_t)config + row->offset;
}

struct fr_config_list *fr_config_list_of(const struct fr_config *config, const struct fr_config_row *row) {
    return field(config, row);
}

static const char *keep(struct fr_config *config, struct fr_str s) {
    char *copy = fr_arena_alloc(&config->text, (size_t)s.len + 1);
    if (s.len) memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

void fr_config_mark(struct fr_config *config, const struct fr_config_row *row,
                    const struct fr_config_place *place) {
    uint32_t n;
    config->origins[row - fr_config_rows(&n)] =
        (struct fr_config_origin){place->source, place->line, place->column};
}

/* The place of word among "a|b|c", -1 when it is not there. */
static int64_t choice_of(const char *choices, struct fr_str word) {
    int64_t at = 0;
    for (const char *p = choices; *p; at++) {
        size_t len = strcspn(p, "|");
        if (fr_str_eq(word, (struct fr_str){p, (uint32_t)len})) return at;
        p += len + (p[len] == '|');
    }
    return -1;
}

/* "use one of a, b, c" */
static const char *choices_hint(const char *choices, char out[512]) {
    int n = snprintf(out, 512, "use one of ");
    for (const char *p = choices; *p && n < 480; p++)
        n += snprintf(out + n, (size_t)(512 - n), "%s", *p != '|' ? (char[2]){*p, 0} : p[1] ? ", " : "");
    return out;
}

/* NUL-terminated copy for strtod and its kin; false when it is too long to be a number. */
static bool number_text(struct fr_str text, char out[64]) {
    if (text.len == 0 || text.len >= 64 || memchr(text.ptr, '\0', text.len)) return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return strspn(out, "+-.0123456789eE") == text.len;
}

static bool set_int(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                    const struct fr_config_place *place) {
    char copy[64], hint[160], *end;
    snprintf(hint, sizeof hint, "a whole number from %.0f to %.0f%s%s", row->least, row->most,
             *row->unit ? " " : "", row->unit);
    errno = 0;
    long long value = number_text(text, copy) ? strtoll(copy, &end, 10) : (errno = EINVAL, end = copy, 0);
    if (errno == EINVAL || *end) {
        fr_config_problem(l, place, fr_str_of(row->path), hint, "\"%.*s\" is not a whole number",
                          text.len < 60 ? (int)text.len : 60, text.ptr ? text.ptr : "");
        return false;
    }
    if (errno == ERANGE || (double)value < row->least || (double)value > row->most) {
        fr_config_problem(l, place, fr_str_of(row->path), hint, "%s is out of range", copy);
        return false;
    }
    *(int64_t *)field(l->config, row) = value;
    return true;
}

static bool set_number(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                       const struct fr_config_place *place) {
    char copy[64], hint[160], *end;
    snprintf(hint, sizeof hint, "a number from %g to %g", row->least, row->most);
    double value = number_text(text, copy) ? strtod(copy, &end) : (end = NULL, 0);
    if (!end || end == copy || *end || !(value >= row->least && value <= row->most)) {
        fr_config_problem(l, place, fr_str_of(row->path), hint,
                          !end || end == copy || *end ? "\"%.*s\" is not a number" : "%.*s is out of range",
                          text.len < 60 ? (int)text.len : 60, text.ptr ? text.ptr : "");
        return false;
    }
    *(double *)field(l->config, row) = value;
    return true;
}

static bool set_word(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                     const struct fr_config_place *place) {
    bool is_bool = row->kind == FR_CONFIG_BOOL;
    char hint[512];
    int64_t at = choice_of(is_bool ? "false|true" : row->choices, text);
    if (at < 0) {
        fr_config_problem(l, place, fr_str_of(row->path),
                          is_bool ? "use true or false" : choices_hint(row->choices, hint),
                          is_bool ? "\"%.*s\" is neither true nor false" : "\"%.*s\" is not known",
                          text.len < 60 ? (int)text.len : 60, text.ptr ? text.ptr : "");
        return false;
    }
    if (is_bool)
        *(bool *)field(l->config, row) = at != 0;
    else
        *(int64_t *)field(l->config, row) = at;
    return true;
}

static bool set_time(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                     const struct fr_config_place *place) {
    if (fr_time_parse_rfc3339(text, field(l->config, row))) return true;
    fr_config_problem(l, place, fr_str_of(row->path), "as RFC 3339 has it: 2020-01-31T00:00:00Z",
                      "\"%.*s\" is not a time", text.len < 60 ? (int)text.len : 60, text.ptr ? text.ptr : "");
    return false;
}

/* Texts end in a NUL in the program: one inside would cut them in silence. */
static bool whole_text(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                       const struct fr_config_place *place) {
    if (text.len == 0 || !memchr(text.ptr, '\0', text.len)) return true;
    fr_config_problem(l, place, fr_str_of(row->path), NULL, "the text has a NUL byte in it");
    return false;
}

bool fr_config_set_scalar(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                          const struct fr_config_place *place) {
    bool good = false;
    switch (row->kind) {
    case FR_CONFIG_TEXT:
        good = whole_text(l, row, text, place);
        if (good) *(const char **)field(l->config, row) = keep(l->config, text);
        break;
    case FR_CONFIG_INT: good = set_int(l, row, text, place); break;
    case FR_CONFIG_NUMBER: good = set_number(l, row, text, place); break;
    case FR_CONFIG_BOOL:
    case FR_CONFIG_CHOICE: good = set_word(l, row, text, place); break;
    case FR_CONFIG_TIME: good = set_time(l, row, text, place); break;
    case FR_CONFIG_LIST:
    case FR_CONFIG_MAP:
    case FR_CONFIG_TREE: FR_ASSERT(false); break;
    }
    if (good) fr_config_mark(l->config, row, place);
    return good;
}

void fr_config_clear_members(struct fr_config *config, const struct fr_config_row *row) {
    fr_config_list_of(config, row)->n = 0;
}

static struct fr_config_member *member_for(struct fr_config *config, struct fr_config_list *list,
                                           struct fr_str name) {
    for (uint32_t i = 0; name.len && i < list->n; i++)
        if (fr_str_eq(name, fr_str_of(list->at[i].name))) return &list->at[i];
    if (list->n == FR_CONFIG_MEMBERS_MAX) return NULL;
    if ((list->n & (list->n - 1)) == 0) { /* the array is as long as the next power of two */
        struct fr_config_member *longer =
            fr_arena_alloc(&config->text, (list->n ? 2 * (size_t)list->n : 1) * sizeof *longer);
        if (list->n) memcpy(longer, list->at, list->n * sizeof *longer);
        list->at = longer;
    }
    return &list->at[list->n++];
}

bool fr_config_add_member(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str name,
                          struct fr_str value, const struct fr_config_place *place) {
    char hint[512];
    if (!whole_text(l, row, name, place) || !whole_text(l, row, value, place)) return false;
    if (value.len == 0 && row->kind == FR_CONFIG_LIST) {
        fr_config_problem(l, place, fr_str_of(row->path), NULL, "a member of the list is empty");
        return false;
    }
    if (*row->choices && choice_of(row->choices, value) < 0) {
        fr_config_problem(l, place, fr_str_of(row->path), choices_hint(row->choices, hint),
                          "\"%.*s\" is not known", value.len < 60 ? (int)value.len : 60,
                          value.ptr ? value.ptr : "");
        return false;
    }
    struct fr_config_list *list = fr_config_list_of(l->config, row);
    struct fr_config_member *m = member_for(l->config, list, name);
    if (!m) {
        fr_config_problem(l, place, fr_str_of(row->path), NULL, "more than %d members",
                          FR_CONFIG_MEMBERS_MAX);
        return false;
    }
    *m = (struct fr_config_member){keep(l->config, name), keep(l->config, value), place->line, place->column};
    fr_config_mark(l->config, row, place);
    return true;
}

static bool set_members(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                        const struct fr_config_place *place) {
    bool good = true;
    fr_config_clear_members(l->config, row);
    fr_config_mark(l->config, row, place);
    while (text.len) {
        const char *comma = memchr(text.ptr, ',', text.len);
        struct fr_str part = {text.ptr, comma ? (uint32_t)(comma - text.ptr) : text.len}, name = {"", 0};
        uint32_t taken = part.len + (comma != NULL);
        text = (struct fr_str){text.ptr + taken, text.len - taken};
        if (row->kind != FR_CONFIG_LIST) {
            const char *equals = part.len ? memchr(part.ptr, '=', part.len) : NULL;
            if (!equals || equals == part.ptr) {
                fr_config_problem(l, place, fr_str_of(row->path), "write name=value,name=value",
                                  "\"%.*s\" has no name and value", part.len < 60 ? (int)part.len : 60,
                                  part.ptr);
                good = false;
                continue;
            }
            name = (struct fr_str){part.ptr, (uint32_t)(equals - part.ptr)};
            part = (struct fr_str){equals + 1, part.len - name.len - 1};
        }
        good &= fr_config_add_member(l, row, name, part, place);
    }
    return good;
}

bool fr_config_set_text(struct fr_config_loader *l, const struct fr_config_row *row, struct fr_str text,
                        const struct fr_config_place *place) {
    bool members = row->kind == FR_CONFIG_LIST || row->kind == FR_CONFIG_MAP || row->kind == FR_CONFIG_TREE;
    return members ? set_members(l, row, text, place) : fr_config_set_scalar(l, row, text, place);
}
