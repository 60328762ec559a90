/* An item's JSON: what is read, what is refused and why, and that what is written reads back. */
#include "check.h"
#include "freshet/catalog/item_record.h"
#include <stdlib.h>

static struct fr_arena arena;
static struct fr_item_record item;
static struct fr_item_faults faults;

static bool read_with(const char *json, struct fr_str key) {
    fr_arena_clear(&arena);
    return fr_item_record_read(fr_str_of(json), key, &arena, &item, &faults);
}

static bool read(const char *json) { return read_with(json, (struct fr_str){0}); }

static const char full[] =
    "{\"id\":\"sku-7\",\"title\":\"A field guide\",\"category\":[\"media\",\"books\"],"
    "\"brand\":\"Delta\",\"price\":24.5,\"currency\":\"EUR\",\"tags\":[\"rivers\",\"used\"],"
    "\"attributes\":{\"pages\":320,\"signed\":true,\"binding\":\"hard\"},"
    "\"available\":false,\"created\":\"2026-11-23T15:04:05.123Z\"}";

static void test_everything_is_read(void) {
    CHECK(read_with(full, FR_STR("sku-7")));
    CHECK(fr_str_eq(item.id, FR_STR("sku-7")) && fr_str_eq(item.title, FR_STR("A field guide")));
    CHECK_INT(item.category_n, 2);
    CHECK(fr_str_eq(item.category[1], FR_STR("books")));
    CHECK(fr_str_eq(item.brand, FR_STR("Delta")) && fr_str_eq(item.currency, FR_STR("EUR")));
    CHECK_NEAR(item.price, 24.5, 0);
    CHECK_INT(item.tag_n, 2);
    CHECK_INT(item.attribute_n, 3);
    CHECK_NEAR(fr_item_record_attribute(&item, FR_STR("pages"))->number, 320, 0);
    CHECK_INT(fr_item_record_attribute(&item, FR_STR("signed"))->kind, FR_ATTRIBUTE_BOOL);
    CHECK(fr_str_eq(fr_item_record_attribute(&item, FR_STR("binding"))->text, FR_STR("hard")));
    CHECK(!fr_item_record_attribute(&item, FR_STR("colour")));
    CHECK(!item.is_available && item.has_created);
    CHECK_INT(item.created_ms, INT64_C(1795446245123));
}

static void test_what_is_absent(void) {
    CHECK(read("{\"id\":7,\"title\":null,\"category\":\"books\",\"tags\":[],\"brand\":\"\",\"more\":[1]}"));
    CHECK(fr_str_eq(item.id, FR_STR("7")));
    CHECK(item.title.len == 0 && item.brand.len == 0 && item.tag_n == 0 && isnan(item.price));
    CHECK_INT(item.category_n, 1);
    CHECK(item.is_available && !item.has_created);
    CHECK(read("{\"id\":\"a\",\"created\":1700000000,\"attributes\":{\"x\":null,\"y\":\"\"}}"));
    CHECK_INT(item.created_ms, INT64_C(1700000000000));
    CHECK_INT(item.attribute_n, 0);
}

static void test_written_reads_back(void) {
    struct fr_buf first = {0}, second = {0};
    CHECK(read(full));
    fr_item_record_write(&first, &item);
    CHECK(first.len == sizeof full - 1 && memcmp(first.data, full, first.len) == 0);
    CHECK(read("{\"id\":\"a\\\"b\"}"));
    fr_buf_clear(&first);
    fr_item_record_write(&first, &item);
    fr_buf_byte(&first, 0);
    CHECK_STR(first.data, "{\"id\":\"a\\\"b\"}");
    fr_buf_fini(&first);
    fr_buf_fini(&second);
}

/* json has exactly this fault. */
static void refuse_with(const char *json, struct fr_str key, enum fr_item_fault_code code,
                        const char *field) {
    CHECK(!read_with(json, key));
    CHECK_INT(faults.n, 1);
    CHECK_STR(fr_item_fault_name(faults.at[0].code), fr_item_fault_name(code));
    CHECK_STR(faults.at[0].field, field);
}

static void refuse(const char *json, enum fr_item_fault_code code, const char *field) {
    refuse_with(json, (struct fr_str){0}, code, field);
}

