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
void fr_json_bool(struct fr_buf *b, bool v);
void fr_json_null(struct fr_buf *b);
void fr_json_time(struct fr_buf *b, fr_time_ms t);      /* RFC 3339 string */
void fr_json_raw(struct fr_buf *b, struct fr_str json); /* a value that is JSON already */

/* For a shape that is written ten thousand times a second: a value into room that the caller has reserved,
 * without a comma. Gives the end of what was written. */
#define FR_JSON_STR_BYTES(len) (6 * (size_t)(len) + 2) /* the most that fr_json_put_str writes */
enum { FR_JSON_UNSIGNED_BYTES = 20, FR_JSON_MILLIONTHS_BYTES = 27 };
char *fr_json_put_str(char *to, struct fr_str s);
#define FR_JSON_DOUBLE_BYTES 32 /* the most that fr_json_put_double writes, a NUL after the end included */
char *fr_json_put_double(char *to, double v);
char *fr_json_put_unsigned(char *to, uint64_t v);
char *fr_json_put_millionths(char *to,
                             uint64_t v); /* v / 1e6 exactly, without trailing zeros or an exponent */

#endif
