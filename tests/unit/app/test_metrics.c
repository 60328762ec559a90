#include "freshet/app/metrics.h"
#include "generated.h"
#include <stdlib.h>

static void lag(void *context, struct fr_buf *out) {
    (void)context;
    fr_metrics_lag_head(out);
    fr_metrics_lag(out, FR_STR("a\"b"), 3, 12);
}

static struct fr_buf exposition(bool with_numbers) {
    struct fr_stat_block *blocks[] = {fr_stat_block_new(), fr_stat_block_new()};
    for (uint64_t i = 0; with_numbers && i < 2; i++) {
        fr_stat_add(blocks[i], FR_STAT_RECORDS_READ, 1, 5 + i);
        fr_stat_add(blocks[i], FR_STAT_EVENTS_PROCESSED, 1, 2);
        fr_stat_set(blocks[i], FR_STAT_LAST_RECORD_TIME, 0, 100 + i);
        fr_stat_observe(blocks[i], FR_STAT_TXN_SECONDS, 1, .004);
        fr_stat_observe(blocks[i], FR_STAT_LIST_LATENCY, 0, 1e9);
    }
    struct fr_buf out = {0};
    fr_metrics_write(&(struct fr_metrics_source){blocks, 2, lag, NULL}, &out);
    fr_buf_byte(&out, '\0');
    for (int i = 0; i < 2; i++) fr_stat_block_free(&blocks[i]);
    return out;
}

static bool has(const struct fr_buf *text, const char *line) { return strstr(text->data, line) != NULL; }

static void test_blocks_are_summed(void) {
    struct fr_buf out = exposition(true);
    CHECK(has(&out, "\nfreshet_records_read_total{stage=\"aggregate\"} 11\n"));
    CHECK(has(&out, "\nfreshet_events_processed_total{type=\"click\"} 4\n"));
    CHECK(has(&out, "\nfreshet_last_record_timestamp_seconds{stage=\"user\"} 101\n"));
    fr_buf_fini(&out);
}

static void test_histograms_are_cumulative(void) {
    struct fr_buf out = exposition(true);
    CHECK(has(&out, "\nfreshet_kafka_txn_duration_seconds_bucket{stage=\"aggregate\",le=\"0.002\"} 0\n"));
    CHECK(has(&out, "\nfreshet_kafka_txn_duration_seconds_bucket{stage=\"aggregate\",le=\"0.005\"} 2\n"));
    CHECK(has(&out, "\nfreshet_kafka_txn_duration_seconds_bucket{stage=\"aggregate\",le=\"+Inf\"} 2\n"));
    CHECK(has(&out, "\nfreshet_kafka_txn_duration_seconds_sum{stage=\"aggregate\"} 0.0080000000000000002\n"));
    CHECK(has(&out, "\nfreshet_kafka_txn_duration_seconds_count{stage=\"user\"} 0\n"));
    CHECK(has(&out, "\nfreshet_event_to_list_latency_seconds_bucket{le=\"10000\"} 0\n"));
    CHECK(has(&out, "\nfreshet_event_to_list_latency_seconds_bucket{le=\"+Inf\"} 2\n"));
    CHECK(has(&out, "\nfreshet_event_to_list_latency_seconds_count 2\n"));
    fr_buf_fini(&out);
}

static void test_known_labels_are_there_as_zero(void) {
    struct fr_buf out = exposition(false);
    CHECK(has(&out, "\nfreshet_events_rejected_total{reason=\"not_json\"} 0\n"));
    CHECK(!has(&out, "reason=\"none\""));
    CHECK(has(&out, "\nfreshet_kafka_txn_aborts_total{stage=\"user\"} 0\n"));
    CHECK(has(&out, "\nfreshet_log_messages_total{level=\"error\"} "));
    CHECK(has(&out, "\nfreshet_build_info{version=\"" FRESHET_VERSION "\"} 1\n"));
    CHECK(has(&out, "\nfreshet_kafka_consumer_lag{topic=\"a\\\"b\",partition=\"3\"} 12\n"));
    fr_buf_fini(&out);
}

static void test_process_figures(void) {
    struct fr_buf out = exposition(false);
    const char *rss = strstr(out.data, "\nprocess_resident_memory_bytes ");
    const char *start = strstr(out.data, "\nprocess_start_time_seconds ");
    const char *fds = strstr(out.data, "\nprocess_open_fds ");
    CHECK(rss && start && fds);
    if (rss) CHECK(strtod(strchr(rss, ' '), NULL) > 1e5);
    if (start) CHECK(strtod(strchr(start, ' '), NULL) > 1.6e9);
    if (fds) CHECK(strtod(strchr(fds, ' '), NULL) >= 3);
    fr_buf_fini(&out);
}

static void test_docs_are_fresh(void) { check_generated("docs/METRICS.md", fr_metrics_docs); }

/* test_metrics --print: for tests/metrics_lint.sh */
int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct fr_buf out = exposition(true);
        fputs(out.data, stdout);
        fr_buf_fini(&out);
        return 0;
    }
    RUN(test_blocks_are_summed);
    RUN(test_histograms_are_cumulative);
    RUN(test_known_labels_are_there_as_zero);
    RUN(test_process_figures);
    RUN(test_docs_are_fresh);
    return check_done();
}
