/* Writing a user's state; reading is codec_read.c. The shape is in docs/STATE.md: one array, the version first.
 * Times stand as ages before the user's last event, since ages are short; entries ascend by id, so that equal
 * states have equal bytes however they came about. */
#include "freshet/profile/codec.h"
#include "freshet/base/pack.h"
#include "history_marks.h"

static void put_age(struct fr_buf *out, const struct fr_user *u, fr_time_ms t) {
    fr_pack_int(out, u->last_ms - t);
}

static void put_counts(struct fr_buf *out, const struct fr_user *u) {
    uint32_t n = 0;
    for (int i = 0; i < FR_EVENT_TYPE_N; i++) n += u->counts[i] > 0;
    fr_pack_map(out, n);
    for (int i = 0; i < FR_EVENT_TYPE_N; i++) {
        if (u->counts[i] == 0) continue;
        fr_pack_int(out, i);
        fr_pack_int(out, u->counts[i]);
    }
}

static void put_consent(struct fr_buf *out, enum fr_consent consent, fr_time_ms said_ms) {
    if (consent == FR_CONSENT_UNSAID) {
        fr_pack_nil(out);
        return;
    }
    fr_pack_array(out, 2);
    fr_pack_bool(out, consent == FR_CONSENT_GIVEN);
    fr_pack_int(out, said_ms);
}

static void put_value(struct fr_buf *out, const struct fr_profile_attribute *a) {
    switch (a->kind) {
    case FR_ATTRIBUTE_STRING: fr_pack_str(out, a->text); break;
    case FR_ATTRIBUTE_NUMBER: fr_pack_double(out, a->number); break;
    case FR_ATTRIBUTE_BOOL: fr_pack_bool(out, a->number != 0); break;
    case FR_ATTRIBUTE_NULL: fr_pack_nil(out); break;
    }
}

static void put_attributes(struct fr_buf *out, const struct fr_user *u) {
    fr_pack_array(out, u->attributes.n);
    for (uint32_t i = 0; i < u->attributes.n; i++) {
        const struct fr_profile_attribute *a = &u->attributes.at[i];
        fr_pack_array(out, 3);
        fr_pack_str(out, a->name);
        put_age(out, u, a->time_ms);
        put_value(out, a);
    }
}

static void put_sessions(struct fr_buf *out, const struct fr_user *u) {
    const struct fr_sessions *s = &u->sessions;
    fr_pack_array(out, 3);
    fr_pack_int(out, s->closed);
    fr_pack_array(out, 2 * s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        put_age(out, u, s->open[i].start_ms);
        put_age(out, u, s->open[i].end_ms);
    }
    if (s->last_id_len == 0) {
        fr_pack_nil(out);
        return;
    }
    fr_pack_array(out, 2);
    fr_pack_str(out, (struct fr_str){s->last_id, s->last_id_len});
    put_age(out, u, s->last_id_ms);
}

/* [id, touch, [behaviour, time, time, ...], [behaviour, ...]] */
static void put_entry(struct fr_buf *out, const struct fr_user *u, const struct fr_history *h, uint32_t i,
                      const struct fr_dict *ids) {
    const struct fr_history_entry *e = &h->entries[i];
    uint32_t groups = 0, first = e->mark_first, end = first + e->mark_n;
    for (uint32_t k = first; k < end; k++)
        groups += k == first || fr_mark_type(h->marks[k]) != fr_mark_type(h->marks[k - 1]);
    fr_pack_array(out, 2 + groups);
    fr_pack_str(out, fr_dict_str(ids, h->ids[i]));
    put_age(out, u, e->touch_ms);
    for (uint32_t k = first; k < end;) {
        enum fr_event_type type = fr_mark_type(h->marks[k]);
        uint32_t same = k;
        while (same < end && fr_mark_type(h->marks[same]) == type) same++;
        fr_pack_array(out, 1 + same - k);
        fr_pack_int(out, type);
        for (; k < same; k++) put_age(out, u, fr_mark_ms(h->marks[k]));
    }
}

static void put_undos(struct fr_buf *out, const struct fr_user *u, const struct fr_history *h,
                      const struct fr_history_use *use) {
    struct fr_history_undo undos[FR_HISTORY_UNDOS];
    uint32_t n = fr_history_waiting(h, use, undos);
    fr_pack_array(out, n);
    for (uint32_t i = 0; i < n; i++) {
        fr_pack_array(out, 3);
        fr_pack_str(out, fr_dict_str(use->ids, undos[i].id));
        fr_pack_int(out, undos[i].type);
        put_age(out, u, undos[i].time_ms);
    }
}

