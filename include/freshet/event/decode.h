/* decode.h - a record's bytes to a struct fr_event, whatever format they came in.
 *
 * Formats   native: one flat JSON object (docs/EVENTS.md). cloudevents: CloudEvents 1.0, structured
 *           (content-type application/cloudevents*, or a body with specversion, type and source) and binary
 *           (ce_ headers). Confluent framing (0x00 and a 4-byte schema id) is stripped in front of a JSON
 *           object.
 * Promise   total: any bytes give an event or one reason. The native scanner and its Jansson twin give the
 *           same reason and the same event for every input; a fuzz target holds them to that.
 * Not       no judgement of values: missing fields, lengths, times out of range are fr_clean's.
 * Threads   one owner a decoder.
 * Memory    a decoder owns scratch memory and keeps (does not copy) the rules. Strings of *out are lent by
 *           the input or the arena, and live as long as both.
 *
 * What both native paths hold to, where JSON and its parsers leave room:
 *   - A fault of the text wins over a fault of a field, wherever each stands; among field faults the first
 * counts. Among faults of the text BAD_UTF8 wins; otherwise the first counts.
 *   - TRUNCATED: the text, or its last UTF-8 character, ends before the value does. NOT_JSON: any other
 * syntax.
 *   - The same key twice in one object, at any depth and known or not, is DUPLICATE_KEY; so is a field given
 * by two of its names. null means absent and so does an empty string, which can hold no id.
 *   - More than FR_DECODE_DEPTH brackets open at once: TOO_DEEP. (Jansson alone would go to 2048.)
 *   - An integer outside int64 or a real that overflows a double is BAD_NUMBER even in a field that is
 * ignored.
 *   - U+0000 may stand in a value (cleaning rejects it in ids and texts) but not in a key: BAD_TEXT.
 *   - \ud800 to \udfff that do not pair up are BAD_UTF8.
 *   - Ids may be JSON integers: their decimal text is the id. Counts may be reals without a fraction. */
#ifndef FR_EVENT_DECODE_H
#define FR_EVENT_DECODE_H

#include "freshet/base/arena.h"
#include "freshet/event/reject.h"
#include "freshet/event/rules.h"

enum { FR_DECODE_DEPTH = 16 };

struct fr_decode_header {
    struct fr_str name, value;
};

struct fr_decode_input {
    struct fr_str key, value; /* an absent value has len 0 */
    const struct fr_decode_header *headers;
    uint32_t header_n;
};

struct fr_decoder; /* opaque; about 16 KB */

struct fr_decoder *fr_decoder_new(const struct fr_event_rules *rules); /* gives; free with fr_decoder_free */
void fr_decoder_free(struct fr_decoder **decoder);

/* Fills *out and returns FR_REJECT_NONE, or returns why not; *out is then unspecified. *detail (may be NULL)
 * gets the field or attribute at fault, static text, or is empty. */
enum fr_reject fr_decode(struct fr_decoder *decoder, const struct fr_decode_input *in, struct fr_arena *arena,
                         struct fr_event *out, struct fr_str *detail);

/* The two native paths by themselves: text is one native event, without framing. */
enum fr_reject fr_decode_native(struct fr_decoder *decoder, struct fr_str text, struct fr_arena *arena,
                                struct fr_event *out, struct fr_str *detail);
enum fr_reject fr_decode_native_jansson(struct fr_decoder *decoder, struct fr_str text,
                                        struct fr_arena *arena, struct fr_event *out, struct fr_str *detail);

#endif
