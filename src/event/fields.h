/* fields.h - the native event as a table: names, kinds, places. Private to event/.
 *
 * Promise   the scanner and its Jansson twin both read this table and store through the functions below, so
 * what a field means is written once. They differ only in how they walk. Adding a field: one row here, one
 * member in struct fr_event, one row in docs/EVENTS.md and its schema. */
#ifndef FR_EVENT_FIELDS_H
#define FR_EVENT_FIELDS_H

#include "scan.h"

/* name in JSON, kind, member of struct fr_event */
#define FR_FIELD_MAP(X)                           \
    X("event_id", ID, event_id)                   \
    X("event_type", TEXT, type_name)              \
    X("timestamp", TIME, time_ms)                 \
    X("user_id", ID, user_id)                     \
    X("anonymous_id", ID, anonymous_id)           \
    X("item_id", ID, item_id)                     \
    X("items", ITEMS, items)                      \
    X("session_id", ID, session_id)               \
    X("event_value", NUMBER, event_value)         \
    X("price", NUMBER, price)                     \
    X("quantity", COUNT, quantity)                \
    X("currency", TEXT, currency)                 \
    X("order_id", ID, order_id)                   \
    X("position", COUNT, position)                \
    X("impression", IMPRESSION, impression)       \
    X("recommendation_id", ID, recommendation_id) \
    X("surface", TEXT, surface)                   \
    X("campaign_id", ID, campaign_id)             \
    X("ad_id", ID, ad_id)                         \
    X("creative_id", ID, creative_id)             \
    X("share_channel", TEXT, share_channel)       \
    X("target_user_id", ID, target_user_id)       \
    X("referrer_user_id", ID, referrer_user_id)   \
    X("experiment", TEXT, experiment)             \
    X("text", TEXT, text)                         \
    X("consent", CONSENT, consent)                \
    X("attributes", ATTRIBUTES, attributes)       \
    X("schema_version", COUNT, schema_version)

/* another name for a field of the table above */
#define FR_FIELD_ALIAS_MAP(X)  \
    X("id", ID, event_id)      \
    X("type", TEXT, type_name) \
    X("user", ID, user_id)     \
    X("item", ID, item_id)     \
    X("time", TIME, time_ms)   \
    X("session", ID, session_id)

/* Keys that no native event has and that make the decoder look for another format in the body. */
#define FR_FIELD_FOREIGN_MAP(X) X("specversion") /* CloudEvents */

/* name in JSON, kind, member of struct fr_event_item */
#define FR_ITEM_FIELD_MAP(X)       \
    X("item_id", ID, item_id)      \
    X("quantity", COUNT, quantity) \
    X("price", NUMBER, price)      \
    X("position", COUNT, position)

enum fr_field_kind {
    FR_FIELD_ID,     /* string or integer -> struct fr_str */
    FR_FIELD_TEXT,   /* string -> struct fr_str */
    FR_FIELD_TIME,   /* string or number -> fr_time_ms, and has_time */
    FR_FIELD_NUMBER, /* -> double */
    FR_FIELD_COUNT,  /* whole number from 0 -> int32_t */
    FR_FIELD_ITEMS,
    FR_FIELD_IMPRESSION,
    FR_FIELD_CONSENT,
    FR_FIELD_ATTRIBUTES,
    FR_FIELD_FOREIGN /* FR_FIELD_FOREIGN_MAP: ignored here */
};

struct fr_field {
    struct fr_str name;
    enum fr_field_kind kind;
    uint32_t offset; /* of the member */
    uint32_t number; /* of the field, below 64; an alias has its field's */
};

enum { FR_FIELD_SLOTS = 256 };

/* A table of fields and the way to a field by its name. */
struct fr_field_index {
    const struct fr_field *fields; /* at most 64 rows */
    uint8_t slots[FR_FIELD_SLOTS]; /* row + 1; 0 is free */
};

/* Where a list is gathered before its length is known. */
struct fr_field_scratch {
    struct fr_event_item items[FR_EVENT_ITEMS];
    struct fr_str impression[FR_EVENT_IMPRESSIONS];
    struct fr_attribute attributes[FR_EVENT_ATTRIBUTES];
};

void fr_field_index_event(struct fr_field_index *index);
void fr_field_index_item(struct fr_field_index *index);

static inline uint32_t fr_field_slot(struct fr_str name) {
    unsigned char first = (unsigned char)name.ptr[0], last = (unsigned char)name.ptr[name.len - 1];
    unsigned char middle = (unsigned char)name.ptr[name.len / 2];
    return (name.len * 7u + first * 31u + middle * 5u + last * 67u) & (FR_FIELD_SLOTS - 1);
}

/* NULL when the name is not in the table. */
static inline const struct fr_field *fr_field_find(const struct fr_field_index *index, struct fr_str name) {
    if (name.len == 0) return NULL;
    for (uint32_t at = fr_field_slot(name); index->slots[at]; at = (at + 1) & (FR_FIELD_SLOTS - 1)) {
        const struct fr_field *f = &index->fields[index->slots[at] - 1];
        if (fr_str_eq(f->name, name)) return f;
    }
    return NULL;
}

void fr_event_blank(struct fr_event *event);          /* nothing given */
void fr_event_item_blank(struct fr_event_item *item); /* nothing given */

/* Each of these takes one JSON value for one place: NONE, BAD_FIELD_TYPE, BAD_NUMBER or BAD_TIME. */
enum fr_reject fr_field_store(const struct fr_field *field, const struct fr_scalar *value, void *record);
enum fr_reject fr_field_id(const struct fr_scalar *value, struct fr_str *out);
enum fr_reject fr_field_attribute(struct fr_str name, const struct fr_scalar *value,
                                  struct fr_attribute *out);
/* A member of a consent object; refusing wins over giving, in any order. */
enum fr_reject fr_field_consent(struct fr_str name, const struct fr_scalar *value, struct fr_event *event);

/* The gathered list, copied to the arena and hung into the event. */
void fr_field_take_items(struct fr_event *e, const struct fr_field_scratch *from, uint32_t n,
                         struct fr_arena *a);
void fr_field_take_impression(struct fr_event *e, const struct fr_field_scratch *from, uint32_t n,
                              struct fr_arena *a);
void fr_field_take_attributes(struct fr_event *e, const struct fr_field_scratch *from, uint32_t n,
                              struct fr_arena *a);

#endif
