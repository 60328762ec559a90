/* A rate is given three times to the wide model: as a number, whose weight is shared by all its values; as a step, so that
 * the answer need not rise evenly with it, by how often it was seen, so that what was seen twice counts for less; and as
 * a step by surface, where the same rate means something else. Steps are .4 of log-odds. */
#include "freshet/target/click_features.h"
#include "freshet/base/hash.h"
#include "freshet/base/real.h"
#include <math.h>

#define STEP .4f

enum {
    STEPS_MOST = 30, /* steps beyond count as the last */
    PLACES_MOST = 10,
    DAY_HOURS = 24,
    HOUR_MS = 3600000
};

static const struct field_text {
    const char *name, *sentence;
} field_texts[] = {
#define FIELD_TEXT(name, text, sentence) {text, sentence},
    FR_CLICK_FIELD_MAP(FIELD_TEXT)
#undef FIELD_TEXT
};

const char *fr_click_field_name(enum fr_click_field field) { return field_texts[field].name; }
const char *fr_click_field_sentence(enum fr_click_field field) { return field_texts[field].sentence; }

/* Which of the rates speak of whom. */
static const uint8_t rate_fields[FR_CLICK_RATES] = {
    [FR_CLICK_ALL] = FR_CLICK_FIELD_START,
    [FR_CLICK_USER] = FR_CLICK_FIELD_USER_RATE,
    [FR_CLICK_USER_SURFACE] = FR_CLICK_FIELD_USER_RATE,
    [FR_CLICK_USER_DAYPART] = FR_CLICK_FIELD_USER_RATE,
    [FR_CLICK_SURFACE_HOUR] = FR_CLICK_FIELD_PLACE,
    [FR_CLICK_USER_TOPIC] = FR_CLICK_FIELD_PAIR_RATE,
    [FR_CLICK_USER_ADVERTISER] = FR_CLICK_FIELD_PAIR_RATE,
    [FR_CLICK_USER_CAMPAIGN] = FR_CLICK_FIELD_PAIR_RATE,
    [FR_CLICK_USER_CREATIVE] = FR_CLICK_FIELD_PAIR_RATE,
    [FR_CLICK_TOPIC] = FR_CLICK_FIELD_SHOWN_RATE,
    [FR_CLICK_ADVERTISER] = FR_CLICK_FIELD_SHOWN_RATE,
    [FR_CLICK_CAMPAIGN] = FR_CLICK_FIELD_SHOWN_RATE,
    [FR_CLICK_CREATIVE] = FR_CLICK_FIELD_SHOWN_RATE,
    [FR_CLICK_CREATIVE_SURFACE] = FR_CLICK_FIELD_SHOWN_RATE,
    [FR_CLICK_ADVERTISER_SURFACE] = FR_CLICK_FIELD_SHOWN_RATE,
    [FR_CLICK_TOPIC_SURFACE] = FR_CLICK_FIELD_SHOWN_RATE,
};

/* What a feature is of. Its number is hashed with its values: a new kind goes to the end. */
enum kind {
    K_START,
    K_USER_ATTRIBUTE,
    K_CREATIVE,
    K_CAMPAIGN,
    K_ADVERTISER,
    K_TOPIC,
    K_SHOWN_ATTRIBUTE,
    K_AGE,
    K_SURFACE,
    K_HOUR,
    K_POSITION,
    K_RATE,
    K_SEEN,
    K_RATE_BY_SEEN,
    K_RATE_BY_SURFACE,
    K_DAYS,
    K_HOURS,
    K_DAYS_BY_SURFACE,
    K_RATE_BY_RATE,
    K_GAP,
    K_PLACE,
    K_HISTORY,
    K_SAME_ADVERTISER,
    K_SAME_TOPIC,
    K_LAST_SURFACE,
    K_RECENT,
    K_RECENT_BY_SURFACE,
    K_BY_SURFACE = 64, /* added to a kind: crossed with the surface */
    K_BY_HISTORY = 128,
    K_BY_PLACE = 192,
    K_NUMBER = 256
};

