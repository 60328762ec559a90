/* What a recommender promises, on a small made-up world: users who like every third item after one another. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/recommender.h"
#include <stdlib.h>

enum { ITEMS = 60, USERS = 20, SEEDS = 12, EVENTS = 1500 };

struct world {
    struct fr_recommender *r;
    struct fr_recommender_use *use;
    struct fr_rng rng;
    uint32_t items[ITEMS], users[USERS], surface;
    struct fr_seed seeds[USERS][SEEDS];
    uint32_t seed_n[USERS];
    fr_time_ms now_ms;
    bool jumps; /* half a year to and fro, as when partitions of a long log are read one after another */
};

static uint32_t intern(struct fr_dict *ids, char letter, uint32_t number) {
    char name[16];
    snprintf(name, sizeof name, "%c%u", letter, number * 37 % 101);
    return fr_dict_intern(ids, fr_str_of(name));
}

static void world_init(struct world *w, const struct fr_recommender_params *p) {
    *w = (struct world){.rng = {17}, .now_ms = 1700000000000};
    w->r = fr_recommender_new(p);
    w->use = fr_recommender_use_new();
    struct fr_dict *ids = fr_recommender_ids(w->r);
    for (uint32_t i = 0; i < ITEMS; i++) w->items[i] = intern(ids, 'i', i);
    for (uint32_t i = 0; i < USERS; i++) w->users[i] = intern(ids, 'u', i);
    w->surface = intern(ids, 's', 0);
    for (uint32_t i = 0; i < ITEMS; i++) {
        struct fr_candidate row[] = {{w->items[(i + 3) % ITEMS], .5f}, {w->items[(i + 6) % ITEMS], .25f}};
        fr_recommender_neighbors(w->r, w->items[i], row, 2);
    }
}

static void world_fini(struct world *w) {
    fr_recommender_use_free(w->use);
    fr_recommender_free(w->r);
}

static struct fr_query query_of(struct world *w, uint32_t u) {
    return (struct fr_query){.ids = fr_recommender_names(w->r),
                             .user = w->users[u],
                             .group = w->surface + u % 2, /* any number will do */
                             .surface = w->surface,
                             .seeds = w->seeds[u],
                             .seed_n = w->seed_n[u],
                             .now_ms = w->now_ms,
                             .draw = (uint64_t)w->now_ms};
}

static void step(struct world *w) {
    uint32_t u = fr_rng_below(&w->rng, USERS), item;
    w->now_ms += 1000 + fr_rng_below(&w->rng, 100000);
    if (w->jumps && fr_rng_below(&w->rng, 40) == 0)
        w->now_ms = 1700000000000 + (fr_time_ms)fr_rng_below(&w->rng, 180) * 86400000;
    if (w->seed_n[u] && fr_rng_below(&w->rng, 4)) {
        item = 0;
        while (w->items[item] != w->seeds[u][0].item) item++;
        item = (item + 3) % ITEMS;
    } else {
        item = fr_rng_below(&w->rng, ITEMS);
    }
    bool is_new = true;
    for (uint32_t i = 0; i < w->seed_n[u]; i++) is_new &= w->seeds[u][i].item != w->items[item];
    struct fr_example e = {.before = query_of(w, u),
                           .item = w->items[item],
                           .type = FR_EVENT_CLICK,
                           .weight = 1,
                           .is_new = is_new,
                           .sharer = FR_DICT_NONE,
                           .time_ms = w->now_ms};
    if (fr_rng_below(&w->rng, 5) == 0) {
        e.type = FR_EVENT_IMPRESSION;
        e.weight = 0;
    }
    fr_recommender_learn(w->r, &e, w->use);
    if (!is_new || e.weight == 0) return;
    if (w->seed_n[u] == SEEDS) w->seed_n[u]--;
    memmove(&w->seeds[u][1], &w->seeds[u][0], w->seed_n[u] * sizeof w->seeds[u][0]);
    w->seeds[u][0] = (struct fr_seed){.item = w->items[item], .strength = 1, .time_ms = w->now_ms};
    w->seed_n[u]++;
}

