/* Which campaigns a user may be shown and what they are worth: each bar, the order, the chances, the record. */
#include "check.h"
#include "freshet/base/real.h"
#include "freshet/target/ad_impression.h"
#include "freshet/target/ad_scores.h"
#include "freshet/target/lift.h"
#include "freshet/target/segment_lookup.h"
#include <stdlib.h>

#define DAY INT64_C(86400000)
static const fr_time_ms now = INT64_C(1800000000000);

static struct fr_event_rules event_rules;
static struct fr_profile_rules rules;
static struct fr_dict ids, item_ids;
static struct fr_catalog catalog;
static struct fr_user user;
static struct fr_user_effects effects;
static struct fr_arena arena;
static struct fr_campaign_book *book;
static struct fr_campaign_set *set;
static struct fr_ad_scorer *scorer;
static uint64_t versions;
static const bool *covered; /* of the next question */

static void apply(struct fr_event e, fr_time_ms t) {
    e.time_ms = t;
    CHECK_INT(fr_user_apply(&user, &e, &rules, &ids, &effects), FR_USER_APPLIED);
}

static void shown(const char *campaign, fr_time_ms t) {
    apply((struct fr_event){.type = FR_EVENT_AD_IMPRESSION, .campaign_id = fr_str_of(campaign)}, t);
}

static void open_world(void) {
    fr_dict_init(&ids);
    fr_user_init(&user);
    book = fr_campaign_book_new();
    scorer = fr_ad_scorer_new();
    apply((struct fr_event){.type = FR_EVENT_CLICK, .item_id = FR_STR("p0")}, now - 20 * DAY);
}

static void close_world(void) {
    fr_campaign_book_free(book);
    fr_campaign_set_free(set);
    fr_ad_scorer_free(scorer);
    fr_user_fini(&user);
    fr_dict_fini(&ids);
    fr_arena_clear(&arena);
    set = NULL;
}

static void put(const char *json) {
    struct fr_campaign_faults faults;
    struct fr_buf why = {0};
    bool good = fr_campaign_book_put(book, (struct fr_str){0}, fr_str_of(json), 1, &faults);
    fr_campaign_faults_write(&why, &faults);
    if (!good) fprintf(stderr, "%.*s\n", FR_STR_ARG(fr_buf_slice(&why)));
    CHECK(good);
    fr_buf_fini(&why);
}

static double epsilon; /* of the questions */
static uint64_t draw = 99;

/* paces[n]: by place in the version. */
static struct fr_ad_scores scores_of(const struct fr_pacing_entry *const *paces, uint32_t most,
                                     const struct fr_click_model *clicks) {
    static struct fr_rule_facts facts;
    static const struct fr_pacing_entry *none[64];
    fr_campaign_set_free(set);
    set = fr_campaign_book_version(book, ++versions);
    facts = (struct fr_rule_facts){.user = &user, .rules = &rules, .ids = &ids, .now_ms = now};
    fr_segment_lookup_init(&facts, set, &arena);
    struct fr_ad_question q = {.user_id = FR_STR("u"),
                               .facts = &facts,
                               .catalog = &catalog,
                               .campaigns = set,
                               .covered = covered,
                               .paces = paces ? paces : none,
                               .clicks = clicks,
                               .conversions = clicks,
                               .model_number = 1,
                               .surface = FR_STR("home"),
                               .bought_ms = 30 * DAY,
                               .slot = 7,
                               .most = most,
                               .draw = draw,
                               .epsilon = epsilon};
    return fr_ad_scores_of(scorer, &q, &arena);
}

static enum fr_ad_bar bar_of(const struct fr_ad_scores *s, const char *id) {
    for (uint32_t i = 0; i < s->n; i++)
        if (fr_str_eq(set->campaigns[s->at[i].campaign].record.id, fr_str_of(id))) return s->at[i].bar;
    return FR_AD_BARS; /* it is not there */
}

