#include "check.h"
#include "freshet/target/rule.h"
#include <stdlib.h>

static const fr_time_ms day_ms = 86400000, now_ms = INT64_C(1700000000000);

/* ---- somebody ---- */

struct world {
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_dict ids;
    struct fr_user user;
    struct fr_user_effects effects;
    struct fr_rule_facts facts;
};

static void apply(struct world *w, struct fr_event e) {
    CHECK_INT(fr_user_apply(&w->user, &e, &w->rules, &w->ids, &w->effects), FR_USER_APPLIED);
}

static struct fr_event event(enum fr_event_type type, const char *item, double days_ago) {
    return (struct fr_event){.type = type,
                             .user_id = FR_STR("u1"),
                             .item_id = fr_str_of(item),
                             .time_ms = now_ms - (int64_t)(days_ago * (double)day_ms),
                             .has_time = true,
                             .event_value = (double)NAN,
                             .price = (double)NAN,
                             .position = -1};
}

static void apply_profile(struct world *w) {
    static const struct fr_attribute said[] = {
        {.name = {"age", 3}, .kind = FR_ATTRIBUTE_NUMBER, .number = 34},
        {.name = {"country", 7}, .kind = FR_ATTRIBUTE_STRING, .text = {"CN", 2}},
        {.name = {"gone", 4}, .kind = FR_ATTRIBUTE_NULL},
        {.name = {"home city", 9}, .kind = FR_ATTRIBUTE_STRING, .text = {"K\xc3\xb6ln", 5}},
        {.name = {"member", 6}, .kind = FR_ATTRIBUTE_BOOL, .number = 1}};
    struct fr_event e = event(FR_EVENT_USER_UPSERT, NULL, 20);
    e.attributes = said;
    e.attribute_n = sizeof said / sizeof *said;
    apply(w, e);
}

static void apply_ads(struct world *w) {
    static const enum fr_event_type ads[] = {FR_EVENT_AD_IMPRESSION, FR_EVENT_AD_IMPRESSION,
                                             FR_EVENT_AD_CLICK};
    for (int i = 0; i < 3; i++) {
        struct fr_event e = event(ads[i], NULL, 4);
        e.campaign_id = FR_STR("c1");
        apply(w, e);
    }
}

static void apply_follows(struct world *w) {
    static const struct {
        enum fr_event_type type;
        const char *whom;
        double days_ago;
    } done[] = {{FR_EVENT_FOLLOW, "u2", 9}, {FR_EVENT_FOLLOW, "u3", 8}, {FR_EVENT_UNFOLLOW, "u3", 7}};
    for (int i = 0; i < 3; i++) {
        struct fr_event e = event(done[i].type, NULL, done[i].days_ago);
        e.target_user_id = fr_str_of(done[i].whom);
        apply(w, e);
    }
}

static double propensity(void *context, struct fr_str task) {
    (void)context;
    return fr_str_eq(task, FR_STR("purchase")) ? .25 : (double)NAN;
}

static bool segment(void *context, struct fr_str name) {
    (void)context;
    return fr_str_eq(name, FR_STR("vip"));
}

static const struct fr_interest interests[] = {{{"hats", 4}, .25}, {{"shoes", 5}, .75}};

static void world_init(struct world *w) {
    *w = (struct world){0};
    fr_event_rules_init(&w->events);
    fr_profile_rules_default(&w->rules, &w->events);
    fr_dict_init(&w->ids);
    fr_user_init(&w->user);
    apply(w, event(FR_EVENT_CLICK, "boot", 40));
    apply(w, event(FR_EVENT_PURCHASE, "boot", 35));
    apply_profile(w);
    apply(w, event(FR_EVENT_PURCHASE, "hat", 10));
    apply_follows(w);
    apply_ads(w);
    apply(w, event(FR_EVENT_DISLIKE, "sock", 3));
    apply(w, event(FR_EVENT_PURCHASE, "hat", .5));
    w->facts = (struct fr_rule_facts){.user = &w->user,
                                      .rules = &w->rules,
                                      .ids = &w->ids,
                                      .now_ms = now_ms,
                                      .interests = {interests, 2},
                                      .segment = segment,
                                      .propensity = propensity};
}

static void world_fini(struct world *w) {
    fr_user_fini(&w->user);
    fr_user_effects_fini(&w->effects);
    fr_dict_fini(&w->ids);
    fr_event_rules_fini(&w->events);
}

