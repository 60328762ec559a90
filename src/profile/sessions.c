/* Sessions of a log that may come in any order within the lateness bound. An interval that ended more than a
 * gap before the floor cannot grow or merge any more, whatever still comes: it is closed, that is, counted
 * and dropped. So the open ones are few, and which they are depends on the set of times alone. */
#include "freshet/profile/sessions.h"
#include <stdlib.h>

static void insert(struct fr_sessions *s, uint32_t at, fr_time_ms t) {
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 2;
        s->open = fr_realloc(s->open, s->cap * sizeof s->open[0]);
    }
    memmove(s->open + at + 1, s->open + at, (s->n - at) * sizeof s->open[0]);
    s->open[at] = (struct fr_session){t, t};
    s->n++;
}

static void drop(struct fr_sessions *s, uint32_t at) {
    s->n--;
    memmove(s->open + at, s->open + at + 1, (s->n - at) * sizeof s->open[0]);
}

static void widen(struct fr_session *session, fr_time_ms t) {
    if (t < session->start_ms) session->start_ms = t;
    if (t > session->end_ms) session->end_ms = t;
}

void fr_sessions_add(struct fr_sessions *s, const struct fr_profile_rules *rules, fr_time_ms t) {
    int64_t gap = rules->session_gap_ms;
    uint32_t at = s->n; /* the first session that t belongs to or comes before */
    while (at > 0 && t - s->open[at - 1].end_ms <= gap) at--;
    if (at == s->n || s->open[at].start_ms - t > gap) {
        insert(s, at, t);
    } else {
        widen(&s->open[at], t);
        if (at + 1 < s->n && s->open[at + 1].start_ms - s->open[at].end_ms <= gap) {
            s->open[at].end_ms = s->open[at + 1].end_ms;
            drop(s, at + 1);
        }
    }
    if (s->n <= FR_SESSIONS_OPEN) return;
    s->closed++;
    drop(s, 0);
}

void fr_sessions_close(struct fr_sessions *s, const struct fr_profile_rules *rules, fr_time_ms floor_ms) {
    while (s->n && s->open[0].end_ms < floor_ms - rules->session_gap_ms) {
        s->closed++;
        drop(s, 0);
    }
}

void fr_sessions_name(struct fr_sessions *s, struct fr_str session_id, fr_time_ms t) {
    if (session_id.len == 0 || session_id.len > FR_EVENT_ID_BYTES) return;
    struct fr_str known = {s->last_id, s->last_id_len};
    if (known.len && (t < s->last_id_ms || (t == s->last_id_ms && fr_str_cmp(session_id, known) <= 0)))
        return;
    if (session_id.len > s->last_id_len) s->last_id = fr_realloc(s->last_id, session_id.len);
    memcpy(s->last_id, session_id.ptr, session_id.len);
    s->last_id_len = session_id.len;
    s->last_id_ms = t;
}

void fr_sessions_fini(struct fr_sessions *s) {
    free(s->open);
    free(s->last_id);
    *s = (struct fr_sessions){0};
}
