#include "freshet/target/click_context.h"
#include "freshet/base/hash.h"
#include "freshet/base/real.h"
#include <math.h>

#define ODDS_LEAST 5e-4   /* rates are moved within before their odds are taken */
#define NEVER_SECONDS 1e6 /* since the last impression, where there is none */

enum { MS = 1000, HOUR_MS = 3600000, DAYPART_HOURS = 6, DAY_HOURS = 24 };

uint32_t fr_impression_text(struct fr_str name, struct fr_str value) {
    return (uint32_t)(fr_hash_mix(fr_hash_str(name) + 3 * fr_hash_str(value)) >> 32);
}

uint32_t fr_impression_number(struct fr_str name, double value) {
    int power = 0;
    if (isfinite(value) && value != 0) frexp(value, &power);
    uint64_t kind = (uint64_t)(power + 2000) * 4 + (value < 0 ? 1u : 0u) + (value != 0 ? 2u : 0u);
    return (uint32_t)(fr_hash_mix(fr_hash_str(name) + 3 * fr_hash_mix(kind)) >> 32);
}

void fr_click_counts_init(struct fr_click_counts *c, const struct fr_click_counts_params *params) {
    c->params = *params;
    fr_rates_init(&c->rates, &params->rates);
    fr_ways_init(&c->answers, params->user_bits, sizeof(struct fr_answers));
}

void fr_click_counts_fini(struct fr_click_counts *c) {
    fr_rates_fini(&c->rates);
    fr_ways_fini(&c->answers);
}

/* ---- keys ---- */

enum {
    OF_USER = 1 << 0,
    OF_CREATIVE = 1 << 1,
    OF_CAMPAIGN = 1 << 2,
    OF_ADVERTISER = 1 << 3,
    OF_TOPIC = 1 << 4,
    OF_SURFACE = 1 << 5,
    OF_HOUR = 1 << 6,
    OF_DAYPART = 1 << 7,
    PARTS = 8
};

static const struct rate_kind {
    enum fr_click_rate parent;
    bool lately;
    uint32_t of;
} kinds[FR_CLICK_RATES] = {
#define KIND(name, parent, lately, of) {FR_CLICK_##parent, lately, of},
    FR_CLICK_RATE_MAP(KIND)
#undef KIND
};

bool fr_click_rate_counts_lately(enum fr_click_rate rate) { return kinds[rate].lately; }

static uint64_t hour_of(fr_time_ms time_ms) { return (uint64_t)(time_ms / HOUR_MS % DAY_HOURS); }

static void parts_of(const struct fr_impression *s, uint64_t out[PARTS]) {
    uint64_t hour = hour_of(s->time_ms);
    const uint64_t parts[PARTS] = {s->user,  s->creative, s->campaign, s->advertiser,
                                   s->topic, s->surface,  hour + 1,    hour / DAYPART_HOURS + 1};
    memcpy(out, parts, sizeof parts);
}

bool fr_click_rate_applies(enum fr_click_rate rate, const struct fr_impression *shown) {
    uint32_t known = OF_HOUR | OF_DAYPART;
    known |= (shown->user ? OF_USER : 0u) | (shown->creative ? OF_CREATIVE : 0u);
    known |= (shown->campaign ? OF_CAMPAIGN : 0u) | (shown->advertiser ? OF_ADVERTISER : 0u);
    known |= (shown->topic ? OF_TOPIC : 0u) | (shown->surface ? OF_SURFACE : 0u);
    return !(kinds[rate].of & ~known);
}

/* 0 where a part is absent, else not 0. */
static uint64_t key_of(uint32_t kind, const uint64_t parts[PARTS]) {
    uint64_t key = fr_hash_mix(kind + 1);
    for (uint32_t i = 0; i < PARTS; i++) {
        if (!(kinds[kind].of >> i & 1)) continue;
        if (!parts[i]) return 0;
        key = fr_hash_mix(key ^ parts[i]);
    }
    return key | 1;
}

