/* log.h - one line per thing that happened, with a stable event code and fields.
 *
 *   fr_log(FR_LOG_WARN, "STORE-RECONNECT", "url=%s attempt=%d", url, n);
 *
 * Only adapt/, run/ and app/ log. Never payloads, never user ids; never a line per record. Lines go to
 * standard error as logfmt or JSON. At most 10 lines a code in 10 s; what was suppressed is counted in the
 * code's next line. Threads: any. fields is a printf format of space-separated key=value; values with spaces
 * are quoted by the caller
 * ("text=\"%s\""). */
#ifndef FR_BASE_LOG_H
#define FR_BASE_LOG_H

#include "freshet/base/err.h"

enum fr_log_level { FR_LOG_DEBUG, FR_LOG_INFO, FR_LOG_WARN, FR_LOG_ERROR, FR_LOG_LEVEL_N };
enum fr_log_format { FR_LOG_LOGFMT, FR_LOG_JSON };

void fr_log_setup(enum fr_log_level least, enum fr_log_format format);
void fr_log(enum fr_log_level level, const char *code, const char *fields, ...) FR_PRINTF(3, 4);
/* Lines written so far at a level, for the metric. */
unsigned long long fr_log_count(enum fr_log_level level);

#endif
