/* One event applied to one user. The order of the questions matters for exact recomputation:
 *
 *   user_delete? -> duplicate? -> rate full? -> consent refused? -> applied: id remembered, everything
 * updated
 *
 * so a record that is rejected or refused leaves no trace, but for the consent it may carry itself. */
#include "freshet/profile/user.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

#define TIME_LIMIT_MS (INT64_C(1) << 53)
enum { MINUTE_MS = 60000 };

void fr_user_init(struct fr_user *u) { *u = (struct fr_user){.group = FR_DICT_NONE}; }

void fr_user_fini(struct fr_user *u) {
    fr_attributes_fini(&u->attributes);
    fr_sessions_fini(&u->sessions);
    fr_history_fini(&u->history);
    fr_history_fini(&u->followees);
    fr_history_fini(&u->sharers);
    fr_exposures_fini(&u->exposures);
    free(u->recent);
    fr_user_init(u);
}

bool fr_user_is_empty(const struct fr_user *u) {
    return u->events == 0 && u->consent == FR_CONSENT_UNSAID && u->ads_consent == FR_CONSENT_UNSAID;
}

bool fr_user_allows_ads(const struct fr_user *u, bool must_be_given) {
    if (u->consent == FR_CONSENT_REFUSED || u->ads_consent == FR_CONSENT_REFUSED) return false;
    bool given = u->consent == FR_CONSENT_GIVEN || u->ads_consent == FR_CONSENT_GIVEN;
    return given || !must_be_given;
}

void fr_user_effects_fini(struct fr_user_effects *effects) {
    fr_history_changes_fini(&effects->changes);
    fr_buf_fini(&effects->scratch);
}

struct fr_history_use fr_user_use(const struct fr_user *u, const struct fr_profile_rules *rules,
                                  const struct fr_dict *ids, const struct fr_history *which) {
    uint32_t items = rules->history_items;
    if (which == &u->followees) items = rules->followees;
    if (which == &u->sharers) items = rules->sharers;
    return (struct fr_history_use){.rules = rules,
                                   .ids = ids,
                                   .items = items,
                                   .weighed = which == &u->history,
                                   .floor_ms = u->last_ms - rules->events->lateness_ms};
}

uint32_t fr_user_group(const struct fr_user *u, const struct fr_profile_rules *rules, struct fr_dict *ids,
                       struct fr_buf *scratch) {
    fr_buf_clear(scratch);
    if (!fr_attributes_group(&u->attributes, rules, scratch)) return FR_DICT_NONE;
    return fr_dict_intern(ids, fr_buf_slice(scratch));
}

/* Recent ids. */

static bool is_recent(const struct fr_user *u, uint64_t hash) {
    for (uint32_t i = 0; i < u->recent_n; i++)
        if (u->recent[i] == hash) return true;
    return false;
}

static void remember_id(struct fr_user *u, uint32_t limit, uint64_t hash) {
    if (u->recent_n == limit) {
        if (limit == 0) return;
        u->recent[u->recent_next] = hash;
        u->recent_next = (u->recent_next + 1) % limit;
        return;
    }
    if (u->recent_n == u->recent_cap) {
        u->recent_cap = u->recent_cap ? 2 * u->recent_cap : 8;
        if (u->recent_cap > limit) u->recent_cap = limit;
        u->recent = fr_realloc(u->recent, u->recent_cap * sizeof u->recent[0]);
    }
    u->recent[u->recent_n++] = hash;
}

/* The rate is counted in the user's latest minute: late events count there too, so that nobody gets around it
 * by inventing old times. */

static int64_t minute_of(fr_time_ms t) { return t / MINUTE_MS - (t % MINUTE_MS < 0); }

static bool rate_is_full(const struct fr_user *u, uint32_t max_per_minute, fr_time_ms t) {
    return max_per_minute && u->rate_n >= max_per_minute && minute_of(t) <= u->rate_minute;
}

static void count_rate(struct fr_user *u, fr_time_ms t) {
    if (u->rate_n == 0 || minute_of(t) > u->rate_minute) {
        u->rate_minute = minute_of(t);
        u->rate_n = 0;
    }
    if (u->rate_n < UINT32_MAX) u->rate_n++;
}

/* Last writers. */

