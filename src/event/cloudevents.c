/* CloudEvents 1.0 over Kafka, both modes of its protocol binding. The envelope's attributes fill what the
 * data leaves open and never overrule it: whoever wrote the data knew the event, whoever wrapped it may only
 * have known the topic. */
#include "formats.h"
#include "freshet/base/utf8.h"
#include "freshet/event/when.h"
#include <strings.h>

struct attributes {
    struct fr_str specversion, id, source, type, time, subject;
};

static const struct {
    struct fr_str header;
    const char *member;
    size_t offset;
} names[] = {
#define ATTRIBUTE(name) \
    { {"ce_" #name, sizeof("ce_" #name) - 1}, #name, offsetof(struct attributes, name) }
    ATTRIBUTE(specversion), ATTRIBUTE(id),   ATTRIBUTE(source),
    ATTRIBUTE(type),        ATTRIBUTE(time), ATTRIBUTE(subject),
#undef ATTRIBUTE
};

enum { NAME_N = sizeof names / sizeof *names };

static bool equal_ignoring_case(struct fr_str a, struct fr_str b) {
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

/* The last header of that name wins, as in Kafka's own lookup. */
static struct fr_str header(const struct fr_decode_input *in, struct fr_str name) {
    for (uint32_t i = in->header_n; i-- > 0;)
        if (equal_ignoring_case(in->headers[i].name, name)) return in->headers[i].value;
    return (struct fr_str){0};
}

static bool is_structured(const struct fr_decode_input *in) {
    static const struct fr_str prefix = {"application/cloudevents", 23};
    struct fr_str type = header(in, FR_STR("content-type"));
    if (type.len > prefix.len) type.len = prefix.len;
    return equal_ignoring_case(type, prefix);
}

bool fr_cloudevent_in_headers(const struct fr_decode_input *in) {
    return in->header_n && (is_structured(in) || header(in, names[0].header).len);
}

bool fr_cloudevent_in_body(const json_t *body) {
    return json_object_get(body, "specversion") && json_object_get(body, "type") &&
           json_object_get(body, "source");
}

static struct fr_str *attribute(struct attributes *a, unsigned i) {
    return (struct fr_str *)(void *)((char *)a + names[i].offset);
}

static enum fr_reject check(struct fr_decoding *d, struct attributes *a) {
    for (unsigned i = 0; i < NAME_N; i++)
        if (!fr_utf8_valid(*attribute(a, i)))
            return fr_decoding_fault(d, FR_REJECT_BAD_UTF8, fr_str_of(names[i].member));
    if (!fr_str_eq(a->specversion, FR_STR("1.0")))
        return fr_decoding_fault(d, FR_REJECT_BAD_CLOUDEVENT, FR_STR("specversion"));
    if (a->id.len == 0) return fr_decoding_fault(d, FR_REJECT_BAD_CLOUDEVENT, FR_STR("id"));
    if (a->source.len == 0) return fr_decoding_fault(d, FR_REJECT_BAD_CLOUDEVENT, FR_STR("source"));
    if (a->type.len == 0) return fr_decoding_fault(d, FR_REJECT_BAD_CLOUDEVENT, FR_STR("type"));
    return FR_REJECT_NONE;
}

/* "com.shop.purchase" is a purchase, unless the configuration knows the whole name. */
static struct fr_str type_name(const struct fr_event_rules *rules, struct fr_str type) {
    if (fr_event_rules_type(rules, type) != FR_EVENT_NONE) return type;
    for (uint32_t i = type.len; i-- > 0;)
        if (type.ptr[i] == '.') return (struct fr_str){type.ptr + i + 1, type.len - i - 1};
    return type;
}

/* Fills what the data left open. */
static enum fr_reject complete(struct fr_decoding *d, const struct attributes *a) {
    struct fr_event *e = d->event;
    if (e->event_id.len == 0) e->event_id = a->id;
    if (e->type_name.len == 0) e->type_name = type_name(d->decoder->rules, a->type);
    if (e->user_id.len == 0 && e->anonymous_id.len == 0) e->user_id = a->subject;
    if (e->has_time || a->time.len == 0) return FR_REJECT_NONE;
    e->has_time = fr_time_parse_rfc3339(a->time, &e->time_ms);
    return e->has_time ? FR_REJECT_NONE : fr_decoding_fault(d, FR_REJECT_BAD_TIME, FR_STR("time"));
}

static enum fr_reject binary(struct fr_decoding *d, const struct fr_decode_input *in, struct fr_str value) {
    struct attributes a = {0};
    for (unsigned i = 0; i < NAME_N; i++) *attribute(&a, i) = header(in, names[i].header);
    enum fr_reject reason = check(d, &a);
    if (!reason) reason = fr_native_scan(d, value);
    return reason ? reason : complete(d, &a);
}

static enum fr_reject data_base64(struct fr_decoding *d, const json_t *body) {
    struct fr_str text = fr_json_member(d, body, "data_base64"), data;
    if (!fr_base64_read(d->arena, text, &data))
        return fr_decoding_fault(d, FR_REJECT_BAD_CLOUDEVENT, FR_STR("data_base64"));
    return fr_native_scan(d, data);
}

/* The data of an envelope: a JSON object, base64 of one, or none (the attributes say it all). */
static enum fr_reject data_of(struct fr_decoding *d, json_t *body) {
    json_t *data = json_object_get(body, "data");
    if (json_object_get(body, "data_base64")) return data_base64(d, body);
    if (json_is_object(data)) return fr_native_walk(d, data);
    if (data && !json_is_null(data)) return fr_decoding_fault(d, FR_REJECT_NOT_OBJECT, FR_STR("data"));
    fr_event_blank(d->event);
    return FR_REJECT_NONE;
}

static enum fr_reject structured(struct fr_decoding *d, json_t *body) {
    struct attributes a = {0};
    for (unsigned i = 0; i < NAME_N; i++) *attribute(&a, i) = fr_json_member(d, body, names[i].member);
    enum fr_reject reason = check(d, &a);
    if (!reason) reason = data_of(d, body);
    return reason ? reason : complete(d, &a);
}

enum fr_reject fr_cloudevent_decode(struct fr_decoding *d, const struct fr_decode_input *in,
                                    struct fr_str value, json_t *body) {
    if (body) return structured(d, body);
    if (!is_structured(in)) return binary(d, in, value);
    enum fr_reject reason = fr_json_parse(d, value, &body);
    if (reason) return reason;
    reason = structured(d, body);
    json_decref(body);
    return reason;
}
