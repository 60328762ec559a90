/* The configuration, read by the code that a start reads it with; what its table can print. */
#include "freshet/app/campaigns_read.h"
#include "freshet/app/command.h"
#include "freshet/app/metrics.h"
#include "kafka_command.h"
#include <stdio.h>

static const char help[] =
    "examples:\n"
    "  freshet check -c freshet.yaml             all problems at once, exit 78 if there are any\n"
    "  freshet check -c freshet.yaml --connect   and whether Redis and Kafka answer\n"
    "  freshet check --show                      every value and where it is from\n"
    "  freshet check --campaigns my.jsonl        campaigns and segments, one a line, before they are sent\n"
    "  freshet check --print-default > my.yaml   a file to begin with\n";

struct wishes {
    bool connect, offline, show, print_default, print_docs, print_metrics, print_cli;
    const char *campaigns; /* a file; NULL: none */
};

static int print(struct fr_buf *text) {
    fwrite(text->data, 1, text->len, stdout);
    fr_buf_fini(text);
    return FR_EXIT_OK;
}

/* Each says what it found, or why it could not look; returns an exit code. */
static int check_redis(const struct fr_config *c) {
    struct fr_errmsg msg = {0};
    struct fr_store *store;
    struct fr_store_info info;
    enum fr_err err = fr_wire_store(c, "freshet-check", &store, &msg);
    if (err == FR_OK) {
        err = store->ops->info(store, &info, &msg);
        store->ops->close(store);
    }
    if (err != FR_OK) {
        fprintf(stderr, "redis: %s\n", *msg.text ? msg.text : fr_err_text(err));
        return err == FR_CONFIG ? FR_EXIT_CONFIG : FR_EXIT_UNAVAILABLE;
    }
    fprintf(stderr, "redis: version %s%s%s\n", info.version,
            info.evicts ? "; its maxmemory-policy may evict state: set noeviction" : "",
            info.persists ? "" : "; appendonly is off: a restart of Redis replays the log");
    return FR_EXIT_OK;
}

static int check_kafka(const struct fr_config *c) {
    struct fr_wiring wiring;
    struct fr_errmsg msg = {0};
    struct topic_look look = {0};
    fr_wiring_init(&wiring, c, NULL);
    enum fr_err err = topic_look(&wiring.cluster, &look, &msg);
    fr_wiring_fini(&wiring);
    if (err != FR_OK) return kafka_command_failed("check", c, err, &msg);
    fprintf(stderr, "kafka: cluster %s, topics %s.*: %s\n", look.cluster_id, c->topic_prefix,
            look.problems.n ? "see below" : "good");
    return topic_look_report(&look);
}

/* Both are asked, whatever the first says; wrong settings weigh more than a server that is away. */
static int check_connections(const struct fr_config *c) {
    int redis = check_redis(c), kafka = check_kafka(c);
    return redis > kafka ? redis : kafka;
}

static void tell(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "%s\n", text);
}

/* Campaigns need no configuration: what is good is good everywhere. */
static int check_campaigns(struct fr_app *app, const char *path) {
    struct fr_campaigns_totals t = {0};
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_campaigns_read(path, &(struct fr_campaigns_sink){NULL, NULL, tell}, &t, &msg);
    if (err != FR_OK) return kafka_command_failed("check", &app->config, err, &msg);
    fprintf(stderr, "%s: %llu campaigns, %llu segments, %llu lines with %llu faults\n", path,
            (unsigned long long)t.campaigns, (unsigned long long)t.segments, (unsigned long long)t.bad_lines,
            (unsigned long long)t.faults);
    return t.bad_lines ? FR_EXIT_CONFIG : FR_EXIT_OK;
}

static int check(struct fr_app *app, const struct wishes *w) {
    struct fr_buf out = {0};
    int code = fr_app_configure(app);
    if (code != FR_EXIT_OK) return code;
    if (w->show) {
        if (app->json)
            fr_config_show_json(&app->config, &out);
        else
            fr_config_show(&app->config, &out);
        return print(&out);
    }
    fprintf(stderr, "%s: good\n", app->config_file ? app->config_file : "configuration");
    return w->connect ? check_connections(&app->config) : FR_EXIT_OK;
}

int fr_cmd_check(struct fr_app *app, int argc, char **argv) {
    struct wishes w = {0};
    const struct fr_option options[] = {
        {"connect", 0, NULL, FR_OPTION_FLAG, &w.connect, "ask Redis and Kafka, look at the topics"},
        {"offline", 0, NULL, FR_OPTION_FLAG, &w.offline, "connect to nothing (the default)"},
        {"campaigns", 0, "FILE", FR_OPTION_TEXT, &w.campaigns,
         "judge campaigns and segments, one a line (- is standard input)"},
        {"show", 0, NULL, FR_OPTION_FLAG, &w.show, "print every value with its origin, without credentials"},
        {"print-default", 0, NULL, FR_OPTION_FLAG, &w.print_default, "print config/freshet.yaml"},
        {"print-docs", 0, NULL, FR_OPTION_FLAG, &w.print_docs, "print docs/CONFIGURATION.md"},
        {"print-metrics", 0, NULL, FR_OPTION_FLAG, &w.print_metrics, "print docs/METRICS.md"},
        {"print-cli", 0, NULL, FR_OPTION_FLAG, &w.print_cli, "print docs/CLI.md"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1) return fr_usage("check", "%s: this command takes no arguments", argv[1]);
    if (w.connect && w.offline) return fr_usage("check", "--connect and --offline exclude each other");
    if (w.campaigns) return check_campaigns(app, w.campaigns);
    struct fr_buf out = {0};
    if (w.print_default)
        fr_config_sample(&out);
    else if (w.print_docs)
        fr_config_docs(&out);
    else if (w.print_metrics)
        fr_metrics_docs(&out);
    else if (w.print_cli)
        fr_command_docs(&out);
    else
        return check(app, &w);
    return print(&out);
}
