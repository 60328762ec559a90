/* An item's JSON, read whole by Jansson and then field by field along a table. Items change seldom; what matters here is
 * that whoever writes a catalogue is told everything that is wrong with a record at once. */
#include "freshet/catalog/item_record.h"
#include "freshet/base/json.h"
#include "record_text.h"
#include <math.h>
#include <stdio.h>

struct reading {
    struct fr_arena *arena;
    struct fr_item_record *item;
    struct fr_item_faults *faults;
    char field[FR_RECORD_FIELD_BYTES];
};

static const struct {
    const char *name, *text;
} fault_rows[FR_ITEM_FAULT_N] = {
#define FAULT_ROW(name, code, text) {code, text},
    FR_ITEM_FAULT_MAP(FAULT_ROW)
#undef FAULT_ROW
};

const char *fr_item_fault_name(enum fr_item_fault_code code) { return fault_rows[code].name; }
const char *fr_item_fault_text(enum fr_item_fault_code code) { return fault_rows[code].text; }

static void fault(struct reading *r, enum fr_item_fault_code code) {
    if (r->faults->n == FR_ITEM_FAULTS) return;
    struct fr_item_fault *f = &r->faults->at[r->faults->n++];
    f->code = code;
    memcpy(f->field, r->field, sizeof f->field);
}

static void say_field(struct reading *r, const char *name, const char *member) {
    record_field(r->field, name, member);
}

/* A text of at most `most` bytes; one that is empty counts as absent. */
static bool read_text(struct reading *r, const json_t *value, uint32_t most, struct fr_str *out) {
    *out = (struct fr_str){0};
    if (!json_is_string(value)) {
        fault(r, FR_ITEM_BAD_TYPE);
        return false;
    }
    size_t len = json_string_length(value);
    struct fr_str text = {json_string_value(value), (uint32_t)len};
    if (len > most || record_has_controls(text)) {
        fault(r, FR_ITEM_BAD_TEXT);
        return false;
    }
    *out = fr_arena_copy(r->arena, text);
    return len > 0;
}

/* A list of texts, or one text that stands for a list of one. Empty ones are left out. */
static const struct fr_str *read_texts(struct reading *r, const json_t *value, uint32_t most, uint32_t *n) {
    *n = 0;
    size_t given = json_is_array(value) ? json_array_size(value) : 1;
    if (given > most) {
        fault(r, FR_ITEM_TOO_MANY);
        return NULL;
    }
    struct fr_str *out = fr_arena_alloc(r->arena, (given ? given : 1) * sizeof *out);
    for (size_t i = 0; i < given; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        *n += read_text(r, one, FR_ITEM_TEXT_BYTES, &out[*n]);
    }
    return out;
}

static void read_id(struct reading *r, const json_t *value) {
    if (json_is_integer(value)) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        r->item->id = fr_arena_copy(r->arena, (struct fr_str){digits, (uint32_t)n});
    } else {
        read_text(r, value, FR_EVENT_ID_BYTES, &r->item->id);
    }
}

static void read_title(struct reading *r, const json_t *value) {
    read_text(r, value, FR_ITEM_TITLE_BYTES, &r->item->title);
}

static void read_category(struct reading *r, const json_t *value) {
    r->item->category = read_texts(r, value, FR_ITEM_LEVELS, &r->item->category_n);
}

static void read_brand(struct reading *r, const json_t *value) {
    read_text(r, value, FR_ITEM_TEXT_BYTES, &r->item->brand);
}

static void read_price(struct reading *r, const json_t *value) {
    double price = json_number_value(value);
    if (!json_is_number(value))
        fault(r, FR_ITEM_BAD_TYPE);
    else if (!(price >= 0 && price <= 1e15))
        fault(r, FR_ITEM_BAD_NUMBER);
    else
        r->item->price = price + 0.; /* -0 is 0 */
}

static void read_currency(struct reading *r, const json_t *value) {
    read_text(r, value, FR_ITEM_CURRENCY_BYTES, &r->item->currency);
}

static void read_tags(struct reading *r, const json_t *value) {
    r->item->tags = read_texts(r, value, FR_ITEM_TAGS, &r->item->tag_n);
}

/* False: a fault, or no value at all. */
static bool read_attribute(struct reading *r, const char *name, const json_t *value,
                           struct fr_attribute *out) {
    struct fr_str key = fr_str_of(name);
    say_field(r, "attributes", name);
    if (json_is_null(value)) return false;
    if (key.len == 0 || key.len > FR_ITEM_TEXT_BYTES || record_has_controls(key)) {
        fault(r, FR_ITEM_BAD_TEXT);
        return false;
    }
    *out = (struct fr_attribute){.name = fr_arena_copy(r->arena, key)};
    if (json_is_boolean(value)) {
        out->kind = FR_ATTRIBUTE_BOOL;
        out->number = json_is_true(value);
        return true;
    }
    if (json_is_number(value)) {
        out->kind = FR_ATTRIBUTE_NUMBER;
        out->number = json_number_value(value) + 0.;
        return true;
    }
    out->kind = FR_ATTRIBUTE_STRING;
    return read_text(r, value, FR_ITEM_TEXT_BYTES, &out->text);
}

