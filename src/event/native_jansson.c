/* The native event through Jansson: what CloudEvents envelopes are read with, and the reference that the
 * scanner is held to. Whether a text is JSON is Jansson's own judgement; the reason why not comes from
 * fr_scan_check, because Jansson does not tell a cut text from a wrong one in all cases. If Jansson refused
 * what the scanner accepts, the two paths would differ, and the fuzz target would stop. */
#include "formats.h"
#include <stdio.h>

static bool too_deep(const json_t *value, unsigned depth) {
    const char *key;
    json_t *member;
    size_t i;
    if (!json_is_object(value) && !json_is_array(value)) return false;
    if (depth == FR_DECODE_DEPTH) return true;
    json_array_foreach(value, i, member) if (too_deep(member, depth + 1)) return true;
    json_object_foreach((json_t *)(uintptr_t)value, key, member) if (too_deep(member, depth + 1)) return true;
    return false;
}

/* Jansson 2.14 drops a NUL byte behind a number or a literal; no JSON text has one, so it never sees such a text. */
static json_t *load(struct fr_str text) {
    if (memchr(text.ptr, '\0', text.len)) return NULL;
    return json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
}

enum fr_reject fr_json_parse(struct fr_decoding *d, struct fr_str text, json_t **out) {
    *out = NULL;
    if (text.len == 0) return FR_REJECT_EMPTY;
    json_t *root = load(text);
    if (!root) {
        enum fr_reject reason = fr_scan_check(text, d->arena, &d->decoder->keys);
        return reason ? reason : FR_REJECT_NOT_JSON;
    }
    enum fr_reject reason = too_deep(root, 0)       ? FR_REJECT_TOO_DEEP
                            : !json_is_object(root) ? FR_REJECT_NOT_OBJECT
                                                    : FR_REJECT_NONE;
    if (reason)
        json_decref(root);
    else
        *out = root;
    return reason;
}

static struct fr_str copy_of(struct fr_decoding *d, const json_t *string) {
    return fr_arena_copy(d->arena,
                         (struct fr_str){json_string_value(string), (uint32_t)json_string_length(string)});
}

struct fr_str fr_json_member(struct fr_decoding *d, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? copy_of(d, value) : (struct fr_str){0};
}

static struct fr_scalar integer_of(struct fr_decoding *d, const json_t *value) {
    char text[24];
    json_int_t number = json_integer_value(value);
    int n = snprintf(text, sizeof text, "%lld", (long long)number);
    return (struct fr_scalar){.kind = FR_SCALAR_INTEGER,
                              .text = fr_arena_copy(d->arena, (struct fr_str){text, (uint32_t)n}),
                              .integer = number,
                              .real = (double)number};
}

static struct fr_scalar scalar_of(struct fr_decoding *d, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_STRING: return (struct fr_scalar){.kind = FR_SCALAR_STRING, .text = copy_of(d, value)};
    case JSON_INTEGER: return integer_of(d, value);
    case JSON_REAL: return (struct fr_scalar){.kind = FR_SCALAR_REAL, .real = json_real_value(value)};
    case JSON_TRUE: return (struct fr_scalar){.kind = FR_SCALAR_BOOL, .real = 1};
    case JSON_FALSE: return (struct fr_scalar){.kind = FR_SCALAR_BOOL, .real = 0};
    case JSON_NULL: return (struct fr_scalar){.kind = FR_SCALAR_NULL};
    case JSON_OBJECT: return (struct fr_scalar){.kind = FR_SCALAR_OBJECT};
    case JSON_ARRAY: break;
    }
    return (struct fr_scalar){.kind = FR_SCALAR_ARRAY};
}

static enum fr_reject item(struct fr_decoding *d, const struct fr_field *list, json_t *object,
                           struct fr_event_item *out) {
    const char *key;
    json_t *member;
    if (!json_is_object(object)) return fr_decoding_fault(d, FR_REJECT_BAD_FIELD_TYPE, list->name);
    fr_event_item_blank(out);
    json_object_foreach(object, key, member) {
        const struct fr_field *field = fr_field_find(&d->decoder->item_index, fr_str_of(key));
        struct fr_scalar value = scalar_of(d, member);
        if (!field || value.kind == FR_SCALAR_NULL) continue;
        enum fr_reject reason = fr_field_store(field, &value, out);
        if (reason) return fr_decoding_fault(d, reason, field->name);
    }
    return FR_REJECT_NONE;
}

