#include "check.h"
#include "freshet/app/demo_hits.h"

static void test_hit_at_ten_and_twenty(void) {
    struct fr_hits *h = fr_hits_new();
    uint32_t list[25];
    for (uint32_t i = 0; i < 25; i++) list[i] = 100 + i;
    for (uint32_t user = 0; user < 5; user++) fr_hits_list(h, user, list, 25);
    CHECK(fr_hits_event(h, 0, 100));  /* first */
    CHECK(fr_hits_event(h, 1, 109));  /* last of 10 */
    CHECK(fr_hits_event(h, 2, 110));  /* 11th */
    CHECK(fr_hits_event(h, 3, 119));  /* last of 20 */
    CHECK(!fr_hits_event(h, 4, 120)); /* beyond what counts */
    struct fr_hits_score s = fr_hits_score(h);
    CHECK_INT(s.cases, 5);
    CHECK_INT(s.few, 2);
    CHECK_INT(s.list, 4);
    fr_hits_free(&h);
}

static void test_what_is_no_case(void) {
    struct fr_hits *h = fr_hits_new();
    CHECK(!fr_hits_event(h, 7, 1)); /* no list yet */
    fr_hits_list(h, 7, (uint32_t[]){1, 2}, 2);
    CHECK(!fr_hits_event(h, 7, 1)); /* nothing new to them */
    CHECK(fr_hits_event(h, 7, 2));
    CHECK(!fr_hits_event(h, 7, 2));
    struct fr_hits_score s = fr_hits_score(h);
    CHECK_INT(s.cases, 1);
    CHECK_INT(s.list, 1);
    CHECK_INT(s.without_list, 1);
    fr_hits_free(&h);
}

static void test_only_the_latest_list_counts(void) {
    struct fr_hits *h = fr_hits_new();
    fr_hits_list(h, 0, (uint32_t[]){1, 2, 3}, 3);
    fr_hits_list(h, 0, (uint32_t[]){4}, 1);
    CHECK(!fr_hits_event(h, 0, 1));
    CHECK(fr_hits_event(h, 0, 4));
    fr_hits_list(h, 0, NULL, 0); /* an empty list is a list */
    CHECK(!fr_hits_event(h, 0, 5));
    CHECK_INT(fr_hits_score(h).cases, 3);
    fr_hits_free(&h);
}

/* 30 items, item i taken by 30 - i users: at 10 are items 0 to 9, at 20 items 0 to 19. */
static struct fr_hits *with_popular_items(void) {
    struct fr_hits *h = fr_hits_new();
    for (uint32_t item = 30; item-- > 0;)
        for (uint32_t user = 100; user < 130 - item; user++) fr_hits_event(h, user, item);
    return h;
}

static void test_popularity(void) {
    struct fr_hits *h = with_popular_items();
    for (uint32_t user = 0; user < 5; user++) fr_hits_list(h, user, NULL, 0);
    fr_hits_event(h, 0, 9);
    fr_hits_event(h, 1, 12);
    fr_hits_event(h, 2, 19);
    fr_hits_event(h, 3, 25);
    fr_hits_event(h, 4, 500); /* nobody's so far */
    struct fr_hits_score s = fr_hits_score(h);
    CHECK_INT(s.cases, 5);
    CHECK_INT(s.list, 0);
    CHECK_INT(s.popular_few, 1);
    CHECK_INT(s.popular_list, 3);
    fr_hits_free(&h);
}

static void test_popularity_leaves_out_what_is_known(void) {
    struct fr_hits *h = with_popular_items();
    for (uint32_t item = 0; item < 5; item++) fr_hits_event(h, 0, item); /* no list, no cases */
    fr_hits_list(h, 0, NULL, 0);
    fr_hits_event(h, 0, 24); /* the 25th of all, the 20th of those new to them */
    struct fr_hits_score s = fr_hits_score(h);
    CHECK_INT(s.cases, 1);
    CHECK_INT(s.popular_few, 0);
    CHECK_INT(s.popular_list, 1);
    fr_hits_free(&h);
}

static void test_nothing_is_judged_by_itself(void) {
    struct fr_hits *h = fr_hits_new();
    fr_hits_list(h, 0, NULL, 0);
    fr_hits_event(h, 0, 3); /* the most popular from now on, but not before */
    CHECK_INT(fr_hits_score(h).popular_list, 0);
    CHECK_INT(fr_hits_score(h).now_list, 0);
    fr_hits_list(h, 1, NULL, 0);
    fr_hits_event(h, 1, 3);
    CHECK_INT(fr_hits_score(h).popular_list, 1);
    CHECK_INT(fr_hits_score(h).now_list, 1);
    fr_hits_free(&h);
}

static void test_popular_then_and_now(void) {
    struct fr_hits *h = fr_hits_new();
    fr_hits_list(h, 0, NULL, 0);
    fr_hits_event(h, 1, 3); /* popular since the list was published */
    fr_hits_event(h, 0, 3);
    struct fr_hits_score s = fr_hits_score(h);
    CHECK_INT(s.cases, 1);
    CHECK_INT(s.popular_list, 0);
    CHECK_INT(s.now_list, 1);
    fr_hits_free(&h);
}

int main(void) {
    RUN(test_hit_at_ten_and_twenty);
    RUN(test_what_is_no_case);
    RUN(test_only_the_latest_list_counts);
    RUN(test_popularity);
    RUN(test_popularity_leaves_out_what_is_known);
    RUN(test_nothing_is_judged_by_itself);
    RUN(test_popular_then_and_now);
    return check_done();
}
