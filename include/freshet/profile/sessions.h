/* sessions.h - visits: runs of events with no gap longer than rules->session_gap_ms.
 *
 * Promise   what is kept is a function of the set of times, as long as none is older than the latest less
 *           lateness. Sessions that no late event can reach any more are only counted.
 * Threads   one owner.
 * Memory    owns its array; zero-initialised is empty. */
#ifndef FR_PROFILE_SESSIONS_H
#define FR_PROFILE_SESSIONS_H

#include "freshet/profile/rules.h"

enum { FR_SESSIONS_OPEN = 64 }; /* more are closed, the oldest first */

struct fr_session {
    fr_time_ms start_ms, end_ms; /* of its first and last event */
};

struct fr_sessions {
    struct fr_session *open; /* [n] ascending, more than a gap apart */
    uint32_t n, cap;
    uint32_t closed;
    char *last_id; /* the latest named session; NULL when none was named */
    uint32_t last_id_len;
    fr_time_ms last_id_ms;
};

void fr_sessions_add(struct fr_sessions *s, const struct fr_profile_rules *rules, fr_time_ms t);
/* Closes what ended before floor_ms less the gap. */
void fr_sessions_close(struct fr_sessions *s, const struct fr_profile_rules *rules, fr_time_ms floor_ms);
void fr_sessions_name(struct fr_sessions *s, struct fr_str session_id, fr_time_ms t);
static inline uint32_t fr_sessions_count(const struct fr_sessions *s) { return s->closed + s->n; }
void fr_sessions_fini(struct fr_sessions *s); /* leaves it empty */

#endif
