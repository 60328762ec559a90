/* freshet campaigns: campaigns and segments, judged, written to their topic, and as they stand there. */
#include "campaigns_topic.h"
#include "freshet/app/campaigns_change.h"
#include "freshet/app/campaigns_list.h"
#include "freshet/app/campaigns_read.h"
#include "freshet/base/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "FILE holds one campaign or segment a line (docs/CAMPAIGNS.md), plain or gzip; - is standard input.\n"
    "\n"
    "check   tells every fault of every line; exit 78 when there is one\n"
    "load    judges all lines first, and writes nothing when one is bad (exit 78); then writes what differs "
    "from "
    "the\n"
    "        campaigns topic, key = id. Of an id that stands twice the last record counts\n"
    "list    what the topic has, as a table or as JSON\n"
    "remove  takes campaigns and segments out: a record without a value each. Exit 66 when one is not there\n"
    "\n"
    "Running instances work with a change within a second.\n"
    "\n"
    "Examples:\n"
    "  freshet campaigns load --dry-run summer.jsonl     what would change\n"
    "  freshet campaigns list --state active\n"
    "  freshet campaigns list --json | jq '.campaigns[].id'\n"
    "  freshet campaigns remove summer-shoes\n";

struct wishes {
    bool dry_run, skip_bad;
    const char *state; /* NULL: all */
};

/* What the files have; then the topic before and after. */
struct work {
    const struct fr_app *app;
    struct wishes wishes;
    struct fr_wiring wiring;
    struct fr_campaigns_totals totals;
    struct fr_dict ids;
    struct fr_buf *json; /* [json_n] the last record of each id */
    uint32_t json_n;
    struct campaigns_topic topic;
    struct fr_campaign_set *before, *after;
    uint64_t counts[FR_CAMPAIGNS_GONE + 1];
};

static void tell(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static void warn(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "warning: %s\n", text);
}

/* ---- the topic ---- */

static enum fr_err read_topic(struct work *w, struct fr_errmsg *msg) {
    enum fr_err err = campaigns_topic_read(&w->wiring.cluster, &w->topic, msg);
    if (err == FR_OK) w->before = fr_campaign_book_version(w->topic.book, 1);
    return err;
}

/* A good record is written, and a bad one taken out, also where only a bad one stands between. */
static enum fr_campaigns_change change_of(const struct work *w, struct fr_str id) {
    enum fr_campaigns_change change = fr_campaigns_change(w->before, w->after, id);
    if (change != FR_CAMPAIGNS_SAME || !campaigns_topic_is_spoilt(&w->topic, id)) return change;
    return fr_campaigns_find(w->after, id) ? FR_CAMPAIGNS_CHANGED : FR_CAMPAIGNS_GONE;
}

/* ---- writing ---- */

static void show_progress(uint64_t done, uint64_t all) {
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%llu of %llu%s", (unsigned long long)done, (unsigned long long)all,
                done == all ? "\n" : "");
}

static enum fr_err put_changed(struct work *w, struct fr_kafka_writer *writer, struct fr_errmsg *msg) {
    uint64_t done = 0, all = w->ids.n - w->counts[FR_CAMPAIGNS_SAME];
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < w->ids.n && err == FR_OK; i++) {
        struct fr_str id = fr_dict_str(&w->ids, i);
        enum fr_campaigns_change change = change_of(w, id);
        if (change == FR_CAMPAIGNS_SAME) continue;
        struct fr_out out = {.topic = FR_TOPIC_CAMPAIGNS, .partition = -1, .key = id};
        if (change != FR_CAMPAIGNS_GONE) out.value = fr_buf_slice(&w->json[i]);
        err = fr_kafka_writer_put(writer, &out, msg);
        show_progress(++done, all);
    }
    return err;
}

