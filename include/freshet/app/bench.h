/* bench.h - how fast the program is: a generated load, the measurements, and how they are reported.
 *
 * Promise   the same options and seed make the same events, byte for byte, but for the times asked for. A figure is
 *           the best of several rounds; where there is a reference, it was measured in the same run.
 * Not       no target and no verdict: figures are for people and for scripts that compare.
 * Threads   each struct has one owner. */
#ifndef FR_APP_BENCH_H
#define FR_APP_BENCH_H

#include "freshet/base/clock.h"
#include "freshet/app/wiring.h"
#include "freshet/base/rng.h"

struct fr_bench_options {
    int64_t users, items;
    int64_t fill;   /* events a user before anything is measured: histories are full then */
    int64_t events; /* measured in a round; 0: what the measurement takes by itself */
    int64_t rounds; /* the best one counts */
    int64_t seed, partitions;
    int64_t campaigns;     /* of end-to-end: as many are there; 0: none */
    int64_t rate, seconds; /* of the live part of end-to-end and of load; rate 0: as fast as possible */
    int64_t kafka_pid, redis_pid; /* whose processor time is reported; 0: not known */
    bool refit;                   /* of end-to-end: models are fitted while events flow */
    bool keep;                    /* leave the topics behind */
};

/* ---- the load (bench_load.c) ----
 *
 * Users uniform; items Zipf with exponent 1.0, independent of the user; 80 % click, 10 % like, 6 % purchase, 4 % share;
 * one event in 100 repeats one of the last FR_BENCH_RING, byte for byte. About 270 bytes an event, native fields and
 * some that nobody reads. */
enum { FR_BENCH_RING = 4096, FR_BENCH_EVENT_BYTES = 448 };

struct fr_bench_event {
    uint32_t user;
    bool repeat;
    fr_time_ms time_ms;
    uint16_t key_len, text_len;
    char key[16], text[FR_BENCH_EVENT_BYTES];
};
static inline struct fr_str fr_bench_key(const struct fr_bench_event *e) {
    return (struct fr_str){e->key, e->key_len};
}
static inline struct fr_str fr_bench_text(const struct fr_bench_event *e) {
    return (struct fr_str){e->text, e->text_len};
}

struct fr_bench_load;
/* users and items are 1 to 999,999. gives */
struct fr_bench_load *fr_bench_load_new(uint32_t users, uint32_t items, uint64_t seed);
void fr_bench_load_free(struct fr_bench_load **load);
/* The next event, at this time unless it is a repeat. Lent until FR_BENCH_RING more have been made. */
const struct fr_bench_event *fr_bench_load_next(struct fr_bench_load *load, fr_time_ms time_ms);
uint64_t fr_bench_load_made(const struct fr_bench_load *load);

/* ---- campaigns (bench_campaigns.c) ---- */

/* Replaces out by the n-th one's record, with four creatives and a cap; rule "": for everybody. */
void fr_bench_campaign(struct fr_buf *out, uint32_t n, const char *rule);
/* The rule of the n-th for the load's users: one in ten is for everybody, the others for those who buy often; so that a user
 * who has 30 events has about a quarter of them. */
void fr_bench_campaign_rule(uint32_t n, char rule[64]);

/* ---- the report (bench_report.c) ----
 *
 * Sections of named figures, written as a table and as one JSON object side by side. Names carry their units. */
struct fr_bench_report {
    struct fr_buf table, json;
    bool in_section;
};
void fr_bench_report_begin(struct fr_bench_report *r, const char *name);
void fr_bench_section(struct fr_bench_report *r, const char *name);
void fr_bench_value(struct fr_bench_report *r, const char *name, double value);
void fr_bench_word(struct fr_bench_report *r, const char *name, const char *text);
/* Several figures of one thing. */
void fr_bench_row(struct fr_bench_report *r, const char *name, const char *const *columns,
                  const double *values, unsigned n);
/* To standard output if wanted; the report is empty then. */
void fr_bench_report_end(struct fr_bench_report *r, bool json, bool print);

/* How far it is, on standard error; zero-initialised but for what and total. The first call starts its clock. */
struct fr_bench_progress {
    const char *what;
    uint64_t total;
    fr_mono_us started_us, next_us;
};
void fr_bench_progress(struct fr_bench_progress *p, uint64_t done);

/* ---- the measurements; each adds its sections. FR_OK, or why it stopped ---- */
void fr_bench_decode(const struct fr_bench_options *o, const struct fr_rules *rules,
                     struct fr_bench_report *report);
/* bench_ads.c */
void fr_bench_ads(const struct fr_bench_options *o, const struct fr_rules *rules,
                  struct fr_bench_report *report);
/* Both stages on the twins of bus and store, stepped in this thread. */
enum fr_err fr_bench_stages(const struct fr_bench_options *o, const struct fr_config *config,
                            const struct fr_rules *rules, struct fr_bench_report *report,
                            struct fr_errmsg *msg);
/* What the rooms below run/ take, function by function, on the same load. */
void fr_bench_steps(const struct fr_bench_options *o, const struct fr_rules *rules,
                    struct fr_bench_report *report);
/* On real Kafka and Redis: a bare consumer, a backlog, and live lists, one after another. */
enum fr_err fr_bench_end_to_end(const struct fr_bench_options *o, const struct fr_config *config,
                                const struct fr_rules *rules, struct fr_bench_report *report,
                                struct fr_errmsg *msg);
/* Hands an event to the producer; waits until all records were taken, at most two minutes. FR_IO: some were not. */
struct fr_kafka_writer;
enum fr_err fr_bench_put(struct fr_kafka_writer *w, const struct fr_bench_event *e, struct fr_errmsg *msg);
enum fr_err fr_bench_flush(struct fr_kafka_writer *w, struct fr_errmsg *msg);
/* Writes the load to the events topic; an event's time is when it is handed over. */
enum fr_err fr_bench_write_load(const struct fr_bench_options *o, const struct fr_config *config,
                                const struct fr_rules *rules, struct fr_bench_report *report,
                                struct fr_errmsg *msg);

#endif
