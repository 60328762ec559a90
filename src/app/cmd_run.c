/* freshet run: topics checked, threads started, signals awaited, everything drained. */
#include "freshet/adapt/kafka_admin.h"
#include "freshet/app/wiring.h"
#include "freshet/base/log.h"
#include "demo.h"
#include "refitting.h"
#include "running.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signals;

static void on_signal(int signal_number) {
    (void)signal_number;
    if (++stop_signals > 1) _exit(FR_EXIT_TRY_AGAIN); /* the second one means now */
}

static enum fr_err partitions_of(const struct fr_wiring *w, const struct fr_config *c,
                                 uint32_t partitions[FR_TOPIC_N], struct fr_errmsg *msg) {
    enum fr_topic topics[FR_TOPIC_N];
    struct fr_kafka_topic_state states[FR_TOPIC_N];
    for (unsigned t = 0; t < FR_TOPIC_N; t++) topics[t] = (enum fr_topic)t;
    enum fr_err err = fr_kafka_topics_describe(&w->cluster, topics, FR_TOPIC_N, states, NULL, msg);
    for (unsigned t = 0; t < FR_TOPIC_N && err == FR_OK; t++) {
        const struct fr_topic_info *info = fr_topic_info((enum fr_topic)t);
        partitions[t] = states[t].partitions;
        if (!states[t].exists)
            return fr_err_set(msg, FR_BUS_NO_TOPIC,
                              "topic %s.%s does not exist (create it with: freshet topics create)",
                              c->topic_prefix, info->suffix);
        if (states[t].compacted != info->compacted)
            return fr_err_set(msg, FR_BUS_NO_TOPIC, "topic %s.%s has cleanup.policy %s, it must be %s",
                              c->topic_prefix, info->suffix, states[t].compacted ? "compact" : "delete",
                              info->compacted ? "compact" : "delete");
    }
    return err;
}

/* Kafka may come up after us: keep asking, unless what it says is final. */
static enum fr_err await_topics(const struct fr_wiring *w, uint32_t partitions[FR_TOPIC_N],
                                struct fr_errmsg *msg) {
    for (;;) {
        *msg = (struct fr_errmsg){0};
        enum fr_err err = partitions_of(w, w->config, partitions, msg);
        if (err == FR_OK || fr_err_fate(err) == FR_FATE_FATAL || stop_signals) return err;
        fr_log(FR_LOG_WARN, "KAFKA-WAITS", "servers=%s error=%s text=\"%s\"",
               w->config->kafka.bootstrap_servers, fr_err_name(err), msg->text);
        fr_clock_sleep_ms(1000);
    }
}

/* Until a signal, a failure, or until_idle_s without a record while everything is caught up. */
static void watch(struct fr_runner *r, struct refitting *refits, int64_t until_idle_s,
                  struct fr_runner_status *s) {
    fr_time_ms quiet_since = fr_clock_wall_ms();
    uint64_t records = 0;
    while (!stop_signals) {
        fr_clock_sleep_ms(50);
        fr_runner_status(r, s);
        if (s->failed != FR_OK) return;
        refitting_watch(refits, r);
        uint64_t now_records = 0;
        for (int stage = 0; stage < FR_STAGE_N; stage++) now_records += s->records[stage];
        bool quiet = s->opened == s->workers && s->with_partitions == s->workers &&
                     s->caught_up == s->workers && now_records == records;
        records = now_records;
        if (!quiet) quiet_since = fr_clock_wall_ms();
        if (until_idle_s && fr_clock_wall_ms() - quiet_since >= until_idle_s * 1000) return;
    }
}

static int finish(struct fr_app *app, struct fr_runner **runner, const struct fr_runner_status *last,
                  fr_time_ms started_ms) {
    fr_time_ms stopping_ms = fr_clock_wall_ms();
    bool drained = fr_runner_stop(runner, (uint32_t)app->config.run.drain_timeout_ms);
    fr_log(FR_LOG_INFO, "STOPPED",
           "events=%llu affinity_records=%llu seconds=%.1f drain_seconds=%.1f drained=%s",
           (unsigned long long)last->records[FR_STAGE_USER],
           (unsigned long long)last->records[FR_STAGE_AGGREGATE], (double)(stopping_ms - started_ms) * 1e-3,
           (double)(fr_clock_wall_ms() - stopping_ms) * 1e-3, drained ? "yes" : "no");
    if (last->failed != FR_OK) {
        fprintf(stderr, "freshet run: %s\n", last->reason);
        return FR_EXIT_INTERNAL;
    }
    return drained ? FR_EXIT_OK : FR_EXIT_TRY_AGAIN;
}