static uint64_t hash_of(uint32_t kind, uint64_t a, uint64_t b) {
    return fr_hash_mix(fr_hash_mix(a * 0x9e3779b97f4a7c15u + kind + 1) + b * 0xc2b2ae3d27d4eb4fu);
}

/* What is being made, and of what. */
struct maker {
    const struct fr_click_context *x;
    struct fr_click_features *out;
    uint32_t wide_shift, dense_shift; /* of a hash to a place */
    uint64_t surface;                 /* 0: none */
    bool last_yes;
    uint32_t gap_step;
};

static void wide(struct maker *m, enum fr_click_field field, uint32_t kind, uint64_t a, uint64_t b,
                 float value) {
    struct fr_click_features *f = m->out;
    f->wide_fields[f->wide_n] = (uint8_t)field;
    f->wide[f->wide_n++] = (struct fr_feature){(uint32_t)(hash_of(kind, a, b) >> m->wide_shift), value};
}

static void dense(struct maker *m, enum fr_click_field field, uint32_t kind, uint64_t a, float value) {
    struct fr_click_features *f = m->out;
    f->dense_fields[f->dense_n] = (uint8_t)field;
    f->dense[f->dense_n++] = (struct fr_feature){(uint32_t)(hash_of(kind, a, 0) >> m->dense_shift), value};
}

/* An id by itself and by surface. */
static void wide_id(struct maker *m, enum fr_click_field field, uint32_t kind, uint64_t id) {
    if (!id) return;
    wide(m, field, kind, id, 0, 1);
    if (m->surface) wide(m, field, kind + K_BY_SURFACE, id, m->surface, 1);
}

static uint64_t step_of(float x) {
    float step = floorf(x / STEP);
    step = step < -STEPS_MOST ? -STEPS_MOST : step > STEPS_MOST ? STEPS_MOST : step;
    return (uint64_t)(int64_t)(step + STEPS_MOST);
}

/* 0, 1, 2-3, 4-7, .. of ln(1 + count): powers of two, by a number that is there already. */
static uint64_t power_of(float ln_1_plus) { return (uint64_t)(ln_1_plus * 1.4427f + .01f); }

static void ids(struct maker *m) {
    const struct fr_impression *s = &m->x->shown;
    wide(m, FR_CLICK_FIELD_START, K_START, 0, 0, 1);
    wide_id(m, FR_CLICK_FIELD_SHOWN_ID, K_CREATIVE, s->creative);
    wide_id(m, FR_CLICK_FIELD_SHOWN_ID, K_CAMPAIGN, s->campaign);
    wide_id(m, FR_CLICK_FIELD_SHOWN_ID, K_ADVERTISER, s->advertiser);
    wide_id(m, FR_CLICK_FIELD_SHOWN_ID, K_TOPIC, s->topic);
}

static void attributes(struct maker *m) {
    const struct fr_impression *s = &m->x->shown;
    enum fr_click_field of_user = FR_CLICK_FIELD_USER_ATTRIBUTES, of_shown = FR_CLICK_FIELD_SHOWN_ATTRIBUTES;
    for (uint32_t i = 0; i < s->user_attribute_n; i++)
        wide(m, of_user, K_USER_ATTRIBUTE, s->user_attributes[i], 0, 1);
    for (uint32_t i = 0; i < s->item_attribute_n; i++) {
        wide_id(m, of_shown, K_SHOWN_ATTRIBUTE, s->item_attributes[i]);
        dense(m, of_shown, K_SHOWN_ATTRIBUTE, s->item_attributes[i], 1);
    }
    if (s->age_days >= 0) wide_id(m, of_shown, K_AGE, 1 + power_of((float)fr_ln(1 + (double)s->age_days)));
}

