/* A catalogue that follows its topic: versions that do not change, tombstones, faults, trouble with the tail. */
#include "check.h"
#include "freshet/adapt/tail_memory.h"
#include "freshet/base/clock.h"
#include "freshet/base/log.h"
#include "freshet/run/catalog_follow.h"
#include <stdatomic.h>
#include <stdlib.h>

enum { WAIT_MS = 20000 };

static struct fr_bus_memory *cluster;
static _Atomic int refusals, opened;

static enum fr_err open_tail(void *context, enum fr_topic topic, struct fr_tail **out,
                             struct fr_errmsg *msg) {
    (void)context;
    if (atomic_load(&refusals) > 0) {
        atomic_fetch_sub(&refusals, 1);
        return fr_err_set(msg, FR_BUS_DOWN, "not yet");
    }
    atomic_fetch_add(&opened, 1);
    *out = fr_tail_memory_open(cluster, topic, 2);
    return FR_OK;
}

static void put(const char *key, const char *value) {
    struct fr_out out = {
        .topic = FR_TOPIC_ITEMS, .partition = -1, .key = fr_str_of(key), .value = fr_str_of(value)};
    fr_bus_memory_produce(cluster, &out);
}

static struct fr_catalog_follow *start(void) {
    struct fr_catalog_follow_config config = {
        .open_tail = open_tail, .features = FR_FEATURES_DEFAULTS, .interval_ms = 1};
    return fr_catalog_follow_start(&config);
}

static void open_cluster(void) {
    struct fr_bus_memory_config config = {.session_timeout_ms = 10000, .txn_timeout_ms = 10000};
    for (unsigned t = 0; t < FR_TOPIC_N; t++) config.partitions[t] = 2;
    cluster = fr_bus_memory_new(&config);
}

/* Waits for a version made of so many records at least. */
static struct fr_slot_hold await(struct fr_catalog_follow *f, uint64_t records) {
    struct fr_slot_hold hold = {0};
    for (int waited = 0; waited < WAIT_MS; waited += 5) {
        hold = fr_slot_take(fr_catalog_follow_slot(f));
        const struct fr_catalog_version *v = hold.thing;
        if (v && v->records >= records) return hold;
        fr_slot_release(fr_catalog_follow_slot(f), &hold);
        fr_clock_sleep_ms(5);
    }
    check_report(false, __FILE__, __LINE__, "no version in time");
    return hold;
}

static const char *title(const struct fr_catalog_version *v, const char *id) {
    static char text[64];
    const struct fr_item_record *r = fr_catalog_get(&v->catalog, fr_dict_find(&v->ids, fr_str_of(id)));
    snprintf(text, sizeof text, "%.*s", r ? (int)r->title.len : 4, r ? r->title.ptr : "none");
    return text;
}

static void test_versions(void) {
    open_cluster();
    put("a", "{\"id\":\"a\",\"title\":\"red shoes\"}");
    put("b", "{\"id\":\"b\",\"title\":\"red boots\"}");
    put("a", "{\"id\":\"a\",\"title\":\"blue shoes\"}");
    atomic_store(&refusals, 2);
    struct fr_catalog_follow *f = start();
    struct fr_slot_hold first = await(f, 3);
    const struct fr_catalog_version *v = first.thing;
    CHECK_INT(v->number, 1);
    CHECK_INT(v->catalog.n, 2);
    CHECK_STR(title(v, "a"), "blue shoes");
    CHECK_INT(v->features->item_n, 2);
    put("a", NULL);
    put("c", "{\"id\":\"c\",\"title\":\"green\"}");
    struct fr_slot_hold second = await(f, 5);
    const struct fr_catalog_version *later = second.thing;
    CHECK_STR(title(later, "a"), "none");
    CHECK_STR(title(later, "c"), "green");
    CHECK_STR(title(v, "a"), "blue shoes"); /* the first one is as it was */
    CHECK_STR(title(v, "c"), "none");
    fr_slot_release(fr_catalog_follow_slot(f), &first);
    fr_slot_release(fr_catalog_follow_slot(f), &second);
    fr_catalog_follow_stop(&f);
    fr_bus_memory_free(&cluster);
}