static void test_who_is_targeted(void) {
    open_world();
    put("{\"id\":\"all\",\"pays\":{\"price\":1}}");
    put("{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"clicks() > 0\"}");
    put("{\"id\":\"in\",\"pays\":{\"price\":1},\"rule\":\"segment(\\\"vip\\\")\"}");
    put("{\"id\":\"out\",\"pays\":{\"price\":1},\"rule\":\"not segment(\\\"vip\\\")\"}");
    put("{\"id\":\"paused\",\"pays\":{\"price\":1},\"state\":\"paused\"}");
    put("{\"id\":\"over\",\"pays\":{\"price\":1},\"end\":1700000000}");
    struct fr_ad_scores s = scores_of(NULL, 10, NULL);
    CHECK_INT(s.scored_n, 2);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.not_targeted, 1);
    CHECK(bar_of(&s, "all") == FR_AD_BAR_NONE && bar_of(&s, "in") == FR_AD_BAR_NONE);
    CHECK(bar_of(&s, "paused") == FR_AD_BARS && bar_of(&s, "over") == FR_AD_BARS);
    close_world();
}

static void test_caps_are_exact(void) {
    open_world();
    put("{\"id\":\"hour\",\"pays\":{\"price\":1},\"caps\":{\"hour\":2}}");
    put("{\"id\":\"day\",\"pays\":{\"price\":1},\"caps\":{\"day\":2}}");
    put("{\"id\":\"life\",\"pays\":{\"price\":1},\"caps\":{\"life\":2}}");
    static const char *const caps[] = {"hour", "day", "life"};
    for (int i = 0; i < 3; i++) {
        shown(caps[i], now - 3 * DAY);
        shown(caps[i], now - 2 * 3600000);
    }
    struct fr_ad_scores s = scores_of(NULL, 10, NULL);
    CHECK(bar_of(&s, "hour") == FR_AD_BAR_NONE && bar_of(&s, "day") == FR_AD_BAR_NONE);
    CHECK_INT(bar_of(&s, "life"), FR_AD_BAR_CAP_LIFE);
    shown("day", now - 3600000);
    shown("hour", now - 1000);
    s = scores_of(NULL, 10, NULL);
    CHECK_INT(bar_of(&s, "day"), FR_AD_BAR_CAP_DAY);
    CHECK_INT(bar_of(&s, "hour"), FR_AD_BAR_NONE);
    shown("hour", now);
    s = scores_of(NULL, 10, NULL);
    CHECK_INT(bar_of(&s, "hour"), FR_AD_BAR_CAP_HOUR);
    close_world();
}

static void test_what_was_just_bought(void) {
    open_world();
    put("{\"id\":\"one\",\"pays\":{\"price\":1},\"items\":[\"p1\"]}");
    put("{\"id\":\"two\",\"pays\":{\"price\":1},\"items\":[\"p1\",\"p2\"]}");
    put("{\"id\":\"kind\",\"pays\":{\"price\":1},\"categories\":[\"SHOES\",\"hats\"]}");
    put("{\"id\":\"any\",\"pays\":{\"price\":1}}");
    apply((struct fr_event){.type = FR_EVENT_PURCHASE, .item_id = FR_STR("p1")}, now - 29 * DAY);
    struct fr_ad_scores s = scores_of(NULL, 10, NULL);
    CHECK_INT(bar_of(&s, "one"), FR_AD_BAR_BOUGHT);
    CHECK_INT(bar_of(&s, "two"), FR_AD_BAR_NONE);
    CHECK_INT(bar_of(&s, "kind"), FR_AD_BAR_BOUGHT); /* p1 is a shoe */
    CHECK_INT(bar_of(&s, "any"), FR_AD_BAR_NONE);
    apply((struct fr_event){.type = FR_EVENT_PURCHASE, .item_id = FR_STR("p2")}, now - DAY);
    s = scores_of(NULL, 10, NULL);
    CHECK_INT(bar_of(&s, "two"), FR_AD_BAR_BOUGHT);
    apply((struct fr_event){.type = FR_EVENT_REFUND, .item_id = FR_STR("p1")}, now);
    s = scores_of(NULL, 10, NULL);
    CHECK(bar_of(&s, "one") == FR_AD_BAR_NONE && bar_of(&s, "kind") == FR_AD_BAR_NONE);
    close_world();
}

