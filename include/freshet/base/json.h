/* json.h - appends compact JSON to a buffer. For output records and reports; parsing is event/'s and app/'s
 * job (Jansson).
 *
 *   fr_json_open(b, '{'); fr_json_key(b, "score"); fr_json_number(b, .5); fr_json_close(b, '}');
 *
 * Promise   keys in the order given; commas by themselves; valid UTF-8 is kept, invalid bytes become U+FFFD;
 * control characters are escaped; NaN and infinities become null; doubles have 6 significant digits. Not no
 * check of nesting: a wrong order of calls writes wrong JSON (tests parse every record). */
#ifndef FR_BASE_JSON_H
#define FR_BASE_JSON_H

#include "freshet/base/buf.h"
#include "freshet/base/clock.h"

void fr_json_open(struct fr_buf *b, char bracket);   /* '{' or '[' */
void fr_json_close(struct fr_buf *b, char bracket);  /* '}' or ']' */
void fr_json_key(struct fr_buf *b, const char *key); /* plain ASCII, no escapes needed */
void fr_json_key_str(struct fr_buf *b, struct fr_str key);
void fr_json_str(struct fr_buf *b, struct fr_str s);
void fr_json_int(struct fr_buf *b, int64_t v);
void fr_json_number(struct fr_buf *b, double v); /* %.6g, without its cost */
void fr_json_double(struct fr_buf *b, double v); /* as few digits as read back the same double */
/* value / 10^places exactly, without trailing zeros and without an exponent; places at most 18. */
void fr_json_decimal(struct fr_buf *b, uint64_t value, unsigned places);
void fr_json_bool(struct fr_buf *b, bool v);
void fr_json_null(struct fr_buf *b);
void fr_json_time(struct fr_buf *b, fr_time_ms t);      /* RFC 3339 string */
void fr_json_raw(struct fr_buf *b, struct fr_str json); /* a value that is JSON already */

#endif
