/* Places: against a naive arrangement by MMR, and what the rules promise. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/arrange.h"
#include <stdlib.h>

enum { ITEMS = 40, FEATURES = 6, PLACES = 15, DAY_MS = 86400000 };

struct world {
    struct fr_dict ids;
    struct fr_catalog catalog;
    struct fr_rows content;
    struct fr_arena arena;
    struct fr_ranked ranked[ITEMS], fresh[ITEMS];
    struct fr_query query;
    struct fr_surface surface;
    struct fr_arrange_input in;
    struct fr_arranged out[FR_LIST_ITEMS_MAX];
};

/* Rows of length 1 with a few features. */
static void make_content(struct fr_rows *c, uint64_t seed) {
    struct fr_rng rng = {seed};
    *c = (struct fr_rows){.row_n = ITEMS, .column_n = FEATURES};
    c->start = fr_alloc_zero(ITEMS + 1, sizeof *c->start);
    c->columns = fr_alloc(ITEMS * FEATURES * sizeof *c->columns);
    c->values = fr_alloc(ITEMS * FEATURES * sizeof *c->values);
    for (uint32_t i = 0; i < ITEMS; i++) {
        size_t n = c->start[i];
        for (uint32_t f = 0; f < FEATURES; f++)
            if (fr_rng_below(&rng, 2)) c->columns[n] = f, c->values[n++] = (float)(1 + fr_rng_below(&rng, 3));
        double length = 0;
        for (size_t k = c->start[i]; k < n; k++) length += (double)c->values[k] * (double)c->values[k];
        for (size_t k = c->start[i]; k < n; k++) c->values[k] = (float)((double)c->values[k] / sqrt(length));
        c->start[i + 1] = n;
    }
}

static struct fr_item_record record_of(const char *id) {
    return (struct fr_item_record){.id = fr_str_of(id), .price = (double)NAN, .is_available = true};
}

/* Item i is called i<i>, is in the catalogue and has score (ITEMS - i) / ITEMS. */
static void open_world(struct world *w) {
    *w = (struct world){.surface = FR_SURFACE_DEFAULTS};
    fr_dict_init(&w->ids);
    fr_catalog_init(&w->catalog, &w->ids);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char id[8];
        snprintf(id, sizeof id, "i%02u", i);
        struct fr_item_record record = record_of(id);
        record.price = i;
        fr_catalog_put(&w->catalog, &record);
        w->ranked[i] = (struct fr_ranked){.item = i, .score = (double)(ITEMS - i) / ITEMS};
        w->fresh[i] = (struct fr_ranked){.item = i};
    }
    make_content(&w->content, 7);
    w->query = (struct fr_query){.ids = &w->ids, .draw = 1, .now_ms = INT64_C(1700000000000)};
    w->surface.items = PLACES;
    w->in = (struct fr_arrange_input){.query = &w->query,
                                      .catalog = &w->catalog,
                                      .ranked = w->ranked,
                                      .ranked_n = ITEMS,
                                      .fresh = w->fresh};
}

static void close_world(struct world *w) {
    fr_catalog_fini(&w->catalog);
    fr_dict_fini(&w->ids);
    fr_rows_fini(&w->content);
    fr_arena_fini(&w->arena);
}

static uint32_t arrange(struct world *w) {
    fr_arena_clear(&w->arena);
    CHECK(fr_surface_fault(&w->surface) == NULL);
    return fr_arrange(&w->surface, &w->in, &w->arena, w->out);
}

static bool has(const struct world *w, uint32_t n, uint32_t item) {
    for (uint32_t i = 0; i < n; i++)
        if (w->out[i].item == item) return true;
    return false;
}

static void test_without_rules_it_is_the_first_candidates(void) {
    struct world w;
    open_world(&w);
    CHECK_INT(arrange(&w), PLACES);
    for (uint32_t i = 0; i < PLACES; i++) {
        CHECK_INT(w.out[i].item, i);
        CHECK_INT(w.out[i].at, i);
        CHECK(!w.out[i].is_explored);
        CHECK_NEAR(w.out[i].propensity, 1, 0);
    }
    w.in.ranked_n = 3;
    CHECK_INT(arrange(&w), 3);
    w.in.ranked_n = 0;
    CHECK_INT(arrange(&w), 0);
    close_world(&w);
}