static const struct fr_rule_scope all = {.has_segments = true};

static struct fr_rule *compile(const char *text) {
    struct fr_rule_errors errors;
    struct fr_rule *rule = fr_rule_compile(fr_str_of(text), &all, &errors);
    if (!rule)
        fprintf(stderr, "%s: %u:%u %s\n", text, errors.at[0].line, errors.at[0].column, errors.at[0].text);
    return rule;
}

/* Whether the rules have that answer, as they stand and after they were written and compiled again. */
static void check_all(const char *const *texts, bool wanted) {
    struct world w;
    world_init(&w);
    for (; *texts; texts++) {
        struct fr_buf once = {0}, twice = {0};
        struct fr_rule *rule = compile(*texts), *again = NULL;
        CHECK(rule != NULL);
        if (!rule) continue;
        fr_rule_write(&once, rule);
        fr_buf_byte(&once, 0);
        again = compile(once.data);
        CHECK(again != NULL);
        if (again) fr_rule_write(&twice, again);
        fr_buf_byte(&twice, 0);
        CHECK_STR(twice.data, once.data);
        bool is_right =
            fr_rule_matches(rule, &w.facts) == wanted && again && fr_rule_matches(again, &w.facts) == wanted;
        if (!is_right) fprintf(stderr, "is %s: %s\n", wanted ? "false" : "true", *texts);
        CHECK(is_right);
        fr_rule_free(rule);
        fr_rule_free(again);
        fr_buf_fini(&once);
        fr_buf_fini(&twice);
    }
    world_fini(&w);
}

#define TRUE(...) check_all((const char *const[]){__VA_ARGS__, NULL}, true)
#define FALSE(...) check_all((const char *const[]){__VA_ARGS__, NULL}, false)

/* ---- what rules say ---- */

static void test_operators_by_their_rank(void) {
    TRUE("", " # nothing\n", "true", "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "10 - 4 - 3 == 3",
         "8 / 4 / 2 == 1", "-2 * -3 == 6", "- - 2 == 2", "not 1 == 2", "true or true and false",
         "not false and true", "not (true and false)", "1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3 and 1 != 2",
         "\"a\" < \"b\"", "1e3 == 1000", ".5 == 0.50", "(1 == 1) == true", "2 in [1, -2, 2]", "-2 in [1, -2]",
         "\"a\\u0041\\n\" == \"aA\\n\"", "1 in [1] and # a remark\n true");
    FALSE("false", "(true or true) and false", "not true or false", "2 < 2", "2 > 2", "3 in [1, 2]",
          "\"b\" <= \"a\"", "true != true");
}

static void test_attributes_have_the_type_they_were_said_with(void) {
    TRUE("country == \"CN\"", "country in [\"JP\", \"CN\"]", "age >= 34 and age < 35", "age * 2 == 68",
         "member", "member == true", "attribute(\"home city\") == \"K\xc3\xb6ln\"", "has(age)",
         "has(attribute(\"home city\"))", "not has(gone)", "not has(never)", "age in [1, \"CN\", 34]",
         "country > \"CM\"");
    FALSE("country == \"JP\"", "country != \"CN\"", "country", "age", "age == \"34\"", "age != \"34\"",
          "country < 5", "country + 1 > 0", "member != true", "member == 1", "has(gone)");
}

static void test_the_unknown_makes_comparisons_false_and_their_negation_true(void) {
    FALSE("gone == 1", "gone != 1", "never < 3", "never >= 3", "never == never", "1 / 0 > 0", "1 / 0 != 1",
          "0 / 0 == 0", "never in [1, 2]", "never", "-never < 0", "1e308 * 10 > 1",
          "propensity(\"other\") <= 1", "days_since(\"share\") > 0", "never + 1 != 1");
    TRUE("not never == 1", "not never", "not 1 / 0 > 0", "never == 1 or true");
}

static void test_counts_for_ever_and_within_a_window(void) {
    TRUE("purchases() == 3", "count(\"purchase\") == 3", "purchases(30d) == 2", "purchases(1d) == 1",
         "purchases(12h) == 0", "purchases(13h) == 1", "purchases(721m) == 1",
         "count(\"purchase\", 36d) == 3", "purchases(10d) == 1", "clicks() == 1", "clicks(30d) == 0",
         "clicks(41d) == 1", "likes() == 0", "count(\"ad_impression\") == 2", "count(\"follow\") == 2",
         "views() + shares() + carts() + comments() == 0");
}

