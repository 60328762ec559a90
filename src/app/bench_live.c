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

enum { BATCH = 10000, WAIT_MS = 20, ASSIGN_US = 60000000, AFTER_MS = 1000, FLUSH_MS = 30000 };

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

static enum fr_err send(struct end *e, struct fr_kafka_writer *w, double rate, uint64_t n,
                        struct sights *sent, struct fr_errmsg *msg) {
    struct fr_bench_progress progress = {.what = "live", .total = n};
    fr_mono_us start = fr_clock_mono_us();
    for (uint64_t i = 0; i < n; i++) {
        while ((double)(fr_clock_mono_us() - start) * 1e-6 < (double)i / rate) fr_clock_sleep_ms(1);
        fr_mono_us now = fr_clock_mono_us();
        const struct fr_bench_event *event = fr_bench_load_next(e->load, fr_clock_wall_ms());
        struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                             .partition = -1,
                             .timestamp_ms = event->time_ms,
                             .key = fr_bench_key(event),
                             .value = fr_bench_text(event)};
        enum fr_err err = fr_kafka_writer_put(w, &out, msg);
        if (err != FR_OK) return err;
        if (!event->repeat) put(sent, (struct sight){event->user, event->time_ms, now});
        e->taken++;
        if (i % 256 == 0) fr_bench_progress(&progress, i);
    }
    uint64_t failed;
    return fr_kafka_writer_flush(w, FLUSH_MS, &failed, msg);
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

/* Fills ms[sent->n] for those that were answered; returns how many. */
static size_t join(struct sights *sent, struct sights *lists, double *ms) {
    if (sent->n) qsort(sent->at, sent->n, sizeof *sent->at, by_user);
    if (lists->n) qsort(lists->at, lists->n, sizeof *lists->at, by_user);
    size_t answered = 0, l = 0;
    for (size_t i = 0; i < sent->n; i++) {
        const struct sight *s = &sent->at[i];
        while (l < lists->n && (lists->at[l].user < s->user ||
                                (lists->at[l].user == s->user && lists->at[l].time_ms < s->time_ms)))
            l++;
        if (l < lists->n && lists->at[l].user == s->user)
            ms[answered++] = (double)(lists->at[l].at_us - s->at_us) * 1e-3;
    }
    return answered;
}

static void value(struct end *e, const struct watched *what, const char *name, double v) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", what->prefix, name);
    fr_bench_value(e->report, full, v);
}

static void add(struct end *e, const struct watched *what, struct sights *sent, struct watcher *w) {
    double *ms = fr_alloc((sent->n + 1) * sizeof *ms);
    size_t n = join(sent, &w->seen, ms);
    value(e, what, "events_unanswered", (double)(sent->n - n));
    value(e, what, "records", (double)w->seen.n);
    value(e, what, "bytes_a_record", w->seen.n ? (double)w->bytes / (double)w->seen.n : 0);
    if (n) {
        qsort(ms, n, sizeof *ms, by_value);
        value(e, what, "p50_ms", ms[n / 2]);
        value(e, what, "p99_ms", ms[n - 1 - n / 100]);
        value(e, what, "max_ms", ms[n - 1]);
    }
    free(ms);
}

static enum fr_err run_live(struct end *e, double rate, struct watcher *watchers, unsigned watcher_n,
                            struct sights *sent, struct bench_cpu cpu[2], struct fr_errmsg *msg) {
    struct fr_kafka_property soon = {"linger.ms", "2"};
    struct fr_kafka_cluster cluster = e->wiring.cluster;
    if (cluster.property_n == 0) cluster.properties = &soon, cluster.property_n = 1;
    struct fr_kafka_writer *writer = NULL;
    fr_mono_us took;
    enum fr_err err = FR_OK;
    for (unsigned i = 0; i < watcher_n && err == FR_OK; i++)
        err = watcher_start(&watchers[i], e, &watched[i], msg);
    if (err == FR_OK) err = fr_kafka_writer_open(&cluster, &writer, msg);
    cpu[0] = bench_cpu_read(e->o);
    if (err == FR_OK) err = send(e, writer, rate, (uint64_t)(rate * (double)e->o->seconds), sent, msg);
    cpu[1] = bench_cpu_read(e->o);
    if (err == FR_OK) err = bench_await(e, &took, msg);
    fr_clock_sleep_ms(AFTER_MS);
    for (unsigned i = 0; i < watcher_n; i++) watcher_stop(&watchers[i]);
    fr_kafka_writer_close(&writer);
    return err;
}

enum fr_err bench_live(struct end *e, const char *name, double rate, struct fr_errmsg *msg) {
    struct watcher watchers[WATCHED] = {0};
    unsigned watcher_n = e->o->campaigns ? WATCHED : SCORES;
    struct sights sent = {0};
    struct bench_cpu cpu[2];
    enum fr_err err = run_live(e, rate, watchers, watcher_n, &sent, cpu, msg);
    if (err == FR_OK) {
        fr_bench_section(e->report, name);
        fr_bench_value(e->report, "rate_per_s", rate);
        fr_bench_value(e->report, "events", (double)sent.n);
        for (unsigned i = 0; i < watcher_n; i++) add(e, &watched[i], &sent, &watchers[i]);
        fr_bench_value(e->report, "cores_freshet", (cpu[1].self_s - cpu[0].self_s) / (double)e->o->seconds);
    }
    free(sent.at);
    for (unsigned i = 0; i < watcher_n; i++) free(watchers[i].seen.at);
    return err;
}
