#include "check.h"
#include "freshet/affinity/item.h"
#include "freshet/affinity/item_json.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

enum { OTHERS = 200, SELF = 0 };

struct fixture {
    struct fr_dict dict;
    struct fr_decay decay;
    struct fr_item_rules rules;
    struct fr_item item;
    struct fr_item_scratch scratch;
};

static void setup(struct fixture *f, uint32_t pairs, uint32_t window) {
    memset(f, 0, sizeof *f);
    fr_dict_init(&f->dict);
    for (uint32_t i = 0; i < OTHERS; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "i%06u", i * 7919 % 100000);
        fr_dict_intern(&f->dict, (struct fr_str){text, (uint32_t)n});
    }
    fr_decay_init(&f->decay, 14, window);
    f->rules = (struct fr_item_rules){&f->decay, pairs};
}

static void teardown(struct fixture *f) {
    fr_item_fini(&f->item);
    fr_item_scratch_fini(&f->scratch);
    fr_decay_fini(&f->decay);
    fr_dict_fini(&f->dict);
}

static unsigned apply(struct fixture *f, struct fr_item *item, const struct fr_delta *deltas, uint32_t n) {
    unsigned changes = fr_item_apply(item, &f->rules, &f->dict, deltas, n, &f->scratch);
    const char *wrong = fr_item_check(item, &f->rules);
    CHECK_STR(wrong ? wrong : "", "");
    return changes;
}

static unsigned add(struct fixture *f, uint32_t code, int32_t epoch, int32_t weight) {
    struct fr_delta delta = {SELF, code, epoch, weight};
    return apply(f, &f->item, &delta, 1);
}

static struct fr_buf encoded(const struct fixture *f, const struct fr_item *item) {
    struct fr_buf out = {0};
    fr_item_encode(item, &f->dict, &out);
    return out;
}

static bool same_state(const struct fixture *f, const struct fr_item *a, const struct fr_item *b) {
    struct fr_buf x = encoded(f, a), y = encoded(f, b);
    bool same = fr_str_eq(fr_buf_slice(&x), fr_buf_slice(&y));
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    return same;
}

static void test_buckets_add_up_and_cancel(void) {
    struct fixture f;
    setup(&f, 16, 60);
    CHECK(fr_item_is_empty(&f.item));
    CHECK_INT(add(&f, FR_CODE_COUNT, 5, 3), FR_ITEM_COUNTS);
    CHECK_INT(add(&f, FR_CODE_COUNT, 5, 1), FR_ITEM_COUNTS);
    CHECK_INT(add(&f, fr_code_pair(3), 5, 1), FR_ITEM_PAIRS);
    CHECK_INT(add(&f, fr_code_group(4), 5, 2), FR_ITEM_COUNTS);
    CHECK_INT(f.item.buckets[0].weight, 4);
    CHECK_INT(f.item.others_n, 1);
    CHECK_INT(f.item.groups_n, 1);
    add(&f, FR_CODE_COUNT, 5, -4);
    add(&f, fr_code_pair(3), 5, -1);
    CHECK(!fr_item_is_empty(&f.item));
    add(&f, fr_code_group(4), 5, -2);
    CHECK(fr_item_is_empty(&f.item));
    teardown(&f);
}

