/* What a change of the campaigns would mean: by what records mean, not by how they are written. */
#include "check.h"
#include "freshet/app/campaigns_change.h"

static struct fr_buf told;

static void tell(void *context, const char *text) {
    (void)context;
    fr_buf_printf(&told, "%s\n", text);
}

static void put(struct fr_campaign_book *b, const char *key, const char *json) {
    struct fr_campaign_faults faults;
    struct fr_str value = json ? fr_str_of(json) : (struct fr_str){NULL, 0};
    CHECK(fr_campaign_book_put(b, fr_str_of(key), value, 1, &faults));
}

static struct fr_campaign_book *book;
static struct fr_campaign_set *before, *after;

static void setup(void) {
    book = fr_campaign_book_new();
    put(book, "shoes", "{\"id\":\"shoes\",\"pays\":{\"price\":1.50},\"start\":\"2026-01-01T00:00:00Z\"}");
    put(book, "bags", "{\"id\":\"bags\",\"pays\":{\"price\":1},\"rule\":\"segment(\\\"vip\\\")\"}");
    put(book, "vip", "{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"events > 3\"}");
    before = fr_campaign_book_version(book, 1);
}

static void teardown(void) {
    fr_campaign_set_free(before);
    fr_campaign_set_free(after);
    fr_campaign_book_free(book);
}

static enum fr_campaigns_change change(const char *id) {
    return fr_campaigns_change(before, after, fr_str_of(id));
}

static void test_changes(void) {
    setup();
    put(book, "shoes",
        "{\"start\":1767225600000, \"pays\":{\"for\":\"impression\",\"price\":1.5},\"id\":\"shoes\"}");
    put(book, "bags", "{\"id\":\"bags\",\"pays\":{\"price\":1},\"rule\":\"segment(\\\"vip\\\") \"}");
    put(book, "vip", NULL);
    put(book, "hats", "{\"id\":\"hats\",\"pays\":{\"price\":1}}");
    after = fr_campaign_book_version(book, 2);
    CHECK_INT(change("shoes"), FR_CAMPAIGNS_SAME);
    CHECK_INT(change("bags"), FR_CAMPAIGNS_CHANGED);
    CHECK_INT(change("vip"), FR_CAMPAIGNS_GONE);
    CHECK_INT(change("hats"), FR_CAMPAIGNS_NEW);
    CHECK_INT(change("nothing"), FR_CAMPAIGNS_SAME);
    teardown();
}

static void test_a_segment_that_becomes_a_campaign_is_changed(void) {
    setup();
    put(book, "vip", "{\"id\":\"vip\",\"pays\":{\"price\":1},\"rule\":\"events > 3\"}");
    after = fr_campaign_book_version(book, 2);
    CHECK_INT(change("vip"), FR_CAMPAIGNS_CHANGED);
    CHECK(fr_campaigns_find(before, FR_STR("vip")) == &before->segments[0]);
    CHECK(fr_campaigns_find(after, FR_STR("vip"))->record.kind == FR_CAMPAIGN_IS_CAMPAIGN);
    CHECK(!fr_campaigns_find(after, FR_STR("v")));
    teardown();
}

static void test_segments_that_are_missing_are_told(void) {
    setup();
    fr_buf_clear(&told);
    CHECK_INT(fr_campaigns_missing_segments(before, tell, NULL), 0);
    CHECK_INT(told.len, 0);
    put(book, "vip", NULL);
    put(book, "hats",
        "{\"id\":\"hats\",\"pays\":{\"price\":1},\"rule\":\"segment(\\\"x\\\") or segment(\\\"vip\\\")\"}");
    after = fr_campaign_book_version(book, 2);
    CHECK_INT(fr_campaigns_missing_segments(after, tell, NULL), 3);
    fr_buf_byte(&told, 0);
    CHECK_STR(told.data, "bags asks for segment(\"vip\"), which there is not: nobody is in it\n"
                         "hats asks for segment(\"x\"), which there is not: nobody is in it\n"
                         "hats asks for segment(\"vip\"), which there is not: nobody is in it\n");
    teardown();
}

static void test_the_nearest_id(void) {
    struct fr_arena arena = {0};
    setup();
    after = fr_campaign_book_version(book, 2);
    CHECK_STR(fr_campaigns_near(before, FR_STR("shoe"), &arena), "shoes");
    CHECK_STR(fr_campaigns_near(before, FR_STR("vpi"), &arena), "vip");
    CHECK_STR(fr_campaigns_near_segment(before, FR_STR("vpi"), &arena), "vip");
    CHECK(!fr_campaigns_near_segment(before, FR_STR("shoe"), &arena));
    CHECK(!fr_campaigns_near(before, FR_STR("something else"), &arena));
    fr_arena_fini(&arena);
    teardown();
}

int main(void) {
    RUN(test_changes);
    RUN(test_a_segment_that_becomes_a_campaign_is_changed);
    RUN(test_segments_that_are_missing_are_told);
    RUN(test_the_nearest_id);
    fr_buf_fini(&told);
    return check_done();
}
