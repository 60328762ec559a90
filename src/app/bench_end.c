/* The whole way on real servers: fill the histories, then a backlog, then live at two rates.
 *
 *   topics -> fill, drained -> stop -> preload -> start -> drained: events/s -> live -> live at half of that
 *
 * The backlog's clock runs from the first record that the stages take to the moment when the last list is committed and
 * the deltas of everything are applied; joining the group is not in it, reading states back from Redis is. */
#include "bench_live.h"
#include "kafka_command.h"
#include <stdio.h>

enum { EVENTS = 250000, LIVE_RATE = 2800, STOP_MS = 60000 };

static enum fr_err make_topics(struct end *e, struct fr_errmsg *msg) {
    struct fr_kafka_topic_spec specs[FR_TOPIC_N];
    bool made[FR_TOPIC_N];
    fr_topic_specs(e->config, specs);
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        if (fr_topic_info((enum fr_topic)t)->many) specs[t].partitions = (uint32_t)e->o->partitions;
        e->partitions[specs[t].topic] = specs[t].partitions;
    }
    return fr_kafka_topics_create(&e->wiring.cluster, specs, FR_TOPIC_N, made, msg);
}

static enum fr_err write_campaigns(struct end *e, struct fr_errmsg *msg) {
    struct fr_kafka_writer *w;
    struct fr_buf json = {0};
    enum fr_err err = fr_kafka_writer_open(&e->wiring.cluster, &w, msg);
    for (uint32_t n = 0; err == FR_OK && n < (uint32_t)e->o->campaigns; n++) {
        char rule[64], id[32];
        fr_bench_campaign_rule(n, rule);
        fr_bench_campaign(&json, n, rule);
        snprintf(id, sizeof id, "campaign-%u", n);
        struct fr_out out = {
            .topic = FR_TOPIC_CAMPAIGNS, .partition = -1, .key = fr_str_of(id), .value = fr_buf_slice(&json)};
        err = fr_kafka_writer_put(w, &out, msg);
    }
    if (err == FR_OK) err = fr_bench_flush(w, msg);
    fr_kafka_writer_close(&w);
    fr_buf_fini(&json);
    return err;
}

static enum fr_err preload(struct end *e, uint64_t n, struct fr_errmsg *msg) {
    struct fr_bench_progress progress = {.what = "preload", .total = n};
    struct fr_kafka_writer *w;
    enum fr_err err = fr_kafka_writer_open(&e->wiring.cluster, &w, msg);
    if (err != FR_OK) return err;
    for (uint64_t i = 0; i < n && err == FR_OK; i++) {
        const struct fr_bench_event *event = fr_bench_load_next(e->load, (fr_time_ms)e->next_ms);
        e->next_ms += 1000 / e->rate;
        err = fr_bench_put(w, event, msg);
        if (i % 256 == 0) fr_bench_progress(&progress, i);
    }
    if (err == FR_OK) err = fr_bench_flush(w, msg);
    fr_kafka_writer_close(&w);
    return err;
}

/* Starts the stages on n events that are in the log already; leaves them running. */
static enum fr_err drain(struct end *e, uint64_t n, fr_mono_us *took_us, struct fr_errmsg *msg) {
    e->runner = fr_runner_start(&e->runner_config);
    e->taken = n;
    return bench_await(e, took_us, msg);
}

static enum fr_err fill(struct end *e, uint64_t n, struct fr_errmsg *msg) {
    fr_mono_us took;
    enum fr_err err = preload(e, n, msg);
    if (err == FR_OK) err = drain(e, n, &took, msg);
    if (err != FR_OK) return err;
    fr_runner_stop(&e->runner, STOP_MS);
    fr_bench_section(e->report, "fill");
    fr_bench_value(e->report, "events", (double)n);
    fr_bench_value(e->report, "events_per_s", (double)n * 1e6 / (double)took);
    return FR_OK;
}

