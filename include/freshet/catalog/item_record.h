/* item_record.h - an item as the catalogue's topic has it: one JSON object, docs/ITEMS.md.
 *
 * Promise   total: any bytes give an item, or every fault that was found, each with the field it is in. A fault of the text
 *           itself (not JSON, a key twice) hides the others. What is written reads back as the same item.
 * Not       no judgement of what is sensible: an item without a title or a price is an item.
 * Bounds    below; what exceeds one is a fault, never cut.
 * Threads   any; everything lies in the caller's arena. */
#ifndef FR_CATALOG_ITEM_RECORD_H
#define FR_CATALOG_ITEM_RECORD_H

#include "freshet/base/arena.h"
#include "freshet/base/buf.h"
#include "freshet/event/event.h"

enum {
    FR_ITEM_RECORD_BYTES = 65536,
    FR_ITEM_TITLE_BYTES = 2048,
    FR_ITEM_TEXT_BYTES = 256, /* of a level of the category, brand, tag, name or text of an attribute */
    FR_ITEM_CURRENCY_BYTES = 16,
    FR_ITEM_LEVELS = 8,
    FR_ITEM_TAGS = 64,
    FR_ITEM_ATTRIBUTES = 64,
    FR_ITEM_FAULTS = 16,
};

/* Absent texts have len 0. */
struct fr_item_record {
    struct fr_str id, title, brand, currency;
    const struct fr_str *category; /* [category_n] a path, broadest first */
    const struct fr_str *tags;     /* [tag_n] as given */
    const struct fr_attribute *attributes;
    uint32_t category_n, tag_n, attribute_n;
    double price;      /* NAN: not given; else >= 0 */
    bool is_available; /* true unless said otherwise */
    bool has_created;
    fr_time_ms created_ms; /* valid if has_created */
};

/* name, code, sentence */
#define FR_ITEM_FAULT_MAP(X)                                                \
    X(TOO_LARGE, "too_large", "the record has more than 65536 bytes")       \
    X(NOT_JSON, "not_json", "the text is not JSON")                         \
    X(DUPLICATE_KEY, "duplicate_key", "a field stands there twice")         \
    X(NOT_OBJECT, "not_object", "the JSON value is not an object")          \
    X(NO_ID, "no_id", "id is missing")                                      \
    X(OTHER_ID, "other_id", "id is not the record's key")                   \
    X(BAD_TYPE, "bad_type", "a field has the wrong JSON type")              \
    X(BAD_NUMBER, "bad_number", "a number is out of its field's range")     \
    X(BAD_TIME, "bad_time", "a time cannot be read")                        \
    X(BAD_TEXT, "bad_text", "a text is too long or has control characters") \
    X(TOO_MANY, "too_many", "a field has more members than allowed")

enum fr_item_fault_code {
#define FR_ITEM_FAULT_ENUM(name, code, text) FR_ITEM_##name,
    FR_ITEM_FAULT_MAP(FR_ITEM_FAULT_ENUM)
#undef FR_ITEM_FAULT_ENUM
        FR_ITEM_FAULT_N
};

struct fr_item_fault {
    enum fr_item_fault_code code;
    char field[48]; /* "attributes.colour"; cut; "": the whole record */
};

struct fr_item_faults {
    struct fr_item_fault at[FR_ITEM_FAULTS]; /* [n] the first ones, in the order of the fields */
    uint32_t n;
};

const char *fr_item_fault_name(enum fr_item_fault_code code);
const char *fr_item_fault_text(enum fr_item_fault_code code);

/* key: the record's, ptr NULL when there is none to hold the id to. False: *faults says why; *out is then unspecified. */
bool fr_item_record_read(struct fr_str json, struct fr_str key, struct fr_arena *arena,
                         struct fr_item_record *out, struct fr_item_faults *faults);
/* Appends the object: fields in the order of docs/ITEMS.md, absent ones left out. */
void fr_item_record_write(struct fr_buf *b, const struct fr_item_record *item);
/* The attribute of this name, or NULL. */
const struct fr_attribute *fr_item_record_attribute(const struct fr_item_record *item, struct fr_str name);

#endif
