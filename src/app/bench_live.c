/* From the moment an event is handed to the producer to the moment a list that knows it is seen by a consumer of
 * committed records, all in this process and by one clock; and the same of ad scores, where there are campaigns.
 *
 * Each side writes down what it sees into an array of its own, and they are joined when all have stopped: an event is
 * answered by the first record of its user whose generated_at is not before the event. Repeats are left out: they change
 * nothing, so nothing answers them. */
#include "bench_live.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 10000, WAIT_MS = 20, ASSIGN_US = 60000000, AFTER_MS = 1000 };

struct sight {
    uint32_t user;
    fr_time_ms time_ms;
    fr_mono_us at_us;
};

struct sights {
    struct sight *at;
    size_t n, cap;
};

struct watcher {
    struct fr_bus *bus;
    pthread_t thread;
    struct sights seen;
    uint64_t bytes;
    _Atomic bool ready, stop;
};

/* What is watched. */
static const struct watched {
    enum fr_topic topic;
    const char *name, *prefix; /* of its consumer, and of its figures */
} watched[] = {{FR_TOPIC_RECOMMENDATIONS, "watch", ""}, {FR_TOPIC_AD_SCORES, "watch-scores", "scores_"}};
enum { LISTS, SCORES, WATCHED };

static void put(struct sights *s, struct sight sight) {
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 65536;
        s->at = fr_realloc(s->at, s->cap * sizeof *s->at);
    }
    s->at[s->n++] = sight;
}

static void start_at_end(struct watcher *w, const struct fr_bus_poll *p) {
    bool good = p->partition_n > 0;
    for (uint32_t i = 0; i < p->partition_n; i++) {
        struct fr_start start = {p->partitions[i], 0};
        int64_t first;
        good &= w->bus->ops->log_range(w->bus, p->partitions[i], &first, &start.offset, NULL) == FR_OK &&
                w->bus->ops->start(w->bus, &start, 1, NULL) == FR_OK;
    }
    atomic_store(&w->ready, good);
}

static void note_record(struct watcher *w, const struct fr_record *r, fr_mono_us now) {
    static const char name[] = "\"generated_at\":\"";
    if (!r->value.ptr || r->key.len < 2) return;
    const char *at = memmem(r->value.ptr, r->value.len, name, sizeof name - 1);
    struct sight s = {.at_us = now};
    if (!at || (size_t)(r->value.ptr + r->value.len - at) < sizeof name - 1 + 24) return;
    if (!fr_time_parse_rfc3339((struct fr_str){at + sizeof name - 1, 24}, &s.time_ms)) return;
    for (uint32_t i = 1; i < r->key.len; i++) s.user = s.user * 10 + (uint32_t)(r->key.ptr[i] - '0');
    w->bytes += r->value.len;
    put(&w->seen, s);
}

static void *watch(void *context) {
    struct watcher *w = context;
    while (!atomic_load(&w->stop)) {
        struct fr_bus_poll p;
        if (w->bus->ops->poll(w->bus, BATCH, WAIT_MS, &p, NULL) != FR_OK) continue;
        if (p.event == FR_BUS_ASSIGN) start_at_end(w, &p);
        if (p.event != FR_BUS_RECORDS) continue;
        fr_mono_us now = fr_clock_mono_us();
        for (uint32_t i = 0; i < p.record_n; i++) note_record(w, &p.records[i], now);
    }
    return NULL;
}

static enum fr_err watcher_start(struct watcher *w, const struct end *e, const struct watched *what,
                                 struct fr_errmsg *msg) {
    enum fr_err err = bench_reader(e, what->topic, what->name, &w->bus, msg);
    if (err != FR_OK) return err;
    int failed = pthread_create(&w->thread, NULL, watch, w);
    FR_ASSERT(failed == 0);
    fr_mono_us start = fr_clock_mono_us();
    while (!atomic_load(&w->ready)) {
        if (fr_clock_mono_us() - start > ASSIGN_US)
            return fr_err_set(msg, FR_TIMEOUT, "the watching consumer gets no partitions");
        fr_clock_sleep_ms(WAIT_MS);
    }
    return FR_OK;
}

