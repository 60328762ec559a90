#include "campaign_names.h"
#include "freshet/catalog/campaign.h"
#include "freshet/base/json.h"

#define NAME(name, text) text,
const char *const campaign_kinds[CAMPAIGN_KINDS] = {FR_CAMPAIGN_KIND_MAP(NAME)};
const char *const campaign_pays[CAMPAIGN_PAYS] = {FR_CAMPAIGN_PAYS_MAP(NAME)};
const char *const campaign_states[CAMPAIGN_STATES] = {FR_CAMPAIGN_STATE_MAP(NAME)};
const char *const campaign_budgets[CAMPAIGN_BUDGETS] = {FR_CAMPAIGN_BUDGET_MAP(NAME)};
#undef NAME

const char *fr_campaign_pays_name(enum fr_campaign_pays value) { return campaign_pays[value]; }
const char *fr_campaign_state_name(enum fr_campaign_state state) { return campaign_states[state]; }

static const struct {
    const char *name, *text;
} fault_rows[FR_CAMPAIGN_FAULT_N] = {
#define FAULT_ROW(name, code, text) {code, text},
    FR_CAMPAIGN_FAULT_MAP(FAULT_ROW)
#undef FAULT_ROW
};

const char *fr_campaign_fault_name(enum fr_campaign_fault_code code) { return fault_rows[code].name; }
const char *fr_campaign_fault_text(enum fr_campaign_fault_code code) { return fault_rows[code].text; }

void fr_campaign_fault_write(struct fr_buf *out, const struct fr_campaign_fault *f) {
    fr_buf_printf(out, "%s%s%s", f->field, *f->field ? ": " : "", fr_campaign_fault_text(f->code));
    if (*f->hint) fr_buf_printf(out, " (%s)", f->hint);
}

void fr_campaign_faults_write(struct fr_buf *out, const struct fr_campaign_faults *faults) {
    for (uint32_t i = 0; i < faults->n; i++) {
        if (i) fr_buf_append(out, "; ", 2);
        fr_campaign_fault_write(out, &faults->at[i]);
    }
}

/* ---- writing ---- */

static void put_text(struct fr_buf *b, const char *key, struct fr_str text) {
    if (text.len == 0) return;
    fr_json_key(b, key);
    fr_json_str(b, text);
}

static void put_texts(struct fr_buf *b, const char *key, const struct fr_str *texts, uint32_t n) {
    if (n == 0) return;
    fr_json_key(b, key);
    fr_json_open(b, '[');
    for (uint32_t i = 0; i < n; i++) fr_json_str(b, texts[i]);
    fr_json_close(b, ']');
}

static void put_count(struct fr_buf *b, const char *key, int64_t n) {
    if (n == 0) return;
    fr_json_key(b, key);
    fr_json_int(b, n);
}

static void put_time(struct fr_buf *b, const char *key, fr_time_ms t, fr_time_ms always) {
    if (t == always) return;
    fr_json_key(b, key);
    fr_json_time(b, t);
}

static void put_money(struct fr_buf *b, const char *key, int64_t micros) {
    if (micros == 0) return;
    fr_json_key(b, key);
    fr_json_double(b, (double)micros / 1e6);
}

static void put_budget(struct fr_buf *b, const struct fr_campaign *c) {
    if (!c->daily_micros && !c->total_micros) return;
    fr_json_key(b, "budget");
    fr_json_open(b, '{');
    put_money(b, "daily", c->daily_micros);
    put_money(b, "total", c->total_micros);
    put_text(b, "mode", fr_str_of(campaign_budgets[c->budget]));
    fr_json_close(b, '}');
}

static void put_caps(struct fr_buf *b, const struct fr_campaign *c) {
    if (!c->cap_hour && !c->cap_day && !c->cap_life) return;
    fr_json_key(b, "caps");
    fr_json_open(b, '{');
    put_count(b, "hour", c->cap_hour);
    put_count(b, "day", c->cap_day);
    put_count(b, "life", c->cap_life);
    fr_json_close(b, '}');
}

static void put_terms(struct fr_buf *b, const struct fr_campaign *c) {
    put_time(b, "start", c->start_ms, INT64_MIN);
    put_time(b, "end", c->end_ms, INT64_MAX);
    put_budget(b, c);
    put_text(b, "currency", c->currency);
    fr_json_key(b, "pays");
    fr_json_open(b, '{');
    put_text(b, "for", fr_str_of(campaign_pays[c->pays]));
    put_money(b, "price", c->price_micros);
    fr_json_close(b, '}');
    put_caps(b, c);
    if (c->control_share > 0) {
        fr_json_key(b, "control_share");
        fr_json_double(b, c->control_share);
    }
    put_count(b, "priority", c->priority);
    put_text(b, "state", fr_str_of(campaign_states[c->state]));
}

void fr_campaign_write(struct fr_buf *b, const struct fr_campaign *c) {
    bool is_campaign = c->kind == FR_CAMPAIGN_IS_CAMPAIGN;
    fr_json_open(b, '{');
    put_text(b, "id", c->id);
    put_text(b, "kind", fr_str_of(campaign_kinds[c->kind]));
    put_text(b, "name", c->name);
    if (is_campaign) {
        put_text(b, "advertiser", c->advertiser);
        put_texts(b, "items", c->items, c->item_n);
        put_texts(b, "categories", c->categories, c->category_n);
        put_texts(b, "creatives", c->creatives, c->creative_n);
    }
    put_text(b, "rule", c->rule);
    if (is_campaign) put_terms(b, c);
    fr_json_close(b, '}');
}