static void keys_of(const struct fr_click_counts *c, const struct fr_impression *s,
                    uint64_t keys[FR_CLICK_RATES]) {
    uint64_t parts[PARTS];
    parts_of(s, parts);
    for (uint32_t k = 0; k < FR_CLICK_RATES; k++) {
        keys[k] = key_of(k, parts);
        if (keys[k]) fr_ways_prefetch_keys(&c->rates.table, keys[k]);
    }
    for (uint32_t k = 0; k < FR_CLICK_RATES; k++)
        if (keys[k]) fr_ways_prefetch_entry(&c->rates.table, keys[k]);
}

/* ---- looking ---- */

static double odds_of(double rate) {
    rate = rate < ODDS_LEAST ? ODDS_LEAST : rate > 1 - ODDS_LEAST ? 1 - ODDS_LEAST : rate;
    return fr_ln(rate / (1 - rate));
}

static double ln_1_plus(double x) { return fr_ln(1 + x); }

static void look_at_rates(const struct fr_click_counts *c, struct fr_click_context *x) {
    const struct fr_click_counts_params *p = &c->params;
    uint64_t keys[FR_CLICK_RATES];
    double smoothed[FR_CLICK_RATES];
    keys_of(c, &x->shown, keys);
    for (uint32_t k = 0; k < FR_CLICK_RATES; k++) {
        struct fr_rate rate = {0};
        double prior = k == FR_CLICK_ALL ? p->first_rate : smoothed[kinds[k].parent];
        if (keys[k]) rate = fr_rates_get(&c->rates, keys[k], x->shown.time_ms);
        smoothed[k] = fr_rate_smoothed(&rate, FR_RATE_EVER, prior, p->strength);
        if (k == FR_CLICK_ALL) x->base = odds_of(smoothed[k]);
        x->rates[k] = (float)(odds_of(smoothed[k]) - x->base);
        x->seen[k] = (float)ln_1_plus((double)rate.shown[FR_RATE_EVER]);
        x->days[k] = x->hours[k] = 0;
        if (!kinds[k].lately) continue;
        double days = fr_rate_smoothed(&rate, FR_RATE_DAYS, smoothed[k], p->days_strength);
        double hours = fr_rate_smoothed(&rate, FR_RATE_HOURS, smoothed[k], p->hours_strength);
        x->days[k] = (float)(odds_of(days) - x->base);
        x->hours[k] = (float)(odds_of(hours) - x->base);
    }
}

/* What was last shown to the user becomes what is shown now: a new place in the session, or a new session. */
static void look_at_answers(const struct fr_click_counts *c, struct fr_click_context *x) {
    size_t place = x->shown.user ? fr_ways_find(&c->answers, x->shown.user) : FR_WAYS_NONE;
    struct fr_answers *a = &x->answers;
    *a = (struct fr_answers){0};
    if (place != FR_WAYS_NONE) *a = *(const struct fr_answers *)fr_ways_value(&c->answers, place);
    fr_time_ms gap_ms = x->shown.time_ms - a->shown_ms;
    gap_ms = gap_ms < 0 ? 0 : gap_ms;
    x->gap = (float)ln_1_plus(a->shown_ms ? (double)gap_ms / MS : NEVER_SECONDS);
    if (a->shown_ms && gap_ms <= c->params.session_gap_ms)
        a->place++;
    else
        a->place = a->session_answered = a->session_yes = 0;
}

void fr_click_counts_look(const struct fr_click_counts *c, const struct fr_impression *shown,
                          struct fr_click_context *out) {
    out->shown = *shown;
    look_at_rates(c, out);
    look_at_answers(c, out);
}

/* ---- noting ---- */

static struct fr_answers *answers_of(struct fr_click_counts *c, const struct fr_impression *s) {
    size_t place = fr_ways_take(&c->answers, s->user, s->time_ms);
    fr_time_ms *touched_ms = fr_ways_touched_ms(&c->answers, place);
    if (s->time_ms > *touched_ms) *touched_ms = s->time_ms;
    return fr_ways_value(&c->answers, place);
}

