/* stage_pipeline.h - the real stages on the twins, driven by a virtual clock: a log in, workers that die and a store that
 * loses its last writes, and rest in the end. For one test program each. */
#ifndef FR_TESTS_STAGE_PIPELINE_H
#define FR_TESTS_STAGE_PIPELINE_H

#include "check.h"
#include "freshet/adapt/bus_memory.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/base/pack.h"
#include "freshet/base/rng.h"
#include "freshet/run/live_model.h"
#include "freshet/run/runner.h"

enum { PARTITIONS = 2, EVENTS = 1500 };

/* The n-th event of a log as JSON. Returns its length. */
typedef int event_maker(struct fr_rng *rng, uint32_t n, char text[256]);

struct pipeline {
    struct fr_rng rng;
    struct fr_rules rules;
    struct fr_stage_feeds feeds; /* nothing unless a test opens the workers again with some */
    struct fr_bus_memory *bus;
    struct fr_store_memory *store;
    struct fr_worker *workers[FR_STAGE_N];
    uint32_t batch;
    fr_time_ms now;
    struct fr_stat_block *stat; /* of all workers opened from then on; NULL: nothing is counted */
};

static uint32_t partitions_of(enum fr_stage_kind kind) {
    return fr_topic_info(fr_stage_input(kind))->many ? PARTITIONS : 1;
}

static struct fr_stage *stage_new(const struct pipeline *p, enum fr_stage_kind kind) {
    if (kind == FR_STAGE_USER) return fr_stage_user_new(&p->rules, PARTITIONS, &p->feeds);
    if (kind == FR_STAGE_AGGREGATE) return fr_stage_aggregate_new(&p->rules, PARTITIONS, &p->feeds);
    if (kind == FR_STAGE_CAMPAIGNS) return fr_stage_campaigns_new(&p->rules);
    return fr_stage_learner_new(&p->rules, 1);
}

static void open_worker(struct pipeline *p, enum fr_stage_kind kind) {
    struct fr_bus_memory_endpoint_config e = {.input = fr_stage_input(kind),
                                              .group = fr_stage_name(kind),
                                              .instance = "a",
                                              .transactional_id = fr_stage_name(kind)};
    struct fr_worker_config c = {.bus = fr_bus_memory_open(p->bus, &e),
                                 .store = fr_store_memory_open(p->store),
                                 .stage = stage_new(p, kind),
                                 .stat = p->stat,
                                 .prefix = "t",
                                 .input_partitions = partitions_of(kind),
                                 .topic_hash = 3,
                                 .batch_records = p->batch,
                                 .commit_interval_ms = 40,
                                 .cache_bytes = 20000,
                                 .conditions = FR_CONDITIONS_ALL};
    p->workers[kind] = fr_worker_new(&c);
}

static void produce_log(struct pipeline *p, uint64_t seed, event_maker *event_text) {
    struct fr_rng rng = {seed};
    for (uint32_t n = 0; n < EVENTS; n++) {
        char text[256], key[24];
        int len = event_text(&rng, n, text);
        const char *at = strstr(text, "\"user_id\":\"");
        int kn = at ? snprintf(key, sizeof key, "%.*s", (int)strcspn(at + 11, "\""), at + 11) : 0;
        struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                             .partition = -1,
                             .timestamp_ms = 1700000000000 + (fr_time_ms)n * 40000 + 1000000,
                             .key = {key, (uint32_t)kn},
                             .value = {text, (uint32_t)len}};
        fr_bus_memory_produce(p->bus, &out);
    }
}

static void disturb(struct pipeline *p) {
    if (fr_rng_below(&p->rng, 60) == 0) {
        enum fr_stage_kind kind = (enum fr_stage_kind)fr_rng_below(&p->rng, FR_STAGE_N);
        fr_worker_crash(&p->workers[kind], fr_bus_memory_crash, fr_store_memory_crash);
        p->batch = 1 + fr_rng_below(&p->rng, 200);
        open_worker(p, kind);
    }
    if (fr_rng_below(&p->rng, 80) == 0) fr_store_memory_roll_back(p->store, 1 + fr_rng_below(&p->rng, 4));
}

static bool resting(const struct pipeline *p) {
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
        struct fr_worker_status s;
        fr_worker_status(p->workers[kind], &s);
        if (s.busy || s.behind_records || s.live != partitions_of((enum fr_stage_kind)kind)) return false;
    }
    return true;
}

static void drive(struct pipeline *p, bool faults) {
    int rest = 0;
    for (int i = 0; i < 200000 && rest < 300; i++) {
        p->now += 5;
        fr_bus_memory_set_time(p->bus, p->now);
        if (faults && i < 1500) disturb(p);
        for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
            struct fr_errmsg msg = {0};
            if (fr_worker_step(p->workers[kind], p->now, 0, &msg) != FR_OK) fprintf(stderr, "%s\n", msg.text);
        }
        rest = resting(p) ? rest + 1 : 0;
    }
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) {
        struct fr_worker_status s;
        fr_worker_status(p->workers[kind], &s);
        if (!resting(p))
            fprintf(stderr, "%s busy %d behind %llu live %u records %llu\n", fr_stage_name(kind), s.busy,
                    (unsigned long long)s.behind_records, s.live, (unsigned long long)s.records);
    }
    CHECK(resting(p));
}

static void start(struct pipeline *p, uint64_t seed, uint32_t batch, event_maker *event_text) {
    *p = (struct pipeline){.rng = {seed}, .batch = batch, .now = 1000};
    fr_rules_default(&p->rules);
    p->rules.profile.history_items = 8;
    p->rules.profile.group_by[0] = FR_STR("country");
    p->rules.profile.group_by_n = 1;
    CHECK_INT(fr_rules_prepare(&p->rules, 14, 2, 60, NULL), FR_OK);
    p->bus = fr_bus_memory_new(
        &(struct fr_bus_memory_config){.partitions = {PARTITIONS, PARTITIONS, PARTITIONS, PARTITIONS, 1, 1, 1,
                                                      1, 1, PARTITIONS, PARTITIONS, PARTITIONS},
                                       .session_timeout_ms = 300,
                                       .txn_timeout_ms = 1000,
                                       .virtual_time = true});
    p->store = fr_store_memory_new();
    fr_store_memory_keep_undo(p->store, 8);
    fr_bus_memory_set_time(p->bus, p->now);
    produce_log(p, seed, event_text);
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) open_worker(p, (enum fr_stage_kind)kind);
}

static void stop(struct pipeline *p) {
    for (unsigned kind = 0; kind < FR_STAGE_N; kind++) fr_worker_free(&p->workers[kind]);
    fr_bus_memory_free(&p->bus);
    fr_store_memory_free(&p->store);
    fr_rules_fini(&p->rules);
}

/* The stored state of a model, "m:feed": [stamp, [next offset, model]]. */
static inline struct fr_str stored_model(struct pipeline *p, const char *key) {
    struct fr_keys keys;
    struct fr_arena arena = {0};
    fr_keys_init(&keys, "t", "learner", 1, 1);
    struct fr_reader r =
        fr_reader_of(fr_store_memory_get(p->store, fr_keys_state(&keys, 0, fr_str_of(key), &arena)));
    fr_pack_read_array(&r);
    fr_pack_read_int(&r);
    CHECK_INT(fr_pack_read_array(&r), 2);
    fr_pack_read_int(&r);
    struct fr_str model = fr_pack_read_str(&r);
    CHECK(r.ok);
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
    return model;
}

#endif
