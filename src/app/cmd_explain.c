/* freshet explain: a published list, made again from the log and held to what was published, and why each item is in it. */
#include "freshet/app/rebuild.h"
#include "freshet/base/hash.h"
#include "freshet/base/json.h"
#include "kafka_command.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help[] =
    "Finds a published list by its id, makes it again from the log (the user's events up to the one that led "
    "to\n"
    "it, the examples up to the model's version), and says whether the bytes are the same, what each item's\n"
    "score is made of, and whether the reasons add up to it. Reading the logs from their start takes time "
    "in\n"
    "proportion to them; lists of before the first model cannot be made again and are only shown.\n"
    "\n"
    "Examples:\n"
    "  freshet explain --recommendation 0f8fad5b-d9cb-869f-a165-70867728950e\n"
    "  freshet explain --user u-42               the latest list of a user\n"
    "  freshet explain --user u-42 --json\n";

/* A published list and what is asked of it. */
struct explained {
    struct fr_app *app;
    struct fr_wiring wiring;
    struct fr_rules rules;
    const char *id, *user; /* what is looked for; NULL: any */
    struct fr_buf value;   /* of the record found; empty: none */
    json_t *list;          /* the same, parsed */
    struct fr_buf again;
    bool can_be_made, same;
    double largest_difference; /* of a score from the sum of its reasons */
    const char *why_not;
};

/* ---- finding ---- */

static bool is_wanted(const struct explained *e, const struct fr_record *r) {
    if (!r->value.len) return false;
    if (e->user && !fr_str_eq(r->key, fr_str_of(e->user))) return false;
    return !e->id || memmem(r->value.ptr, r->value.len, e->id, strlen(e->id)) != NULL;
}

/* The last one that fits: a list that was superseded is found while the log has it. */
static bool keep(void *context, const struct fr_record *r) {
    struct explained *e = context;
    if (!is_wanted(e, r)) return true;
    fr_buf_clear(&e->value);
    fr_buf_str(&e->value, r->value);
    return true;
}

static enum fr_err find(struct explained *e, const uint32_t partitions[FR_TOPIC_N], struct fr_errmsg *msg) {
    uint32_t n = partitions[FR_TOPIC_RECOMMENDATIONS], only = n;
    if (e->user) only = fr_murmur2(fr_str_of(e->user)) % n;
    enum fr_err err = FR_OK;
    for (uint32_t p = 0; p < n && err == FR_OK; p++) {
        struct fr_kafka_range all = {(int32_t)p, -1, -1};
        if (only < n && p != only) continue;
        err = fr_kafka_read(&e->wiring.cluster, FR_TOPIC_RECOMMENDATIONS, all, true, keep, e, msg);
    }
    if (err == FR_OK && !e->value.len)
        return fr_err_set(msg, FR_IO,
                          "no such list in %s.recommendations (a newer one of the user may have replaced it)",
                          e->app->config.topic_prefix);
    return err;
}

static enum fr_err partitions_of(struct explained *e, uint32_t partitions[FR_TOPIC_N],
                                 struct fr_errmsg *msg) {
    enum fr_topic topics[FR_TOPIC_N];
    struct fr_kafka_topic_state states[FR_TOPIC_N];
    for (unsigned t = 0; t < FR_TOPIC_N; t++) topics[t] = (enum fr_topic)t;
    enum fr_err err = fr_kafka_topics_describe(&e->wiring.cluster, topics, FR_TOPIC_N, states, NULL, msg);
    for (unsigned t = 0; t < FR_TOPIC_N && err == FR_OK; t++) {
        partitions[t] = states[t].partitions;
        if (!states[t].exists)
            return fr_err_set(msg, FR_BUS_NO_TOPIC, "topic %s.%s does not exist", e->app->config.topic_prefix,
                              fr_topic_info((enum fr_topic)t)->suffix);
    }
    return err;
}

/* ---- making it again ---- */

static struct fr_str text_of(const json_t *object, const char *key) {
    return fr_str_of(json_string_value(json_object_get(object, key)));
}