static enum fr_err backlog(struct end *e, uint64_t n, double bare_per_s, double *per_s,
                           struct fr_errmsg *msg) {
    fr_mono_us took;
    enum fr_err err = preload(e, n, msg);
    struct bench_cpu before = bench_cpu_read(e->o);
    if (err == FR_OK) err = drain(e, n, &took, msg);
    if (err != FR_OK) return err;
    *per_s = (double)n * 1e6 / (double)took;
    fr_bench_section(e->report, "backlog");
    fr_bench_value(e->report, "events", (double)n);
    fr_bench_value(e->report, "seconds", (double)took * 1e-6);
    fr_bench_value(e->report, "events_per_s", *per_s);
    fr_bench_value(e->report, "lists", (double)fr_runner_total(e->runner, FR_STAT_LISTS_PUBLISHED));
    fr_bench_value(e->report, "lessons", (double)fr_runner_total(e->runner, FR_STAT_LESSONS_LEARNT));
    fr_bench_value(e->report, "bare_consumer_per_s", bare_per_s);
    fr_bench_value(e->report, "times_slower_than_bare", bare_per_s / *per_s);
    bench_cpu_add(e->report, e->o, &before);
    return FR_OK;
}

static enum fr_err measure(struct end *e, struct fr_errmsg *msg) {
    uint64_t filled = (uint64_t)(e->o->users * e->o->fill);
    uint64_t n = (uint64_t)(e->o->events ? e->o->events : EVENTS);
    double bare_per_s = 0, per_s = 0;
    e->rate = e->o->rate ? (double)e->o->rate : LIVE_RATE;
    e->next_ms = (double)fr_clock_wall_ms() - (double)(filled + n) * 1000 / e->rate;
    enum fr_err err = make_topics(e, msg);
    if (err == FR_OK && e->o->campaigns) err = write_campaigns(e, msg);
    e->runner_config = fr_wire_runner(&e->wiring, e->runner_config.rules, e->partitions);
    if (err == FR_OK && filled) err = fill(e, filled, msg);
    if (err == FR_OK && filled) err = bench_bare(e, filled, &bare_per_s, msg);
    if (err == FR_OK) err = backlog(e, n, bare_per_s, &per_s, msg);
    if (err == FR_OK && e->o->seconds && !e->o->refit) err = bench_live(e, "live", e->rate, msg);
    if (err == FR_OK && e->o->seconds && !e->o->refit)
        err = bench_live(e, "live_half_of_backlog", per_s / 2, msg);
    if (err == FR_OK && e->o->seconds && e->o->refit) err = bench_refit(e, msg);
    return err;
}

static void clean_up(struct end *e) {
    enum fr_topic topics[FR_TOPIC_N];
    struct fr_errmsg msg = {0};
    for (unsigned t = 0; t < FR_TOPIC_N; t++) topics[t] = (enum fr_topic)t;
    if (e->o->keep) return;
    if (fr_kafka_topics_delete(&e->wiring.cluster, topics, FR_TOPIC_N, &msg) != FR_OK)
        fprintf(stderr, "freshet bench: topics %s.* are left behind: %s\n", e->config->topic_prefix,
                msg.text);
    fprintf(stderr, "freshet bench: Redis keys %s:* are left behind\n", e->config->topic_prefix);
}

enum fr_err fr_bench_end_to_end(const struct fr_bench_options *o, const struct fr_config *config,
                                const struct fr_rules *rules, struct fr_bench_report *report,
                                struct fr_errmsg *msg) {
    struct end e = {.o = o, .config = config, .report = report};
    e.runner_config.rules = rules;
    fr_wiring_init(&e.wiring, config, NULL);
    e.load = fr_bench_load_new((uint32_t)o->users, (uint32_t)o->items, (uint64_t)o->seed);
    enum fr_err err = measure(&e, msg);
    fr_runner_stop(&e.runner, STOP_MS);
    clean_up(&e);
    fr_bench_load_free(&e.load);
    fr_wiring_fini(&e.wiring);
    return err;
}