static void watcher_stop(struct watcher *w) {
    if (!w->bus) return;
    atomic_store(&w->stop, true);
    pthread_join(w->thread, NULL);
    w->bus->ops->close(w->bus);
}

static enum fr_err send_one(struct end *e, struct fr_kafka_writer *w, struct sights *sent,
                            struct fr_errmsg *msg) {
    fr_mono_us now = fr_clock_mono_us();
    const struct fr_bench_event *event = fr_bench_load_next(e->load, fr_clock_wall_ms());
    enum fr_err err = fr_bench_put(w, event, msg);
    if (err != FR_OK) return err;
    if (!event->repeat) put(sent, (struct sight){event->user, event->time_ms, now});
    e->taken++;
    return FR_OK;
}

/* What was spent since the last one, for the phases that are over now. */
struct meter {
    uint32_t phase;
    struct bench_cpu cpu;
    fr_mono_us at_us;
};

static void meter_read(struct end *e, struct bench_plan *plan, struct meter *m, bool is_end) {
    fr_mono_us now = fr_clock_mono_us();
    for (; m->phase < plan->phase_n && (is_end || plan->phases[m->phase].until_us <= now); m->phase++) {
        struct bench_phase *p = &plan->phases[m->phase];
        struct bench_cpu cpu = bench_cpu_read(e->o);
        p->cpu = (struct bench_cpu){cpu.self_s - m->cpu.self_s, cpu.kafka_s - m->cpu.kafka_s,
                                    cpu.redis_s - m->cpu.redis_s};
        p->seconds = (double)(now - m->at_us) * 1e-6;
        m->cpu = cpu;
        m->at_us = now;
    }
}

static enum fr_err send(struct end *e, struct fr_kafka_writer *w, struct bench_plan *plan,
                        struct sights *sent, struct fr_errmsg *msg) {
    struct fr_bench_progress progress = {.what = "live"};
    fr_mono_us start = fr_clock_mono_us();
    struct meter meter = {0, bench_cpu_read(e->o), start};
    for (uint64_t i = 0; plan->goes_on(plan, (double)(fr_clock_mono_us() - start) * 1e-6); i++) {
        while ((double)(fr_clock_mono_us() - start) * 1e-6 < (double)i / plan->rate) fr_clock_sleep_ms(1);
        enum fr_err err = send_one(e, w, sent, msg);
        if (err != FR_OK) return err;
        if (i % 256 != 0) continue;
        meter_read(e, plan, &meter, false);
        fr_bench_progress(&progress, i);
    }
    meter_read(e, plan, &meter, true);
    return fr_bench_flush(w, msg);
}

static int by_user(const void *a, const void *b) {
    const struct sight *x = a, *y = b;
    if (x->user != y->user) return x->user < y->user ? -1 : 1;
    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Events handed over in a stretch of time, and how long each that was answered took. */
struct answers {
    fr_mono_us from_us, until_us;
    double *ms; /* [n], room for all that were sent */
    size_t n, sent_n;
};

static void join(struct sights *sent, struct sights *lists, struct answers *out) {
    if (sent->n) qsort(sent->at, sent->n, sizeof *sent->at, by_user);
    if (lists->n) qsort(lists->at, lists->n, sizeof *lists->at, by_user);
    for (size_t i = 0, l = 0; i < sent->n; i++) {
        const struct sight *s = &sent->at[i];
        while (l < lists->n && (lists->at[l].user < s->user ||
                                (lists->at[l].user == s->user && lists->at[l].time_ms < s->time_ms)))
            l++;
        if (s->at_us < out->from_us || s->at_us >= out->until_us) continue;
        out->sent_n++;
        if (l < lists->n && lists->at[l].user == s->user)
            out->ms[out->n++] = (double)(lists->at[l].at_us - s->at_us) * 1e-3;
    }
}

static void value(struct end *e, const struct watched *what, const char *name, double v) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", what->prefix, name);
    fr_bench_value(e->report, full, v);
}