static void place(struct maker *m) {
    const struct fr_impression *s = &m->x->shown;
    uint64_t hour = (uint64_t)(s->time_ms / HOUR_MS % DAY_HOURS);
    wide_id(m, FR_CLICK_FIELD_PLACE, K_HOUR, hour + 1);
    dense(m, FR_CLICK_FIELD_PLACE, K_HOUR, hour, 1);
    if (m->surface) wide(m, FR_CLICK_FIELD_PLACE, K_SURFACE, m->surface, 0, 1);
    if (m->surface) dense(m, FR_CLICK_FIELD_PLACE, K_SURFACE, m->surface, 1);
    if (s->position >= 0) wide_id(m, FR_CLICK_FIELD_PLACE, K_POSITION, (uint64_t)s->position + 1);
}

static void one_rate(struct maker *m, uint32_t k) {
    const struct fr_click_context *x = m->x;
    enum fr_click_field field = rate_fields[k];
    wide(m, field, K_RATE, k, 0, x->rates[k]);
    wide(m, field, K_SEEN, k, 0, x->seen[k] / 5);
    wide(m, field, K_RATE_BY_SEEN, k, step_of(x->rates[k]) << 8 | power_of(x->seen[k]), 1);
    wide(m, field, K_RATE_BY_SURFACE, k << 8 | step_of(x->rates[k]), m->surface, 1);
    dense(m, field, K_RATE, k, x->rates[k]);
    dense(m, field, K_SEEN, k, x->seen[k] / 4 - .5f);
    if (!fr_click_rate_counts_lately(k)) return;
    wide(m, field, K_DAYS, k, 0, x->days[k]);
    wide(m, field, K_HOURS, k, 0, x->hours[k]);
    dense(m, field, K_DAYS, k, x->days[k]);
    dense(m, field, K_HOURS, k, x->hours[k]);
}

static void rate_by_rate(struct maker *m, enum fr_click_field field, uint32_t which, float a, float b) {
    wide(m, field, K_RATE_BY_RATE, which, step_of(a) << 8 | step_of(b), 1);
}

static void rates(struct maker *m) {
    const struct fr_click_context *x = m->x;
    const float *r = x->rates;
    for (uint32_t k = FR_CLICK_ALL + 1; k < FR_CLICK_RATES; k++)
        if (fr_click_rate_applies(k, &x->shown)) one_rate(m, k);
    wide(m, FR_CLICK_FIELD_USER_RATE, K_DAYS_BY_SURFACE, step_of(x->days[FR_CLICK_USER]), m->surface, 1);
    wide(m, FR_CLICK_FIELD_SHOWN_RATE, K_DAYS_BY_SURFACE, 256 + step_of(x->days[FR_CLICK_CREATIVE]),
         m->surface, 1);
    enum fr_click_field field = FR_CLICK_FIELD_PAIR_RATE;
    rate_by_rate(m, field, 0, r[FR_CLICK_USER], r[FR_CLICK_CREATIVE]);
    rate_by_rate(m, field, 1, r[FR_CLICK_USER_SURFACE], r[FR_CLICK_CREATIVE_SURFACE]);
    rate_by_rate(m, field, 2, r[FR_CLICK_USER_SURFACE], r[FR_CLICK_USER_TOPIC]);
    rate_by_rate(m, field, 3, r[FR_CLICK_USER_TOPIC], r[FR_CLICK_CREATIVE]);
}

/* ---- the last answers ---- */

/* As a number, and as a step by surface. */
static void recent_number(struct maker *m, uint32_t which, float value) {
    wide(m, FR_CLICK_FIELD_RECENT, K_RECENT, which, 0, value);
    wide(m, FR_CLICK_FIELD_RECENT, K_RECENT_BY_SURFACE, which << 8 | step_of(value), m->surface, 1);
    dense(m, FR_CLICK_FIELD_RECENT, K_RECENT, which, value);
}

static void recent_crossed(struct maker *m, uint32_t kind, uint64_t value) {
    wide(m, FR_CLICK_FIELD_RECENT, kind, value, 0, 1);
    wide(m, FR_CLICK_FIELD_RECENT, kind + K_BY_SURFACE, value, m->surface, 1);
    dense(m, FR_CLICK_FIELD_RECENT, kind, value, 1);
}