static void run(struct world *w, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) step(w);
}

/* A list as text, so that two can be compared byte by byte. */
static void describe(const struct fr_list *l, const struct fr_dict *ids, struct fr_buf *out) {
    for (uint32_t i = 0; i < l->item_n; i++) {
        fr_buf_printf(out, "%.*s %a", FR_STR_ARG(fr_dict_str(ids, l->items[i].item)), l->items[i].score);
        for (uint32_t k = 0; k < l->items[i].reason_n; k++) {
            const struct fr_reason *r = &l->items[i].reasons[k];
            struct fr_str because = r->item == FR_DICT_NONE ? FR_STR("-") : fr_dict_str(ids, r->item);
            fr_buf_printf(out, " (%d %.*s %a)", (int)r->code, FR_STR_ARG(because), r->weight);
        }
        fr_buf_byte(out, '\n');
    }
}

static void describe_all(struct world *w, struct fr_buf *out) {
    struct fr_arena arena = {0};
    for (uint32_t u = 0; u < USERS; u++) {
        struct fr_query q = query_of(w, u);
        struct fr_list l = fr_recommender_list(w->r, &q, w->use, &arena);
        describe(&l, fr_recommender_names(w->r), out);
    }
    fr_arena_fini(&arena);
}

static bool same_bytes(const struct fr_buf *a, const struct fr_buf *b) {
    return a->len == b->len && a->len > 0 && memcmp(a->data, b->data, a->len) == 0;
}

static void check_item(const struct fr_list_item *item) {
    uint64_t sum = 0;
    CHECK(item->score > 0 && item->score <= 1 && item->reason_n > 0);
    for (uint32_t k = 0; k < item->reason_n; k++) {
        sum += fr_list_units(item->reasons[k].weight);
        CHECK(item->reasons[k].weight > 0);
        for (uint32_t other = 0; other < k; other++)
            CHECK(item->reasons[k].code != item->reasons[other].code ||
                  item->reasons[k].item != item->reasons[other].item);
    }
    CHECK_INT(sum, fr_list_units(item->score));
}

static void reasons_add_up_to_scores(void) {
    struct world w;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    struct fr_arena arena = {0};
    world_init(&w, &p);
    run(&w, EVENTS);
    bool personal = false;
    for (uint32_t u = 0; u < USERS; u++) {
        struct fr_query q = query_of(&w, u);
        struct fr_list l = fr_recommender_list(w.r, &q, w.use, &arena);
        double total = 0;
        CHECK_INT(l.item_n, p.list.items);
        for (uint32_t i = 0; i < l.item_n; i++) {
            check_item(&l.items[i]);
            total += l.items[i].score;
            CHECK(i == 0 || l.items[i].score <= l.items[i - 1].score);
        }
        CHECK(total < 1.0001);
        personal |= !l.fallback;
    }
    CHECK(personal);
    fr_arena_fini(&arena);
    world_fini(&w);
}

static void learns_what_comes_next(void) {
    struct world w;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    struct fr_arena arena = {0};
    world_init(&w, &p);
    run(&w, EVENTS);
    uint32_t first = 0, asked = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        if (!w.seed_n[u]) continue;
        struct fr_query q = query_of(&w, u);
        struct fr_list l = fr_recommender_list(w.r, &q, w.use, &arena);
        uint32_t item = 0;
        while (w.items[item] != w.seeds[u][0].item) item++;
        bool seen = false;
        for (uint32_t i = 0; i < w.seed_n[u]; i++) seen |= w.seeds[u][i].item == w.items[(item + 3) % ITEMS];
        if (seen) continue;
        asked++;
        first += l.items[0].item == w.items[(item + 3) % ITEMS];
    }
    CHECK(asked > 10 && first * 10 >= asked * 6);
    fr_arena_fini(&arena);
    world_fini(&w);
}

