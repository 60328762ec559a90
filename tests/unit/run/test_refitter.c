/* The thread of refits over the twin of the store. */
#include "check.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/learn/popular.h"
#include "freshet/run/refitter.h"
#include "synthetic_store.h"
#include <stdatomic.h>

static struct fr_store_memory *server;
static struct fr_rules rules;
static struct fr_refit_params params;
static atomic_uint events[FR_MODEL_EVENT_N];
static atomic_bool store_is_away;

static enum fr_err open_store(void *context, struct fr_store **store, struct fr_errmsg *msg) {
    (void)context;
    if (store_is_away) return fr_err_set(msg, FR_STORE_DOWN, "away");
    *store = fr_store_memory_open(server);
    return FR_OK;
}

static enum fr_err announce(void *context, const struct fr_model_event *event,
                            const struct fr_control *control, struct fr_errmsg *msg) {
    (void)context, (void)control, (void)msg;
    events[event->kind]++;
    return FR_OK;
}

static void setup(void) {
    static const struct synthetic synthetic = {.users = 500,
                                               .items = 200,
                                               .partitions = 2,
                                               .touches_least = 5,
                                               .touches_most = 10,
                                               .first_ms = 1790000000000,
                                               .seed = 3};
    server = fr_store_memory_new();
    fr_rules_default(&rules);
    for (int i = 0; i < FR_MODEL_EVENT_N; i++) events[i] = 0;
    params = FR_REFIT_DEFAULTS;
    params.niceness = 0;
    params.families[0] = (struct fr_refit_family){.ops = &fr_popular_ops};
    params.family_n = 1;
    struct fr_store *store = fr_store_memory_open(server);
    CHECK_INT(synthetic_fill(store, "t", &rules, &synthetic), FR_OK);
    store->ops->close(store);
}

static void teardown(struct fr_refitter **r) {
    fr_refitter_stop(r);
    CHECK(*r == NULL);
    fr_store_memory_free(&server);
    fr_rules_fini(&rules);
}

static struct fr_refitter *start(uint64_t interval_ms) {
    const struct fr_refitter_config config = {.params = &params,
                                              .rules = &rules,
                                              .prefix = "t",
                                              .interval_ms = interval_ms,
                                              .open_store = open_store,
                                              .announce = announce};
    return fr_refitter_start(&config);
}

/* Waits for so many fits and failures; false after a minute. */
static bool await(struct fr_refitter *r, uint32_t fits, uint32_t failures, struct fr_refitter_status *s) {
    for (int i = 0; i < 6000; i++) {
        fr_refitter_status(r, s);
        if (s->fits >= fits && s->failures >= failures && !s->fitting) return true;
        fr_clock_sleep_ms(10);
    }
    return false;
}

static void test_when_asked(void) {
    struct fr_refitter_status s;
    setup();
    struct fr_refitter *r = start(0);
    fr_refitter_ask(r, "command");
    CHECK(await(r, 1, 0, &s));
    CHECK(s.last.promoted && s.last.version[0] && s.failures == 0);
    CHECK(events[FR_MODEL_EVENT_FITTED] == 1 && events[FR_MODEL_EVENT_PROMOTED] == 1);
    fr_refitter_ask(r, "drift");
    CHECK(await(r, 2, 0, &s));
    teardown(&r);
}

static void test_overdue(void) {
    struct fr_refitter_status s;
    setup();
    struct fr_refitter *r = start(0);
    fr_refitter_ask(r, "command");
    CHECK(await(r, 1, 0, &s));
    fr_refitter_stop(&r);
    r = start(3600000); /* the bundle is young: nothing happens until it is asked for */
    fr_clock_sleep_ms(300);
    fr_refitter_status(r, &s);
    CHECK(s.fits == 0 && !s.fitting);
    fr_refitter_stop(&r);
    r = start(1); /* it is old */
    CHECK(await(r, 1, 0, &s));
    teardown(&r);
}

static void test_failures(void) {
    struct fr_refitter_status s;
    setup();
    store_is_away = true;
    struct fr_refitter *r = start(0);
    fr_refitter_ask(r, "command");
    fr_clock_sleep_ms(200);
    store_is_away = false; /* what was asked for is not forgotten */
    CHECK(await(r, 1, 0, &s));
    fr_store_memory_flush(server); /* nothing to fit */
    fr_refitter_ask(r, "command");
    CHECK(await(r, 1, 1, &s));
    CHECK_INT(s.fits, 1);
    teardown(&r);
}

int main(void) {
    RUN(test_when_asked);
    RUN(test_overdue);
    RUN(test_failures);
    return check_done();
}
