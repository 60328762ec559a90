/* Reading a user's state. The bytes may be anything: a reader that fails stays failed and gives zeros, counts
 * are bounded before anything is allocated by them, and what was read is held to fr_user_check at the end. */
#include "freshet/base/pack.h"
#include "freshet/profile/codec.h"
#include "history_marks.h"

struct decoder {
    struct fr_reader in;
    struct fr_user *u;
    const struct fr_profile_rules *rules;
    struct fr_dict *ids;
};

#define TIME_LIMIT_MS (INT64_C(1) << 53)

static void refuse(struct decoder *d) { d->in.ok = false; }

static int64_t read_within(struct decoder *d, int64_t least, int64_t most) {
    int64_t v = fr_pack_read_int(&d->in);
    if (v >= least && v <= most) return v;
    refuse(d);
    return least;
}

static fr_time_ms read_time(struct decoder *d) { return read_within(d, -TIME_LIMIT_MS, TIME_LIMIT_MS); }

/* A time of an applied event, stored as its age; between the first and the last. */
static fr_time_ms read_age(struct decoder *d) {
    return d->u->last_ms - read_within(d, 0, d->u->last_ms - d->u->first_ms);
}

static uint32_t read_array(struct decoder *d, uint32_t least, uint32_t most) {
    uint32_t n = fr_pack_read_array(&d->in);
    if (n >= least && n <= most) return d->in.ok ? n : 0;
    refuse(d);
    return 0;
}

static bool read_nil(struct decoder *d) {
    if (fr_pack_peek(&d->in) != FR_PACK_NIL) return false;
    fr_pack_skip(&d->in);
    return true;
}

static struct fr_str read_text(struct decoder *d, uint32_t most) {
    struct fr_str s = fr_pack_read_str(&d->in);
    if (s.len == 0 || s.len > most) refuse(d);
    return s;
}

static uint32_t read_id(struct decoder *d) {
    struct fr_str id = read_text(d, UINT16_MAX);
    return d->in.ok ? fr_dict_intern(d->ids, id) : 0;
}

static void read_counts(struct decoder *d) {
    uint32_t n = fr_pack_read_map(&d->in);
    int64_t type = -1;
    for (; n && d->in.ok; n--) {
        type = read_within(d, type + 1, FR_EVENT_TYPE_N - 1);
        int64_t count = read_within(d, 1, UINT32_MAX);
        if (!d->in.ok) return;
        d->u->counts[type] = (uint32_t)count;
        d->u->events += (uint64_t)count;
    }
}

static void read_consent(struct decoder *d, enum fr_consent *consent, fr_time_ms *said_ms) {
    if (read_nil(d)) return;
    read_array(d, 2, 2);
    *consent = fr_pack_read_bool(&d->in) ? FR_CONSENT_GIVEN : FR_CONSENT_REFUSED;
    *said_ms = read_time(d);
}

static void read_value(struct decoder *d, struct fr_attribute *value) {
    switch (fr_pack_peek(&d->in)) {
    case FR_PACK_NIL:
        fr_pack_skip(&d->in);
        value->kind = FR_ATTRIBUTE_NULL;
        return;
    case FR_PACK_BOOL:
        value->kind = FR_ATTRIBUTE_BOOL;
        value->number = fr_pack_read_bool(&d->in);
        return;
    case FR_PACK_DOUBLE:
        value->kind = FR_ATTRIBUTE_NUMBER;
        value->number = fr_pack_read_double(&d->in);
        return;
    case FR_PACK_STR:
        value->kind = FR_ATTRIBUTE_STRING;
        value->text = fr_pack_read_str(&d->in);
        return;
    case FR_PACK_END:
    case FR_PACK_INT:
    case FR_PACK_BIN:
    case FR_PACK_ARRAY:
    case FR_PACK_MAP:
    case FR_PACK_BAD: break;
    }
    refuse(d);
}

static void read_attributes(struct decoder *d) {
    uint32_t n = read_array(d, 0, d->rules->attributes);
    for (uint32_t i = 0; i < n && d->in.ok; i++) {
        struct fr_attribute value = {0};
        read_array(d, 3, 3);
        value.name = fr_pack_read_str(&d->in);
        fr_time_ms t = read_age(d);
        read_value(d, &value);
        if (d->in.ok) fr_attributes_set(&d->u->attributes, d->rules, &value, t);
    }
    if (d->in.ok && d->u->attributes.n != n) refuse(d);
}

