/* TF-IDF: the figures of scikit-learn 1.9.1's TfidfVectorizer (analyzer: the same tokens) on four items, bands, what is
 * completed, and that numbers of items do not matter. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/catalog/features.h"
#include <stdlib.h>

struct shop {
    struct fr_dict ids;
    struct fr_catalog catalog;
    struct fr_features *features;
};

static void open_shop(struct shop *s) {
    *s = (struct shop){0};
    fr_dict_init(&s->ids);
    fr_catalog_init(&s->catalog, &s->ids);
}

static void close_shop(struct shop *s) {
    fr_features_free(s->features);
    fr_catalog_fini(&s->catalog);
    fr_dict_fini(&s->ids);
}

static void put(struct shop *s, const char *json) {
    struct fr_arena arena = {0};
    struct fr_item_record record;
    struct fr_item_faults faults;
    CHECK(fr_item_record_read(fr_str_of(json), (struct fr_str){0}, &arena, &record, &faults));
    fr_catalog_put(&s->catalog, &record);
    fr_arena_fini(&arena);
}

static const struct fr_features_params plain = {
    .category = 1, .brand = 1, .tag = 1, .word = 1, .price = 1, .attribute = 1, .least_items = 1, .bands = 4};

static void make(struct shop *s, const struct fr_features_params *p) {
    fr_features_free(s->features);
    s->features = fr_features_new(&s->catalog, p);
}

/* 0: the item has not that feature. */
static double value(const struct shop *s, const char *id, const char *feature) {
    uint32_t row = fr_dict_find(&s->ids, fr_str_of(id));
    uint32_t column = fr_dict_find(&s->features->names, fr_str_of(feature));
    const struct fr_rows *r = &s->features->rows;
    for (size_t i = r->start[row]; i < r->start[row + 1]; i++)
        if (r->columns[i] == column) return (double)r->values[i];
    return 0;
}

static const char *const four[] = {
    "{\"id\":\"0\",\"category\":[\"Media\",\"Books\"],\"brand\":\"Acme\",\"tags\":[\"rivers\",\"used\"],"
    "\"title\":\"A field guide: Rivers\"}",
    "{\"id\":\"1\",\"category\":[\"media\",\"books\"],\"brand\":\"Delta\",\"tags\":[\"rivers\"],"
    "\"title\":\"Rivers atlas (rivers)\"}",
    "{\"id\":\"2\",\"category\":[\"media\",\"music\"],\"brand\":\"ACME\",\"tags\":[\"used\"],\"title\":"
    "\"Field songs\"}",
    "{\"id\":\"3\",\"category\":\"toys\",\"brand\":\"unknown\",\"tags\":[\"used\",\"n/"
    "a\"],\"title\":\"Guide\"}"};

static void test_as_scikit_learn_has_it(void) {
    static const struct {
        const char *id, *feature;
        double value;
    } want[] = {{"0", "brand:acme", .3698416},
                {"0", "category:media", .2994187},
                {"0", "category:media/books", .3698416},
                {"0", "tag:rivers", .3698416},
                {"0", "tag:used", .2994187},
                {"0", "word:field", .3698416},
                {"0", "word:guide", .3698416},
                {"0", "word:rivers", .3698416},
                {"1", "brand:delta", .4036669},
                {"1", "category:media", .2576553},
                {"1", "category:media/books", .3182556},
                {"1", "word:atlas", .4036669},
                {"1", "word:rivers", .6365112},
                {"2", "category:media/music", .4964136},
                {"2", "word:songs", .4964136},
                {"3", "category:toys", .7020348},
                {"3", "tag:used", .4480997},
                {"3", "word:guide", .5534923}};
    struct shop s;
    open_shop(&s);
    for (int i = 0; i < 4; i++) put(&s, four[i]);
    make(&s, &plain);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        CHECK_NEAR(value(&s, want[i].id, want[i].feature), want[i].value, 1e-6);
    CHECK_INT(fr_rows_length(&s.features->rows, 0), 8);
    CHECK_INT(fr_rows_length(&s.features->rows, 3), 3); /* unknown and n/a say nothing */
    CHECK(fr_features_bytes(s.features) > sizeof(struct fr_features));
    close_shop(&s);
}

static void test_weights_and_rare_features(void) {
    struct shop s;
    struct fr_features_params p = plain;
    open_shop(&s);
    for (int i = 0; i < 4; i++) put(&s, four[i]);
    p.least_items = 2;
    p.word = 0;
    p.brand = 2;
    make(&s, &p);
    CHECK(fr_dict_find(&s.features->names, FR_STR("brand:delta")) == (uint32_t)FR_DICT_NONE);
    CHECK(fr_dict_find(&s.features->names, FR_STR("word:field")) == (uint32_t)FR_DICT_NONE);
    CHECK_NEAR(value(&s, "0", "brand:acme") / value(&s, "0", "tag:rivers"), 2, 1e-6);
    CHECK_NEAR(value(&s, "3", "tag:used"), 1, 1e-6); /* all that is left of it */
    close_shop(&s);
}