/* The changes of all ids, said and, unless it is only a try, written. */
static int write_changes(struct work *w) {
    struct fr_kafka_writer *writer;
    struct fr_errmsg msg = {0};
    for (uint32_t i = 0; i < w->ids.n; i++) w->counts[change_of(w, fr_dict_str(&w->ids, i))]++;
    fr_campaigns_missing_segments(w->after, warn, NULL);
    if (w->wishes.dry_run || w->counts[FR_CAMPAIGNS_SAME] == w->ids.n) return FR_EXIT_OK;
    int code = kafka_command_writer("campaigns", &w->wiring, FR_TOPIC_CAMPAIGNS, &writer);
    if (code != FR_EXIT_OK) return code;
    enum fr_err err = put_changed(w, writer, &msg);
    err = kafka_command_finish(&writer, err, &msg);
    return err == FR_OK ? FR_EXIT_OK : kafka_command_failed("campaigns", w->wiring.config, err, &msg);
}

static void put_count(struct fr_buf *out, const char *key, uint64_t n) {
    fr_json_key(out, key);
    fr_json_int(out, (int64_t)n);
}

static void print(struct fr_buf *out) {
    fwrite(out->data, 1, out->len, stdout);
    fr_buf_fini(out);
}

static void print_changes(const struct work *w) {
    const uint64_t *n = w->counts;
    struct fr_buf out = {0};
    if (w->app->json) {
        fr_json_open(&out, '{');
        put_count(&out, "new", n[FR_CAMPAIGNS_NEW]);
        put_count(&out, "changed", n[FR_CAMPAIGNS_CHANGED]);
        put_count(&out, "same", n[FR_CAMPAIGNS_SAME]);
        put_count(&out, "removed", n[FR_CAMPAIGNS_GONE]);
        put_count(&out, "bad_lines", w->totals.bad_lines);
        put_count(&out, "faults", w->totals.faults);
        fr_json_key(&out, "written");
        fr_json_bool(&out, !w->wishes.dry_run);
        fr_json_close(&out, '}');
    } else {
        fr_buf_printf(&out, "%llu new, %llu changed, %llu as they stand, %llu removed",
                      (unsigned long long)n[FR_CAMPAIGNS_NEW], (unsigned long long)n[FR_CAMPAIGNS_CHANGED],
                      (unsigned long long)n[FR_CAMPAIGNS_SAME], (unsigned long long)n[FR_CAMPAIGNS_GONE]);
        if (w->totals.bad_lines)
            fr_buf_printf(&out, "; left out: %llu lines with %llu faults",
                          (unsigned long long)w->totals.bad_lines, (unsigned long long)w->totals.faults);
        if (w->wishes.dry_run) fr_buf_printf(&out, " (tried only, nothing was written)");
    }
    fr_buf_byte(&out, '\n');
    print(&out);
}

/* ---- check, load ---- */

static enum fr_err take(void *context, const struct fr_campaign *campaign, struct fr_str json,
                        struct fr_errmsg *msg) {
    struct work *w = context;
    uint32_t number = fr_dict_intern(&w->ids, campaign->id);
    if (number >= FR_CAMPAIGN_SET_MAX)
        return fr_err_set(msg, FR_CONFIG, "more than %d campaigns and segments", FR_CAMPAIGN_SET_MAX);
    if (number >= w->json_n) {
        uint32_t more = 2 * w->json_n + 16;
        w->json = fr_realloc(w->json, more * sizeof *w->json);
        memset(w->json + w->json_n, 0, (more - w->json_n) * sizeof *w->json);
        w->json_n = more;
    }
    fr_buf_clear(&w->json[number]);
    fr_buf_str(&w->json[number], json);
    return FR_OK;
}

/* FR_EXIT_OK, or what is wrong has been said. */
static int read_files(struct work *w, char **files, int n) {
    const struct fr_campaigns_sink sink = {w, take, tell};
    struct fr_errmsg msg = {0};
    enum fr_err err = FR_OK;
    for (int i = 0; i < n && err == FR_OK; i++) err = fr_campaigns_read(files[i], &sink, &w->totals, &msg);
    return err == FR_OK ? FR_EXIT_OK : kafka_command_failed("campaigns", w->wiring.config, err, &msg);
}