static void test_faults_change_nothing(void) {
    open_cluster();
    put("a", "{\"id\":\"a\",\"title\":\"good\"}");
    put("a", "{\"id\":\"a\",\"title\":7}");
    put("b", "nonsense");
    put("c", "{\"id\":\"d\"}"); /* the key is another item's */
    put("z", NULL);             /* was never there */
    struct fr_catalog_follow *f = start();
    struct fr_slot_hold hold = await(f, 5);
    const struct fr_catalog_version *v = hold.thing;
    struct fr_catalog_follow_status status;
    CHECK_INT(v->catalog.n, 1);
    CHECK_STR(title(v, "a"), "good");
    fr_slot_release(fr_catalog_follow_slot(f), &hold);
    fr_catalog_follow_status(f, &status);
    CHECK_INT(status.bad_records, 3);
    CHECK_INT(status.items, 1);
    CHECK_INT(status.records, 5);
    CHECK_INT(status.version, 1);
    fr_catalog_follow_stop(&f);
    CHECK(!f);
    fr_catalog_follow_stop(&f);
    fr_bus_memory_free(&cluster);
}

/* More than one poll gives: the first version is the whole topic; and there is no second one without a change. */
static void test_the_first_version_is_whole(void) {
    enum { MANY = 5000, QUIET_MS = 400 };
    open_cluster();
    for (int i = 0; i < MANY; i++) {
        char key[16], json[64];
        snprintf(key, sizeof key, "%d", i);
        snprintf(json, sizeof json, "{\"id\":\"%d\"}", i);
        put(key, json);
    }
    struct fr_catalog_follow *f = start();
    struct fr_slot_hold hold = await(f, 0);
    const struct fr_catalog_version *v = hold.thing;
    CHECK_INT(v->number, 1);
    CHECK_INT(v->catalog.n, MANY);
    fr_slot_release(fr_catalog_follow_slot(f), &hold);
    fr_clock_sleep_ms(QUIET_MS);
    struct fr_catalog_follow_status status;
    fr_catalog_follow_status(f, &status);
    CHECK_INT(status.version, 1);
    fr_catalog_follow_stop(&f);
    fr_bus_memory_free(&cluster);
}

static void test_an_empty_topic_is_an_empty_catalogue(void) {
    open_cluster();
    struct fr_catalog_follow *f = start();
    struct fr_slot_hold hold = await(f, 0);
    CHECK_INT(((const struct fr_catalog_version *)hold.thing)->catalog.n, 0);
    fr_slot_release(fr_catalog_follow_slot(f), &hold);
    fr_catalog_follow_stop(&f);
    fr_bus_memory_free(&cluster);
}

/* Readers take and let go while versions come and go: for the thread sanitizer. */
static void test_many_versions(void) {
    open_cluster();
    struct fr_catalog_follow *f = start();
    for (uint64_t i = 1; i <= 50; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"id\":\"x\",\"title\":\"t%llu\"}", (unsigned long long)i);
        put("x", json);
        struct fr_slot_hold hold = await(f, i);
        const struct fr_catalog_version *v = hold.thing;
        char want[16];
        snprintf(want, sizeof want, "t%llu", (unsigned long long)v->records);
        CHECK_STR(title(v, "x"), want);
        fr_slot_release(fr_catalog_follow_slot(f), &hold);
    }
    fr_catalog_follow_stop(&f);
    fr_bus_memory_free(&cluster);
}

int main(void) {
    RUN(test_versions);
    RUN(test_faults_change_nothing);
    RUN(test_the_first_version_is_whole);
    RUN(test_an_empty_topic_is_an_empty_catalogue);
    RUN(test_many_versions);
    return check_done();
}
