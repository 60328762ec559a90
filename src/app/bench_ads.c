/* What the click and conversion models cost their learner: teaching, and storing what was learnt. Impressions come so that each
 * queue is about half full: what is measured is the state as it is under a load that it just takes in whole. */
#include "bench_scores.h"
#include "freshet/app/bench.h"
#include "freshet/base/hash.h"
#include "freshet/run/live_ads.h"
#include <stdlib.h>

enum {
    IMPRESSIONS = 200000,
    PER_RECORD = 1000,
    CAMPAIGNS = 500,
    ADVERTISERS = 50,
    TOPICS = 20,
    SURFACES = 4,
    ATTRIBUTES = 8,
    ATTRIBUTE_VALUES = 30
};

struct ads_bench {
    const struct fr_bench_options *options;
    struct fr_live_ads ads;
    struct fr_ad_writer *writer;
    struct fr_rng rng;
    struct fr_arena arena;
    struct fr_buf record;
    fr_time_ms now_ms, step_ms;
    uint64_t made, bytes, learnt;
    int64_t teach_ns;
};

static uint64_t id_of(uint32_t kind, uint32_t number) {
    return fr_hash_mix((uint64_t)kind << 32 | (number + 1));
}

static struct fr_ad_example some_impression(struct ads_bench *b) {
    uint32_t user = fr_rng_below(&b->rng, (uint32_t)b->options->users);
    uint32_t campaign = fr_rng_below(&b->rng, CAMPAIGNS);
    struct fr_ad_example e = {.kind = FR_AD_SHOWN,
                              .ad = fr_rng_next(&b->rng) | 1,
                              .of = {.time_ms = b->now_ms,
                                     .user = id_of(1, user),
                                     .creative = id_of(2, campaign * 4 + fr_rng_below(&b->rng, 4)),
                                     .campaign = id_of(3, campaign),
                                     .advertiser = id_of(4, campaign % ADVERTISERS),
                                     .topic = id_of(5, campaign % TOPICS),
                                     .surface = id_of(6, fr_rng_below(&b->rng, SURFACES)),
                                     .position = -1,
                                     .age_days = 3,
                                     .user_attribute_n = ATTRIBUTES}};
    for (uint32_t i = 0; i < ATTRIBUTES; i++)
        e.of.user_attributes[i] =
            (uint32_t)id_of(7 + i, (uint32_t)(id_of(1, user) >> i * 4) % ATTRIBUTE_VALUES);
    return e;
}

/* One in 20 is clicked, one in 100 converts. */
static void add_impression(struct ads_bench *b) {
    b->now_ms += b->step_ms;
    struct fr_ad_example e = some_impression(b);
    fr_ad_writer_add(b->writer, &e);
    uint32_t dice = fr_rng_below(&b->rng, 100);
    if (dice >= 5) return;
    e.kind = FR_AD_CLICK;
    fr_ad_writer_add(b->writer, &e);
    if (dice > 0) return;
    e.kind = FR_AD_CONVERSION;
    fr_ad_writer_add(b->writer, &e);
}

static void teach_record(struct ads_bench *b) {
    fr_buf_clear(&b->record);
    for (uint32_t i = 0; i < PER_RECORD; i++) add_impression(b);
    fr_ad_writer_finish(b->writer, &b->record);
    int64_t start_ns = fr_clock_cpu_ns();
    struct fr_live_ads_taught t = fr_live_ads_teach(&b->ads, fr_buf_slice(&b->record), &b->arena);
    b->teach_ns += fr_clock_cpu_ns() - start_ns;
    FR_ASSERT(!t.bad);
    b->made += PER_RECORD;
    b->bytes += b->record.len;
    b->learnt += t.learnt;
}

static double ms_since(int64_t start_ns) { return (double)(fr_clock_cpu_ns() - start_ns) * 1e-6; }

static void add_store(const struct ads_bench *b, const char *name, enum fr_live_ads_use use,
                      struct fr_bench_report *report) {
    struct fr_buf bytes = {0};
    struct fr_live_ads again;
    int64_t start_ns = fr_clock_cpu_ns();
    fr_live_ads_save(&b->ads, "e1", use, &bytes);
    double save_ms = ms_since(start_ns);
    fr_live_ads_init(&again, &b->ads.params, use);
    start_ns = fr_clock_cpu_ns();
    enum fr_err err = fr_live_ads_load(&again, fr_buf_slice(&bytes), NULL);
    double load_ms = ms_since(start_ns);
    FR_ASSERT(err == FR_OK);
    fr_bench_section(report, name);
    fr_bench_value(report, "megabytes", (double)bytes.len * 1e-6);
    fr_bench_value(report, "save_ms", save_ms);
    fr_bench_value(report, "load_ms", load_ms);
    fr_live_ads_fini(&again);
    fr_buf_fini(&bytes);
}

static void add_forget(struct ads_bench *b, struct fr_bench_report *report) {
    fr_buf_clear(&b->record);
    fr_ad_writer_add(b->writer, &(struct fr_ad_example){.kind = FR_AD_FORGET, .of.user = id_of(1, 0)});
    fr_ad_writer_finish(b->writer, &b->record);
    int64_t start_ns = fr_clock_cpu_ns();
    fr_live_ads_teach(&b->ads, fr_buf_slice(&b->record), &b->arena);
    fr_bench_section(report, "forgetting");
    fr_bench_value(report, "forget_ms", ms_since(start_ns));
}

static void add_teaching(const struct ads_bench *b, struct fr_bench_report *report) {
    fr_bench_section(report, "teaching");
    fr_bench_value(report, "impressions", (double)b->made);
    fr_bench_value(report, "us_per_impression", (double)b->teach_ns * 1e-3 / (double)b->made);
    fr_bench_value(report, "impressions_per_cpu_s", (double)b->made / ((double)b->teach_ns * 1e-9));
    fr_bench_value(report, "record_bytes_per_impression", (double)b->bytes / (double)b->made);
    fr_bench_value(report, "learnt_by_both_models", (double)b->learnt);
    fr_bench_value(report, "memory_megabytes", (double)fr_live_ads_bytes(&b->ads) * 1e-6);
}

void fr_bench_ads(const struct fr_bench_options *o, const struct fr_rules *rules,
                  struct fr_bench_report *report) {
    const struct fr_live_ads_params *params = &rules->ads.models;
    struct ads_bench b = {.options = o,
                          .writer = fr_ad_writer_new(),
                          .rng = {(uint64_t)o->seed},
                          .now_ms = 1700000000000,
                          .step_ms = 1 + params->conversion_window_ms * 2 / params->waiting_most};
    uint64_t wanted = o->events ? (uint64_t)o->events : IMPRESSIONS;
    struct fr_bench_progress progress = {.what = "ads", .total = wanted};
    fr_live_ads_init(&b.ads, params, FR_LIVE_ADS_TAUGHT);
    for (fr_bench_progress(&progress, 0); b.made < wanted; fr_bench_progress(&progress, b.made))
        teach_record(&b);
    add_teaching(&b, report);
    bench_scores(rules, &b.ads, (uint64_t)o->seed, report);
    add_store(&b, "state", FR_LIVE_ADS_TAUGHT, report);
    add_store(&b, "snapshot", FR_LIVE_ADS_ASKED, report);
    add_forget(&b, report);
    fr_live_ads_fini(&b.ads);
    fr_ad_writer_free(b.writer);
    fr_arena_fini(&b.arena);
    fr_buf_fini(&b.record);
}
