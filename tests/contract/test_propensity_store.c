/* Propensities in the store and the thread that follows them: what is in force, what was before, what cannot be had. */
#include "freshet/adapt/store_memory.h"
#include "freshet/base/clock.h"
#include "freshet/base/log.h"
#include "freshet/run/propensity_follow.h"
#include "propensity_log.h"

static struct fr_store_memory *server;

static enum fr_err open_store(void *context, struct fr_store **store, struct fr_errmsg *msg) {
    (void)context;
    (void)msg;
    *store = fr_store_memory_open(server);
    return FR_OK;
}

static void put_model(struct fr_store *s, const char *task, const char *version) {
    struct fr_propensity *model = log_model(task, version);
    struct fr_buf bytes = {0};
    CHECK_INT(fr_propensity_save(model, &bytes, NULL), FR_OK);
    CHECK_INT(fr_propensity_put(s, "t", task, version, fr_buf_slice(&bytes), NULL), FR_OK);
    fr_buf_fini(&bytes);
    fr_propensity_free(model);
}

static void put_raw(struct fr_store *s, const char *key, const char *value) {
    struct fr_pair pair = {fr_str_of(key), fr_str_of(value)};
    enum fr_err err = s->ops->put_start(s, &pair, 1, 0, NULL);
    while (err == FR_OK && (err = s->ops->put_poll(s, NULL)) == FR_PENDING) err = FR_OK;
    CHECK_INT(err, FR_OK);
}

static void check_entry(struct fr_store *s, const char *task, const char *version, const char *before) {
    struct fr_propensity_list list;
    CHECK_INT(fr_propensity_list_get(s, "t", &list, NULL), FR_OK);
    const struct fr_propensity_entry *e = fr_propensity_list_find(&list, task);
    CHECK(e && strcmp(e->version, version) == 0 && strcmp(e->before, before) == 0);
}

static bool can_be_had(struct fr_store *s, const char *task, const char *version) {
    struct fr_propensity *p;
    enum fr_err err = fr_propensity_get(s, "t", task, version, &p, NULL);
    fr_propensity_free(p);
    return err == FR_OK;
}

static void test_one_in_force_and_one_before(void) {
    server = fr_store_memory_new();
    struct fr_store *s = fr_store_memory_open(server);
    struct fr_propensity_list list;
    CHECK_INT(fr_propensity_list_get(s, "t", &list, NULL), FR_OK);
    CHECK_INT(list.n, 0);
    CHECK_INT(fr_propensity_roll_back(s, "t", "purchase", NULL), FR_LIMIT);
    put_model(s, "purchase", "v1");
    check_entry(s, "purchase", "v1", "");
    CHECK_INT(fr_propensity_roll_back(s, "t", "purchase", NULL), FR_LIMIT);
    put_model(s, "purchase", "v2");
    put_model(s, "active", "w1");
    put_model(s, "purchase", "v3");
    check_entry(s, "purchase", "v3", "v2");
    check_entry(s, "active", "w1", "");
    CHECK(!can_be_had(s, "purchase", "v1") && can_be_had(s, "purchase", "v2") &&
          can_be_had(s, "active", "w1"));
    CHECK_INT(fr_propensity_roll_back(s, "t", "purchase", NULL), FR_OK);
    check_entry(s, "purchase", "v2", "v3");
    CHECK_INT(fr_propensity_list_get(s, "t", &list, NULL), FR_OK);
    CHECK_STR(list.at[0].task, "active"); /* by task */
    put_raw(s, "t:models:propensities", "\x91\x01");
    CHECK_INT(fr_propensity_list_get(s, "t", &list, NULL), FR_STATE_CORRUPT);
    s->ops->close(s);
    fr_store_memory_free(&server);
}

/* Waits for a version with so many tasks whose first is of this version. */
static bool await(struct fr_propensity_follow *f, uint32_t tasks, const char *version) {
    struct fr_slot *slot = fr_propensity_follow_slot(f);
    for (int i = 0; i < 2000; i++) {
        struct fr_slot_hold hold = fr_slot_take(slot);
        const struct fr_live_propensities *p = hold.thing;
        bool there = p && p->n == tasks && (tasks == 0 || strcmp(p->at[0].entry.version, version) == 0);
        fr_slot_release(slot, &hold);
        if (there) return true;
        fr_clock_sleep_ms(5);
    }
    return false;
}

static void test_following(void) {
    server = fr_store_memory_new();
    struct fr_store *s = fr_store_memory_open(server);
    struct fr_propensity_follow_config config = {NULL, open_store, "t", 20};
    struct fr_propensity_follow *f = fr_propensity_follow_start(&config);
    put_model(s, "purchase", "v1");
    CHECK(await(f, 1, "v1"));
    CHECK(fr_propensity_follow_is_ready(f));
    put_model(s, "purchase", "v2");
    CHECK(await(f, 1, "v2"));
    CHECK_INT(fr_propensity_roll_back(s, "t", "purchase", NULL), FR_OK);
    CHECK(await(f, 1, "v1"));
    put_raw(s, "t:models:propensity:purchase:v2", "rubbish");
    CHECK_INT(fr_propensity_roll_back(s, "t", "purchase", NULL), FR_OK);
    CHECK(await(f, 0, "")); /* it is said, and left out */
    fr_propensity_follow_stop(&f);
    s->ops->close(s);
    fr_store_memory_free(&server);
}

/* A model of other columns could be asked, and would answer nonsense. */
static void test_other_columns_are_left_out(void) {
    struct fr_propensity *model = log_model("purchase", "v1");
    struct fr_propensity_features features;
    struct fr_arena names = {0};
    fr_propensity_features_init(&features, NULL, FR_STR(""), &names);
    CHECK(fr_live_propensity_fits(model, &features));
    features.names[3] = FR_STR("another");
    CHECK(!fr_live_propensity_fits(model, &features));
    features.column_n--;
    CHECK(!fr_live_propensity_fits(model, &features));
    fr_arena_fini(&names);
    fr_propensity_free(model);
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_one_in_force_and_one_before);
    RUN(test_following);
    RUN(test_other_columns_are_left_out);
    return check_done();
}
