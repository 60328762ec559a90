/* A campaign's JSON, read whole by Jansson and then along tables of fields: marketing people write these by hand, so whoever
 * makes a mistake is told all of them at once, unknown fields included. */
#include "campaign_names.h"
#include "freshet/base/suggest.h"
#include "freshet/catalog/campaign.h"
#include "freshet/event/event.h"
#include "record_text.h"
#include <math.h>
#include <stdio.h>

struct reading {
    struct fr_arena *arena;
    struct fr_campaign *campaign;
    struct fr_campaign_faults *faults;
    char field[FR_RECORD_FIELD_BYTES];
};

void fr_campaign_fault_add(struct fr_campaign_faults *faults, enum fr_campaign_fault_code code,
                           const char *field, const char *hint) {
    if (faults->n == FR_CAMPAIGN_FAULTS) return;
    struct fr_campaign_fault *f = &faults->at[faults->n++];
    f->code = code;
    record_copy(f->field, sizeof f->field, field);
    record_copy(f->hint, sizeof f->hint, hint);
}

static void fault(struct reading *r, enum fr_campaign_fault_code code, const char *hint) {
    fr_campaign_fault_add(r->faults, code, r->field, hint);
}

/* ---- values ---- */

static bool read_text(struct reading *r, const json_t *value, uint32_t most, struct fr_str *out) {
    *out = (struct fr_str){0};
    if (!json_is_string(value)) {
        fault(r, FR_CAMPAIGN_FAULT_BAD_TYPE, "a text");
        return false;
    }
    struct fr_str text = {json_string_value(value), (uint32_t)json_string_length(value)};
    if (text.len == 0 || json_string_length(value) > most || record_has_controls(text)) {
        fault(r, FR_CAMPAIGN_FAULT_BAD_TEXT, "");
        return false;
    }
    *out = fr_arena_copy(r->arena, text);
    return true;
}

static bool is_among(const struct fr_str *texts, uint32_t n, struct fr_str text) {
    for (uint32_t i = 0; i < n; i++)
        if (fr_str_eq(texts[i], text)) return true;
    return false;
}

/* A list of texts, or one that stands for a list of one. */
static const struct fr_str *read_texts(struct reading *r, const json_t *value, uint32_t most, uint32_t *n) {
    size_t given = json_is_array(value) ? json_array_size(value) : 1;
    char hint[32];
    *n = 0;
    if (given > most) {
        snprintf(hint, sizeof hint, "at most %u", most);
        fault(r, FR_CAMPAIGN_FAULT_TOO_MANY, hint);
        return NULL;
    }
    struct fr_str *out = fr_arena_alloc(r->arena, (given + 1) * sizeof *out), text;
    for (size_t i = 0; i < given; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        if (read_text(r, one, FR_EVENT_ID_BYTES, &text) && !is_among(out, *n, text)) out[(*n)++] = text;
    }
    return out;
}

static uint32_t read_choice(struct reading *r, const json_t *value, const char *const *choices, uint32_t n) {
    char hint[96] = "one of";
    for (uint32_t i = 0; i < n; i++) {
        if (json_is_string(value) && strcmp(json_string_value(value), choices[i]) == 0) return i;
        size_t at = strlen(hint);
        snprintf(hint + at, sizeof hint - at, "%s %s", i ? "," : "", choices[i]);
    }
    fault(r, json_is_string(value) ? FR_CAMPAIGN_FAULT_BAD_CHOICE : FR_CAMPAIGN_FAULT_BAD_TYPE, hint);
    return 0;
}

static double read_number(struct reading *r, const json_t *value, double least, double most) {
    char hint[64];
    double number = json_number_value(value);
    snprintf(hint, sizeof hint, "from %g to %g", least, most);
    if (!json_is_number(value))
        fault(r, FR_CAMPAIGN_FAULT_BAD_TYPE, "a number");
    else if (!(number >= least && number <= most))
        fault(r, FR_CAMPAIGN_FAULT_BAD_NUMBER, hint);
    else
        return number;
    return least;
}

