/* Making again what stood at an offset.
 *
 * Problem   a user's state depends on the whole of its partition: lateness is judged by the partition's watermark, which
 *           every user moves.
 * Choice    the records go through the user stage itself, on the twins of log and store, silently: the group's offset is set
 *           behind them, so nothing is published and nothing but the state comes out.
 * Rejected  a fold of its own over the records (a second pipeline that could differ from the first).
 * Invariant memory holds one chunk of the log and the partition's states. */
#include "freshet/app/rebuild.h"
#include "freshet/adapt/kafka_admin.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/base/hash.h"
#include "freshet/profile/codec.h"
#include "freshet/run/bundle_store.h"
#include "freshet/base/pack.h"
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_RECORDS = 20000, PROGRESS_EVERY = 20000, REST_STEPS = 50, STEP_MS = 10, LONG_MS = 1 << 30 };
#define GROUP "rebuild"
#define PREFIX "rebuild"

void fr_rebuild_init(struct fr_rebuild *r, const struct fr_kafka_cluster *cluster,
                     const struct fr_rules *rules, struct fr_store *store) {
    *r = (struct fr_rebuild){.cluster = cluster, .rules = rules, .store = store};
    fr_dict_init(&r->ids);
    fr_user_init(&r->user);
}

void fr_rebuild_fini(struct fr_rebuild *r) {
    fr_user_fini(&r->user);
    fr_dict_fini(&r->ids);
    if (r->model.learner.recommender) fr_live_learner_fini(&r->model.learner);
    fr_live_catalog_fini(&r->model.catalog);
    for (uint32_t i = 0; i < r->bundle_n; i++) fr_bundle_free(r->bundles[i]);
    free(r->bundles);
}

static void tell(const struct fr_rebuild *r, const char *what, int64_t done, int64_t all) {
    if (r->progress) r->progress(r->context, what, done, all);
}

static enum fr_err whole_log(const struct fr_rebuild *r, enum fr_topic topic, int32_t partition, int64_t end,
                             struct fr_errmsg *msg) {
    int64_t first, stable, last;
    enum fr_err err = fr_kafka_ends(r->cluster, topic, partition, &first, &stable, &last, msg);
    if (err != FR_OK) return err;
    if (first > 0)
        return fr_err_set(msg, FR_LOG_GAP, "%s.%s/%d begins at offset %lld now; what came before is needed",
                          r->cluster->topic_prefix, fr_topic_info(topic)->suffix, partition,
                          (long long)first);
    if (last < end)
        return fr_err_set(msg, FR_LOG_GAP, "%s.%s/%d ends at offset %lld, before %lld",
                          r->cluster->topic_prefix, fr_topic_info(topic)->suffix, partition, (long long)last,
                          (long long)end);
    return FR_OK;
}

/* ---- a user ---- */

struct replay {
    struct fr_rebuild *rebuild;
    struct fr_bus_memory *bus;
    struct fr_store_memory *store;
    struct fr_worker *worker;
    int32_t partition;
    int64_t offset, through, produced;
    fr_time_ms now_ms;
    enum fr_err err;
    struct fr_errmsg *msg;
};

static void open_replay(struct replay *p) {
    const struct fr_rebuild *r = p->rebuild;
    struct fr_bus_memory_config bus = {
        .session_timeout_ms = LONG_MS, .txn_timeout_ms = LONG_MS, .virtual_time = true};
    for (unsigned t = 0; t < FR_TOPIC_N; t++) bus.partitions[t] = r->event_partitions;
    p->bus = fr_bus_memory_new(&bus);
    p->store = fr_store_memory_new();
    fr_bus_memory_set_group_offset(p->bus, GROUP, p->partition, INT64_MAX / 2);
    struct fr_bus_memory_endpoint_config end = {
        .input = FR_TOPIC_EVENTS, .group = GROUP, .instance = "a", .transactional_id = "a"};
    struct fr_worker_config c = {.bus = fr_bus_memory_open(p->bus, &end),
                                 .store = fr_store_memory_open(p->store),
                                 .stage = fr_stage_user_new(r->rules, r->event_partitions, NULL),
                                 .prefix = PREFIX,
                                 .input_partitions = r->event_partitions,
                                 .topic_hash = 1,
                                 .batch_records = CHUNK_RECORDS,
                                 .commit_interval_ms = LONG_MS,
                                 .cache_bytes = UINT64_MAX / 2,
                                 .conditions = FR_CONDITIONS_ALL};
    p->worker = fr_worker_new(&c);
}