/* Every round looks at every pair. */
static void naive_mmr(const struct world *w, double diversity, uint32_t *out) {
    bool used[ITEMS] = {false};
    for (uint32_t p = 0; p < PLACES; p++) {
        int best = -1;
        double best_worth = 0;
        for (int i = 0; i < ITEMS; i++) {
            if (used[i]) continue;
            double nearest = 0;
            for (uint32_t q = 0; q < p; q++) {
                double s = fr_rows_dot(&w->content, out[q], (uint32_t)i);
                if (s > nearest) nearest = s;
            }
            double worth = (1 - diversity) * w->ranked[i].score / w->ranked[0].score - diversity * nearest;
            if (best < 0 || worth > best_worth) best = i, best_worth = worth;
        }
        used[best] = true;
        out[p] = (uint32_t)best;
    }
}

static void test_diversity_is_mmr(void) {
    struct world w;
    open_world(&w);
    w.in.content = &w.content;
    for (uint64_t seed = 1; seed < 40; seed++) {
        uint32_t want[PLACES];
        fr_rows_fini(&w.content);
        make_content(&w.content, seed);
        w.surface.diversity = (double)(seed % 9 + 1) / 10;
        naive_mmr(&w, w.surface.diversity, want);
        CHECK_INT(arrange(&w), PLACES);
        for (uint32_t i = 0; i < PLACES; i++) CHECK_INT(w.out[i].item, want[i]);
    }
    close_world(&w);
}

static double alike_if_neighbours(void *context, uint32_t a, uint32_t b) {
    (void)context;
    return a / 2 == b / 2 ? 1 : 0;
}

static void test_diversity_falls_back(void) {
    struct world w;
    open_world(&w);
    w.surface.diversity = .9;
    w.in.similar = alike_if_neighbours;
    arrange(&w);
    for (uint32_t i = 0; i < PLACES; i++) CHECK_INT(w.out[i].item, 2 * i);
    w.in.similar = NULL; /* by category: item 1 and all below 10 are in the same */
    const struct fr_str books[] = {FR_STR("media"), FR_STR("books")},
                        music[] = {FR_STR("media"), FR_STR("music")};
    for (uint32_t i = 0; i < ITEMS; i++) {
        struct fr_item_record record = record_of("");
        record.id = fr_dict_str(&w.ids, i);
        record.category = i < 10 ? books : music;
        record.category_n = 2;
        fr_catalog_put(&w.catalog, &record);
    }
    arrange(&w);
    CHECK_INT(w.out[0].item, 0);
    CHECK_INT(w.out[1].item, 10);
    close_world(&w);
}

static void test_what_the_history_hides(void) {
    struct world w;
    open_world(&w);
    const struct fr_seed seeds[] = {
        {.item = 0, .strength = 1, .types = 1u << FR_EVENT_CLICK, .time_ms = w.query.now_ms - DAY_MS},
        {.item = 1,
         .strength = 4,
         .purchased = true,
         .types = 1u << FR_EVENT_PURCHASE,
         .time_ms = w.query.now_ms - 10 * DAY_MS},
        {.item = 2, .disliked = true},
        {.item = 3, .strength = 1, .time_ms = w.query.now_ms}};
    w.query.seeds = seeds;
    w.query.seed_n = 4;
    uint32_t n = arrange(&w);
    CHECK_INT(w.out[0].item, 4);
    w.surface.seen = FR_SEEN_PURCHASED;
    n = arrange(&w);
    CHECK(has(&w, n, 0) && !has(&w, n, 1) && !has(&w, n, 2) && has(&w, n, 3));
    w.surface.seen = FR_SEEN_SHOW;
    n = arrange(&w);
    CHECK(has(&w, n, 0) && has(&w, n, 1) && !has(&w, n, 2) && has(&w, n, 3));
    w.surface.hide_types = 1u << FR_EVENT_PURCHASE | 1u << FR_EVENT_LIKE;
    n = arrange(&w); /* of item 3 it is not said what was done */
    CHECK(has(&w, n, 0) && !has(&w, n, 1) && !has(&w, n, 3));
    w.surface.hide_ms = 5 * DAY_MS;
    n = arrange(&w);
    CHECK(has(&w, n, 1) && !has(&w, n, 3));
    close_world(&w);
}

