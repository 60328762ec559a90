#include "check.h"
#include "freshet/learn/blend.h"
#include <stdlib.h>

enum { USERS = 60, ITEMS = 40, DEPTH = 10 };

static uint32_t items[3][USERS * DEPTH];
static float scores[3][USERS * DEPTH];
static struct fr_toplists lists[3];
static struct fr_interactions *truth;

/* User u wants u % ITEMS and (u + 1) % ITEMS. Model 0 puts the first on top, model 1 the second, both among items nobody
 * wants; their scores are of another scale each. Model 2 knows nothing. */
static void plant(void) {
    struct fr_interaction wanted[USERS * 2];
    for (uint32_t u = 0; u < USERS; u++) {
        for (uint32_t place = 0; place < DEPTH; place++)
            for (uint32_t m = 0; m < 3; m++) {
                uint32_t own = (u + (m == 1 ? 1u : m == 2 ? 20u : 0u)) % ITEMS;
                items[m][u * DEPTH + place] = place == 0 ? own : (u + 2 + 11 * m + place) % ITEMS;
                scores[m][u * DEPTH + place] = (float)(DEPTH - place) * (m == 1 ? 1000.F : .01F);
            }
        wanted[2 * u] = (struct fr_interaction){u, u % ITEMS, 1};
        wanted[2 * u + 1] = (struct fr_interaction){u, (u + 1) % ITEMS, 1};
    }
    truth = fr_interactions_new(USERS, ITEMS, wanted, (size_t)USERS * 2);
    for (uint32_t m = 0; m < 3; m++)
        lists[m] =
            (struct fr_toplists){.row_n = USERS, .depth = DEPTH, .items = items[m], .scores = scores[m]};
}

static double reached(const struct fr_toplists *l) {
    struct fr_accuracy a = fr_accuracy_of(l, &truth->by_user, 2);
    return (a.recall + a.ndcg) / 2;
}

static void test_two_halves_make_a_whole(void) {
    struct fr_blend blend;
    double learnt = fr_blend_learn(lists, 3, &truth->by_user, ITEMS, 2, &blend);
    CHECK_NEAR(reached(&lists[0]), (.5 + 1 / 1.63092975357) / 2, 1e-9);
    CHECK_NEAR(learnt, 1, 1e-12);
    CHECK(blend.weights[0] > 0 && blend.weights[1] > 0);
    CHECK_NEAR(blend.weights[2], 0, 0);
    struct fr_toplists out = fr_toplists_new(NULL, USERS, 2);
    fr_blend_apply(&blend, lists, ITEMS, &out);
    CHECK_NEAR(reached(&out), learnt, 1e-12);
    CHECK(out.scores[0] >= out.scores[1]);
    fr_toplists_fini(&out);
}

static void test_never_worse_than_the_best(void) {
    struct fr_blend blend;
    const struct fr_toplists some[] = {lists[2], lists[0]};
    CHECK_NEAR(fr_blend_learn(some, 2, &truth->by_user, ITEMS, 2, &blend), reached(&lists[0]), 1e-12);
    CHECK_NEAR(blend.weights[0], 0, 0); /* what does not help does not join */
    CHECK_NEAR(fr_blend_learn(&lists[2], 1, &truth->by_user, ITEMS, 2, &blend), reached(&lists[2]), 1e-12);
}

/* By hand, places: item 5 is second of list 0 and first of list 1. */
static void test_scores_by_hand(void) {
    uint32_t first[] = {7, 5, 9}, second[] = {5, 3, FR_TOPLISTS_NONE};
    float a[] = {4, 3, 2}, b[] = {2, 1, -INFINITY};
    const struct fr_toplists both[] = {{.row_n = 1, .depth = 3, .items = first, .scores = a},
                                       {.row_n = 1, .depth = 3, .items = second, .scores = b}};
    struct fr_toplists out = fr_toplists_new(NULL, 1, 4);
    struct fr_blend blend = {.parts = FR_BLEND_BY_PLACE, .n = 2, .weights = {1, 2}};
    fr_blend_apply(&blend, both, 10, &out);
    CHECK_INT(out.items[0], 5);
    CHECK_NEAR(out.scores[0], (1 / 1.05 - 1 / 1.15) + 2 * (1 - 1 / 1.1), 1e-6);
    blend.parts = FR_BLEND_BY_SCORE; /* deviations sqrt(2/3) and 1/2; the last of each list counts nothing */
    fr_blend_apply(&blend, both, 10, &out);
    CHECK_INT(out.items[0], 5);
    CHECK_NEAR(out.scores[0], 1 / sqrt(2 / 3.) + 2 * 1 / .5, 1e-6);
    CHECK_INT(out.items[1], 7);
    CHECK_NEAR(out.scores[1], 2 / sqrt(2 / 3.), 1e-6);
    CHECK_INT(out.items[2], FR_TOPLISTS_NONE);
    fr_toplists_fini(&out);
}

/* A list of one score says nothing, as of new items to a model that counts. */
static void test_others_answer_where_there_is_nothing(void) {
    uint32_t first[] = {1, 2, 3}, second[] = {7, 8, 9};
    float same[] = {0, 0, 0}, falling[] = {3, 2, 1};
    const struct fr_toplists both[] = {{.row_n = 1, .depth = 3, .items = first, .scores = same},
                                       {.row_n = 1, .depth = 3, .items = second, .scores = falling}};
    struct fr_toplists out = fr_toplists_new(NULL, 1, 3);
    for (int parts = FR_BLEND_BY_SCORE; parts <= FR_BLEND_BY_PLACE; parts++) {
        struct fr_blend blend = {.parts = (enum fr_blend_parts)parts, .n = 2, .weights = {1, 0}};
        fr_blend_apply(&blend, both, 10, &out);
        CHECK_INT(out.items[0], 7);
        CHECK_INT(out.items[1], 8);
        CHECK_INT(fr_toplists_length(&out, 0), 2);
        blend.weights[0] = 0;
        blend.weights[1] = .1;
        fr_blend_apply(&blend, both, 10, &out);
        CHECK_INT(out.items[0], 7);
    }
    fr_toplists_fini(&out);
}

int main(void) {
    plant();
    RUN(test_two_halves_make_a_whole);
    RUN(test_never_worse_than_the_best);
    RUN(test_scores_by_hand);
    RUN(test_others_answer_where_there_is_nothing);
    fr_interactions_free(truth);
    return check_done();
}