static void read_attributes(struct reading *r, const json_t *value) {
    if (!json_is_object(value)) {
        fault(r, FR_ITEM_BAD_TYPE);
        return;
    }
    if (json_object_size(value) > FR_ITEM_ATTRIBUTES) {
        fault(r, FR_ITEM_TOO_MANY);
        return;
    }
    struct fr_attribute *out = fr_arena_alloc(r->arena, (json_object_size(value) + 1) * sizeof *out);
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name, member) {
        r->item->attribute_n += read_attribute(r, name, member, &out[r->item->attribute_n]);
    }
    r->item->attributes = out;
}

static void read_available(struct reading *r, const json_t *value) {
    if (json_is_boolean(value))
        r->item->is_available = json_is_true(value);
    else
        fault(r, FR_ITEM_BAD_TYPE);
}

static void read_created(struct reading *r, const json_t *value) {
    enum record_time read = record_time(value, &r->item->created_ms);
    r->item->has_created = read == RECORD_TIME_READ;
    if (read == RECORD_TIME_BAD) fault(r, FR_ITEM_BAD_TIME);
    if (read == RECORD_TIME_NO_TIME) fault(r, FR_ITEM_BAD_TYPE);
}

static const struct {
    const char *name;
    void (*read)(struct reading *, const json_t *);
} fields[] = {{"id", read_id},          {"title", read_title},           {"category", read_category},
              {"brand", read_brand},    {"price", read_price},           {"currency", read_currency},
              {"tags", read_tags},      {"attributes", read_attributes}, {"available", read_available},
              {"created", read_created}};

static void read_fields(struct reading *r, const json_t *object, struct fr_str key) {
    uint32_t before = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        say_field(r, fields[i].name, "");
        if (value && !json_is_null(value)) fields[i].read(r, value);
        if (i == 0) before = r->faults->n;
    }
    say_field(r, "id", "");
    if (r->item->id.len == 0 && before == 0) fault(r, FR_ITEM_NO_ID);
    if (r->item->id.len && key.ptr && !fr_str_eq(key, r->item->id)) fault(r, FR_ITEM_OTHER_ID);
}

static json_t *parse(struct reading *r, struct fr_str text) {
    static const enum fr_item_fault_code codes[] = {[RECORD_NOT_JSON] = FR_ITEM_NOT_JSON,
                                                    [RECORD_DUPLICATE_KEY] = FR_ITEM_DUPLICATE_KEY,
                                                    [RECORD_NOT_OBJECT] = FR_ITEM_NOT_OBJECT};
    enum record_fault found;
    if (text.len > FR_ITEM_RECORD_BYTES) {
        fault(r, FR_ITEM_TOO_LARGE);
        return NULL;
    }
    json_t *root = record_parse(text, &found);
    if (!root) fault(r, codes[found]);
    return root;
}

bool fr_item_record_read(struct fr_str json, struct fr_str key, struct fr_arena *arena,
                         struct fr_item_record *out, struct fr_item_faults *faults) {
    struct reading r = {arena, out, faults, ""};
    *out = (struct fr_item_record){.price = (double)NAN, .is_available = true};
    faults->n = 0;
    json_t *root = parse(&r, json);
    if (!root) return false;
    read_fields(&r, root, key);
    json_decref(root);
    return faults->n == 0;
}

static void write_text(struct fr_buf *b, const char *key, struct fr_str text) {
    if (text.len == 0) return;
    fr_json_key(b, key);
    fr_json_str(b, text);
}

static void write_texts(struct fr_buf *b, const char *key, const struct fr_str *texts, uint32_t n) {
    if (n == 0) return;
    fr_json_key(b, key);
    fr_json_open(b, '[');
    for (uint32_t i = 0; i < n; i++) fr_json_str(b, texts[i]);
    fr_json_close(b, ']');
}

static void write_attributes(struct fr_buf *b, const struct fr_item_record *item) {
    if (item->attribute_n == 0) return;
    fr_json_key(b, "attributes");
    fr_json_open(b, '{');
    for (uint32_t i = 0; i < item->attribute_n; i++) {
        const struct fr_attribute *a = &item->attributes[i];
        fr_json_key_str(b, a->name);
        if (a->kind == FR_ATTRIBUTE_STRING)
            fr_json_str(b, a->text);
        else if (a->kind == FR_ATTRIBUTE_BOOL)
            fr_json_bool(b, a->number > 0);
        else
            fr_json_double(b, a->number);
    }
    fr_json_close(b, '}');
}

void fr_item_record_write(struct fr_buf *b, const struct fr_item_record *item) {
    fr_json_open(b, '{');
    write_text(b, "id", item->id);
    write_text(b, "title", item->title);
    write_texts(b, "category", item->category, item->category_n);
    write_text(b, "brand", item->brand);
    if (!isnan(item->price)) {
        fr_json_key(b, "price");
        fr_json_double(b, item->price);
    }
    write_text(b, "currency", item->currency);
    write_texts(b, "tags", item->tags, item->tag_n);
    write_attributes(b, item);
    if (!item->is_available) {
        fr_json_key(b, "available");
        fr_json_bool(b, false);
    }
    if (item->has_created) {
        fr_json_key(b, "created");
        fr_json_time(b, item->created_ms);
    }
    fr_json_close(b, '}');
}

const struct fr_attribute *fr_item_record_attribute(const struct fr_item_record *item, struct fr_str name) {
    for (uint32_t i = 0; i < item->attribute_n; i++)
        if (fr_str_eq(item->attributes[i].name, name)) return &item->attributes[i];
    return NULL;
}