static void test_filters_availability_and_boosts(void) {
    struct world w;
    open_world(&w);
    struct fr_item_record gone = record_of("i01");
    gone.is_available = false;
    fr_catalog_put(&w.catalog, &gone);
    CHECK_INT(arrange(&w), PLACES);
    CHECK(!has(&w, PLACES, 1));
    w.surface.hide_unavailable = false;
    arrange(&w);
    CHECK(has(&w, PLACES, 1));
    struct fr_arena texts = {0};
    const char *why;
    struct fr_filter cheap;
    CHECK(fr_filter_parse(FR_STR("price>=5"), &texts, &cheap, &why));
    w.surface.filters = &cheap;
    w.surface.filter_n = 1;
    arrange(&w);
    CHECK_INT(w.out[0].item, 5);
    struct fr_boost boost = {.factor = 2};
    CHECK(fr_filter_parse(FR_STR("price=20"), &texts, &boost.when, &why));
    w.surface.boosts = &boost;
    w.surface.boost_n = 1;
    arrange(&w);
    CHECK_INT(w.out[0].item, 20); /* 20/40 twice is more than 35/40 */
    CHECK_INT(w.out[0].at, 20);
    fr_arena_fini(&texts);
    close_world(&w);
}

/* The same list in another dictionary's numbers is the same list. */
static void test_rotation_varies_by_draw_and_not_by_numbers(void) {
    struct world a, b;
    open_world(&a);
    open_world(&b);
    fr_catalog_fini(&b.catalog);
    fr_dict_fini(&b.ids);
    fr_dict_init(&b.ids);
    for (uint32_t i = 0; i < ITEMS; i++) fr_dict_intern(&b.ids, fr_dict_str(&a.ids, i * 7 % ITEMS));
    for (uint32_t i = 0; i < ITEMS; i++) b.ranked[i].item = fr_dict_find(&b.ids, fr_dict_str(&a.ids, i));
    uint32_t changed = 0;
    for (uint64_t draw = 1; draw < 50; draw++) {
        a.surface.rotation = b.surface.rotation = .2;
        a.query.draw = b.query.draw = draw;
        CHECK_INT(arrange(&a), PLACES);
        CHECK_INT(arrange(&b), PLACES);
        for (uint32_t i = 0; i < PLACES; i++) {
            CHECK(fr_str_eq(fr_dict_str(&a.ids, a.out[i].item), fr_dict_str(&b.ids, b.out[i].item)));
            CHECK_INT(a.out[i].at, b.out[i].at);
            CHECK(a.out[i].item < PLACES + ITEMS / 2); /* nobody rises from the bottom */
            changed += a.out[i].item != i;
        }
    }
    CHECK(changed > 300);
    close_world(&a);
    close_world(&b);
}

/* Over many lists each item comes to a place as often as the propensities say. */
static void hold_propensities(struct world *w, double tolerance) {
    enum { LISTS = 20000 };
    double came[2 * ITEMS] = {0}, said[2 * ITEMS] = {0};
    for (uint64_t draw = 1; draw <= LISTS; draw++) {
        w->query.draw = draw;
        uint32_t n = arrange(w);
        CHECK_INT(n, 1);
        came[w->out[0].item]++;
        said[w->out[0].item] = w->out[0].propensity;
    }
    for (uint32_t i = 0; i < 2 * ITEMS; i++)
        if (came[i] > 0) CHECK_NEAR(came[i] / LISTS, said[i], tolerance);
}

static void test_propensities_are_frequencies(void) {
    struct world w;
    open_world(&w);
    w.surface.items = 1;
    w.surface.exploration = .3;
    for (uint32_t i = 0; i < 5; i++) w.fresh[i].item = 20 + i;
    w.in.fresh_n = 5;
    hold_propensities(&w, .012);
    w.fresh[4].item = 0; /* the best candidate may come by exploration too */
    hold_propensities(&w, .012);
    close_world(&w);
}

