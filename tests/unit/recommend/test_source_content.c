/* The content source: against a naive one that looks at every item, cold items, dislikes, and that lists, saving and renewing
 * keep what was learnt. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/source_content.h"
#include <stdlib.h>

enum { ITEMS = 400, SEEDS = 6, MOST = 15 };

struct world {
    struct fr_dict ids;
    struct fr_catalog catalog;
    struct fr_features *features;
    struct fr_source *source;
    struct fr_scratch scratch;
    struct fr_arena arena;
};

static void put(struct world *w, const char *json) {
    struct fr_item_record record;
    struct fr_item_faults faults;
    fr_arena_clear(&w->arena);
    CHECK(fr_item_record_read(fr_str_of(json), (struct fr_str){0}, &w->arena, &record, &faults));
    fr_catalog_put(&w->catalog, &record);
}

static void open_world(struct world *w) {
    *w = (struct world){0};
    fr_dict_init(&w->ids);
    fr_catalog_init(&w->catalog, &w->ids);
}

static void make_source(struct world *w) {
    w->features = fr_features_new(&w->catalog, &FR_FEATURES_DEFAULTS);
    w->source = fr_source_content_new(&w->catalog, w->features);
}

static void close_world(struct world *w) {
    if (w->source) w->source->ops->free(w->source);
    fr_features_free(w->features);
    fr_catalog_fini(&w->catalog);
    fr_dict_fini(&w->ids);
    fr_scratch_fini(&w->scratch);
    fr_arena_fini(&w->arena);
}

/* Items with a category, a brand and tags; `stride` decides in which order they are numbered. */
static void fill(struct world *w, uint32_t items, uint32_t stride) {
    for (uint32_t i = 0; i < items; i++) {
        uint32_t k = i * stride % items;
        struct fr_rng rng = {k + 1};
        char json[256];
        snprintf(
            json, sizeof json,
            "{\"id\":\"i%u\",\"category\":\"c%u\",\"brand\":\"b%u\",\"tags\":[\"t%u\",\"t%u\"],\"price\":%u,"
            "\"created\":%u,\"available\":%s}",
            k, fr_rng_below(&rng, 5), fr_rng_below(&rng, 20), fr_rng_below(&rng, 30), fr_rng_below(&rng, 30),
            fr_rng_below(&rng, 100), 1700000000 + fr_rng_below(&rng, 2), k % 17 == 3 ? "false" : "true");
        put(w, json);
    }
    make_source(w);
}

static uint32_t number(const struct world *w, const char *id) { return fr_dict_find(&w->ids, fr_str_of(id)); }

static uint32_t item(const struct world *w, uint32_t k) {
    char id[16];
    snprintf(id, sizeof id, "i%u", k);
    return number(w, id);
}

static uint32_t propose(struct world *w, const struct fr_seed *seeds, uint32_t n, struct fr_vote *out) {
    struct fr_query q = {.ids = &w->ids, .seeds = seeds, .seed_n = n};
    return w->source->ops->propose(w->source, &q, &w->scratch, MOST, out);
}

static void take(struct world *w, uint32_t i) {
    w->source->ops->learn(w->source,
                          &(struct fr_example){.before = {.ids = &w->ids}, .item = i, .weight = 1});
}

/* ---- naive ---- */

struct naive {
    uint32_t item;
    double score,
        positive; /* positive: what speaks for it, without heat; the source looks at the first 2 MOST of these */
};

/* From whole vectors in double precision; heats[item] is the decayed number of takes. */
static void naive_scores(const struct world *w, const struct fr_seed *seeds, uint32_t n, const double *heats,
                         struct naive *out) {
    const struct fr_rows *r = &w->features->rows;
    double *interest = fr_alloc_zero(r->column_n, sizeof *interest), recency = 1, total = 0, liked = 0,
           squares = 0;
    double weights[SEEDS];
    for (uint32_t s = 0; s < n; s++) {
        recency *= .95;
        weights[s] = seeds[s].strength * recency;
        if (!seeds[s].disliked) total += weights[s], liked++;
    }
    for (uint32_t s = 0; s < n; s++)
        for (size_t i = r->start[seeds[s].item]; i < r->start[seeds[s].item + 1]; i++)
            interest[r->columns[i]] +=
                (seeds[s].disliked ? -total / liked : weights[s]) * (double)r->values[i];
    for (uint32_t f = 0; f < r->column_n; f++) squares += interest[f] * interest[f];
    for (uint32_t c = 0; c < r->row_n; c++) {
        out[c] = (struct naive){c, 0, 0};
        for (size_t i = r->start[c]; i < r->start[c + 1]; i++)
            out[c].score += interest[r->columns[i]] * (double)r->values[i] / sqrt(squares),
                out[c].positive += fmax(0, interest[r->columns[i]]) * (double)r->values[i];
        out[c].score *= 1 + log(1 + heats[c]) / 2;
        for (uint32_t s = 0; s < n; s++)
            if (seeds[s].item == c) out[c].positive = 0;
        if (!fr_catalog_get(&w->catalog, c)->is_available) out[c].positive = 0;
    }
    free(interest);
}