static void test_times_and_totals(void) {
    TRUE("days_since(\"purchase\") == 0.5", "days_since(\"click\") == 40", "days_since() == 0.5",
         "tenure_days == 40", "events == 12", "sessions > 5", "followees == 1");
}

static void test_things_people_and_campaigns(void) {
    TRUE("touched(\"boot\")", "bought(\"boot\")", "not bought(\"sock\")", "not touched(\"nothing\")",
         "not touched(\"sock\")", "follows(\"u2\")", "not follows(\"u3\")", "not follows(\"boot\")",
         "exposures(\"c1\") == 2", "exposures(\"c2\") == 0", "clicked(\"c1\")", "not clicked(\"c2\")",
         "not converted(\"c1\")", "interest(\"shoes\") == 0.75", "interest(\"Shoes\") == 0.75",
         "interest(\"hats\") == .25", "interest(\"gloves\") == 0", "segment(\"vip\")",
         "not segment(\"other\")", "propensity(\"purchase\") == 0.25");
}

static void test_an_empty_user_is_asked_without_callbacks(void) {
    struct fr_user nobody;
    struct world w;
    world_init(&w);
    fr_user_init(&nobody);
    struct fr_rule_facts facts = {.user = &nobody, .rules = &w.rules, .ids = &w.ids, .now_ms = INT64_MIN};
    struct fr_rule *rule = compile(
        "events == 0 and not tenure_days >= 0 and not days_since() >= 0 and not segment(\"vip\") and "
        "not propensity(\"purchase\") >= 0 and interest(\"shoes\") == 0 and purchases(36500d) == 0 and "
        "not has(country) and not touched(\"boot\") and exposures(\"c1\") == 0");
    CHECK(rule && fr_rule_matches(rule, &facts));
    facts.now_ms = INT64_MAX;
    CHECK(rule && fr_rule_matches(rule, &facts));
    fr_rule_free(rule);
    world_fini(&w);
}

/* What decides comes first: the rest is not asked. */
static int asked;

static bool count_asked(void *context, struct fr_str name) {
    (void)context;
    asked++;
    return name.len == 1;
}

static void test_and_and_or_stop_where_they_are_decided(void) {
    struct world w;
    world_init(&w);
    w.facts.segment = count_asked;
    struct fr_rule *rule = compile("segment(\"no\") and segment(\"y\") or segment(\"y\") or segment(\"no\")");
    CHECK(rule && fr_rule_matches(rule, &w.facts));
    CHECK_INT(asked, 2);
    fr_rule_free(rule);
    world_fini(&w);
}

static void test_names_are_listed_once_in_the_order_of_the_text(void) {
    const struct fr_str *names;
    struct fr_rule *rule =
        compile("segment(\"b\") or segment(\"a\") or segment(\"b\") or propensity(\"x\") > 0");
    CHECK_INT(fr_rule_segments(rule, &names), 2);
    CHECK(fr_str_eq(names[0], FR_STR("b")) && fr_str_eq(names[1], FR_STR("a")));
    CHECK_INT(fr_rule_propensities(rule, &names), 1);
    CHECK(fr_str_eq(names[0], FR_STR("x")));
    CHECK(!fr_rule_asks_interests(rule));
    fr_rule_free(rule);
    rule = compile("not interest(\"shoes\") > 0");
    CHECK(rule && fr_rule_asks_interests(rule));
    fr_rule_free(rule);
}

static void check_written(const char *text, const char *wanted) {
    struct fr_buf out = {0};
    struct fr_rule *rule = compile(text);
    if (rule) fr_rule_write(&out, rule);
    fr_buf_byte(&out, 0);
    CHECK_STR(out.data, wanted);
    fr_rule_free(rule);
    fr_buf_fini(&out);
}

