/* The generated load on a real topic: as fast as it is taken, or at a rate. */
#include "freshet/adapt/kafka_admin.h"
#include "freshet/app/bench.h"

enum { EVENTS = 1500000, FLUSH_MS = 120000, LOOK_EVERY = 256 };

enum fr_err fr_bench_put(struct fr_kafka_writer *w, const struct fr_bench_event *e, struct fr_errmsg *msg) {
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = -1,
                         .timestamp_ms = e->time_ms,
                         .key = fr_bench_key(e),
                         .value = fr_bench_text(e)};
    return fr_kafka_writer_put(w, &out, msg);
}

enum fr_err fr_bench_flush(struct fr_kafka_writer *w, struct fr_errmsg *msg) {
    uint64_t failed = 0;
    enum fr_err err = fr_kafka_writer_flush(w, FLUSH_MS, &failed, msg);
    if (err == FR_OK && failed)
        err = fr_err_set(msg, FR_IO, "%llu records were not taken", (unsigned long long)failed);
    return err;
}

static void keep_pace(uint64_t sent, double rate, fr_mono_us start) {
    if (rate <= 0) return;
    double ahead_s = (double)sent / rate - (double)(fr_clock_mono_us() - start) * 1e-6;
    if (ahead_s >= .001) fr_clock_sleep_ms((unsigned)(ahead_s * 1000));
}

static enum fr_err write_all(struct fr_kafka_writer *w, struct fr_bench_load *load, uint64_t n, double rate,
                             struct fr_errmsg *msg) {
    struct fr_bench_progress progress = {.what = "load", .total = n};
    fr_bench_progress(&progress, 0);
    fr_mono_us start = fr_clock_mono_us();
    for (uint64_t i = 0; i < n; i++) {
        keep_pace(i, rate, start);
        const struct fr_bench_event *e = fr_bench_load_next(load, fr_clock_wall_ms());
        enum fr_err err = fr_bench_put(w, e, msg);
        if (err != FR_OK) return err;
        if ((i + 1) % LOOK_EVERY == 0) fr_bench_progress(&progress, i + 1);
    }
    return fr_bench_flush(w, msg);
}

enum fr_err fr_bench_write_load(const struct fr_bench_options *o, const struct fr_config *config,
                                const struct fr_rules *rules, struct fr_bench_report *report,
                                struct fr_errmsg *msg) {
    (void)rules;
    struct fr_arena arena = {0};
    struct fr_kafka_cluster cluster = fr_wire_cluster(config, &arena);
    struct fr_kafka_writer *w = NULL;
    uint64_t n = (uint64_t)(o->events ? o->events : EVENTS);
    struct fr_bench_load *load = fr_bench_load_new((uint32_t)o->users, (uint32_t)o->items, (uint64_t)o->seed);
    fr_mono_us start = fr_clock_mono_us();
    enum fr_err err = fr_kafka_writer_open(&cluster, &w, msg);
    if (err == FR_OK) err = write_all(w, load, n, (double)o->rate, msg);
    if (err == FR_OK) {
        fr_bench_section(report, "load");
        fr_bench_value(report, "events", (double)n);
        fr_bench_value(report, "events_per_s", (double)n * 1e6 / (double)(fr_clock_mono_us() - start));
    }
    fr_kafka_writer_close(&w);
    fr_bench_load_free(&load);
    fr_arena_fini(&arena);
    return err;
}
