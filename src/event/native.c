/* The native event, scanned: the path of nearly every record.
 *
 * The walk takes a key, finds its row in the field table and stores the value at the row's offset; what is
 * not in the table is checked and skipped. At the first fault, of whatever kind, it stops: the text is then
 * read once more by fr_scan_check, whose verdict on the text as a whole wins over a field's (decode.h). Bad
 * records are rare and may cost twice. */
#include "formats.h"

struct walk {
    struct fr_scan scan;
    struct fr_decoding *d;
};

static bool fault(struct walk *w, enum fr_reject reason, struct fr_str field) {
    w->d->detail = field;
    return fr_scan_fail(&w->scan, reason);
}

/* Stores a scalar and notes the field when it does not fit. */
static bool store(struct walk *w, const struct fr_field *field, const struct fr_scalar *value, void *record) {
    enum fr_reject reason = fr_field_store(field, value, record);
    return !reason || fault(w, reason, field->name);
}

static bool item_member(struct walk *w, struct fr_event_item *item, struct fr_str key, uint32_t object) {
    const struct fr_field *field = fr_field_find(&w->d->decoder->item_index, key);
    struct fr_scalar value;
    if (!fr_keyset_add(w->scan.keys, object, key)) return fr_scan_fail(&w->scan, FR_REJECT_DUPLICATE_KEY);
    if (!field) return fr_scan_skip(&w->scan);
    if (!fr_scan_scalar(&w->scan, &value)) return false;
    return value.kind == FR_SCALAR_NULL || store(w, field, &value, item);
}

static bool item(struct walk *w, const struct fr_field *field, struct fr_event_item *out) {
    struct fr_scalar value;
    struct fr_str key;
    bool first = true;
    if (!fr_scan_scalar(&w->scan, &value)) return false;
    if (value.kind != FR_SCALAR_OBJECT) return fault(w, FR_REJECT_BAD_FIELD_TYPE, field->name);
    uint32_t object = fr_keyset_object(w->scan.keys);
    fr_event_item_blank(out);
    if (!fr_scan_open(&w->scan)) return false;
    while (fr_scan_next(&w->scan, &first, '}', &key))
        if (!item_member(w, out, key, object)) return false;
    return !w->scan.fault;
}

static bool items(struct walk *w, const struct fr_field *field) {
    struct fr_field_scratch *scratch = &w->d->decoder->scratch;
    bool first = true;
    uint32_t n = 0;
    if (!fr_scan_open(&w->scan)) return false;
    while (fr_scan_next(&w->scan, &first, ']', NULL)) {
        if (n == FR_EVENT_ITEMS) return fault(w, FR_REJECT_TOO_MANY, field->name);
        if (!item(w, field, &scratch->items[n++])) return false;
    }
    fr_field_take_items(w->d->event, scratch, n, w->d->arena);
    return !w->scan.fault;
}

static bool impression(struct walk *w, const struct fr_field *field) {
    struct fr_field_scratch *scratch = &w->d->decoder->scratch;
    struct fr_scalar value;
    bool first = true;
    uint32_t n = 0;
    if (!fr_scan_open(&w->scan)) return false;
    while (fr_scan_next(&w->scan, &first, ']', NULL)) {
        if (n == FR_EVENT_IMPRESSIONS) return fault(w, FR_REJECT_TOO_MANY, field->name);
        if (!fr_scan_scalar(&w->scan, &value)) return false;
        enum fr_reject reason = fr_field_id(&value, &scratch->impression[n++]);
        if (reason) return fault(w, reason, field->name);
    }
    fr_field_take_impression(w->d->event, scratch, n, w->d->arena);
    return !w->scan.fault;
}

static bool attributes(struct walk *w, const struct fr_field *field) {
    struct fr_field_scratch *scratch = &w->d->decoder->scratch;
    uint32_t object = fr_keyset_object(w->scan.keys), n = 0;
    struct fr_scalar value;
    struct fr_str key;
    bool first = true;
    if (!fr_scan_open(&w->scan)) return false;
    while (fr_scan_next(&w->scan, &first, '}', &key)) {
        if (!fr_keyset_add(w->scan.keys, object, key)) return fr_scan_fail(&w->scan, FR_REJECT_DUPLICATE_KEY);
        if (n == FR_EVENT_ATTRIBUTES) return fault(w, FR_REJECT_TOO_MANY, field->name);
        if (!fr_scan_scalar(&w->scan, &value)) return false;
        enum fr_reject reason = fr_field_attribute(key, &value, &scratch->attributes[n++]);
        if (reason) return fault(w, reason, field->name);
    }
    fr_field_take_attributes(w->d->event, scratch, n, w->d->arena);
    return !w->scan.fault;
}

