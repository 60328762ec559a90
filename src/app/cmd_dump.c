/* freshet dump: the whole state, or the published lists, as sorted JSON lines.
 *
 * Users go from the store to standard output one by one. An item's similarities need the counts of all others, so items are
 * read twice: once for the counts, which stay in memory, once to be written. */
#include "freshet/adapt/kafka_admin.h"
#include "freshet/affinity/item_json.h"
#include "freshet/app/state_read.h"
#include "freshet/profile/codec.h"
#include <stdio.h>
#include <stdlib.h>

struct dump {
    struct fr_state_reader *reader;
    struct fr_buf line;
    int32_t epoch;
    double *counts; /* of items, by their numbers in reader->ids; 0: there is none */
    uint32_t count_cap;
};

static enum fr_err write_line(struct fr_buf *line, struct fr_errmsg *msg) {
    fr_buf_byte(line, '\n');
    size_t written = fwrite(line->data, 1, line->len, stdout);
    bool whole = written == line->len;
    fr_buf_clear(line);
    return whole ? FR_OK : fr_err_set(msg, FR_IO, "standard output cannot be written");
}

/* ---- users ---- */

static enum fr_err dump_user(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct dump *d = context;
    struct fr_user user;
    enum fr_err err = fr_state_user(d->reader, state, &user, msg);
    if (err == FR_OK) {
        fr_user_json(&d->line, state->id, &user, &d->reader->rules.profile, &d->reader->ids, false);
        err = write_line(&d->line, msg);
    }
    fr_user_fini(&user);
    return err;
}

static enum fr_err dump_users(struct dump *d, struct fr_errmsg *msg) {
    struct fr_state_list list;
    enum fr_err err =
        fr_state_list(d->reader->store, &d->reader->keys[FR_STAGE_USER], FR_KEY_USER, &list, msg);
    if (err == FR_OK) err = fr_state_each(d->reader->store, &list, dump_user, d, msg);
    fr_state_list_fini(&list);
    return err;
}

/* ---- items ---- */

static double count_of(void *self, uint32_t item) {
    const struct dump *d = self;
    return item < d->count_cap ? d->counts[item] : 0;
}

static enum fr_err note_count(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct dump *d = context;
    struct fr_item item;
    enum fr_err err = fr_state_item(d->reader, state, &item, msg);
    uint32_t number = fr_dict_intern(&d->reader->ids, state->id);
    if (number >= d->count_cap) {
        uint32_t cap = d->reader->ids.cap;
        d->counts = fr_realloc(d->counts, cap * sizeof *d->counts);
        memset(d->counts + d->count_cap, 0, (cap - d->count_cap) * sizeof *d->counts);
        d->count_cap = cap;
    }
    d->counts[number] += fr_item_count(&item, &d->reader->rules.popularity, d->epoch);
    fr_item_fini(&item);
    return err;
}

static enum fr_err dump_item(void *context, const struct fr_state *state, struct fr_errmsg *msg) {
    struct dump *d = context;
    const struct fr_rules *rules = &d->reader->rules;
    struct fr_item item;
    enum fr_err err = fr_state_item(d->reader, state, &item, msg);
    if (err == FR_OK && fr_item_is_readable(&item, &rules->popularity, d->epoch)) {
        struct fr_counts counts = {count_of, d};
        fr_item_json(&item, &rules->popularity, &d->reader->ids, state->id, d->epoch, counts,
                     rules->neighbors, &d->line);
        err = write_line(&d->line, msg);
    }
    fr_item_fini(&item);
    return err;
}

static enum fr_err dump_items(struct dump *d, struct fr_errmsg *msg) {
    struct fr_state_list list = {0};
    enum fr_err err = fr_state_epoch(d->reader, &d->epoch, msg);
    if (err == FR_OK)
        err = fr_state_list(d->reader->store, &d->reader->keys[FR_STAGE_AGGREGATE], FR_KEY_ITEM, &list, msg);
    if (err == FR_OK) err = fr_state_each(d->reader->store, &list, note_count, d, msg);
    if (err == FR_OK) err = fr_state_each(d->reader->store, &list, dump_item, d, msg);
    fr_state_list_fini(&list);
    return err;
}

static int dump_states(const struct fr_app *app, bool users) {
    struct fr_state_reader reader;
    struct fr_errmsg msg = {0};
    struct dump d = {.reader = &reader};
    enum fr_err err = fr_state_open(&reader, &app->config, &msg);
    enum fr_stage_kind stage = users ? FR_STAGE_USER : FR_STAGE_AGGREGATE;
    if (err == FR_OK && reader.keys[stage].partitions == 0)
        fprintf(stderr, "freshet dump: nothing is stored under the prefix %s\n", app->config.topic_prefix);
    if (err == FR_OK) err = users ? dump_users(&d, &msg) : dump_items(&d, &msg);
    fr_buf_fini(&d.line);
    free(d.counts);
    fr_state_close(&reader);
    return err == FR_OK ? FR_EXIT_OK : fr_report_failed("dump", err, &msg);
}

