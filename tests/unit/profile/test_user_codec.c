/* The state codec: same bytes back, every cut refused, every damaged byte refused or a state that holds. */
#include "random_log.h"

/* A user with something in every field. */
static void fill(struct world *w, struct fr_rng *rng) {
    struct log_event log[LOG_MAX];
    struct fr_attribute attributes[] = {
        {.name = FR_STR("city"), .kind = FR_ATTRIBUTE_STRING, .text = FR_STR("K\xc3\xb6ln")},
        {.name = FR_STR("age"), .kind = FR_ATTRIBUTE_NUMBER, .number = -0.0},
        {.name = FR_STR("vip"), .kind = FR_ATTRIBUTE_BOOL, .number = 1},
        {.name = FR_STR("gone"), .kind = FR_ATTRIBUTE_NULL, .number = 5}};
    world_tighten(w, rng, 30);
    w->rules.group_by[0] = FR_STR("city");
    w->rules.group_by_n = 1;
    uint32_t n = log_make(log, rng, 12, 60);
    for (uint32_t i = 0; i < n; i++) world_apply(w, log[i]);
    struct fr_event said = {.type = FR_EVENT_USER_UPSERT,
                            .time_ms = 40,
                            .event_id = FR_STR("e1"),
                            .consent = FR_CONSENT_GIVEN,
                            .ads_consent = FR_CONSENT_REFUSED,
                            .session_id = FR_STR("s-1"),
                            .currency = FR_STR("EUR"),
                            .attributes = attributes,
                            .attribute_n = 4};
    fr_user_apply(&w->user, &said, &w->rules, &w->ids, &w->effects);
}

/* Decodes under another dictionary and encodes again. */
static enum fr_err again(const struct world *w, struct fr_str bytes, struct fr_buf *out) {
    struct fr_dict ids;
    struct fr_user user;
    fr_dict_init(&ids);
    fr_user_init(&user);
    fr_dict_intern(&ids, FR_STR("so that numbers differ"));
    enum fr_err err = fr_user_decode(&user, bytes, &w->rules, &ids, NULL);
    if (err == FR_OK) {
        const char *wrong = fr_user_check(&user, &w->rules, &ids);
        if (wrong) CHECK_STR(wrong, "");
        fr_user_encode(&user, &w->rules, &ids, out);
    } else {
        CHECK(fr_user_is_empty(&user));
        CHECK_INT(err, FR_STATE_CORRUPT);
    }
    fr_user_fini(&user);
    fr_dict_fini(&ids);
    return err;
}

static void test_round_trip(void) {
    for (uint64_t seed = 1; seed <= 500 && !check_case_failed; seed++) {
        struct fr_rng rng = {seed};
        struct world w;
        struct fr_buf bytes = {0}, twice = {0};
        world_open(&w);
        fill(&w, &rng);
        fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
        CHECK_INT(again(&w, fr_buf_slice(&bytes), &twice), FR_OK);
        CHECK(fr_str_eq(fr_buf_slice(&bytes), fr_buf_slice(&twice)));
        fr_buf_fini(&bytes);
        fr_buf_fini(&twice);
        world_close(&w);
    }
}

/* Version 1 had twelve fields: the first twelve of today's. */
static void test_a_state_of_before_ads_is_read(void) {
    struct world w;
    struct fr_buf bytes = {0}, twice = {0};
    world_open(&w);
    world_apply(&w, (struct log_event){FR_EVENT_CLICK, 1, 7});
    fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
    const char no_ads[] = {(char)0xc0, (char)0x92, (char)0xc0, (char)0x90};
    CHECK(bytes.len > 6 && memcmp(bytes.data + bytes.len - 4, no_ads, 4) == 0);
    CHECK_INT((unsigned char)bytes.data[0], 0x9e);
    bytes.data[0] = (char)0x9c;
    bytes.data[1] = 1;
    CHECK_INT(again(&w, (struct fr_str){bytes.data, (uint32_t)bytes.len - 4}, &twice), FR_OK);
    bytes.data[0] = (char)0x9e;
    bytes.data[1] = 2;
    CHECK(fr_str_eq(fr_buf_slice(&bytes), fr_buf_slice(&twice)));
    fr_buf_fini(&bytes);
    fr_buf_fini(&twice);
    world_close(&w);
}

/* A state that was stored and loaded between any two events goes on as if it had stayed in memory. */
static void test_a_loaded_user_goes_on_the_same(void) {
    for (uint64_t seed = 1; seed <= 200 && !check_case_failed; seed++) {
        struct fr_rng rng = {seed};
        struct log_event log[LOG_MAX];
        struct world w;
        struct fr_user kept;
        struct fr_buf a = {0}, b = {0};
        world_open(&w);
        world_tighten(&w, &rng, 30);
        fr_user_init(&kept);
        uint32_t n = log_make(log, &rng, 12, 60);
        for (uint32_t i = 0; i < n; i++) {
            struct fr_event e = log_to_event(log[i]);
            fr_user_apply(&kept, &e, &w.rules, &w.ids, &w.effects);
            world_apply(&w, log[i]);
            fr_buf_clear(&a);
            fr_user_encode(&w.user, &w.rules, &w.ids, &a);
            fr_user_fini(&w.user);
            CHECK_INT(fr_user_decode(&w.user, fr_buf_slice(&a), &w.rules, &w.ids, NULL), FR_OK);
        }
        fr_user_encode(&kept, &w.rules, &w.ids, &b);
        CHECK(fr_str_eq(fr_buf_slice(&a), fr_buf_slice(&b)));
        fr_user_fini(&kept);
        fr_buf_fini(&a);
        fr_buf_fini(&b);
        world_close(&w);
    }
}