static bool lists(const struct fr_list *l, uint32_t item) {
    for (uint32_t i = 0; i < l->item_n; i++)
        if (l->items[i].item == item) return true;
    return false;
}

static void seen_items_go_by_policy(void) {
    for (int seen = FR_SEEN_SHOW; seen <= FR_SEEN_PURCHASED; seen++) {
        struct world w;
        struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
        struct fr_arena arena = {0};
        p.list.seen = (enum fr_seen)seen;
        p.list.items = ITEMS;
        world_init(&w, &p);
        run(&w, EVENTS);
        w.seeds[0][0].disliked = true;
        w.seeds[0][1].purchased = true;
        struct fr_query q = query_of(&w, 0);
        struct fr_list l = fr_recommender_list(w.r, &q, w.use, &arena);
        CHECK(!lists(&l, w.seeds[0][0].item));
        CHECK(lists(&l, w.seeds[0][1].item) == (seen == FR_SEEN_SHOW));
        CHECK(lists(&l, w.seeds[0][2].item) == (seen != FR_SEEN_HIDE));
        fr_arena_fini(&arena);
        world_fini(&w);
    }
}

static void the_same_events_give_the_same_bytes(void) {
    struct world a, b;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    struct fr_buf x = {0}, y = {0};
    world_init(&a, &p);
    world_init(&b, &p);
    run(&a, EVENTS);
    for (uint32_t i = 0; i < EVENTS; i++) { /* lists in between change nothing */
        step(&b);
        if (i % 10 == 0) describe_all(&b, &y);
    }
    fr_buf_clear(&y);
    describe_all(&a, &x);
    describe_all(&b, &y);
    CHECK(same_bytes(&x, &y));
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    world_fini(&a);
    world_fini(&b);
}

static void a_saved_recommender_goes_on(void) {
    struct world a, b;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    world_init(&a, &p);
    run(&a, EVENTS);
    struct fr_tensors_writer *writer = fr_tensors_writer_new();
    fr_recommender_save(a.r, writer);
    struct fr_buf bytes = {0}, x = {0}, y = {0};
    fr_tensors_finish(writer, &bytes);
    fr_tensors_writer_free(writer);
    struct fr_tensors_file *f = NULL;
    CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
    b = a;
    b.r = fr_recommender_new(&p);
    b.use = fr_recommender_use_new();
    struct fr_errmsg msg = {0};
    if (fr_recommender_load(b.r, f, &msg) != FR_OK) CHECK_STR(msg.text, "");
    for (int round = 0; round < 2; round++) {
        fr_buf_clear(&x);
        fr_buf_clear(&y);
        describe_all(&a, &x);
        describe_all(&b, &y);
        CHECK(same_bytes(&x, &y));
        run(&a, EVENTS);
        run(&b, EVENTS);
    }
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    world_fini(&a);
    world_fini(&b);
}

/* Lessons of the ranker have a budget by the examples' own time; sources learn from every example. */
static void lessons_have_a_budget(void) {
    struct world w;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    for (uint32_t per_s = 0; per_s < 20; per_s += 5) {
        p.lessons_per_s = per_s;
        world_init(&w, &p);
        uint32_t lessons = 0;
        for (uint32_t i = 0; i < 2000; i++) {
            struct fr_query q = query_of(&w, i % USERS);
            struct fr_example e = {.before = q, .item = w.items[i % ITEMS], .weight = 1, .is_new = true};
            e.time_ms = w.now_ms + i; /* a thousand a second */
            lessons += fr_recommender_learn(w.r, &e, w.use);
        }
        if (per_s == 0) CHECK_INT(lessons, 2000);
        uint32_t budget = 3 * per_s - 1; /* and one in 32 of what is left */
        if (per_s) CHECK(lessons > budget + 2000 / 64 && lessons < budget + 2000 / 16);
        world_fini(&w);
    }
}