static void close_replay(struct replay *p) {
    fr_worker_free(&p->worker);
    fr_bus_memory_free(&p->bus);
    fr_store_memory_free(&p->store);
}

static void step(struct replay *p) {
    p->now_ms += STEP_MS;
    fr_bus_memory_set_time(p->bus, p->now_ms);
    enum fr_err err = fr_worker_step(p->worker, p->now_ms, 0, p->msg);
    if (p->err == FR_OK && fr_err_fate(err) == FR_FATE_FATAL) p->err = err;
}

/* Until everything produced so far has been applied; then it can go. */
static void catch_up(struct replay *p) {
    struct fr_worker_status s;
    do {
        step(p);
        fr_worker_status(p->worker, &s);
    } while (p->err == FR_OK && (int64_t)s.records < p->produced);
    fr_bus_memory_truncate_front(p->bus, FR_TOPIC_EVENTS, p->partition, p->produced);
}

static bool feed(void *context, const struct fr_record *record) {
    struct replay *p = context;
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = p->partition,
                         .timestamp_ms = record->timestamp_ms,
                         .key = record->key,
                         .value = record->value,
                         .headers = record->headers,
                         .header_n = record->header_n};
    fr_bus_memory_produce(p->bus, &out);
    if (record->offset == p->offset) p->rebuild->cause_ms = record->timestamp_ms;
    if (++p->produced % CHUNK_RECORDS == 0) catch_up(p);
    if (p->produced % PROGRESS_EVERY == 0) tell(p->rebuild, "events", record->offset, p->through);
    return p->err == FR_OK;
}

/* Stores everything, and reads the one state. */
static enum fr_err take_user(struct replay *p, struct fr_str user_id) {
    struct fr_rebuild *r = p->rebuild;
    struct fr_arena arena = {0};
    struct fr_keys keys;
    fr_worker_drain(p->worker);
    for (int i = 0; i < REST_STEPS * 100 && !fr_worker_drained(p->worker) && p->err == FR_OK; i++) step(p);
    fr_keys_init(&keys, PREFIX, "user", r->event_partitions, 1);
    struct fr_str key = fr_keys_thing(FR_KEY_USER, user_id, &arena);
    struct fr_str full = fr_keys_state(&keys, p->partition, key, &arena);
    struct fr_reader value = fr_reader_of(fr_store_memory_get(p->store, full));
    enum fr_err err = p->err;
    if (err == FR_OK && value.at < value.end) {
        fr_pack_read_array(&value);
        fr_pack_read_int(&value);
        struct fr_str state = {(const char *)value.at, (uint32_t)(value.end - value.at)};
        err = fr_user_decode(&r->user, state, &r->rules->profile, &r->ids, p->msg);
    }
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
    return err;
}

enum fr_err fr_rebuild_user(struct fr_rebuild *r, struct fr_str user_id, int32_t partition, int64_t offset,
                            int64_t through, struct fr_errmsg *msg) {
    enum fr_err err = whole_log(r, FR_TOPIC_EVENTS, partition, through + 1, msg);
    if (err != FR_OK) return err;
    struct replay p = {
        .rebuild = r, .partition = partition, .offset = offset, .through = through, .now_ms = 1, .msg = msg};
    open_replay(&p);
    struct fr_kafka_range range = {partition, 0, through + 1};
    err = fr_kafka_read(r->cluster, FR_TOPIC_EVENTS, range, true, feed, &p, msg);
    if (err == FR_OK) {
        catch_up(&p);
        err = take_user(&p, user_id);
    }
    close_replay(&p);
    return err;
}

/* ---- a catalogue ---- */

struct gathering {
    struct fr_dict ids;
    struct fr_catalog catalog;
    struct fr_arena arena;
    uint64_t wanted, read;
};

static void gather(struct gathering *g, const struct fr_record *record) {
    struct fr_item_record item;
    struct fr_item_faults faults;
    if (g->read == g->wanted) return;
    g->read++;
    fr_arena_clear(&g->arena);
    if (!record->value.ptr)
        fr_catalog_remove(&g->catalog, fr_dict_find(&g->ids, record->key));
    else if (fr_item_record_read(record->value, record->key, &g->arena, &item, &faults))
        fr_catalog_put(&g->catalog, &item);
}

