/* A user's state for people: freshet show user, dump users. */
#include "freshet/base/json.h"
#include "freshet/profile/codec.h"
#include "history_marks.h"

struct view {
    struct fr_buf *out;
    const struct fr_user *u;
    const struct fr_profile_rules *rules;
    const struct fr_dict *ids;
    bool full;
};

static void put_int(struct fr_buf *out, const char *key, int64_t v) {
    fr_json_key(out, key);
    fr_json_int(out, v);
}

static void put_str(struct fr_buf *out, const char *key, struct fr_str s) {
    fr_json_key(out, key);
    fr_json_str(out, s);
}

/* "behaviours":{"click":{"count":2,"last_ms":...},...}; returns the latest of all. */
static fr_time_ms put_behaviours(const struct view *v, const struct fr_history *h, uint32_t i) {
    fr_time_ms latest = h->entries[i].touch_ms, last_ms = 0;
    bool any = false;
    fr_json_key(v->out, "behaviours");
    fr_json_open(v->out, '{');
    for (int type = 0; type < FR_EVENT_TYPE_N; type++) {
        uint32_t n = fr_history_count(h, i, (enum fr_event_type)type, &last_ms);
        if (n == 0) continue;
        fr_json_key(v->out, fr_event_type_text((enum fr_event_type)type));
        fr_json_open(v->out, '{');
        put_int(v->out, "count", n);
        put_int(v->out, "last_ms", last_ms);
        fr_json_close(v->out, '}');
        latest = any && latest > last_ms ? latest : last_ms;
        any = true;
    }
    fr_json_close(v->out, '}');
    return latest;
}

static void put_items(const struct view *v) {
    const struct fr_history *h = &v->u->history;
    fr_json_key(v->out, "history");
    fr_json_open(v->out, '[');
    for (uint32_t k = 0; k < h->n; k++) {
        const struct fr_history_entry *e = &h->entries[k];
        if (e->strength.weight == 0 && !v->full) continue;
        fr_json_open(v->out, '{');
        put_str(v->out, "item_id", fr_dict_str(v->ids, h->ids[k]));
        put_int(v->out, "weight", e->strength.weight);
        put_int(v->out, "epoch", e->strength.epoch);
        put_int(v->out, "last_ms", put_behaviours(v, h, k));
        if (v->full) put_int(v->out, "touch_ms", e->touch_ms);
        fr_json_close(v->out, '}');
    }
    fr_json_close(v->out, ']');
}

/* The ids of the entries in which a behaviour is live. */
static void put_live(const struct view *v, const char *key, const struct fr_history *h,
                     enum fr_event_type behaviour) {
    fr_time_ms last_ms;
    fr_json_key(v->out, key);
    fr_json_open(v->out, '[');
    for (uint32_t k = 0; k < h->n; k++)
        if (fr_history_count(h, k, behaviour, &last_ms)) fr_json_str(v->out, fr_dict_str(v->ids, h->ids[k]));
    fr_json_close(v->out, ']');
}

static void put_counts(const struct view *v) {
    fr_json_key(v->out, "counts");
    fr_json_open(v->out, '{');
    for (int i = 0; i < FR_EVENT_TYPE_N; i++)
        if (v->u->counts[i]) put_int(v->out, fr_event_type_text((enum fr_event_type)i), v->u->counts[i]);
    fr_json_close(v->out, '}');
}

static void put_sessions(const struct view *v) {
    const struct fr_sessions *s = &v->u->sessions;
    fr_json_key(v->out, "sessions");
    fr_json_open(v->out, '{');
    put_int(v->out, "count", fr_sessions_count(s));
    if (s->last_id_len) put_str(v->out, "last_id", (struct fr_str){s->last_id, s->last_id_len});
    if (s->n) {
        put_int(v->out, "last_start_ms", s->open[s->n - 1].start_ms);
        put_int(v->out, "last_end_ms", s->open[s->n - 1].end_ms);
    }
    fr_json_close(v->out, '}');
}