static void read_sessions(struct decoder *d) {
    struct fr_sessions *s = &d->u->sessions;
    read_array(d, 3, 3);
    s->closed = (uint32_t)read_within(d, 0, UINT32_MAX);
    uint32_t n = read_array(d, 0, 2 * FR_SESSIONS_OPEN);
    for (uint32_t i = 0; i < n && d->in.ok; i += 2) {
        fr_time_ms start = read_age(d), end = read_age(d);
        if (!d->in.ok || end < start ||
            (s->n && start - s->open[s->n - 1].end_ms <= d->rules->session_gap_ms)) {
            refuse(d);
            return;
        }
        fr_sessions_add(s, d->rules, start);
        s->open[s->n - 1].end_ms = end;
    }
    if (read_nil(d)) return;
    read_array(d, 2, 2);
    struct fr_str id = read_text(d, FR_EVENT_ID_BYTES);
    fr_time_ms t = read_age(d);
    if (d->in.ok) fr_sessions_name(s, id, t);
}

static void read_marks(struct decoder *d, struct fr_history *h, uint32_t groups) {
    int64_t type = -1;
    for (; groups && d->in.ok; groups--) {
        uint32_t n = read_array(d, 2, 1 + d->rules->times_kept);
        type = read_within(d, type + 1, FR_EVENT_TYPE_N - 1);
        for (uint32_t i = 1; i < n && d->in.ok; i++) {
            uint64_t mark = fr_mark_of((enum fr_event_type)type, read_age(d));
            if (d->in.ok) fr_marks_add(h, h->n - 1, mark, d->rules->times_kept);
        }
    }
}

static void read_entries(struct decoder *d, struct fr_history *h, const struct fr_history_use *use) {
    uint32_t n = read_array(d, 0, use->items);
    for (uint32_t i = 0; i < n && d->in.ok; i++) {
        uint32_t fields = read_array(d, 2, 2 + FR_EVENT_TYPE_N);
        uint32_t id = read_id(d);
        fr_time_ms touch_ms = read_age(d);
        if (!d->in.ok) return;
        fr_history_insert(h, h->n, id, touch_ms);
        read_marks(d, h, fields - 2);
        if (use->weighed) h->entries[i].strength = fr_history_weigh(h, d->rules, i);
    }
}

static void read_undos(struct decoder *d, struct fr_history *h) {
    uint32_t n = read_array(d, 0, FR_HISTORY_UNDOS);
    for (uint32_t i = 0; i < n && d->in.ok; i++) {
        struct fr_history_undo undo;
        read_array(d, 3, 3);
        undo.id = read_id(d);
        undo.type = (uint32_t)read_within(d, 0, FR_HISTORY_ALL);
        undo.time_ms = read_age(d);
        if (d->in.ok) fr_history_append_undo(h, undo);
    }
}

static void read_history(struct decoder *d, struct fr_history *h) {
    struct fr_history_use use = fr_user_use(d->u, d->rules, d->ids, h);
    read_array(d, 3, 3);
    if (!read_nil(d)) {
        read_array(d, 2, 2);
        h->horizon_ms = read_age(d);
        h->horizon_id = read_id(d);
        h->has_horizon = d->in.ok;
    }
    read_entries(d, h, &use);
    read_undos(d, h);
}

static void read_recent(struct decoder *d) {
    if (fr_pack_peek(&d->in) != FR_PACK_BIN) refuse(d);
    struct fr_str bytes = fr_pack_read_str(&d->in);
    uint32_t n = bytes.len / 8;
    if (bytes.len % 8 || n > d->rules->recent_ids) refuse(d);
    if (!d->in.ok || n == 0) return;
    d->u->recent = fr_alloc(n * sizeof d->u->recent[0]);
    d->u->recent_n = d->u->recent_cap = n;
    for (uint32_t i = 0; i < n; i++) {
        d->u->recent[i] = 0;
        for (uint32_t k = 8; k-- > 0;)
            d->u->recent[i] = d->u->recent[i] << 8 | (unsigned char)bytes.ptr[8 * i + k];
    }
}