static void test_a_purchase_of_long_ago(void) {
    open_world();
    put("{\"id\":\"one\",\"pays\":{\"price\":1},\"items\":[\"p1\"]}");
    apply((struct fr_event){.type = FR_EVENT_PURCHASE, .item_id = FR_STR("p1")}, now - 30 * DAY);
    struct fr_ad_scores s = scores_of(NULL, 10, NULL);
    CHECK_INT(bar_of(&s, "one"), FR_AD_BAR_NONE);
    close_world();
}

static void test_budget_pacing_and_control(void) {
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"price\":1},\"budget\":{\"daily\":5}}");
    put("{\"id\":\"b\",\"pays\":{\"price\":1},\"budget\":{\"total\":5}}");
    put("{\"id\":\"c\",\"pays\":{\"price\":1},\"budget\":{\"daily\":5}}");
    put("{\"id\":\"d\",\"pays\":{\"price\":1},\"budget\":{\"daily\":5}}");
    put("{\"id\":\"e\",\"pays\":{\"price\":1},\"control_share\":0.9}");
    const struct fr_pacing_entry gone = {.exhausted = true}, whole = {.multiplier = 1},
                                 none = {.multiplier = 0};
    const struct fr_pacing_entry *const paces[] = {&gone, &whole, &none, NULL, NULL};
    struct fr_ad_scores s = scores_of(paces, 10, NULL);
    CHECK_INT(bar_of(&s, "a"), FR_AD_BAR_BUDGET);
    CHECK_INT(bar_of(&s, "b"), FR_AD_BAR_NONE);
    CHECK_INT(bar_of(&s, "c"), FR_AD_BAR_PACED);
    CHECK_INT(bar_of(&s, "d"), FR_AD_BAR_PACED); /* its ledger is not known */
    CHECK_INT(bar_of(&s, "e"),
              fr_is_control(FR_STR("u"), FR_STR("e"), 0, .9) ? FR_AD_BAR_CONTROL : FR_AD_BAR_NONE);
    CHECK(fr_is_control(FR_STR("u"), FR_STR("e"), 0, .9));
    CHECK(fr_ad_is_opportunity(FR_AD_BAR_PACED) && !fr_ad_is_opportunity(FR_AD_BAR_CONTROL));
    close_world();
}

/* A hard budget is shown only as far as it is covered, until an instant that is said. */
static void test_hard_budgets(void) {
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"price\":1},\"budget\":{\"daily\":5,\"mode\":\"hard\"}}");
    put("{\"id\":\"b\",\"pays\":{\"price\":1},\"budget\":{\"daily\":5,\"mode\":\"hard\"}}");
    put("{\"id\":\"c\",\"pays\":{\"price\":1},\"budget\":{\"daily\":5}}");
    const struct fr_pacing_entry whole = {.multiplier = 1};
    const struct fr_pacing_entry *const paces[] = {&whole, &whole, &whole};
    const bool some[] = {true, false, false};
    struct fr_ad_scores s = scores_of(paces, 10, NULL);
    CHECK_INT(bar_of(&s, "a"), FR_AD_BAR_UNCOVERED); /* nothing is known of cover */
    CHECK_INT(bar_of(&s, "c"), FR_AD_BAR_NONE);
    covered = some;
    s = scores_of(paces, 10, NULL);
    covered = NULL;
    CHECK_INT(bar_of(&s, "a"), FR_AD_BAR_NONE);
    CHECK_INT(bar_of(&s, "b"), FR_AD_BAR_UNCOVERED);
    CHECK(fr_ad_is_opportunity(FR_AD_BAR_UNCOVERED));
    struct fr_ad_scores_head head = {FR_STR("u"), now, now + 1000, now + 500, FR_STR(""), set->records};
    struct fr_buf text = {0};
    fr_ad_scores_write(&text, &head, &s, set);
    fr_buf_byte(&text, 0);
    const char *a = strstr(text.data, "\"campaign_id\":\"a\""),
               *c = strstr(text.data, "\"campaign_id\":\"c\"");
    const char *until = strstr(text.data, "\"show_until\":\"2027-01-15T08:00:00.500Z\"");
    CHECK(a && c && until && a < until && (a > c || until < c) && !strstr(until + 5, "show_until"));
    CHECK(strstr(text.data, "{\"campaign_id\":\"b\",\"eligible\":false,\"reason\":\"uncovered\"}"));
    fr_buf_fini(&text);
    close_world();
}