static int check(struct work *w, char **files, int n) {
    const struct fr_campaigns_totals *t = &w->totals;
    struct fr_buf out = {0};
    int code = read_files(w, files, n);
    if (code != FR_EXIT_OK) return code;
    if (w->app->json) {
        fr_json_open(&out, '{');
        put_count(&out, "campaigns", t->campaigns);
        put_count(&out, "segments", t->segments);
        put_count(&out, "bad_lines", t->bad_lines);
        put_count(&out, "faults", t->faults);
        fr_json_close(&out, '}');
    } else {
        fr_buf_printf(&out, "%llu campaigns, %llu segments, %llu lines with %llu faults",
                      (unsigned long long)t->campaigns, (unsigned long long)t->segments,
                      (unsigned long long)t->bad_lines, (unsigned long long)t->faults);
    }
    fr_buf_byte(&out, '\n');
    print(&out);
    return t->bad_lines ? FR_EXIT_CONFIG : FR_EXIT_OK;
}

/* The files' records onto what the topic has: by the same code, and with the same bound, as every instance will. */
static enum fr_err put_files(struct work *w, struct fr_errmsg *msg) {
    struct fr_campaign_faults faults;
    for (uint32_t i = 0; i < w->ids.n; i++) {
        struct fr_str id = fr_dict_str(&w->ids, i);
        if (fr_campaign_book_put(w->topic.book, id, fr_buf_slice(&w->json[i]), 0, &faults)) continue;
        return fr_err_set(msg, FR_CONFIG, "%.*s: %s; nothing was written", FR_STR_ARG(id),
                          fr_campaign_fault_text(faults.at[0].code));
    }
    w->after = fr_campaign_book_version(w->topic.book, 2);
    return FR_OK;
}

static int load(struct work *w, char **files, int n) {
    struct fr_errmsg msg = {0};
    int code = read_files(w, files, n);
    if (code != FR_EXIT_OK) return code;
    if (w->totals.bad_lines && !w->wishes.skip_bad) {
        fprintf(stderr,
                "freshet campaigns: %llu lines are bad; nothing was written (--skip-bad leaves them out)\n",
                (unsigned long long)w->totals.bad_lines);
        return FR_EXIT_CONFIG;
    }
    enum fr_err err = read_topic(w, &msg);
    if (err == FR_OK) err = put_files(w, &msg);
    if (err != FR_OK) return kafka_command_failed("campaigns", w->wiring.config, err, &msg);
    code = write_changes(w);
    if (code == FR_EXIT_OK) print_changes(w);
    return code == FR_EXIT_OK && w->totals.bad_lines ? FR_EXIT_CONFIG : code;
}

/* ---- list, remove ---- */

static int list(struct work *w) {
    const struct fr_campaigns_filter filter = {w->wishes.state};
    struct fr_errmsg msg = {0};
    struct fr_buf out = {0};
    enum fr_err err = read_topic(w, &msg);
    if (err != FR_OK) return kafka_command_failed("campaigns", w->wiring.config, err, &msg);
    if (w->app->json)
        fr_campaigns_json(&out, w->before, filter, w->topic.bad_records);
    else
        fr_campaigns_table(&out, w->before, filter, fr_clock_wall_ms());
    print(&out);
    return FR_EXIT_OK;
}

