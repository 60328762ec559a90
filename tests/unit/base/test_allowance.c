/* Allowances: bounded, saved up for a second, fair to sources that are apart, not ended by the far future, and the same after they were stored. */
#include "check.h"
#include "freshet/base/allowance.h"
#include "freshet/base/buf.h"
#include "freshet/base/rng.h"

#define START_MS 1700000000000

/* How many of n who ask every gap_ms get one. */
static uint32_t taken(struct fr_allowance *a, double per_s, fr_time_ms from_ms, uint32_t n,
                      fr_time_ms gap_ms) {
    uint32_t got = 0;
    for (uint32_t i = 0; i < n; i++) got += fr_allowance_take(a, per_s, from_ms + (fr_time_ms)i * gap_ms);
    return got;
}

static void test_so_many_a_second(void) {
    struct fr_allowance a = {0};
    CHECK_INT(taken(&a, 200, START_MS, 10000, 1),
              200 + 200 * 10 - 1);                            /* the first second's worth, then 10 s at 200 */
    CHECK_INT(taken(&a, 200, START_MS + 60000, 500, 0), 200); /* a pause saves up one second, not sixty */
    struct fr_allowance slow = {0};
    CHECK_INT(taken(&slow, 200, START_MS, 1000, 5), 1000); /* who asks no more often gets it always */
    struct fr_allowance rare = {0};
    CHECK_INT(taken(&rare, .1, START_MS, 100, 1000), 10); /* one at least, then one in ten seconds */
}

static void test_turns_of_partitions_that_are_apart(void) {
    struct fr_allowance a = {0};
    uint32_t got = 0;
    for (uint32_t i = 0; i < 10000; i++)
        got +=
            fr_allowance_take(&a, 100, START_MS + i + (i / 50 % 2) * 1800000); /* half an hour to and fro */
    CHECK(got >= 1000 && got <= 1200);
}

static void test_the_far_future_is_not_the_end(void) {
    struct fr_allowance a = {0};
    CHECK(fr_allowance_take(&a, 10, START_MS + 90 * 86400000ll));
    CHECK_INT(taken(&a, 10, START_MS, 1000, 10), 10 + 100 - 1);
}

static void test_goes_on_after_it_was_stored(void) {
    struct fr_rng rng = {3};
    struct fr_allowance a = {0}, b;
    fr_time_ms at_ms = START_MS;
    for (uint32_t round = 0; round < 50; round++) {
        struct fr_tensors_writer *w = fr_tensors_writer_new();
        struct fr_buf bytes = {0};
        struct fr_tensors_file *f = NULL;
        fr_allowance_save(&a, "lessons", w);
        fr_tensors_finish(w, &bytes);
        fr_tensors_writer_free(w);
        CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
        CHECK_INT(fr_allowance_load(&b, "lessons", f, NULL), FR_OK);
        struct fr_allowance full = {1, 1};
        CHECK_INT(fr_allowance_load(&full, "other", f, NULL), FR_OK);
        CHECK(full.newest_ms == 0);
        for (uint32_t i = 0; i < 100; i++) {
            at_ms += fr_rng_below(&rng, 20);
            CHECK(fr_allowance_take(&a, 30, at_ms) == fr_allowance_take(&b, 30, at_ms));
        }
        fr_tensors_close(f);
        fr_buf_fini(&bytes);
    }
}

static void test_nonsense_is_refused(void) {
    const double bad[][2] = {{-1, 0}, {(double)NAN, 0}, {1, 0x1p60}, {0x1p60, 1}};
    for (uint32_t i = 0; i < 4; i++) {
        struct fr_tensors_writer *w = fr_tensors_writer_new();
        struct fr_buf bytes = {0};
        struct fr_tensors_file *f = NULL;
        struct fr_errmsg msg = {0};
        struct fr_allowance a = {0};
        fr_tensors_put_vector(w, "lessons", FR_TENSOR_F64, 2, bad[i]);
        fr_tensors_finish(w, &bytes);
        fr_tensors_writer_free(w);
        CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
        CHECK_INT(fr_allowance_load(&a, "lessons", f, &msg), FR_STATE_CORRUPT);
        CHECK_STR(msg.text, "lessons: not what is left and a time");
        fr_tensors_close(f);
        fr_buf_fini(&bytes);
    }
}

int main(void) {
    RUN(test_so_many_a_second);
    RUN(test_turns_of_partitions_that_are_apart);
    RUN(test_the_far_future_is_not_the_end);
    RUN(test_goes_on_after_it_was_stored);
    RUN(test_nonsense_is_refused);
    return check_done();
}
