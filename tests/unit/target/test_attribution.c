#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/target/attribution.h"
#include <stdlib.h>

enum { WINDOW = 100, LATE = 50 };

static struct fr_attribution *with_capacity(uint32_t capacity) {
    return fr_attribution_new(&(struct fr_attribution_params){
        .window_ms = WINDOW, .late_ms = LATE, .capacity = capacity, .payload_bytes = 8});
}

static void show(struct fr_attribution *a, uint64_t key, fr_time_ms at, uint64_t payload) {
    fr_attribution_shown(a, key, key / 100, at, &payload);
}

/* The payload of the next decided one, negative for a no; 0: none. */
static int64_t next(struct fr_attribution *a, fr_time_ms now) {
    bool yes = false;
    const int64_t *payload = fr_attribution_decided(a, now, &yes);
    return payload ? yes ? *payload : -*payload : 0;
}

static uint64_t answer(struct fr_attribution *a, uint64_t key, enum fr_attribution_answer want) {
    const void *payload = NULL;
    CHECK_INT(fr_attribution_yes(a, key, &payload), want);
    return payload ? *(const uint64_t *)payload : 0;
}

static void test_a_window_decides_yes_or_no(void) {
    struct fr_attribution *a = with_capacity(8);
    show(a, 101, 1000, 1);
    show(a, 102, 1010, 2);
    CHECK_INT(answer(a, 102, FR_ANSWER_YES), 0);
    CHECK_INT(answer(a, 102, FR_ANSWER_REPEATED), 0);
    CHECK_INT(next(a, 1100), 0); /* the window's last moment still waits */
    CHECK_INT(next(a, 1101), -1);
    CHECK_INT(next(a, 1110), 0); /* a yes waits too */
    CHECK_INT(fr_attribution_pending(a), 1);
    CHECK_INT(next(a, 1111), 2);
    CHECK_INT(fr_attribution_pending(a), 0);
    CHECK_INT(answer(a, 102, FR_ANSWER_REPEATED), 0);
    CHECK_INT(answer(a, 103, FR_ANSWER_UNKNOWN), 0);
    struct fr_attribution_counts c = fr_attribution_counts(a);
    CHECK(c.shown == 2 && c.yes == 1 && c.no == 1 && c.late == 0 && c.repeated == 2 && c.unknown == 1);
    fr_attribution_free(a);
}

static void test_a_late_yes_corrects_once_and_then_is_nothing(void) {
    struct fr_attribution *a = with_capacity(8);
    show(a, 1, 1000, 5);
    CHECK_INT(next(a, 1101), -5);
    CHECK_INT(next(a, 1150), 0);
    CHECK_INT(answer(a, 1, FR_ANSWER_LATE), 5);
    CHECK_INT(answer(a, 1, FR_ANSWER_REPEATED), 0);
    CHECK_INT(next(a, 1151), 0); /* forgotten now */
    CHECK_INT(answer(a, 1, FR_ANSWER_UNKNOWN), 0);
    fr_attribution_free(a);
}

static void test_the_last_touch_gets_it(void) {
    struct fr_attribution *a = with_capacity(8);
    show(a, 7, 1000, 1);
    show(a, 7, 1050, 2);
    CHECK_INT(answer(a, 7, FR_ANSWER_YES), 0);
    CHECK_INT(answer(a, 7, FR_ANSWER_REPEATED), 0); /* not handed on to the first */
    CHECK_INT(next(a, 1101), -1);
    show(a, 7, 1110, 3);
    CHECK_INT(next(a, 1151), 2); /* the first goes, and leaves the others their key */
    CHECK_INT(answer(a, 7, FR_ANSWER_YES), 0);
    CHECK_INT(next(a, 1211), 3);
    fr_attribution_free(a);
}

