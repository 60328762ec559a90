/* when.h - the many ways a timestamp is written, as milliseconds since 1970 UTC.
 *
 * A number is read by its magnitude: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds;
 * anything larger cannot be read. So seconds work until the year 5138 and milliseconds from 1973-03-03 on.
 * Negative numbers are times before 1970. Fractions of a millisecond are cut, except that a real is rounded:
 * a double does not hold most decimal fractions. Pure; any thread. */
#ifndef FR_EVENT_WHEN_H
#define FR_EVENT_WHEN_H

#include "freshet/base/clock.h"

bool fr_when_integer(int64_t number, fr_time_ms *out);
bool fr_when_real(double number, fr_time_ms *out);
/* RFC 3339 as base/clock.h reads it, or digits with an optional sign and an optional fraction. */
bool fr_when_text(struct fr_str text, fr_time_ms *out);

#endif
