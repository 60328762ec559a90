#include "check.h"
#include "freshet/base/arena.h"
#include "freshet/base/rng.h"

enum { PIECES = 3000 };

/* Pieces must not overlap, must be aligned and must keep what was written. */
static void fill_and_check(struct fr_arena *a, struct fr_rng *r) {
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    for (int i = 0; i < PIECES; i++) {
        sizes[i] = fr_rng_below(r, i % 100 == 0 ? 600000 : 300);
        pieces[i] = fr_arena_alloc(a, sizes[i]);
        CHECK_INT((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], i & 0xff, sizes[i]);
    }
    size_t wrong = 0;
    for (int i = 0; i < PIECES; i++)
        for (size_t at = 0; at < sizes[i]; at++) wrong += pieces[i][at] != (i & 0xff);
    CHECK_INT(wrong, 0);
}

static void test_pieces_stay_apart(void) {
    struct fr_arena a = {0};
    struct fr_rng r = {1};
    for (int round = 0; round < 5; round++) {
        fill_and_check(&a, &r);
        CHECK(a.used_bytes > 0);
        fr_arena_clear(&a);
        CHECK_INT(a.used_bytes, 0);
    }
    fr_arena_fini(&a);
}

static void test_zero_and_copy(void) {
    struct fr_arena a = {0};
    memset(fr_arena_alloc(&a, 4096), 0xff, 4096);
    fr_arena_clear(&a);
    char *zero = fr_arena_zero(&a, 4096);
    for (int i = 0; i < 4096; i++) CHECK(zero[i] == 0);
    struct fr_str copy = fr_arena_copy(&a, FR_STR("a\0b")),
                  empty = fr_arena_copy(&a, (struct fr_str){NULL, 0});
    CHECK(fr_str_eq(copy, FR_STR("a\0b")));
    CHECK(empty.ptr != NULL);
    CHECK_INT(empty.len, 0);
    fr_arena_fini(&a);
}

int main(void) {
    RUN(test_pieces_stay_apart);
    RUN(test_zero_and_copy);
    return check_done();
}