static int64_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void show_progress(void *context, const char *what, int64_t done, int64_t all) {
    (void)context;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\rreading %s: %lld of %lld ", what, (long long)done, (long long)all);
}

static void write_again(struct explained *e, struct fr_rebuild *r, const json_t *from,
                        struct fr_str user_id) {
    struct fr_arena arena = {0};
    int32_t partition = (int32_t)number_of(from, "partition");
    int64_t offset = number_of(from, "offset");
    struct fr_live_lister *lister = fr_live_lister_new(&r->ids);
    struct fr_list list = fr_live_list(lister, &r->model, &e->rules, &r->user, user_id,
                                       fr_live_draw(partition, offset), &arena);
    struct fr_recommendation head =
        fr_live_head(&e->rules, user_id, partition, offset, number_of(from, "through"),
                     (uint64_t)number_of(from, "catalogue"), r->cause_ms, FR_LIVE_MODEL_NAME,
                     fr_str_of(r->model.version), &arena);
    fr_recommendation_write(&e->again, &head, &list, fr_recommender_names(r->model.learner.recommender));
    fr_live_lister_free(lister);
    fr_arena_fini(&arena);
}

static enum fr_err make_again(struct explained *e, const uint32_t partitions[FR_TOPIC_N],
                              struct fr_errmsg *msg) {
    const json_t *from = json_object_get(e->list, "made_from"), *model = json_object_get(e->list, "model");
    struct fr_str version = text_of(model, "version"), user_id = text_of(e->list, "user_id");
    if (!from || fr_live_version_offset(version) < 0) {
        e->why_not = "it was made before there was a model, from views that are not kept";
        return FR_OK;
    }
    struct fr_rebuild r;
    struct fr_store *store;
    enum fr_err err = fr_wire_store(&e->app->config, "freshet-explain", &store, msg);
    if (err != FR_OK) return err;
    fr_rebuild_init(&r, &e->wiring.cluster, &e->rules, store);
    r.event_partitions = partitions[FR_TOPIC_EVENTS];
    r.example_partitions = partitions[FR_TOPIC_EXAMPLES];
    r.progress = show_progress;
    err = fr_rebuild_user(&r, user_id, (int32_t)number_of(from, "partition"), number_of(from, "offset"),
                          number_of(from, "through"), msg);
    if (err == FR_OK) err = fr_rebuild_model(&r, version, msg);
    uint64_t catalogue = (uint64_t)number_of(from, "catalogue");
    if (err == FR_OK && catalogue) err = fr_rebuild_catalog(&r, &e->wiring, catalogue, msg);
    if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[K");
    if (err == FR_OK) write_again(e, &r, from, user_id);
    fr_rebuild_fini(&r);
    store->ops->close(store);
    e->can_be_made = err == FR_OK;
    e->same = e->can_be_made && fr_str_eq(fr_buf_slice(&e->again), fr_buf_slice(&e->value));
    return err;
}

/* ---- saying it ---- */

static double sum_of(const json_t *reasons) {
    double sum = 0;
    size_t i;
    const json_t *reason;
    json_array_foreach(reasons, i, reason) sum += json_number_value(json_object_get(reason, "weight"));
    return sum;
}

static void check_sums(struct explained *e) {
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(e->list, "items"), i, item) {
        double score = json_number_value(json_object_get(item, "score"));
        double difference = fabs(score - sum_of(json_object_get(item, "reasons")));
        if (difference > e->largest_difference) e->largest_difference = difference;
    }
}

static void print_item(const json_t *item) {
    size_t i;
    const json_t *reason;
    printf("%4lld  %-24s %8.6f ", (long long)number_of(item, "rank"), text_of(item, "item_id").ptr,
           json_number_value(json_object_get(item, "score")));
    json_array_foreach(json_object_get(item, "reasons"), i, reason) {
        struct fr_str seed = text_of(reason, "item_id");
        printf("%s %s%s%.*s %.6f", i ? "," : "", text_of(reason, "code").ptr, seed.len ? " of " : "",
               FR_STR_ARG(seed), json_number_value(json_object_get(reason, "weight")));
    }
    printf("\n");
}

