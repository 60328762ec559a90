/* The table of items: latest record, removal, copies that share and outlive. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/catalog/catalog.h"
#include <stdlib.h>

static struct fr_item_record record(const char *id, const char *title) {
    static struct fr_str tags[2];
    static struct fr_attribute attributes[1];
    tags[0] = fr_str_of(id);
    tags[1] = fr_str_of(title);
    attributes[0] = (struct fr_attribute){
        .name = FR_STR("colour"), .kind = FR_ATTRIBUTE_STRING, .text = fr_str_of(title)};
    return (struct fr_item_record){.id = fr_str_of(id),
                                   .title = fr_str_of(title),
                                   .tags = tags,
                                   .tag_n = 2,
                                   .attributes = attributes,
                                   .attribute_n = 1,
                                   .price = (double)NAN,
                                   .is_available = true};
}

static uint32_t put(struct fr_catalog *c, const char *id, const char *title) {
    struct fr_item_record r = record(id, title);
    return fr_catalog_put(c, &r);
}

static void holds(const struct fr_catalog *c, uint32_t item, const char *title) {
    const struct fr_item_record *r = fr_catalog_get(c, item);
    CHECK(r && fr_str_eq(r->title, fr_str_of(title)) && fr_str_eq(r->id, fr_dict_str(c->ids, item)));
    CHECK(r && r->tag_n == 2 && fr_str_eq(r->tags[1], fr_str_of(title)));
    CHECK(r && fr_str_eq(r->attributes[0].text, fr_str_of(title)));
}

static void test_latest_record_of_each(void) {
    struct fr_dict ids;
    struct fr_catalog c;
    fr_dict_init(&ids);
    fr_catalog_init(&c, &ids);
    CHECK(!fr_catalog_get(&c, 0));
    CHECK(!fr_catalog_get(&c, FR_DICT_NONE));
    fr_dict_intern(&ids, FR_STR("seen only in events"));
    uint32_t a = put(&c, "a", "one"), b = put(&c, "b", "two");
    CHECK_INT(a, 1);
    CHECK_INT(put(&c, "a", "three"), a);
    holds(&c, a, "three");
    holds(&c, b, "two");
    CHECK_INT(c.n, 2);
    CHECK_INT(c.changes, 3);
    CHECK(!fr_catalog_get(&c, 0));
    size_t before = fr_catalog_bytes(&c);
    CHECK(fr_catalog_remove(&c, b));
    CHECK(!fr_catalog_remove(&c, b));
    CHECK(fr_catalog_bytes(&c) < before);
    CHECK_INT(c.n, 1);
    CHECK_INT(c.changes, 4);
    CHECK_INT(fr_catalog_next(&c, 0), a);
    CHECK_INT(fr_catalog_next(&c, a + 1), FR_DICT_NONE);
    fr_catalog_fini(&c);
    fr_dict_fini(&ids);
}

static void test_copies_share_and_outlive(void) {
    struct fr_dict ids, others;
    struct fr_catalog c, copy;
    fr_dict_init(&ids);
    fr_dict_init(&others);
    fr_catalog_init(&c, &ids);
    uint32_t a = put(&c, "a", "one"), b = put(&c, "b", "two");
    fr_dict_intern(&others, FR_STR("b"));
    fr_catalog_copy_onto(&copy, &c, &others);
    CHECK_INT(copy.n, 2);
    CHECK_INT(copy.changes, c.changes);
    CHECK(fr_catalog_get(&copy, 0) == fr_catalog_get(&c, b)); /* the same block under another number */
    put(&c, "a", "changed");
    fr_catalog_remove(&c, b);
    holds(&c, a, "changed");
    holds(&copy, 0, "two");
    holds(&copy, fr_dict_find(&others, FR_STR("a")), "one");
    fr_catalog_fini(&c);
    holds(&copy, 0, "two");
    CHECK(fr_catalog_bytes(&copy) > copy.cap * sizeof(void *));
    fr_catalog_fini(&copy);
    fr_dict_fini(&ids);
    fr_dict_fini(&others);
}

/* Against an array of titles. */
static void test_many_changes(void) {
    enum { ITEMS = 300 };
    char titles[ITEMS][16] = {""};
    struct fr_dict ids;
    struct fr_catalog c;
    struct fr_rng rng = {5};
    fr_dict_init(&ids);
    fr_catalog_init(&c, &ids);
    for (int i = 0; i < 20000; i++) {
        char id[16];
        uint32_t k = fr_rng_below(&rng, ITEMS);
        snprintf(id, sizeof id, "%u", k);
        if (fr_rng_below(&rng, 3)) {
            snprintf(titles[k], sizeof titles[k], "t%d", i);
            put(&c, id, titles[k]);
        } else {
            CHECK(fr_catalog_remove(&c, fr_dict_find(&ids, fr_str_of(id))) == (titles[k][0] != 0));
            titles[k][0] = 0;
        }
    }
    uint32_t n = 0;
    for (uint32_t k = 0; k < ITEMS; k++) {
        char id[16];
        snprintf(id, sizeof id, "%u", k);
        uint32_t item = fr_dict_find(&ids, fr_str_of(id));
        if (titles[k][0])
            holds(&c, item, titles[k]), n++;
        else
            CHECK(!fr_catalog_get(&c, item));
    }
    CHECK_INT(c.n, n);
    for (uint32_t i = fr_catalog_next(&c, 0); i != (uint32_t)FR_DICT_NONE; i = fr_catalog_next(&c, i + 1))
        n--;
    CHECK_INT(n, 0);
    fr_catalog_fini(&c);
    fr_dict_fini(&ids);
}

int main(void) {
    RUN(test_latest_record_of_each);
    RUN(test_copies_share_and_outlive);
    RUN(test_many_changes);
    return check_done();
}
