/* Users: order of arrival, duplicates, rate, consent, forget, attributes and groups, sessions, people. */
#include "random_log.h"

static void json_of(struct world *w, struct fr_buf *out) {
    fr_buf_clear(out);
    fr_user_json(out, FR_STR("u"), &w->user, &w->rules, &w->ids, false);
    fr_buf_byte(out, 0);
}

static enum fr_user_outcome apply(struct world *w, struct fr_event e) {
    return fr_user_apply(&w->user, &e, &w->rules, &w->ids, &w->effects);
}

static void run_two_orders(uint64_t seed) {
    struct fr_rng rng = {seed};
    struct log_event log[LOG_MAX];
    struct world a, b;
    struct fr_buf bytes_a = {0}, bytes_b = {0};
    world_open(&a);
    world_open(&b);
    int64_t span = 1 + fr_rng_below(&rng, 300), lateness = fr_rng_below(&rng, (uint32_t)span);
    struct fr_rng same = rng;
    world_tighten(&a, &rng, lateness);
    world_tighten(&b, &same, lateness);
    uint32_t n = log_make(log, &rng, 12, span);
    log_shuffle(log, n, &rng, lateness);
    for (uint32_t i = 0; i < n; i++) world_apply(&a, log[i]);
    log_shuffle(log, n, &rng, lateness);
    for (uint32_t i = 0; i < n; i++) world_apply(&b, log[i]);
    a.user.rate_n = b.user.rate_n = 0; /* the rate alone knows the order */
    fr_user_encode(&a.user, &a.rules, &a.ids, &bytes_a);
    fr_user_encode(&b.user, &b.rules, &b.ids, &bytes_b);
    CHECK(fr_str_eq(fr_buf_slice(&bytes_a), fr_buf_slice(&bytes_b)));
    if (check_case_failed) {
        json_of(&a, &bytes_a);
        json_of(&b, &bytes_b);
        fprintf(stderr, "seed %" PRIu64 "\n%s\n%s\n", seed, bytes_a.data, bytes_b.data);
    }
    fr_buf_fini(&bytes_a);
    fr_buf_fini(&bytes_b);
    world_close(&a);
    world_close(&b);
}

static void test_order_of_arrival_does_not_matter(void) {
    for (uint64_t seed = 1; seed <= 3000 && !check_case_failed; seed++) run_two_orders(seed);
}

static void test_sessions_equal_the_gaps_of_all_times(void) {
    for (uint64_t seed = 1; seed <= 500 && !check_case_failed; seed++) {
        struct fr_rng rng = {seed};
        struct log_event log[LOG_MAX];
        struct world w;
        world_open(&w);
        world_tighten(&w, &rng, 40);
        uint32_t n = log_make(log, &rng, 12, 2000), sessions = 0;
        log_shuffle(log, n, &rng, 40);
        for (uint32_t i = 0; i < n; i++) world_apply(&w, log[i]);
        log_shuffle(log, n, &rng, 0); /* by time */
        for (uint32_t i = 0; i < n; i++)
            sessions += i == 0 || log[i].t - log[i - 1].t > w.rules.session_gap_ms;
        CHECK_INT(fr_sessions_count(&w.user.sessions), sessions);
        world_close(&w);
    }
}

static void test_duplicates_change_nothing(void) {
    struct world w;
    world_open(&w);
    w.rules.recent_ids = 3;
    struct fr_event e = {.type = FR_EVENT_CLICK, .time_ms = 1000, .item_id = FR_STR("i")};
    const char *ids[] = {"e1", "e2", "e1", "e3", "e2", "e4", "e1"};
    enum fr_user_outcome want[] = {FR_USER_APPLIED,   FR_USER_APPLIED, FR_USER_DUPLICATE, FR_USER_APPLIED,
                                   FR_USER_DUPLICATE, FR_USER_APPLIED, FR_USER_APPLIED};
    for (int i = 0; i < 7; i++) {
        e.event_id = fr_str_of(ids[i]);
        CHECK_INT(apply(&w, e), want[i]);
        CHECK_INT(w.effects.list_due, want[i] == FR_USER_APPLIED);
    }
    CHECK_INT(w.user.events, 5);
    e.event_id = FR_STR("");
    for (int i = 0; i < 4; i++) CHECK_INT(apply(&w, e), FR_USER_APPLIED);
    CHECK_INT(w.user.events, 9);
    world_close(&w);
}

static void test_rate_is_capped_per_minute(void) {
    struct world w;
    world_open(&w);
    w.events.max_per_minute = 3;
    struct fr_event e = {.type = FR_EVENT_VIEW, .time_ms = 120000, .item_id = FR_STR("i")};
    for (int i = 0; i < 3; i++) CHECK_INT(apply(&w, e), FR_USER_APPLIED);
    CHECK_INT(apply(&w, e), FR_USER_RATE_CAPPED);
    e.time_ms = 60000; /* an older minute is no way around */
    CHECK_INT(apply(&w, e), FR_USER_RATE_CAPPED);
    CHECK_INT(w.user.events, 3);
    e.time_ms = 180000;
    CHECK_INT(apply(&w, e), FR_USER_APPLIED);
    world_close(&w);
}