static void print_text(const struct explained *e) {
    const json_t *from = json_object_get(e->list, "made_from"), *model = json_object_get(e->list, "model");
    size_t i;
    const json_t *item;
    printf("list %s of user %s for %s\n", text_of(e->list, "recommendation_id").ptr,
           text_of(e->list, "user_id").ptr, text_of(e->list, "surface").ptr);
    if (from)
        printf("made from %s/%lld offset %lld (state through %lld) with model %s %s\n",
               text_of(from, "topic").ptr, (long long)number_of(from, "partition"),
               (long long)number_of(from, "offset"), (long long)number_of(from, "through"),
               text_of(model, "name").ptr, text_of(model, "version").ptr);
    if (!e->can_be_made)
        printf("it cannot be made again: %s\n", e->why_not);
    else if (e->same)
        printf("made again: the same %zu bytes\n", e->value.len);
    else
        printf("made again: DIFFERENT (%zu bytes published, %zu made)\n", e->value.len, e->again.len);
    printf("reasons add up to the scores within %.2g\n\nrank  item                        score  reasons\n",
           e->largest_difference);
    json_array_foreach(json_object_get(e->list, "items"), i, item) print_item(item);
}

static void print_json(const struct explained *e) {
    struct fr_buf out = {0};
    fr_json_open(&out, '{');
    fr_json_key(&out, "recommendation_id");
    fr_json_str(&out, text_of(e->list, "recommendation_id"));
    fr_json_key(&out, "can_be_made_again");
    fr_json_bool(&out, e->can_be_made);
    fr_json_key(&out, "same_bytes");
    fr_json_bool(&out, e->same);
    fr_json_key(&out, "bytes");
    fr_json_int(&out, (int64_t)e->value.len);
    fr_json_key(&out, "largest_difference");
    fr_json_number(&out, e->largest_difference);
    fr_json_key(&out, "list");
    fr_json_raw(&out, fr_buf_slice(&e->value));
    fr_json_close(&out, '}');
    fr_buf_byte(&out, '\n');
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
}

static int explain(struct explained *e) {
    uint32_t partitions[FR_TOPIC_N];
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_wire_rules(&e->app->config, &e->rules, &msg);
    if (err == FR_OK) err = partitions_of(e, partitions, &msg);
    if (err == FR_OK) err = find(e, partitions, &msg);
    if (err == FR_OK) {
        json_error_t error;
        e->list = json_loadb(e->value.data, e->value.len, 0, &error);
        if (!e->list) err = fr_err_set(&msg, FR_STATE_CORRUPT, "the list is not JSON: %s", error.text);
    }
    if (err == FR_OK) err = make_again(e, partitions, &msg);
    if (err != FR_OK) return kafka_command_failed("explain", &e->app->config, err, &msg);
    check_sums(e);
    if (e->app->json)
        print_json(e);
    else
        print_text(e);
    return e->can_be_made && !e->same ? FR_EXIT_INTERNAL : FR_EXIT_OK;
}

int fr_cmd_explain(struct fr_app *app, int argc, char **argv) {
    struct explained e = {.app = app};
    const struct fr_option options[] = {
        {"recommendation", 0, "ID", FR_OPTION_TEXT, &e.id, "the list's recommendation_id"},
        {"user", 0, "USER", FR_OPTION_TEXT, &e.user, "its user: the latest list, and faster to find"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1 || (!e.id && !e.user))
        return fr_usage("explain", "say which list: --recommendation ID or --user USER");
    code = fr_app_configure(app);
    if (code) return code;
    fr_wiring_init(&e.wiring, &app->config, NULL);
    code = explain(&e);
    json_decref(e.list);
    fr_buf_fini(&e.value);
    fr_buf_fini(&e.again);
    fr_rules_fini(&e.rules);
    fr_wiring_fini(&e.wiring);
    return code;
}