static void read_rate(struct decoder *d) {
    read_array(d, 2, 2);
    d->u->rate_minute = read_time(d);
    d->u->rate_n = (uint32_t)read_within(d, 0, UINT32_MAX);
}

static void read_currency(struct decoder *d) {
    if (read_nil(d)) return;
    read_array(d, 2, 2);
    struct fr_str text = read_text(d, FR_USER_CURRENCY_BYTES - 1);
    if (!d->in.ok) return;
    memcpy(d->u->currency, text.ptr, text.len);
    d->u->currency_ms = read_age(d);
}

static fr_time_ms read_age_or_nil(struct decoder *d) { return read_nil(d) ? FR_EXPOSURE_NEVER : read_age(d); }

static void read_exposure(struct decoder *d) {
    struct fr_exposure e = {0};
    read_array(d, 8, 8);
    e.campaign = read_id(d);
    e.impressions = (uint32_t)read_within(d, 0, UINT32_MAX);
    e.clicks = (uint32_t)read_within(d, 0, UINT32_MAX);
    e.conversions = (uint32_t)read_within(d, 0, UINT32_MAX);
    e.touch_ms = read_age(d);
    e.click_ms = read_age_or_nil(d);
    e.conversion_ms = read_age_or_nil(d);
    uint32_t n = read_array(d, 0, FR_EXPOSURE_TIMES);
    if (!d->in.ok) return;
    fr_exposures_append(&d->u->exposures, &e);
    for (uint32_t i = 0; i < n && d->in.ok; i++) fr_exposures_append_time(&d->u->exposures, read_age(d));
}

static void read_exposures(struct decoder *d) {
    struct fr_exposures *x = &d->u->exposures;
    read_array(d, 2, 2);
    if (!read_nil(d)) {
        read_array(d, 2, 2);
        x->horizon_ms = read_age(d);
        x->horizon_id = read_id(d);
        x->has_horizon = d->in.ok;
    }
    uint32_t n = read_array(d, 0, d->rules->exposures);
    for (uint32_t i = 0; i < n && d->in.ok; i++) read_exposure(d);
}

enum { VERSION_WITHOUT_ADS = 1, FIELDS_WITHOUT_ADS = 12, FIELDS = 14 };

static void read_user(struct decoder *d) {
    uint32_t fields = read_array(d, FIELDS_WITHOUT_ADS, FIELDS);
    int64_t version = fields == FIELDS_WITHOUT_ADS ? VERSION_WITHOUT_ADS : FR_USER_VERSION;
    if (fields != FIELDS_WITHOUT_ADS && fields != FIELDS) refuse(d);
    read_within(d, version, version);
    read_array(d, 2, 2);
    d->u->first_ms = read_time(d);
    d->u->last_ms = read_time(d);
    if (d->u->first_ms > d->u->last_ms) refuse(d);
    read_counts(d);
    read_consent(d, &d->u->consent, &d->u->consent_ms);
    read_attributes(d);
    read_sessions(d);
    read_history(d, &d->u->history);
    read_history(d, &d->u->followees);
    read_history(d, &d->u->sharers);
    read_recent(d);
    read_rate(d);
    read_currency(d);
    if (version == VERSION_WITHOUT_ADS) return;
    read_consent(d, &d->u->ads_consent, &d->u->ads_consent_ms);
    read_exposures(d);
}

enum fr_err fr_user_decode(struct fr_user *u, struct fr_str bytes, const struct fr_profile_rules *rules,
                           struct fr_dict *ids, struct fr_errmsg *msg) {
    if (bytes.len == 0) return FR_OK;
    struct decoder d = {.in = fr_reader_of(bytes), .u = u, .rules = rules, .ids = ids};
    read_user(&d);
    const char *wrong = NULL;
    if (!d.in.ok)
        wrong = "not the bytes of a user's state, or of one with larger bounds";
    else if (d.in.at != d.in.end)
        wrong = "bytes after the end";
    else
        wrong = fr_user_is_empty(u) ? "an empty user is no bytes" : fr_user_check(u, rules, ids);
    if (wrong) {
        fr_user_fini(u);
        return fr_err_set(msg, FR_STATE_CORRUPT, "user state: %s", wrong);
    }
    struct fr_buf scratch = {0};
    u->group = fr_user_group(u, rules, ids, &scratch);
    fr_buf_fini(&scratch);
    return FR_OK;
}
