/* A profile as a query: order, strengths, dislikes, followees. */
#include "check.h"
#include "freshet/recommend/seeds.h"

enum { DAY_MS = 86400000 };
static const fr_time_ms start_ms = INT64_C(1700000000000);

struct world {
    struct fr_event_rules events;
    struct fr_profile_rules rules;
    struct fr_decay decay;
    struct fr_dict ids;
    struct fr_user user;
    struct fr_user_effects effects;
    struct fr_arena arena;
};

static void open_world(struct world *w) {
    *w = (struct world){0};
    fr_event_rules_init(&w->events);
    fr_profile_rules_default(&w->rules, &w->events);
    fr_decay_init(&w->decay, w->rules.half_life_epochs, 60);
    fr_dict_init(&w->ids);
    fr_user_init(&w->user);
}

static void close_world(struct world *w) {
    fr_user_fini(&w->user);
    fr_user_effects_fini(&w->effects);
    fr_dict_fini(&w->ids);
    fr_decay_fini(&w->decay);
    fr_event_rules_fini(&w->events);
    fr_arena_fini(&w->arena);
}

static void act(struct world *w, enum fr_event_type type, const char *item, const char *target,
                fr_time_ms t) {
    struct fr_event e = {.type = type,
                         .item_id = fr_str_of(item),
                         .target_user_id = fr_str_of(target),
                         .time_ms = t,
                         .has_time = true};
    CHECK_INT(fr_user_apply(&w->user, &e, &w->rules, &w->ids, &w->effects), FR_USER_APPLIED);
}

static struct fr_query query(struct world *w, uint32_t followees_most) {
    return fr_query_of(&w->user, 7, &w->rules, &w->decay, &w->ids, followees_most, start_ms, 99, &w->arena);
}

static void test_most_recent_first_with_strengths_as_of_the_latest_event(void) {
    struct world w;
    open_world(&w);
    act(&w, FR_EVENT_CLICK, "old", "", start_ms);
    act(&w, FR_EVENT_PURCHASE, "bought", "", start_ms + 1);
    act(&w, FR_EVENT_DISLIKE, "bad", "", start_ms + 2);
    act(&w, FR_EVENT_LIKE, "new", "", start_ms + (fr_time_ms)w.rules.half_life_epochs * DAY_MS);
    struct fr_query q = query(&w, 10);
    CHECK_INT(q.seed_n, 4);
    static const char *const names[] = {"new", "bad", "bought", "old"};
    for (int i = 0; i < 4; i++) CHECK(fr_str_eq(fr_dict_str(&w.ids, q.seeds[i].item), fr_str_of(names[i])));
    CHECK_NEAR(q.seeds[0].strength, 2, .001); /* a like of today */
    CHECK_NEAR(q.seeds[2].strength, 2, .001); /* a purchase, one half-life ago */
    CHECK_NEAR(q.seeds[3].strength, .5, .001);
    CHECK(q.seeds[1].disliked && !q.seeds[0].disliked);
    CHECK(q.seeds[2].purchased && !q.seeds[3].purchased);
    CHECK_INT(q.seeds[3].time_ms, start_ms);
    CHECK_INT(q.seeds[0].types, 1u << FR_EVENT_LIKE);
    CHECK_INT(q.seeds[3].types, 1u << FR_EVENT_CLICK);
    CHECK_INT(q.user, 7);
    CHECK_INT(q.draw, 99);
    close_world(&w);
}

static void test_followees_are_those_followed_now(void) {
    struct world w;
    open_world(&w);
    act(&w, FR_EVENT_FOLLOW, "", "ann", start_ms);
    act(&w, FR_EVENT_FOLLOW, "", "bob", start_ms + 1);
    act(&w, FR_EVENT_FOLLOW, "", "eve", start_ms + 2);
    act(&w, FR_EVENT_UNFOLLOW, "", "bob", start_ms + 3);
    struct fr_query q = query(&w, 10);
    CHECK_INT(q.followee_n, 2);
    CHECK(fr_str_eq(fr_dict_str(&w.ids, q.followees[0]), FR_STR("eve")));
    CHECK(fr_str_eq(fr_dict_str(&w.ids, q.followees[1]), FR_STR("ann")));
    CHECK_INT(query(&w, 1).followee_n, 1);
    close_world(&w);
}

int main(void) {
    RUN(test_most_recent_first_with_strengths_as_of_the_latest_event);
    RUN(test_followees_are_those_followed_now);
    return check_done();
}
