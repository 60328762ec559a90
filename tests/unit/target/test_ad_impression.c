#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/target/ad_impression.h"

static const fr_time_ms now_ms = 1700000000000;

static void say(struct fr_user *u, const struct fr_profile_rules *rules, const char *name, const char *text) {
    struct fr_attribute a = {.name = fr_str_of(name), .text = fr_str_of(text)};
    if (!text) a.kind = FR_ATTRIBUTE_NULL;
    fr_attributes_set(&u->attributes, rules, &a, now_ms);
}

static struct fr_user somebody(void) {
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_user u;
    fr_event_rules_init(&events);
    fr_profile_rules_default(&rules, &events);
    fr_user_init(&u);
    say(&u, &rules, "city", "Leeds");
    say(&u, &rules, "gone", NULL);
    say(&u, &rules, "zone", "3");
    fr_event_rules_fini(&events);
    return u;
}

static struct fr_campaign_entry campaign(void) {
    return (struct fr_campaign_entry){.record = {.id = FR_STR("c1"), .start_ms = now_ms - 86400000 * 5 / 2},
                                      .id_hash = fr_hash_str(FR_STR("c1")),
                                      .advertiser_hash = 71,
                                      .topic_hash = 72};
}

static void test_a_known_campaign_is_asked_for_whole(void) {
    struct fr_user u = somebody();
    struct fr_campaign_entry c = campaign();
    struct fr_impression x;
    fr_ad_impression_of(&x, FR_STR("u1"), &u, &c, FR_STR("c1"), FR_STR("red"), FR_STR("home"), 2, now_ms);
    CHECK(x.user == fr_hash_str(FR_STR("u1")) && x.surface == fr_hash_str(FR_STR("home")));
    CHECK(x.campaign == fr_hash_str(FR_STR("c1")) && x.creative == fr_hash_str(FR_STR("red")));
    CHECK(x.advertiser == 71 && x.topic == 72);
    CHECK(x.time_ms == now_ms && x.position == 2 && x.age_days == 2);
    CHECK_INT(x.user_attribute_n, 2);
    CHECK(x.user_attributes[0] == fr_impression_text(FR_STR("city"), FR_STR("Leeds")));
    CHECK(x.user_attributes[1] == fr_impression_text(FR_STR("zone"), FR_STR("3")));
    CHECK_INT(x.item_attribute_n, 0);
    fr_user_fini(&u);
}

static void test_an_unknown_campaign_is_its_own_creative(void) {
    struct fr_user u = somebody();
    struct fr_impression x;
    fr_ad_impression_of(&x, FR_STR("u1"), &u, NULL, FR_STR("c9"), FR_STR(""), FR_STR(""), -1, now_ms);
    CHECK(x.campaign == fr_hash_str(FR_STR("c9")) && x.creative == x.campaign);
    CHECK(x.advertiser == 0 && x.topic == 0 && x.surface == 0);
    CHECK(x.age_days == -1 && x.position == -1);
    fr_user_fini(&u);
}

static void test_a_campaign_that_has_not_begun_or_always_runs_has_no_age(void) {
    struct fr_campaign_entry c = campaign();
    struct fr_impression x = {.time_ms = now_ms};
    c.record.start_ms = now_ms + 1;
    fr_ad_impression_campaign(&x, &c, FR_STR("c1"), FR_STR(""));
    CHECK_INT(x.age_days, -1);
    c.record.start_ms = INT64_MIN;
    fr_ad_impression_campaign(&x, &c, FR_STR("c1"), FR_STR(""));
    CHECK_INT(x.age_days, -1);
}

/* A scorer fills the user once: going on to the next campaign must leave nothing of the one before. */
static void test_campaigns_one_after_the_other_are_as_each_alone(void) {
    struct fr_user u = somebody();
    struct fr_campaign_entry c = campaign();
    struct fr_impression one = {0}, alone;
    fr_ad_impression_user(&one, FR_STR("u1"), &u, FR_STR("home"), 0, now_ms);
    fr_ad_impression_campaign(&one, &c, FR_STR("c1"), FR_STR("red"));
    fr_ad_impression_campaign(&one, NULL, FR_STR("c9"), FR_STR(""));
    fr_ad_impression_of(&alone, FR_STR("u1"), &u, NULL, FR_STR("c9"), FR_STR(""), FR_STR("home"), 0, now_ms);
    CHECK(memcmp(&one, &alone, sizeof one) == 0);
    fr_user_fini(&u);
}

int main(void) {
    RUN(test_a_known_campaign_is_asked_for_whole);
    RUN(test_an_unknown_campaign_is_its_own_creative);
    RUN(test_a_campaign_that_has_not_begun_or_always_runs_has_no_age);
    RUN(test_campaigns_one_after_the_other_are_as_each_alone);
    return check_done();
}
