/* record_text.h - what readers of the compacted topics' records have in common: JSON of a record, names of fields, times.
 * Private to catalog/. */
#ifndef FR_CATALOG_RECORD_TEXT_H
#define FR_CATALOG_RECORD_TEXT_H

#include "freshet/base/clock.h"
#include <jansson.h>

enum { FR_RECORD_FIELD_BYTES = 48 };

/* What of text fits, cut between characters, and a NUL. */
void record_copy(char *out, size_t size, const char *text);
/* "name" or "name.member"; cut likewise. */
void record_field(char out[FR_RECORD_FIELD_BYTES], const char *name, const char *member);
bool record_has_controls(struct fr_str s);

enum record_fault { RECORD_GOOD, RECORD_NOT_JSON, RECORD_DUPLICATE_KEY, RECORD_NOT_OBJECT };
/* NULL with *fault, or the object, which the caller drops. */
json_t *record_parse(struct fr_str text, enum record_fault *fault);

enum record_time { RECORD_TIME_READ, RECORD_TIME_EMPTY, RECORD_TIME_BAD, RECORD_TIME_NO_TIME };
/* A number or a text, as event/when.h reads them; NO_TIME: another JSON type. */
enum record_time record_time(const json_t *value, fr_time_ms *out);

#endif
