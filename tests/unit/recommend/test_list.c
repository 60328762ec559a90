/* The ranker against a naive one that shares nothing with it but the formula, and what a list promises. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/list.h"
#include <stdlib.h>

enum { ITEMS = 300, NEIGHBORS = 12, HISTORY = 40, POPULAR = 20, ROUNDS = 400 };

struct neighbor {
    uint32_t item;
    double similarity, pair;
};

/* A small world in numbers of its own; names[i] is what item i is called. */
struct world {
    char names[ITEMS][8];
    struct neighbor neighbors[ITEMS][NEIGHBORS];
    uint32_t neighbor_n[ITEMS];
    struct fr_seed seeds[HISTORY];
    uint32_t seed_n;
    struct fr_popular group[POPULAR], trend[POPULAR];
    uint32_t group_n, trend_n;
};

/* The same world in a dictionary's numbers. */
struct interned {
    struct fr_dict dict;
    uint32_t number[ITEMS]; /* world item -> dictionary */
    struct world world;
    struct fr_candidate rows[ITEMS][NEIGHBORS];
};

static struct fr_ranker *ranker;
static struct fr_arena arena;

/* Few different values, so that there are many ties. */
static void world_make(struct world *w, uint64_t seed) {
    struct fr_rng rng = {seed};
    memset(w, 0, sizeof *w);
    for (uint32_t i = 0; i < ITEMS; i++) {
        snprintf(w->names[i], sizeof w->names[i], "i%u", i * 7919 % 1000);
        w->neighbor_n[i] = fr_rng_below(&rng, NEIGHBORS + 1);
        uint32_t first = fr_rng_below(&rng, ITEMS);
        for (uint32_t j = 0; j < w->neighbor_n[i]; j++)
            w->neighbors[i][j] = (struct neighbor){(first + j * 5) % ITEMS, (1 + fr_rng_below(&rng, 8)) / 16.,
                                                   1 + fr_rng_below(&rng, 4)};
    }
    w->seed_n = fr_rng_below(&rng, HISTORY + 1);
    uint32_t first = fr_rng_below(&rng, ITEMS);
    for (uint32_t i = 0; i < w->seed_n; i++)
        w->seeds[i] = (struct fr_seed){(first + i * 11) % ITEMS,
                                       fr_rng_below(&rng, 5),
                                       fr_rng_below(&rng, 8) == 0,
                                       fr_rng_below(&rng, 3) == 0,
                                       0,
                                       0};
    w->group_n = fr_rng_below(&rng, POPULAR + 1), w->trend_n = fr_rng_below(&rng, POPULAR + 1);
    for (uint32_t i = 0; i < w->group_n; i++) w->group[i] = (struct fr_popular){i * 3, 40 - i / 3};
    for (uint32_t i = 0; i < w->trend_n; i++) w->trend[i] = (struct fr_popular){i * 4 + 1, 1 / (1. + i / 2)};
}

/* Interns the names in an order that depends on stride (coprime to ITEMS), then renames everything. */
static void intern(struct interned *t, const struct world *w, uint32_t stride) {
    fr_dict_init(&t->dict);
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t item = i * stride % ITEMS;
        t->number[item] = fr_dict_intern(&t->dict, fr_str_of(w->names[item]));
    }
    t->world = *w;
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t to = t->number[i];
        t->world.neighbor_n[to] = w->neighbor_n[i];
        for (uint32_t j = 0; j < w->neighbor_n[i]; j++) {
            t->world.neighbors[to][j] = w->neighbors[i][j];
            t->world.neighbors[to][j].item = t->number[w->neighbors[i][j].item];
        }
    }
    for (uint32_t i = 0; i < w->seed_n; i++) t->world.seeds[i].item = t->number[w->seeds[i].item];
    for (uint32_t i = 0; i < w->group_n; i++) t->world.group[i].item = t->number[w->group[i].item];
    for (uint32_t i = 0; i < w->trend_n; i++) t->world.trend[i].item = t->number[w->trend[i].item];
}

static void candidates_of(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n) {
    const struct interned *t = context;
    *out = t->rows[item];
    *n = t->world.neighbor_n[item];
}

static struct fr_list_input input_of(struct interned *t, const struct fr_list_params *p) {
    struct world *w = &t->world;
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t j = 0; j < w->neighbor_n[i]; j++) {
            const struct neighbor *n = &w->neighbors[i][j];
            t->rows[i][j] = (struct fr_candidate){n->item, fr_candidate_worth(p, n->similarity, n->pair)};
        }
    return (struct fr_list_input){&t->dict, w->seeds, w->seed_n,  candidates_of, t,
                                  w->group, w->trend, w->group_n, w->trend_n};
}

