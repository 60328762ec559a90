/* formats.h - what the decoders of event/ share: the decoder itself and the entry points behind the table in
 * decode.c. Private to event/. */
#ifndef FR_EVENT_FORMATS_H
#define FR_EVENT_FORMATS_H

#include "fields.h"
#include <jansson.h>

struct fr_decoder {
    const struct fr_event_rules *rules;
    struct fr_field_index event_index, item_index;
    struct fr_field_scratch scratch;
    struct fr_keyset keys;
    bool foreign; /* the last native scan met a key of FR_FIELD_FOREIGN_MAP */
};

/* One decoding, passed down: where things go. */
struct fr_decoding {
    struct fr_decoder *decoder;
    struct fr_arena *arena;
    struct fr_event *event;
    struct fr_str detail;
};

static inline enum fr_reject fr_decoding_fault(struct fr_decoding *d, enum fr_reject fault,
                                               struct fr_str field) {
    d->detail = field;
    return fault;
}

/* Fills d->event from one native event; blanks it first. */
enum fr_reject fr_native_scan(struct fr_decoding *d, struct fr_str text);
enum fr_reject fr_native_walk(struct fr_decoding *d, json_t *object);

/* Sets *out to the bytes that base64 text (RFC 4648, padded or not) stands for, in the arena. */
bool fr_base64_read(struct fr_arena *arena, struct fr_str text, struct fr_str *out);

/* Parses with Jansson under the rules of decode.h. *out is given, free with json_decref; NULL unless NONE. */
enum fr_reject fr_json_parse(struct fr_decoding *d, struct fr_str text, json_t **out);
/* The value of an object's string member, copied to the arena; empty when absent or of another type. */
struct fr_str fr_json_member(struct fr_decoding *d, const json_t *object, const char *key);

/* CloudEvents 1.0: is it one, and what is in it. body is NULL when the headers gave it away. */
bool fr_cloudevent_in_headers(const struct fr_decode_input *in);
bool fr_cloudevent_in_body(const json_t *body);
enum fr_reject fr_cloudevent_decode(struct fr_decoding *d, const struct fr_decode_input *in,
                                    struct fr_str value, json_t *body);

#endif