static void test_exploration_fills_its_share(void) {
    struct world w;
    open_world(&w);
    w.surface.exploration = .2;
    for (uint32_t i = 0; i < 20; i++) w.fresh[i].item = 20 + i;
    w.in.fresh_n = 20;
    w.in.ranked_n = 20;
    uint32_t explored = 0;
    for (uint64_t draw = 1; draw <= 1000; draw++) {
        w.query.draw = draw;
        CHECK_INT(arrange(&w), PLACES);
        for (uint32_t i = 0; i < PLACES; i++) {
            explored += w.out[i].is_explored;
            CHECK(w.out[i].is_explored == (w.out[i].item >= 20));
            CHECK(w.out[i].propensity > 0 && w.out[i].propensity <= 1);
            for (uint32_t k = 0; k < i; k++) CHECK(w.out[i].item != w.out[k].item);
        }
    }
    CHECK_NEAR(explored / (1000. * PLACES), .2, .01);
    w.in.ranked_n = 0; /* nothing else: all places are explored, until the pool is empty */
    w.surface.items = 30;
    CHECK_INT(arrange(&w), 20);
    CHECK_NEAR(w.out[0].propensity, 1 / 20., 1e-12);
    CHECK_NEAR(w.out[19].propensity, 1, 1e-12);
    close_world(&w);
}

static void test_thompson_prefers_what_was_taken(void) {
    struct world w;
    open_world(&w);
    w.surface.items = 1;
    w.surface.exploration = .5;
    w.surface.exploring = FR_EXPLORE_THOMPSON;
    w.in.ranked_n = 1;
    w.fresh[0] = (struct fr_ranked){.item = 10, .shown = 100, .taken = 30};
    w.fresh[1] = (struct fr_ranked){.item = 11, .shown = 100, .taken = 5};
    w.fresh[2] = (struct fr_ranked){.item = 12}; /* nothing is known of it */
    w.in.fresh_n = 3;
    double came[ITEMS] = {0}, said[ITEMS] = {0};
    for (uint64_t draw = 1; draw <= 4000; draw++) {
        w.query.draw = draw;
        arrange(&w);
        came[w.out[0].item]++;
        said[w.out[0].item] += w.out[0].propensity;
    }
    CHECK(came[12] > came[10] && came[10] > 10 * came[11] && came[11] < 20);
    /* Beta(31, 71) against one uniform number: P(uniform below) is the mean, 31 / 102, of half the lists. */
    CHECK_NEAR(came[10] / 4000, .5 * 31 / 102, .02);
    CHECK_NEAR(said[10] / came[10], came[10] / 4000, .02); /* the estimates' mean */
    close_world(&w);
}

static void test_faults_of_surfaces(void) {
    struct fr_surface s = FR_SURFACE_DEFAULTS;
    CHECK(fr_surface_fault(&s) == NULL);
    s.items = 0;
    CHECK(fr_surface_fault(&s));
    s.items = 201;
    CHECK(fr_surface_fault(&s));
    s.items = 20;
    s.diversity = 1.1;
    CHECK(fr_surface_fault(&s));
    s.diversity = (double)NAN;
    CHECK(fr_surface_fault(&s));
    s.diversity = 1;
    s.exploration = .6;
    CHECK(fr_surface_fault(&s));
    s.exploration = .5;
    s.rotation = -1;
    CHECK(fr_surface_fault(&s));
    s.rotation = 0;
    struct fr_boost boost = {.factor = 0};
    s.boosts = &boost;
    s.boost_n = 1;
    CHECK(fr_surface_fault(&s));
    boost.factor = 2;
    CHECK(fr_surface_fault(&s) == NULL);
}

int main(void) {
    RUN(test_without_rules_it_is_the_first_candidates);
    RUN(test_diversity_is_mmr);
    RUN(test_diversity_falls_back);
    RUN(test_what_the_history_hides);
    RUN(test_filters_availability_and_boosts);
    RUN(test_rotation_varies_by_draw_and_not_by_numbers);
    RUN(test_propensities_are_frequencies);
    RUN(test_exploration_fills_its_share);
    RUN(test_thompson_prefers_what_was_taken);
    RUN(test_faults_of_surfaces);
    return check_done();
}
