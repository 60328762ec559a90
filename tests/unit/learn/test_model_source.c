#include "check.h"
#include "fake_model.h"
#include "freshet/learn/model_source.h"

static struct fr_dict ids;
static struct fr_scratch scratch;

/* Ids in an order that is neither that of the numbers nor that of the columns: column c is item names[c]. */
static const char *const names[FAKE_ITEMS] = {"j", "c", "e", "a", "i", "b", "h", "d", "g", "f"};

static void setup(uint32_t numbers[FAKE_ITEMS]) {
    fr_dict_init(&ids);
    fr_dict_intern(&ids, FR_STR("a user"));
    fr_dict_intern(&ids, FR_STR("not the model's"));
    for (int c = FAKE_ITEMS; c-- > 0;) numbers[c] = fr_dict_intern(&ids, fr_str_of(names[c]));
}

static void teardown(struct fr_source *s) {
    s->ops->free(s);
    fr_scratch_fini(&scratch);
    fr_dict_fini(&ids);
}

static uint32_t number(const char *name) { return fr_dict_find(&ids, fr_str_of(name)); }

static bool is_vote(const struct fr_vote *v, const char *name, float score, const char *because) {
    uint32_t wanted = because ? number(because) : (uint32_t)FR_DICT_NONE;
    return v->item == number(name) && fabsf(v->score - score) < 1e-6f && v->because == wanted;
}

static struct fr_query query(const struct fr_seed *seeds, uint32_t n) {
    return (struct fr_query){.ids = &ids, .seeds = seeds, .seed_n = n};
}

static void test_best_first_with_its_reason(void) {
    uint32_t numbers[FAKE_ITEMS], freed = 0;
    struct fake_model *f = fake_new(&fake_ops, &freed);
    setup(numbers);
    /* seed e (column 2) and seed h (column 6) */
    f->weights[2][0] = 3, f->weights[6][0] = 1;    /* j: 4, e speaks most */
    f->weights[2][1] = 1, f->weights[6][1] = 2.5f; /* c: 3.5, h */
    f->weights[6][3] = 2;                          /* a: 2 */
    f->weights[2][5] = 1, f->weights[6][5] = 1;    /* b: 2, both alike: the first in the history */
    f->weights[2][8] = -1;                         /* g: below 0 */
    struct fr_source *s = fr_model_source_new(&f->base, &ids, numbers, FAKE_ITEMS, FR_REASON_TASTE);
    CHECK_STR(s->ops->name, "fake");
    CHECK_INT(s->ops->reason, FR_REASON_TASTE);
    const struct fr_seed seeds[] = {{.item = number("h"), .strength = 5},
                                    {.item = number("e"), .strength = .1}};
    struct fr_query q = query(seeds, 2);
    struct fr_vote out[10];
    CHECK_INT(s->ops->propose(s, &q, &scratch, 10, out), 4);
    CHECK(is_vote(&out[0], "j", 4, "e") && is_vote(&out[1], "c", 3.5f, "h"));
    CHECK(is_vote(&out[2], "a", 2, "h") && is_vote(&out[3], "b", 2, "h")); /* a tie: by id */
    CHECK_INT(s->ops->propose(s, &q, &scratch, 3, out), 3);
    CHECK(is_vote(&out[2], "a", 2, "h"));
    CHECK_INT(s->ops->propose(s, &q, &scratch, 0, out), 0);
    CHECK(s->ops->bytes(s) > sizeof(struct fake_model));
    teardown(s);
    CHECK_INT(freed, 1);
}

static void test_who_does_not_speak(void) {
    uint32_t numbers[FAKE_ITEMS];
    struct fake_model *f = fake_new(&fake_ops, NULL);
    setup(numbers);
    for (int c = 0; c < FAKE_ITEMS; c++) f->weights[c][0] = 1;
    struct fr_source *s = fr_model_source_new(&f->base, &ids, numbers, FAKE_ITEMS, FR_REASON_TASTE);
    const struct fr_seed seeds[] = {{.item = number("not the model's"), .strength = 1},
                                    {.item = number("a"), .strength = 1, .disliked = true},
                                    {.item = number("b"), .strength = 0},
                                    {.item = FR_DICT_NONE - 1, .strength = 1},
                                    {.item = number("c"), .strength = 1}};
    struct fr_query q = query(seeds, 4);
    struct fr_vote out[10];
    CHECK_INT(s->ops->propose(s, &q, &scratch, 10, out), 0);
    q.seed_n = 5;
    CHECK_INT(s->ops->propose(s, &q, &scratch, 10, out), 1);
    CHECK(is_vote(&out[0], "j", 1, "c"));
    teardown(s);
}

/* A model without score_some is asked by score, and names no reason. */
static void test_plain_model(void) {
    uint32_t numbers[FAKE_ITEMS];
    struct fr_model_ops plain = fake_ops;
    plain.score_some = NULL;
    struct fake_model *f = fake_new(&plain, NULL);
    setup(numbers);
    f->weights[2][0] = 3, f->weights[6][0] = 1, f->weights[6][4] = 2;
    struct fr_source *s = fr_model_source_new(&f->base, &ids, numbers, FAKE_ITEMS, FR_REASON_TASTE);
    const struct fr_seed seeds[] = {{.item = number("h"), .strength = 1},
                                    {.item = number("e"), .strength = 1}};
    struct fr_query q = query(seeds, 2);
    struct fr_vote out[10];
    CHECK_INT(s->ops->propose(s, &q, &scratch, 10, out), 2);
    CHECK(is_vote(&out[0], "j", 4, NULL) && is_vote(&out[1], "i", 2, NULL));
    teardown(s);
}

/* More seeds than are used: the most recent ones. */
static void test_long_history(void) {
    enum { MANY = 200 };
    uint32_t numbers[FAKE_ITEMS];
    struct fake_model *f = fake_new(&fake_ops, NULL);
    struct fr_seed seeds[MANY];
    setup(numbers);
    f->weights[1][0] = 1;
    f->weights[2][4] = 1;
    for (uint32_t i = 0; i < MANY; i++) seeds[i] = (struct fr_seed){.item = number("a"), .strength = 1};
    seeds[FR_MODEL_SOURCE_SEEDS - 1].item = number("c");
    seeds[FR_MODEL_SOURCE_SEEDS].item = number("e");
    struct fr_source *s = fr_model_source_new(&f->base, &ids, numbers, FAKE_ITEMS, FR_REASON_TASTE);
    struct fr_query q = query(seeds, MANY);
    struct fr_vote out[10];
    CHECK_INT(s->ops->propose(s, &q, &scratch, 10, out), 1);
    CHECK(is_vote(&out[0], "j", 1, "c"));
    teardown(s);
}

int main(void) {
    RUN(test_best_first_with_its_reason);
    RUN(test_who_does_not_speak);
    RUN(test_plain_model);
    RUN(test_long_history);
    return check_done();
}
