/* normal.h - the one spelling of ids and texts. Private to event/. Each returns false when the string cannot
 * be used, and otherwise leaves its normal form in *s: lent as before, or by the arena where bytes had to
 * change. */
#ifndef FR_EVENT_NORMAL_H
#define FR_EVENT_NORMAL_H

#include "freshet/base/arena.h"

struct fr_str fr_normal_trim(struct fr_str s); /* ASCII white space off both ends */
/* Trimmed; 1 to FR_EVENT_ID_BYTES bytes of UTF-8 without control characters. */
bool fr_normal_id(struct fr_str *s);
/* Trimmed, white space inside made single spaces; at most FR_EVENT_TEXT_BYTES, no other control characters.
 * May come out empty. */
bool fr_normal_text(struct fr_arena *arena, struct fr_str *s);
/* Three letters, made upper-case (ISO 4217 in shape; which codes exist is not checked). */
bool fr_normal_currency(struct fr_arena *arena, struct fr_str *s);

#endif
