/* The threads, on the twins: two workers a stage share the partitions, process a log, drain and end. Meant to be run under
 * the thread sanitizer too. */
#include "check.h"
#include "freshet/adapt/bus_memory.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/adapt/tail_memory.h"
#include "freshet/base/log.h"
#include "freshet/run/runner.h"
#include <stdatomic.h>

enum { PARTITIONS = 4, EVENTS = 3000 };

struct ends {
    struct fr_bus_memory *bus;
    struct fr_store_memory *store;
};

static enum fr_err open_ends(void *context, enum fr_stage_kind kind, unsigned index, struct fr_bus **bus,
                             struct fr_store **store, struct fr_errmsg *msg) {
    (void)msg;
    struct ends *e = context;
    char member[32];
    snprintf(member, sizeof member, "%s-%u", fr_stage_name(kind), index);
    struct fr_bus_memory_endpoint_config c = {.input = fr_stage_input(kind),
                                              .group = fr_stage_name(kind),
                                              .instance = member,
                                              .transactional_id = member};
    *bus = fr_bus_memory_open(e->bus, &c);
    *store = fr_store_memory_open(e->store);
    return FR_OK;
}

static enum fr_err open_store(void *context, struct fr_store **store, struct fr_errmsg *msg) {
    (void)msg;
    *store = fr_store_memory_open(((struct ends *)context)->store);
    return FR_OK;
}

static uint64_t counted(struct fr_runner *r, enum fr_stat_id id) {
    struct fr_stat_block *const *blocks;
    uint64_t sum = 0;
    uint32_t n = fr_runner_stats(r, &blocks);
    for (uint32_t i = 0; i < n; i++) sum += fr_stat_get(blocks[i], id, 0);
    return sum;
}

static void produce(struct ends *e, int first) {
    for (int i = first; i < first + EVENTS; i++) {
        char key[16], text[160];
        int kn = snprintf(key, sizeof key, "u%d", i % 50);
        int n = snprintf(text, sizeof text,
                         "{\"event_id\":\"e%d\",\"event_type\":\"click\",\"user_id\":\"u%d\",\"item_id\":\"i%"
                         "d\",\"timestamp\":%lld}",
                         i, i % 50, i * 7 % 90, 1700000000000ll + i);
        struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                             .partition = -1,
                             .timestamp_ms = 1700000000000 + i,
                             .key = {key, (uint32_t)kn},
                             .value = {text, (uint32_t)n}};
        fr_bus_memory_produce(e->bus, &out);
    }
}

/* Waits until all is processed; false after ten seconds. */
static bool settle(struct fr_runner *r, uint64_t events) {
    for (int i = 0; i < 1000; i++) {
        struct fr_runner_status s;
        fr_runner_status(r, &s);
        if (s.records[FR_STAGE_USER] >= events && s.caught_up == s.workers && s.behind_records == 0 &&
            s.records[FR_STAGE_AGGREGATE] && s.records[FR_STAGE_LEARNER])
            return true;
        fr_clock_sleep_ms(10);
    }
    return false;
}

static bool count_record(void *context, const struct fr_record *r) {
    (void)r;
    ++*(int *)context;
    return true;
}

