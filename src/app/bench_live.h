/* bench_live.h - the parts of `freshet bench end-to-end`: bench_end.c tells the story, bench_live.c measures from an
 * event's way in to the list that shows it, bench_watch.c looks at processes and waits for the stages. */
#ifndef FR_APP_BENCH_LIVE_H
#define FR_APP_BENCH_LIVE_H

#include "freshet/adapt/kafka_admin.h"
#include "freshet/app/bench.h"

struct end {
    const struct fr_bench_options *o;
    const struct fr_config *config;
    struct fr_bench_report *report;
    struct fr_wiring wiring;
    uint32_t partitions[FR_TOPIC_N];
    struct fr_bench_load *load;
    struct fr_runner_config runner_config;
    struct fr_runner *runner; /* NULL: stopped */
    uint64_t taken;           /* events that the running stages have been given */
    double next_ms;           /* time of the next preloaded event */
    double rate;              /* events a second, of what is preloaded and of the first live part */
};

/* Processor seconds of everybody who takes part; below 0: not known. */
struct bench_cpu {
    double self_s, kafka_s, redis_s;
};
struct bench_cpu bench_cpu_read(const struct fr_bench_options *o);
/* Adds what was spent since before. */
void bench_cpu_add(struct fr_bench_report *r, const struct fr_bench_options *o,
                   const struct bench_cpu *before);

/* Waits until the stages have taken e->taken events and everything that follows from them is committed. *took_us: from
 * the first record taken since the call to that moment. */
enum fr_err bench_await(struct end *e, fr_mono_us *took_us, struct fr_errmsg *msg);
/* A consumer that does nothing but count reads the first n records of the events topic: records a second. */
enum fr_err bench_bare(const struct end *e, uint64_t n, double *per_s, struct fr_errmsg *msg);
/* A stretch of a live part, reported in a section of its own. */
struct bench_phase {
    const char *name;
    fr_mono_us
        until_us; /* events handed over before it belong to it, unless to an earlier phase; INT64_MAX: not over yet */
    struct bench_cpu cpu;
    double seconds; /* both since the phase before, by the end of it */
};

/* What is done live. */
struct bench_plan {
    double rate; /* events a second */
    struct bench_phase *phases;
    uint32_t phase_n;
    /* Asked before each event, with the seconds since the first; may end phases. False: there is no further event. */
    bool (*goes_on)(struct bench_plan *plan, double seconds);
    void *context;
};
/* Hands over events as planned, and reports how long each took to be seen in a list. */
enum fr_err bench_live_plan(struct end *e, struct bench_plan *plan, struct fr_errmsg *msg);
/* rate events a second for o->seconds. */
enum fr_err bench_live(struct end *e, const char *name, double rate, struct fr_errmsg *msg);
/* bench_refit.c: o->seconds at e->rate, then until a refit is over, then o->seconds again. */
enum fr_err bench_refit(struct end *e, struct fr_errmsg *msg);
/* An endpoint that reads a topic by itself. gives */
enum fr_err bench_reader(const struct end *e, enum fr_topic topic, const char *name, struct fr_bus **out,
                         struct fr_errmsg *msg);

#endif