static int64_t read_whole(struct reading *r, const json_t *value, int64_t least, int64_t most) {
    if (json_is_number(value) && !json_is_integer(value)) {
        fault(r, FR_CAMPAIGN_FAULT_BAD_NUMBER, "a whole number");
        return least;
    }
    return (int64_t)read_number(r, value, (double)least, (double)most);
}

/* The double nearest to a decimal of six places is that of its millionths over a million, and no other decimal's. */
static int64_t read_money(struct reading *r, const json_t *value) {
    double amount = json_number_value(value), micros = nearbyint(amount * 1e6);
    if (!json_is_number(value)) {
        fault(r, FR_CAMPAIGN_FAULT_BAD_TYPE, "a number, in whole units of the currency");
        return 0;
    }
    if (!(amount > 0 && micros < (double)FR_CAMPAIGN_MICROS_MAX)) {
        fault(r, FR_CAMPAIGN_FAULT_BAD_MONEY, "above 0, below 4500 million");
        return 0;
    }
    if (micros / 1e6 < amount || micros / 1e6 > amount) {
        fault(r, FR_CAMPAIGN_FAULT_BAD_MONEY, "");
        return 0;
    }
    return (int64_t)micros;
}

static fr_time_ms read_time(struct reading *r, const json_t *value, fr_time_ms always) {
    fr_time_ms t = always;
    switch (record_time(value, &t)) {
    case RECORD_TIME_READ: return t;
    case RECORD_TIME_EMPTY:
    case RECORD_TIME_BAD: fault(r, FR_CAMPAIGN_FAULT_BAD_TIME, "such as 2026-06-01T00:00:00Z"); break;
    case RECORD_TIME_NO_TIME: fault(r, FR_CAMPAIGN_FAULT_BAD_TYPE, "a time"); break;
    }
    return always;
}

/* ---- tables of fields ---- */

struct field {
    const char *name;
    void (*read)(struct reading *, const json_t *);
    bool of_segment; /* a segment may have it too */
};

enum { FIELDS_MOST = 20 };

static void say_unknown(struct reading *r, const char *parent, const char *name, const struct field *fields,
                        uint32_t n) {
    const char *names[FIELDS_MOST];
    char hint[96] = "";
    for (uint32_t i = 0; i < n; i++) names[i] = fields[i].name;
    const char *near = fr_suggest(name, names, n);
    if (near) snprintf(hint, sizeof hint, "did you mean %s?", near);
    record_field(r->field, *parent ? parent : name, *parent ? name : "");
    fault(r, FR_CAMPAIGN_FAULT_UNKNOWN_FIELD, hint);
}

static bool is_known(const char *name, const struct field *fields, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0) return true;
    return false;
}

/* Members in the order of the table, then what is not in it. parent "": of the record itself. */
static void read_members(struct reading *r, const char *parent, const json_t *object,
                         const struct field *fields, uint32_t n) {
    const char *name;
    json_t *value;
    for (uint32_t i = 0; i < n; i++) {
        value = json_object_get(object, fields[i].name);
        if (!value || json_is_null(value)) continue;
        record_field(r->field, *parent ? parent : fields[i].name, *parent ? fields[i].name : "");
        bool is_segment = r->campaign->kind == FR_CAMPAIGN_IS_SEGMENT;
        if (is_segment && !fields[i].of_segment)
            fault(r, FR_CAMPAIGN_FAULT_NOT_OF_SEGMENT, "a segment has id, kind, name and rule");
        else
            fields[i].read(r, value);
    }
    json_object_foreach((json_t *)(uintptr_t)object, name, value) if (!is_known(name, fields, n))
        say_unknown(r, parent, name, fields, n);
}

static void read_object(struct reading *r, const json_t *value, const char *parent,
                        const struct field *fields, uint32_t n) {
    if (json_is_object(value))
        read_members(r, parent, value, fields, n);
    else
        fault(r, FR_CAMPAIGN_FAULT_BAD_TYPE, "an object");
}

#define N_OF(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static void read_daily(struct reading *r, const json_t *v) { r->campaign->daily_micros = read_money(r, v); }
static void read_total(struct reading *r, const json_t *v) { r->campaign->total_micros = read_money(r, v); }
static void read_mode(struct reading *r, const json_t *v) {
    r->campaign->budget = (enum fr_campaign_budget)read_choice(r, v, campaign_budgets, CAMPAIGN_BUDGETS);
}
static void read_budget(struct reading *r, const json_t *v) {
    static const struct field fields[] = {
        {"daily", read_daily, false}, {"total", read_total, false}, {"mode", read_mode, false}};
    read_object(r, v, "budget", fields, N_OF(fields));
}