static float odds_above_base(const struct maker *m, double rate) {
    rate = rate < 5e-4 ? 5e-4 : rate > 1 - 5e-4 ? 1 - 5e-4 : rate;
    return (float)(fr_ln(rate / (1 - rate)) - m->x->base);
}

static float since_yes(const struct maker *m) {
    const struct fr_click_context *x = m->x;
    double seconds = (double)(x->shown.time_ms - x->answers.yes_ms) / 1000;
    if (!x->answers.yes_ms) return 1;
    return (float)fr_ln(1 + (seconds > 0 ? seconds : 0)) / 5 - 1.5f;
}

static float same_topics(const struct maker *m) {
    float same = 0;
    for (uint32_t i = 0; i < FR_CLICK_TOPICS; i++)
        same += m->x->shown.topic && m->x->answers.topics[i] == m->x->shown.topic;
    return same;
}

static void recent_numbers(struct maker *m) {
    const struct fr_answers *a = &m->x->answers;
    float sign = a->answered ? m->last_yes ? 1 : -1 : 0;
    double base = fr_logistic(m->x->base);
    recent_number(m, 0, a->answered ? odds_above_base(m, (double)a->quick) : 0);
    recent_number(m, 1, a->answered ? odds_above_base(m, (double)a->slow) : 0);
    recent_number(m, 2, odds_above_base(m, (a->session_yes + 2 * base) / (a->session_answered + 2)));
    recent_number(m, 3, since_yes(m));
    recent_number(m, 4, same_topics(m));
    recent_number(m, 5, a->shown_ms ? a->pace / 5 - 1.5f : 0);
    recent_number(m, 6, (float)__builtin_popcount(a->history >> 3 & 15) - 1.6f);
    recent_number(m, 7, m->x->gap < .69f ? sign : 0);
    recent_number(m, 8, m->x->gap < 7.5f ? sign : 0); /* half an hour */
    dense(m, FR_CLICK_FIELD_RECENT, K_GAP + K_NUMBER, 0, m->x->gap / 5 - 1);
}

static void recent(struct maker *m) {
    const struct fr_answers *a = &m->x->answers;
    const struct fr_impression *s = &m->x->shown;
    uint64_t answered = a->answered < 5 ? a->answered : 5,
             place_step = a->place < PLACES_MOST ? a->place : PLACES_MOST;
    uint64_t last = a->answered ? 1 + m->last_yes : 0;
    recent_crossed(m, K_GAP, m->gap_step);
    recent_crossed(m, K_PLACE, place_step);
    recent_crossed(m, K_HISTORY, (a->history & 7) << 3 | answered);
    wide(m, FR_CLICK_FIELD_RECENT, K_HISTORY + K_BY_HISTORY, (a->history & 31) << 3 | answered, m->surface,
         1);
    wide(m, FR_CLICK_FIELD_RECENT, K_GAP + K_BY_HISTORY, m->gap_step, a->history & 7, 1);
    wide(m, FR_CLICK_FIELD_RECENT, K_GAP + K_BY_PLACE, m->gap_step, place_step, 1);
    wide(m, FR_CLICK_FIELD_RECENT, K_SAME_ADVERTISER, a->advertiser == s->advertiser, last, 1);
    wide(m, FR_CLICK_FIELD_RECENT, K_SAME_TOPIC, a->topics[0] == s->topic, last, 1);
    wide(m, FR_CLICK_FIELD_RECENT, K_LAST_SURFACE, a->surface, m->surface ^ last, 1);
    recent_numbers(m);
}

void fr_click_features_make(const struct fr_click_context *x, uint32_t wide_bits, uint32_t dense_bits,
                            struct fr_click_features *out) {
    struct maker m = {.x = x,
                      .out = out,
                      .wide_shift = 64 - wide_bits,
                      .dense_shift = 64 - dense_bits,
                      .surface = x->shown.surface,
                      .last_yes = x->answers.history & 1,
                      .gap_step = (uint32_t)(x->gap * 1.4427f)};
    out->wide_n = out->dense_n = 0;
    out->base = x->base;
    ids(&m);
    attributes(&m);
    place(&m);
    rates(&m);
    recent(&m);
}
