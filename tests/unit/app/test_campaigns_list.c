/* Campaigns and segments as a table and as JSON; the table's own rules. */
#include "check.h"
#include "freshet/app/campaigns_list.h"
#include "freshet/app/text_table.h"

static const struct fr_campaigns_filter all = {NULL};

static struct fr_campaign_set *make(void) {
    static const char *const records[] = {
        "{\"id\":\"b\",\"advertiser\":\"Delta\",\"start\":\"1970-01-01T00:00:01Z\",\"end\":\"1970-01-01T00:"
        "00:02Z\",\"budget\":{\"daily\":0.5,"
        "\"total\":20},"
        "\"currency\":\"EUR\",\"pays\":{\"for\":\"click\",\"price\":0.25},\"rule\":\"events\\n  > 3\"}",
        "{\"id\":\"a\",\"pays\":{\"price\":2},\"state\":\"paused\"}",
        "{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"sessions > 1\"}"};
    struct fr_campaign_book *b = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    for (int i = 0; i < 3; i++)
        CHECK(fr_campaign_book_put(b, (struct fr_str){0}, fr_str_of(records[i]), 1, &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(b, 1);
    fr_campaign_book_free(b);
    return set;
}

static void check_table(struct fr_campaigns_filter filter, fr_time_ms now_ms, const char *want) {
    struct fr_campaign_set *set = make();
    struct fr_buf out = {0};
    fr_campaigns_table(&out, set, filter, now_ms);
    fr_buf_byte(&out, 0);
    if (strcmp(out.data, want) != 0) fprintf(stderr, "%s", out.data);
    CHECK(strcmp(out.data, want) == 0);
    fr_buf_fini(&out);
    fr_campaign_set_free(set);
}

#define HEAD                                                                                                \
    "ID   KIND      ADVERTISER  STATE   NOW   START UTC            END UTC              DAILY  TOTAL  PAYS" \
    "              RULE\n"

static void test_a_table_of_all(void) {
    check_table(all, 1500,
                HEAD
                "a    campaign  -           paused  -     -                    -                    -      -"
                "      2 a impression    (everybody)\n"
                "b    campaign  Delta       active  runs  1970-01-01T00:00:01  1970-01-01T00:00:02  0.5    20"
                "     0.25 EUR a click  events > 3\n"
                "vip  segment   -           -       -     -                    -                    -      -"
                "      -                 sessions > 1\n");
}

static void test_one_state_leaves_segments_out_and_time_counts(void) {
    static const char *const now[] = {"waits", "runs", "runs", "over"};
    const fr_time_ms times[] = {999, 1000, 1999, 2000};
    for (int i = 0; i < 4; i++) {
        char want[400];
        int width = (int)strlen(now[i]);
        snprintf(
            want, sizeof want,
            "ID  KIND      ADVERTISER  STATE   %-*s  START UTC            END UTC              DAILY  TOTAL  "
            "PAYS              RULE\n"
            "b   campaign  Delta       active  %s  1970-01-01T00:00:01  1970-01-01T00:00:02  0.5    20     "
            "0.25 EUR a click  events > 3\n",
            width, "NOW", now[i]);
        check_table((struct fr_campaigns_filter){"active"}, times[i], want);
    }
}

static void test_json_has_the_records(void) {
    struct fr_campaign_set *set = make();
    struct fr_buf out = {0};
    fr_campaigns_json(&out, set, (struct fr_campaigns_filter){"paused"}, 2);
    fr_campaigns_json(&out, set, all, 0);
    fr_buf_byte(&out, 0);
    const char *second = strchr(out.data, '\n');
    CHECK(strncmp(out.data,
                  "{\"campaigns\":[{\"id\":\"a\",\"kind\":\"campaign\",\"pays\":{\"for\":\"impression\","
                  "\"price\":2},"
                  "\"state\":\"paused\"}],\"segments\":[],\"bad_records\":2}\n",
                  (size_t)(second + 1 - out.data)) == 0);
    CHECK(strstr(second, "\"segments\":[{\"id\":\"vip\",\"kind\":\"segment\",\"rule\":\"sessions > 1\"}]"));
    fr_buf_fini(&out);
    fr_campaign_set_free(set);
}

static void test_a_long_rule_is_cut(void) {
    struct fr_campaign_book *b = fr_campaign_book_new();
    struct fr_campaign_faults faults;
    struct fr_buf out = {0};
    const char *record =
        "{\"id\":\"s\",\"kind\":\"segment\",\"rule\":\"country in [\\\"\u00e9\u00e9\u00e9\u00e9\u00e9\\\", "
        "\\\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\", \\\"b\\\"]\"}";
    CHECK(fr_campaign_book_put(b, (struct fr_str){0}, fr_str_of(record), 1, &faults));
    struct fr_campaign_set *set = fr_campaign_book_version(b, 1);
    fr_campaigns_table(&out, set, all, 0);
    fr_buf_byte(&out, 0);
    CHECK(strstr(out.data, "country in [\"\u00e9\u00e9\u00e9\u00e9\u00e9\", "
                           "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" ..\n"));
    fr_buf_fini(&out);
    fr_campaign_set_free(set);
    fr_campaign_book_free(b);
}

static void test_columns_are_as_wide_as_their_widest_cell(void) {
    struct fr_buf out = {0};
    fr_text_table(&out, FR_STR("a\tbb\tc\n\u00e9\u00e9\u00e9\t\t\nx\ty\tlong"));
    fr_buf_byte(&out, 0);
    CHECK_STR(out.data, "a    bb  c\n\u00e9\u00e9\u00e9\nx    y   long\n");
    fr_buf_clear(&out);
    fr_text_table(&out, FR_STR(""));
    CHECK_INT(out.len, 0);
    fr_buf_fini(&out);
}

int main(void) {
    RUN(test_a_table_of_all);
    RUN(test_one_state_leaves_segments_out_and_time_counts);
    RUN(test_json_has_the_records);
    RUN(test_a_long_rule_is_cut);
    RUN(test_columns_are_as_wide_as_their_widest_cell);
    return check_done();
}