static void add(struct end *e, const struct watched *what, struct answers *a) {
    value(e, what, "events_unanswered", (double)(a->sent_n - a->n));
    if (a->n == 0) return;
    qsort(a->ms, a->n, sizeof *a->ms, by_value);
    value(e, what, "p50_ms", a->ms[a->n / 2]);
    value(e, what, "p99_ms", a->ms[a->n - 1 - a->n / 100]);
    value(e, what, "max_ms", a->ms[a->n - 1]);
}

struct live {
    struct watcher watchers[WATCHED];
    unsigned watcher_n;
    struct sights sent;
};

static enum fr_err run_live(struct end *e, struct bench_plan *plan, struct live *live,
                            struct fr_errmsg *msg) {
    struct fr_kafka_property soon = {"linger.ms", "2"};
    struct fr_kafka_cluster cluster = e->wiring.cluster;
    if (cluster.property_n == 0) cluster.properties = &soon, cluster.property_n = 1;
    struct fr_kafka_writer *writer = NULL;
    fr_mono_us took;
    enum fr_err err = FR_OK;
    for (unsigned i = 0; i < live->watcher_n && err == FR_OK; i++)
        err = watcher_start(&live->watchers[i], e, &watched[i], msg);
    if (err == FR_OK) err = fr_kafka_writer_open(&cluster, &writer, msg);
    if (err == FR_OK) err = send(e, writer, plan, &live->sent, msg);
    if (err == FR_OK) err = bench_await(e, &took, msg);
    fr_clock_sleep_ms(AFTER_MS);
    for (unsigned i = 0; i < live->watcher_n; i++) watcher_stop(&live->watchers[i]);
    fr_kafka_writer_close(&writer);
    return err;
}

static void report_phase(struct end *e, const struct bench_plan *plan, uint32_t phase, struct live *live,
                         double *ms) {
    const struct bench_phase *p = &plan->phases[phase];
    fr_mono_us from_us = phase ? p[-1].until_us : 0;
    fr_bench_section(e->report, p->name);
    fr_bench_value(e->report, "rate_per_s", plan->rate);
    fr_bench_value(e->report, "seconds", p->seconds);
    for (unsigned i = 0; i < live->watcher_n; i++) {
        struct answers a = {.from_us = from_us, .until_us = p->until_us, .ms = ms};
        join(&live->sent, &live->watchers[i].seen, &a);
        if (i == LISTS) fr_bench_value(e->report, "events", (double)a.sent_n);
        add(e, &watched[i], &a);
    }
    if (p->seconds > 0) fr_bench_value(e->report, "cores_freshet", p->cpu.self_s / p->seconds);
}

static void report_records(struct end *e, const struct live *live) {
    for (unsigned i = 0; i < live->watcher_n; i++) {
        const struct watcher *w = &live->watchers[i];
        value(e, &watched[i], "records", (double)w->seen.n);
        value(e, &watched[i], "bytes_a_record", w->seen.n ? (double)w->bytes / (double)w->seen.n : 0);
    }
}

enum fr_err bench_live_plan(struct end *e, struct bench_plan *plan, struct fr_errmsg *msg) {
    struct live live = {.watcher_n = e->o->campaigns ? WATCHED : SCORES};
    enum fr_err err = run_live(e, plan, &live, msg);
    double *ms = fr_alloc((live.sent.n + 1) * sizeof *ms);
    for (uint32_t i = 0; err == FR_OK && i < plan->phase_n; i++) report_phase(e, plan, i, &live, ms);
    if (err == FR_OK) report_records(e, &live);
    free(ms);
    free(live.sent.at);
    for (unsigned i = 0; i < live.watcher_n; i++) free(live.watchers[i].seen.at);
    return err;
}

static bool until_the_time(struct bench_plan *plan, double seconds) {
    const struct end *e = plan->context;
    return seconds < (double)e->o->seconds;
}

enum fr_err bench_live(struct end *e, const char *name, double rate, struct fr_errmsg *msg) {
    struct bench_phase all = {.name = name, .until_us = INT64_MAX};
    struct bench_plan plan = {
        .rate = rate, .phases = &all, .phase_n = 1, .goes_on = until_the_time, .context = e};
    return bench_live_plan(e, &plan, msg);
}