static enum fr_err gather_all(struct gathering *g, struct fr_tail *tail, struct fr_errmsg *msg) {
    enum { WAIT_MS = 500 };
    for (;;) {
        struct fr_tail_poll got;
        enum fr_err err = tail->ops->poll(tail, WAIT_MS, &got, msg);
        if (err != FR_OK) return err;
        for (uint32_t i = 0; i < got.record_n; i++) gather(g, &got.records[i]);
        if (g->read == g->wanted) return FR_OK;
        if (got.is_caught_up)
            return fr_err_set(msg, FR_LOG_GAP,
                              "the catalogue has %llu records now, the list was made with %llu",
                              (unsigned long long)g->read, (unsigned long long)g->wanted);
    }
}

enum fr_err fr_rebuild_catalog(struct fr_rebuild *r, const struct fr_wiring *wiring, uint64_t records,
                               struct fr_errmsg *msg) {
    struct gathering g = {.wanted = records};
    struct fr_tail *tail;
    enum fr_err err = fr_wire_tail(wiring, FR_TOPIC_ITEMS, &tail, msg);
    if (err != FR_OK) return err;
    fr_dict_init(&g.ids);
    fr_catalog_init(&g.catalog, &g.ids);
    err = gather_all(&g, tail, msg);
    tail->ops->close(tail);
    if (err == FR_OK) {
        struct fr_features *features = fr_features_new(&g.catalog, &FR_FEATURES_DEFAULTS);
        fr_live_catalog_init(&r->model.catalog, &g.catalog, features, records, r->model.learner.recommender);
        fr_features_free(features);
    }
    fr_catalog_fini(&g.catalog);
    fr_dict_fini(&g.ids);
    fr_arena_fini(&g.arena);
    return err;
}

/* ---- a model ---- */

struct relearning {
    struct fr_rebuild *rebuild;
    struct fr_recommender_use *use;
    struct fr_arena arena;
    int64_t end;
    uint64_t records;
    enum fr_err err;
    struct fr_errmsg *msg;
};

/* The bundle that a record puts in force, kept until the model is freed. */
static enum fr_err bundle_of(struct fr_rebuild *r, struct fr_str version, const struct fr_bundle **out,
                             struct fr_errmsg *msg) {
    struct fr_bundle_store store = {r->store, r->rules->topic_prefix};
    char text[FR_BUNDLE_VERSION_BYTES];
    *out = NULL;
    if (!version.len) return FR_OK;
    snprintf(text, sizeof text, "%.*s", FR_STR_ARG(version));
    struct fr_bundle *bundle;
    enum fr_err err = fr_bundle_get(&store, text, &bundle, msg);
    if (err != FR_OK) return err;
    r->bundles = fr_realloc(r->bundles, (r->bundle_n + 1) * sizeof(struct fr_bundle *));
    r->bundles[r->bundle_n++] = bundle;
    *out = bundle;
    return FR_OK;
}

static bool learn(void *context, const struct fr_record *record) {
    struct relearning *l = context;
    struct fr_rebuild *r = l->rebuild;
    const struct fr_bundle *bundle;
    if (++l->records % PROGRESS_EVERY == 0) tell(r, "examples", record->offset, l->end);
    if (!fr_str_eq(record->key, FR_MODEL_FEED)) return true;
    l->err = bundle_of(r, fr_live_control_version(record->value), &bundle, l->msg);
    if (l->err != FR_OK) return false;
    fr_live_learner_teach(&r->model.learner, record->value, bundle, &r->rules->monitor, l->use, &l->arena);
    return true;
}

enum fr_err fr_rebuild_model(struct fr_rebuild *r, struct fr_str version, struct fr_errmsg *msg) {
    int64_t end = fr_live_version_offset(version);
    if (end < 0)
        return fr_err_set(msg, FR_CONFIG, "\"%.*s\" is not a version of the live model", FR_STR_ARG(version));
    int32_t partition = (int32_t)(fr_murmur2(FR_MODEL_FEED) % r->example_partitions);
    enum fr_err err = whole_log(r, FR_TOPIC_EXAMPLES, partition, end, msg);
    if (err != FR_OK) return err;
    fr_live_learner_init(&r->model.learner, &r->rules->recommender);
    fr_live_version(end, r->model.version);
    struct relearning l = {.rebuild = r, .use = fr_recommender_use_new(), .end = end, .msg = msg};
    struct fr_kafka_range range = {partition, 0, end};
    err = fr_kafka_read(r->cluster, FR_TOPIC_EXAMPLES, range, true, learn, &l, msg);
    fr_recommender_use_free(l.use);
    fr_arena_fini(&l.arena);
    return err == FR_OK ? l.err : err;
}
