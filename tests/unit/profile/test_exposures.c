/* Exposures: windows that roll, totals, the bound, consent to ads, forgetting. */
#include "random_log.h"

enum { HOUR_MS = 3600000, DAY_MS = FR_EXPOSURE_DAY_MS };

static void say(struct world *w, enum fr_event_type type, const char *campaign, fr_time_ms t) {
    struct fr_event e = {.type = type, .time_ms = t, .campaign_id = fr_str_of(campaign)};
    CHECK_INT(fr_user_apply(&w->user, &e, &w->rules, &w->ids, &w->effects), FR_USER_APPLIED);
    CHECK(w->effects.scores_due);
}

static const struct fr_exposure *find(struct world *w, const char *campaign) {
    return fr_exposures_find(&w->user.exposures, fr_dict_intern(&w->ids, fr_str_of(campaign)));
}

static void test_windows_roll(void) {
    struct world w;
    world_open(&w);
    say(&w, FR_EVENT_AD_IMPRESSION, "c",
        HOUR_MS - 1); /* two before the full hour, two behind it, one in between */
    say(&w, FR_EVENT_AD_IMPRESSION, "c", HOUR_MS + 1);
    say(&w, FR_EVENT_AD_IMPRESSION, "c", HOUR_MS);
    say(&w, FR_EVENT_AD_CLICK, "c", HOUR_MS + 5);
    const struct fr_exposure *c = find(&w, "c");
    CHECK_INT(fr_exposure_count(c, HOUR_MS + 1, HOUR_MS), 3);
    CHECK_INT(fr_exposure_count(c, 2 * HOUR_MS - 1, HOUR_MS), 2); /* the first is exactly an hour old */
    CHECK_INT(fr_exposure_count(c, 2 * HOUR_MS + 1, HOUR_MS), 0);
    CHECK_INT(fr_exposure_count(c, HOUR_MS, DAY_MS), 2); /* nothing of later */
    CHECK_INT(fr_exposure_count(NULL, HOUR_MS, DAY_MS), 0);
    CHECK_INT(c->impressions, 3);
    CHECK_INT(c->clicks, 1);
    CHECK_INT(c->click_ms, HOUR_MS + 5);
    CHECK_INT(c->conversion_ms, FR_EXPOSURE_NEVER);
    CHECK(find(&w, "d") == NULL);
    world_close(&w);
}

/* A day later the old times are gone and the total is not. */
static void test_times_of_one_day_are_kept(void) {
    struct world w;
    world_open(&w);
    for (int i = 0; i < 150; i++) say(&w, FR_EVENT_AD_IMPRESSION, "c", i);
    CHECK_INT(find(&w, "c")->time_n, FR_EXPOSURE_TIMES);
    CHECK_INT(find(&w, "c")->times[0], 50);
    say(&w, FR_EVENT_AD_IMPRESSION, "c", DAY_MS + 100);
    CHECK_INT(find(&w, "c")->times[0], 101);
    CHECK_INT(find(&w, "c")->impressions, 151);
    CHECK(fr_user_check(&w.user, &w.rules, &w.ids) == NULL);
    world_close(&w);
}

/* The one touched longest ago goes, and does not come back by an event of before. */
static void test_the_bound_keeps_the_latest(void) {
    struct world w;
    world_open(&w);
    w.rules.exposures = 2;
    say(&w, FR_EVENT_AD_IMPRESSION, "b", 10);
    say(&w, FR_EVENT_AD_IMPRESSION, "a", 20);
    say(&w, FR_EVENT_AD_CLICK, "b", 30);
    say(&w, FR_EVENT_AD_IMPRESSION, "c", 40);
    CHECK(find(&w, "a") == NULL && find(&w, "b") && find(&w, "c"));
    say(&w, FR_EVENT_AD_IMPRESSION, "a", 20);
    say(&w, FR_EVENT_AD_IMPRESSION, "0", 20); /* the same time and a smaller id */
    CHECK_INT(w.user.exposures.n, 2);
    CHECK(find(&w, "b") && find(&w, "c"));
    say(&w, FR_EVENT_AD_IMPRESSION, "a", 50);
    CHECK(find(&w, "a") && find(&w, "b") == NULL);
    CHECK(fr_user_check(&w.user, &w.rules, &w.ids) == NULL);
    world_close(&w);
}