static void put_price(struct shop *s, int id, const char *category, double price) {
    char json[128];
    snprintf(
        json, sizeof json, "{\"id\":\"%d\",\"category\":\"%s\"%s%.2f}", id, category,
        isnan(price) ? ",\"tags\":[],\"attributes\":{},\"x\":" : ",\"price\":", isnan(price) ? 0 : price);
    put(s, json);
}

static void test_bands_and_completed_prices(void) {
    struct shop s;
    open_shop(&s);
    for (int i = 0; i < 8; i++) put_price(&s, i, "cheap", 1 + i);
    for (int i = 8; i < 16; i++) put_price(&s, i, "dear", 100);
    put_price(&s, 20, "cheap", (double)NAN);
    put_price(&s, 21, "dear", (double)NAN);
    put_price(&s, 22, "other", (double)NAN);
    make(&s, &plain);
    CHECK(value(&s, "0", "price#0") > 0 && value(&s, "3", "price#0") > 0); /* sixteen prices, four a band */
    CHECK(value(&s, "4", "price#1") > 0 && value(&s, "7", "price#1") > 0);
    CHECK(value(&s, "8", "price#3") > 0 &&
          value(&s, "15", "price#3") > 0); /* equal prices share the last band that begins there */
    CHECK(value(&s, "20", "price#0") > 0); /* the mean of ln(1 + 1..8) is that of 4.1, below 5 */
    CHECK(value(&s, "21", "price#3") > 0);
    CHECK(value(&s, "22", "price#1") > 0); /* the mean of all: 21.8 */
    close_shop(&s);
}

static void test_attributes(void) {
    struct shop s;
    open_shop(&s);
    put(&s, "{\"id\":\"a\",\"attributes\":{\"Colour\":\"Red\",\"pages\":10,\"signed\":true,\"price\":3}}");
    put(&s,
        "{\"id\":\"b\",\"attributes\":{\"colour\":\"red\",\"pages\":300,\"signed\":false,\"size\":\"-\"}}");
    make(&s, &plain);
    CHECK(value(&s, "a", "attributes.colour=red") > 0 && value(&s, "b", "attributes.colour=red") > 0);
    CHECK(value(&s, "a", "attributes.pages#1") > 0 && value(&s, "b", "attributes.pages#3") > 0);
    CHECK(value(&s, "a", "attributes.signed=true") > 0 && value(&s, "b", "attributes.signed=false") > 0);
    CHECK(value(&s, "a", "attributes.price#3") > 0);
    CHECK_INT(fr_rows_length(&s.features->rows, 1), 3);
    close_shop(&s);
}

/* A catalogue with the same items under other numbers, some of them not in it, gives the same rows. */
static void test_numbers_do_not_matter(void) {
    struct shop a, b;
    struct fr_rng rng = {3};
    open_shop(&a);
    open_shop(&b);
    fr_dict_intern(&b.ids, FR_STR("only seen in events"));
    char json[200][160];
    for (int i = 0; i < 200; i++)
        snprintf(json[i], sizeof json[i],
                 "{\"id\":\"%d\",\"title\":\"w%u w%u "
                 "w%u\",\"category\":[\"c%u\",\"d%u\"],\"price\":%u,\"tags\":[\"t%u\"]}",
                 i, fr_rng_below(&rng, 40), fr_rng_below(&rng, 40), fr_rng_below(&rng, 9),
                 fr_rng_below(&rng, 4), fr_rng_below(&rng, 5), 1 + fr_rng_below(&rng, 500),
                 fr_rng_below(&rng, 30));
    for (int i = 0; i < 200; i++) put(&a, json[i]), put(&b, json[199 - i]);
    make(&a, &FR_FEATURES_DEFAULTS);
    make(&b, &FR_FEATURES_DEFAULTS);
    CHECK_INT(a.features->names.n, b.features->names.n);
    CHECK_INT(b.features->rows.row_n, 201);
    CHECK_INT(fr_rows_length(&b.features->rows, 0), 0);
    const struct fr_rows *x = &a.features->rows, *y = &b.features->rows;
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t other = fr_dict_find(&b.ids, fr_dict_str(&a.ids, i)), n = fr_rows_length(x, i);
        CHECK_INT(fr_rows_length(y, other), n);
        CHECK(memcmp(x->columns + x->start[i], y->columns + y->start[other], n * sizeof *x->columns) == 0);
        CHECK(memcmp(x->values + x->start[i], y->values + y->start[other], n * sizeof *x->values) == 0);
        CHECK_NEAR(fr_rows_dot(x, i, i), 1, 1e-6);
    }
    close_shop(&a);
    close_shop(&b);
}

static void test_nothing(void) {
    struct shop s;
    open_shop(&s);
    make(&s, &FR_FEATURES_DEFAULTS);
    CHECK_INT(s.features->rows.row_n, 0);
    put(&s, "{\"id\":\"a\"}");
    make(&s, &FR_FEATURES_DEFAULTS);
    CHECK_INT(s.features->rows.row_n, 1);
    CHECK_INT(fr_rows_length(&s.features->rows, 0), 0);
    close_shop(&s);
}

int main(void) {
    RUN(test_as_scikit_learn_has_it);
    RUN(test_weights_and_rare_features);
    RUN(test_bands_and_completed_prices);
    RUN(test_attributes);
    RUN(test_numbers_do_not_matter);
    RUN(test_nothing);
    return check_done();
}
