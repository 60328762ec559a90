/* freshet show: one user or one item, as everybody who asks wants to see it. */
#include "freshet/adapt/kafka_admin.h"
#include "freshet/affinity/item_json.h"
#include "freshet/app/pretty.h"
#include "freshet/app/state_read.h"
#include "freshet/base/hash.h"
#include "freshet/base/json.h"
#include "freshet/profile/codec.h"
#include <stdio.h>
#include <stdlib.h>

struct show {
    struct fr_state_reader reader;
    const struct fr_config *config;
    struct fr_str id;
    struct fr_state state;
    int32_t partition;
    struct fr_buf out; /* one JSON object */
};

/* The object that out ends with is opened again, to be added to. */
static void reopen(struct show *s) { s->out.len--; }

static void put_origin(struct show *s) {
    fr_json_key(&s->out, "partition");
    fr_json_int(&s->out, s->partition);
    fr_json_key(&s->out, "stamp");
    fr_json_int(&s->out, s->state.stamp);
    fr_json_key(&s->out, "stored_bytes");
    fr_json_int(&s->out, s->state.value_bytes);
}

/* ---- a user ---- */

struct latest {
    struct fr_str key;
    struct fr_buf value;
};

static bool keep_latest(void *context, const struct fr_record *record) {
    struct latest *l = context;
    if (!record->key.ptr || !fr_str_eq(record->key, l->key)) return true;
    fr_buf_clear(&l->value);
    fr_buf_str(&l->value, record->value);
    return true;
}

/* Only the partition of the user's key is read. */
static enum fr_err read_list(const struct show *s, struct latest *l, struct fr_errmsg *msg) {
    struct fr_arena arena = {0};
    struct fr_kafka_cluster cluster = fr_wire_cluster(s->config, &arena);
    enum fr_topic topic = FR_TOPIC_RECOMMENDATIONS;
    struct fr_kafka_topic_state state;
    enum fr_err err = fr_kafka_topics_describe(&cluster, &topic, 1, &state, NULL, msg);
    if (err == FR_OK && state.exists && state.partitions) {
        struct fr_kafka_range all = {(int32_t)(fr_murmur2(s->id) % state.partitions), -1, -1};
        err = fr_kafka_read(&cluster, topic, all, true, keep_latest, l, msg);
    }
    fr_arena_fini(&arena);
    return err;
}

static void put_list(struct show *s) {
    struct latest l = {.key = s->id};
    struct fr_errmsg msg = {0};
    fr_json_key(&s->out, "list");
    if (read_list(s, &l, &msg) != FR_OK)
        fprintf(stderr, "freshet show: the published list is not known: %s\n", msg.text);
    if (l.value.len)
        fr_json_raw(&s->out, fr_buf_slice(&l.value));
    else
        fr_json_null(&s->out);
    fr_buf_fini(&l.value);
}

static enum fr_err show_user(struct show *s, struct fr_errmsg *msg) {
    struct fr_user user;
    enum fr_err err = fr_state_user(&s->reader, &s->state, &user, msg);
    if (err == FR_OK) {
        fr_user_json(&s->out, s->id, &user, &s->reader.rules.profile, &s->reader.ids, true);
        reopen(s);
        put_origin(s);
        put_list(s);
        fr_json_close(&s->out, '}');
    }
    fr_user_fini(&user);
    return err;
}

/* ---- an item ---- */

/* The counts of the items that one item is paired with. */
struct others {
    struct show *show;
    int32_t epoch;
    uint32_t *items; /* [n] numbers in reader.ids, ascending */
    double *counts;
    uint32_t n;
};

