/* Any bytes as a rule: refused with places that lie in the text, or a rule that is written to a text that is the same rule,
 * and that has an answer for a user. */
#include "freshet/target/rule.h"
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const fr_time_ms now_ms = INT64_C(1700000000000);

static struct fr_event_rules events;
static struct fr_profile_rules rules;
static struct fr_dict ids;
static struct fr_user user;

static void touch(enum fr_event_type type, struct fr_str item, struct fr_str campaign, int64_t ago_ms) {
    static const struct fr_attribute said[] = {
        {.name = {"age", 3}, .kind = FR_ATTRIBUTE_NUMBER, .number = 34},
        {.name = {"country", 7}, .kind = FR_ATTRIBUTE_STRING, .text = {"CN", 2}},
        {.name = {"vip", 3}, .kind = FR_ATTRIBUTE_BOOL, .number = 1}};
    struct fr_user_effects effects = {0};
    struct fr_event e = {.type = type,
                         .user_id = FR_STR("u"),
                         .item_id = item,
                         .campaign_id = campaign,
                         .target_user_id = item,
                         .time_ms = now_ms - ago_ms,
                         .has_time = true,
                         .event_value = (double)NAN,
                         .price = (double)NAN,
                         .attributes = said,
                         .attribute_n = type == FR_EVENT_USER_UPSERT ? 3 : 0};
    enum fr_user_outcome outcome = fr_user_apply(&user, &e, &rules, &ids, &effects);
    FR_ASSERT(outcome == FR_USER_APPLIED);
    fr_user_effects_fini(&effects);
}

static void set_up(void) {
    fr_event_rules_init(&events);
    fr_profile_rules_default(&rules, &events);
    fr_dict_init(&ids);
    fr_user_init(&user);
    touch(FR_EVENT_USER_UPSERT, FR_STR(""), FR_STR(""), 90000000);
    touch(FR_EVENT_PURCHASE, FR_STR("a"), FR_STR(""), 80000000);
    touch(FR_EVENT_CLICK, FR_STR("b"), FR_STR(""), 3600000);
    touch(FR_EVENT_FOLLOW, FR_STR("a"), FR_STR(""), 3600000);
    touch(FR_EVENT_AD_IMPRESSION, FR_STR(""), FR_STR("c"), 1000);
}

static bool segment(void *context, struct fr_str name) { return name.len > *(const uint32_t *)context; }
static double propensity(void *context, struct fr_str task) { return task.len / *(const uint32_t *)context; }

static bool matches(const struct fr_rule *rule) {
    static const struct fr_interest interests[] = {{{"hats", 4}, .25}, {{"shoes", 5}, .75}};
    static const uint32_t four = 4;
    union {
        const uint32_t *lent;
        void *context;
    } four_of = {&four};
    struct fr_rule_facts facts = {&user,          &rules,  &ids,       now_ms,
                                  {interests, 2}, segment, propensity, four_of.context};
    return fr_rule_matches(rule, &facts);
}

static void check_errors(const struct fr_rule_errors *errors, size_t size) {
    FR_ASSERT(errors->n >= 1 && errors->n <= FR_RULE_ERRORS);
    for (uint32_t i = 0; i < errors->n; i++) {
        const struct fr_rule_error *e = &errors->at[i], *last = i ? e - 1 : e;
        FR_ASSERT(e->line >= 1 && e->column >= 1 && e->line + e->column <= size + 2);
        FR_ASSERT(e->line > last->line || (e->line == last->line && e->column >= last->column));
        FR_ASSERT(e->text[0] && memchr(e->text, 0, sizeof e->text));
    }
}

static void check_rule(const struct fr_rule *rule, const struct fr_rule_scope *scope) {
    struct fr_rule_errors errors;
    struct fr_buf once = {0}, twice = {0};
    fr_rule_write(&once, rule);
    struct fr_rule *same = fr_rule_compile(fr_buf_slice(&once), scope, &errors);
    FR_ASSERT(same && errors.n == 0);
    fr_rule_write(&twice, same);
    FR_ASSERT(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    FR_ASSERT(matches(rule) == matches(same));
    fr_rule_free(same);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct fr_rule_scope scopes[] = {{false}, {true}};
    if (!ids.slots) set_up();
    for (int s = 0; s < 2; s++) {
        struct fr_rule_errors errors;
        struct fr_rule *rule =
            fr_rule_compile((struct fr_str){(const char *)data, (uint32_t)size}, &scopes[s], &errors);
        if (rule)
            check_rule(rule, &scopes[s]);
        else
            check_errors(&errors, size);
        fr_rule_free(rule);
    }
    return 0;
}
