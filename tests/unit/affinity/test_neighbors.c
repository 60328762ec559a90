#include "check.h"
#include "freshet/affinity/item_json.h"
#include "freshet/base/rng.h"
#include <stdlib.h>

enum { OTHERS = 120 };

struct fixture {
    struct fr_dict dict;
    struct fr_decay decay;
    struct fr_item item;
    double counts[OTHERS];
};

static double count_of(void *self, uint32_t item) { return ((struct fixture *)self)->counts[item]; }
static struct fr_counts counts_of(struct fixture *f) { return (struct fr_counts){count_of, f}; }

static void add(struct fixture *f, uint32_t code, int32_t epoch, int32_t weight) {
    struct fr_item_scratch scratch = {0};
    struct fr_item_rules rules = {&f->decay, 10000};
    struct fr_delta delta = {0, code, epoch, weight};
    fr_item_apply(&f->item, &rules, &f->dict, &delta, 1, &scratch);
    fr_item_scratch_fini(&scratch);
}

static void setup(struct fixture *f) {
    memset(f, 0, sizeof *f);
    fr_dict_init(&f->dict);
    fr_decay_init(&f->decay, 14, 60);
    for (uint32_t i = 0; i < OTHERS; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "p%u", i);
        fr_dict_intern(&f->dict, (struct fr_str){text, (uint32_t)n});
    }
}

static void teardown(struct fixture *f) {
    fr_item_fini(&f->item);
    fr_decay_fini(&f->decay);
    fr_dict_fini(&f->dict);
}

static void test_decay_is_the_rounded_power(void) {
    static const double half_lives[] = {1, 2, 7, 14, 365};
    for (unsigned h = 0; h < 5; h++) {
        struct fr_decay d;
        fr_decay_init(&d, half_lives[h], 60);
        CHECK(d.weights[0] == UINT64_C(1) << 32);
        for (int32_t age = 0; age < 60; age++) {
            double want = floor(4294967296.0 * pow(2, -age / half_lives[h]) + .5);
            CHECK_NEAR(fr_decay_at(&d, 100, 100 - age), want, 0);
        }
        CHECK_INT(fr_decay_at(&d, 100, 40), 0);
        CHECK(fr_decay_at(&d, 100, 101) == UINT64_C(1) << 32);
        CHECK_INT(fr_decay_carry(&d, 0, 3, 9), 0);
        CHECK_INT(fr_decay_carry(&d, INT64_MAX, 5, 5), INT64_MAX);
        CHECK_INT(fr_decay_carry(&d, 3, 5, 6), (int64_t)ceil(3 * (double)d.weights[1] * 0x1p-32));
        fr_decay_fini(&d);
    }
}

static void fill(struct fixture *f, uint64_t seed) {
    struct fr_rng rng = {seed};
    add(f, FR_CODE_COUNT, 100, 50);
    add(f, FR_CODE_COUNT, 97, 20);
    for (uint32_t i = 0; i < 300; i++)
        add(f, fr_code_pair(1 + fr_rng_below(&rng, OTHERS - 1)), 95 + (int32_t)fr_rng_below(&rng, 6),
            1 + (int32_t)fr_rng_below(&rng, 3));
    for (uint32_t i = 0; i < OTHERS; i++) f->counts[i] = 5 + fr_rng_below(&rng, 4) * 5;
    f->counts[5] = -1; /* not known */
}

static const struct fr_dict *naive_dict;

static int compare(const void *a, const void *b) {
    const struct fr_neighbor *x = a, *y = b;
    if (x->similarity > y->similarity || x->similarity < y->similarity)
        return x->similarity > y->similarity ? -1 : 1;
    return fr_str_cmp(fr_dict_str(naive_dict, x->item), fr_dict_str(naive_dict, y->item));
}

/* All of them, from doubles that hold the integers exactly, sorted. */
static uint32_t naive(const struct fixture *f, int32_t epoch, struct fr_neighbor *out) {
    double own = 0, pairs[OTHERS] = {0};
    for (uint32_t i = 0; i < f->item.n; i++) {
        const struct fr_bucket *b = &f->item.buckets[i];
        double worth = b->weight * floor(pow(2, -(epoch - b->epoch) / 14.0) * 4294967296.0 + .5);
        if (b->code == FR_CODE_COUNT)
            own += worth;
        else
            pairs[fr_code_number(b->code)] += worth;
    }
    uint32_t n = 0;
    for (uint32_t q = 0; q < OTHERS; q++) {
        double pair = pairs[q] / 4294967296.0, other = f->counts[q] < 0 ? pair : f->counts[q];
        if (pair > 0) out[n++] = (struct fr_neighbor){q, pair / sqrt(own / 4294967296.0 * other), pair};
    }
    naive_dict = &f->dict;
    qsort(out, n, sizeof *out, compare);
    return n;
}

