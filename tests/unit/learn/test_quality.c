/* Expected figures: by hand where said so, else by the lines of Python beside them. */
#include "check.h"
#include "freshet/learn/quality.h"
#include <stdlib.h>

static struct fr_accuracy of_one(const uint32_t *list, uint32_t n, const uint32_t *truth, uint32_t truth_n,
                                 uint32_t k) {
    struct fr_accuracy sums = {0};
    fr_accuracy_add(&sums, list, n, truth, truth_n, k);
    return fr_accuracy_mean(&sums);
}

/* Hits at places 2 and 4 of 4, three items wanted. By hand: dcg = 1/log2(3) + 1/log2(5), ideal = 1 + 1/log2(3) + 1/2. */
static void test_by_hand(void) {
    const uint32_t list[] = {9, 3, 8, 5, 1}, truth[] = {1, 3, 5};
    struct fr_accuracy a = of_one(list, 5, truth, 3, 4);
    CHECK_INT(a.tested, 1);
    CHECK_NEAR(a.recall, 2 / 3., 1e-12);
    CHECK_NEAR(a.precision, .5, 1e-12);
    CHECK_NEAR(a.hit_rate, 1, 0);
    CHECK_NEAR(a.mrr, .5, 0);
    CHECK_NEAR(a.ndcg, (.63092975357 + .43067655807) / (1 + .63092975357 + .5), 1e-9);
}

static void test_ends(void) {
    const uint32_t list[] = {4, 2}, truth[] = {2, 4, 6, 7}, other[] = {5};
    struct fr_accuracy all = of_one(list, 2, truth, 4, 2), none = of_one(list, 2, other, 1, 2);
    CHECK_NEAR(all.ndcg, 1, 1e-12); /* the best that two places can hold */
    CHECK_NEAR(all.recall, .5, 0);
    CHECK_NEAR(none.recall + none.ndcg + none.mrr + none.hit_rate + none.precision, 0, 0);
    struct fr_accuracy empty = of_one(list, 0, truth, 4, 10);
    CHECK_NEAR(empty.recall, 0, 0);
    CHECK_INT(empty.tested, 1);
    struct fr_accuracy nobody = {0};
    CHECK_NEAR(fr_accuracy_mean(&nobody).recall, 0, 0);
}

enum { USERS = 6, ITEMS = 8, DEPTH = 3 };

static const struct fr_interaction learnt[] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1},
                                               {1, 2, 1}, {2, 0, 1}, {2, 3, 1}, {3, 2, 1},
                                               {4, 1, 1}, {4, 3, 1}, {5, 0, 1}, {5, 4, 1}};
static const struct fr_interaction asked[] = {{0, 2, 1}, {1, 3, 1}, {1, 7, 1}, {3, 0, 1}, {5, 1, 1}};

static struct fr_toplists lists(void) {
    static uint32_t items[USERS * DEPTH] = {2, 3, 4, 4, 3, FR_TOPLISTS_NONE, 1, 2, 4, 1, 0, 3, 0,
                                            2, 4, 3, 2, 1};
    static float scores[USERS * DEPTH];
    return (struct fr_toplists){.row_n = USERS, .depth = DEPTH, .items = items, .scores = scores};
}

/* lists = [[2,3,4],[4,3],[1,2,4],[1,0,3],[0,2,4],[3,2,1]]; T = {0:{2},1:{3,7},3:{0},5:{1}}; g = lambda r: 1/log2(r+2)
 * By Python: recall .875, precision .333333, mrr .583333, ndcg .629446 */
static void test_mean_over_tested_users(void) {
    struct fr_interactions *truth = fr_interactions_new(USERS, ITEMS, asked, 5);
    struct fr_toplists l = lists();
    struct fr_accuracy a = fr_accuracy_of(&l, &truth->by_user, 3);
    CHECK_INT(a.tested, 4);
    CHECK_NEAR(a.recall, .875, 1e-12);
    CHECK_NEAR(a.hit_rate, 1, 0);
    CHECK_NEAR(a.mrr, (1 + .5 + .5 + 1 / 3.) / 4, 1e-12);
    CHECK_NEAR(a.precision, 1 / 3., 1e-12);
    CHECK_NEAR(a.ndcg, (1 + .63092975357 / 1.63092975357 + .63092975357 + .5) / 4, 1e-9);
    const uint32_t some[] = {1, 3};
    struct fr_toplists part = {.users = some, .row_n = 2, .depth = DEPTH, .items = l.items + DEPTH};
    uint32_t rows[2 * DEPTH] = {4, 3, FR_TOPLISTS_NONE, 1, 0, 3};
    part.items = rows;
    a = fr_accuracy_of(&part, &truth->by_user, 3);
    CHECK_INT(a.tested, 2);
    CHECK_NEAR(a.recall, .75, 1e-12);
    fr_interactions_free(truth);
}

/* Shown to users 0, 1, 3, 5: items 2 3 4 | 4 3 | 1 0 3 | 3 2 1, so 5 of 5 touched items. Touched by 4 3 2 2 1 of 6 users.
 * novelty = mean of log2(6 / users) over the 11 places; diversity with cosines 01 .57735, 02 .353553, 03 .353553,
 * 12 .408248, 13 .408248, 23 0, 24 0, 34 0. */
static void test_variety(void) {
    struct fr_interactions *truth = fr_interactions_new(USERS, ITEMS, asked, 5);
    struct fr_interactions *train = fr_interactions_new(USERS, ITEMS, learnt, 12);
    struct fr_toplists l = lists();
    struct fr_variety v = fr_variety_of(&l, &truth->by_user, train, 3);
    CHECK_NEAR(v.coverage, 1, 1e-12);
    CHECK_NEAR(v.novelty, (2 * log2(6 / 1.) + 6 * log2(6 / 2.) + 2 * log2(6 / 3.) + log2(6 / 4.)) / 11, 1e-9);
    double third = 1 - (.57735026919 + .35355339059 + .40824829046) / 3, fourth = 1 - (.40824829046 * 2) / 3;
    CHECK_NEAR(v.diversity, (1 + 1 + third + fourth) / 4, 1e-9);
    CHECK_NEAR(fr_variety_of(&l, &truth->by_user, train, 1).coverage, 4 / 5., 1e-12); /* 2, 4, 1, 3 */
    fr_interactions_free(truth);
    fr_interactions_free(train);
}

int main(void) {
    RUN(test_by_hand);
    RUN(test_ends);
    RUN(test_mean_over_tested_users);
    RUN(test_variety);
    return check_done();
}