/* All that are not there are told, each with the one that was probably meant. */
static bool all_are_there(struct work *w, char **ids, int n) {
    struct fr_arena arena = {0};
    bool all = true;
    for (int i = 0; i < n; i++) {
        struct fr_str id = fr_str_of(ids[i]);
        if (fr_campaigns_find(w->before, id) || campaigns_topic_is_spoilt(&w->topic, id)) continue;
        const char *near = fr_campaigns_near(w->before, id, &arena);
        fprintf(stderr, "freshet campaigns: no such campaign or segment: %s%s%s%s\n", ids[i],
                near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
        all = false;
    }
    fr_arena_fini(&arena);
    return all;
}

static int take_out(struct work *w, char **ids, int n) {
    struct fr_errmsg msg = {0};
    struct fr_campaign_faults faults;
    enum fr_err err = read_topic(w, &msg);
    if (err != FR_OK) return kafka_command_failed("campaigns", w->wiring.config, err, &msg);
    if (!all_are_there(w, ids, n)) return FR_EXIT_NO_INPUT;
    for (int i = 0; i < n; i++) {
        fr_dict_intern(&w->ids, fr_str_of(ids[i]));
        bool gone = fr_campaign_book_put(w->topic.book, fr_str_of(ids[i]), (struct fr_str){0}, 0, &faults);
        FR_ASSERT(gone);
    }
    w->after = fr_campaign_book_version(w->topic.book, 2);
    int code = write_changes(w);
    if (code == FR_EXIT_OK) print_changes(w);
    return code;
}

/* ---- the command ---- */

static const char actions[] = "one of check, load, list, remove";

static bool is_state(const char *name) {
    for (int s = FR_CAMPAIGN_ACTIVE; s <= FR_CAMPAIGN_ENDED; s++)
        if (strcmp(fr_campaign_state_name((enum fr_campaign_state)s), name) == 0) return true;
    return false;
}

/* -1: go on. */
static int judge_usage(const struct wishes *w, const char *action, int argc) {
    bool is_list = strcmp(action, "list") == 0, is_load = strcmp(action, "load") == 0;
    bool is_remove = strcmp(action, "remove") == 0;
    if (!is_list && !is_load && !is_remove && strcmp(action, "check") != 0)
        return fr_usage("campaigns", "%s: not %s", action, actions);
    if (is_list && argc > 2) return fr_usage("campaigns", "list takes no arguments");
    if (is_remove && argc < 3)
        return fr_usage("campaigns", "which campaigns or segments? Their ids are wanted");
    if (!is_list && argc < 3) return fr_usage("campaigns", "which file? (- is standard input)");
    if (w->skip_bad && !is_load) return fr_usage("campaigns", "--skip-bad is for load");
    if (w->dry_run && !is_load && !is_remove)
        return fr_usage("campaigns", "--dry-run is for load and remove");
    if (w->state && !is_list) return fr_usage("campaigns", "--state is for list");
    if (w->state && !is_state(w->state))
        return fr_usage("campaigns", "--state %s: not one of active, paused, ended", w->state);
    return -1;
}

static int act(struct work *w, const char *action, char **arguments, int n) {
    if (strcmp(action, "check") == 0) return check(w, arguments, n);
    if (strcmp(action, "load") == 0) return load(w, arguments, n);
    return strcmp(action, "list") == 0 ? list(w) : take_out(w, arguments, n);
}

static void work_fini(struct work *w) {
    for (uint32_t i = 0; i < w->json_n; i++) fr_buf_fini(&w->json[i]);
    free(w->json);
    fr_campaign_set_free(w->before);
    fr_campaign_set_free(w->after);
    campaigns_topic_fini(&w->topic);
    fr_dict_fini(&w->ids);
    fr_wiring_fini(&w->wiring);
}

int fr_cmd_campaigns(struct fr_app *app, int argc, char **argv) {
    struct work w = {.app = app};
    const struct fr_option options[] = {
        {"dry-run", 0, NULL, FR_OPTION_FLAG, &w.wishes.dry_run,
         "load, remove: say what would change, write nothing"},
        {"skip-bad", 0, NULL, FR_OPTION_FLAG, &w.wishes.skip_bad,
         "load: leave bad lines out and write the others"},
        {"state", 0, "STATE", FR_OPTION_TEXT, &w.wishes.state,
         "list: only active, paused or ended campaigns"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (argc < 2) return fr_usage("campaigns", "say %s", actions);
    code = judge_usage(&w.wishes, argv[1], argc);
    if (code >= 0) return code;
    code = fr_app_configure(app);
    if (code) return code;
    fr_dict_init(&w.ids);
    fr_wiring_init(&w.wiring, &app->config, NULL);
    code = act(&w, argv[1], argv + 2, argc - 2);
    work_fini(&w);
    return code;
}