static int by_score(const void *a, const void *b) {
    const struct naive *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

static int by_positive(const void *a, const void *b) {
    const struct naive *x = a, *y = b;
    return (x->positive < y->positive) - (x->positive > y->positive);
}

static void test_as_the_naive_one(void) {
    struct world w;
    struct fr_rng rng = {11};
    static struct naive want[ITEMS];
    static double heats[ITEMS];
    open_world(&w);
    fill(&w, ITEMS, 1);
    for (int round = 0; round < 60; round++) {
        struct fr_seed seeds[SEEDS];
        struct fr_vote got[MOST];
        uint32_t first = fr_rng_below(&rng, ITEMS);
        for (uint32_t s = 0; s < SEEDS; s++)
            seeds[s] = (struct fr_seed){.item = (first + s * 37) % ITEMS,
                                        .strength = s == 4 ? 0 : 1 + fr_rng_below(&rng, 4),
                                        .disliked = s == 4};
        naive_scores(&w, seeds, SEEDS, heats, want);
        qsort(want, ITEMS, sizeof *want, by_positive);
        qsort(want, 2 * MOST, sizeof *want, by_score);
        CHECK_INT(propose(&w, seeds, SEEDS, got), MOST);
        for (uint32_t i = 0; i < MOST; i++) {
            CHECK_NEAR(got[i].score, want[i].score, 1e-5);
            bool is_seed = false;
            for (uint32_t s = 0; s < SEEDS; s++)
                is_seed |= got[i].because == seeds[s].item && !seeds[s].disliked;
            CHECK(is_seed);
        }
        for (int t = 0; t < 3; t++) {
            uint32_t i = fr_rng_below(&rng, ITEMS);
            take(&w, i);
            for (int k = 0; k < ITEMS; k++) heats[k] *= pow(2, -1. / FR_CONTENT_HALF_LIFE);
            heats[i]++;
        }
    }
    close_world(&w);
}

static void test_cold_items_and_explanations(void) {
    struct world w;
    struct fr_vote got[MOST];
    open_world(&w);
    put(&w, "{\"id\":\"jazz1\",\"tags\":[\"jazz\",\"live\"],\"brand\":\"blue\"}");
    put(&w, "{\"id\":\"rock1\",\"tags\":[\"rock\"]}");
    put(&w, "{\"id\":\"jazz2\",\"tags\":[\"jazz\",\"live\"],\"brand\":\"blue\"}");
    put(&w, "{\"id\":\"rock2\",\"tags\":[\"rock\"]}");
    put(&w, "{\"id\":\"jazz3\",\"tags\":[\"jazz\"]}");
    put(&w, "{\"id\":\"other\",\"tags\":[\"pop\"]}");
    make_source(&w);
    uint32_t cold = fr_dict_intern(&w.ids, FR_STR("not in the catalogue"));
    struct fr_seed seeds[] = {{.item = cold, .strength = 9},
                              {.item = number(&w, "jazz1"), .strength = 2},
                              {.item = number(&w, "rock1"), .strength = 1}};
    CHECK_INT(propose(&w, seeds, 3, got), 3);
    CHECK_INT(got[0].item, number(&w, "jazz2"));
    CHECK_INT(got[0].because, number(&w, "jazz1"));
    for (int i = 1; i < 3; i++)
        if (got[i].item == number(&w, "rock2")) CHECK_INT(got[i].because, number(&w, "rock1"));
    seeds[2].disliked = true;
    seeds[2].strength = 0;
    CHECK_INT(propose(&w, seeds, 3, got), 2);     /* rock2 is not proposed */
    CHECK_INT(propose(&w, seeds + 2, 1, got), 0); /* nothing but a dislike */
    CHECK_INT(propose(&w, seeds, 1, got), 0);
    CHECK_INT(propose(&w, NULL, 0, got), 0);
    close_world(&w);
}

static void same_votes(struct world *a, struct world *b, struct fr_rng *rng) {
    struct fr_seed x[2], y[2];
    struct fr_vote got[MOST], want[MOST];
    for (int s = 0; s < 2; s++) {
        uint32_t k = fr_rng_below(rng, ITEMS);
        x[s] = y[s] = (struct fr_seed){.strength = 1 + s};
        x[s].item = item(a, k);
        y[s].item = item(b, k);
    }
    uint32_t n = propose(a, x, 2, got);
    CHECK_INT(propose(b, y, 2, want), n);
    for (uint32_t i = 0; i < n; i++) {
        CHECK(fr_str_eq(fr_dict_str(&a->ids, got[i].item), fr_dict_str(&b->ids, want[i].item)));
        CHECK(memcmp(&got[i].score, &want[i].score, sizeof got[i].score) == 0);
    }
}

static void test_numbers_do_not_matter(void) {
    struct world a, b;
    struct fr_rng rng = {4};
    open_world(&a);
    open_world(&b);
    fill(&a, 6000, 1); /* 1,200 in a category: more than a list holds */
    fill(&b, 6000, 7);
    for (int i = 0; i < 300; i++) {
        uint32_t k = fr_rng_below(&rng, ITEMS);
        take(&a, item(&a, k));
        take(&b, item(&b, k));
        if (i % 10 == 0) same_votes(&a, &b, &rng);
    }
    close_world(&a);
    close_world(&b);
}

/* Far more items of a feature than its list holds: what was learnt one by one is what is rebuilt from what is saved. */
static void test_saved_and_renewed_go_on_the_same(void) {
    enum { MANY = 12000 };
    struct world a;
    struct fr_rng rng = {9};
    struct fr_errmsg msg = {0};
    open_world(&a);
    fill(&a, MANY, 1);
    for (int i = 0; i < 6000; i++) take(&a, item(&a, fr_rng_below(&rng, MANY)));
    struct fr_tensors_writer *writer = fr_tensors_writer_new();
    struct fr_buf saved = {0};
    struct fr_tensors_file *file;
    a.source->ops->save(a.source, writer);
    fr_tensors_finish(writer, &saved);
    fr_tensors_writer_free(writer);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&saved), &file, &msg), FR_OK);
    struct fr_source *read = fr_source_content_new(&a.catalog, a.features);
    CHECK_INT(read->ops->load(read, file, &msg), FR_OK);
    struct fr_source *renewed = fr_source_content_renew(a.source, &a.catalog, a.features), *old = a.source;
    struct world loaded = a, again = a;
    loaded.source = read;
    again.source = renewed;
    loaded.scratch = again.scratch = (struct fr_scratch){0};
    for (int i = 0; i < 400; i++) {
        uint32_t k = item(&a, fr_rng_below(&rng, MANY));
        take(&a, k);
        take(&loaded, k);
        take(&again, k);
        same_votes(&a, &loaded, &(struct fr_rng){(uint64_t)i});
        same_votes(&a, &again, &(struct fr_rng){(uint64_t)i});
    }
    CHECK(a.source == old && a.source->ops->bytes(a.source) > 1000);
    renewed->ops->free(renewed);
    read->ops->free(read);
    fr_scratch_fini(&loaded.scratch);
    fr_scratch_fini(&again.scratch);
    fr_tensors_close(file);
    fr_buf_fini(&saved);
    close_world(&a);
}

