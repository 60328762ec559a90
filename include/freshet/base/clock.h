/* clock.h - time as numbers. Event and record times are milliseconds since 1970 UTC; durations for metrics
 * are microseconds of a monotonic clock. Only app/, run/ threads and adapt/ read clocks; everyone else takes
 * time as an argument. */
#ifndef FR_BASE_CLOCK_H
#define FR_BASE_CLOCK_H

#include "freshet/base/str.h"

typedef int64_t fr_time_ms; /* since 1970-01-01T00:00:00Z */
typedef int64_t fr_mono_us; /* monotonic, arbitrary origin */

fr_time_ms fr_clock_wall_ms(void);
fr_mono_us fr_clock_mono_us(void);
int64_t fr_clock_cpu_ns(void); /* processor time of the calling thread, for benchmarks */
void fr_clock_sleep_ms(unsigned ms);

/* RFC 3339 "2026-11-23T15:04:05.123Z" (offsets +hh:mm and a space or t for the T accepted; digits after the
 * millisecond are cut; leap second 60 counts as 59.999). Years 0001 to 9999. False when the text is anything
 * else. */
bool fr_time_parse_rfc3339(struct fr_str text, fr_time_ms *out);
/* 24 bytes "2026-11-23T15:04:05.123Z" and a NUL; times outside years 0001 to 9999 are clamped. */
void fr_time_format(fr_time_ms t, char out[25]);

#endif
