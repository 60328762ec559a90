#include "check.h"
#include "freshet/affinity/trend.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

enum { ITEMS = 300, K = 10, GROUP = ITEMS, OTHER_GROUP = ITEMS + 1 };

struct fixture {
    struct fr_dict dict;
    struct fr_decay popularity, trend;
    struct fr_item items[ITEMS];
    struct fr_trends *trends;
};

static void setup(struct fixture *f, uint32_t groups_max) {
    memset(f, 0, sizeof *f);
    fr_dict_init(&f->dict);
    for (uint32_t i = 0; i < ITEMS + 2; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "n%u", i);
        fr_dict_intern(&f->dict, (struct fr_str){text, (uint32_t)n});
    }
    fr_decay_init(&f->popularity, 14, 60);
    fr_decay_init(&f->trend, 2, 60);
    f->trends = fr_trends_new(&f->popularity, &f->trend, K, groups_max);
}

static void teardown(struct fixture *f) {
    for (uint32_t i = 0; i < ITEMS; i++) fr_item_fini(&f->items[i]);
    fr_trends_free(&f->trends);
    fr_decay_fini(&f->popularity);
    fr_decay_fini(&f->trend);
    fr_dict_fini(&f->dict);
}

static void count(struct fixture *f, uint32_t item, int32_t epoch, int32_t weight) {
    struct fr_item_scratch scratch = {0};
    struct fr_item_rules rules = {&f->popularity, 16};
    struct fr_delta deltas[] = {{item, FR_CODE_COUNT, epoch, weight},
                                {item, fr_code_group(item % 2 ? GROUP : OTHER_GROUP), epoch, weight}};
    fr_item_apply(&f->items[item], &rules, &f->dict, deltas, 2, &scratch);
    fr_trends_update(f->trends, item, &f->items[item], deltas, 2);
    fr_item_scratch_fini(&scratch);
}

static bool lists(const struct fr_trend *entries, uint32_t n, uint32_t item) {
    for (uint32_t i = 0; i < n; i++)
        if (entries[i].item == item) return true;
    return false;
}

/* How many items of a parity have a larger value. */
static uint32_t rank_of(const struct fixture *f, uint32_t item, int32_t epoch, const struct fr_decay *decay) {
    double own = fr_item_count(&f->items[item], decay, epoch);
    uint32_t rank = 0;
    for (uint32_t i = item % 2; i < ITEMS; i += 2) rank += fr_item_count(&f->items[i], decay, epoch) > own;
    return rank;
}

static void test_the_best_by_both_measures_are_there(void) {
    struct fixture f;
    setup(&f, 0);
    struct fr_rng rng = {5};
    for (int32_t step = 0; step < 6000; step++)
        count(&f, fr_rng_below(&rng, 1 + fr_rng_below(&rng, ITEMS)), 100 + step / 300,
              1 + (int32_t)fr_rng_below(&rng, 9));
    struct fr_trend out[2 * K];
    uint32_t n = fr_trends_read(f.trends, GROUP, 120, &f.dict, out);
    CHECK(n >= K && n <= 2 * K);
    for (uint32_t i = 1; i < n; i++) CHECK(out[i - 1].popularity >= out[i].popularity);
    for (uint32_t item = 1; item < ITEMS; item += 2) {
        if (rank_of(&f, item, 120, &f.popularity) < K) CHECK(lists(out, n, item));
        if (rank_of(&f, item, 120, &f.trend) < K) CHECK(lists(out, n, item));
        CHECK(!lists(out, n, item - 1)); /* the other group's */
    }
    for (uint32_t i = 0; i < n; i++)
        CHECK_NEAR(out[i].popularity, fr_item_count(&f.items[out[i].item], &f.popularity, 120), 1e-4);
    teardown(&f);
}

static void test_what_is_taken_back_leaves(void) {
    struct fixture f;
    setup(&f, 0);
    struct fr_trend out[2 * K];
    count(&f, 1, 5, 3);
    count(&f, 3, 5, 4);
    CHECK_INT(fr_trends_read(f.trends, FR_TREND_ALL, 5, &f.dict, out), 2);
    CHECK_INT(out[0].item, 3);
    count(&f, 3, 5, -4);
    CHECK_INT(fr_trends_read(f.trends, FR_TREND_ALL, 5, &f.dict, out), 1);
    CHECK_INT(out[0].item, 1);
    CHECK_INT(fr_trends_read(f.trends, GROUP, 5, &f.dict, out), 1);
    CHECK_INT(fr_trends_read(f.trends, OTHER_GROUP, 5, &f.dict, out), 0);
    CHECK_INT(fr_trends_read(f.trends, FR_TREND_ALL, 5 + 60, &f.dict, out), 0); /* outside the window */
    teardown(&f);
}

static void test_groups_are_bounded(void) {
    struct fixture f;
    setup(&f, 2);
    count(&f, 1, 5, 1);
    count(&f, 2, 5, 1);
    const uint32_t *groups;
    CHECK_INT(fr_trends_groups(f.trends, &groups), 2);
    CHECK_INT(fr_trends_groups_ignored(f.trends), 1);
    teardown(&f);
}

static void test_views_carry_over_a_restart_and_merge(void) {
    struct fixture f, again;
    setup(&f, 0);
    setup(&again, 0);
    for (uint32_t i = 0; i < 8; i++) count(&f, 2 * i, 10, (int32_t)(1 + i));
    struct fr_trend out[4 * K];
    uint32_t n = fr_trends_read(f.trends, FR_TREND_ALL, 12, &f.dict, out), m;
    int32_t epoch;
    struct fr_buf bytes = {0};
    fr_trend_encode(out, n, 12, &f.dict, &bytes);
    struct fr_trend back[2 * K];
    CHECK(fr_trend_decode(back, 2 * K, &m, &epoch, &again.dict, fr_buf_slice(&bytes)));
    CHECK_INT(m, n);
    CHECK_INT(epoch, 12);
    fr_trends_seed(again.trends, FR_TREND_ALL, epoch, back, m);
    CHECK_INT(fr_trends_read(again.trends, FR_TREND_ALL, 12, &again.dict, out), n);
    CHECK_INT(out[0].item, 14);
    CHECK_NEAR(out[0].popularity, back[0].popularity, 0);
    for (size_t len = 0; len < bytes.len; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, bytes.data, len);
        CHECK(!fr_trend_decode(back, 2 * K, &m, &epoch, &f.dict, (struct fr_str){copy, (uint32_t)len}));
        free(copy);
    }
    struct fr_trend two[] = {{1, 8, 8}, {2, 5, 1}, {3, 5, 2}};
    fr_trend_carry(two, 1, 10, 24, &f.popularity, &f.trend); /* one half-life, seven half-lives */
    CHECK_NEAR(two[0].popularity, 4, 1e-9);
    CHECK_NEAR(two[0].trend, 0.0625, 1e-9);
    CHECK_INT(fr_trend_best(two, 3, 2, false, &f.dict), 2);
    CHECK_INT(two[0].item, 2);
    CHECK_INT(fr_trend_best(two, 3, 9, true, &f.dict), 3);
    CHECK_INT(two[0].item, 3);
    fr_buf_fini(&bytes);
    teardown(&f);
    teardown(&again);
}

int main(void) {
    RUN(test_the_best_by_both_measures_are_there);
    RUN(test_what_is_taken_back_leaves);
    RUN(test_groups_are_bounded);
    RUN(test_views_carry_over_a_restart_and_merge);
    return check_done();
}
