/* freshet eval pacing: a simulated day of ads under budgets. */
#include "eval_log.h"
#include "eval_pacing.h"
#include "freshet/app/eval.h"
#include "freshet/app/lines.h"
#include "freshet/base/hash.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help_text[] =
    "A day of ad requests by users of skewed activity, for campaigns with targets, caps and budgets, decided "
    "by\n"
    "the functions that are used live, in partitions of several instances that know the ledger with a delay. "
    "With\n"
    "--kill-every, instances are killed in turn: memory is lost and made again from snapshots and logs.\n"
    "Nine campaigns in ten can spend their budgets, the others' users bring a third of it.\n"
    "\n"
    "The hours of the day are those of KuaiRand-Pure's log, or of --shape: 24 numbers, one a line.\n"
    "\n"
    "Examples:\n"
    "  freshet eval pacing\n"
    "  freshet eval pacing --mode hard --instances 4 --kill-every 60 --plot pacing.svg\n";

/* Impressions by hour of the day in KuaiRand-Pure's log of 2022-04-25 to 05-08 (Gao et al., CIKM 2022; CC BY-SA 4.0). */
static const double kuairand[24] = {9310,  5574,  3715,  2246,  1812,  2031,  3718,  5758,
                                    7405,  8913,  10328, 11593, 13200, 12932, 11762, 11750,
                                    12584, 13574, 13078, 12190, 12735, 13193, 14725, 14203};

struct sim {
    struct sim_options options;
    struct sim_world world;
    struct sim_user *users;
    struct sim_partition partitions[SIM_PARTITIONS];
    struct sim_aggregate aggregates[SIM_PARTITIONS];
    double *views, *next_views; /* [campaigns] multipliers: at hand, and published this second */
    uint32_t *down_until;       /* [instances] */
    uint32_t kills;
};

static uint32_t instance_of(const struct sim *s, uint32_t partition) {
    return partition % (uint32_t)s->options.instances;
}

/* --- a second ----------------------------------------------------------------------------------------- */

static void arrive(struct sim *s, uint32_t second) {
    if (second < SIM_DAY_S) sim_world_ask(&s->world, second);
    struct sim_log *coming = &s->world.coming[second];
    for (uint32_t i = 0; i < coming->n; i++)
        sim_log_add(&s->partitions[coming->at[i].user % SIM_PARTITIONS].log, coming->at[i]);
    free(coming->at);
    *coming = (struct sim_log){0};
}

/* The instance that dies in this second, or UINT32_MAX. */
static uint32_t victim(struct sim *s, uint32_t second) {
    int64_t every = s->options.kill_every_s;
    if (!every || second == 0 || second >= SIM_DAY_S || second % every != 0) return UINT32_MAX;
    uint32_t instance = s->kills++ % (uint32_t)s->options.instances;
    s->down_until[instance] = second + SIM_DOWN_S;
    return instance;
}

static void send(struct sim *s, struct sim_partition *p) {
    uint32_t n = fr_ledger_sink_finish(&p->sink);
    for (uint32_t i = 0; i < n; i++) {
        struct fr_str bytes;
        uint32_t to = fr_ledger_sink_record(&p->sink, i, &bytes);
        sim_aggregate_send(&s->aggregates[to], bytes);
    }
    struct fr_buf bytes = {0};
    for (uint16_t c = 0; c < s->world.campaign_n; c++) {
        struct fr_permit_report report;
        struct fr_str id = fr_str_of(s->world.campaigns[c].id);
        if (!sim_partition_report(p, c, &report)) continue;
        fr_buf_clear(&bytes);
        fr_permit_report_write(&bytes, id, &report);
        sim_aggregate_send(&s->aggregates[fr_murmur2(id) % SIM_PARTITIONS], fr_buf_slice(&bytes));
    }
    fr_buf_fini(&bytes);
}

static void step(struct sim *s, uint32_t second) {
    arrive(s, second);
    uint32_t dies = victim(s, second);
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        uint32_t instance = instance_of(s, p);
        if (instance == dies) {
            sim_partition_read(&s->partitions[p], second + 1);
            sim_partition_kill(&s->partitions[p]);
            sim_aggregate_kill(&s->aggregates[p]);
        }
        if (second < s->down_until[instance]) continue;
        sim_aggregate_step(&s->aggregates[p], second + 1, s->next_views, s->partitions);
    }
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        if (second < s->down_until[instance_of(s, p)]) continue;
        sim_partition_read(&s->partitions[p], second + 1);
        send(s, &s->partitions[p]);
        sim_partition_commit(&s->partitions[p], second);
    }
    memcpy(s->views, s->next_views, s->world.campaign_n * sizeof *s->views);
}

