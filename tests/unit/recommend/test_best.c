/* The best of many against a plain sort, in several numberings, with many ties, one tie and none. */
#include "check.h"
#include "freshet/base/hash.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/best.h"
#include <stdlib.h>

enum { THINGS = 700, ROUNDS = 3000 };

static struct fr_dict ids;
static uint32_t items[THINGS]; /* names of places, in another order than the numbers */

static void name_items(void) {
    fr_dict_init(&ids);
    for (uint32_t i = 0; i < THINGS; i++) {
        char name[8];
        snprintf(name, sizeof name, "i%u", i * 11 % THINGS);
        fr_dict_intern(&ids, fr_str_of(name));
        items[i] = i * 13 % THINGS;
    }
}

static const uint32_t *sorting;

static int naive_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    if (fr_best_score(x) > fr_best_score(y)) return -1;
    if (fr_best_score(x) < fr_best_score(y)) return 1;
    uint32_t i = fr_best_place(x), j = fr_best_place(y);
    return fr_str_cmp(fr_dict_str(&ids, sorting ? sorting[i] : i),
                      fr_dict_str(&ids, sorting ? sorting[j] : j));
}

static uint64_t by_number(const uint64_t *keys, uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += fr_hash_mix(keys[i]);
    return sum;
}

static void check(uint64_t *keys, uint32_t n, uint32_t most, const uint32_t *named) {
    uint64_t want[THINGS], spare[THINGS], all = by_number(keys, n);
    memcpy(want, keys, n * sizeof *want);
    sorting = named;
    qsort(want, n, sizeof *want, naive_order);
    uint32_t got = fr_best(keys, n, most, &ids, named, spare), expected = n < most ? n : most;
    CHECK_INT(got, expected);
    for (uint32_t i = 0; i < got; i++) CHECK(keys[i] == want[i]);
    CHECK(by_number(keys, n) == all); /* nothing is lost behind */
}

static float score_of(struct fr_rng *rng, uint32_t different) {
    if (different == 0) return (float)fr_rng_uniform(rng) * 1e-3f;
    return (float)fr_rng_below(rng, different) * .37f;
}

static void test_is_a_sort_cut_short(void) {
    struct fr_rng rng = {5};
    static const uint32_t different[] = {0, 1, 2, 5, 40, 1000};
    uint64_t keys[THINGS];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t n = fr_rng_below(&rng, round % 3 ? THINGS + 1 : 40), most = fr_rng_below(&rng, 150);
        uint32_t first = fr_rng_below(&rng, THINGS); /* places in no order either */
        for (uint32_t i = 0; i < n; i++)
            keys[i] = fr_best_key(score_of(&rng, different[round % 6]), (first + i * 17) % THINGS);
        check(keys, n, most, round % 2 ? items : NULL);
    }
}

static void test_keys(void) {
    CHECK(fr_best_key(0, 7) < fr_best_key(1e-40f, 0) && fr_best_key(1e-40f, 9) < fr_best_key(1e-38f, 0));
    CHECK(fr_best_key(.5f, 9) < fr_best_key(.50001f, 0) && fr_best_key(3e38f, 0) > fr_best_key(1, 5));
    CHECK_INT(fr_best_place(fr_best_key(.25f, 4000000000u)), 4000000000u);
    CHECK(fr_best_score(fr_best_key(.25f, 1)) >= .25f && fr_best_score(fr_best_key(.25f, 1)) <= .25f);
}

int main(void) {
    name_items();
    RUN(test_is_a_sort_cut_short);
    RUN(test_keys);
    fr_dict_fini(&ids);
    return check_done();
}