static void read_for(struct reading *r, const json_t *v) {
    r->campaign->pays = (enum fr_campaign_pays)read_choice(r, v, campaign_pays, CAMPAIGN_PAYS);
}
static void read_price(struct reading *r, const json_t *v) { r->campaign->price_micros = read_money(r, v); }
static void read_pays(struct reading *r, const json_t *v) {
    static const struct field fields[] = {{"for", read_for, false}, {"price", read_price, false}};
    read_object(r, v, "pays", fields, N_OF(fields));
}

static void read_hour(struct reading *r, const json_t *v) {
    r->campaign->cap_hour = (uint32_t)read_whole(r, v, 1, FR_CAMPAIGN_CAP_MAX);
}
static void read_day(struct reading *r, const json_t *v) {
    r->campaign->cap_day = (uint32_t)read_whole(r, v, 1, FR_CAMPAIGN_CAP_MAX);
}
static void read_life(struct reading *r, const json_t *v) {
    r->campaign->cap_life = (uint32_t)read_whole(r, v, 1, 1000000);
}
static void read_caps(struct reading *r, const json_t *v) {
    static const struct field fields[] = {
        {"hour", read_hour, false}, {"day", read_day, false}, {"life", read_life, false}};
    read_object(r, v, "caps", fields, N_OF(fields));
}

static void read_id(struct reading *r, const json_t *v) {
    read_text(r, v, FR_EVENT_ID_BYTES, &r->campaign->id);
}
static void read_kind(struct reading *r, const json_t *v) { (void)r, (void)v; } /* read before all others */
static void read_name(struct reading *r, const json_t *v) {
    read_text(r, v, FR_CAMPAIGN_NAME_BYTES, &r->campaign->name);
}
static void read_advertiser(struct reading *r, const json_t *v) {
    read_text(r, v, FR_CAMPAIGN_NAME_BYTES, &r->campaign->advertiser);
}
static void read_items(struct reading *r, const json_t *v) {
    r->campaign->items = read_texts(r, v, FR_CAMPAIGN_PROMOTED, &r->campaign->item_n);
}
static void read_categories(struct reading *r, const json_t *v) {
    r->campaign->categories = read_texts(r, v, FR_CAMPAIGN_PROMOTED, &r->campaign->category_n);
}
static void read_creatives(struct reading *r, const json_t *v) {
    r->campaign->creatives = read_texts(r, v, FR_CAMPAIGN_CREATIVES, &r->campaign->creative_n);
}
/* A rule may have line ends; the reader of rules says what else is wrong with it. */
static void read_rule(struct reading *r, const json_t *v) {
    struct fr_str text = {json_string_value(v), (uint32_t)json_string_length(v)};
    if (!json_is_string(v))
        fault(r, FR_CAMPAIGN_FAULT_BAD_TYPE, "a text");
    else if (json_string_length(v) > FR_CAMPAIGN_RULE_BYTES)
        fault(r, FR_CAMPAIGN_FAULT_BAD_TEXT, "at most 8192 bytes");
    else
        r->campaign->rule = fr_arena_copy(r->arena, text);
}
static void read_start(struct reading *r, const json_t *v) {
    r->campaign->start_ms = read_time(r, v, INT64_MIN);
}
static void read_end(struct reading *r, const json_t *v) { r->campaign->end_ms = read_time(r, v, INT64_MAX); }
static void read_currency(struct reading *r, const json_t *v) { read_text(r, v, 16, &r->campaign->currency); }
static void read_control(struct reading *r, const json_t *v) {
    r->campaign->control_share = read_number(r, v, 0, .9);
}
static void read_priority(struct reading *r, const json_t *v) {
    r->campaign->priority = (int32_t)read_whole(r, v, -100, 100);
}
static void read_state(struct reading *r, const json_t *v) {
    r->campaign->state = (enum fr_campaign_state)read_choice(r, v, campaign_states, CAMPAIGN_STATES);
}

