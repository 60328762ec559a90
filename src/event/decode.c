/* One table of formats between a record and an event.
 *
 * Problem   most records are native and must cost next to nothing; the others may come in any of a growing
 * number of envelopes, some known by their headers, some only by what is in the body. Choice    headers are
 * asked first: they are at hand. Then the native scanner runs, without looking around. Only when it met a key
 * that belongs to another format, or a field that does not fit, is the body parsed with Jansson and each row
 * asked whether it is its own. Adding a format: a row here, its keys in FR_FIELD_FOREIGN_MAP, its decoder in
 * a file of its own. */
#include "freshet/event/decode.h"
#include "formats.h"
#include "freshet/base/err.h"
#include <stdlib.h>

static const struct {
    const char *name;
    bool (*in_headers)(const struct fr_decode_input *in);
    bool (*in_body)(const json_t *body);
    /* body is NULL when in_headers said yes */
    enum fr_reject (*decode)(struct fr_decoding *d, const struct fr_decode_input *in, struct fr_str value,
                             json_t *body);
} formats[] = {
    {"cloudevents", fr_cloudevent_in_headers, fr_cloudevent_in_body, fr_cloudevent_decode},
};

enum { FORMAT_N = sizeof formats / sizeof *formats, FRAME_BYTES = 5 };

struct fr_decoder *fr_decoder_new(const struct fr_event_rules *rules) {
    struct fr_decoder *decoder = fr_alloc_zero(1, sizeof *decoder);
    decoder->rules = rules;
    fr_field_index_event(&decoder->event_index);
    fr_field_index_item(&decoder->item_index);
    return decoder;
}

void fr_decoder_free(struct fr_decoder **decoder) {
    if (*decoder) fr_keyset_fini(&(*decoder)->keys);
    free(*decoder);
    *decoder = NULL;
}

/* Takes Confluent's framing off: a zero byte and the schema's id in four. Behind it only JSON is of use. */
static enum fr_reject unframe(struct fr_str *value) {
    if (value->ptr[0] != '\0') return FR_REJECT_NONE;
    if (value->len <= FRAME_BYTES || value->ptr[FRAME_BYTES] != '{') return FR_REJECT_FRAMED_BINARY;
    *value = (struct fr_str){value->ptr + FRAME_BYTES, value->len - FRAME_BYTES};
    return FR_REJECT_NONE;
}

/* The record is not, or not only, a native event: is it another format's? If not, native stands. */
static enum fr_reject by_body(struct fr_decoding *d, const struct fr_decode_input *in, struct fr_str value,
                              enum fr_reject native) {
    json_t *body;
    if (fr_json_parse(d, value, &body)) return native;
    for (unsigned i = 0; i < FORMAT_N; i++) {
        if (!formats[i].in_body(body)) continue;
        d->detail = (struct fr_str){0};
        native = formats[i].decode(d, in, value, body);
        break;
    }
    json_decref(body);
    return native;
}

static enum fr_reject decode(struct fr_decoding *d, const struct fr_decode_input *in) {
    struct fr_str value = in->value;
    if (value.len == 0) return FR_REJECT_EMPTY;
    if (value.len > d->decoder->rules->max_bytes) return FR_REJECT_TOO_LARGE;
    enum fr_reject reason = unframe(&value);
    if (reason) return reason;
    for (unsigned i = 0; i < FORMAT_N; i++)
        if (formats[i].in_headers(in)) return formats[i].decode(d, in, value, NULL);
    reason = fr_native_scan(d, value);
    return reason || d->decoder->foreign ? by_body(d, in, value, reason) : FR_REJECT_NONE;
}

enum fr_reject fr_decode(struct fr_decoder *decoder, const struct fr_decode_input *in, struct fr_arena *arena,
                         struct fr_event *out, struct fr_str *detail) {
    struct fr_decoding d = {decoder, arena, out, {0}};
    enum fr_reject reason = decode(&d, in);
    if (detail) *detail = d.detail;
    return reason;
}

enum fr_reject fr_decode_native(struct fr_decoder *decoder, struct fr_str text, struct fr_arena *arena,
                                struct fr_event *out, struct fr_str *detail) {
    struct fr_decoding d = {decoder, arena, out, {0}};
    enum fr_reject reason = fr_native_scan(&d, text);
    if (detail) *detail = d.detail;
    return reason;
}

enum fr_reject fr_decode_native_jansson(struct fr_decoder *decoder, struct fr_str text,
                                        struct fr_arena *arena, struct fr_event *out, struct fr_str *detail) {
    struct fr_decoding d = {decoder, arena, out, {0}};
    json_t *root;
    enum fr_reject reason = fr_json_parse(&d, text, &root);
    if (!reason) reason = fr_native_walk(&d, root);
    json_decref(root);
    if (detail) *detail = d.detail;
    return reason;
}