static void put_attributes(const struct view *v) {
    fr_json_key(v->out, "attributes");
    fr_json_open(v->out, '{');
    for (uint32_t i = 0; i < v->u->attributes.n; i++) {
        const struct fr_profile_attribute *a = &v->u->attributes.at[i];
        if (a->kind == FR_ATTRIBUTE_NULL) continue;
        fr_json_key_str(v->out, a->name);
        if (a->kind == FR_ATTRIBUTE_STRING)
            fr_json_str(v->out, a->text);
        else if (a->kind == FR_ATTRIBUTE_NUMBER)
            fr_json_number(v->out, a->number);
        else
            fr_json_bool(v->out, a->number != 0);
    }
    fr_json_close(v->out, '}');
}

static void put_consent(struct fr_buf *out, const char *key, enum fr_consent consent) {
    fr_json_key(out, key);
    if (consent == FR_CONSENT_UNSAID)
        fr_json_null(out);
    else
        fr_json_bool(out, consent == FR_CONSENT_GIVEN);
}

/* What a frequency cap of the next moment would see is in "times_ms". */
static void put_exposure(const struct view *v, const struct fr_exposure *e) {
    fr_json_open(v->out, '{');
    put_str(v->out, "campaign_id", fr_dict_str(v->ids, e->campaign));
    put_int(v->out, "impressions", e->impressions);
    put_int(v->out, "clicks", e->clicks);
    put_int(v->out, "conversions", e->conversions);
    put_int(v->out, "last_ms", e->touch_ms);
    fr_json_key(v->out, "times_ms");
    fr_json_open(v->out, '[');
    for (uint32_t i = 0; i < e->time_n; i++) fr_json_int(v->out, e->times[i]);
    fr_json_close(v->out, ']');
    fr_json_close(v->out, '}');
}

static void put_exposures(const struct view *v) {
    fr_json_key(v->out, "exposures");
    fr_json_open(v->out, '[');
    for (uint32_t i = 0; i < v->u->exposures.n; i++) put_exposure(v, &v->u->exposures.at[i]);
    fr_json_close(v->out, ']');
}

/* What keeps late events exact: the horizon, and undos that wait. */
static void put_memory(const struct view *v) {
    const struct fr_history *h = &v->u->history;
    struct fr_history_use use = fr_user_use(v->u, v->rules, v->ids, h);
    struct fr_history_undo undos[FR_HISTORY_UNDOS];
    uint32_t n = fr_history_waiting(h, &use, undos);
    if (h->has_horizon) {
        put_int(v->out, "horizon_ms", h->horizon_ms);
        put_str(v->out, "horizon_id", fr_dict_str(v->ids, h->horizon_id));
    }
    fr_json_key(v->out, "undos");
    fr_json_open(v->out, '[');
    for (uint32_t i = 0; i < n; i++) {
        bool all = undos[i].type == FR_HISTORY_ALL;
        fr_json_open(v->out, '{');
        put_str(v->out, "item_id", fr_dict_str(v->ids, undos[i].id));
        put_str(v->out, "undoes",
                fr_str_of(all ? "all" : fr_event_type_text((enum fr_event_type)undos[i].type)));
        put_int(v->out, "time_ms", undos[i].time_ms);
        fr_json_close(v->out, '}');
    }
    fr_json_close(v->out, ']');
    put_int(v->out, "recent_ids", v->u->recent_n);
    put_int(v->out, "memory_bytes", (int64_t)fr_user_bytes(v->u));
}

void fr_user_json(struct fr_buf *out, struct fr_str user_id, const struct fr_user *u,
                  const struct fr_profile_rules *rules, const struct fr_dict *ids, bool full) {
    struct view v = {out, u, rules, ids, full};
    fr_json_open(out, '{');
    put_str(out, "user_id", user_id);
    put_int(out, "events", (int64_t)u->events);
    put_int(out, "first_ms", u->first_ms);
    put_int(out, "last_ms", u->last_ms);
    put_consent(out, "consent", u->consent);
    put_consent(out, "ads_consent", u->ads_consent);
    fr_json_key(out, "group");
    if (u->group == FR_DICT_NONE)
        fr_json_null(out);
    else
        fr_json_str(out, fr_dict_str(ids, u->group));
    put_attributes(&v);
    put_counts(&v);
    put_sessions(&v);
    put_items(&v);
    put_live(&v, "disliked", &u->history, FR_EVENT_DISLIKE);
    put_live(&v, "followees", &u->followees, FR_EVENT_FOLLOW);
    put_live(&v, "sharers", &u->sharers, FR_EVENT_SHARE);
    put_exposures(&v);
    if (full) put_memory(&v);
    fr_json_close(out, '}');
}
