/* The working set against a plain array: random gets, changes and evictions. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/run/cells.h"
#include <stdlib.h>

enum { KEYS = 500 };

static unsigned freed;

static void free_state(struct fr_stage *s, struct fr_str key, void *state) {
    (void)s, (void)key;
    free(state);
    freed++;
}

static const struct fr_stage_ops ops = {.state_free = free_state};

static struct fr_str key_of(uint32_t k, char text[16]) {
    return (struct fr_str){text, (uint32_t)snprintf(text, 16, "key%u", k)};
}

static struct fr_cell *load(struct fr_cells *c, uint32_t k) {
    char text[16];
    struct fr_cell *cell = fr_cells_get(c, key_of(k, text));
    if (cell->loaded) return cell;
    cell->state = fr_alloc(sizeof(uint32_t));
    memcpy(cell->state, &k, sizeof k);
    cell->loaded = true;
    fr_cells_resize(c, cell, 100);
    return cell;
}

static void test_gets_what_was_put(void) {
    struct fr_stage stage = {&ops, 0};
    struct fr_cells c = {0};
    struct fr_rng rng = {3};
    freed = 0;
    for (int i = 0; i < 50000; i++) {
        uint32_t k = fr_rng_below(&rng, KEYS), held;
        struct fr_cell *cell = load(&c, k);
        memcpy(&held, cell->state, sizeof held);
        CHECK_INT(held, k);
        if (fr_rng_below(&rng, 10) == 0) fr_cells_mark_dirty(&c, cell);
        if (fr_rng_below(&rng, 200) == 0) fr_cells_evict(&c, &stage, 100 * fr_rng_below(&rng, KEYS));
        CHECK_INT(c.bytes, 100ull * c.n);
    }
    CHECK(freed > 100);
    fr_cells_clear(&c, &stage);
    CHECK_INT(c.n, 0);
}

static void test_dirty_and_pinned_cells_stay(void) {
    struct fr_stage stage = {&ops, 0};
    struct fr_cells c = {0};
    for (uint32_t k = 0; k < KEYS; k++) load(&c, k);
    struct fr_cell *dirty = load(&c, 7), *pinned = load(&c, 8);
    fr_cells_mark_dirty(&c, dirty);
    fr_cells_mark_dirty(&c, dirty);
    CHECK_INT(c.dirty_n, 1);
    pinned->pinned = 1;
    for (int i = 0; i < 4; i++) fr_cells_evict(&c, &stage, 0);
    CHECK_INT(c.n, 2);
    CHECK(load(&c, 7) == dirty);
    CHECK(load(&c, 8) == pinned);
    fr_cells_clear(&c, &stage);
}

int main(void) {
    RUN(test_gets_what_was_put);
    RUN(test_dirty_and_pinned_cells_stay);
    return check_done();
}