/* What item gets from seed number s, in millionths. */
static uint32_t naive_term(const struct fr_list_params *p, const struct world *w, uint32_t s, double total,
                           uint32_t item) {
    const struct fr_seed *seed = &w->seeds[s];
    double part = seed->strength * ((1 - p->group_weight - p->trend_weight) * 1000000 / total);
    for (uint32_t j = 0; j < w->neighbor_n[seed->item]; j++) {
        struct neighbor n = w->neighbors[seed->item][j];
        if (n.item != item) continue;
        float worth = (float)(n.similarity * (n.pair / (n.pair + p->shrinkage)));
        return (uint32_t)(part * (double)worth);
    }
    return 0;
}

static uint32_t naive_popular(double weight, const struct fr_popular *list, uint32_t n, uint32_t item) {
    for (uint32_t i = 0; i < n; i++)
        if (list[i].item == item) return (uint32_t)(weight * 1000000 * (list[i].value / list[0].value));
    return 0;
}

static bool naive_hidden(const struct fr_list_params *p, const struct world *w, uint32_t item) {
    for (uint32_t i = 0; i < w->seed_n; i++) {
        const struct fr_seed *s = &w->seeds[i];
        if (s->item != item) continue;
        if (s->disliked || p->seen == FR_SEEN_HIDE) return true;
        if (p->seen == FR_SEEN_PURCHASED && s->purchased) return true;
    }
    return false;
}

static uint32_t naive_score(const struct fr_list_params *p, const struct world *w, uint32_t item) {
    if (naive_hidden(p, w, item)) return 0;
    double total = 0;
    uint32_t speakers[HISTORY], n = 0, score = 0;
    for (uint32_t i = 0; i < w->seed_n && n < p->seeds; i++)
        if (!w->seeds[i].disliked && w->seeds[i].strength > 0) {
            total += w->seeds[i].strength;
            speakers[n++] = i;
        }
    for (uint32_t i = 0; i < n; i++) score += naive_term(p, w, speakers[i], total, item);
    uint32_t group_n = w->group_n < p->popular_items ? w->group_n : p->popular_items;
    uint32_t trend_n = w->trend_n < p->popular_items ? w->trend_n : p->popular_items;
    return score + naive_popular(p->group_weight, w->group, group_n, item) +
           naive_popular(p->trend_weight, w->trend, trend_n, item);
}

struct ranked {
    uint32_t units, item;
};
static const struct fr_dict *ranked_names;

static int ranked_order(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->units != y->units) return x->units < y->units ? 1 : -1;
    return fr_str_cmp(fr_dict_str(ranked_names, x->item), fr_dict_str(ranked_names, y->item));
}

static void compare(const struct fr_list *list, const struct fr_list_params *p, struct interned *t) {
    struct ranked all[ITEMS];
    uint32_t n = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        all[n] = (struct ranked){naive_score(p, &t->world, i), i};
        if (all[n].units) n++;
    }
    ranked_names = &t->dict;
    qsort(all, n, sizeof *all, ranked_order);
    CHECK_INT(list->item_n, n < p->items ? n : p->items);
    for (uint32_t i = 0; i < list->item_n; i++) {
        CHECK_INT(list->items[i].item, all[i].item);
        CHECK_INT(fr_list_units(list->items[i].score), all[i].units);
    }
}

/* The reasons of an item add up, come in their order, and name no more seeds than asked for. */
static void check_reasons(const struct fr_list_item *item, const struct fr_list_params *p) {
    uint32_t sum = 0, named = 0;
    for (uint32_t i = 0; i < item->reason_n; i++) {
        const struct fr_reason *r = &item->reasons[i], *before = i ? r - 1 : NULL;
        sum += fr_list_units(r->weight);
        named += r->item != (uint32_t)FR_DICT_NONE;
        CHECK(r->weight > 0);
        if (before) CHECK(before->code <= r->code);
        if (before && r->item != (uint32_t)FR_DICT_NONE) CHECK(before->weight >= r->weight);
    }
    CHECK_INT(sum, fr_list_units(item->score));
    CHECK(named <= p->reasons_per_item);
}