static void test_ads_need_no_refusal(void) {
    struct world w;
    world_open(&w);
    CHECK(fr_user_allows_ads(&w.user, false));
    CHECK(!fr_user_allows_ads(&w.user, true));
    struct fr_event said = {.type = FR_EVENT_USER_UPSERT, .time_ms = 20, .ads_consent = FR_CONSENT_REFUSED};
    CHECK_INT(fr_user_apply(&w.user, &said, &w.rules, &w.ids, &w.effects), FR_USER_APPLIED);
    CHECK(w.effects.scores_due);
    CHECK(!fr_user_allows_ads(&w.user, false));
    CHECK(!fr_user_is_empty(&w.user));
    said.ads_consent = FR_CONSENT_GIVEN;
    said.time_ms = 20; /* of equal times the refusal stands */
    fr_user_apply(&w.user, &said, &w.rules, &w.ids, &w.effects);
    CHECK(!fr_user_allows_ads(&w.user, false));
    said.time_ms = 21;
    fr_user_apply(&w.user, &said, &w.rules, &w.ids, &w.effects);
    CHECK(fr_user_allows_ads(&w.user, true));
    said = (struct fr_event){.type = FR_EVENT_USER_UPSERT, .time_ms = 22, .consent = FR_CONSENT_REFUSED};
    CHECK_INT(fr_user_apply(&w.user, &said, &w.rules, &w.ids, &w.effects), FR_USER_NO_CONSENT);
    CHECK(w.effects.scores_due && !fr_user_allows_ads(&w.user, false));
    world_close(&w);
}

static void test_forgetting_takes_exposures(void) {
    struct world w;
    world_open(&w);
    say(&w, FR_EVENT_AD_IMPRESSION, "c", 5);
    struct fr_event leave = {.type = FR_EVENT_USER_DELETE, .time_ms = 6};
    CHECK_INT(fr_user_apply(&w.user, &leave, &w.rules, &w.ids, &w.effects), FR_USER_FORGOTTEN);
    CHECK(w.effects.scores_due);
    CHECK_INT(w.user.exposures.n, 0);
    CHECK(fr_user_is_empty(&w.user));
    world_close(&w);
}

/* An ad event that names no campaign is counted, and nothing more. */
static void test_no_campaign_no_exposure(void) {
    struct world w;
    world_open(&w);
    struct fr_event e = {.type = FR_EVENT_AD_IMPRESSION, .time_ms = 5};
    fr_user_apply(&w.user, &e, &w.rules, &w.ids, &w.effects);
    CHECK(!w.effects.scores_due);
    CHECK_INT(w.user.exposures.n, 0);
    CHECK_INT(w.user.counts[FR_EVENT_AD_IMPRESSION], 1);
    world_close(&w);
}

/* Somebody of a control group: remembered, and nothing that the user did. */
static void test_what_was_withheld_is_no_act(void) {
    struct world w;
    world_open(&w);
    w.events.max_per_minute = 1;
    struct fr_event e = {.type = FR_EVENT_AD_WITHHELD, .time_ms = 5, .campaign_id = FR_STR("c")};
    CHECK_INT(fr_user_apply(&w.user, &e, &w.rules, &w.ids, &w.effects), FR_USER_APPLIED);
    CHECK(fr_user_is_empty(&w.user) &&
          w.user.exposures.n == 0); /* of nobody, or of somebody who is forgotten */
    say(&w, FR_EVENT_AD_IMPRESSION, "a", 10);
    for (e.time_ms = 4; e.time_ms < 14; e.time_ms += 3) {
        CHECK_INT(fr_user_apply(&w.user, &e, &w.rules, &w.ids, &w.effects), FR_USER_APPLIED);
        CHECK(!w.effects.scores_due && !w.effects.list_due);
    }
    say(&w, FR_EVENT_AD_IMPRESSION, "a", 60001); /* no rate is reached */
    const struct fr_exposure *c = find(&w, "c");
    CHECK_INT(c->impressions + c->clicks + c->conversions + c->time_n, 0);
    CHECK_INT(c->touch_ms, 13);
    CHECK_INT(w.user.events, 2);
    CHECK_INT(w.user.first_ms, 4);
    CHECK_INT(w.user.last_ms, 60001);
    CHECK_INT(w.user.counts[FR_EVENT_AD_WITHHELD], 0);
    CHECK(fr_user_check(&w.user, &w.rules, &w.ids) == NULL);
    struct fr_buf bytes = {0};
    struct fr_user back;
    fr_user_init(&back);
    fr_user_encode(&w.user, &w.rules, &w.ids, &bytes);
    CHECK_INT(fr_user_decode(&back, fr_buf_slice(&bytes), &w.rules, &w.ids, NULL), FR_OK);
    CHECK_INT(back.exposures.n, 2);
    fr_user_fini(&back);
    fr_buf_fini(&bytes);
    world_close(&w);
}

int main(void) {
    RUN(test_what_was_withheld_is_no_act);
    RUN(test_windows_roll);
    RUN(test_times_of_one_day_are_kept);
    RUN(test_the_bound_keeps_the_latest);
    RUN(test_ads_need_no_refusal);
    RUN(test_forgetting_takes_exposures);
    RUN(test_no_campaign_no_exposure);
    return check_done();
}