static int compare_deltas(const void *a, const void *b) {
    const struct fr_delta *x = a, *y = b;
    if (x->code != y->code) return x->code < y->code ? -1 : 1;
    return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

/* The same multiset of deltas, shuffled and cut anew, with epochs far enough apart to leave the window. */
static void test_order_and_cuts_do_not_matter(void) {
    enum { N = 400 };
    struct fixture f;
    struct fr_delta deltas[N], part[N];
    setup(&f, 1000, 10);
    struct fr_rng rng = {11};
    for (uint32_t i = 0; i < N; i++) {
        uint32_t kind = fr_rng_below(&rng, 3), number = fr_rng_below(&rng, 12);
        uint32_t code = kind == 0   ? (uint32_t)FR_CODE_COUNT
                        : kind == 1 ? fr_code_pair(number)
                                    : fr_code_group(number);
        deltas[i] = (struct fr_delta){SELF, code, (int32_t)fr_rng_below(&rng, 16),
                                      1 + (int32_t)fr_rng_below(&rng, 4)};
        if (i % 3 == 0 && i > 0) deltas[i] = deltas[i - 1], deltas[i].weight = -deltas[i].weight;
    }
    struct fr_item first = {0};
    for (uint32_t round = 0; round < 50; round++) {
        struct fr_item item = {0};
        for (uint32_t i = N; i-- > 1;) {
            uint32_t j = fr_rng_below(&rng, i + 1);
            struct fr_delta moved = deltas[i];
            deltas[i] = deltas[j];
            deltas[j] = moved;
        }
        for (uint32_t at = 0; at < N;) {
            struct fr_delta_list list = {part, 1 + fr_rng_below(&rng, 20), N};
            if (list.n > N - at) list.n = N - at;
            memcpy(part, deltas + at, list.n * sizeof *part);
            at += (uint32_t)list.n;
            qsort(part, list.n, sizeof *part, compare_deltas);
            fr_delta_sum(&list);
            apply(&f, &item, part, (uint32_t)list.n);
        }
        if (round == 0)
            first = item;
        else
            CHECK(same_state(&f, &item, &first));
        if (round > 0) fr_item_fini(&item);
    }
    CHECK(first.n > 20);
    fr_item_fini(&first);
    teardown(&f);
}

static void test_the_window_moves_with_the_newest_epoch(void) {
    struct fixture f;
    setup(&f, 16, 10);
    add(&f, FR_CODE_COUNT, 100, 1);
    add(&f, FR_CODE_COUNT, 91, 1);
    CHECK_INT(f.item.n, 2);
    add(&f, FR_CODE_COUNT, 90, 7); /* already outside */
    CHECK_INT(f.item.n, 2);
    add(&f, fr_code_pair(1), 101, 1);
    CHECK_INT(f.item.n, 2); /* 91 left */
    CHECK_INT(f.item.buckets[0].epoch, 100);
    add(&f, fr_code_pair(1), 101, -1);
    add(&f, FR_CODE_COUNT, 91, 1); /* newest does not fall back */
    CHECK_INT(f.item.n, 1);
    CHECK(!fr_item_is_expired(&f.item, &f.rules, 110));
    CHECK(fr_item_is_expired(&f.item, &f.rules, 111));
    teardown(&f);
}

static void test_groups_are_bounded_and_the_rest_is_counted(void) {
    struct fixture f;
    setup(&f, 16, 60);
    for (uint32_t g = 0; g < FR_ITEM_GROUPS_MAX + 10; g++) add(&f, fr_code_group(g), 1, 2);
    CHECK_INT(f.item.groups_n, FR_ITEM_GROUPS_MAX);
    CHECK_INT(f.item.groups_dropped, 10);
    add(&f, fr_code_group(FR_ITEM_GROUPS_MAX + 3), 1, -2);
    CHECK_INT(f.item.groups_n, FR_ITEM_GROUPS_MAX);
    CHECK_INT(f.item.groups_dropped, 10);
    teardown(&f);
}

static void test_the_best_pairs_stay_ties_by_id(void) {
    struct fixture f;
    setup(&f, 8, 60);
    struct fr_delta deltas[9];
    for (uint32_t i = 0; i < 9; i++)
        deltas[i] = (struct fr_delta){SELF, fr_code_pair(i + 1), 3, i == 8 ? 5 : 1};
    CHECK(apply(&f, &f.item, deltas, 9) & FR_ITEM_PRUNED);
    CHECK_INT(f.item.others_n, 6);
    CHECK(f.item.dropped);
    CHECK_INT(f.item.missed, (int64_t)1 << 32);
    /* Kept: number 9, and the 5 smallest ids of 1..8, so whoever is gone has a larger id than all kept of weight 1. */
    struct fr_str largest_kept = {0};
    for (uint32_t i = 0; i < f.item.n; i++) {
        struct fr_str id = fr_dict_str(&f.dict, fr_code_number(f.item.buckets[i].code));
        if (f.item.buckets[i].weight == 1 && fr_str_cmp(id, largest_kept) > 0) largest_kept = id;
    }
    for (uint32_t number = 1; number <= 8; number++) {
        bool kept = false;
        for (uint32_t i = 0; i < f.item.n; i++) kept |= f.item.buckets[i].code == fr_code_pair(number);
        CHECK(kept == (fr_str_cmp(fr_dict_str(&f.dict, number), largest_kept) <= 0));
    }
    add(&f, fr_code_pair(150), 3, -4); /* not there: ignored */
    CHECK_INT(f.item.others_n, 6);
    add(&f, fr_code_pair(9), 3, -100); /* never below 0 */
    CHECK_INT(f.item.others_n, 5);
    teardown(&f);
}

/* Whatever is dropped and comes back: no pair lacks more than missed, and none has more than the truth. */
static void test_missed_bounds_what_is_missing(void) {
    enum { EPOCHS = 40, STEPS = 3000 };
    static int32_t truth[OTHERS][EPOCHS];
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct fixture f;
        setup(&f, 12, 30);
        memset(truth, 0, sizeof truth);
        struct fr_rng rng = {seed};
        for (int32_t step = 0; step < STEPS; step++) {
            uint32_t other = 1 + fr_rng_below(&rng, 1 + fr_rng_below(&rng, OTHERS - 1));
            int32_t epoch = step * EPOCHS / STEPS - (int32_t)fr_rng_below(&rng, 4);
            if (epoch < 0) epoch = 0;
            int32_t weight = 1 + (int32_t)fr_rng_below(&rng, 4);
            if (fr_rng_below(&rng, 3) == 0) weight = -truth[other][epoch];
            if (weight == 0) continue;
            truth[other][epoch] += weight;
            add(&f, fr_code_pair(other), epoch, weight);
        }
        CHECK(f.item.dropped);
        int32_t now = f.item.newest;
        double missed = fr_item_missed(&f.item, &f.decay, now) + 1e-6, lacking = 0;
        for (uint32_t other = 1; other < OTHERS; other++) {
            double want = 0, got = 0;
            for (int32_t e = 0; e < EPOCHS; e++)
                want += truth[other][e] * (double)fr_decay_at(&f.decay, now, e) * 0x1p-32;
            for (uint32_t i = 0; i < f.item.n; i++)
                if (f.item.buckets[i].code == fr_code_pair(other))
                    got += f.item.buckets[i].weight *
                           (double)fr_decay_at(&f.decay, now, f.item.buckets[i].epoch) * 0x1p-32;
            CHECK(got <= want + 1e-9);
            CHECK(want - got <= missed);
            if (want - got > lacking) lacking = want - got;
        }
        CHECK(lacking > 0); /* else the case tests nothing */
        teardown(&f);
    }
}