static struct fr_list_params params_of(uint64_t round) {
    struct fr_list_params p = FR_LIST_DEFAULTS;
    p.items = 1 + (uint32_t)round % 90;
    p.seeds = (uint32_t)round % 41;
    p.reasons_per_item = 1 + (uint32_t)round % 4;
    p.seen = (enum fr_seen)(round % 3);
    p.popular_items = (uint32_t)round % 25;
    if (round % 5 == 0) p.shrinkage = 0, p.group_weight = .5;
    return p;
}

static void test_equals_the_naive_list(void) {
    struct world *w = malloc(sizeof *w);
    struct interned *t = malloc(sizeof *t);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct fr_list_params p = params_of(round);
        CHECK(fr_list_params_fault(&p) == NULL);
        world_make(w, round);
        intern(t, w, 1);
        struct fr_list_input in = input_of(t, &p);
        struct fr_list list = fr_list_make(ranker, &p, &in, &arena);
        compare(&list, &p, t);
        for (uint32_t i = 0; i < list.item_n; i++) check_reasons(&list.items[i], &p);
        fr_dict_fini(&t->dict);
        fr_arena_clear(&arena);
    }
    free(t);
    free(w);
}

static bool same_name(const struct interned *a, uint32_t x, const struct interned *b, uint32_t y) {
    if (x == (uint32_t)FR_DICT_NONE || y == (uint32_t)FR_DICT_NONE) return x == y;
    return fr_str_eq(fr_dict_str(&a->dict, x), fr_dict_str(&b->dict, y));
}

static void check_same(const struct interned *a, const struct fr_list *x, const struct interned *b,
                       const struct fr_list *y) {
    CHECK_INT(x->item_n, y->item_n);
    for (uint32_t i = 0; i < x->item_n && i < y->item_n; i++) {
        const struct fr_list_item *left = &x->items[i], *right = &y->items[i];
        CHECK(same_name(a, left->item, b, right->item));
        CHECK_INT(left->reason_n, right->reason_n);
        for (uint32_t j = 0; j < left->reason_n && j < right->reason_n; j++) {
            CHECK(left->reasons[j].code == right->reasons[j].code);
            CHECK(same_name(a, left->reasons[j].item, b, right->reasons[j].item));
            CHECK_INT(fr_list_units(left->reasons[j].weight), fr_list_units(right->reasons[j].weight));
        }
    }
}

/* After a restart the same ids have other numbers; nobody may see that. */
static void test_numbers_do_not_matter(void) {
    struct world *w = malloc(sizeof *w);
    struct interned *a = malloc(sizeof *a), *b = malloc(sizeof *b);
    struct fr_list_params p = FR_LIST_DEFAULTS;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        world_make(w, round);
        intern(a, w, 1);
        intern(b, w, 17);
        struct fr_list_input in_a = input_of(a, &p), in_b = input_of(b, &p);
        struct fr_list x = fr_list_make(ranker, &p, &in_a, &arena);
        struct fr_list y = fr_list_make(ranker, &p, &in_b, &arena);
        check_same(a, &x, b, &y);
        fr_dict_fini(&a->dict);
        fr_dict_fini(&b->dict);
        fr_arena_clear(&arena);
    }
    free(a);
    free(b);
    free(w);
}

/* Five seeds in a world drawn by hand: "hub" is a neighbour of all of them. */
static struct fr_dict hand_dict;
static uint32_t hub, lone, seeds5[5];

static void hand_candidates(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n) {
    static struct fr_candidate rows[5][2];
    static const struct fr_list_params params = {.shrinkage = 2};
    (void)context;
    *n = 0;
    for (uint32_t i = 0; i < 5; i++) {
        if (seeds5[i] != item) continue;
        rows[i][0] = (struct fr_candidate){hub, fr_candidate_worth(&params, .1 * (i + 1), 8)};
        rows[i][1] = (struct fr_candidate){lone, fr_candidate_worth(&params, .05, 8)};
        *out = rows[i];
        *n = i == 0 ? 2 : 1;
    }
}

static struct fr_list_input hand_input(struct fr_seed seeds[5]) {
    hub = fr_dict_intern(&hand_dict, FR_STR("hub"));
    lone = fr_dict_intern(&hand_dict, FR_STR("lone"));
    for (uint32_t i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof name, "seed%u", i);
        seeds5[i] = fr_dict_intern(&hand_dict, fr_str_of(name));
        seeds[i] = (struct fr_seed){.item = seeds5[i], .strength = 2};
    }
    return (struct fr_list_input){
        .items = &hand_dict, .seeds = seeds, .seed_n = 5, .candidates_of = hand_candidates};
}

