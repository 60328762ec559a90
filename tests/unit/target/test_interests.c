#include "check.h"
#include "freshet/target/interests.h"
#include "freshet/target/rule_facts.h"
#include <math.h>

static const fr_time_ms day_ms = 86400000, now_ms = INT64_C(1700000000000);

struct world {
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_decay decay;
    struct fr_dict ids, others;
    struct fr_catalog catalog;
    struct fr_user user;
    struct fr_user_effects effects;
    struct fr_arena arena;
};

static void put(struct world *w, const char *id, const struct fr_str *category, uint32_t category_n,
                const struct fr_str *tags, uint32_t tag_n) {
    struct fr_item_record record = {.id = fr_str_of(id),
                                    .category = category,
                                    .category_n = category_n,
                                    .tags = tags,
                                    .tag_n = tag_n,
                                    .price = (double)NAN};
    fr_catalog_put(&w->catalog, &record);
}

static void touch(struct world *w, enum fr_event_type type, const char *item, int days_ago) {
    struct fr_event e = {.type = type,
                         .user_id = FR_STR("u"),
                         .item_id = fr_str_of(item),
                         .time_ms = now_ms - days_ago * day_ms,
                         .has_time = true,
                         .event_value = (double)NAN,
                         .price = (double)NAN};
    CHECK_INT(fr_user_apply(&w->user, &e, &w->rules, &w->ids, &w->effects), FR_USER_APPLIED);
}

/* own_numbers: the catalogue has its own dictionary. */
static void world_init(struct world *w, bool own_numbers) {
    static const struct fr_str boots[] = {{"Clothes", 7}, {"Shoes", 5}}, hats[] = {{"clothes", 7}},
                               red[] = {{"RED", 3}, {"red", 3}}, warm[] = {{"clothes", 7}, {"warm", 4}};
    *w = (struct world){0};
    fr_event_rules_init(&w->events);
    fr_profile_rules_default(&w->rules, &w->events);
    fr_decay_init(&w->decay, 10, 100);
    fr_dict_init(&w->ids);
    fr_dict_init(&w->others);
    fr_dict_intern(&w->others, FR_STR("unrelated"));
    fr_catalog_init(&w->catalog, own_numbers ? &w->others : &w->ids);
    fr_user_init(&w->user);
    put(w, "boot", boots, 2, red, 2);
    put(w, "hat", hats, 1, warm, 2);
    put(w, "plain", NULL, 0, NULL, 0);
    put(w, "unseen", boots, 2, NULL, 0);
    touch(w, FR_EVENT_PURCHASE, "boot", 10); /* 4, half of it left */
    touch(w, FR_EVENT_LIKE, "hat", 0);       /* 2 */
    touch(w, FR_EVENT_SHARE, "unlisted", 0); /* not in the catalogue */
    touch(w, FR_EVENT_CLICK, "plain", 0);    /* 1 */
}

static void world_fini(struct world *w) {
    fr_user_fini(&w->user);
    fr_user_effects_fini(&w->effects);
    fr_catalog_fini(&w->catalog);
    fr_dict_fini(&w->ids);
    fr_dict_fini(&w->others);
    fr_decay_fini(&w->decay);
    fr_event_rules_fini(&w->events);
    fr_arena_fini(&w->arena);
}

static struct fr_interests interests_of(struct world *w, const struct fr_catalog *catalog, fr_time_ms at_ms) {
    return fr_interests_of(&w->user, &w->rules, &w->decay, &w->ids, catalog, at_ms, &w->arena);
}

static void check_shares(bool own_numbers) {
    struct world w;
    world_init(&w, own_numbers);
    struct fr_interests i = interests_of(&w, &w.catalog, now_ms);
    CHECK_INT(i.n, 4);
    CHECK_NEAR(fr_interests_share(&i, FR_STR("clothes")), 4. / 5,
               1e-9); /* once an item, however often it is named */
    CHECK_NEAR(fr_interests_share(&i, FR_STR("SHOES")), 2. / 5, 1e-9);
    CHECK_NEAR(fr_interests_share(&i, FR_STR("red")), 2. / 5, 1e-9);
    CHECK_NEAR(fr_interests_share(&i, FR_STR("warm")), 2. / 5, 1e-9);
    CHECK(fr_interests_share(&i, FR_STR("shoe")) == 0 && fr_interests_share(&i, FR_STR("shoess")) == 0);
    CHECK(fr_interests_share(&i, FR_STR("")) == 0);
    for (uint32_t k = 1; k < i.n; k++) CHECK(fr_str_cmp(i.at[k - 1].name, i.at[k].name) < 0);
    world_fini(&w);
}

static void test_shares_of_what_was_touched(void) { check_shares(false); }
static void test_a_catalogue_under_other_numbers(void) { check_shares(true); }

static void test_without_a_catalogue_or_after_the_window_there_are_none(void) {
    struct world w;
    world_init(&w, false);
    CHECK_INT(interests_of(&w, NULL, now_ms).n, 0);
    CHECK_INT(interests_of(&w, &w.catalog, now_ms + 200 * day_ms).n, 0);
    struct fr_interests none = {0};
    CHECK(fr_interests_share(&none, FR_STR("shoes")) == 0);
    world_fini(&w);
}

static bool matches(const char *text, const struct fr_rule_facts *facts) {
    const struct fr_rule_scope scope = {.has_segments = true};
    struct fr_rule_errors errors;
    struct fr_rule *rule = fr_rule_compile(fr_str_of(text), &scope, &errors);
    bool is = rule && fr_rule_matches(rule, facts);
    fr_rule_free(rule);
    return is;
}

static void test_facts_have_what_the_world_has(void) {
    struct world w;
    world_init(&w, false);
    struct fr_campaign_book *book = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    CHECK(fr_campaign_book_put(
        book, FR_STR("warm"),
        FR_STR("{\"id\":\"warm\",\"kind\":\"segment\",\"rule\":\"interest(\\\"warm\\\") > .3\"}"), 1,
        &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(book, 1);
    struct fr_rule_world world = {&w.rules, &w.decay, &w.ids, set, &w.catalog, true, NULL, NULL};
    const struct fr_rule_facts *facts = fr_rule_facts_of(&world, &w.user, now_ms, &w.arena);
    CHECK(matches("segment(\"warm\") and interest(\"shoes\") > .3 and purchases(11d) == 1", facts));
    CHECK(!matches("purchases(9d) == 1", facts));
    world.set = NULL;
    facts = fr_rule_facts_of(&world, &w.user, now_ms - day_ms, &w.arena);
    CHECK(!matches("segment(\"warm\")", facts) && matches("interest(\"warm\") > .3", facts));
    CHECK_INT(facts->now_ms, now_ms - day_ms);
    world.asks_interests = false;
    facts = fr_rule_facts_of(&world, &w.user, now_ms, &w.arena);
    CHECK(facts->interests.n == 0);
    fr_campaign_set_free(set);
    fr_campaign_book_free(book);
    world_fini(&w);
}

int main(void) {
    RUN(test_shares_of_what_was_touched);
    RUN(test_a_catalogue_under_other_numbers);
    RUN(test_without_a_catalogue_or_after_the_window_there_are_none);
    RUN(test_facts_have_what_the_world_has);
    return check_done();
}
