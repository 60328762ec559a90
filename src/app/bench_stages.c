/* Both stages as they run, with workers, transactions and state commits, on the twins of Kafka and Redis and in one
 * thread: what one core does when nothing outside is waited for. Events are made and put into the log between the
 * measured stretches; what has been processed is cut off the logs, so memory stays bounded. */
#include "freshet/adapt/store_memory.h"
#include "freshet/app/bench.h"
#include <stdlib.h>

enum { EVENTS = 400000, STUCK_US = 60000000, KEEP_BYTES = 1 << 20, QUIET_STEPS = 3 };
#define GROUP_USER "bench-user"
#define GROUP_AGGREGATE "bench-aggregate"

struct twins {
    struct fr_bus_memory *bus;
    struct fr_store_memory *store;
    struct fr_worker *user, *aggregate;
    struct fr_stat_block *stat;
    struct fr_bench_load *load;
    uint32_t partitions;
    uint32_t chunk; /* events put into the log at a time */
    uint64_t produced, aggregated;
    unsigned quiet;
    int64_t cpu_ns;     /* measured so far */
    fr_mono_us wall_us; /* the same by the clock on the wall */
};

static struct fr_worker *open_worker(struct twins *t, const struct fr_config *c, const struct fr_rules *rules,
                                     enum fr_topic input, const char *group, struct fr_stage *stage) {
    struct fr_bus_memory_endpoint_config end = {
        .input = input, .group = group, .instance = group, .transactional_id = group};
    struct fr_worker_config w = {.bus = fr_bus_memory_open(t->bus, &end),
                                 .store = fr_store_memory_open(t->store),
                                 .stage = stage,
                                 .stat = t->stat,
                                 .prefix = "bench",
                                 .input_partitions = t->partitions,
                                 .topic_hash = fr_rules_hash(rules, input),
                                 .batch_records = (uint32_t)c->kafka.max_batch_records,
                                 .commit_interval_ms = (uint32_t)c->redis.commit_interval_ms,
                                 .cache_bytes = UINT64_C(1) << 40,
                                 .conditions = FR_CONDITIONS_ALL};
    return fr_worker_new(&w);
}

static void open_twins(struct twins *t, const struct fr_bench_options *o, const struct fr_config *c,
                       const struct fr_rules *rules) {
    *t = (struct twins){.partitions = (uint32_t)o->partitions,
                        .chunk = 2 * (uint32_t)c->kafka.max_batch_records,
                        .stat = fr_stat_block_new(),
                        .store = fr_store_memory_new()};
    struct fr_bus_memory_config bus = {
        .session_timeout_ms = 3600000, .txn_timeout_ms = 3600000, .keep_bytes = KEEP_BYTES};
    for (unsigned topic = 0; topic < FR_TOPIC_N; topic++) bus.partitions[topic] = t->partitions;
    t->bus = fr_bus_memory_new(&bus);
    t->load = fr_bench_load_new((uint32_t)o->users, (uint32_t)o->items, (uint64_t)o->seed);
    t->user =
        open_worker(t, c, rules, FR_TOPIC_EVENTS, GROUP_USER, fr_stage_user_new(rules, t->partitions, NULL));
    t->aggregate = open_worker(t, c, rules, FR_TOPIC_AFFINITY, GROUP_AGGREGATE,
                               fr_stage_aggregate_new(rules, t->partitions, NULL));
}

static void close_twins(struct twins *t) {
    fr_worker_free(&t->user);
    fr_worker_free(&t->aggregate);
    fr_bus_memory_free(&t->bus);
    fr_store_memory_free(&t->store);
    fr_stat_block_free(&t->stat);
    fr_bench_load_free(&t->load);
}

static void produce(struct twins *t, uint32_t n, fr_time_ms first_ms) {
    for (uint32_t i = 0; i < n; i++) {
        fr_time_ms at = first_ms + (fr_time_ms)t->produced++;
        const struct fr_bench_event *e = fr_bench_load_next(t->load, at);
        struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                             .partition = -1,
                             .timestamp_ms = at,
                             .key = fr_bench_key(e),
                             .value = fr_bench_text(e)};
        fr_bus_memory_produce(t->bus, &out);
    }
}

/* Everything put in has gone through both stages. quiet counts the steps in which the second one had nothing to read;
 * offsets cannot tell, because marks of transactions take some too. */
static bool drained(struct twins *t) {
    struct fr_worker_status user, aggregate;
    fr_worker_status(t->user, &user);
    fr_worker_status(t->aggregate, &aggregate);
    bool working = user.records < t->produced || user.busy || aggregate.records != t->aggregated;
    t->aggregated = aggregate.records;
    t->quiet = working ? 0 : t->quiet + 1;
    return t->quiet >= QUIET_STEPS && !aggregate.busy;
}