static void test_what_is_not_its_own_is_refused(void) {
    struct world w;
    struct fr_errmsg msg = {0};
    open_world(&w);
    fill(&w, 50, 1);
    const uint64_t taken[] = {1, 9}, examples = 5;
    const float heat[] = {1, 1};
    struct fr_tensors_writer *writer = fr_tensors_writer_new();
    struct fr_buf saved = {0};
    struct fr_tensors_file *file;
    fr_tensors_put_vector(writer, "content.taken", FR_TENSOR_U64, 2, taken);
    fr_tensors_put_vector(writer, "content.heat", FR_TENSOR_F32, 2, heat);
    fr_tensors_put_vector(writer, "content.examples", FR_TENSOR_U64, 1, &examples);
    fr_tensors_finish(writer, &saved);
    fr_tensors_writer_free(writer);
    CHECK_INT(fr_tensors_open(fr_buf_slice(&saved), &file, &msg), FR_OK);
    CHECK_INT(w.source->ops->load(w.source, file, &msg), FR_STATE_CORRUPT); /* the ninth of five */
    fr_tensors_close(file);
    fr_buf_fini(&saved);
    close_world(&w);
}

int main(void) {
    RUN(test_as_the_naive_one);
    RUN(test_cold_items_and_explanations);
    RUN(test_numbers_do_not_matter);
    RUN(test_saved_and_renewed_go_on_the_same);
    RUN(test_what_is_not_its_own_is_refused);
    return check_done();
}
