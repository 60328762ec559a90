/* What users were shown, against a plain list of everything. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/shown.h"
#include <stdlib.h>

enum { USERS = 40, EVENTS = 6000, IDS = 200 };

static struct fr_example impression(uint32_t user, uint32_t item, uint32_t weight) {
    return (struct fr_example){.before = {.user = user}, .item = item, .weight = weight};
}

static uint32_t times(const struct fr_shown_row *row, uint32_t item) {
    uint32_t n = 0;
    for (uint32_t i = 0; row && i < row->n; i++) n += row->items[i] == item;
    return n;
}

static void remembers_the_latest_of_each(void) {
    struct fr_shown s;
    static uint32_t users[EVENTS], items[EVENTS];
    struct fr_rng rng = {3};
    fr_shown_init(&s);
    for (uint32_t e = 0; e < EVENTS; e++) {
        users[e] = e % 2000 ? fr_rng_below(&rng, USERS - 1) : USERS - 1; /* who is shown three items only */
        items[e] = fr_rng_below(&rng, IDS);
        struct fr_example shown = impression(users[e], items[e], 0), taken = impression(users[e], 7, 1);
        fr_shown_learn(&s, &shown);
        fr_shown_learn(&s, &taken); /* says nothing */
    }
    for (uint32_t u = 0; u < USERS; u++) {
        uint32_t left = FR_SHOWN_ITEMS, want[IDS] = {0};
        for (uint32_t e = EVENTS; e-- > 0 && left;)
            if (users[e] == u) want[items[e]]++, left--;
        for (uint32_t i = 0; i < IDS; i++) CHECK_INT(times(fr_shown_to(&s, u), i), want[i]);
    }
    CHECK(fr_shown_to(&s, USERS) == NULL);
    fr_shown_fini(&s);
}

int main(void) {
    RUN(remembers_the_latest_of_each);
    return check_done();
}
