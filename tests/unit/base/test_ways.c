#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/ways.h"
#include <stdlib.h>

/* One bucket: eight keys fit, the ninth comes in the place of the one untouched longest. */
static void test_the_oldest_of_a_bucket_gives_way(void) {
    struct fr_ways t;
    fr_ways_init(&t, 3, 8);
    for (uint64_t key = 1; key <= 8; key++)
        *(uint64_t *)fr_ways_value(&t, fr_ways_take(&t, key, (fr_time_ms)(key == 5 ? 1 : 10 + key))) =
            key * 100;
    CHECK_INT(t.used, 8);
    CHECK_INT(*(uint64_t *)fr_ways_value(&t, fr_ways_find(&t, 5)), 500);
    size_t place = fr_ways_take(&t, 9, 30);
    CHECK_INT(*(uint64_t *)fr_ways_value(&t, place), 0);
    CHECK_INT(*fr_ways_touched_ms(&t, place), 30);
    CHECK(fr_ways_find(&t, 5) == FR_WAYS_NONE);
    for (uint64_t key = 1; key <= 8; key++) CHECK(key == 5 || fr_ways_find(&t, key) != FR_WAYS_NONE);
    CHECK_INT(t.evicted, 1);
    CHECK_INT(t.used, 8);
    CHECK(fr_ways_take(&t, 1, 99) == fr_ways_find(&t, 1) &&
          *fr_ways_touched_ms(&t, fr_ways_find(&t, 1)) == 11);
    fr_ways_fini(&t);
}

/* A table that is never full is a map: against an array of everything. */
static void test_keeps_every_key_while_there_is_room(void) {
    enum { KEYS = 300 };
    struct fr_ways t;
    uint64_t want[KEYS] = {0};
    fr_ways_init(&t, 12, 16);
    for (uint64_t i = 0; i < 5000; i++) {
        uint64_t at = fr_hash_mix(i) % KEYS;
        ((uint64_t *)fr_ways_value(&t, fr_ways_take(&t, fr_hash_mix(at + 7), 1)))[1] += i;
        want[at] += i;
    }
    CHECK_INT(t.evicted, 0);
    for (uint64_t at = 0; at < KEYS; at++)
        CHECK_INT(((uint64_t *)fr_ways_value(&t, fr_ways_find(&t, fr_hash_mix(at + 7))))[1], want[at]);
    fr_ways_fini(&t);
}

static void churn(struct fr_ways *t, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        size_t place = fr_ways_take(t, fr_hash_mix(i % 97) | 1, (fr_time_ms)i);
        *fr_ways_touched_ms(t, place) = (fr_time_ms)i;
        *(uint64_t *)fr_ways_value(t, place) += i;
    }
}

static struct fr_str saved(const struct fr_ways *t, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_ways_save(t, "t", w);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    return fr_buf_slice(out);
}

static void test_goes_on_the_same_way(void) {
    struct fr_ways t, again, other;
    struct fr_buf half = {0}, whole = {0}, repeated = {0};
    struct fr_tensors_file *file;
    fr_ways_init(&t, 6, 8);
    fr_ways_init(&again, 6, 8);
    fr_ways_init(&other, 7, 8);
    churn(&t, 1, 400);
    CHECK_INT(fr_tensors_open(saved(&t, &half), &file, NULL), FR_OK);
    CHECK_INT(fr_ways_load(&again, "t", file, NULL), FR_OK);
    CHECK_INT(fr_ways_load(&other, "t", file, NULL), FR_STATE_CORRUPT); /* not its buckets */
    churn(&t, 400, 900);
    churn(&again, 400, 900);
    CHECK(t.evicted > 100);
    CHECK(fr_str_eq(saved(&t, &whole), saved(&again, &repeated)));
    CHECK(!fr_str_eq(fr_buf_slice(&half), fr_buf_slice(&whole)));
    fr_tensors_close(file);
    fr_ways_fini(&t);
    fr_ways_fini(&again);
    fr_ways_fini(&other);
    fr_buf_fini(&half);
    fr_buf_fini(&whole);
    fr_buf_fini(&repeated);
}

static void test_what_is_removed_leaves_room(void) {
    struct fr_ways t;
    fr_ways_init(&t, 3, 8);
    for (uint64_t key = 1; key <= 8; key++)
        *(uint64_t *)fr_ways_value(&t, fr_ways_take(&t, key, (fr_time_ms)key)) = key;
    fr_ways_remove(&t, fr_ways_find(&t, 4));
    CHECK_INT(t.used, 7);
    CHECK(fr_ways_find(&t, 4) == FR_WAYS_NONE);
    CHECK_INT(*(uint64_t *)fr_ways_value(&t, fr_ways_take(&t, 9, 20)), 0);
    CHECK_INT(t.used, 8);
    CHECK_INT(t.evicted, 0); /* nobody had to go for it */
    CHECK(fr_ways_find(&t, 1) != FR_WAYS_NONE);
    fr_ways_fini(&t);
}

int main(void) {
    RUN(test_the_oldest_of_a_bucket_gives_way);
    RUN(test_keeps_every_key_while_there_is_room);
    RUN(test_what_is_removed_leaves_room);
    RUN(test_goes_on_the_same_way);
    return check_done();
}