static void test_each_fault(void) {
    refuse("", FR_ITEM_NOT_JSON, "");
    refuse("{", FR_ITEM_NOT_JSON, "");
    refuse("{\"id\":\"\xff\"}", FR_ITEM_NOT_JSON, "");
    refuse("{\"id\":\"a\",\"id\":\"b\"}", FR_ITEM_DUPLICATE_KEY, "");
    refuse("[1]", FR_ITEM_NOT_OBJECT, "");
    refuse("{}", FR_ITEM_NO_ID, "id");
    refuse("{\"id\":\"\"}", FR_ITEM_NO_ID, "id");
    refuse("{\"id\":[]}", FR_ITEM_BAD_TYPE, "id");
    refuse_with("{\"id\":\"a\"}", FR_STR("b"), FR_ITEM_OTHER_ID, "id");
    refuse("{\"id\":\"a\",\"title\":1}", FR_ITEM_BAD_TYPE, "title");
    refuse("{\"id\":\"a\",\"brand\":\"x\\u0000y\"}", FR_ITEM_BAD_TEXT, "brand");
    refuse("{\"id\":\"a\",\"price\":\"1\"}", FR_ITEM_BAD_TYPE, "price");
    refuse("{\"id\":\"a\",\"price\":-1}", FR_ITEM_BAD_NUMBER, "price");
    refuse("{\"id\":\"a\",\"currency\":\"12345678901234567\"}", FR_ITEM_BAD_TEXT, "currency");
    refuse("{\"id\":\"a\",\"category\":[1]}", FR_ITEM_BAD_TYPE, "category");
    refuse("{\"id\":\"a\",\"category\":[1,2,3,4,5,6,7,8,9]}", FR_ITEM_TOO_MANY, "category");
    refuse("{\"id\":\"a\",\"available\":1}", FR_ITEM_BAD_TYPE, "available");
    refuse("{\"id\":\"a\",\"created\":\"soon\"}", FR_ITEM_BAD_TIME, "created");
    refuse("{\"id\":\"a\",\"created\":true}", FR_ITEM_BAD_TYPE, "created");
    refuse("{\"id\":\"a\",\"attributes\":[]}", FR_ITEM_BAD_TYPE, "attributes");
    refuse("{\"id\":\"a\",\"attributes\":{\"colour\":[]}}", FR_ITEM_BAD_TYPE, "attributes.colour");
    refuse("{\"id\":\"a\",\"attributes\":{\"\":1}}", FR_ITEM_BAD_TEXT, "attributes");
}

static void test_bounds(void) {
    static char json[FR_ITEM_RECORD_BYTES + 64];
    memset(json, ' ', sizeof json);
    memcpy(json, "{\"id\":\"a\"}", 10);
    CHECK(fr_item_record_read((struct fr_str){json, FR_ITEM_RECORD_BYTES}, (struct fr_str){0}, &arena, &item,
                              &faults));
    CHECK(!fr_item_record_read((struct fr_str){json, FR_ITEM_RECORD_BYTES + 1}, (struct fr_str){0}, &arena,
                               &item, &faults));
    CHECK_INT(faults.at[0].code, FR_ITEM_TOO_LARGE);
    for (int extra = 0; extra <= 1; extra++) {
        int n = snprintf(json, sizeof json, "{\"id\":\"a\",\"tags\":[");
        for (int i = 0; i < FR_ITEM_TAGS + extra; i++)
            n += snprintf(json + n, 16, "%s\"t%d\"", i ? "," : "", i);
        n += snprintf(json + n, 32, "],\"title\":\"%s", "");
        memset(json + n, 'x', (size_t)FR_ITEM_TITLE_BYTES + (size_t)extra);
        n += FR_ITEM_TITLE_BYTES + extra;
        snprintf(json + n, 32, "\"}");
        CHECK_INT(read(json), extra == 0);
        CHECK_INT(faults.n, 2 * extra);
    }
}

static void test_all_faults_are_named_in_order(void) {
    CHECK(!read("{\"tags\":{},\"price\":-5,\"title\":[],\"attributes\":{\"a\":[],\"b\":{}}}"));
    static const char *const fields[] = {"title", "price", "tags", "attributes.a", "attributes.b", "id"};
    CHECK_INT(faults.n, 6);
    for (int i = 0; i < 6; i++) CHECK_STR(faults.at[i].field, fields[i]);
    char json[1024] = "{\"id\":\"a\",\"attributes\":{";
    for (int i = 0; i < 30; i++) snprintf(json + strlen(json), 16, "%s\"%d\":[]", i ? "," : "", i);
    strncat(json, "}}", 3);
    CHECK(!read(json));
    CHECK_INT(faults.n, FR_ITEM_FAULTS);
}

/* A long name is cut between characters. */
static void test_fields_are_cut_whole(void) {
    char json[256] = "{\"id\":\"a\",\"attributes\":{\"";
    for (int i = 0; i < 30; i++) strncat(json, "\xc3\xa4", 3);
    strncat(json, "\":[]}}", 7);
    CHECK(!read(json));
    CHECK_INT(strlen(faults.at[0].field), 47);
    json[0] = ' ';
    CHECK(!read(
        "{\"id\":\"a\",\"attributes\":{"
        "\"x\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\":[]}}"));
    CHECK_INT(strlen(faults.at[0].field), 46);
}

int main(void) {
    RUN(test_everything_is_read);
    RUN(test_what_is_absent);
    RUN(test_written_reads_back);
    RUN(test_each_fault);
    RUN(test_bounds);
    RUN(test_all_faults_are_named_in_order);
    RUN(test_fields_are_cut_whole);
    fr_arena_fini(&arena);
    return check_done();
}
