/* clean.h - a decoded event made whole and fit to count, or the reason why it cannot be.
 *
 * Promise   a function of its arguments alone: time is the record's and the watermark's, never the wall
 *           clock's, so last year's log gives the same events today. Cleaning a clean event changes nothing.
 * Not       no duplicates and no rate caps: they need the user's state (profile/).
 * Threads   any, with its own event and arena.
 * Memory    strings of the event are lent by what they were lent by before, or by the arena. */
#ifndef FR_EVENT_CLEAN_H
#define FR_EVENT_CLEAN_H

#include "freshet/base/arena.h"
#include "freshet/event/reject.h"
#include "freshet/event/rules.h"

/* What holds for an accepted event:
 *   type       known, or OTHER by policy.
 *   ids        trimmed of ASCII white space; 1 to FR_EVENT_ID_BYTES bytes of UTF-8 without control characters.
 *   user_id    set: the one given, or "anon:" and the anonymous_id. anonymous_id stays for stitching.
 *   items      if there are any, item_id is empty (items win); each has an item_id.
 *   texts      trimmed, runs of white space made one space, at most FR_EVENT_TEXT_BYTES, no other control
 *              characters; currency is three upper-case letters.
 *   purchase   quantity is 1 where it was not given.
 *   price      at least 0 where it was given.
 *   time_ms    set: the record's timestamp if none was given; a time ahead of the record by at most
 *              max_future_ms is the record's; within [earliest_ms, record_ms] and not below
 *              watermark_ms - lateness_ms.
 * Checks run in this order, the first fault counts: version, type, ids, user, items, texts, numbers, what the
 * type needs, time. record_ms is the record's timestamp; watermark_ms is the partition's before this event
 * (INT64_MIN at first). *detail (may be NULL) gets the field at fault, static text, or is empty. */
enum fr_reject fr_clean(const struct fr_event_rules *rules, struct fr_arena *arena, fr_time_ms record_ms,
                        fr_time_ms watermark_ms, struct fr_event *event, struct fr_str *detail);

/* The partition's watermark after an accepted event: the latest event time seen. A user_delete does not move it: when
 * somebody asks to be forgotten says nothing about the time of what people do, least of all in a log of last year. */
static inline fr_time_ms fr_watermark_advance(fr_time_ms watermark_ms, const struct fr_event *event) {
    return event->type != FR_EVENT_USER_DELETE && event->time_ms > watermark_ms ? event->time_ms
                                                                                : watermark_ms;
}

/* What the profile knows of the user's last session. */
struct fr_completion {
    struct fr_str session_id;                    /* empty: none */
    fr_time_ms session_start_ms, session_end_ms; /* first and last event of it */
    int64_t gap_ms;                              /* a longer silence begins another session */
    struct fr_str currency;                      /* last one used; empty: none */
};

/* Fills session_id where it is missing and the event falls into the session or within gap_ms of it, on either
 * side; fills currency where it is missing and there is a price to count in it, under the same condition.
 * Borrows the strings of known. */
void fr_complete(struct fr_event *event, const struct fr_completion *known);

#endif