static void test_when_full_the_oldest_is_lost(void) {
    struct fr_attribution *a = with_capacity(2);
    show(a, 1, 1000, 1);
    show(a, 2, 1001, 2);
    answer(a, 1, FR_ANSWER_YES);
    show(a, 3, 1002, 3);
    CHECK_INT(fr_attribution_counts(a).lost, 1);
    CHECK_INT(answer(a, 1, FR_ANSWER_UNKNOWN), 0);
    CHECK_INT(next(a, INT64_MAX), -2);
    show(a, 4, 1003, 4); /* in the place of one that is decided */
    CHECK_INT(fr_attribution_counts(a).lost, 1);
    CHECK_INT(next(a, INT64_MAX), -3);
    CHECK_INT(next(a, INT64_MAX), -4);
    CHECK_INT(next(a, INT64_MAX), 0);
    fr_attribution_free(a);
}

static void test_what_is_forgotten_was_never_shown(void) {
    struct fr_attribution *a = with_capacity(8);
    show(a, 101, 1000, 1);
    show(a, 201, 1001, 2);
    show(a, 102, 1002, 3);
    answer(a, 101, FR_ANSWER_YES);
    fr_attribution_forget(a, 1); /* owner of 101 and 102 */
    CHECK_INT(answer(a, 102, FR_ANSWER_UNKNOWN), 0);
    CHECK_INT(next(a, INT64_MAX), -2);
    CHECK_INT(next(a, INT64_MAX), 0);
    CHECK_INT(fr_attribution_counts(a).forgotten, 2);
    CHECK_INT(fr_attribution_counts(a).lost, 0);
    fr_attribution_free(a);
}

/* ---- against a plain list of everything, on random calls ---- */

struct naive {
    struct {
        uint64_t key;
        int64_t payload;
        fr_time_ms time;
        bool yes, told;
    } all[4000];
    int n;
};

static enum fr_attribution_answer naive_yes(struct naive *v, uint64_t key, fr_time_ms now, int64_t *payload) {
    for (int i = v->n; i-- > 0;) {
        if (v->all[i].key != key) continue;
        if (v->all[i].time < now - WINDOW - LATE) return FR_ANSWER_UNKNOWN;
        if (v->all[i].yes) return FR_ANSWER_REPEATED;
        v->all[i].yes = true;
        if (!v->all[i].told) return FR_ANSWER_YES;
        *payload = v->all[i].payload;
        return FR_ANSWER_LATE;
    }
    return FR_ANSWER_UNKNOWN;
}

static int64_t naive_next(struct naive *v, fr_time_ms now) {
    for (int i = 0; i < v->n; i++) {
        if (v->all[i].told || v->all[i].time >= now - WINDOW) continue;
        v->all[i].told = true;
        return v->all[i].yes ? v->all[i].payload : -v->all[i].payload;
    }
    return 0;
}

static struct fr_str saved(const struct fr_attribution *a, struct fr_buf *out) {
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_attribution_save(a, w);
    fr_tensors_finish(w, out);
    fr_tensors_writer_free(w);
    return fr_buf_slice(out);
}

static struct fr_attribution *again(struct fr_attribution *a, uint32_t capacity) {
    struct fr_buf bytes = {0};
    struct fr_tensors_file *file;
    struct fr_attribution *copy = with_capacity(capacity);
    CHECK_INT(fr_tensors_open(saved(a, &bytes), &file, NULL), FR_OK);
    CHECK_INT(fr_attribution_load(copy, file, NULL), FR_OK);
    fr_tensors_close(file);
    fr_buf_fini(&bytes);
    fr_attribution_free(a);
    return copy;
}

/* Saved and loaded every few calls, which must not show. */
static void test_agrees_with_a_plain_list(void) {
    struct naive *v = fr_alloc_zero(1, sizeof *v);
    struct fr_attribution *a = with_capacity(4000);
    struct fr_rng rng = {1};
    fr_time_ms now = 1000;
    int seen[4] = {0};
    for (uint64_t i = 1; i < 6000; i++) {
        now += (fr_time_ms)fr_rng_below(&rng, 12);
        uint64_t key = 1 + fr_rng_below(&rng, 30);
        int64_t want;
        do {
            want = naive_next(v, now);
            CHECK_INT(next(a, now), want);
        } while (want);
        if (fr_rng_below(&rng, 2) && v->n < 4000) {
            show(a, key, now, i);
            v->all[v->n].key = key;
            v->all[v->n].time = now;
            v->all[v->n++].payload = (int64_t)i;
        } else {
            const void *payload = NULL;
            int64_t wanted = 0;
            enum fr_attribution_answer answered = naive_yes(v, key, now, &wanted);
            CHECK_INT(fr_attribution_yes(a, key, &payload), answered);
            CHECK_INT(payload ? *(const int64_t *)payload : 0, wanted);
            seen[answered]++;
        }
        if (i % 100 == 0) a = again(a, 4000);
    }
    CHECK(seen[0] > 50 && seen[1] > 50 && seen[2] > 50 && seen[3] > 50);
    CHECK_INT(fr_attribution_counts(a).shown, v->n);
    free(v);
    fr_attribution_free(a);
}

