/* The table of sums against a naive one, in two numberings of the same items. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/scratch.h"
#include <stdlib.h>

enum { ITEMS = 200, ROUNDS = 300 };

static struct fr_dict ids;

/* The same names under other numbers for each stride that is coprime to ITEMS. */
static void name_items(uint32_t stride) {
    fr_dict_init(&ids);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char name[8];
        snprintf(name, sizeof name, "i%u", i * stride % ITEMS);
        CHECK_INT(fr_dict_intern(&ids, fr_str_of(name)), i);
    }
}

static uint32_t number_of(uint32_t item) {
    char name[8];
    snprintf(name, sizeof name, "i%u", item);
    return fr_dict_find(&ids, fr_str_of(name));
}

struct naive {
    float sums[ITEMS], strongest[ITEMS];
    uint32_t because[ITEMS];
    bool dropped[ITEMS];
};

static void naive_add(struct naive *n, uint32_t item, float amount, uint32_t because) {
    n->sums[item] += amount;
    if (amount <= n->strongest[item]) return;
    n->strongest[item] = amount;
    n->because[item] = because;
}

static const struct naive *sorting;

static int naive_order(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (sorting->sums[x] > sorting->sums[y]) return -1;
    if (sorting->sums[x] < sorting->sums[y]) return 1;
    return fr_str_cmp(fr_dict_str(&ids, number_of(x)), fr_dict_str(&ids, number_of(y)));
}

static uint32_t naive_best(struct naive *n, uint32_t most, struct fr_vote *out) {
    uint32_t found[ITEMS], found_n = 0;
    for (uint32_t i = 0; i < ITEMS; i++)
        if (n->sums[i] > 0 && !n->dropped[i]) found[found_n++] = i;
    sorting = n;
    qsort(found, found_n, sizeof *found, naive_order);
    if (found_n > most) found_n = most;
    for (uint32_t i = 0; i < found_n; i++)
        out[i] = (struct fr_vote){found[i], n->sums[found[i]], n->because[found[i]]};
    return found_n;
}

/* Few different amounts, so that there are many ties. */
static void fill(struct fr_scratch *s, struct naive *n, struct fr_rng *rng) {
    uint32_t calls = fr_rng_below(rng, 400);
    for (uint32_t i = 0; i < calls; i++) {
        uint32_t item = fr_rng_below(rng, ITEMS);
        if (fr_rng_below(rng, 12) == 0) {
            fr_scratch_drop(s, number_of(item));
            n->dropped[item] = true;
        } else {
            float amount = (float)(1 + fr_rng_below(rng, 3));
            fr_scratch_add(s, number_of(item), amount, i);
            naive_add(n, item, amount, i);
        }
    }
}

static void check_best(struct fr_scratch *s, struct naive *n, uint32_t most) {
    struct fr_vote got[ITEMS], want[ITEMS];
    uint32_t got_n = fr_scratch_best(s, &ids, most, got), want_n = naive_best(n, most, want);
    CHECK_INT(got_n, want_n);
    for (uint32_t i = 0; i < got_n && i < want_n; i++) {
        CHECK_INT(got[i].item, number_of(want[i].item));
        CHECK_NEAR(got[i].score, want[i].score, 0);
        CHECK_INT(got[i].because, want[i].because);
    }
    CHECK_INT(s->touched_n, 0);
    for (uint32_t i = 0; i < s->cap; i++) CHECK(!fr_scratch_is_touched(s, i) && !(s->sums[i].strongest > 0));
}

static void test_best_equals_the_naive_twin(void) {
    static const uint32_t strides[] = {1, 7, 99};
    for (uint32_t k = 0; k < 3; k++) {
        name_items(strides[k]);
        struct fr_scratch s = {0};
        fr_scratch_reserve(&s, ITEMS);
        struct fr_rng rng = {42}; /* the same rounds under every numbering */
        for (uint32_t round = 0; round < ROUNDS; round++) {
            struct naive n = {0};
            fill(&s, &n, &rng);
            check_best(&s, &n, fr_rng_below(&rng, ITEMS + 1));
        }
        fr_scratch_fini(&s);
        fr_dict_fini(&ids);
    }
}

static void test_a_dropped_item_stays_out(void) {
    name_items(1);
    struct fr_scratch s = {0};
    struct fr_vote out[4];
    fr_scratch_reserve(&s, ITEMS);
    fr_scratch_drop(&s, 3); /* before anything was added */
    fr_scratch_add(&s, 3, 5, 0);
    fr_scratch_add(&s, 4, FLT_MAX, 0);
    fr_scratch_add(&s, 4, FLT_MAX, 0);
    fr_scratch_drop(&s, 4);
    fr_scratch_add(&s, 5, 1, 9);
    CHECK_INT(fr_scratch_best(&s, &ids, 4, out), 1);
    CHECK_INT(out[0].item, 5);
    fr_scratch_add(&s, 3, 1, 0); /* only for that list */
    CHECK_INT(fr_scratch_best(&s, &ids, 4, out), 1);
    fr_scratch_drop(&s, UINT32_MAX); /* not known: nothing */
    CHECK_INT(s.touched_n, 0);
    fr_scratch_fini(&s);
    fr_dict_fini(&ids);
}

static void test_amounts_out_of_range_are_nothing(void) {
    name_items(1);
    struct fr_scratch s = {0};
    struct fr_vote out[4];
    fr_scratch_reserve(&s, ITEMS);
    const float amounts[] = {0, -1, NAN, INFINITY, -INFINITY};
    for (uint32_t i = 0; i < 5; i++) fr_scratch_add(&s, i, amounts[i], 0);
    CHECK_INT(s.touched_n, 0);
    fr_scratch_add(&s, 7, 1, 2);
    CHECK_INT(fr_scratch_best(&s, &ids, 0, out), 0);
    CHECK_INT(s.touched_n, 0);
    fr_scratch_fini(&s);
    fr_dict_fini(&ids);
}

static void test_growing_keeps_what_was_added(void) {
    name_items(1);
    struct fr_scratch s = {0};
    struct fr_vote out[4];
    fr_scratch_reserve(&s, 2);
    fr_scratch_add(&s, 1, 2, 8);
    fr_scratch_reserve(&s, ITEMS);
    fr_scratch_add(&s, ITEMS - 1, 3, 9);
    fr_scratch_add(&s, 1, 2, 7);
    CHECK_INT(fr_scratch_best(&s, &ids, 4, out), 2);
    CHECK_INT(out[0].item, 1);
    CHECK_INT(out[0].because, 8); /* the first of equals */
    CHECK_NEAR(out[0].score, 4, 0);
    CHECK_INT(out[1].item, ITEMS - 1);
    fr_scratch_fini(&s);
    fr_dict_fini(&ids);
}

int main(void) {
    RUN(test_best_equals_the_naive_twin);
    RUN(test_a_dropped_item_stays_out);
    RUN(test_amounts_out_of_range_are_nothing);
    RUN(test_growing_keeps_what_was_added);
    return check_done();
}
