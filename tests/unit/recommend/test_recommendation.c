/* The published record: what a reader finds in it, whatever the ids look like. With FRESHET_SAMPLE_DIR set, the
 * records are also left there as files, for the schema check (tests/schemas/validate). */
#include "check.h"
#include "freshet/recommend/recommendation.h"
#include <jansson.h>
#include <stdlib.h>

static struct fr_dict dict;
static struct fr_arena arena;

static struct fr_recommendation meta(void) {
    return (struct fr_recommendation){.id = FR_STR("0f8fad5b-d9cb-869f-a165-70867728950e"),
                                      .user_id = FR_STR("u-42"),
                                      .surface = FR_STR("home"),
                                      .generated_ms = 1795446245123,
                                      .expires_ms = 1795532645123,
                                      .model_name = FR_STR("item-cf"),
                                      .model_version = FR_STR("1")};
}

/* Two items: one with named, summed and popular reasons, one that is only trending. */
static struct fr_list sample_list(struct fr_str first_id) {
    static struct fr_reason reasons[4], trending[1];
    static struct fr_list_item items[2];
    uint32_t first = fr_dict_intern(&dict, first_id), second = fr_dict_intern(&dict, FR_STR("sku-2"));
    uint32_t seed = fr_dict_intern(&dict, FR_STR("sku-7"));
    reasons[0] = (struct fr_reason){FR_REASON_CO_OCCURRENCE, seed, .31415};
    reasons[1] = (struct fr_reason){FR_REASON_CO_OCCURRENCE, FR_DICT_NONE, .000012};
    reasons[2] = (struct fr_reason){FR_REASON_POPULAR_IN_GROUP, FR_DICT_NONE, .1};
    reasons[3] = (struct fr_reason){FR_REASON_TRENDING, FR_DICT_NONE, .000001};
    trending[0] = (struct fr_reason){FR_REASON_TRENDING, FR_DICT_NONE, .005};
    items[0] = (struct fr_list_item){first, .414163, reasons, 4, 0};
    items[1] = (struct fr_list_item){second, .005, trending, 1, 0};
    return (struct fr_list){items, 2, false};
}

static void save(const char *name, const struct fr_buf *b) {
    const char *dir = getenv("FRESHET_SAMPLE_DIR");
    char path[512];
    if (!dir) return;
    snprintf(path, sizeof path, "%s/%s.recommendations.json", dir, name);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(b->data, 1, b->len, f) == b->len && fclose(f) == 0);
}

static json_t *parse(const struct fr_buf *b) {
    json_error_t error;
    json_t *root = json_loadb(b->data, b->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!root) fprintf(stderr, "%s: %.*s\n", error.text, (int)b->len, b->data);
    CHECK(root);
    return root;
}

static void test_exact_bytes(void) {
    struct fr_recommendation r = meta();
    struct fr_list list = sample_list(FR_STR("sku-9"));
    struct fr_buf b = {0};
    r.trained_ms = 1795446000000;
    r.cause = (struct fr_recommendation_cause){FR_STR("freshet.events"), 3, 17, 21, 9};
    fr_recommendation_write(&b, &r, &list, &dict);
    save("two-items", &b);
    fr_buf_byte(&b, 0);
    CHECK_STR(b.data,
              "{\"schema_version\":1,\"recommendation_id\":\"0f8fad5b-d9cb-869f-a165-70867728950e\","
              "\"user_id\":\"u-42\",\"surface\":\"home\",\"generated_at\":\"2026-11-23T15:04:05.123Z\","
              "\"expires_at\":\"2026-11-24T15:04:05.123Z\",\"model\":{\"name\":\"item-cf\","
              "\"version\":\"1\",\"trained_at\":\"2026-11-23T15:00:00.000Z\"},"
              "\"made_from\":{\"topic\":\"freshet.events\",\"partition\":3,\"offset\":17,\"through\":21,"
              "\"catalogue\":9},"
              "\"fallback\":false,"
              "\"items\":[{\"item_id\":\"sku-9\",\"rank\":1,\"score\":0.414163,\"reasons\":["
              "{\"code\":\"co_occurrence\",\"item_id\":\"sku-7\",\"weight\":0.31415},"
              "{\"code\":\"co_occurrence\",\"weight\":0.000012},"
              "{\"code\":\"popular_in_group\",\"weight\":0.1},"
              "{\"code\":\"trending\",\"weight\":0.000001}]},"
              "{\"item_id\":\"sku-2\",\"rank\":2,\"score\":0.005,\"reasons\":["
              "{\"code\":\"trending\",\"weight\":0.005}]}]}");
    fr_buf_fini(&b);
}

static void test_propensity_is_printed_where_it_is_said(void) {
    struct fr_recommendation r = meta();
    struct fr_list list = sample_list(FR_STR("sku-9"));
    struct fr_buf b = {0};
    list.items[0].propensity = .95;
    list.items[1].propensity = 1;
    fr_recommendation_write(&b, &r, &list, &dict);
    save("explored", &b);
    json_t *root = parse(&b), *items = json_object_get(root, "items");
    CHECK_NEAR(json_number_value(json_object_get(json_array_get(items, 0), "propensity")), .95, 1e-12);
    CHECK_NEAR(json_number_value(json_object_get(json_array_get(items, 1), "propensity")), 1, 0);
    json_decref(root);
    fr_buf_fini(&b);
}

