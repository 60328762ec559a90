/* Conditions as they are written, and what they say of items. */
#include "check.h"
#include "freshet/recommend/filter.h"

enum { DAY_MS = 86400000 };

static struct fr_arena arena;
static const fr_time_ms now_ms = INT64_C(1700000000000);
static const struct fr_str path[] = {{"media", 5}, {"books", 5}}, tags[] = {{"used", 4}, {"sf", 2}};
static const struct fr_attribute attributes[] = {
    {.name = {"colour", 6}, .kind = FR_ATTRIBUTE_STRING, .text = {"red", 3}},
    {.name = {"pages", 5}, .kind = FR_ATTRIBUTE_NUMBER, .number = 320},
    {.name = {"signed", 6}, .kind = FR_ATTRIBUTE_BOOL, .number = 1}};
static const struct fr_item_record book = {.id = {"b", 1},
                                           .brand = {"acme", 4},
                                           .category = path,
                                           .category_n = 2,
                                           .tags = tags,
                                           .tag_n = 2,
                                           .attributes = attributes,
                                           .attribute_n = 3,
                                           .price = 20,
                                           .is_available = true,
                                           .has_created = true,
                                           .created_ms = INT64_C(1700000000000) - 10 * (fr_time_ms)DAY_MS};
static const struct fr_item_record bare = {.id = {"x", 1}, .price = (double)NAN, .is_available = true};

static void hold(const char *text, bool is_book, bool is_bare) {
    struct fr_filter f;
    const char *why = "";
    bool good = fr_filter_parse(fr_str_of(text), &arena, &f, &why);
    if (!good || fr_filter_passes(&f, &book, now_ms) != is_book ||
        fr_filter_passes(&f, &bare, now_ms) != is_bare || fr_filter_passes(&f, NULL, now_ms) != is_bare) {
        fprintf(stderr, "%s: %s\n", text, why ? why : "");
        CHECK(false);
    }
}

static void test_conditions(void) {
    hold("category=books", true, false);
    hold("category=toys|media", true, false);
    hold("category=toys", false, false);
    hold("category!=media", false, true);
    hold("category!=toys", true, true);
    hold("brand=acme", true, false);
    hold("brand != acme", false, true);
    hold("tags=sf", true, false);
    hold("tag=new| used", true, false);
    hold("tags!=sf", false, true);
    hold("currency=EUR", false, false);
}

static void test_numbers(void) {
    hold("price<=20", true, false);
    hold("price<20", false, false);
    hold("price>=20", true, false);
    hold("price>20", false, false);
    hold("price=20", true, false);
    hold("price=10..20", true, false);
    hold("price=20.5..", false, false);
    hold("price=..19.99", false, false);
    hold("price!=10..30", false, true);
    hold("age_days<=10", true, false);
    hold("age_days<10", false, false);
    hold("age_days=9..11", true, false);
}

static void test_attributes(void) {
    hold("attributes.colour=red", true, false);
    hold("attributes.colour=blue", false, false);
    hold("attributes.pages=320.0", true, false);
    hold("attributes.pages=100..400", true, false);
    hold("attributes.pages>320", false, false);
    hold("attributes.signed=true", true, false);
    hold("attributes.signed=false", false, false);
    hold("attributes.weight=1", false, false);
    hold("attributes.colour>1", false, false);
}

static void test_what_is_no_condition(void) {
    static const char *const texts[] = {
        "",          "brand",         "=acme",      "brand=",      "brand!acme",
        "size=10",   "price=cheap",   "price=1..x", "price=..",    "brand<3",
        "tags=a||b", "attributes.=1", "price<=",    "price=1e999", "age_days=nan"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct fr_filter f;
        const char *why = NULL;
        bool good = fr_filter_parse(fr_str_of(texts[i]), &arena, &f, &why);
        if (good || !why) fprintf(stderr, "%s: was taken\n", texts[i]);
        CHECK(!good && why);
    }
}

int main(void) {
    RUN(test_conditions);
    RUN(test_numbers);
    RUN(test_attributes);
    RUN(test_what_is_no_condition);
    fr_arena_fini(&arena);
    return check_done();
}
