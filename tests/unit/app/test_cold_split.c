#include "check.h"
#include "freshet/app/cold_split.h"
#include <stdlib.h>

enum { USERS = 90, ITEMS = 40 };

static struct fr_interactions *all_of(void) {
    struct fr_interaction entries[USERS * 10];
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < 10; i++)
            entries[u * 10 + i] = (struct fr_interaction){u, (u * 3 + i * 7) % ITEMS, 1};
    return fr_interactions_new(USERS, ITEMS, entries, (size_t)USERS * 10);
}

static bool has(const struct fr_rows *rows, uint32_t row, uint32_t column) {
    for (size_t e = rows->start[row]; e < rows->start[row + 1]; e++)
        if (rows->columns[e] == column) return true;
    return false;
}

static uint32_t count(const bool *flags, uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += flags[i];
    return sum;
}

/* Each entry is where the contract says, and nowhere else. */
static void check_entry(const struct fr_cold_split *s, uint32_t user, uint32_t item) {
    bool new_user = s->is_new_user[user], new_item = s->is_new_item[item];
    bool shown = has(&s->histories, user, item), asked = has(&s->known_items, user, item);
    CHECK(has(&s->train->by_user, user, item) == (!new_user && !new_item));
    CHECK(has(&s->new_items, user, item) == new_item);
    if (new_item)
        CHECK(!shown && !asked);
    else if (new_user)
        CHECK(shown != asked);
    else
        CHECK(shown && !asked);
}

static void test_every_entry_has_its_place(void) {
    struct fr_interactions *all = all_of();
    struct fr_cold_split s = fr_cold_split_new(all, 3);
    CHECK_INT(count(s.is_new_user, USERS), USERS / 3);
    CHECK_INT(count(s.is_new_item, ITEMS), ITEMS / 2);
    for (uint32_t u = 0; u < USERS; u++) {
        for (size_t e = all->by_user.start[u]; e < all->by_user.start[u + 1]; e++)
            check_entry(&s, u, all->by_user.columns[e]);
        uint32_t shown = fr_rows_length(&s.histories, u), asked = fr_rows_length(&s.known_items, u);
        if (s.is_new_user[u]) CHECK(shown == asked || shown == asked + 1);
    }
    size_t parted = s.histories.start[USERS] + s.known_items.start[USERS] + s.new_items.start[USERS];
    CHECK_INT(parted, fr_interactions_count(all));
    fr_cold_split_fini(&s);
    fr_interactions_free(all);
}

static void test_follows_from_the_seed(void) {
    struct fr_interactions *all = all_of();
    struct fr_cold_split a = fr_cold_split_new(all, 3), b = fr_cold_split_new(all, 3),
                         c = fr_cold_split_new(all, 4);
    CHECK(memcmp(a.is_new_item, b.is_new_item, ITEMS) == 0);
    CHECK(memcmp(a.is_new_item, c.is_new_item, ITEMS) != 0);
    CHECK_INT(a.histories.start[USERS], b.histories.start[USERS]);
    CHECK(memcmp(a.histories.columns, b.histories.columns, a.histories.start[USERS] * sizeof(uint32_t)) == 0);
    fr_cold_split_fini(&a);
    fr_cold_split_fini(&b);
    fr_cold_split_fini(&c);
    fr_interactions_free(all);
}

int main(void) {
    RUN(test_every_entry_has_its_place);
    RUN(test_follows_from_the_seed);
    return check_done();
}