static enum fr_reject items(struct fr_decoding *d, const struct fr_field *field, const json_t *array) {
    struct fr_field_scratch *scratch = &d->decoder->scratch;
    json_t *member;
    size_t i;
    json_array_foreach(array, i, member) {
        if (i == FR_EVENT_ITEMS) return fr_decoding_fault(d, FR_REJECT_TOO_MANY, field->name);
        enum fr_reject reason = item(d, field, member, &scratch->items[i]);
        if (reason) return reason;
    }
    fr_field_take_items(d->event, scratch, (uint32_t)i, d->arena);
    return FR_REJECT_NONE;
}

static enum fr_reject impression(struct fr_decoding *d, const struct fr_field *field, const json_t *array) {
    struct fr_field_scratch *scratch = &d->decoder->scratch;
    json_t *member;
    size_t i;
    json_array_foreach(array, i, member) {
        if (i == FR_EVENT_IMPRESSIONS) return fr_decoding_fault(d, FR_REJECT_TOO_MANY, field->name);
        struct fr_scalar value = scalar_of(d, member);
        enum fr_reject reason = fr_field_id(&value, &scratch->impression[i]);
        if (reason) return fr_decoding_fault(d, reason, field->name);
    }
    fr_field_take_impression(d->event, scratch, (uint32_t)i, d->arena);
    return FR_REJECT_NONE;
}

static enum fr_reject attributes(struct fr_decoding *d, const struct fr_field *field, json_t *object) {
    struct fr_field_scratch *scratch = &d->decoder->scratch;
    const char *key;
    json_t *member;
    uint32_t n = 0;
    json_object_foreach(object, key, member) {
        if (n == FR_EVENT_ATTRIBUTES) return fr_decoding_fault(d, FR_REJECT_TOO_MANY, field->name);
        struct fr_scalar value = scalar_of(d, member);
        struct fr_str name = fr_arena_copy(d->arena, fr_str_of(key));
        enum fr_reject reason = fr_field_attribute(name, &value, &scratch->attributes[n++]);
        if (reason) return fr_decoding_fault(d, reason, field->name);
    }
    fr_field_take_attributes(d->event, scratch, n, d->arena);
    return FR_REJECT_NONE;
}

static enum fr_reject consent(struct fr_decoding *d, const struct fr_field *field, json_t *object) {
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member) {
        struct fr_scalar value = scalar_of(d, member);
        enum fr_reject reason = fr_field_consent(fr_str_of(key), &value, d->event);
        if (reason) return fr_decoding_fault(d, reason, field->name);
    }
    return FR_REJECT_NONE;
}

static enum fr_reject known(struct fr_decoding *d, const struct fr_field *field, json_t *member) {
    bool object = json_is_object(member), array = json_is_array(member);
    if (field->kind == FR_FIELD_ITEMS && array) return items(d, field, member);
    if (field->kind == FR_FIELD_IMPRESSION && array) return impression(d, field, member);
    if (field->kind == FR_FIELD_ATTRIBUTES && object) return attributes(d, field, member);
    if (field->kind == FR_FIELD_CONSENT && object) return consent(d, field, member);
    struct fr_scalar value = scalar_of(d, member);
    enum fr_reject reason = fr_field_store(field, &value, d->event);
    return reason ? fr_decoding_fault(d, reason, field->name) : FR_REJECT_NONE;
}

enum fr_reject fr_native_walk(struct fr_decoding *d, json_t *object) {
    const char *key;
    json_t *member;
    uint64_t seen = 0;
    fr_event_blank(d->event);
    json_object_foreach(object, key, member) {
        const struct fr_field *field = fr_field_find(&d->decoder->event_index, fr_str_of(key));
        if (!field || field->kind == FR_FIELD_FOREIGN || json_is_null(member)) continue;
        uint64_t bit = (uint64_t)1 << field->number;
        if (seen & bit) return fr_decoding_fault(d, FR_REJECT_DUPLICATE_KEY, field->name);
        seen |= bit;
        enum fr_reject reason = known(d, field, member);
        if (reason) return reason;
    }
    return FR_REJECT_NONE;
}