static void test_every_cut_is_refused(void) {
    struct fr_rng rng = {3};
    struct world w;
    struct fr_buf bytes = {0}, none = {0};
    world_open(&w);
    fill(&w, &rng);
    fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
    for (uint32_t n = 1; n < bytes.len; n++)
        CHECK_INT(again(&w, (struct fr_str){bytes.data, n}, &none), FR_STATE_CORRUPT);
    fr_buf_byte(&bytes, 0xc0);
    CHECK_INT(again(&w, fr_buf_slice(&bytes), &none), FR_STATE_CORRUPT);
    fr_buf_fini(&bytes);
    fr_buf_fini(&none);
    world_close(&w);
}

static void test_damage_is_refused_or_harmless(void) {
    struct fr_rng rng = {5};
    struct world w;
    struct fr_buf bytes = {0};
    world_open(&w);
    fill(&w, &rng);
    fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
    for (uint32_t i = 0; i < 20000; i++) {
        struct fr_buf copy = {0}, once = {0}, twice = {0};
        fr_buf_str(&copy, fr_buf_slice(&bytes));
        for (uint32_t k = 0; k <= i % 3; k++)
            copy.data[fr_rng_below(&rng, (uint32_t)copy.len)] = (char)fr_rng_below(&rng, 256);
        if (again(&w, fr_buf_slice(&copy), &once) == FR_OK) {
            CHECK_INT(again(&w, fr_buf_slice(&once), &twice), FR_OK);
            CHECK(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
        }
        fr_buf_fini(&copy);
        fr_buf_fini(&once);
        fr_buf_fini(&twice);
    }
    fr_buf_fini(&bytes);
    world_close(&w);
}

/* docs/STATE.md gives these numbers to other programs: a change needs a new version. */
static void test_numbers_of_behaviours_are_fixed(void) {
    static const char *const texts[] = {"impression",
                                        "click",
                                        "view",
                                        "like",
                                        "unlike",
                                        "dislike",
                                        "share",
                                        "comment",
                                        "follow",
                                        "unfollow",
                                        "add_to_wishlist",
                                        "remove_from_wishlist",
                                        "add_to_cart",
                                        "remove_from_cart",
                                        "purchase",
                                        "refund",
                                        "search",
                                        "ask",
                                        "ad_impression",
                                        "ad_click",
                                        "ad_conversion",
                                        "item_upsert",
                                        "item_delete",
                                        "user_upsert",
                                        "user_delete",
                                        "tick",
                                        "other",
                                        "ad_withheld"};
    CHECK_INT(sizeof texts / sizeof texts[0], FR_EVENT_TYPE_N);
    for (int i = 0; i < FR_EVENT_TYPE_N; i++) CHECK_STR(fr_event_type_text((enum fr_event_type)i), texts[i]);
}

static void test_one_click_in_full(void) {
    static const unsigned char want[] = {0x9e, 2,    0x92, 100,  100,  0x81, 1,    1,    0xc0,
                                         0x90, 0x93, 0,    0x92, 0,    0,    0xc0, 0x93, 0xc0,
                                         0x91, 0x93, 0xa1, 'i',  0,    0x92, 1,    0,    0x90, /* history */
                                         0x93, 0xc0, 0x90, 0x90, 0x93, 0xc0, 0x90, 0x90, 0xc4,
                                         0,    0x92, 0,    1,    0xc0, 0xc0, 0x92, 0xc0, 0x90};
    struct world w;
    struct fr_buf bytes = {0};
    world_open(&w);
    fr_user_apply(&w.user, &(struct fr_event){.type = FR_EVENT_CLICK, .time_ms = 100, .item_id = FR_STR("i")},
                  &w.rules, &w.ids, &w.effects);
    fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
    CHECK_INT(bytes.len, sizeof want);
    CHECK(bytes.len == sizeof want && memcmp(bytes.data, want, sizeof want) == 0);
    fr_buf_fini(&bytes);
    world_close(&w);
}

int main(void) {
    RUN(test_round_trip);
    RUN(test_a_state_of_before_ads_is_read);
    RUN(test_a_loaded_user_goes_on_the_same);
    RUN(test_every_cut_is_refused);
    RUN(test_damage_is_refused_or_harmless);
    RUN(test_numbers_of_behaviours_are_fixed);
    RUN(test_one_click_in_full);
    return check_done();
}
