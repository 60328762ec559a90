/* The thread that follows the ad models' snapshots: it takes each whole, keeps what it has when one cannot be read, and stops. */
#include "check.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
#include "freshet/run/ads_follow.h"

enum { PARTITIONS = 3 };

static const struct fr_live_ads_params small = {.model_bits = 10, .waiting_most = 16};

static enum fr_err open_store(void *context, struct fr_store **store, struct fr_errmsg *msg) {
    (void)msg;
    *store = fr_store_memory_open(context);
    return FR_OK;
}

/* A snapshot with its version beside it, as the learner stage writes them. */
static void put(struct fr_store_memory *server, const char *version, struct fr_str bytes) {
    struct fr_store *s = fr_store_memory_open(server);
    struct fr_keys keys;
    struct fr_arena arena = {0};
    fr_keys_init(&keys, "t", "learner", PARTITIONS, 1);
    int32_t partition = (int32_t)(fr_murmur2(FR_MODEL_ADS) % PARTITIONS);
    struct fr_pair pairs[2] = {
        {fr_live_key(&keys, partition, FR_MODEL_ADS, &arena), bytes},
        {fr_live_version_key(&keys, partition, FR_MODEL_ADS, &arena), fr_str_of(version)}};
    CHECK_INT(s->ops->put_start(s, pairs, 2, 0, NULL), FR_OK);
    enum fr_err err = FR_PENDING;
    while (err == FR_PENDING) err = s->ops->put_poll(s, NULL);
    CHECK_INT(err, FR_OK);
    s->ops->close(s);
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
}

static void put_models(struct fr_store_memory *server, const char *version) {
    struct fr_live_ads ads;
    struct fr_buf bytes = {0};
    fr_live_ads_init(&ads, &small, FR_LIVE_ADS_ASKED);
    fr_live_ads_save(&ads, version, FR_LIVE_ADS_ASKED, &bytes);
    put(server, version, fr_buf_slice(&bytes));
    fr_buf_fini(&bytes);
    fr_live_ads_fini(&ads);
}

static bool holds(struct fr_ads_follow *f, const char *version) {
    struct fr_slot_hold hold = fr_slot_take(fr_ads_follow_slot(f));
    const struct fr_live_ads *ads = hold.thing;
    bool same = ads && strcmp(ads->version, version) == 0;
    fr_slot_release(fr_ads_follow_slot(f), &hold);
    return same;
}

/* Looks until it holds the version; false after ten seconds. */
static bool comes_to(struct fr_ads_follow *f, const char *version) {
    for (int i = 0; i < 1000; i++) {
        if (holds(f, version)) return true;
        fr_clock_sleep_ms(10);
    }
    return false;
}

static bool gets_ready(struct fr_ads_follow *f) {
    for (int i = 0; i < 1000 && !fr_ads_follow_is_ready(f); i++) fr_clock_sleep_ms(10);
    return fr_ads_follow_is_ready(f);
}

static struct fr_ads_follow *start(struct fr_store_memory *server) {
    struct fr_snapshot_source source = {.context = server,
                                        .open_store = open_store,
                                        .prefix = "t",
                                        .example_partitions = PARTITIONS,
                                        .interval_ms = 20};
    return fr_ads_follow_start(&source, &small);
}

static void test_it_comes_to_each_snapshot(void) {
    struct fr_store_memory *server = fr_store_memory_new();
    struct fr_ads_follow *f = start(server);
    CHECK(gets_ready(f)); /* there is none yet */
    struct fr_slot_hold hold = fr_slot_take(fr_ads_follow_slot(f));
    CHECK(!hold.thing);
    fr_slot_release(fr_ads_follow_slot(f), &hold);
    put_models(server, "e7");
    CHECK(comes_to(f, "e7"));
    put_models(server, "e12");
    CHECK(comes_to(f, "e12"));
    fr_ads_follow_stop(&f);
    fr_store_memory_free(&server);
}

static void test_what_cannot_be_read_is_left_out(void) {
    struct fr_store_memory *server = fr_store_memory_new();
    put_models(server, "e7");
    struct fr_ads_follow *f = start(server);
    CHECK(gets_ready(f) && holds(f, "e7"));
    put(server, "e8", FR_STR("this is no file of arrays"));
    for (int i = 0; i < 10; i++) fr_clock_sleep_ms(20);
    CHECK(holds(f, "e7"));
    put_models(server, "e9");
    CHECK(comes_to(f, "e9"));
    fr_ads_follow_stop(&f);
    fr_store_memory_free(&server);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_it_comes_to_each_snapshot);
    RUN(test_what_cannot_be_read_is_left_out);
    return check_done();
}