static bool consent_member(struct walk *w, const struct fr_field *field, struct fr_str key) {
    struct fr_scalar value;
    if (!fr_scan_scalar(&w->scan, &value)) return false;
    enum fr_reject reason = fr_field_consent(key, &value, w->d->event);
    if (reason) return fault(w, reason, field->name);
    return value.kind < FR_SCALAR_OBJECT || fr_scan_skip(&w->scan);
}

static bool consent(struct walk *w, const struct fr_field *field) {
    uint32_t object = fr_keyset_object(w->scan.keys);
    struct fr_str key;
    bool first = true;
    if (!fr_scan_open(&w->scan)) return false;
    while (fr_scan_next(&w->scan, &first, '}', &key)) {
        if (!fr_keyset_add(w->scan.keys, object, key)) return fr_scan_fail(&w->scan, FR_REJECT_DUPLICATE_KEY);
        if (!consent_member(w, field, key)) return false;
    }
    return !w->scan.fault;
}

/* s->at stands at a bracket. */
static bool nested(struct walk *w, const struct fr_field *field, enum fr_scalar_kind kind) {
    bool object = kind == FR_SCALAR_OBJECT;
    if (field->kind == FR_FIELD_ITEMS && !object) return items(w, field);
    if (field->kind == FR_FIELD_IMPRESSION && !object) return impression(w, field);
    if (field->kind == FR_FIELD_ATTRIBUTES && object) return attributes(w, field);
    if (field->kind == FR_FIELD_CONSENT && object) return consent(w, field);
    return fault(w, FR_REJECT_BAD_FIELD_TYPE, field->name);
}

static bool foreign(struct walk *w) {
    w->d->decoder->foreign = true;
    return fr_scan_skip(&w->scan);
}

static bool known(struct walk *w, const struct fr_field *field, uint64_t *fields_seen) {
    struct fr_scalar value;
    if (field->kind == FR_FIELD_FOREIGN) return foreign(w);
    if (!fr_scan_scalar(&w->scan, &value)) return false;
    if (value.kind == FR_SCALAR_NULL) return true;
    uint64_t bit = (uint64_t)1 << field->number;
    if (*fields_seen & bit) return fault(w, FR_REJECT_DUPLICATE_KEY, field->name);
    *fields_seen |= bit;
    if (value.kind >= FR_SCALAR_OBJECT) return nested(w, field, value.kind);
    return store(w, field, &value, w->d->event);
}

static void object(struct walk *w) {
    const struct fr_field_index *index = &w->d->decoder->event_index;
    uint64_t names_seen = 0, fields_seen = 0;
    uint32_t number = fr_keyset_object(w->scan.keys);
    struct fr_str key;
    bool first = true;
    if (!fr_scan_open(&w->scan)) return;
    while (fr_scan_next(&w->scan, &first, '}', &key)) {
        const struct fr_field *field = fr_field_find(index, key);
        uint64_t bit = field ? (uint64_t)1 << (field - index->fields) : 0;
        bool twice = field ? (names_seen & bit) != 0 : !fr_keyset_add(w->scan.keys, number, key);
        names_seen |= bit;
        if (twice) fr_scan_fail(&w->scan, FR_REJECT_DUPLICATE_KEY);
        if (w->scan.fault || !(field ? known(w, field, &fields_seen) : fr_scan_skip(&w->scan))) return;
    }
    if (!w->scan.fault) fr_scan_finish(&w->scan);
}

enum fr_reject fr_native_scan(struct fr_decoding *d, struct fr_str text) {
    struct walk w = {.d = d};
    d->decoder->foreign = false;
    fr_event_blank(d->event);
    if (fr_scan_start(&w.scan, text, d->arena, &d->decoder->keys)) {
        if (w.scan.at == w.scan.end || *w.scan.at != '{')
            fr_scan_fail(&w.scan, FR_REJECT_NOT_OBJECT);
        else
            object(&w);
    }
    if (!w.scan.fault) return FR_REJECT_NONE;
    enum fr_reject of_text = fr_scan_check(text, d->arena, &d->decoder->keys);
    if (of_text) d->detail = (struct fr_str){0};
    return of_text ? of_text : w.scan.fault;
}
