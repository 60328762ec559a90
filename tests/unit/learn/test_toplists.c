#include "check.h"
#include "freshet/learn/toplists.h"
#include <stdlib.h>

enum { USERS = 300, ITEMS = 50, DEPTH = 5 };

/* Scores by user and item with many ties, and some that are no number. */
static float score_of(uint32_t user, uint32_t item) {
    if ((user + item) % 11 == 0) return NAN;
    return (float)((user * 31 + item * 17) % 13);
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)model;
    CHECK(is_known);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t item = 0; item < rows->column_n; item++)
            out[(size_t)i * rows->column_n + item] = score_of(first + i, item);
}

static const struct fr_model_ops ops = {.name = "planted", .score = score};
static const struct fr_model model = {&ops};

static struct fr_interactions *histories(void) {
    struct fr_interaction entries[USERS * 2];
    for (uint32_t u = 0; u < USERS; u++) {
        entries[2 * u] = (struct fr_interaction){u, u % ITEMS, 1};
        entries[2 * u + 1] = (struct fr_interaction){u, (u * 3 + 1) % ITEMS, 1};
    }
    return fr_interactions_new(USERS, ITEMS, entries, (size_t)USERS * 2);
}

static bool may_be_listed(uint32_t user, uint32_t item) {
    return item != user % ITEMS && item != (user * 3 + 1) % ITEMS && !isnan(score_of(user, item));
}

/* Whether another item should stand before this one: the slow twin. */
static uint32_t better_than(uint32_t user, uint32_t item) {
    uint32_t n = 0;
    for (uint32_t other = 0; other < ITEMS; other++) {
        if (!may_be_listed(user, other)) continue;
        float a = score_of(user, other), b = score_of(user, item);
        n += a > b || (a >= b && other < item);
    }
    return n;
}

static void check_list(const struct fr_toplists *t, uint32_t r) {
    for (uint32_t place = 0; place < DEPTH; place++) {
        uint32_t user = fr_toplists_user(t, r), item = t->items[r * DEPTH + place];
        CHECK(item < ITEMS && may_be_listed(user, item));
        if (item >= ITEMS) return;
        CHECK_INT(better_than(user, item), place);
        CHECK_NEAR(t->scores[r * DEPTH + place], score_of(user, item), 0);
    }
}

static void test_best_first_nothing_seen(void) {
    struct fr_interactions *h = histories();
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct fr_toplists t = fr_toplists_new(NULL, USERS, DEPTH);
        fr_toplists_fill(&t, &model, &h->by_user, true, threads);
        for (uint32_t r = 0; r < USERS; r++) check_list(&t, r);
        fr_toplists_fini(&t);
    }
    fr_interactions_free(h);
}

static void test_some_users(void) {
    static const uint32_t users[] = {0, 1, 2, 7, 8, 100, 250, 251, 299};
    struct fr_interactions *h = histories();
    struct fr_toplists t = fr_toplists_new(users, 9, DEPTH);
    fr_toplists_fill(&t, &model, &h->by_user, true, 2);
    for (uint32_t r = 0; r < 9; r++) check_list(&t, r);
    fr_toplists_fini(&t);
    fr_interactions_free(h);
}

/* Of each user two items more than his history, one of them beyond the catalogue; it is as if they were in it. */
static void test_what_was_seen_besides(void) {
    struct fr_interactions *h = histories();
    struct fr_rows seen = fr_rows_new(USERS, ITEMS + 1, (size_t)USERS * 2);
    for (uint32_t u = 0; u < USERS; u++) {
        seen.columns[2 * u] = (u * 7 + 2) % ITEMS, seen.columns[2 * u + 1] = ITEMS;
        seen.start[u + 1] = 2 * ((size_t)u + 1);
    }
    struct fr_toplists all = fr_toplists_new(NULL, USERS, DEPTH + 1), t = fr_toplists_new(NULL, USERS, DEPTH);
    fr_toplists_fill(&all, &model, &h->by_user, true, 1);
    t.seen = &seen;
    fr_toplists_fill(&t, &model, &h->by_user, true, 2);
    uint32_t hidden = 0;
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t from = 0, to = 0; to < DEPTH; from++) {
            if (all.items[u * (DEPTH + 1) + from] == seen.columns[2 * u] && ++hidden) continue;
            CHECK_INT(t.items[u * DEPTH + to++], all.items[u * (DEPTH + 1) + from]);
        }
    CHECK(hidden > 10);
    fr_toplists_fini(&all);
    fr_toplists_fini(&t);
    fr_rows_fini(&seen);
    fr_interactions_free(h);
}

static void test_hidden_items(void) {
    struct fr_interactions *h = histories();
    bool hidden[ITEMS] = {false};
    for (uint32_t i = 0; i < ITEMS; i += 2) hidden[i] = true;
    struct fr_toplists t = fr_toplists_new(NULL, USERS, DEPTH);
    t.hidden = hidden;
    fr_toplists_fill(&t, &model, &h->by_user, true, 1);
    for (uint32_t place = 0; place < USERS * DEPTH; place++)
        CHECK(t.items[place] == FR_TOPLISTS_NONE || t.items[place] % 2 == 1);
    CHECK_INT(fr_toplists_length(&t, 0), DEPTH);
    fr_toplists_fini(&t);
    fr_interactions_free(h);
}

static void test_fewer_items_than_places(void) {
    static const struct fr_interaction entries[] = {{0, 0, 1}, {0, 2, 1}};
    struct fr_interactions *h = fr_interactions_new(1, 4, entries, 2);
    struct fr_toplists t = fr_toplists_new(NULL, 1, DEPTH);
    fr_toplists_fill(&t, &model, &h->by_user, true, 1);
    CHECK_INT(fr_toplists_length(&t, 0), 2); /* 1 and 3: 0 and 2 were seen */
    CHECK_INT(t.items[2], FR_TOPLISTS_NONE);
    fr_toplists_fini(&t);
    fr_interactions_free(h);
}

int main(void) {
    RUN(test_best_first_nothing_seen);
    RUN(test_some_users);
    RUN(test_what_was_seen_besides);
    RUN(test_hidden_items);
    RUN(test_fewer_items_than_places);
    return check_done();
}