static void cut_logs(struct twins *t) {
    for (int32_t p = 0; p < (int32_t)t->partitions; p++) {
        fr_bus_memory_truncate_front(t->bus, FR_TOPIC_EVENTS, p,
                                     fr_bus_memory_group_offset(t->bus, GROUP_USER, p));
        fr_bus_memory_truncate_front(t->bus, FR_TOPIC_AFFINITY, p,
                                     fr_bus_memory_group_offset(t->bus, GROUP_AGGREGATE, p));
    }
}

static enum fr_err step_until_drained(struct twins *t, struct fr_errmsg *msg) {
    int64_t cpu = fr_clock_cpu_ns();
    fr_mono_us wall = fr_clock_mono_us();
    enum fr_err err = FR_OK;
    t->quiet = 0;
    do {
        if (fr_clock_mono_us() - wall > STUCK_US)
            return fr_err_set(msg, FR_TIMEOUT, "the stages do not come to an end");
        err = fr_worker_step(t->user, fr_clock_wall_ms(), 0, msg);
        if (err == FR_OK) err = fr_worker_step(t->aggregate, fr_clock_wall_ms(), 0, msg);
    } while (err == FR_OK && !drained(t));
    t->cpu_ns += fr_clock_cpu_ns() - cpu;
    t->wall_us += fr_clock_mono_us() - wall;
    return err;
}

static enum fr_err process(struct twins *t, uint64_t n, fr_time_ms first_ms, const char *what,
                           struct fr_errmsg *msg) {
    struct fr_bench_progress progress = {.what = what, .total = n};
    fr_bench_progress(&progress, 0);
    t->cpu_ns = t->wall_us = 0;
    for (uint64_t done = 0; done < n;) {
        uint32_t chunk = n - done < t->chunk ? (uint32_t)(n - done) : t->chunk;
        produce(t, chunk, first_ms);
        enum fr_err err = step_until_drained(t, msg);
        if (err != FR_OK) return err;
        cut_logs(t);
        done += chunk;
        fr_bench_progress(&progress, done);
    }
    return FR_OK;
}

struct round {
    double events_per_cpu_s, events_per_s, deltas, lists, neighbors, lists_per_cpu_s;
};

static double counted(const struct twins *t, enum fr_stat_id id) {
    return (double)fr_stat_get(t->stat, id, 0);
}

static enum fr_err measure(struct twins *t, uint64_t n, fr_time_ms first_ms, struct round *best,
                           struct fr_errmsg *msg) {
    double deltas = counted(t, FR_STAT_DELTAS_APPLIED), lists = counted(t, FR_STAT_LISTS_PUBLISHED);
    double neighbors = counted(t, FR_STAT_NEIGHBORS_PUBLISHED);
    enum fr_err err = process(t, n, first_ms, "stages", msg);
    if (err != FR_OK) return err;
    struct round r = {.events_per_cpu_s = (double)n * 1e9 / (double)t->cpu_ns,
                      .events_per_s = (double)n * 1e6 / (double)t->wall_us,
                      .deltas = (counted(t, FR_STAT_DELTAS_APPLIED) - deltas) / (double)n,
                      .lists = (counted(t, FR_STAT_LISTS_PUBLISHED) - lists) / (double)n,
                      .neighbors = (counted(t, FR_STAT_NEIGHBORS_PUBLISHED) - neighbors) / (double)n};
    r.lists_per_cpu_s = r.lists * r.events_per_cpu_s;
    if (r.events_per_cpu_s > best->events_per_cpu_s) *best = r;
    return FR_OK;
}

static void add(struct fr_bench_report *report, const struct round *r) {
    fr_bench_section(report, "stages");
    fr_bench_value(report, "events_per_cpu_s", r->events_per_cpu_s);
    fr_bench_value(report, "ns_per_event", 1e9 / r->events_per_cpu_s);
    fr_bench_value(report, "events_per_s", r->events_per_s);
    fr_bench_value(report, "deltas_per_event", r->deltas);
    fr_bench_value(report, "lists_per_event", r->lists);
    fr_bench_value(report, "lists_per_cpu_s", r->lists_per_cpu_s);
    fr_bench_value(report, "neighbor_lists_per_event", r->neighbors);
}

enum fr_err fr_bench_stages(const struct fr_bench_options *o, const struct fr_config *config,
                            const struct fr_rules *rules, struct fr_bench_report *report,
                            struct fr_errmsg *msg) {
    struct twins t;
    open_twins(&t, o, config, rules);
    fr_time_ms first_ms = 1700000000000;
    struct round best = {0};
    enum fr_err err = process(&t, (uint64_t)(o->users * o->fill), first_ms, "fill", msg);
    for (int64_t i = 0; i < o->rounds && err == FR_OK; i++)
        err = measure(&t, (uint64_t)(o->events ? o->events : EVENTS), first_ms, &best, msg);
    if (err == FR_OK) add(report, &best);
    close_twins(&t);
    return err;
}
