#include "freshet/base/json.h"
#include "freshet/target/ad_scores.h"
#include <math.h>

static void put_text(struct fr_buf *b, const char *key, struct fr_str value) {
    fr_json_key(b, key);
    fr_json_str(b, value);
}

static void put_number(struct fr_buf *b, const char *key, double value) {
    fr_json_key(b, key);
    fr_json_number(b, value);
}

static void put_time(struct fr_buf *b, const char *key, fr_time_ms t) {
    fr_json_key(b, key);
    fr_json_time(b, t);
}

static void put_head(struct fr_buf *b, const struct fr_ad_scores_head *h, bool consent) {
    fr_json_key(b, "schema_version");
    fr_json_int(b, 1);
    put_text(b, "user_id", h->user_id);
    put_time(b, "generated_at", h->generated_ms);
    put_time(b, "expires_at", h->expires_ms);
    if (h->model_version.len) {
        fr_json_key(b, "model");
        fr_json_open(b, '{');
        put_text(b, "name", FR_STR("ads"));
        put_text(b, "version", h->model_version);
        fr_json_close(b, '}');
    }
    fr_json_key(b, "campaigns_version");
    fr_json_int(b, (int64_t)h->campaigns);
    fr_json_key(b, "consent");
    fr_json_bool(b, consent);
}

/* A decimal of 9 places: reasons are sums that must add up again. */
static double rounded(double x) { return nearbyint(x * 1e9) / 1e9; }

static void put_reason(struct fr_buf *b, const char *code, double log_odds) {
    fr_json_open(b, '{');
    put_text(b, "code", fr_str_of(code));
    fr_json_key(b, "log_odds");
    fr_json_double(b, rounded(log_odds));
    fr_json_close(b, '}');
}

/* The fields by size, the largest first. */
static void order(const struct fr_click_reasons *r, uint32_t fields[FR_CLICK_FIELDS]) {
    for (uint32_t i = 0; i < FR_CLICK_FIELDS; i++) {
        uint32_t at = i;
        for (; at && fabs(r->fields[fields[at - 1]]) < fabs(r->fields[i]); at--) fields[at] = fields[at - 1];
        fields[at] = i;
    }
}

static void put_reasons(struct fr_buf *b, const struct fr_click_reasons *r) {
    uint32_t fields[FR_CLICK_FIELDS];
    double rest = 0;
    order(r, fields);
    fr_json_key(b, "log_odds");
    fr_json_double(b, rounded(r->logit));
    fr_json_key(b, "reasons");
    fr_json_open(b, '[');
    for (uint32_t i = 0; i < FR_AD_REASONS; i++)
        put_reason(b, fr_click_field_name((enum fr_click_field)fields[i]), r->fields[fields[i]]);
    for (uint32_t i = FR_AD_REASONS; i < FR_CLICK_FIELDS; i++) rest += r->fields[fields[i]];
    put_reason(b, "others", rest);
    fr_json_close(b, ']');
}

static void put_scored(struct fr_buf *b, const struct fr_ad_score *s, const struct fr_campaign *c,
                       fr_time_ms permit_ms) {
    fr_json_key(b, "eligible");
    fr_json_bool(b, true);
    put_text(b, "creative_id", s->creative_id);
    put_number(b, "creative_propensity", s->creative_propensity);
    put_number(b, "click_probability", s->click);
    put_number(b, "conversion_probability", s->conversion);
    put_number(b, "expected_value", s->value_micros * 1e-6);
    if (c->currency.len) put_text(b, "currency", c->currency);
    if (c->budget == FR_CAMPAIGN_HARD) put_time(b, "show_until", permit_ms);
    if (c->priority) {
        fr_json_key(b, "priority");
        fr_json_int(b, c->priority);
    }
    if (s->has_reasons) put_reasons(b, &s->reasons);
}

static void put_score(struct fr_buf *b, const struct fr_ad_score *s, const struct fr_campaign *c,
                      fr_time_ms permit_ms) {
    fr_json_open(b, '{');
    put_text(b, "campaign_id", c->id);
    if (s->bar == FR_AD_BAR_NONE) {
        put_scored(b, s, c, permit_ms);
    } else {
        fr_json_key(b, "eligible");
        fr_json_bool(b, false);
        put_text(b, "reason", fr_str_of(fr_ad_bar_code(s->bar)));
    }
    fr_json_close(b, '}');
}

static void put_exploration(struct fr_buf *b, const struct fr_ad_exploration *e) {
    fr_json_key(b, "exploration");
    fr_json_open(b, '{');
    fr_json_key(b, "new_campaigns");
    fr_json_int(b, e->new_n);
    fr_json_key(b, "explored");
    fr_json_bool(b, e->explored);
    put_number(b, "first_propensity", e->first_propensity);
    fr_json_close(b, '}');
}

void fr_ad_scores_write(struct fr_buf *out, const struct fr_ad_scores_head *head,
                        const struct fr_ad_scores *scores, const struct fr_campaign_set *set) {
    fr_json_open(out, '{');
    put_head(out, head, true);
    fr_json_key(out, "scores");
    fr_json_open(out, '[');
    for (uint32_t i = 0; i < scores->n; i++)
        put_score(out, &scores->at[i], &set->campaigns[scores->at[i].campaign].record, head->permit_ms);
    fr_json_close(out, ']');
    fr_json_key(out, "not_targeted");
    fr_json_int(out, scores->not_targeted);
    if (scores->exploration.new_n) put_exploration(out, &scores->exploration);
    if (scores->unscored) {
        fr_json_key(out, "unscored");
        fr_json_int(out, scores->unscored);
    }
    fr_json_close(out, '}');
}

void fr_ad_scores_write_refused(struct fr_buf *out, const struct fr_ad_scores_head *head) {
    struct fr_ad_scores_head bare = *head;
    bare.model_version = FR_STR("");
    fr_json_open(out, '{');
    put_head(out, &bare, false);
    fr_json_key(out, "scores");
    fr_json_open(out, '[');
    fr_json_close(out, ']');
    fr_json_close(out, '}');
}