/* A reader who adds the weights gets the score. */
static void test_printed_weights_add_up(void) {
    struct fr_recommendation r = meta();
    struct fr_list list = sample_list(FR_STR("sku-9"));
    struct fr_buf b = {0};
    fr_recommendation_write(&b, &r, &list, &dict);
    json_t *root = parse(&b), *item, *reason;
    size_t i, j;
    CHECK_INT(json_array_size(json_object_get(root, "items")), 2);
    CHECK(!json_object_get(json_object_get(root, "model"), "trained_at"));
    json_array_foreach(json_object_get(root, "items"), i, item) {
        double sum = 0;
        json_array_foreach(json_object_get(item, "reasons"), j, reason) {
            sum += json_number_value(json_object_get(reason, "weight"));
        }
        CHECK_NEAR(sum, json_number_value(json_object_get(item, "score")), 1e-9);
        CHECK_INT(json_integer_value(json_object_get(item, "rank")), i + 1);
    }
    json_decref(root);
    fr_buf_fini(&b);
}

/* Ids hold any bytes; what comes out is JSON, and valid UTF-8 comes back as it was. */
static void test_odd_ids(void) {
    static const struct fr_str ids[] = {{"quote\"back\\slash", 16},
                                        {"nul\0inside", 10},
                                        {"new\nline\ttab\x01", 13},
                                        {"\xe7\xba\xa2\xe8\x89\xb2\xf0\x9f\x8e\x81", 10}};
    static const struct fr_str broken = {"bad\xff\xc0utf8", 9};
    for (unsigned i = 0; i <= sizeof ids / sizeof *ids; i++) {
        struct fr_str id = i < sizeof ids / sizeof *ids ? ids[i] : broken;
        struct fr_recommendation r = meta();
        struct fr_list list = sample_list(id);
        struct fr_buf b = {0};
        r.user_id = id;
        fr_recommendation_write(&b, &r, &list, &dict);
        char name[16];
        snprintf(name, sizeof name, "odd-%u", i);
        save(name, &b);
        json_t *root = parse(&b), *user = json_object_get(root, "user_id");
        json_t *item = json_object_get(json_array_get(json_object_get(root, "items"), 0), "item_id");
        CHECK(user && item && json_equal(user, item));
        if (id.ptr != broken.ptr) {
            CHECK_INT(json_string_length(user), id.len);
            CHECK(memcmp(json_string_value(user), id.ptr, id.len) == 0);
        }
        json_decref(root);
        fr_buf_fini(&b);
    }
}

static void test_empty_list(void) {
    struct fr_recommendation r = meta();
    struct fr_list list = {.fallback = true};
    struct fr_buf b = {0};
    fr_recommendation_write(&b, &r, &list, &dict);
    save("empty", &b);
    json_t *root = parse(&b);
    CHECK(json_is_true(json_object_get(root, "fallback")));
    CHECK(json_is_array(json_object_get(root, "items")));
    json_decref(root);
    fr_buf_fini(&b);
}

static void id_of(int32_t partition, int64_t offset, const char *user, const char *surface,
                  const char *version, char out[37]) {
    struct fr_recommendation_cause cause = {FR_STR("freshet.events"), partition, offset, offset, 0};
    fr_recommendation_id(&cause, fr_str_of(user), fr_str_of(surface), fr_str_of(version), out);
}

static void test_ids(void) {
    char id[37], other[37];
    id_of(3, 1000, "u-42", "home", "1", id);
    CHECK_STR(id, "c5b96abb-1091-8b88-a79c-072700f973e0"); /* must never change: consumers send ids back */
    id_of(3, 1000, "u-42", "home", "1", other);
    CHECK_STR(other, id);
    const struct {
        int32_t partition;
        int64_t offset;
        const char *user, *surface, *version;
    } others[] = {{4, 1000, "u-42", "home", "1"},
                  {3, 1001, "u-42", "home", "1"},
                  {3, 1000, "u-43", "home", "1"},
                  {3, 1000, "u-42", "cart", "1"},
                  {3, 1000, "u-42", "home", "2"}};
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        id_of(others[i].partition, others[i].offset, others[i].user, others[i].surface, others[i].version,
              other);
        CHECK(strcmp(id, other) != 0);
    }
}

static bool has(const struct fr_recommendation_header *h, const char *name, const char *value) {
    for (int i = 0; i < FR_RECOMMENDATION_HEADERS; i++)
        if (fr_str_eq(h[i].name, fr_str_of(name))) return fr_str_eq(h[i].value, fr_str_of(value));
    return false;
}

static void test_headers(void) {
    struct fr_recommendation r = meta();
    const struct fr_recommendation_header *h = fr_recommendation_headers(&r, FR_STR("/freshet/w1"), &arena);
    CHECK(has(h, "content-type", "application/json"));
    CHECK(has(h, "ce_specversion", "1.0"));
    CHECK(has(h, "ce_id", "0f8fad5b-d9cb-869f-a165-70867728950e"));
    CHECK(has(h, "ce_source", "/freshet/w1"));
    CHECK(has(h, "ce_type", "io.freshet.recommendations.v1"));
    CHECK(has(h, "ce_time", "2026-11-23T15:04:05.123Z"));
    CHECK(has(h, "ce_dataschema", "urn:freshet:schema:recommendations:1"));
    CHECK(has(h, "ce_expirytime", "2026-11-24T15:04:05.123Z"));
}

int main(void) {
    fr_dict_init(&dict);
    RUN(test_exact_bytes);
    RUN(test_propensity_is_printed_where_it_is_said);
    RUN(test_printed_weights_add_up);
    RUN(test_odd_ids);
    RUN(test_empty_list);
    RUN(test_ids);
    RUN(test_headers);
    fr_dict_fini(&dict);
    fr_arena_fini(&arena);
    return check_done();
}