/* ---- lists ---- */

struct lists {
    struct fr_dict users;
    struct fr_buf *values; /* [users.n] the last value of each; empty after a tombstone */
    uint32_t cap;
};

static bool keep_list(void *context, const struct fr_record *record) {
    struct lists *l = context;
    if (!record->key.ptr) return true;
    uint32_t number = fr_dict_intern(&l->users, record->key);
    if (number >= l->cap) {
        uint32_t cap = l->users.cap;
        l->values = fr_realloc(l->values, cap * sizeof *l->values);
        memset(l->values + l->cap, 0, (cap - l->cap) * sizeof *l->values);
        l->cap = cap;
    }
    fr_buf_clear(&l->values[number]);
    fr_buf_str(&l->values[number], record->value);
    return true;
}

static enum fr_err read_lists(const struct fr_kafka_cluster *cluster, struct lists *l,
                              struct fr_errmsg *msg) {
    enum fr_topic topic = FR_TOPIC_RECOMMENDATIONS;
    struct fr_kafka_topic_state state;
    enum fr_err err = fr_kafka_topics_describe(cluster, &topic, 1, &state, NULL, msg);
    if (err != FR_OK) return err;
    if (!state.exists)
        return fr_err_set(msg, FR_BUS_NO_TOPIC, "topic %s.%s does not exist", cluster->topic_prefix,
                          fr_topic_info(topic)->suffix);
    for (uint32_t p = 0; p < state.partitions && err == FR_OK; p++) {
        struct fr_kafka_range all = {(int32_t)p, -1, -1};
        err = fr_kafka_read(cluster, topic, all, true, keep_list, l, msg);
    }
    return err;
}

struct published {
    struct fr_str user;
    struct fr_buf *value;
};

static int compare_published(const void *a, const void *b) {
    return fr_str_cmp(((const struct published *)a)->user, ((const struct published *)b)->user);
}

static enum fr_err write_lists(const struct lists *l, struct fr_errmsg *msg) {
    struct published *sorted = fr_alloc((l->users.n + 1) * sizeof *sorted);
    for (uint32_t i = 0; i < l->users.n; i++)
        sorted[i] = (struct published){fr_dict_str(&l->users, i), &l->values[i]};
    qsort(sorted, l->users.n, sizeof *sorted, compare_published);
    enum fr_err err = FR_OK;
    for (uint32_t i = 0; i < l->users.n && err == FR_OK; i++)
        if (sorted[i].value->len) err = write_line(sorted[i].value, msg);
    free(sorted);
    return err;
}

static int dump_lists(const struct fr_app *app) {
    struct lists l = {0};
    struct fr_arena arena = {0};
    struct fr_errmsg msg = {0};
    struct fr_kafka_cluster cluster = fr_wire_cluster(&app->config, &arena);
    fr_dict_init(&l.users);
    enum fr_err err = read_lists(&cluster, &l, &msg);
    if (err == FR_OK) err = write_lists(&l, &msg);
    for (uint32_t i = 0; i < l.cap; i++) fr_buf_fini(&l.values[i]);
    free(l.values);
    fr_dict_fini(&l.users);
    fr_arena_fini(&arena);
    return err == FR_OK ? FR_EXIT_OK : fr_report_failed("dump", err, &msg);
}

static const char help_text[] =
    "users    every user's state, from Redis\n"
    "items    every item's counts, pairs and neighbours as of the latest accepted event, from Redis\n"
    "lists    the latest list of every user as it was published, from Kafka\n"
    "\n"
    "One JSON object a line, sorted by id. Nothing is locked: a dump taken while freshet runs mixes states "
    "of\n"
    "different moments. For one moment, stop it first (SIGTERM drains). Users and items need memory for "
    "their\n"
    "ids, items also for one number each; lists are all held in memory.\n"
    "\n"
    "Examples:\n"
    "  freshet dump users > users.jsonl\n"
    "  freshet dump items | head\n";

int fr_cmd_dump(struct fr_app *app, int argc, char **argv) {
    int code = fr_options_read(app, NULL, 0, help_text, &argc, argv);
    if (code >= 0) return code;
    if (argc != 2) return fr_usage("dump", "users, items or lists is wanted");
    bool users = strcmp(argv[1], "users") == 0, lists = strcmp(argv[1], "lists") == 0;
    if (!users && !lists && strcmp(argv[1], "items") != 0)
        return fr_usage("dump", "%s: users, items or lists is wanted", argv[1]);
    code = fr_app_configure(app);
    if (code) return code;
    code = lists ? dump_lists(app) : dump_states(app, users);
    if (fflush(stdout) != 0 && code == FR_EXIT_OK) {
        fprintf(stderr, "freshet dump: standard output cannot be written\n");
        code = FR_EXIT_INTERNAL;
    }
    return code;
}
