/* history_marks.h - the flat array of live times inside a history; only history*.c and the codec include it.
 * Each entry's marks stand together, sorted; ranges do not overlap and leave no gap; the range of an entry
 * without marks means nothing. */
#ifndef FR_PROFILE_HISTORY_MARKS_H
#define FR_PROFILE_HISTORY_MARKS_H

#include "freshet/profile/history.h"

/* Adds a mark to entry i; of its behaviour only the times_kept latest stay. */
void fr_marks_add(struct fr_history *h, uint32_t i, uint64_t mark, uint32_t times_kept);
void fr_marks_remove(struct fr_history *h, uint32_t at, uint32_t n);
/* Both return whether any went: those of one behaviour until t, and all until t. */
bool fr_marks_undo(struct fr_history *h, uint32_t i, enum fr_event_type behaviour, fr_time_ms t);
fr_time_ms fr_marks_earliest(const struct fr_history *h, uint32_t i); /* INT64_MAX: it has none */
bool fr_marks_drop_until(struct fr_history *h, uint32_t i, fr_time_ms t);

/* For decoding: appends an entry without marks. The caller keeps the invariants. */
void fr_history_append(struct fr_history *h, uint32_t id, fr_time_ms touch_ms);
void fr_history_append_undo(struct fr_history *h, struct fr_history_undo undo);
/* The undos that still wait, ascending by (id, type); returns how many. */
uint32_t fr_history_waiting(const struct fr_history *h, const struct fr_history_use *use,
                            struct fr_history_undo out[FR_HISTORY_UNDOS]);
/* Numbers of the n entries, ascending by id, bytewise. */
void fr_history_order(const struct fr_history *h, const struct fr_dict *ids, uint32_t *order);

#endif