static void fill(struct fixture *f, uint32_t n) {
    struct fr_rng rng = {21};
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = fr_rng_below(&rng, OTHERS);
        add(f, fr_code_pair(number), 20000 + (int32_t)fr_rng_below(&rng, 3),
            1 + (int32_t)fr_rng_below(&rng, 4));
        if (i % 5 == 0) add(f, FR_CODE_COUNT, 20000 + (int32_t)(i % 7), 2);
        if (i % 9 == 0) add(f, fr_code_group(number), 20001, -1);
    }
}

static void test_codec_round_trip_through_another_dictionary(void) {
    struct fixture f, other;
    setup(&f, 64, 60);
    setup(&other, 64, 60);
    fr_dict_fini(&other.dict);
    fr_dict_init(&other.dict);
    fill(&f, 500);
    CHECK(f.item.dropped);
    struct fr_buf first = encoded(&f, &f.item);
    CHECK(fr_item_decode(&other.item, &other.dict, fr_buf_slice(&first)));
    CHECK_STR(fr_item_check(&other.item, &other.rules) ? "broken" : "", "");
    struct fr_buf second = encoded(&other, &other.item);
    CHECK_INT(second.len, first.len);
    struct fr_item back = {0};
    CHECK(fr_item_decode(&back, &f.dict, fr_buf_slice(&second)));
    CHECK(same_state(&f, &back, &f.item));
    fr_item_fini(&back);
    CHECK_INT(other.item.missed, f.item.missed);
    fr_buf_fini(&first);
    fr_buf_fini(&second);
    teardown(&f);
    teardown(&other);
}