/* What is so late that nothing is left of it must not make a state that cannot be read again. */
static void a_log_out_of_order_can_be_saved_and_read(void) {
    struct world w;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    world_init(&w, &p);
    w.jumps = true;
    for (int round = 0; round < 20; round++) {
        struct fr_tensors_writer *writer = fr_tensors_writer_new();
        struct fr_tensors_file *f = NULL;
        struct fr_buf bytes = {0}, list = {0};
        struct fr_errmsg msg = {0};
        run(&w, 300);
        fr_recommender_save(w.r, writer);
        fr_tensors_finish(writer, &bytes);
        fr_tensors_writer_free(writer);
        CHECK_INT(fr_tensors_open(fr_buf_slice(&bytes), &f, NULL), FR_OK);
        struct fr_recommender *again = fr_recommender_new(&p);
        if (fr_recommender_load(again, f, &msg) != FR_OK) CHECK_STR(msg.text, "");
        fr_recommender_free(again);
        describe_all(&w, &list);
        fr_buf_byte(&list, 0);
        CHECK(!strstr(list.data, "nan") && !strstr(list.data, "inf"));
        fr_tensors_close(f);
        fr_buf_fini(&bytes);
        fr_buf_fini(&list);
    }
    world_fini(&w);
}

/* Exploring gives places to newcomers with a propensity; an item that is not available is nobody's. */
static void rules_arrange_the_list(void) {
    struct world w;
    struct fr_recommender_params p = FR_RECOMMENDER_DEFAULTS;
    struct fr_arena arena = {0};
    p.exploration = .3;
    world_init(&w, &p);
    run(&w, EVENTS);
    struct fr_query q = query_of(&w, 0);
    struct fr_list before = fr_recommender_list(w.r, &q, w.use, &arena);
    uint32_t gone = before.items[0].item;
    struct fr_catalog catalog;
    fr_catalog_init(&catalog, fr_recommender_ids(w.r));
    fr_catalog_put(&catalog, &(struct fr_item_record){.id = fr_dict_str(q.ids, gone), .is_available = false});
    fr_recommender_catalog(w.r, &catalog, NULL);
    struct fr_list l = fr_recommender_list(w.r, &q, w.use, &arena);
    CHECK(l.item_n == before.item_n && lists(&before, gone) && !lists(&l, gone));
    bool drawn = false;
    for (uint32_t i = 0; i < l.item_n; i++) {
        check_item(&l.items[i]);
        CHECK(l.items[i].propensity > 0 && l.items[i].propensity <= 1);
        drawn |= l.items[i].propensity < .5;
    }
    CHECK(drawn);
    fr_catalog_fini(&catalog);
    fr_arena_fini(&arena);
    world_fini(&w);
}

static void nobody_knows_anything_at_first(void) {
    struct world w;
    struct fr_arena arena = {0};
    world_init(&w, &FR_RECOMMENDER_DEFAULTS);
    struct fr_query q = query_of(&w, 0);
    struct fr_list l = fr_recommender_list(w.r, &q, w.use, &arena);
    CHECK_INT(l.item_n, 0);
    run(&w, EVENTS);
    q.seed_n = 0; /* somebody new sees what is popular */
    q.user = FR_DICT_NONE;
    q.now_ms = w.now_ms;
    l = fr_recommender_list(w.r, &q, w.use, &arena);
    CHECK(l.item_n == 20 && l.fallback);
    fr_arena_fini(&arena);
    world_fini(&w);
}

int main(void) {
    RUN(reasons_add_up_to_scores);
    RUN(learns_what_comes_next);
    RUN(seen_items_go_by_policy);
    RUN(the_same_events_give_the_same_bytes);
    RUN(a_saved_recommender_goes_on);
    RUN(lessons_have_a_budget);
    RUN(a_log_out_of_order_can_be_saved_and_read);
    RUN(rules_arrange_the_list);
    RUN(nobody_knows_anything_at_first);
    return check_done();
}