/* Whether it changed. */
static bool set_consent(enum fr_consent *known, fr_time_ms *known_ms, enum fr_consent said, fr_time_ms t) {
    if (said == FR_CONSENT_UNSAID) return false;
    bool later = *known == FR_CONSENT_UNSAID || t > *known_ms || (t == *known_ms && said > *known);
    if (!later) return false;
    bool changed = said != *known;
    *known = said;
    *known_ms = t;
    return changed;
}

static void set_currency(struct fr_user *u, struct fr_str currency, fr_time_ms t) {
    if (currency.len == 0 || currency.len >= FR_USER_CURRENCY_BYTES) return;
    if (memchr(currency.ptr, 0, currency.len)) return;
    struct fr_str known = fr_str_of(u->currency);
    if (known.len && (t < u->currency_ms || (t == u->currency_ms && fr_str_cmp(currency, known) <= 0)))
        return;
    memset(u->currency, 0, sizeof u->currency);
    memcpy(u->currency, currency.ptr, currency.len);
    u->currency_ms = t;
}

static void set_attributes(struct fr_user *u, const struct fr_event *event,
                           const struct fr_profile_rules *rules, struct fr_dict *ids,
                           struct fr_user_effects *effects, fr_time_ms t) {
    bool changed = false;
    for (uint32_t i = 0; i < event->attribute_n; i++)
        changed |= fr_attributes_set(&u->attributes, rules, &event->attributes[i], t);
    if (changed) u->group = fr_user_group(u, rules, ids, &effects->scratch);
}

/* Histories. */

static bool apply_item(struct fr_user *u, const struct fr_history_use *use, struct fr_dict *ids,
                       enum fr_event_type type, struct fr_str item_id, fr_time_ms t) {
    enum fr_event_type undoes = use->rules->events->undoes[type];
    bool touches = fr_profile_touches(use->rules, type);
    bool takes_back = undoes != FR_EVENT_NONE && fr_profile_touches(use->rules, undoes);
    if (item_id.len == 0 || (!touches && !takes_back)) return false;
    uint32_t id = fr_dict_intern(ids, item_id);
    bool mattered = false;
    if (takes_back) mattered |= fr_history_undo(&u->history, use, id, undoes, t);
    if (touches) mattered |= fr_history_touch(&u->history, use, id, type, t);
    return mattered;
}

static bool apply_items(struct fr_user *u, const struct fr_event *event, const struct fr_profile_rules *rules,
                        struct fr_dict *ids, struct fr_history_changes *changes, fr_time_ms t) {
    struct fr_history_use use = fr_user_use(u, rules, ids, &u->history);
    use.changes = changes;
    if (event->item_n == 0) return apply_item(u, &use, ids, event->type, event->item_id, t);
    bool mattered = false;
    for (uint32_t i = 0; i < event->item_n; i++)
        mattered |= apply_item(u, &use, ids, event->type, event->items[i].item_id, t);
    return mattered;
}

static void apply_people(struct fr_user *u, const struct fr_event *event,
                         const struct fr_profile_rules *rules, struct fr_dict *ids, fr_time_ms t) {
    bool unfollows = rules->events->undoes[event->type] == FR_EVENT_FOLLOW;
    if ((event->type == FR_EVENT_FOLLOW || unfollows) && event->target_user_id.len) {
        struct fr_history_use use = fr_user_use(u, rules, ids, &u->followees);
        uint32_t id = fr_dict_intern(ids, event->target_user_id);
        if (unfollows)
            fr_history_undo(&u->followees, &use, id, FR_EVENT_FOLLOW, t);
        else
            fr_history_touch(&u->followees, &use, id, FR_EVENT_FOLLOW, t);
    }
    if (event->referrer_user_id.len == 0) return;
    struct fr_history_use use = fr_user_use(u, rules, ids, &u->sharers);
    fr_history_touch(&u->sharers, &use, fr_dict_intern(ids, event->referrer_user_id), FR_EVENT_SHARE, t);
}

static bool apply_exposure(struct fr_user *u, const struct fr_event *event,
                           const struct fr_profile_rules *rules, struct fr_dict *ids, fr_time_ms t) {
    if (!fr_exposure_is_of(event->type) || event->campaign_id.len == 0) return false;
    uint32_t campaign = fr_dict_intern(ids, event->campaign_id);
    fr_exposures_add(&u->exposures, ids, rules->exposures, campaign, event->type, t);
    return true;
}