static void test_surplus_seeds_become_one_reason(void) {
    struct fr_seed seeds[5];
    struct fr_list_input in = hand_input(seeds);
    struct fr_list_params p = FR_LIST_DEFAULTS;
    p.group_weight = p.trend_weight = 0;
    p.reasons_per_item = 3;
    struct fr_list list = fr_list_make(ranker, &p, &in, &arena);
    CHECK_INT(list.item_n, 2);
    CHECK(!list.fallback);
    const struct fr_list_item *first = &list.items[0];
    CHECK_INT(first->item, hub);
    CHECK_NEAR(first->score, (.1 + .2 + .3 + .4 + .5) / 5 * 8 / (8 + p.shrinkage), 5e-6);
    CHECK_INT(first->reason_n, 4);
    CHECK_INT(first->reasons[0].item, seeds5[4]);
    CHECK_INT(first->reasons[2].item, seeds5[2]);
    CHECK_INT(first->reasons[3].item, FR_DICT_NONE);
    CHECK_NEAR(first->reasons[3].weight, .3 / 5 * 8 / (8 + p.shrinkage), 3e-6);
    fr_arena_clear(&arena);
}

static void test_policies(void) {
    struct fr_seed seeds[5];
    struct fr_list_input in = hand_input(seeds);
    struct fr_popular group[] = {{seeds5[0], 3}, {seeds5[1], 2}, {seeds5[2], 1}};
    in.group = group;
    in.group_n = 3;
    seeds[1].purchased = true;
    seeds[2].disliked = true;
    static const uint32_t shown[] = {[FR_SEEN_SHOW] = 2, [FR_SEEN_HIDE] = 0, [FR_SEEN_PURCHASED] = 1};
    for (int seen = FR_SEEN_SHOW; seen <= FR_SEEN_PURCHASED; seen++) {
        struct fr_list_params p = FR_LIST_DEFAULTS;
        p.seen = (enum fr_seen)seen;
        struct fr_list list = fr_list_make(ranker, &p, &in, &arena);
        uint32_t n = 0;
        for (uint32_t i = 0; i < list.item_n; i++) {
            CHECK(list.items[i].item != seeds5[2]);
            if (list.items[i].item != hub && list.items[i].item != lone) n++;
        }
        CHECK_INT(n, shown[seen]);
        CHECK_INT(list.item_n, 2 + n);
    }
    fr_arena_clear(&arena);
}

static void test_a_dislike_does_not_speak(void) {
    struct fr_seed seeds[5];
    struct fr_list_input in = hand_input(seeds);
    seeds[0].disliked = true; /* the only one that knows "lone" */
    seeds[1].strength = 0;    /* undone */
    struct fr_list_params p = FR_LIST_DEFAULTS;
    struct fr_list list = fr_list_make(ranker, &p, &in, &arena);
    CHECK_INT(list.item_n, 1);
    CHECK_INT(list.items[0].item, hub);
    CHECK_INT(list.items[0].reason_n, 3);
    fr_arena_clear(&arena);
}

static void test_strangers_get_what_is_popular(void) {
    struct fr_seed seeds[5];
    struct fr_list_input in = hand_input(seeds);
    in.seed_n = 0;
    struct fr_list_params p = FR_LIST_DEFAULTS;
    struct fr_list list = fr_list_make(ranker, &p, &in, &arena);
    CHECK(list.fallback);
    CHECK_INT(list.item_n, 0);
    struct fr_popular trend[] = {{lone, 30}, {hub, 15}};
    in.trend = trend;
    in.trend_n = 2;
    list = fr_list_make(ranker, &p, &in, &arena);
    CHECK(list.fallback);
    CHECK_INT(list.item_n, 2);
    CHECK_INT(list.items[0].item, lone);
    CHECK(list.items[0].reasons[0].code == FR_REASON_TRENDING);
    CHECK_INT(fr_list_units(list.items[0].score), fr_list_units(p.trend_weight));
    CHECK_INT(fr_list_units(list.items[1].score), fr_list_units(p.trend_weight / 2));
    fr_arena_clear(&arena);
}

static void odd_candidates(void *context, uint32_t item, const struct fr_candidate **out, uint32_t *n) {
    (void)item;
    *out = context;
    *n = 5;
}

