/* freshet bench: which measurement, under which settings. */
#include "freshet/app/bench.h"
#include "freshet/target/campaign_set.h"
#include <stdio.h>
#include <unistd.h>

static const char help_text[] =
    "WHAT is one of\n"
    "  decode      the native scanner beside Jansson, on the same events\n"
    "  stages      both stages on in-memory Kafka and Redis, in one thread, and the time of each step\n"
    "  end-to-end  Kafka and Redis of the configuration, under topics of its own: a bare consumer, a "
    "backlog,\n"
    "              and the time from an event to its list (and scores, with --campaigns), live at --rate and "
    "at half of\n"
    "              the backlog's rate\n"
    "  ads         the click and conversion models: teaching, storing, forgetting; scoring 500 campaigns\n"
    "  load        write generated events to <prefix>.events: --events, --rate, --seed\n"
    "\n"
    "Examples:\n"
    "  freshet bench decode --json\n"
    "  freshet bench stages --users 5000 --items 10000 --events 50000   a quick look\n"
    "  freshet bench load --events 100000 --rate 2800 --seed 7\n";

/* What a run of this load is compared under. They come first, so that --set on the command line wins. */
static const char *const bench_settings[] = {
    "profile.history_items=20", "affinity.pairs_per_item=200", "affinity.neighbors=50",
    "recommend.items=20",       "recommend.seeds=20",          "events.max_per_minute=0",
};
enum { BENCH_SETTINGS = sizeof bench_settings / sizeof *bench_settings };

static bool put_settings_first(struct fr_app *app) {
    if (app->set_n + BENCH_SETTINGS > FR_APP_SETS_MAX) return false;
    memmove(app->sets + BENCH_SETTINGS, app->sets, app->set_n * sizeof *app->sets);
    memcpy(app->sets, bench_settings, sizeof bench_settings);
    app->set_n += BENCH_SETTINGS;
    return true;
}

static void add_settings(struct fr_bench_report *report, const struct fr_bench_options *o,
                         const struct fr_rules *rules) {
    fr_bench_section(report, "settings");
    fr_bench_value(report, "users", (double)o->users);
    fr_bench_value(report, "items", (double)o->items);
    fr_bench_value(report, "fill_events_per_user", (double)o->fill);
    fr_bench_value(report, "campaigns", (double)o->campaigns);
    fr_bench_value(report, "rounds", (double)o->rounds);
    fr_bench_value(report, "seed", (double)o->seed);
    fr_bench_value(report, "partitions", (double)o->partitions);
    fr_bench_value(report, "history_items", rules->profile.history_items);
    fr_bench_value(report, "pairs_per_item", rules->pairs_per_item);
    fr_bench_value(report, "neighbors", rules->neighbors);
    fr_bench_value(report, "list_items", rules->list.items);
    fr_bench_value(report, "list_seeds", rules->list.seeds);
}

static enum fr_err run_decode(const struct fr_bench_options *o, const struct fr_config *config,
                              const struct fr_rules *rules, struct fr_bench_report *report,
                              struct fr_errmsg *msg) {
    (void)config;
    (void)msg;
    fr_bench_decode(o, rules, report);
    return FR_OK;
}

static enum fr_err run_stages(const struct fr_bench_options *o, const struct fr_config *config,
                              const struct fr_rules *rules, struct fr_bench_report *report,
                              struct fr_errmsg *msg) {
    enum fr_err err = fr_bench_stages(o, config, rules, report, msg);
    if (err == FR_OK) fr_bench_steps(o, rules, report);
    return err;
}

static enum fr_err run_ads(const struct fr_bench_options *o, const struct fr_config *config,
                           const struct fr_rules *rules, struct fr_bench_report *report,
                           struct fr_errmsg *msg) {
    (void)config;
    (void)msg;
    fr_bench_ads(o, rules, report);
    return FR_OK;
}

static const struct measurement {
    const char *name;
    enum fr_err (*run)(const struct fr_bench_options *, const struct fr_config *, const struct fr_rules *,
                       struct fr_bench_report *, struct fr_errmsg *);
} measurements[] = {
    {"decode", run_decode}, {"stages", run_stages},        {"end-to-end", fr_bench_end_to_end},
    {"ads", run_ads},       {"load", fr_bench_write_load},
};

static const struct measurement *find(const char *name) {
    for (unsigned i = 0; i < sizeof measurements / sizeof *measurements; i++)
        if (strcmp(measurements[i].name, name) == 0) return &measurements[i];
    return NULL;
}