static void test_worth_and_order(void) {
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"price\":0.5}}");
    put("{\"id\":\"b\",\"pays\":{\"for\":\"click\",\"price\":20}}");
    put("{\"id\":\"c\",\"pays\":{\"for\":\"conversion\",\"price\":100}}");
    put("{\"id\":\"d\",\"pays\":{\"price\":0.000001},\"priority\":1}");
    const struct fr_pacing_entry b = {.impressions = 980, .clicks = 99};
    const struct fr_pacing_entry *const paces[] = {NULL, &b, NULL, NULL};
    struct fr_ad_scores s = scores_of(paces, 10, NULL);
    CHECK_INT(s.scored_n, 4);
    CHECK(s.at[0].campaign == 3 && s.at[1].campaign == 1 && s.at[2].campaign == 0 && s.at[3].campaign == 2);
    CHECK_NEAR(s.at[1].click, (99 + 20 * .01) / 1000, 1e-12);
    CHECK_NEAR(s.at[1].value_micros, 20e6 * (99 + 20 * .01) / 1000, 1e-6);
    CHECK_NEAR(s.at[3].value_micros, 100e6 * .001, 1e-6);
    s = scores_of(paces, 2, NULL);
    CHECK(s.scored_n == 2 && s.unscored == 2 && s.at[0].campaign == 3 && s.at[1].campaign == 1);
    close_world();
}

/* A model that saw creative "good" clicked and "bad" not. */
static struct fr_click_model *taught_by(int answers) {
    struct fr_click_model_params params = fr_click_model_of_bits(14);
    struct fr_click_model *m = fr_click_model_new(&params);
    struct fr_click_context x;
    static struct fr_click_features f;
    const struct fr_campaign_entry *c = fr_campaign_set_find(set, FR_STR("a"));
    for (int i = 0; i < answers; i++) {
        struct fr_impression of;
        bool good = i % 2;
        fr_ad_impression_of(&of, FR_STR("v"), &user, c, FR_STR("a"), good ? FR_STR("good") : FR_STR("bad"),
                            FR_STR("home"), -1, now - DAY + i * 1000);
        fr_click_model_look(m, &of, &x);
        fr_click_model_features(m, &x, &f);
        fr_click_model_shown(m, &x);
        fr_click_model_learn(m, &x, &f, good && i % 10 < 4, 1);
    }
    return m;
}

static struct fr_click_model *taught(void) { return taught_by(400); }

/* It would say one half of everything. */
static void test_a_model_that_knows_nothing_is_not_asked(void) {
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"for\":\"click\",\"price\":2}}");
    scores_of(NULL, 10, NULL);
    struct fr_click_model *m = taught_by(FR_AD_LEARNT_LEAST - 1), *knows = taught_by(FR_AD_LEARNT_LEAST);
    struct fr_ad_scores s = scores_of(NULL, 10, m);
    CHECK_NEAR(s.at[0].click, .01, 1e-12);
    CHECK_NEAR(s.at[0].conversion, .001, 1e-12);
    CHECK(!s.at[0].has_reasons);
    s = scores_of(NULL, 10, knows);
    CHECK(s.at[0].has_reasons && s.at[0].conversion > .002);
    fr_click_model_free(m);
    fr_click_model_free(knows);
    close_world();
}