static void test_refused_consent_applies_nothing(void) {
    struct world w;
    world_open(&w);
    struct fr_event e = {.type = FR_EVENT_LIKE, .time_ms = 10, .item_id = FR_STR("i")};
    struct fr_event said = {.type = FR_EVENT_USER_UPSERT, .time_ms = 20, .consent = FR_CONSENT_REFUSED};
    CHECK_INT(apply(&w, e), FR_USER_APPLIED);
    CHECK_INT(apply(&w, said), FR_USER_NO_CONSENT);
    CHECK(w.effects.list_due);
    CHECK_INT(apply(&w, e), FR_USER_NO_CONSENT);
    CHECK(!w.effects.list_due);
    CHECK_INT(w.user.events, 1);
    said.consent = FR_CONSENT_GIVEN;
    said.time_ms = 19; /* earlier than the refusal */
    CHECK_INT(apply(&w, said), FR_USER_NO_CONSENT);
    said.time_ms = 21;
    CHECK_INT(apply(&w, said), FR_USER_APPLIED);
    CHECK_INT(apply(&w, e), FR_USER_APPLIED);
    CHECK_INT(w.user.events, 3);
    world_close(&w);
}

static void test_forget_takes_everything_back(void) {
    struct world w;
    struct fr_rng rng = {7};
    struct log_event log[LOG_MAX];
    struct fr_buf bytes = {0};
    world_open(&w);
    uint32_t n = log_make(log, &rng, 12, 100);
    for (uint32_t i = 0; i < n; i++) world_apply(&w, log[i]);
    uint32_t strong = 0;
    for (uint32_t i = 0; i < w.user.history.n; i++) strong += w.user.history.entries[i].strength.weight > 0;
    CHECK_INT(apply(&w, (struct fr_event){.type = FR_EVENT_USER_DELETE, .time_ms = 5}), FR_USER_FORGOTTEN);
    CHECK_INT(w.effects.changes.n, strong);
    for (uint32_t i = 0; i < w.effects.changes.n; i++) CHECK_INT(w.effects.changes.at[i].after.weight, 0);
    CHECK(w.effects.list_due && fr_user_is_empty(&w.user));
    fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
    CHECK_INT(bytes.len, 0);
    CHECK_INT(apply(&w, (struct fr_event){.type = FR_EVENT_CLICK, .time_ms = 1, .item_id = FR_STR("a")}),
              FR_USER_APPLIED);
    CHECK_INT(w.user.events, 1);
    fr_buf_fini(&bytes);
    world_close(&w);
}

static void upsert(struct world *w, fr_time_ms t, struct fr_attribute attribute) {
    apply(w, (struct fr_event){
                 .type = FR_EVENT_USER_UPSERT, .time_ms = t, .attributes = &attribute, .attribute_n = 1});
}

static void check_group(const struct world *w, const char *want) {
    if (!want) {
        CHECK_INT(w->user.group, FR_DICT_NONE);
        return;
    }
    CHECK(w->user.group != FR_DICT_NONE);
    if (w->user.group != FR_DICT_NONE) CHECK(fr_str_eq(fr_dict_str(&w->ids, w->user.group), fr_str_of(want)));
}

static void test_group_follows_the_latest_attributes(void) {
    struct world w;
    world_open(&w);
    w.rules.group_by[0] = FR_STR("city");
    w.rules.group_by[1] = FR_STR("age");
    w.rules.group_by[2] = FR_STR("vip");
    w.rules.group_by_n = 3;
    struct fr_attribute city = {.name = FR_STR("city"), .kind = FR_ATTRIBUTE_STRING, .text = FR_STR("Bonn")};
    check_group(&w, NULL);
    upsert(&w, 10, city);
    check_group(&w, "Bonn||");
    CHECK_INT(w.effects.group_before, FR_DICT_NONE);
    CHECK(w.effects.list_due && w.effects.group_after == w.user.group);
    upsert(&w, 5, (struct fr_attribute){.name = FR_STR("age"), .kind = FR_ATTRIBUTE_NUMBER, .number = 31.5});
    check_group(&w, "Bonn|31.5|");
    upsert(&w, 5, (struct fr_attribute){.name = FR_STR("vip"), .kind = FR_ATTRIBUTE_BOOL, .number = 1});
    check_group(&w, "Bonn|31.5|true");
    city.text = FR_STR("Aachen");
    upsert(&w, 10, city); /* same time, smaller text */
    check_group(&w, "Bonn|31.5|true");
    city.text = FR_STR("Celle");
    upsert(&w, 10, city);
    check_group(&w, "Celle|31.5|true");
    city.kind = FR_ATTRIBUTE_NULL;
    upsert(&w, 11, city);
    check_group(&w, "|31.5|true");
    world_close(&w);
}

