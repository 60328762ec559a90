/* A user as a whole: its invariants and its size. */
#include "freshet/profile/user.h"

static const char *check_sessions(const struct fr_user *u, const struct fr_profile_rules *rules) {
    const struct fr_sessions *s = &u->sessions;
    if (s->n > FR_SESSIONS_OPEN) return "too many open sessions";
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->open[i].start_ms > s->open[i].end_ms) return "a session ends before it starts";
        if (i && s->open[i].start_ms - s->open[i - 1].end_ms <= rules->session_gap_ms)
            return "two sessions that should be one";
    }
    return NULL;
}

static const char *check_attributes(const struct fr_user *u, const struct fr_profile_rules *rules) {
    if (u->attributes.n > rules->attributes) return "too many attributes";
    for (uint32_t i = 1; i < u->attributes.n; i++)
        if (fr_str_cmp(u->attributes.at[i - 1].name, u->attributes.at[i].name) >= 0)
            return "attributes are not sorted";
    return NULL;
}

static const char *check_totals(const struct fr_user *u, const struct fr_profile_rules *rules) {
    uint64_t events = 0;
    for (int i = 0; i < FR_EVENT_TYPE_N; i++) events += u->counts[i];
    if (events != u->events) return "the counts do not add up to the events";
    if (u->first_ms > u->last_ms) return "the first event is later than the last";
    if (u->recent_n > rules->recent_ids) return "too many recent ids";
    if (u->events == 0 && (u->history.n || u->followees.n || u->sharers.n || u->exposures.n))
        return "a history without events";
    return NULL;
}

const char *fr_user_check(const struct fr_user *u, const struct fr_profile_rules *rules,
                          const struct fr_dict *ids) {
    const char *wrong = check_totals(u, rules);
    if (!wrong) wrong = check_sessions(u, rules);
    if (!wrong) wrong = check_attributes(u, rules);
    const struct fr_history *all[] = {&u->history, &u->followees, &u->sharers};
    for (int i = 0; i < 3 && !wrong; i++) {
        struct fr_history_use use = fr_user_use(u, rules, ids, all[i]);
        wrong = fr_history_check(all[i], &use);
    }
    return wrong ? wrong : fr_exposures_check(&u->exposures, ids, rules->exposures);
}

size_t fr_user_bytes(const struct fr_user *u) {
    size_t bytes = sizeof *u + fr_history_bytes(&u->history) + fr_history_bytes(&u->followees) +
                   fr_history_bytes(&u->sharers) + fr_exposures_bytes(&u->exposures);
    bytes += u->recent_cap * sizeof u->recent[0] + u->sessions.cap * sizeof u->sessions.open[0];
    bytes += u->sessions.last_id_len + u->attributes.cap * sizeof u->attributes.at[0];
    for (uint32_t i = 0; i < u->attributes.n; i++)
        bytes += u->attributes.at[i].name.len + u->attributes.at[i].text.len;
    return bytes;
}