static void test_models_are_asked(void) {
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"for\":\"click\",\"price\":2},\"creatives\":[\"bad\",\"good\"]}");
    scores_of(NULL, 10, NULL);
    struct fr_click_model *m = taught();
    struct fr_ad_scores s = scores_of(NULL, 10, m);
    CHECK_INT(s.scored_n, 1);
    const struct fr_ad_score *a = &s.at[0];
    CHECK(fr_str_eq(a->creative_id, FR_STR("good")) && a->creative_propensity > .99);
    /* the same by hand */
    struct fr_impression of;
    struct fr_click_context x;
    static struct fr_click_features f;
    fr_ad_impression_of(&of, FR_STR("u"), &user, &set->campaigns[0], FR_STR("a"), FR_STR("good"),
                        FR_STR("home"), -1, now);
    fr_click_model_look(m, &of, &x);
    fr_click_model_features(m, &x, &f);
    CHECK_NEAR(a->click, fr_click_model_predict(m, &f), 1e-12);
    CHECK_NEAR(a->conversion, a->click, 1e-12);
    CHECK_NEAR(a->value_micros, 2e6 * a->click, 1e-6);
    double sum = 0;
    for (int i = 0; i < FR_CLICK_FIELDS; i++) sum += a->reasons.fields[i];
    CHECK_NEAR(fr_logistic(sum), a->click, 1e-6);
    fr_click_model_free(m);
    close_world();
}

static double number_after(const char *text, const char *key) {
    const char *at = strstr(text, key);
    CHECK(at);
    return at ? strtod(at + strlen(key), NULL) : 0;
}

static void test_the_record(void) {
    open_world();
    put("{\"id\":\"a\",\"currency\":\"EUR\",\"pays\":{\"for\":\"click\",\"price\":2}}");
    put("{\"id\":\"b\",\"pays\":{\"price\":1},\"caps\":{\"life\":1}}");
    shown("b", now - 5);
    scores_of(NULL, 10, NULL);
    struct fr_click_model *m = taught();
    struct fr_ad_scores s = scores_of(NULL, 10, m);
    struct fr_ad_scores_head head = {FR_STR("u"), now, now + 1000, now + 500, FR_STR("e7"), set->records};
    struct fr_buf text = {0};
    fr_ad_scores_write(&text, &head, &s, set);
    fr_buf_byte(&text, 0);
    CHECK(strstr(
        text.data,
        "{\"schema_version\":1,\"user_id\":\"u\",\"generated_at\":\"2027-01-15T08:00:00.000Z\","
        "\"expires_at\":\"2027-01-15T08:00:01.000Z\",\"model\":{\"name\":\"ads\",\"version\":\"e7\"},"
        "\"campaigns_version\":2,\"consent\":true,\"scores\":[{\"campaign_id\":\"a\",\"eligible\":true,"
        "\"creative_id\":\"a\",\"creative_propensity\":1,\"click_probability\":"));
    CHECK(
        strstr(text.data,
               "{\"campaign_id\":\"b\",\"eligible\":false,\"reason\":\"capped_life\"}],\"not_targeted\":0}"));
    double logit = number_after(text.data, "\"log_odds\":"), sum = 0;
    const char *at = strstr(text.data, "\"reasons\":[");
    for (int i = 0; at && i < FR_AD_REASONS + 1; i++) {
        at = strstr(at, "\"log_odds\":") + strlen("\"log_odds\":");
        sum += strtod(at, NULL);
    }
    CHECK_NEAR(sum, logit, 1e-6);
    CHECK_NEAR(fr_logistic(logit), s.at[0].click, 1e-6);
    fr_buf_clear(&text);
    fr_ad_scores_write_refused(&text, &head);
    fr_buf_byte(&text, 0);
    CHECK_STR(text.data,
              "{\"schema_version\":1,\"user_id\":\"u\",\"generated_at\":\"2027-01-15T08:00:00.000Z\","
              "\"expires_at\":\"2027-01-15T08:00:01.000Z\",\"campaigns_version\":2,\"consent\":false,"
              "\"scores\":[]}");
    fr_buf_fini(&text);
    fr_click_model_free(m);
    close_world();
}

static void make_catalog(void) {
    const struct fr_str shoes[] = {FR_STR("fashion"), FR_STR("Shoes")};
    struct fr_item_record item = {
        .id = FR_STR("p1"), .category = shoes, .category_n = 2, .is_available = true};
    fr_dict_init(&item_ids);
    fr_dict_intern(&item_ids, FR_STR("another number than in the profile"));
    fr_catalog_init(&catalog, &item_ids);
    fr_catalog_put(&catalog, &item);
}

