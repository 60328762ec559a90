/* The book of campaigns and its versions: the latest good record of each key, in order, compiled. */
#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/target/campaign_set.h"

static struct fr_campaign_faults faults;

static bool put(struct fr_campaign_book *b, const char *key, const char *json, fr_time_ms t) {
    struct fr_str value = json ? fr_str_of(json) : (struct fr_str){NULL, 0};
    return fr_campaign_book_put(b, fr_str_of(key), value, t, &faults);
}

#define SHOES                                                                                               \
    "{\"id\":\"shoes\",\"advertiser\":\"acme\",\"categories\":[\"shoes\"],\"pays\":{\"price\":1},\"rule\":" \
    "\"segment(\\\"vip\\\")\"}"
#define BAGS "{\"id\":\"bags\",\"items\":[\"b1\"],\"pays\":{\"price\":2}}"
#define VIP "{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"events > 3\"}"

static void test_a_version_has_the_latest_of_each(void) {
    struct fr_campaign_book *b = fr_campaign_book_new();
    CHECK(put(b, "shoes", SHOES, 5));
    CHECK(put(b, "bags", BAGS, 6));
    CHECK(put(b, "vip", VIP, 7));
    struct fr_campaign_set *first = fr_campaign_book_version(b, 1);
    CHECK_INT(first->campaign_n, 2);
    CHECK(fr_str_eq(first->campaigns[0].record.id, FR_STR("bags")));
    const struct fr_campaign_entry *shoes = fr_campaign_set_find(first, FR_STR("shoes"));
    CHECK(shoes == &first->campaigns[1]);
    CHECK_INT(shoes->changed_ms, 5);
    CHECK(shoes->advertiser_hash == fr_hash_str(FR_STR("acme")) &&
          shoes->topic_hash == fr_hash_str(FR_STR("shoes")));
    CHECK(first->campaigns[0].advertiser_hash == 0 &&
          first->campaigns[0].topic_hash == fr_hash_str(FR_STR("b1")));
    CHECK(fr_campaign_set_segment(first, FR_STR("vip")) == &first->segments[0]);
    CHECK(!fr_campaign_set_find(first, FR_STR("vip")) && !fr_campaign_set_segment(first, FR_STR("shoes")));
    CHECK(put(b, "bags", "{\"id\":\"bags\",\"pays\":{\"price\":3}}", 8));
    CHECK(put(b, "shoes", NULL, 9));
    CHECK_INT(fr_campaign_book_changes(b), 5);
    CHECK(put(b, "nothing", NULL, 9));
    CHECK_INT(fr_campaign_book_changes(b), 5);
    struct fr_campaign_set *second = fr_campaign_book_version(b, 2);
    CHECK_INT(second->campaign_n, 1);
    CHECK_INT(second->campaigns[0].record.price_micros, 3000000);
    CHECK_INT(first->campaigns[0].record.price_micros, 2000000); /* a version does not change */
    CHECK(second->number == 2 && second->records == 6);
    fr_campaign_set_free(first);
    fr_campaign_set_free(second);
    fr_campaign_book_free(b);
}

static void test_a_bad_record_changes_nothing(void) {
    struct fr_campaign_book *b = fr_campaign_book_new();
    CHECK(put(b, "bags", BAGS, 6));
    CHECK(!put(b, "bags", "{\"id\":\"bags\",\"pays\":{\"price\":-3},\"rule\":\"evnts( > 1\"}", 8));
    CHECK_INT(faults.n, 2); /* of the fields, and of the rule */
    CHECK_INT(faults.at[1].code, FR_CAMPAIGN_FAULT_BAD_RULE);
    CHECK(strstr(faults.at[1].hint, "line 1, column"));
    CHECK(!put(b, "vip", "{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"segment(\\\"a\\\")\"}", 8));
    CHECK(!put(b, "other", BAGS, 8));
    CHECK_INT(fr_campaign_book_changes(b), 1);
    struct fr_campaign_set *s = fr_campaign_book_version(b, 1);
    CHECK_INT(s->campaign_n + s->segment_n, 1);
    CHECK_INT(s->campaigns[0].record.price_micros, 2000000);
    CHECK_INT(s->records, 4);
    fr_campaign_set_free(s);
    fr_campaign_book_free(b);
}

static void test_what_there_is_room_for(void) {
    struct fr_campaign_book *b = fr_campaign_book_new();
    char json[64], key[16];
    for (int i = 0; i < FR_CAMPAIGN_SET_MAX; i++) {
        snprintf(key, sizeof key, "c%d", i);
        snprintf(json, sizeof json, "{\"id\":\"%s\",\"pays\":{\"price\":1}}", key);
        if (!put(b, key, json, 1)) CHECK(false);
    }
    CHECK(!put(b, "more", "{\"id\":\"more\",\"pays\":{\"price\":1}}", 1));
    CHECK_INT(faults.at[0].code, FR_CAMPAIGN_FAULT_TOO_MANY_CAMPAIGNS);
    CHECK(put(b, "c7", "{\"id\":\"c7\",\"pays\":{\"price\":2}}", 1));
    CHECK(put(b, "c7", NULL, 1));
    CHECK(put(b, "more", "{\"id\":\"more\",\"pays\":{\"price\":1}}", 1));
    fr_campaign_book_free(b);
}

int main(void) {
    RUN(test_a_version_has_the_latest_of_each);
    RUN(test_a_bad_record_changes_nothing);
    RUN(test_what_there_is_room_for);
    return check_done();
}