static double count_of(void *self, uint32_t item) {
    const struct others *o = self;
    uint32_t low = 0, high = o->n;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (o->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < o->n && o->items[low] == item ? o->counts[low] : 0;
}

static enum fr_err read_others(struct others *o, const struct fr_item *item, struct fr_errmsg *msg) {
    struct fr_state_reader *r = &o->show->reader;
    o->items = fr_arena_alloc(&r->arena, item->others_n * sizeof *o->items);
    o->counts = fr_arena_alloc(&r->arena, item->others_n * sizeof *o->counts);
    enum fr_err err = FR_OK;
    for (uint32_t i = item->pairs_at; i < item->groups_at && err == FR_OK; i++) {
        if (i > item->pairs_at && item->buckets[i].code == item->buckets[i - 1].code) continue;
        struct fr_state state;
        struct fr_item other = {0};
        int32_t partition;
        uint32_t number = fr_code_number(item->buckets[i].code);
        err = fr_state_find(r, FR_STAGE_AGGREGATE, fr_dict_str(&r->ids, number), &state, &partition, msg);
        if (err == FR_OK && state.bytes.len) err = fr_state_item(r, &state, &other, msg);
        o->items[o->n] = number;
        o->counts[o->n++] = fr_item_count(&other, &r->rules.popularity, o->epoch);
        fr_item_fini(&other);
    }
    return err;
}

/* What readers of the store see: written some time ago, maybe with counts that were not known then. */
static enum fr_err put_view(struct show *s, struct fr_errmsg *msg) {
    struct fr_state_reader *r = &s->reader;
    struct fr_str value,
        key = fr_keys_view(&r->keys[FR_STAGE_AGGREGATE], "neighbors", s->partition, s->id, &r->arena);
    enum fr_err err = r->store->ops->load(r->store, &key, 1, &value, &r->arena, msg);
    if (err != FR_OK) return err;
    struct fr_neighbor found[FR_NEIGHBORS_MAX];
    struct fr_neighbors view = {.at = found};
    fr_json_key(&s->out, "view");
    if (!value.len || !fr_neighbors_decode(&view, FR_NEIGHBORS_MAX, &r->ids, value)) {
        fr_json_null(&s->out);
        return FR_OK;
    }
    fr_json_open(&s->out, '{');
    fr_json_key(&s->out, "epoch");
    fr_json_int(&s->out, view.epoch);
    fr_json_key(&s->out, "count");
    fr_json_number(&s->out, view.count);
    fr_json_key(&s->out, "neighbors");
    fr_json_open(&s->out, '{');
    for (uint32_t i = 0; i < view.n; i++) {
        fr_json_key_str(&s->out, fr_dict_str(&r->ids, found[i].item));
        fr_json_number(&s->out, found[i].similarity);
    }
    fr_json_close(&s->out, '}');
    fr_json_close(&s->out, '}');
    return FR_OK;
}

static enum fr_err show_item(struct show *s, struct fr_errmsg *msg) {
    struct fr_state_reader *r = &s->reader;
    struct fr_item item;
    struct others others = {.show = s};
    enum fr_err err = fr_state_item(r, &s->state, &item, msg);
    if (err == FR_OK) err = fr_state_epoch(r, &others.epoch, msg);
    if (err == FR_OK) err = read_others(&others, &item, msg);
    if (err == FR_OK) {
        struct fr_counts counts = {count_of, &others};
        fr_item_json(&item, &r->rules.popularity, &r->ids, s->id, others.epoch, counts, r->rules.neighbors,
                     &s->out);
        reopen(s);
        fr_json_key(&s->out, "epoch");
        fr_json_int(&s->out, others.epoch);
        fr_json_key(&s->out, "memory_bytes");
        fr_json_int(&s->out, (int64_t)fr_item_bytes(&item));
        put_origin(s);
        err = put_view(s, msg);
        fr_json_close(&s->out, '}');
    }
    fr_item_fini(&item);
    return err;
}

/* ---- the command ---- */

static void print(const struct show *s, bool compact) {
    struct fr_buf text = {0};
    if (compact)
        fr_buf_str(&text, fr_buf_slice(&s->out));
    else
        fr_json_pretty(&text, fr_buf_slice(&s->out));
    fr_buf_byte(&text, '\n');
    fwrite(text.data, 1, text.len, stdout);
    fr_buf_fini(&text);
}

static int show(const struct fr_app *app, const char *what, const char *id) {
    struct fr_errmsg msg = {0};
    struct show s = {.config = &app->config, .id = fr_str_of(id)};
    bool user = strcmp(what, "user") == 0;
    enum fr_stage_kind stage = user ? FR_STAGE_USER : FR_STAGE_AGGREGATE;
    enum fr_err err = fr_state_open(&s.reader, &app->config, &msg);
    if (err == FR_OK) err = fr_state_find(&s.reader, stage, s.id, &s.state, &s.partition, &msg);
    bool found = err == FR_OK && s.state.bytes.len > 0;
    if (found) err = user ? show_user(&s, &msg) : show_item(&s, &msg);
    int code = err == FR_OK ? FR_EXIT_OK : fr_report_failed("show", err, &msg);
    if (err == FR_OK && !found) {
        fprintf(stderr, "freshet show: no such %s: %s (prefix %s)\n", what, id, app->config.topic_prefix);
        code = FR_EXIT_NO_INPUT;
    }
    if (err == FR_OK && found) print(&s, app->json);
    fr_buf_fini(&s.out);
    fr_state_close(&s.reader);
    return code;
}

static const char help_text[] =
    "user ID   the stored state, and the list that was last published (null when there is none)\n"
    "item ID   counts, pairs and neighbours as of the latest accepted event, and the view that readers see;\n"
    "          missed is the most that a pair can lack because the pairs of an item are bounded\n"
    "\n"
    "Exit code 66 when there is no such user or item. --json prints one line.\n"
    "\n"
    "Examples:\n"
    "  freshet show user u42\n"
    "  freshet show item --json sku-7 | jq .neighbors\n";

int fr_cmd_show(struct fr_app *app, int argc, char **argv) {
    int code = fr_options_read(app, NULL, 0, help_text, &argc, argv);
    if (code >= 0) return code;
    if (argc != 3 || (strcmp(argv[1], "user") != 0 && strcmp(argv[1], "item") != 0))
        return fr_usage("show", "user ID or item ID is wanted");
    code = fr_app_configure(app);
    return code ? code : show(app, argv[1], argv[2]);
}