/* An ad's id, its creative, its campaign: each finds it, until a later one takes the key over. */
static void test_an_impression_answers_to_each_of_its_keys(void) {
    struct fr_attribution *a = with_capacity(2);
    show(a, 11, 1000, 1);
    fr_attribution_also(a, 20);
    fr_attribution_also(a, 30);
    show(a, 12, 1001, 2);
    fr_attribution_also(a, 30);
    CHECK_INT(answer(a, 20, FR_ANSWER_YES), 0);
    CHECK_INT(answer(a, 11, FR_ANSWER_REPEATED), 0);
    a = again(a, 2);
    CHECK_INT(answer(a, 30, FR_ANSWER_YES), 0);
    CHECK_INT(answer(a, 12, FR_ANSWER_REPEATED), 0);
    show(a, 13, 1002, 3); /* the first goes: of its keys only the one that was taken over is left */
    CHECK_INT(answer(a, 11, FR_ANSWER_UNKNOWN), 0);
    CHECK_INT(answer(a, 20, FR_ANSWER_UNKNOWN), 0);
    CHECK_INT(answer(a, 30, FR_ANSWER_REPEATED), 0);
    fr_attribution_forget(a, 0);
    CHECK_INT(answer(a, 30, FR_ANSWER_UNKNOWN), 0);
    CHECK_INT(answer(a, 13, FR_ANSWER_UNKNOWN), 0);
    fr_attribution_free(a);
}

static void test_memory_grows_with_what_waits_up_to_the_capacity(void) {
    struct fr_attribution *a = with_capacity(100);
    size_t none = fr_attribution_bytes(a);
    for (uint64_t i = 1; i <= 100; i++) show(a, i, 1000, i);
    size_t full = fr_attribution_bytes(a);
    CHECK(full >= none + 100 * (8 + 8 * FR_ATTRIBUTION_KEYS));
    for (uint64_t i = 1; i <= 100; i++) show(a, i, 1000, i);
    CHECK_INT(fr_attribution_bytes(a), full);
    fr_attribution_free(a);
}

/* A key that passed stays without an impression, also after a restart, although an older one once had it. */
static void test_a_key_that_passed_answers_nobody_until_it_is_shown_again(void) {
    struct fr_attribution *a = with_capacity(8);
    show(a, 1, 1000, 5);
    show(a, 1, 1001, 6);
    fr_attribution_passed(a, 1);
    fr_attribution_passed(a, 2);
    CHECK_INT(answer(a, 1, FR_ANSWER_UNKNOWN), 0);
    a = again(a, 8);
    CHECK_INT(answer(a, 1, FR_ANSWER_UNKNOWN), 0);
    show(a, 1, 1002, 7);
    CHECK_INT(answer(a, 1, FR_ANSWER_YES), 0);
    CHECK_INT(next(a, 1200), -5);
    CHECK_INT(next(a, 1200), -6);
    CHECK_INT(next(a, 1200), 7);
    fr_attribution_free(a);
}

int main(void) {
    RUN(test_a_window_decides_yes_or_no);
    RUN(test_a_late_yes_corrects_once_and_then_is_nothing);
    RUN(test_the_last_touch_gets_it);
    RUN(test_when_full_the_oldest_is_lost);
    RUN(test_what_is_forgotten_was_never_shown);
    RUN(test_agrees_with_a_plain_list);
    RUN(test_an_impression_answers_to_each_of_its_keys);
    RUN(test_memory_grows_with_what_waits_up_to_the_capacity);
    RUN(test_a_key_that_passed_answers_nobody_until_it_is_shown_again);
    return check_done();
}
