#include "bench_live.h"
#include "process.h"
#include <stdio.h>
#include <unistd.h>

enum { POLL_MS = 10, QUIET_US = 1500000, STUCK_US = 120000000, BATCH = 10000, WAIT_MS = 100 };

/* utime and stime are the 12th and 13th word behind the name in brackets. */
static double cpu_of(int64_t pid) {
    char path[64], text[1024];
    if (pid <= 0) return -1;
    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    FILE *f = fopen(path, "re");
    if (!f) return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    const char *rest = strrchr(text, ')');
    unsigned long long user, system;
    if (!rest ||
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
        return -1;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

struct bench_cpu bench_cpu_read(const struct fr_bench_options *o) {
    return (struct bench_cpu){cpu_of(getpid()), cpu_of(o->kafka_pid), cpu_of(o->redis_pid)};
}

void bench_cpu_add(struct fr_bench_report *r, const struct fr_bench_options *o,
                   const struct bench_cpu *before) {
    struct bench_cpu now = bench_cpu_read(o);
    fr_bench_value(r, "cpu_s_freshet", now.self_s - before->self_s);
    if (now.kafka_s >= 0) fr_bench_value(r, "cpu_s_kafka", now.kafka_s - before->kafka_s);
    if (now.redis_s >= 0) fr_bench_value(r, "cpu_s_redis", now.redis_s - before->redis_s);
}

/* Lists of neighbours may be published for a while after the last record; they are outputs of time, not of records, so
 * the end is when everything was first committed after the last record. */
enum fr_err bench_await(struct end *e, fr_mono_us *took_us, struct fr_errmsg *msg) {
    struct fr_runner_status s;
    fr_runner_status(e->runner, &s);
    uint64_t at_first = s.records[FR_STAGE_USER], known = 0;
    fr_mono_us first = 0, changed = fr_clock_mono_us(), settled = 0;
    struct fr_bench_progress progress = {.what = "events", .total = e->taken};
    for (;;) {
        fr_runner_status(e->runner, &s);
        fr_mono_us now = fr_clock_mono_us();
        if (s.failed != FR_OK) return fr_err_set(msg, s.failed, "%s", s.reason);
        if (now - changed > STUCK_US) return fr_err_set(msg, FR_TIMEOUT, "the stages do not come to an end");
        if (!first && s.records[FR_STAGE_USER] > at_first) first = now;
        uint64_t records = s.records[FR_STAGE_USER] + s.records[FR_STAGE_AGGREGATE];
        if (records != known) {
            known = records;
            changed = now;
            settled = 0;
            if (s.records[FR_STAGE_USER] < e->taken) fr_bench_progress(&progress, s.records[FR_STAGE_USER]);
        }
        bool all = s.records[FR_STAGE_USER] >= e->taken && s.caught_up == s.workers;
        if (all && !settled) settled = now;
        if (all && now - changed > QUIET_US) break;
        fr_clock_sleep_ms(POLL_MS);
    }
    *took_us = settled - (first ? first : settled);
    return FR_OK;
}

enum fr_err bench_reader(const struct end *e, enum fr_topic topic, const char *name, struct fr_bus **out,
                         struct fr_errmsg *msg) {
    char id[192];
    snprintf(id, sizeof id, "%s-%s-%d", e->config->topic_prefix, name, (int)getpid());
    struct fr_bus_kafka_config c = {
        .cluster = e->wiring.cluster, .input = topic, .group_id = id, .transactional_id = id};
    return fr_bus_kafka_open(&c, out, msg);
}

static enum fr_err start_at_first(struct fr_bus *bus, const struct fr_bus_poll *p, struct fr_errmsg *msg) {
    for (uint32_t i = 0; i < p->partition_n; i++) {
        struct fr_start start = {p->partitions[i], 0};
        enum fr_err err = bus->ops->start(bus, &start, 1, msg);
        if (err != FR_OK) return err;
    }
    return FR_OK;
}

enum fr_err bench_bare(const struct end *e, uint64_t n, double *per_s, struct fr_errmsg *msg) {
    struct fr_bus *bus;
    enum fr_err err = bench_reader(e, FR_TOPIC_EVENTS, "bare", &bus, msg);
    if (err != FR_OK) return err;
    struct fr_bench_progress progress = {.what = "bare consumer", .total = n};
    uint64_t counted = 0, bytes = 0;
    fr_mono_us opened = fr_clock_mono_us(), first = 0;
    while (counted < n && err == FR_OK) {
        struct fr_bus_poll p;
        err = bus->ops->poll(bus, BATCH, WAIT_MS, &p, msg);
        if (err == FR_BUS_DOWN) err = FR_OK;
        if (err != FR_OK) break;
        if (fr_clock_mono_us() - opened > STUCK_US)
            err = fr_err_set(msg, FR_TIMEOUT, "the bare consumer does not come to an end");
        if (p.event == FR_BUS_ASSIGN) err = start_at_first(bus, &p, msg);
        if (p.event != FR_BUS_RECORDS) continue;
        if (!first) first = fr_clock_mono_us();
        counted += p.record_n;
        for (uint32_t i = 0; i < p.record_n; i++) bytes += p.records[i].value.len;
        fr_bench_progress(&progress, counted < n ? counted : n);
    }
    *per_s = (double)counted * 1e6 / (double)(fr_clock_mono_us() - first);
    bus->ops->close(bus);
    return bytes ? err : fr_err_set(msg, FR_TIMEOUT, "the bare consumer has read nothing");
}