static int run(struct fr_app *app, struct fr_wiring *w, const struct fr_rules *rules, int64_t until_idle_s) {
    struct fr_errmsg msg = {0};
    uint32_t partitions[FR_TOPIC_N];
    if (await_topics(w, partitions, &msg) != FR_OK) {
        fprintf(stderr, "freshet run: %s\n", msg.text);
        return FR_EXIT_UNAVAILABLE;
    }
    struct fr_runner_config config = fr_wire_runner(w, rules, partitions);
    fr_time_ms started_ms = fr_clock_wall_ms();
    struct refitting *refits = NULL;
    struct fr_runner *runner = fr_runner_start(&config);
    struct fr_http_source source = running_source(runner);
    struct fr_http *http = NULL;
    struct fr_runner_status last = {0};
    int code = FR_EXIT_OK;
    if (refitting_start(w, rules, fr_runner_catalogs(runner), &refits, &msg) != FR_OK) {
        fprintf(stderr, "freshet run: %s\n", msg.text);
        code = FR_EXIT_CONFIG;
    } else if (fr_http_start(app->config.http.listen, &source, &http, &msg) != FR_OK) {
        fprintf(stderr, "freshet run: %s\n", msg.text);
        code = FR_EXIT_UNAVAILABLE;
    } else {
        fr_log(FR_LOG_INFO, "STARTED", "version=%s instance=%s partitions=%u prefix=%s", FRESHET_VERSION,
               w->instance, partitions[FR_TOPIC_EVENTS], app->config.topic_prefix);
        watch(runner, refits, until_idle_s, &last);
    }
    fr_http_stop(&http);
    refitting_stop(&refits);
    int stopped = finish(app, &runner, &last, started_ms);
    return code ? code : stopped;
}

static const char help_text[] =
    "Reads <prefix>.events, keeps profiles and item affinities in Redis, publishes lists.\n"
    "SIGTERM or SIGINT drains: what is under way is committed, then it ends; a second signal ends at once.\n"
    "\n"
    "Examples:\n"
    "  freshet run                        both stages, defaults and environment\n"
    "  freshet run -c /etc/freshet/freshet.yaml --stages user\n"
    "  freshet run --until-idle 10        a backfill: ends when nothing has come for 10 seconds\n"
    "  freshet run --embedded events.jsonl.gz --seconds 30\n"
    "                                     no Kafka needed; the Redis must be empty of this topic_prefix\n";

static int run_kafka(struct fr_app *app, const struct fr_rules *rules, int64_t until_idle_s) {
    struct fr_wiring wiring;
    fr_wiring_init(&wiring, &app->config, NULL);
    int code = run(app, &wiring, rules, until_idle_s);
    fr_wiring_fini(&wiring);
    return code;
}

static int with_rules(struct fr_app *app, const struct demo_options *demo, int64_t until_idle_s) {
    struct fr_rules rules;
    struct fr_errmsg msg = {0};
    int code = FR_EXIT_CONFIG;
    if (fr_wire_rules(&app->config, &rules, &msg) != FR_OK)
        fprintf(stderr, "freshet run: %s\n", msg.text);
    else
        code = demo->file_n ? demo_run(app, &rules, demo) : run_kafka(app, &rules, until_idle_s);
    fr_rules_fini(&rules);
    return code;
}

static int set_stages(struct fr_app *app, const char *stages, char setting[128]) {
    if (!stages) return FR_EXIT_OK;
    snprintf(setting, 128, "run.stages=%s", stages);
    if (app->set_n == FR_APP_SETS_MAX) return fr_usage("run", "too many --set");
    app->sets[app->set_n++] = setting;
    return FR_EXIT_OK;
}

static void catch_signals(void) {
    signal(SIGPIPE, SIG_IGN);
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int fr_cmd_run(struct fr_app *app, int argc, char **argv) {
    int64_t until_idle_s = 0, seconds = 60;
    const char *stages = NULL;
    bool embedded = false, no_live = false;
    const struct fr_option options[] = {
        {"until-idle", 0, "SECONDS", FR_OPTION_INT, &until_idle_s,
         "end when everything is drained and nothing came for so long"},
        {"stages", 0, "LIST", FR_OPTION_TEXT, &stages,
         "user, aggregate, learner, campaigns: some of them (default run.stages)"},
        {"embedded", 0, NULL, FR_OPTION_FLAG, &embedded,
         "replay FILE... on a log in memory instead of Kafka, show it, end with a summary"},
        {"seconds", 0, "N", FR_OPTION_INT, &seconds, "embedded: how long that should take (60); 0: no pace"},
        {"no-live", 0, NULL, FR_OPTION_FLAG, &no_live, "embedded: a line now and then instead of a picture"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code >= 0) return code;
    if (embedded != (argc > 1))
        return fr_usage("run",
                        embedded ? "--embedded wants the files to replay" : "files are for --embedded");
    char setting[128];
    code = set_stages(app, stages, setting);
    if (code == FR_EXIT_OK) code = fr_app_configure(app);
    if (code) return code;
    catch_signals();
    struct demo_options demo = {.files = (const char *const *)argv + 1,
                                .file_n = (uint32_t)argc - 1,
                                .seconds = seconds,
                                .live = !no_live,
                                .stop = &stop_signals};
    return with_rules(app, &demo, until_idle_s);
}
