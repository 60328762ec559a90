/* freshet topics: make what is missing, say what is wrong. */
#include "freshet/base/json.h"
#include "kafka_command.h"
#include <stdio.h>

static const char help[] =
    "create  makes the topics that are missing (kafka.partitions, kafka.replication_factor,\n"
    "        kafka.retention_ms), leaves the others as they are, then checks\n"
    "check   existence, partition counts, cleanup policy, retention, and by a sample of the newest events "
    "whether\n"
    "        producers choose the partition by murmur2 of the key; exit 78 when something must be mended\n"
    "list    how they are (also without a word)\n"
    "\n"
    "Examples:\n"
    "  freshet topics create\n"
    "  freshet topics create --set kafka.partitions=32 --set kafka.replication_factor=3\n"
    "  freshet topics check --json | jq '.problems[].text'\n";

static int print(struct fr_buf *out) {
    fwrite(out->data, 1, out->len, stdout);
    fr_buf_fini(out);
    return FR_EXIT_OK;
}

static int failed(const struct fr_wiring *w, enum fr_err err, const struct fr_errmsg *msg) {
    return kafka_command_failed("topics", w->config, err, msg);
}

static void print_json(const struct fr_wiring *w, const struct topic_look *look, int64_t made) {
    struct fr_buf out = {0};
    fr_json_open(&out, '{');
    fr_json_key(&out, "cluster_id");
    fr_json_str(&out, fr_str_of(look->cluster_id));
    fr_json_key(&out, "made");
    fr_json_int(&out, made);
    fr_topic_json(w->cluster.topic_prefix, look->states, &look->problems, &out);
    fr_json_close(&out, '}');
    fr_buf_byte(&out, '\n');
    print(&out);
}

static int list(struct fr_app *app, const struct fr_wiring *w) {
    struct topic_look look = {0};
    struct fr_errmsg msg = {0};
    struct fr_buf out = {0};
    enum fr_err err = topic_look(&w->cluster, &look, &msg);
    if (err != FR_OK) return failed(w, err, &msg);
    if (app->json) {
        print_json(w, &look, 0);
        return FR_EXIT_OK;
    }
    fr_topic_table(w->cluster.topic_prefix, look.states, &out);
    return print(&out);
}

static int check(struct fr_app *app, const struct fr_wiring *w, int64_t made) {
    struct topic_look look = {0};
    struct fr_errmsg msg = {0};
    enum fr_err err = topic_look(&w->cluster, &look, &msg);
    if (err != FR_OK) return failed(w, err, &msg);
    if (app->json) print_json(w, &look, made);
    int code = topic_look_report(&look);
    if (code == FR_EXIT_OK && !app->json)
        printf("%s.*: good, %u partitions\n", w->cluster.topic_prefix,
               look.states[FR_TOPIC_EVENTS].partitions);
    return code;
}

static int create(struct fr_app *app, const struct fr_wiring *w) {
    struct fr_kafka_topic_spec specs[FR_TOPIC_N];
    struct fr_errmsg msg = {0};
    bool made[FR_TOPIC_N] = {false};
    int64_t made_n = 0;
    fr_topic_specs(w->config, specs);
    enum fr_err err = fr_kafka_topics_create(&w->cluster, specs, FR_TOPIC_N, made, &msg);
    for (unsigned t = 0; t < FR_TOPIC_N; t++) {
        made_n += made[t];
        if (made[t] && !app->json)
            printf("made %s.%s (partitions: %u, replicas: %u)\n", w->cluster.topic_prefix,
                   fr_topic_info((enum fr_topic)t)->suffix, specs[t].partitions, specs[t].replication);
    }
    if (err != FR_OK) return failed(w, err, &msg);
    if (!made_n && !app->json) printf("nothing to make: all topics are there\n");
    return check(app, w, made_n);
}

int fr_cmd_topics(struct fr_app *app, int argc, char **argv) {
    int code = fr_options_read(app, NULL, 0, help, &argc, argv);
    if (code >= 0) return code;
    if (argc > 2) return fr_usage("topics", "%s: one of create, check, list is enough", argv[2]);
    const char *what = argc == 2 ? argv[1] : "list";
    bool is_create = strcmp(what, "create") == 0, is_check = strcmp(what, "check") == 0;
    if (!is_create && !is_check && strcmp(what, "list") != 0)
        return fr_usage("topics", "%s: not one of create, check, list", what);
    code = fr_app_configure(app);
    if (code) return code;
    struct fr_wiring wiring;
    fr_wiring_init(&wiring, &app->config, NULL);
    if (is_create)
        code = create(app, &wiring);
    else
        code = is_check ? check(app, &wiring, 0) : list(app, &wiring);
    fr_wiring_fini(&wiring);
    return code;
}
