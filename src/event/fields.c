#include "fields.h"
#include "freshet/base/err.h"
#include "freshet/event/when.h"
#include <math.h>
#include <stddef.h>

enum {
#define NUMBER_OF(text, kind, member) NUMBER_##member,
    FR_FIELD_MAP(NUMBER_OF)
#undef NUMBER_OF
        NUMBER_FOREIGN
};

#define NAME(text) \
    { ("" text), sizeof(text) - 1 }
#define EVENT_FIELD(text, kind, member) \
    {NAME(text), FR_FIELD_##kind, (uint32_t)offsetof(struct fr_event, member), NUMBER_##member},
#define FOREIGN_FIELD(text) {NAME(text), FR_FIELD_FOREIGN, 0, NUMBER_FOREIGN},
#define ITEM_FIELD(text, kind, member) \
    {NAME(text), FR_FIELD_##kind, (uint32_t)offsetof(struct fr_event_item, member), NUMBER_##member},

static const struct fr_field event_fields[] = {FR_FIELD_MAP(EVENT_FIELD) FR_FIELD_ALIAS_MAP(EVENT_FIELD)
                                                   FR_FIELD_FOREIGN_MAP(FOREIGN_FIELD)};
static const struct fr_field item_fields[] = {FR_ITEM_FIELD_MAP(ITEM_FIELD)};

_Static_assert(sizeof event_fields / sizeof *event_fields <= 64, "rows are bits of a uint64_t");

static void index_fields(struct fr_field_index *index, const struct fr_field *fields, size_t n) {
    *index = (struct fr_field_index){.fields = fields};
    for (size_t row = 0; row < n; row++) {
        uint32_t at = fr_field_slot(fields[row].name);
        while (index->slots[at]) at = (at + 1) & (FR_FIELD_SLOTS - 1);
        index->slots[at] = (uint8_t)(row + 1);
    }
}

void fr_field_index_event(struct fr_field_index *index) {
    index_fields(index, event_fields, sizeof event_fields / sizeof *event_fields);
}

void fr_field_index_item(struct fr_field_index *index) {
    index_fields(index, item_fields, sizeof item_fields / sizeof *item_fields);
}

void fr_event_blank(struct fr_event *event) {
    *event = (struct fr_event){.type = FR_EVENT_NONE,
                               .event_value = (double)NAN,
                               .price = (double)NAN,
                               .position = -1,
                               .schema_version = 1};
}

void fr_event_item_blank(struct fr_event_item *item) {
    *item = (struct fr_event_item){.price = (double)NAN, .position = -1};
}

static bool is_number(const struct fr_scalar *v) {
    return v->kind == FR_SCALAR_INTEGER || v->kind == FR_SCALAR_REAL;
}

enum fr_reject fr_field_id(const struct fr_scalar *value, struct fr_str *out) {
    if (value->kind != FR_SCALAR_STRING && value->kind != FR_SCALAR_INTEGER) return FR_REJECT_BAD_FIELD_TYPE;
    *out = value->text;
    return FR_REJECT_NONE;
}

static enum fr_reject store_text(const struct fr_scalar *value, struct fr_str *out) {
    if (value->kind != FR_SCALAR_STRING) return FR_REJECT_BAD_FIELD_TYPE;
    *out = value->text;
    return FR_REJECT_NONE;
}

static enum fr_reject store_number(const struct fr_scalar *value, double *out) {
    if (!is_number(value)) return FR_REJECT_BAD_FIELD_TYPE;
    *out = value->real;
    return FR_REJECT_NONE;
}

static enum fr_reject store_count(const struct fr_scalar *value, int32_t *out) {
    if (!is_number(value)) return FR_REJECT_BAD_FIELD_TYPE;
    if (!(value->real >= 0 && value->real <= INT32_MAX) || value->real > floor(value->real))
        return FR_REJECT_BAD_NUMBER;
    *out = (int32_t)value->real;
    return FR_REJECT_NONE;
}

static enum fr_reject store_time(const struct fr_scalar *value, struct fr_event *event) {
    bool known = false;
    if (value->kind == FR_SCALAR_STRING) {
        if (value->text.len == 0) return FR_REJECT_NONE;
        known = fr_when_text(value->text, &event->time_ms);
    } else if (value->kind == FR_SCALAR_INTEGER) {
        known = fr_when_integer(value->integer, &event->time_ms);
    } else if (value->kind == FR_SCALAR_REAL) {
        known = fr_when_real(value->real, &event->time_ms);
    } else {
        return FR_REJECT_BAD_FIELD_TYPE;
    }
    event->has_time = known;
    return known ? FR_REJECT_NONE : FR_REJECT_BAD_TIME;
}

enum fr_reject fr_field_store(const struct fr_field *field, const struct fr_scalar *value, void *record) {
    void *place = (char *)record + field->offset;
    switch (field->kind) {
    case FR_FIELD_ID: return fr_field_id(value, place);
    case FR_FIELD_TEXT: return store_text(value, place);
    case FR_FIELD_TIME: return store_time(value, record);
    case FR_FIELD_NUMBER: return store_number(value, place);
    case FR_FIELD_COUNT: return store_count(value, place);
    case FR_FIELD_CONSENT:
        if (value->kind != FR_SCALAR_BOOL) return FR_REJECT_BAD_FIELD_TYPE;
        *(enum fr_consent *)place = value->real > 0 ? FR_CONSENT_GIVEN : FR_CONSENT_REFUSED;
        return FR_REJECT_NONE;
    case FR_FIELD_ITEMS:
    case FR_FIELD_IMPRESSION:
    case FR_FIELD_ATTRIBUTES: return FR_REJECT_BAD_FIELD_TYPE; /* lists: a scalar is wrong */
    case FR_FIELD_FOREIGN: break;
    }
    return FR_REJECT_NONE;
}

enum fr_reject fr_field_attribute(struct fr_str name, const struct fr_scalar *value,
                                  struct fr_attribute *out) {
    *out = (struct fr_attribute){.name = name};
    switch (value->kind) {
    case FR_SCALAR_STRING:
        out->kind = FR_ATTRIBUTE_STRING;
        out->text = value->text;
        return FR_REJECT_NONE;
    case FR_SCALAR_INTEGER:
    case FR_SCALAR_REAL: out->kind = FR_ATTRIBUTE_NUMBER; break;
    case FR_SCALAR_BOOL: out->kind = FR_ATTRIBUTE_BOOL; break;
    case FR_SCALAR_NULL: out->kind = FR_ATTRIBUTE_NULL; return FR_REJECT_NONE;
    case FR_SCALAR_OBJECT:
    case FR_SCALAR_ARRAY: return FR_REJECT_BAD_FIELD_TYPE;
    }
    out->number = value->real;
    return FR_REJECT_NONE;
}

/* The consent that a member of a consent object speaks of; NULL: none that matters here. */
static enum fr_consent *consent_named(struct fr_event *event, struct fr_str name) {
    if (fr_str_eq(name, FR_STR("ads"))) return &event->ads_consent;
    bool profile = fr_str_eq(name, FR_STR("analytics")) || fr_str_eq(name, FR_STR("personalization"));
    return profile ? &event->consent : NULL;
}

enum fr_reject fr_field_consent(struct fr_str name, const struct fr_scalar *value, struct fr_event *event) {
    enum fr_consent *consent = consent_named(event, name);
    if (!consent) return FR_REJECT_NONE;
    if (value->kind == FR_SCALAR_NULL) return FR_REJECT_NONE;
    if (value->kind != FR_SCALAR_BOOL) return FR_REJECT_BAD_FIELD_TYPE;
    bool refused = value->real < 1 || *consent == FR_CONSENT_REFUSED;
    *consent = refused ? FR_CONSENT_REFUSED : FR_CONSENT_GIVEN;
    return FR_REJECT_NONE;
}

static const void *taken(struct fr_arena *a, const void *from, uint32_t n, size_t size_bytes) {
    return n ? memcpy(fr_arena_alloc(a, n * size_bytes), from, n * size_bytes) : NULL;
}

void fr_field_take_items(struct fr_event *e, const struct fr_field_scratch *from, uint32_t n,
                         struct fr_arena *a) {
    e->items = taken(a, from->items, n, sizeof *e->items);
    e->item_n = n;
}

void fr_field_take_impression(struct fr_event *e, const struct fr_field_scratch *from, uint32_t n,
                              struct fr_arena *a) {
    e->impression = taken(a, from->impression, n, sizeof *e->impression);
    e->impression_n = n;
}

void fr_field_take_attributes(struct fr_event *e, const struct fr_field_scratch *from, uint32_t n,
                              struct fr_arena *a) {
    e->attributes = taken(a, from->attributes, n, sizeof *e->attributes);
    e->attribute_n = n;
}