static void test_threads_share_the_work_and_drain(void) {
    struct ends e = {.bus = fr_bus_memory_new(&(struct fr_bus_memory_config){
                         .partitions = {PARTITIONS, PARTITIONS, PARTITIONS, PARTITIONS, 1, 1, 1, 1}}),
                     .store = fr_store_memory_new()};
    struct fr_rules rules;
    fr_rules_default(&rules);
    rules.snapshot_ms = 200;
    produce(&e, 0);
    struct fr_runner_config c = {.rules = &rules,
                                 .ports = {.context = &e, .open = open_ends, .open_store = open_store},
                                 .stages = {true, true, true},
                                 .workers = 2,
                                 .partitions = {PARTITIONS, PARTITIONS, PARTITIONS, PARTITIONS, 1, 1, 1, 1},
                                 .prefix = "t",
                                 .batch_records = 200,
                                 .commit_interval_ms = {20, 20, 20},
                                 .cache_bytes = 1 << 24,
                                 .conditions = FR_CONDITIONS_ALL};
    struct fr_runner *r = fr_runner_start(&c);
    CHECK(settle(r, EVENTS));
    fr_clock_sleep_ms(2500); /* neighbours are published meanwhile; views are read again after two seconds,
                               and the model of what was learnt is taken */
    produce(&e, EVENTS);
    CHECK(settle(r, 2 * EVENTS));
    CHECK(counted(r, FR_STAT_EXAMPLES_LEARNT) >= 2 * EVENTS && counted(r, FR_STAT_MODELS_PUBLISHED) > 0);
    CHECK(counted(r, FR_STAT_LISTS_BLENDED) > 0);
    CHECK(fr_runner_stop(&r, 10000));
    int lists = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        fr_bus_memory_read(e.bus, FR_TOPIC_RECOMMENDATIONS, p, 0, count_record, &lists);
        int64_t stable, end;
        fr_bus_memory_ends(e.bus, FR_TOPIC_EVENTS, p, &stable, &end);
        CHECK_INT(fr_bus_memory_group_offset(e.bus, "user", p), end);
    }
    CHECK(lists > 0);
    fr_rules_fini(&rules);
    fr_bus_memory_free(&e.bus);
    fr_store_memory_free(&e.store);
}

/* ---- campaigns ---- */

static _Atomic bool campaigns_are_there;

static enum fr_err open_tail(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg) {
    struct ends *e = context;
    if (!atomic_load(&campaigns_are_there)) return fr_err_set(msg, FR_BUS_DOWN, "not yet");
    *tail = fr_tail_memory_open(e->bus, topic, 1);
    return FR_OK;
}

/* An ad event that is read before its campaign is known would never be billed. */
static void test_no_event_is_read_before_the_campaigns_are_known(void) {
    struct fr_bus_memory_config bus = {.session_timeout_ms = 10000, .txn_timeout_ms = 10000};
    for (unsigned t = 0; t < FR_TOPIC_N; t++) bus.partitions[t] = 1;
    struct ends e = {.bus = fr_bus_memory_new(&bus), .store = fr_store_memory_new()};
    struct fr_rules rules;
    fr_rules_default(&rules);
    rules.blend = false;
    produce(&e, 0);
    struct fr_runner_config c = {.rules = &rules,
                                 .ports = {.context = &e, .open = open_ends, .open_tail = open_tail},
                                 .stages = {true},
                                 .workers = 1,
                                 .prefix = "t",
                                 .batch_records = 200,
                                 .commit_interval_ms = {20},
                                 .cache_bytes = 1 << 24,
                                 .conditions = FR_CONDITIONS_ALL};
    memcpy(c.partitions, bus.partitions, sizeof c.partitions);
    struct fr_runner *r = fr_runner_start(&c);
    struct fr_runner_status s;
    fr_clock_sleep_ms(500);
    fr_runner_status(r, &s);
    CHECK_INT(s.records[FR_STAGE_USER], 0);
    atomic_store(&campaigns_are_there, true);
    for (int i = 0; i < 1000 && s.records[FR_STAGE_USER] < EVENTS; i++) {
        fr_clock_sleep_ms(10);
        fr_runner_status(r, &s);
    }
    CHECK_INT(s.records[FR_STAGE_USER], EVENTS);
    CHECK(fr_runner_stop(&r, 10000));
    fr_rules_fini(&rules);
    fr_bus_memory_free(&e.bus);
    fr_store_memory_free(&e.store);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_threads_share_the_work_and_drain);
    RUN(test_no_event_is_read_before_the_campaigns_are_known);
    return check_done();
}