static void test_a_rule_is_written_with_every_bracket(void) {
    check_written("", "true");
    check_written("country==\"CN\" and purchases(48h)>=1 or not vip",
                  "(((country == \"CN\") and (count(\"purchase\", 2d) "
                  ">= 1)) or (not vip))");
    check_written("x in [-1, \"a\\\"\", true] and a+1*2-b > -c", "((x in [-1, \"a\\\"\", true]) and "
                                                                 "(((a + (1 * 2)) - b) > (-c)))");
    check_written(
        "attribute(\"and\") and attribute(\"plain\") and attribute(\"events\") and has(attribute(\"a b\"))",
        "(attribute(\"and\") and plain and attribute(\"events\") and has(attribute(\"a b\")))");
    check_written(
        "clicks(90m) + clicks(2h) + days_since() + interest(\"Shoes\") < tenure_days",
        "((((count(\"click\", 90m) + count(\"click\", 2h)) + days_since()) + interest(\"Shoes\")) < "
        "tenure_days)");
}

/* ---- what is no rule ---- */

static void check_error(const char *text, uint32_t line, uint32_t column, const char *part) {
    struct fr_rule_errors errors;
    struct fr_rule *rule = fr_rule_compile(fr_str_of(text), &all, &errors);
    CHECK(rule == NULL);
    fr_rule_free(rule);
    bool found = false;
    for (uint32_t i = 0; i < errors.n; i++)
        if (errors.at[i].line == line && errors.at[i].column == column && strstr(errors.at[i].text, part))
            found = true;
    if (!found)
        for (uint32_t i = 0; i < errors.n; i++)
            fprintf(stderr, "%s: %u:%u %s\n", text, errors.at[i].line, errors.at[i].column,
                    errors.at[i].text);
    CHECK(found);
}

static void test_faults_of_the_text(void) {
    check_error("country = \"CN\"", 1, 9, "write ==");
    check_error("a && b", 1, 3, "write and");
    check_error("true and\n  'x' == y", 2, 3, "\" for texts");
    check_error("\"\xc3\xb6\" == \"x", 1, 8, "not closed");
    check_error("a == \"\\q\"", 1, 7, "escapes are");
    check_error("a == \"\\ud800\"", 1, 7, "escapes are");
    check_error("a == \"x\ny\"", 1, 8, "control character");
    check_error("a > 30days", 1, 5, "runs into letters");
    check_error("purchases(0d) > 1", 1, 11, "whole number");
    check_error("purchases(1.5d) > 1", 1, 11, "whole number");
    check_error("purchases(36501d) > 1", 1, 11, "whole number");
    check_error("a > 1e999", 1, 5, "too large");
    check_error("a > 1 ; b", 1, 7, "no meaning");
    check_error("a == \xff", 1, 6, "not UTF-8");
}

static void test_faults_of_the_grammar(void) {
    check_error("a >", 1, 4, "ends where");
    check_error("a > 1 b", 1, 7, "should stand here");
    check_error("(a > 1", 1, 1, ") is missing");
    check_error("a > 1)", 1, 6, "closes nothing");
    check_error("1 < a < 3", 1, 7, "do not chain");
    check_error("a in \"x\"", 1, 6, "a list should stand");
    check_error("a in []", 1, 7, "numbers, texts");
    check_error("a in [1 2]", 1, 9, "comma or ]");
    check_error("a in [b]", 1, 7, "numbers, texts");
    check_error("a == not b", 1, 6, "needs brackets");
    check_error("days_since() < 30d", 1, 16, "days are numbers");
    check_error("[1] == 1", 1, 1, "behind in");
}

static void test_faults_of_names(void) {
    check_error("purchase(30d) > 1", 1, 1, "did you mean purchases?");
    check_error("purchases > 1", 1, 1, "purchases(30d)");
    check_error("events() > 1", 1, 1, "like events");
    check_error("count(\"purchse\") > 1", 1, 7, "did you mean \"purchase\"?");
    check_error("count(\"search\", 3d) > 1", 1, 7, "no times are kept");
    check_error("days_since(\"follow\") > 1", 1, 12, "no times are kept");
    check_error("purchases(30) > 1", 1, 11, "has a unit");
    check_error("interest(shoes) > 1", 1, 1, "interest(\"shoes\")");
    check_error("interest(\"\") > 1", 1, 10, "empty");
    check_error("has(\"country\")", 1, 1, "has(country)");
    check_error("has(events)", 1, 1, "has(country)");
    struct fr_rule_errors errors;
    CHECK(fr_rule_compile(FR_STR("segment(\"vip\")"), &(struct fr_rule_scope){0}, &errors) == NULL);
    CHECK(errors.n == 1 && strstr(errors.at[0].text, "segments cannot"));
}