/* The event as a whole. */

static void widen_span(struct fr_user *u, fr_time_ms t) {
    u->first_ms = u->events == 0 || t < u->first_ms ? t : u->first_ms;
    u->last_ms = u->events == 0 || t > u->last_ms ? t : u->last_ms;
}

/* What was withheld is nothing that the user did: no event is counted, no session begins. Of somebody without events it is not
 * remembered: it comes after a deletion, which nothing may survive. */
static void apply_withheld(struct fr_user *u, const struct fr_event *event,
                           const struct fr_profile_rules *rules, struct fr_dict *ids, fr_time_ms t) {
    if (u->events == 0) return;
    widen_span(u, t);
    apply_exposure(u, event, rules, ids, t);
}

static void count_event(struct fr_user *u, const struct fr_event *event, const struct fr_profile_rules *rules,
                        fr_time_ms t) {
    uint32_t n = event->item_n ? event->item_n : 1;
    widen_span(u, t);
    u->events += n;
    u->counts[event->type] += n;
    count_rate(u, t);
    fr_sessions_add(&u->sessions, rules, t);
    fr_sessions_close(&u->sessions, rules, u->last_ms - rules->events->lateness_ms);
    fr_sessions_name(&u->sessions, event->session_id, t);
    set_currency(u, event->currency, t);
}

static enum fr_user_outcome forget(struct fr_user *u, const struct fr_profile_rules *rules,
                                   const struct fr_dict *ids, struct fr_user_effects *effects) {
    struct fr_history_use use = fr_user_use(u, rules, ids, &u->history);
    use.changes = &effects->changes;
    fr_history_forget(&u->history, &use);
    fr_user_fini(u);
    effects->group_after = FR_DICT_NONE;
    effects->list_due = effects->scores_due = true;
    return FR_USER_FORGOTTEN;
}

static void begin(struct fr_user_effects *effects, const struct fr_user *u) {
    effects->changes.n = 0;
    effects->group_before = effects->group_after = u->group;
    effects->list_due = effects->scores_due = false;
}

static fr_time_ms bounded(fr_time_ms t) {
    if (t > TIME_LIMIT_MS) return TIME_LIMIT_MS;
    return t < -TIME_LIMIT_MS ? -TIME_LIMIT_MS : t;
}

enum fr_user_outcome fr_user_apply(struct fr_user *u, const struct fr_event *event,
                                   const struct fr_profile_rules *rules, struct fr_dict *ids,
                                   struct fr_user_effects *effects) {
    fr_time_ms t = bounded(event->time_ms);
    uint64_t id_hash = event->event_id.len ? fr_hash_str(event->event_id) : 0;
    begin(effects, u);
    if (event->type == FR_EVENT_USER_DELETE) return forget(u, rules, ids, effects);
    if (event->event_id.len && is_recent(u, id_hash)) return FR_USER_DUPLICATE;
    bool withheld = event->type == FR_EVENT_AD_WITHHELD;
    if (!withheld && rate_is_full(u, rules->events->max_per_minute, t)) return FR_USER_RATE_CAPPED;
    effects->list_due = set_consent(&u->consent, &u->consent_ms, event->consent, t);
    effects->scores_due = set_consent(&u->ads_consent, &u->ads_consent_ms, event->ads_consent, t);
    if (u->consent == FR_CONSENT_REFUSED) {
        effects->scores_due |= effects->list_due;
        return FR_USER_NO_CONSENT;
    }

    if (event->event_id.len && (u->events || !withheld)) remember_id(u, rules->recent_ids, id_hash);
    if (withheld) {
        apply_withheld(u, event, rules, ids, t);
        return FR_USER_APPLIED;
    }
    count_event(u, event, rules, t);
    if (apply_items(u, event, rules, ids, &effects->changes, t)) effects->list_due = true;
    apply_people(u, event, rules, ids, t);
    if (apply_exposure(u, event, rules, ids, t)) effects->scores_due = true;
    if (event->type == FR_EVENT_USER_UPSERT) set_attributes(u, event, rules, ids, effects, t);
    effects->group_after = u->group;
    if (effects->group_after != effects->group_before) effects->list_due = true;
    effects->scores_due |= effects->list_due || event->type == FR_EVENT_USER_UPSERT;
    return FR_USER_APPLIED;
}