/* --- the day ------------------------------------------------------------------------------------------ */

static void sim_init(struct sim *s) {
    sim_world_init(&s->world, &s->options);
    s->users = fr_alloc_zero((size_t)s->options.users, sizeof *s->users);
    s->views = fr_alloc_zero(s->world.campaign_n, sizeof *s->views);
    s->next_views = fr_alloc_zero(s->world.campaign_n, sizeof *s->next_views);
    s->down_until = fr_alloc_zero((size_t)s->options.instances, sizeof *s->down_until);
    for (uint16_t p = 0; p < SIM_PARTITIONS; p++) {
        sim_partition_init(&s->partitions[p], &s->world, p, s->users);
        s->partitions[p].multipliers = s->views;
        sim_aggregate_init(&s->aggregates[p], &s->world, p);
    }
}

static void sim_fini(struct sim *s) {
    for (uint32_t p = 0; p < SIM_PARTITIONS; p++) {
        sim_partition_fini(&s->partitions[p]);
        sim_aggregate_fini(&s->aggregates[p]);
    }
    for (int64_t u = 0; u < s->options.users; u++) free(s->users[u].at);
    free(s->users);
    free(s->views);
    free(s->next_views);
    free(s->down_until);
    sim_world_fini(&s->world);
}

static void run_day(struct sim *s) {
    bool is_terminal = isatty(STDERR_FILENO);
    uint32_t part = is_terminal ? 900 : 3 * 3600;
    fr_mono_us started = fr_clock_mono_us();
    for (uint32_t second = 0; second < SIM_DAY_S + SIM_DRAIN_S; second++) {
        step(s, second);
        if ((second + 1) % part == 0)
            fprintf(stderr, "%s%02u:%02u  %.0f s%s", is_terminal ? "\r" : "", (second + 1) / 3600,
                    (second + 1) / 60 % 60, (double)(fr_clock_mono_us() - started) * 1e-6,
                    is_terminal ? "" : "\n");
    }
    if (is_terminal) fputs("\r\033[K", stderr);
}

static int report(const struct sim *s, const struct fr_app *app, const char *plot, double seconds) {
    struct sim_verdict v;
    struct fr_buf out = {0};
    sim_judge(&s->world, s->partitions, s->aggregates, &v);
    if (app->json)
        sim_report_json(&s->options, &v, s->kills, seconds, &out);
    else
        sim_report_table(&s->options, &v, s->kills, seconds, &out);
    fwrite(out.data, 1, out.len, stdout);
    int code = FR_EXIT_OK;
    if (plot) {
        fr_buf_clear(&out);
        sim_report_plot(&s->options, &v, &out);
        code = eval_write(plot, &out);
    }
    fr_buf_fini(&out);
    return code;
}

/* --- options ------------------------------------------------------------------------------------------ */

struct shape_reader {
    double *shape;
    unsigned n;
};

static enum fr_err take_hour(void *context, const struct fr_line *line, struct fr_errmsg *msg) {
    struct shape_reader *r = context;
    char text[64], *end;
    if (line->text.len == 0) return FR_OK;
    if (line->text.len >= sizeof text || line->is_overlong || r->n == 24)
        return fr_err_set(msg, FR_IO, "line %llu: 24 numbers are wanted, one a line",
                          (unsigned long long)line->number);
    memcpy(text, line->text.ptr, line->text.len);
    text[line->text.len] = 0;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0) || value > 1e15)
        return fr_err_set(msg, FR_IO, "line %llu: %s is no number above 0", (unsigned long long)line->number,
                          text);
    r->shape[r->n++] = value;
    return FR_OK;
}

static int read_shape(const char *path, double shape[24]) {
    struct shape_reader r = {shape, 0};
    struct fr_errmsg msg = {0};
    double sum = 0;
    memcpy(shape, kuairand, sizeof kuairand);
    if (path) {
        enum fr_err err = fr_lines_each(path, 4096, take_hour, &r, &msg);
        if (err == FR_OK && r.n < 24)
            err = fr_err_set(&msg, FR_IO, "24 numbers are wanted, one a line; there are %u", r.n);
        if (err != FR_OK) {
            fprintf(stderr, "freshet eval: %s: %s\n", fr_lines_name(path), msg.text);
            return FR_EXIT_NO_INPUT;
        }
    }
    for (unsigned h = 0; h < 24; h++) sum += shape[h];
    for (unsigned h = 0; h < 24; h++) shape[h] /= sum;
    return -1;
}