/* Old ones "a" and "b", new ones "c" and "d", a new one of lower priority "e". */
static void test_new_campaigns_are_tried(void) {
    enum { DRAWS = 20000 };
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"price\":9}}");
    put("{\"id\":\"b\",\"pays\":{\"price\":8}}");
    put("{\"id\":\"c\",\"pays\":{\"price\":2}}");
    put("{\"id\":\"d\",\"pays\":{\"price\":1}}");
    put("{\"id\":\"e\",\"pays\":{\"price\":1},\"priority\":-1}");
    const struct fr_pacing_entry old = {.impressions = FR_AD_NEW_IMPRESSIONS}, young = {.impressions = 999};
    const struct fr_pacing_entry *paces[] = {&old, &old, NULL, &young, NULL};
    uint32_t first[5] = {0}, explored = 0;
    epsilon = .2;
    for (draw = 1; draw <= DRAWS; draw++) {
        struct fr_ad_scores s = scores_of(paces, draw % 2 ? 10 : 1, NULL);
        uint32_t campaign = s.at[0].campaign;
        CHECK_INT(s.scored_n, draw % 2 ? 5 : 1 + (uint32_t)s.exploration.explored);
        CHECK_INT(s.exploration.new_n, 2);
        CHECK_INT(s.exploration.explored, campaign == 2 || campaign == 3);
        CHECK_NEAR(s.exploration.first_propensity, campaign == 0 ? .8 : .1, 1e-12);
        for (uint32_t i = 2; i + 1 < s.scored_n; i++) CHECK(s.at[i].value_micros >= s.at[i + 1].value_micros);
        first[campaign]++;
        explored += s.exploration.explored;
    }
    CHECK_NEAR(explored / (double)DRAWS, .2, .01);
    CHECK_NEAR(first[2] / (double)DRAWS, .1, .01);
    CHECK_NEAR(first[3] / (double)DRAWS, .1, .01);
    CHECK_INT(first[1] + first[4], 0);
    epsilon = 0;
    struct fr_ad_scores s = scores_of(paces, 10, NULL);
    CHECK(s.exploration.new_n == 0 && !s.exploration.explored && s.at[0].campaign == 0);
    draw = 99;
    close_world();
}

/* What is first anyway is drawn, too. */
static void test_a_new_one_that_is_the_best(void) {
    open_world();
    put("{\"id\":\"a\",\"pays\":{\"price\":9}}");
    put("{\"id\":\"b\",\"pays\":{\"price\":8}}");
    epsilon = .5;
    uint32_t first[2] = {0};
    for (draw = 1; draw <= 2000; draw++) {
        struct fr_ad_scores s = scores_of(NULL, 10, NULL);
        first[s.at[0].campaign]++;
        CHECK_NEAR(s.exploration.first_propensity, s.at[0].campaign == 0 ? .75 : .25, 1e-12);
    }
    CHECK_NEAR(first[0] / 2000., .75, .04);
    epsilon = 0;
    draw = 99;
    close_world();
}

int main(void) {
    fr_event_rules_init(&event_rules);
    fr_profile_rules_default(&rules, &event_rules);
    make_catalog();
    RUN(test_who_is_targeted);
    RUN(test_caps_are_exact);
    RUN(test_what_was_just_bought);
    RUN(test_a_purchase_of_long_ago);
    RUN(test_budget_pacing_and_control);
    RUN(test_hard_budgets);
    RUN(test_worth_and_order);
    RUN(test_a_model_that_knows_nothing_is_not_asked);
    RUN(test_models_are_asked);
    RUN(test_the_record);
    fr_user_effects_fini(&effects);
    fr_catalog_fini(&catalog);
    fr_dict_fini(&item_ids);
    fr_event_rules_fini(&event_rules);
    fr_arena_fini(&arena);
    RUN(test_new_campaigns_are_tried);
    RUN(test_a_new_one_that_is_the_best);
    return check_done();
}