static const struct field fields[] = {{"id", read_id, true},
                                      {"kind", read_kind, true},
                                      {"name", read_name, true},
                                      {"advertiser", read_advertiser, false},
                                      {"items", read_items, false},
                                      {"categories", read_categories, false},
                                      {"creatives", read_creatives, false},
                                      {"rule", read_rule, true},
                                      {"start", read_start, false},
                                      {"end", read_end, false},
                                      {"budget", read_budget, false},
                                      {"currency", read_currency, false},
                                      {"pays", read_pays, false},
                                      {"caps", read_caps, false},
                                      {"control_share", read_control, false},
                                      {"priority", read_priority, false},
                                      {"state", read_state, false}};
_Static_assert(sizeof fields / sizeof *fields <= FIELDS_MOST, "say_unknown has room for their names");

/* ---- the record ---- */

static bool has_fault(const struct fr_campaign_faults *faults, const char *field) {
    for (uint32_t i = 0; i < faults->n; i++)
        if (strcmp(faults->at[i].field, field) == 0) return true;
    return false;
}

static void need(struct reading *r, const char *name, const char *member, bool there, const char *hint) {
    record_field(r->field, name, member);
    if (!there && !has_fault(r->faults, r->field) && !has_fault(r->faults, name))
        fault(r, FR_CAMPAIGN_FAULT_MISSING, hint);
}

/* What holds between fields. */
static void judge(struct reading *r, struct fr_str key) {
    const struct fr_campaign *c = r->campaign;
    record_field(r->field, "id", "");
    if (c->id.len == 0 && !has_fault(r->faults, "id")) fault(r, FR_CAMPAIGN_FAULT_NO_ID, "");
    if (c->id.len && key.ptr && !fr_str_eq(key, c->id)) fault(r, FR_CAMPAIGN_FAULT_OTHER_ID, "");
    if (c->kind == FR_CAMPAIGN_IS_SEGMENT) {
        need(r, "rule", "", c->rule.len > 0, "a segment is a rule with a name");
        return;
    }
    need(r, "pays", "price", c->price_micros > 0, "what is paid for one, such as 0.25");
    record_field(r->field, "end", "");
    if (c->end_ms <= c->start_ms) fault(r, FR_CAMPAIGN_FAULT_NEVER_RUNS, "");
    if (c->budget == FR_CAMPAIGN_HARD)
        need(r, "budget", "daily", c->daily_micros || c->total_micros, "a hard budget has an amount");
}

static void read_first(struct reading *r, const json_t *object) {
    const json_t *kind = json_object_get(object, "kind");
    record_field(r->field, "kind", "");
    if (kind && !json_is_null(kind))
        r->campaign->kind = (enum fr_campaign_kind)read_choice(r, kind, campaign_kinds, CAMPAIGN_KINDS);
}

bool fr_campaign_read(struct fr_str json, struct fr_str key, struct fr_arena *arena, struct fr_campaign *out,
                      struct fr_campaign_faults *faults) {
    static const enum fr_campaign_fault_code codes[] = {[RECORD_NOT_JSON] = FR_CAMPAIGN_FAULT_NOT_JSON,
                                                        [RECORD_DUPLICATE_KEY] =
                                                            FR_CAMPAIGN_FAULT_DUPLICATE_KEY,
                                                        [RECORD_NOT_OBJECT] = FR_CAMPAIGN_FAULT_NOT_OBJECT};
    struct reading r = {arena, out, faults, ""};
    enum record_fault found;
    *out = (struct fr_campaign){.start_ms = INT64_MIN, .end_ms = INT64_MAX};
    faults->n = 0;
    if (json.len > FR_CAMPAIGN_RECORD_BYTES) {
        fault(&r, FR_CAMPAIGN_FAULT_TOO_LARGE, "");
        return false;
    }
    json_t *root = record_parse(json, &found);
    if (!root) {
        fault(&r, codes[found], "");
        return false;
    }
    read_first(&r, root);
    read_members(&r, "", root, fields, N_OF(fields));
    judge(&r, key);
    json_decref(root);
    return faults->n == 0;
}