static void test_attributes_are_bounded_by_name(void) {
    struct world w;
    char name[16];
    world_open(&w);
    w.rules.attributes = 3;
    w.rules.group_by[0] = FR_STR("z");
    w.rules.group_by_n = 1;
    const int order[] = {5, 1, 25, 3, 2, 4};
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%c", 'a' + order[i]);
        upsert(&w, i, (struct fr_attribute){.name = fr_str_of(name), .kind = FR_ATTRIBUTE_BOOL});
    }
    CHECK_INT(w.user.attributes.n, 3);
    CHECK(fr_str_eq(w.user.attributes.at[0].name, FR_STR("b")));
    CHECK(fr_str_eq(w.user.attributes.at[1].name, FR_STR("c")));
    CHECK(fr_str_eq(w.user.attributes.at[2].name, FR_STR("z")));
    world_close(&w);
}

static void test_items_count_once_each(void) {
    struct world w;
    world_open(&w);
    struct fr_event_item items[] = {
        {.item_id = FR_STR("x")}, {.item_id = FR_STR("y")}, {.item_id = FR_STR("x")}};
    struct fr_event e = {.type = FR_EVENT_PURCHASE,
                         .time_ms = 86400000,
                         .event_id = FR_STR("order"),
                         .items = items,
                         .item_n = 3};
    CHECK_INT(apply(&w, e), FR_USER_APPLIED);
    CHECK_INT(apply(&w, e), FR_USER_DUPLICATE);
    CHECK_INT(w.user.events, 3);
    CHECK_INT(w.user.counts[FR_EVENT_PURCHASE], 3);
    fr_time_ms last_ms;
    uint32_t x = fr_history_find(&w.user.history, fr_dict_find(&w.ids, FR_STR("x")));
    CHECK_INT(fr_history_count(&w.user.history, x, FR_EVENT_PURCHASE, &last_ms), 2);
    CHECK_INT(w.user.history.entries[x].strength.epoch, 1);
    CHECK_INT(w.user.history.entries[x].strength.weight, 4);
    world_close(&w);
}

static void test_json_is_what_the_docs_say(void) {
    struct world w;
    struct fr_buf out = {0};
    world_open(&w);
    apply(&w, (struct fr_event){.type = FR_EVENT_CLICK, .time_ms = 10, .item_id = FR_STR("b")});
    apply(&w, (struct fr_event){.type = FR_EVENT_CLICK, .time_ms = 20, .item_id = FR_STR("b")});
    apply(&w, (struct fr_event){.type = FR_EVENT_DISLIKE, .time_ms = 30, .item_id = FR_STR("a")});
    apply(&w, (struct fr_event){.type = FR_EVENT_FOLLOW, .time_ms = 40, .target_user_id = FR_STR("v")});
    apply(&w, (struct fr_event){.type = FR_EVENT_SEARCH,
                                .time_ms = 50,
                                .referrer_user_id = FR_STR("r"),
                                .session_id = FR_STR("s"),
                                .consent = FR_CONSENT_GIVEN});
    json_of(&w, &out);
    CHECK_STR(out.data,
              "{\"user_id\":\"u\",\"events\":5,\"first_ms\":10,\"last_ms\":50,\"consent\":true,\"ads_"
              "consent\":null,\"group\":null,"
              "\"attributes\":{},\"counts\":{\"click\":2,\"dislike\":1,\"follow\":1,\"search\":1},"
              "\"sessions\":{\"count\":1,\"last_id\":\"s\",\"last_start_ms\":10,\"last_end_ms\":50},"
              "\"history\":[{\"item_id\":\"b\",\"weight\":1,\"epoch\":0,"
              "\"behaviours\":{\"click\":{\"count\":2,\"last_ms\":20}},\"last_ms\":20}],"
              "\"disliked\":[\"a\"],\"followees\":[\"v\"],\"sharers\":[\"r\"],\"exposures\":[]}");
    fr_buf_fini(&out);
    world_close(&w);
}

/* Twenty items, three behaviours each now and then: the memory a usual user takes. */
static void test_a_usual_user_is_small(void) {
    struct world w;
    world_open(&w);
    char id[16];
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "item%d", i % 20);
        apply(&w, (struct fr_event){.type = i % 3 ? FR_EVENT_CLICK : FR_EVENT_LIKE,
                                    .time_ms = i,
                                    .item_id = fr_str_of(id)});
    }
    CHECK(fr_history_bytes(&w.user.history) <= 1200);
    CHECK(fr_user_bytes(&w.user) <= 2000);
    world_close(&w);
}

int main(void) {
    RUN(test_order_of_arrival_does_not_matter);
    RUN(test_sessions_equal_the_gaps_of_all_times);
    RUN(test_duplicates_change_nothing);
    RUN(test_rate_is_capped_per_minute);
    RUN(test_refused_consent_applies_nothing);
    RUN(test_forget_takes_everything_back);
    RUN(test_group_follows_the_latest_attributes);
    RUN(test_attributes_are_bounded_by_name);
    RUN(test_items_count_once_each);
    RUN(test_json_is_what_the_docs_say);
    RUN(test_a_usual_user_is_small);
    return check_done();
}