void fr_click_counts_shown(struct fr_click_counts *c, const struct fr_click_context *x) {
    if (!x->shown.user) return;
    struct fr_answers *a = answers_of(c, &x->shown);
    float pace = a->shown_ms ? a->pace : 0;
    a->pace = pace * .7f + x->gap * .3f;
    a->place = x->answers.place;
    a->session_answered = x->answers.session_answered;
    a->session_yes = x->answers.session_yes;
    if (x->shown.time_ms > a->shown_ms) a->shown_ms = x->shown.time_ms;
}

static void note_answer(struct fr_answers *a, const struct fr_click_context *x, bool yes) {
    const struct fr_impression *s = &x->shown;
    float before = (float)fr_logistic(x->base);
    float quick = a->answered ? a->quick : before, slow = a->answered ? a->slow : before;
    a->quick = quick * .7f + (yes ? .3f : 0);
    a->slow = slow * .9f + (yes ? .1f : 0);
    a->history = a->history << 1 | yes;
    a->answered++;
    a->session_answered++;
    a->session_yes += yes;
    a->advertiser = s->advertiser;
    a->surface = s->surface;
    memmove(a->topics + 1, a->topics, sizeof a->topics - sizeof *a->topics);
    a->topics[0] = s->topic;
    if (yes && s->time_ms > a->yes_ms) a->yes_ms = s->time_ms;
}

/* Of what tells of one user. */
static uint64_t owner_of(uint32_t kind, const struct fr_impression *s) {
    return kinds[kind].of & OF_USER ? s->user : 0;
}

static void add_rates(struct fr_click_counts *c, const struct fr_click_context *x, float shown, float yes) {
    uint64_t keys[FR_CLICK_RATES];
    keys_of(c, &x->shown, keys);
    for (uint32_t k = 0; k < FR_CLICK_RATES; k++)
        if (keys[k]) fr_rates_add(&c->rates, keys[k], owner_of(k, &x->shown), x->shown.time_ms, shown, yes);
}

void fr_click_counts_answer(struct fr_click_counts *c, const struct fr_click_context *x, bool yes) {
    add_rates(c, x, 1, yes);
    if (x->shown.user) note_answer(answers_of(c, &x->shown), x, yes);
}

/* The history's bit stays: whose it was is not known any more. */
void fr_click_counts_late_yes(struct fr_click_counts *c, const struct fr_click_context *x) {
    add_rates(c, x, 0, 1);
    if (!x->shown.user) return;
    struct fr_answers *a = answers_of(c, &x->shown);
    if (x->shown.time_ms > a->yes_ms) a->yes_ms = x->shown.time_ms;
}

void fr_click_counts_forget(struct fr_click_counts *c, uint64_t user) {
    size_t place = fr_ways_find(&c->answers, user);
    if (place != FR_WAYS_NONE) fr_ways_remove(&c->answers, place);
    fr_rates_forget(&c->rates, user);
}

void fr_click_counts_save(const struct fr_click_counts *c, struct fr_tensors_writer *w) {
    fr_rates_save(&c->rates, w);
    fr_ways_save(&c->answers, "answers", w);
}

static bool makes_sense(const struct fr_answers *a) {
    bool means = a->quick >= 0 && a->quick <= 1 && a->slow >= 0 && a->slow <= 1;
    return means && a->pace >= 0 && a->pace < 100 && a->session_yes <= a->session_answered;
}

enum fr_err fr_click_counts_load(struct fr_click_counts *c, const struct fr_tensors_file *file,
                                 struct fr_errmsg *msg) {
    enum fr_err err = fr_rates_load(&c->rates, file, msg);
    if (err == FR_OK) err = fr_ways_load(&c->answers, "answers", file, msg);
    for (size_t place = 0; err == FR_OK && place < (size_t)1 << c->params.user_bits; place++)
        if (!makes_sense(fr_ways_value(&c->answers, place)))
            err = fr_err_set(msg, FR_STATE_CORRUPT, "answers: a user's make no sense");
    return err;
}