/* Numbers that a broken view could hold make no term, and no score above 1. */
static void test_odd_numbers(void) {
    struct fr_seed seeds[5];
    struct fr_list_input in = hand_input(seeds);
    struct fr_list_params p = FR_LIST_DEFAULTS;
    struct fr_candidate odd[5] = {{hub, fr_candidate_worth(&p, (double)NAN, 1)},
                                  {hub, fr_candidate_worth(&p, -1, 1)},
                                  {hub, fr_candidate_worth(&p, .5, -3)},
                                  {hub, fr_candidate_worth(&p, .5, (double)INFINITY)},
                                  {lone, fr_candidate_worth(&p, 1000, 1e30)}};
    struct fr_popular group[] = {{hub, 0}, {lone, (double)NAN}},
                      trend[] = {{hub, -1}, {lone, (double)INFINITY}};
    in.candidates_of = odd_candidates;
    in.context = odd;
    in.group = group, in.group_n = 2;
    in.trend = trend, in.trend_n = 2;
    seeds[3].strength = (double)NAN;
    struct fr_list list = fr_list_make(ranker, &p, &in, &arena);
    for (uint32_t i = 0; i < list.item_n; i++) CHECK(list.items[i].score > 0 && list.items[i].score <= 1);
    CHECK_INT(list.items[0].item, lone);
    seeds[3].strength = (double)INFINITY;
    list = fr_list_make(ranker, &p, &in, &arena);
    for (uint32_t i = 0; i < list.item_n; i++) CHECK(list.items[i].score > 0 && list.items[i].score <= 1);
    fr_arena_clear(&arena);
}

static void test_worth(void) {
    struct fr_list_params p = FR_LIST_DEFAULTS;
    CHECK_NEAR(fr_candidate_worth(&p, .5, 2), .25, 0);
    CHECK_NEAR(fr_candidate_worth(&p, 7, 2), .5, 0);
    CHECK_NEAR(fr_candidate_worth(&p, .5, 0), 0, 0);
    CHECK_NEAR(fr_candidate_worth(&p, .5, (double)NAN), 0, 0);
    CHECK_NEAR(fr_candidate_worth(&p, (double)INFINITY, 2), .5, 0);
    p.shrinkage = 0;
    CHECK_NEAR(fr_candidate_worth(&p, .5, 2), .5, 0);
    CHECK_NEAR(fr_candidate_worth(&p, .5, 0), 0, 0);
}

static void test_params(void) {
    struct fr_list_params good = FR_LIST_DEFAULTS, p;
    CHECK(fr_list_params_fault(&good) == NULL);
    p = good, p.items = 0;
    CHECK(fr_list_params_fault(&p));
    p = good, p.items = FR_LIST_ITEMS_MAX + 1;
    CHECK(fr_list_params_fault(&p));
    p = good, p.seeds = FR_LIST_SEEDS_MAX + 1;
    CHECK(fr_list_params_fault(&p));
    p = good, p.reasons_per_item = 0;
    CHECK(fr_list_params_fault(&p));
    p = good, p.shrinkage = (double)NAN;
    CHECK(fr_list_params_fault(&p));
    p = good, p.group_weight = .5, p.trend_weight = .5;
    CHECK(fr_list_params_fault(&p));
    p = good, p.trend_weight = -.1;
    CHECK(fr_list_params_fault(&p));
}

static bool file_says(const char *path, const char *before, struct fr_str code, const char *after) {
    static char text[32768], wanted[64];
    FILE *f = fopen(path, "r");
    if (!f) return false;
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    snprintf(wanted, sizeof wanted, "%s%.*s%s", before, FR_STR_ARG(code), after);
    return strstr(text, wanted) != NULL;
}

/* Run from the project's folder: readers find every code in the page and in the schema. */
static void test_codes_are_documented(void) {
    for (int i = 0; i < FR_REASON_N; i++) {
        struct fr_str code = fr_reason_str((enum fr_reason_code)i);
        CHECK(file_says("docs/RECOMMENDATIONS.md", "| `", code, "` |"));
        CHECK(file_says("docs/schemas/recommendations.schema.json", "\"", code, "\""));
    }
}

int main(void) {
    ranker = fr_ranker_new();
    fr_dict_init(&hand_dict);
    RUN(test_equals_the_naive_list);
    RUN(test_numbers_do_not_matter);
    RUN(test_surplus_seeds_become_one_reason);
    RUN(test_policies);
    RUN(test_a_dislike_does_not_speak);
    RUN(test_strangers_get_what_is_popular);
    RUN(test_odd_numbers);
    RUN(test_worth);
    RUN(test_params);
    RUN(test_codes_are_documented);
    fr_dict_fini(&hand_dict);
    fr_ranker_free(ranker);
    fr_arena_fini(&arena);
    return check_done();
}
