/* campaign.h - a campaign, or a segment, as the campaigns topic has it: one JSON object, docs/CAMPAIGNS.md.
 *
 * Promise   total: any bytes give a campaign, or every fault that was found, each with the field it is in. A fault of the text
 *           itself (not JSON, a key twice) hides the others. What is written reads back as the same campaign.
 * Not       the rule is a text here: whether it can be read is target/campaign_set.h's to say, which adds to the faults.
 * Money     in millionths of the campaign's currency, exact: a JSON number with more digits is a fault.
 * Bounds    below; what exceeds one is a fault, never cut.
 * Threads   any; everything lies in the caller's arena. */
#ifndef FR_CATALOG_CAMPAIGN_H
#define FR_CATALOG_CAMPAIGN_H

#include "freshet/base/arena.h"
#include "freshet/base/buf.h"
#include "freshet/base/clock.h"

enum {
    FR_CAMPAIGN_RECORD_BYTES = 65536,
    FR_CAMPAIGN_NAME_BYTES = 256, /* of name and advertiser */
    FR_CAMPAIGN_RULE_BYTES = 8192,
    FR_CAMPAIGN_PROMOTED = 200, /* items, and categories */
    FR_CAMPAIGN_CREATIVES = 16,
    FR_CAMPAIGN_FAULTS = 16,
    FR_CAMPAIGN_CAP_MAX = 100 /* of impressions an hour and a day: what exposures can count */
};
#define FR_CAMPAIGN_MICROS_MAX (INT64_C(1) << 52) /* so that doubles tell amounts apart */

/* What a record is. */
#define FR_CAMPAIGN_KIND_MAP(X)                         \
    X(CAMPAIGN, "campaign") /* something to be shown */ \
    X(SEGMENT, "segment")   /* a rule with a name, nothing else */

/* What is paid for. */
#define FR_CAMPAIGN_PAYS_MAP(X) \
    X(IMPRESSION, "impression") \
    X(CLICK, "click")           \
    X(CONVERSION, "conversion")

#define FR_CAMPAIGN_STATE_MAP(X) \
    X(ACTIVE, "active")          \
    X(PAUSED, "paused")          \
    X(ENDED, "ended")

/* How sure the budget is: docs/TARGETING.md. */
#define FR_CAMPAIGN_BUDGET_MAP(X) \
    X(SOFT, "soft")               \
    X(HARD, "hard")

enum fr_campaign_kind {
#define FR_CAMPAIGN_ROW(name, text) FR_CAMPAIGN_IS_##name,
    FR_CAMPAIGN_KIND_MAP(FR_CAMPAIGN_ROW)
#undef FR_CAMPAIGN_ROW
};
enum fr_campaign_pays {
#define FR_CAMPAIGN_ROW(name, text) FR_CAMPAIGN_PAYS_##name,
    FR_CAMPAIGN_PAYS_MAP(FR_CAMPAIGN_ROW)
#undef FR_CAMPAIGN_ROW
};
enum fr_campaign_state {
#define FR_CAMPAIGN_ROW(name, text) FR_CAMPAIGN_##name,
    FR_CAMPAIGN_STATE_MAP(FR_CAMPAIGN_ROW)
#undef FR_CAMPAIGN_ROW
};
enum fr_campaign_budget {
#define FR_CAMPAIGN_ROW(name, text) FR_CAMPAIGN_##name,
    FR_CAMPAIGN_BUDGET_MAP(FR_CAMPAIGN_ROW)
#undef FR_CAMPAIGN_ROW
};

const char *fr_campaign_pays_name(enum fr_campaign_pays pays);
const char *fr_campaign_state_name(enum fr_campaign_state state);

/* Absent texts have len 0. Of a segment only kind, id, name and rule are set. */
struct fr_campaign {
    enum fr_campaign_kind kind;
    enum fr_campaign_pays pays;
    enum fr_campaign_state state;
    enum fr_campaign_budget budget;
    struct fr_str id, name, advertiser, currency;
    struct fr_str rule; /* who may see it; empty: everybody */
    const struct fr_str *items, *categories,
        *creatives; /* what is promoted, what can be shown; each text once */
    uint32_t item_n, category_n, creative_n;
    fr_time_ms start_ms, end_ms;          /* start_ms <= it runs < end_ms; INT64_MIN, INT64_MAX: always */
    int64_t daily_micros, total_micros;   /* 0: without */
    int64_t price_micros;                 /* of what is paid for; above 0 */
    uint32_t cap_hour, cap_day, cap_life; /* impressions to a user in an hour, 24 hours, ever; 0: without */
    double control_share;                 /* 0..0.9: users who are never shown it, to compare with */
    int32_t priority;                     /* -100..100; among campaigns of like worth the higher goes first */
};

