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
bool fr_marks_any_until(const struct fr_history *h, fr_time_ms t);    /* of any entry */
fr_time_ms fr_marks_earliest(const struct fr_history *h, uint32_t i); /* INT64_MAX: it has none */
bool fr_marks_drop_until(struct fr_history *h, uint32_t i, fr_time_ms t);

/* Makes room at index `at` for an entry without marks. The caller keeps the order of ids. */
void fr_history_insert(struct fr_history *h, uint32_t at, uint32_t id, fr_time_ms touch_ms);
void fr_history_append_undo(struct fr_history *h, struct fr_history_undo undo);
/* The undos that still wait, ascending by (id, type); returns how many. */
uint32_t fr_history_waiting(const struct fr_history *h, const struct fr_history_use *use,
                            struct fr_history_undo out[FR_HISTORY_UNDOS]);
#endif