/* Unless a prefix was given, topics, groups and states of this run touch nobody else's. */
static void take_own_prefix(struct fr_config *config) {
    uint32_t n;
    const struct fr_config_row *prefix = fr_config_row_find(FR_STR("topic_prefix"));
    if (config->origins[prefix - fr_config_rows(&n)].source != FR_CONFIG_DEFAULT) return;
    char name[64];
    int len = snprintf(name, sizeof name, "freshet-bench-%d", (int)getpid());
    config->topic_prefix = fr_arena_copy(&config->text, (struct fr_str){name, (uint32_t)len + 1}).ptr;
    config->kafka.group_id = config->topic_prefix;
}

static int measure(struct fr_app *app, const struct measurement *m, const struct fr_bench_options *o) {
    struct fr_rules rules;
    struct fr_errmsg msg = {0};
    struct fr_bench_report report;
    enum fr_err err = fr_wire_rules(&app->config, &rules, &msg);
    fr_bench_report_begin(&report, m->name);
    if (err == FR_OK) {
        add_settings(&report, o, &rules);
        err = m->run(o, &app->config, &rules, &report, &msg);
    }
    if (err != FR_OK) fprintf(stderr, "freshet bench: %s\n", *msg.text ? msg.text : fr_err_text(err));
    fr_bench_report_end(&report, app->json, err == FR_OK);
    fr_rules_fini(&rules);
    return err == FR_OK ? FR_EXIT_OK : err == FR_CONFIG ? FR_EXIT_CONFIG : FR_EXIT_UNAVAILABLE;
}

static const char *fault_of(const struct fr_bench_options *o) {
    if (o->users < 1 || o->users > 999999) return "--users must be 1 to 999999";
    if (o->items < 1 || o->items > 999999) return "--items must be 1 to 999999";
    if (o->rounds < 1 || o->rounds > 1000) return "--rounds must be 1 to 1000";
    if (o->events > 100000000) return "--events must be at most 100000000";
    if (o->fill > 1000) return "--fill must be at most 1000";
    if (o->partitions < 1 || o->partitions > 256) return "--partitions must be 1 to 256";
    if (o->campaigns < 0 || o->campaigns > FR_CAMPAIGN_SET_MAX) return "--campaigns must be 0 to 20000";
    if (o->refit && o->seconds < 1)
        return "--refit needs --seconds: how long lists are watched before and after it";
    if (o->rate > 10000000) return "--rate must be at most 10000000";
    return NULL;
}

int fr_cmd_bench(struct fr_app *app, int argc, char **argv) {
    struct fr_bench_options o = {
        .users = 50000, .items = 100000, .fill = 30, .rounds = 3, .seed = 1, .partitions = 8, .seconds = 20};
    const struct fr_option options[] = {
        {"users", 0, "N", FR_OPTION_INT, &o.users, "users of the load (50000)"},
        {"items", 0, "N", FR_OPTION_INT, &o.items, "items of the load (100000)"},
        {"fill", 0, "N", FR_OPTION_INT, &o.fill, "events a user before anything is measured (30)"},
        {"events", 0, "N", FR_OPTION_INT, &o.events, "events measured in a round"},
        {"rounds", 0, "N", FR_OPTION_INT, &o.rounds, "rounds, of which the best counts (3)"},
        {"seed", 0, "N", FR_OPTION_INT, &o.seed, "the same seed makes the same events (1)"},
        {"partitions", 0, "N", FR_OPTION_INT, &o.partitions, "of each topic (8)"},
        {"rate", 0, "N", FR_OPTION_INT, &o.rate,
         "events a second: of load (as fast as they are taken), of live (2800), and by the times of a "
         "backlog"},
        {"seconds", 0, "N", FR_OPTION_INT, &o.seconds, "length of each live part, 0: none (20)"},
        {"campaigns", 0, "N", FR_OPTION_INT, &o.campaigns, "end-to-end: so many campaigns are live (0)"},
        {"kafka-pid", 0, "PID", FR_OPTION_INT, &o.kafka_pid, "report this process's time as Kafka's"},
        {"redis-pid", 0, "PID", FR_OPTION_INT, &o.redis_pid, "report this process's time as Redis's"},
        {"refit", 0, NULL, FR_OPTION_FLAG, &o.refit, "end-to-end: a live part with a refit in its middle"},
        {"keep", 0, NULL, FR_OPTION_FLAG, &o.keep, "do not delete the topics of end-to-end"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code >= 0) return code;
    if (argc != 2) return fr_usage("bench", "say what: decode, stages, end-to-end, ads or load");
    const struct measurement *m = find(argv[1]);
    if (!m) return fr_usage("bench", "%s: there is no such measurement", argv[1]);
    const char *fault = fault_of(&o);
    if (fault) return fr_usage("bench", "%s", fault);
    if (!put_settings_first(app)) return fr_usage("bench", "too many --set");
    code = fr_app_configure(app);
    if (code) return code;
    if (m->run == fr_bench_end_to_end) take_own_prefix(&app->config);
    return measure(app, m, &o);
}
