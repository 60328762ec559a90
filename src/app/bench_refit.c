/* Lists before, during and after a refit: does it slow the stream? The fit is the one of `freshet run`, in this process, with
 * `models.threads` threads, reading the histories that the stages keep in Redis. */
#include "bench_live.h"
#include "process.h"
#include "refitting.h"
#include <stdio.h>

#define LOOK_S .1

enum { BEFORE, DURING, AFTER, PHASES };

struct refit_bench {
    struct end *e;
    struct refitting *refits;
    struct bench_phase phases[PHASES];
    struct fr_refitter_status status;
    double looked_s, ended_s;
    double peak_bytes[PHASES]; /* of memory, by the end of each */
    struct fr_errmsg msg;
    enum fr_err err;
    bool was_ended;
};

static void end_phase(struct refit_bench *b, unsigned phase) {
    b->phases[phase].until_us = fr_clock_mono_us();
    b->peak_bytes[phase] = process_peak_bytes();
    process_reset_peak();
}

static bool begin(struct refit_bench *b) {
    end_phase(b, BEFORE);
    b->err = refitting_start(&b->e->wiring, b->e->runner_config.rules, fr_runner_catalogs(b->e->runner),
                             &b->refits, &b->msg);
    if (b->err == FR_OK && !b->refits)
        b->err =
            fr_err_set(&b->msg, FR_CONFIG, "--refit needs the learner stage and models.refit_interval_ms");
    if (b->err != FR_OK) return false;
    refitting_ask(b->refits);
    fprintf(stderr, "freshet bench: a refit begins\n");
    return true;
}

static bool look(struct refit_bench *b, double seconds) {
    if (seconds < b->looked_s + LOOK_S) return true;
    b->looked_s = seconds;
    refitting_status(b->refits, &b->status);
    if (b->status.failures) {
        b->err = fr_err_set(&b->msg, FR_LIMIT, "the refit failed; the log says why");
        return false;
    }
    if (b->status.fitting || !b->status.fits) return true;
    end_phase(b, DURING);
    b->ended_s = seconds;
    b->was_ended = true;
    return true;
}

static bool goes_on(struct bench_plan *plan, double seconds) {
    struct refit_bench *b = plan->context;
    double each_s = (double)b->e->o->seconds;
    if (b->was_ended) return seconds < b->ended_s + each_s;
    if (b->refits) return look(b, seconds);
    return seconds < each_s || begin(b);
}

static void report_fit(const struct refit_bench *b) {
    const struct fr_refit_result *f = &b->status.last;
    struct fr_bench_report *r = b->e->report;
    fr_bench_section(r, "refit");
    fr_bench_value(r, "users", f->users);
    fr_bench_value(r, "items", f->items);
    fr_bench_value(r, "interactions", (double)f->interactions);
    fr_bench_value(r, "promoted", f->promoted);
    fr_bench_value(r, "read_s", f->seconds.read);
    fr_bench_value(r, "choose_s", f->seconds.choose);
    fr_bench_value(r, "fit_s", f->seconds.fit);
    fr_bench_value(r, "judge_s", f->seconds.judge);
    fr_bench_value(r, "store_s", f->seconds.store);
    fr_bench_value(r, "peak_mib_before", b->peak_bytes[BEFORE] / 1048576);
    fr_bench_value(r, "peak_mib_during", b->peak_bytes[DURING] / 1048576);
    fr_bench_value(r, "peak_mib_after", b->peak_bytes[AFTER] / 1048576);
}

enum fr_err bench_refit(struct end *e, struct fr_errmsg *msg) {
    struct refit_bench b = {.e = e,
                            .phases = {{.name = "live_before_refit", .until_us = INT64_MAX},
                                       {.name = "live_during_refit", .until_us = INT64_MAX},
                                       {.name = "live_after_refit", .until_us = INT64_MAX}}};
    struct bench_plan plan = {
        .rate = e->rate, .phases = b.phases, .phase_n = PHASES, .goes_on = goes_on, .context = &b};
    process_reset_peak();
    enum fr_err err = bench_live_plan(e, &plan, msg);
    b.peak_bytes[AFTER] = process_peak_bytes();
    refitting_stop(&b.refits);
    if (b.err != FR_OK) return fr_err_set(msg, b.err, "%s", b.msg.text);
    if (err == FR_OK) report_fit(&b);
    return err;
}