static int check_range(const char *name, int64_t value, int64_t least, int64_t most) {
    if (value >= least && value <= most) return -1;
    return fr_usage("eval", "pacing: --%s is from %lld to %lld", name, (long long)least, (long long)most);
}

static int check_options(struct sim_options *o, const char *mode) {
    int code = check_range("requests", o->requests, 1000, 100000000);
    if (code < 0) code = check_range("campaigns", o->campaigns, 1, SIM_CAMPAIGNS_MAX);
    if (code < 0) code = check_range("users", o->users, 100, 10000000);
    if (code < 0) code = check_range("instances", o->instances, 1, SIM_PARTITIONS);
    if (code < 0) code = check_range("kill-every", o->kill_every_s, 0, SIM_DAY_S);
    if (code < 0 && o->kill_every_s && o->kill_every_s <= SIM_DOWN_S)
        code = fr_usage("eval", "pacing: a restart takes %d seconds: --kill-every is above that", SIM_DOWN_S);
    if (code < 0 && o->users * o->campaigns > 1000000000)
        code = fr_usage("eval", "pacing: users times campaigns is at most 1000000000");
    if (code < 0 && o->requests / o->users > 1000)
        code = fr_usage("eval", "pacing: at most 1000 requests a user");
    if (code < 0 && o->noise > 2) code = fr_usage("eval", "pacing: --noise is from 0 to 2");
    o->hard = mode && strcmp(mode, "hard") == 0;
    if (code < 0 && mode && !o->hard && strcmp(mode, "soft") != 0)
        code = fr_usage("eval", "pacing: %s: the mode is soft or hard", mode);
    return code;
}

static int run(const struct sim_options *options, const struct fr_app *app, const char *plot) {
    struct sim *s = fr_alloc_zero(1, sizeof *s);
    fr_mono_us started = fr_clock_mono_us();
    s->options = *options;
    sim_init(s);
    run_day(s);
    int code = report(s, app, plot, (double)(fr_clock_mono_us() - started) * 1e-6);
    sim_fini(s);
    free(s);
    return code;
}

int fr_eval_pacing(struct fr_app *app, int argc, char **argv) {
    struct sim_options o = {
        .requests = 5000000, .campaigns = 200, .users = 200000, .instances = 4, .seed = 1, .noise = .1};
    const char *mode = NULL, *shape = NULL, *plot = NULL;
    const struct fr_option options[] = {
        {"requests", 0, "N", FR_OPTION_INT, &o.requests, "ad requests of the day (default 5000000)"},
        {"campaigns", 0, "N", FR_OPTION_INT, &o.campaigns, "(default 200)"},
        {"users", 0, "N", FR_OPTION_INT, &o.users, "(default 200000)"},
        {"mode", 0, "MODE", FR_OPTION_TEXT, &mode, "soft: multipliers; hard: permits too (default soft)"},
        {"steps", 0, NULL, FR_OPTION_FLAG, &o.steps,
         "multipliers by steps of a tenth a minute, for comparison"},
        {"instances", 0, "N", FR_OPTION_INT, &o.instances, "(default 4)"},
        {"kill-every", 0, "SECONDS", FR_OPTION_INT, &o.kill_every_s,
         "kill the next instance (default 0: never)"},
        {"noise", 0, "X", FR_OPTION_NUMBER, &o.noise, "of an hour's traffic from day to day (default 0.1)"},
        {"shape", 0, "FILE", FR_OPTION_TEXT, &shape, "traffic by hour of the day: 24 numbers, one a line"},
        {"seed", 0, "N", FR_OPTION_INT, &o.seed, "(default 1)"},
        {"plot", 0, "FILE", FR_OPTION_TEXT, &plot, "spend against plan and the deviation by hour, as SVG"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "pacing takes no %s", argv[1]);
    if (code < 0) code = check_options(&o, mode);
    if (code < 0) code = read_shape(shape, o.shape);
    return code < 0 ? run(&o, app, plot) : code;
}