static void test_faults_of_types(void) {
    check_error("purchases(30d)", 1, 1, "must be true or false");
    check_error("\"a\" and true", 1, 1, "a side of and");
    check_error("true or 1", 1, 9, "a side of or");
    check_error("not 3", 1, 5, "follows not");
    check_error("interest(\"a\") == \"b\"", 1, 18, "a number is compared with a text");
    check_error("events in [1, \"b\"]", 1, 15, "a number is compared with a text");
    check_error("true < age", 1, 1, "no order");
    check_error("\"a\" + age > 1", 1, 1, "calculates with numbers");
    check_error("-bought(\"x\") < 1", 1, 2, "calculates with numbers");
}

static void test_all_faults_are_told_in_the_order_of_the_text(void) {
    struct fr_rule_errors errors;
    CHECK(!fr_rule_compile(FR_STR("1 and purchase(3d) > 1\nand (a = 3) or \"x\" > 2 and views(3) > 1"), &all,
                           &errors));
    CHECK_INT(errors.n, 5);
    static const uint32_t places[][2] = {{1, 1}, {1, 7}, {2, 8}, {2, 22}, {2, 34}};
    for (uint32_t i = 0; i < errors.n && i < 5; i++) {
        CHECK_INT(errors.at[i].line, places[i][0]);
        CHECK_INT(errors.at[i].column, places[i][1]);
    }
    CHECK(!fr_rule_compile(FR_STR("1 and 1 and 1 and 1 and 1 and 1 and 1 and 1 and 1 and 1"), &all, &errors));
    CHECK_INT(errors.n, FR_RULE_ERRORS);
}

/* ---- bounds ---- */

static char *repeated(const char *first, const char *more, int n) {
    size_t len = strlen(first), step = strlen(more);
    char *text = malloc(len + step * (size_t)n + 1);
    strcpy(text, first);
    for (int i = 0; i < n; i++) strcpy(text + len + step * (size_t)i, more);
    return text;
}

static void check_bound(const char *first, const char *more, int n, const char *why) {
    char *text = repeated(first, more, n);
    if (why) {
        struct fr_rule_errors errors;
        CHECK(fr_rule_compile(fr_str_of(text), &all, &errors) == NULL);
        CHECK(errors.n >= 1 && strstr(errors.at[0].text, why));
    } else {
        struct fr_rule *rule = compile(text);
        CHECK(rule != NULL);
        fr_rule_free(rule);
    }
    free(text);
}

static void test_bounds(void) {
    check_bound("a", " and a", FR_RULE_NODES - 2, NULL); /* and one for the row itself */
    check_bound("a", " and a", FR_RULE_NODES - 1, "more than 512 parts");
    check_bound("a or not a", " or (b and not a)", 300, "more than 512 parts");
    check_bound("1", "+1", FR_RULE_DEPTH - 1, "must be true or false"); /* deep, but not too deep */
    check_bound("1", "+1", FR_RULE_DEPTH, "more than 64 levels");
    check_bound("", "(", 200, "nested more than");
    check_bound("", "not ", 200, "nested more than");
    check_bound("a == ", "-", 200, "nested more than");
    check_bound("a", " ", FR_RULE_BYTES - 1, NULL);
    check_bound("a", " ", FR_RULE_BYTES, "more than 8192 bytes");
    check_bound("purchases(1d)+1>0", " and purchases(1d)>0", 250, "more than 512 parts");
    check_bound("a==\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
                "and a==\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", 169, "written out");
}

int main(void) {
    RUN(test_operators_by_their_rank);
    RUN(test_attributes_have_the_type_they_were_said_with);
    RUN(test_the_unknown_makes_comparisons_false_and_their_negation_true);
    RUN(test_counts_for_ever_and_within_a_window);
    RUN(test_times_and_totals);
    RUN(test_things_people_and_campaigns);
    RUN(test_an_empty_user_is_asked_without_callbacks);
    RUN(test_and_and_or_stop_where_they_are_decided);
    RUN(test_names_are_listed_once_in_the_order_of_the_text);
    RUN(test_a_rule_is_written_with_every_bracket);
    RUN(test_faults_of_the_text);
    RUN(test_faults_of_the_grammar);
    RUN(test_faults_of_names);
    RUN(test_faults_of_types);
    RUN(test_all_faults_are_told_in_the_order_of_the_text);
    RUN(test_bounds);
    return check_done();
}
