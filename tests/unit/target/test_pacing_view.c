/* Pacing views: what is written reads back, and any other bytes are refused. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/target/pacing_view.h"

static const struct fr_pacing_entry entries[] = {
    {.campaign_id = {"a", 1},
     .multiplier = .25,
     .spent_today_micros = 7,
     .spent_total_micros = 9,
     .impressions = 5,
     .clicks = 2,
     .conversions = 1,
     .control = {.multiplier = .25,
                 .at = 1000,
                 .started = true,
                 .seen_micros = 9,
                 .under_way = 1,
                 .day = 3,
                 .goal = -2,
                 .exposure = 4,
                 .spent_micros = 6}},
    {.campaign_id = {"b", 1}, .exhausted = true, .permits = {"book", 4}},
};

static void write_view(struct fr_buf *out) { fr_pacing_view_encode(out, 123, entries, 2); }

static void test_written_reads_back(void) {
    struct fr_buf once = {0}, twice = {0};
    struct fr_pacing_entry got[2];
    fr_time_ms at_ms;
    write_view(&once);
    CHECK_INT(fr_pacing_view_decode(fr_buf_slice(&once), &at_ms, NULL, 0), 2);
    CHECK_INT(fr_pacing_view_decode(fr_buf_slice(&once), &at_ms, got, 2), 2);
    CHECK_INT(at_ms, 123);
    CHECK(got[0].multiplier == .25 && !got[0].exhausted && got[1].exhausted);
    CHECK(got[0].impressions == 5 && got[0].clicks == 2 && got[0].conversions == 1);
    CHECK(got[0].spent_today_micros == 7 && got[0].spent_total_micros == 9);
    CHECK(got[0].control.started && got[0].control.seen_micros == 9 && !got[1].control.started);
    CHECK(!got[0].permits.len && fr_str_eq(got[1].permits, FR_STR("book")));
    fr_pacing_view_encode(&twice, at_ms, got, 2);
    CHECK(fr_str_eq(fr_buf_slice(&once), fr_buf_slice(&twice)));
    fr_buf_clear(&once);
    fr_pacing_view_encode(&once, 5, NULL, 0);
    CHECK_INT(fr_pacing_view_decode(fr_buf_slice(&once), &at_ms, got, 2), 0);
    fr_buf_fini(&once);
    fr_buf_fini(&twice);
}

static int64_t read(const struct fr_buf *bytes, uint32_t n) {
    struct fr_pacing_entry got[4];
    fr_time_ms at_ms;
    return fr_pacing_view_decode((struct fr_str){bytes->data, n}, &at_ms, got, 4);
}

static void test_other_bytes_are_refused(void) {
    struct fr_buf bytes = {0};
    struct fr_rng rng = {1};
    write_view(&bytes);
    for (uint32_t n = 0; n < bytes.len; n++) CHECK_INT(read(&bytes, n), -1);
    for (int i = 0; i < 20000; i++) { /* total: whatever stands there */
        size_t at = fr_rng_below(&rng, (uint32_t)bytes.len);
        char was = bytes.data[at];
        bytes.data[at] = (char)fr_rng_below(&rng, 256);
        int64_t n = read(&bytes, (uint32_t)bytes.len);
        CHECK(n >= -1 && n <= 2);
        bytes.data[at] = was;
    }
    struct fr_pacing_entry swapped[] = {entries[1], entries[0]}, wild[] = {entries[0]};
    struct fr_pacing_entry twice[] = {entries[0], entries[0]};
    fr_buf_clear(&bytes);
    fr_pacing_view_encode(&bytes, 1, twice, 2);
    CHECK_INT(read(&bytes, (uint32_t)bytes.len), -1);
    fr_buf_clear(&bytes);
    fr_pacing_view_encode(&bytes, 1, swapped, 2);
    CHECK_INT(read(&bytes, (uint32_t)bytes.len), -1);
    wild[0].multiplier = 1.5;
    fr_buf_clear(&bytes);
    fr_pacing_view_encode(&bytes, 1, wild, 1);
    CHECK_INT(read(&bytes, (uint32_t)bytes.len), -1);
    fr_buf_fini(&bytes);
}

int main(void) {
    RUN(test_written_reads_back);
    RUN(test_other_bytes_are_refused);
    return check_done();
}
