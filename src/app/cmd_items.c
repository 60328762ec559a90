/* freshet items: the catalogue, judged and written to its topic. */
#include "freshet/app/items_read.h"
#include "freshet/base/json.h"
#include "kafka_command.h"
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "FILE holds one JSON item a line (docs/ITEMS.md), plain or gzip; - is standard input.\n"
    "\n"
    "check  tells every fault of every line; exit 78 when there is one\n"
    "load   writes one record an item to the items topic, key = id; lines with faults are told and left out "
    "(exit 78)\n"
    "\n"
    "Examples:\n"
    "  freshet items check catalogue.jsonl.gz\n"
    "  freshet items load --only catalogue.jsonl    also takes out what the topic has and the file has not\n";

struct loading {
    struct fr_kafka_writer *writer; /* NULL: only judged */
    struct fr_dict ids;             /* of the files, then those of the topic */
    uint32_t file_n;                /* the first ids are the files' */
    bool *is_in_topic;              /* [ids.n - file_n] by id; the topic's latest record has a value */
    uint32_t cap;
    uint64_t removed;
};

static void tell(void *context, const char *text) {
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static enum fr_err put(struct loading *l, struct fr_str id, struct fr_str value, struct fr_errmsg *msg) {
    struct fr_out out = {.topic = FR_TOPIC_ITEMS, .partition = -1, .key = id, .value = value};
    return fr_kafka_writer_put(l->writer, &out, msg);
}

static enum fr_err take(void *context, const struct fr_item_record *item, struct fr_str json,
                        struct fr_errmsg *msg) {
    struct loading *l = context;
    fr_dict_intern(&l->ids, item->id);
    return l->writer ? put(l, item->id, json, msg) : FR_OK;
}

/* ---- --only ---- */

static bool note_topic(void *context, const struct fr_record *r) {
    struct loading *l = context;
    if (!r->key.ptr) return true;
    uint32_t number = fr_dict_intern(&l->ids, r->key);
    if (number < l->file_n) return true;
    if (number - l->file_n >= l->cap) {
        l->cap = 2 * (number - l->file_n) + 64;
        l->is_in_topic = fr_realloc(l->is_in_topic, l->cap * sizeof *l->is_in_topic);
    }
    l->is_in_topic[number - l->file_n] = r->value.ptr != NULL;
    return true;
}

/* A tombstone for every item that the topic had before this load and the files have not. */
static enum fr_err remove_others(const struct fr_wiring *w, struct loading *l, struct fr_errmsg *msg) {
    l->file_n = l->ids.n;
    enum fr_err err = kafka_command_read(&w->cluster, FR_TOPIC_ITEMS, note_topic, l, msg);
    for (uint32_t i = l->file_n; i < l->ids.n && err == FR_OK; i++) {
        if (!l->is_in_topic[i - l->file_n]) continue;
        err = put(l, fr_dict_str(&l->ids, i), (struct fr_str){0}, msg);
        l->removed++;
    }
    return err;
}

/* ---- */

static void print_totals(const struct fr_items_totals *t, const struct loading *l, bool json) {
    struct fr_buf out = {0};
    if (json) {
        fr_json_open(&out, '{');
        fr_json_key(&out, "items");
        fr_json_int(&out, (int64_t)t->items);
        fr_json_key(&out, "bad_lines");
        fr_json_int(&out, (int64_t)t->bad_lines);
        fr_json_key(&out, "faults");
        fr_json_int(&out, (int64_t)t->faults);
        fr_json_key(&out, "removed");
        fr_json_int(&out, (int64_t)l->removed);
        fr_json_close(&out, '}');
        fr_buf_byte(&out, '\n');
    } else {
        fr_buf_printf(&out, "%llu items, %llu lines with %llu faults", (unsigned long long)t->items,
                      (unsigned long long)t->bad_lines, (unsigned long long)t->faults);
        if (l->removed) fr_buf_printf(&out, ", %llu items taken out", (unsigned long long)l->removed);
        fr_buf_byte(&out, '\n');
    }
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
}

static enum fr_err read_all(struct loading *l, char **files, int n, struct fr_items_totals *totals,
                            struct fr_errmsg *msg) {
    struct fr_items_sink sink = {l, take, tell};
    enum fr_err err = FR_OK;
    for (int i = 0; i < n && err == FR_OK; i++) err = fr_items_read(files[i], &sink, totals, msg);
    return err;
}

/* Where a line is bad, nothing is taken out: the item may be the one on that line. */
static int load(struct fr_app *app, struct loading *l, bool only, char **files, int n,
                struct fr_items_totals *totals) {
    struct fr_wiring w;
    struct fr_errmsg msg = {0};
    fr_wiring_init(&w, &app->config, NULL);
    int code = kafka_command_writer("items", &w, FR_TOPIC_ITEMS, &l->writer);
    if (code == FR_EXIT_OK) {
        enum fr_err err = read_all(l, files, n, totals, &msg);
        if (err == FR_OK && only && totals->bad_lines == 0) err = remove_others(&w, l, &msg);
        err = kafka_command_finish(&l->writer, err, &msg);
        if (err != FR_OK) code = kafka_command_failed("items", &app->config, err, &msg);
    }
    fr_wiring_fini(&w);
    return code;
}

static int check(struct fr_app *app, struct loading *l, char **files, int n, struct fr_items_totals *totals) {
    struct fr_errmsg msg = {0};
    enum fr_err err = read_all(l, files, n, totals, &msg);
    return err == FR_OK ? FR_EXIT_OK : kafka_command_failed("items", &app->config, err, &msg);
}

int fr_cmd_items(struct fr_app *app, int argc, char **argv) {
    bool only = false;
    const struct fr_option options[] = {
        {"only", 0, NULL, FR_OPTION_FLAG, &only, "load: take out all items that the files do not have"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    bool is_load = argc > 1 && strcmp(argv[1], "load") == 0;
    if (argc < 2 || (!is_load && strcmp(argv[1], "check") != 0))
        return fr_usage("items", "say one of check, load");
    if (argc < 3) return fr_usage("items", "which file? (- is standard input)");
    if (only && !is_load) return fr_usage("items", "--only is for load");
    code = fr_app_configure(app);
    if (code) return code;
    struct loading l = {0};
    struct fr_items_totals totals = {0};
    fr_dict_init(&l.ids);
    code = is_load ? load(app, &l, only, argv + 2, argc - 2, &totals)
                   : check(app, &l, argv + 2, argc - 2, &totals);
    if (code == FR_EXIT_OK) print_totals(&totals, &l, app->json);
    if (code == FR_EXIT_OK && totals.bad_lines) code = FR_EXIT_CONFIG;
    fr_dict_fini(&l.ids);
    free(l.is_in_topic);
    return code;
}