/* The order of ids is free, but each comes once. */
static void test_an_id_twice_is_refused(void) {
    static const unsigned char once[] = {0x99, 1,   7, 0, 0,    0xc2, 0, 0x90, 0x96,
                                         0xa1, 'b', 1, 2, 0xa1, 'a',  0, 3,    0x90};
    unsigned char twice[sizeof once];
    memcpy(twice, once, sizeof once);
    twice[14] = 'b';
    struct fixture f;
    setup(&f, 64, 60);
    CHECK(fr_item_decode(&f.item, &f.dict, (struct fr_str){(const char *)once, sizeof once}));
    CHECK_INT(f.item.others_n, 2);
    CHECK(!fr_item_decode(&f.item, &f.dict, (struct fr_str){(const char *)twice, sizeof twice}));
    teardown(&f);
}

/* Each width of MessagePack's numbers, at its edges. */
static void test_weights_of_all_sizes_come_back(void) {
    static const int32_t weights[] = {1,  127, 128, 255,  256,  65535,  65536,  INT32_MAX,
                                      -1, -32, -33, -128, -129, -32768, -32769, -INT32_MAX};
    enum { N = sizeof weights / sizeof *weights };
    struct fixture f;
    setup(&f, 64, 60);
    for (uint32_t i = 0; i < N; i++) add(&f, fr_code_pair(i), 20000 + (int32_t)i, weights[i]);
    struct fr_buf bytes = encoded(&f, &f.item);
    struct fr_item back = {0};
    CHECK(fr_item_decode(&back, &f.dict, fr_buf_slice(&bytes)));
    CHECK_INT(back.n, N);
    for (uint32_t i = 0; i < N && i < back.n; i++) {
        CHECK_INT(back.buckets[i].weight, weights[i]);
        CHECK_INT(back.buckets[i].epoch, 20000 + (int32_t)i);
    }
    fr_buf_fini(&bytes);
    fr_item_fini(&back);
    teardown(&f);
}

static void test_a_cut_state_is_refused(void) {
    struct fixture f;
    setup(&f, 64, 60);
    fill(&f, 60);
    struct fr_buf whole = encoded(&f, &f.item);
    struct fr_item item = {0};
    for (size_t len = 0; len < whole.len; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, whole.data, len);
        CHECK(!fr_item_decode(&item, &f.dict, (struct fr_str){copy, (uint32_t)len}));
        CHECK_INT(item.n, 0);
        free(copy);
    }
    fr_buf_byte(&whole, 0xc0);
    CHECK(!fr_item_decode(&item, &f.dict, fr_buf_slice(&whole)));
    fr_buf_fini(&whole);
    teardown(&f);
}

static void test_a_full_state_is_small(void) {
    struct fixture f;
    setup(&f, 256, 60);
    for (uint32_t i = 0; i < OTHERS; i++) add(&f, fr_code_pair(i), 20000, 1);
    struct fr_buf bytes = encoded(&f, &f.item);
    CHECK(bytes.len <= OTHERS * 12);
    fr_buf_fini(&bytes);
    teardown(&f);
}

int main(void) {
    RUN(test_buckets_add_up_and_cancel);
    RUN(test_order_and_cuts_do_not_matter);
    RUN(test_the_window_moves_with_the_newest_epoch);
    RUN(test_groups_are_bounded_and_the_rest_is_counted);
    RUN(test_the_best_pairs_stay_ties_by_id);
    RUN(test_missed_bounds_what_is_missing);
    RUN(test_codec_round_trip_through_another_dictionary);
    RUN(test_an_id_twice_is_refused);
    RUN(test_weights_of_all_sizes_come_back);
    RUN(test_a_cut_state_is_refused);
    RUN(test_a_full_state_is_small);
    return check_done();
}
