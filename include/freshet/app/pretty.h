/* pretty.h - JSON for people to read.
 *
 * Threads   any. */
#ifndef FR_APP_PRETTY_H
#define FR_APP_PRETTY_H

#include "freshet/base/buf.h"

/* Appends the same JSON over several lines: an object or array that is short and holds no other stays on one. json is
 * valid, as base/json.h writes it. */
void fr_json_pretty(struct fr_buf *b, struct fr_str json);

#endif