/* name, code, sentence */
#define FR_CAMPAIGN_FAULT_MAP(X)                                                          \
    X(TOO_LARGE, "too_large", "the record has more than 65536 bytes")                     \
    X(NOT_JSON, "not_json", "the text is not JSON")                                       \
    X(DUPLICATE_KEY, "duplicate_key", "a field stands there twice")                       \
    X(NOT_OBJECT, "not_object", "the JSON value is not an object")                        \
    X(NO_ID, "no_id", "id is missing")                                                    \
    X(OTHER_ID, "other_id", "id is not the record's key")                                 \
    X(UNKNOWN_FIELD, "unknown_field", "there is no such field")                           \
    X(NOT_OF_SEGMENT, "not_of_segment", "a segment has no such field")                    \
    X(MISSING, "missing", "a field that must be there is missing")                        \
    X(BAD_TYPE, "bad_type", "a field has the wrong JSON type")                            \
    X(BAD_CHOICE, "bad_choice", "a field has none of its values")                         \
    X(BAD_NUMBER, "bad_number", "a number is out of its field's range")                   \
    X(BAD_MONEY, "bad_money", "an amount has more than six decimals, or is out of range") \
    X(BAD_TIME, "bad_time", "a time cannot be read")                                      \
    X(BAD_TEXT, "bad_text", "a text is empty, too long or has control characters")        \
    X(TOO_MANY, "too_many", "a field has more members than allowed")                      \
    X(NEVER_RUNS, "never_runs", "end is not after start")                                 \
    X(BAD_RULE, "bad_rule", "the rule cannot be read")                                    \
    X(TOO_MANY_CAMPAIGNS, "too_many_campaigns", "there are as many campaigns as can be held")

enum fr_campaign_fault_code {
#define FR_CAMPAIGN_FAULT_ENUM(name, code, text) FR_CAMPAIGN_FAULT_##name,
    FR_CAMPAIGN_FAULT_MAP(FR_CAMPAIGN_FAULT_ENUM)
#undef FR_CAMPAIGN_FAULT_ENUM
        FR_CAMPAIGN_FAULT_N
};

struct fr_campaign_fault {
    enum fr_campaign_fault_code code;
    char field[48]; /* "caps.day"; cut; "": the whole record */
    char hint[160]; /* what would do, or where in the rule; cut; "": the sentence says it */
};

struct fr_campaign_faults {
    struct fr_campaign_fault at[FR_CAMPAIGN_FAULTS]; /* [n] the first ones, in the order of the fields */
    uint32_t n;
};

const char *fr_campaign_fault_name(enum fr_campaign_fault_code code);
const char *fr_campaign_fault_text(enum fr_campaign_fault_code code);
/* Adds one; what does not fit is dropped. */
void fr_campaign_fault_add(struct fr_campaign_faults *faults, enum fr_campaign_fault_code code,
                           const char *field, const char *hint);
/* Appends "field: sentence (hint)" of one; of all, joined by "; ". */
void fr_campaign_fault_write(struct fr_buf *out, const struct fr_campaign_fault *fault);
void fr_campaign_faults_write(struct fr_buf *out, const struct fr_campaign_faults *faults);

/* key: the record's, ptr NULL when there is none to hold the id to. False: *faults says why; *out is then unspecified. */
bool fr_campaign_read(struct fr_str json, struct fr_str key, struct fr_arena *arena, struct fr_campaign *out,
                      struct fr_campaign_faults *faults);
/* Appends the object: fields in the order of docs/CAMPAIGNS.md, absent ones left out. */
void fr_campaign_write(struct fr_buf *b, const struct fr_campaign *campaign);

/* Active, and t within its time. */
static inline bool fr_campaign_runs(const struct fr_campaign *c, fr_time_ms t) {
    return c->kind == FR_CAMPAIGN_IS_CAMPAIGN && c->state == FR_CAMPAIGN_ACTIVE && t >= c->start_ms &&
           t < c->end_ms;
}

#endif