static void test_neighbors_are_the_naive_ones(void) {
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct fixture f;
        setup(&f);
        fill(&f, seed);
        struct fr_neighbor want[OTHERS], got[OTHERS];
        uint32_t all = naive(&f, 103, want);
        for (uint32_t k = 0; k <= 40; k += 10) {
            uint32_t n = fr_neighbors_of(&f.item, &f.decay, &f.dict, 103, counts_of(&f), k, got);
            CHECK_INT(n, k < all ? k : all);
            for (uint32_t i = 0; i < n; i++) {
                CHECK_INT(got[i].item, want[i].item);
                CHECK_NEAR(got[i].similarity, want[i].similarity, 0);
                CHECK_NEAR(got[i].pair, want[i].pair, 0);
            }
        }
        teardown(&f);
    }
}

static void test_no_count_no_neighbors(void) {
    struct fixture f;
    struct fr_neighbor out[4];
    setup(&f);
    f.counts[1] = 3;
    add(&f, fr_code_pair(1), 5, 1);
    CHECK(!fr_item_is_readable(&f.item, &f.decay, 5));
    CHECK_INT(fr_neighbors_of(&f.item, &f.decay, &f.dict, 5, counts_of(&f), 4, out), 0);
    add(&f, FR_CODE_COUNT, 5, 2);
    CHECK(fr_item_is_readable(&f.item, &f.decay, 64));
    CHECK(!fr_item_is_readable(&f.item, &f.decay, 65));
    CHECK_INT(fr_neighbors_of(&f.item, &f.decay, &f.dict, 5, counts_of(&f), 4, out), 1);
    f.counts[1] = 0;
    CHECK_INT(fr_neighbors_of(&f.item, &f.decay, &f.dict, 5, counts_of(&f), 4, out), 0);
    teardown(&f);
}

static void test_view_round_trip_and_cuts(void) {
    struct fixture f;
    setup(&f);
    fill(&f, 4);
    struct fr_neighbor at[20], back[20];
    struct fr_neighbors view = {.epoch = 100, .count = 70.5, .at = at};
    view.n = fr_neighbors_of(&f.item, &f.decay, &f.dict, 100, counts_of(&f), 20, at);
    struct fr_buf bytes = {0};
    fr_neighbors_encode(&view, &f.dict, &bytes);
    struct fr_neighbors got = {.at = back};
    CHECK(fr_neighbors_decode(&got, 20, &f.dict, fr_buf_slice(&bytes)));
    CHECK_INT(got.n, view.n);
    CHECK_INT(got.epoch, 100);
    CHECK_NEAR(got.count, 70.5, 0);
    for (uint32_t i = 0; i < got.n; i++) CHECK(memcmp(&at[i].similarity, &back[i].similarity, 8) == 0);
    CHECK(fr_neighbors_decode(&got, 3, &f.dict, fr_buf_slice(&bytes)));
    CHECK_INT(got.n, 3);
    for (size_t len = 0; len < bytes.len; len++) {
        char *copy = malloc(len + 1);
        memcpy(copy, bytes.data, len);
        CHECK(!fr_neighbors_decode(&got, 20, &f.dict, (struct fr_str){copy, (uint32_t)len}));
        free(copy);
    }
    fr_buf_fini(&bytes);
    teardown(&f);
}

static void test_json_lines(void) {
    struct fixture f;
    setup(&f);
    add(&f, FR_CODE_COUNT, 20, 4);
    add(&f, fr_code_pair(2), 20, 1);
    add(&f, fr_code_pair(10), 20, 2);
    add(&f, fr_code_group(7), 20, 4);
    f.counts[2] = 1;
    f.counts[10] = 16;
    struct fr_buf out = {0};
    fr_item_json(&f.item, &f.decay, &f.dict, FR_STR("p0"), 20, counts_of(&f), 5, &out);
    fr_buf_byte(&out, 0);
    CHECK_STR(out.data,
              "{\"item_id\":\"p0\",\"count\":4,\"pairs\":[{\"item_id\":\"p10\",\"count\":2},"
              "{\"item_id\":\"p2\",\"count\":1}],\"neighbors\":[{\"item_id\":\"p2\",\"similarity\":0.5},"
              "{\"item_id\":\"p10\",\"similarity\":0.25}],\"buckets\":{\"20\":4},"
              "\"pair_buckets\":[[\"p10\",20,2],[\"p2\",20,1]],"
              "\"groups\":{\"p7\":{\"count\":4,\"buckets\":{\"20\":4}}},"
              "\"missed\":0,\"missed_similarity\":0}");
    fr_buf_clear(&out);
    struct fr_neighbor one = {2, .5, 1};
    struct fr_neighbors view = {20, 4, 1, &one};
    fr_neighbors_json(&view, &f.dict, FR_STR("p0"), 0, &out);
    fr_buf_byte(&out, 0);
    CHECK_STR(out.data,
              "{\"schema_version\":1,\"item_id\":\"p0\",\"generated_at\":\"1970-01-01T00:00:00.000Z\","
              "\"epoch\":20,\"count\":4,\"neighbors\":[{\"item_id\":\"p2\",\"similarity\":0.5,"
              "\"pair_count\":1}]}");
    fr_buf_fini(&out);
    teardown(&f);
}

int main(void) {
    RUN(test_decay_is_the_rounded_power);
    RUN(test_neighbors_are_the_naive_ones);
    RUN(test_no_count_no_neighbors);
    RUN(test_view_round_trip_and_cuts);
    RUN(test_json_lines);
    return check_done();
}