static void put_history(struct fr_buf *out, const struct fr_user *u, const struct fr_history *h,
                        const struct fr_profile_rules *rules, const struct fr_dict *ids) {
    struct fr_history_use use = fr_user_use(u, rules, ids, h);
    fr_pack_array(out, 3);
    if (h->has_horizon) {
        fr_pack_array(out, 2);
        put_age(out, u, h->horizon_ms);
        fr_pack_str(out, fr_dict_str(ids, h->horizon_id));
    } else {
        fr_pack_nil(out);
    }
    fr_pack_array(out, h->n);
    for (uint32_t i = 0; i < h->n; i++) put_entry(out, u, h, i, ids);
    put_undos(out, u, h, &use);
}

static void put_age_or_nil(struct fr_buf *out, const struct fr_user *u, fr_time_ms t) {
    if (t == FR_EXPOSURE_NEVER)
        fr_pack_nil(out);
    else
        put_age(out, u, t);
}

/* [campaign, impressions, clicks, conversions, touch age, click age, conversion age, [impression's age, ...]] */
static void put_exposure(struct fr_buf *out, const struct fr_user *u, const struct fr_exposure *e,
                         const struct fr_dict *ids) {
    fr_pack_array(out, 8);
    fr_pack_str(out, fr_dict_str(ids, e->campaign));
    fr_pack_int(out, e->impressions);
    fr_pack_int(out, e->clicks);
    fr_pack_int(out, e->conversions);
    put_age(out, u, e->touch_ms);
    put_age_or_nil(out, u, e->click_ms);
    put_age_or_nil(out, u, e->conversion_ms);
    fr_pack_array(out, e->time_n);
    for (uint32_t i = 0; i < e->time_n; i++) put_age(out, u, e->times[i]);
}

static void put_exposures(struct fr_buf *out, const struct fr_user *u, const struct fr_dict *ids) {
    const struct fr_exposures *x = &u->exposures;
    fr_pack_array(out, 2);
    if (x->has_horizon) {
        fr_pack_array(out, 2);
        put_age(out, u, x->horizon_ms);
        fr_pack_str(out, fr_dict_str(ids, x->horizon_id));
    } else {
        fr_pack_nil(out);
    }
    fr_pack_array(out, x->n);
    for (uint32_t i = 0; i < x->n; i++) put_exposure(out, u, &x->at[i], ids);
}

/* 8 bytes each, low byte first, oldest id first. */
static void put_recent(struct fr_buf *out, const struct fr_user *u) {
    unsigned char bytes[8 * FR_PROFILE_RECENT_MAX];
    for (uint32_t i = 0; i < u->recent_n; i++) {
        uint64_t hash = u->recent[(u->recent_next + i) % u->recent_n];
        for (int k = 0; k < 8; k++) bytes[8 * i + (uint32_t)k] = (unsigned char)(hash >> 8 * k);
    }
    fr_pack_bin(out, (struct fr_str){(const char *)bytes, 8 * u->recent_n});
}

static void put_currency(struct fr_buf *out, const struct fr_user *u) {
    if (!u->currency[0]) {
        fr_pack_nil(out);
        return;
    }
    fr_pack_array(out, 2);
    fr_pack_str(out, fr_str_of(u->currency));
    put_age(out, u, u->currency_ms);
}

void fr_user_encode(const struct fr_user *u, const struct fr_profile_rules *rules, const struct fr_dict *ids,
                    struct fr_buf *out) {
    if (fr_user_is_empty(u)) return;
    fr_pack_array(out, 14);
    fr_pack_int(out, FR_USER_VERSION);
    fr_pack_array(out, 2);
    fr_pack_int(out, u->first_ms);
    fr_pack_int(out, u->last_ms);
    put_counts(out, u);
    put_consent(out, u->consent, u->consent_ms);
    put_attributes(out, u);
    put_sessions(out, u);
    put_history(out, u, &u->history, rules, ids);
    put_history(out, u, &u->followees, rules, ids);
    put_history(out, u, &u->sharers, rules, ids);
    put_recent(out, u);
    fr_pack_array(out, 2);
    fr_pack_int(out, u->rate_n ? u->rate_minute : 0);
    fr_pack_int(out, u->rate_n);
    put_currency(out, u);
    put_consent(out, u->ads_consent, u->ads_consent_ms);
    put_exposures(out, u, ids);
}
