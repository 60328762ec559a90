/* The map against a plain array, under random puts, gets and removals of few keys (so that runs collide). */
#include "check.h"
#include "freshet/base/map.h"
#include "freshet/base/rng.h"

enum { KEYS = 700, STEPS = 400000 };

static void check_iteration(const struct fr_map *m, const bool *there, const uint64_t *values, size_t n) {
    size_t cursor = 0, seen = 0;
    for (struct fr_map_entry *e; (e = fr_map_next(m, &cursor)); seen++)
        CHECK(e->key < KEYS && there[e->key] && values[e->key] == e->value);
    CHECK_INT(seen, n);
    CHECK_INT(m->n, n);
}

static void test_against_an_array(void) {
    static bool there[KEYS];
    static uint64_t values[KEYS];
    struct fr_map m = {0};
    struct fr_rng r = {7};
    size_t n = 0;
    for (int step = 0; step < STEPS; step++) {
        uint64_t key = fr_rng_below(&r, KEYS), *found = fr_map_get(&m, key);
        CHECK((found != NULL) == there[key] && (!found || *found == values[key]));
        bool shrink = step / 50000 % 2 == 1;
        if (fr_rng_below(&r, 10) < (shrink ? 7u : 3u)) {
            CHECK(fr_map_remove(&m, key) == there[key]);
            n -= there[key];
            there[key] = false;
        } else {
            bool was;
            uint64_t *value = fr_map_put(&m, key, &was);
            CHECK(was == there[key] && (was || *value == 0));
            n += !there[key];
            there[key] = true;
            *value = values[key] = fr_rng_next(&r);
        }
        if (step % 20000 == 0) check_iteration(&m, there, values, n);
    }
    fr_map_clear(&m);
    CHECK(fr_map_get(&m, 1) == NULL);
    fr_map_fini(&m);
}

static void test_empty_map(void) {
    struct fr_map m = {0};
    size_t cursor = 0;
    CHECK(fr_map_get(&m, 0) == NULL);
    CHECK(!fr_map_remove(&m, 0));
    CHECK(fr_map_next(&m, &cursor) == NULL);
    fr_map_clear(&m);
    *fr_map_put(&m, 0, NULL) = 5;
    CHECK_INT(*fr_map_get(&m, 0), 5);
    fr_map_fini(&m);
}

int main(void) {
    RUN(test_against_an_array);
    RUN(test_empty_map);
    return check_done();
}
