/* Refits over the twin of the store. */
#include "check.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/learn/content.h"
#include "freshet/learn/factor.h"
#include "freshet/learn/popular.h"
#include "freshet/run/history_read.h"
#include "freshet/run/refit.h"
#include "synthetic_store.h"
#include <stdlib.h>

enum { USERS = 2000, ITEMS = 1500 };

static struct fr_store_memory *server;
static struct fr_store *store;
static struct fr_rules rules;
static struct fr_refit_params params;

static const struct synthetic synthetic = {.users = USERS,
                                           .items = ITEMS,
                                           .partitions = 3,
                                           .touches_least = 5,
                                           .touches_most = 25,
                                           .first_ms = 1790000000000,
                                           .seed = 11};

struct told {
    uint32_t events[FR_MODEL_EVENT_N], controls, steps;
    char last_control[FR_BUNDLE_VERSION_BYTES];
    struct fr_verdict verdict;
    const char *stop_at;
    bool deaf; /* announcements fail */
} told;

static enum fr_err announce(void *context, const struct fr_model_event *e, const struct fr_control *c,
                            struct fr_errmsg *msg) {
    struct told *t = context;
    if (t->deaf && c) return fr_err_set(msg, FR_BUS_DOWN, "nobody hears");
    t->events[e->kind]++;
    if (e->verdict) t->verdict = *e->verdict;
    if (!c) return FR_OK;
    t->controls++;
    snprintf(t->last_control, sizeof t->last_control, "%.*s", FR_STR_ARG(c->version));
    return FR_OK;
}

static bool progress(void *context, const char *step, double done) {
    struct told *t = context;
    CHECK(done >= 0 && done <= 1);
    t->steps++;
    return !t->stop_at || strcmp(step, t->stop_at) != 0;
}

static void setup(void) {
    server = fr_store_memory_new();
    store = fr_store_memory_open(server);
    fr_rules_default(&rules);
    told = (struct told){0};
    params = FR_REFIT_DEFAULTS;
    params.niceness = 0;
    params.families[0] =
        (struct fr_refit_family){.ops = &fr_factor_ops, .has_values = true, .values = {16, 15, .005, 1, 4}};
    params.family_n = 1;
    CHECK_INT(synthetic_fill(store, "t", &rules, &synthetic), FR_OK);
}

static void teardown(void) {
    store->ops->close(store);
    fr_store_memory_free(&server);
    fr_rules_fini(&rules);
}

static struct fr_refit refit(void) {
    return (struct fr_refit){.params = &params,
                             .rules = &rules,
                             .store = store,
                             .prefix = "t",
                             .by = "command",
                             .announce = announce,
                             .progress = progress,
                             .context = &told};
}

static enum fr_err run(struct fr_refit_result *result, struct fr_errmsg *msg) {
    struct fr_refit r = refit();
    *msg = (struct fr_errmsg){0};
    return fr_refit_run(&r, result, msg);
}

static uint32_t stored_bundles(void) {
    struct fr_stored_bundle list[FR_BUNDLES_MAX];
    struct fr_arena arena = {0};
    const struct fr_bundle_store s = {store, "t"};
    uint32_t n;
    CHECK_INT(fr_bundle_list(&s, list, &n, &arena, NULL), FR_OK);
    fr_arena_fini(&arena);
    return n;
}

static uint64_t state_hash(void) { /* of all that is not a model */
    struct fr_store_info info;
    store->ops->info(store, &info, NULL);
    return info.used_bytes;
}

static void test_histories_are_read(void) {
    struct fr_histories h;
    setup();
    const struct fr_history_read read = {store, "t", &rules, 1000000, NULL, NULL};
    CHECK_INT(fr_histories_read(&read, &h, NULL), FR_OK);
    CHECK_INT(h.user_n, USERS);
    uint64_t hash = fr_histories_fingerprint(&h);
    CHECK(fr_histories_count(&h) > USERS * 5 && fr_histories_count(&h) < USERS * 25);
    fr_histories_fini(&h);
    const struct fr_history_read some = {store, "t", &rules, 500, NULL, NULL};
    CHECK_INT(fr_histories_read(&some, &h, NULL), FR_OK);
    CHECK(h.user_n > 400 && h.user_n < 600);
    fr_histories_fini(&h);
    CHECK_INT(fr_histories_read(&read, &h, NULL), FR_OK);
    CHECK(fr_histories_fingerprint(&h) == hash);
    fr_histories_fini(&h);
    const struct fr_history_read none = {store, "other", &rules, 500, NULL, NULL};
    CHECK_INT(fr_histories_read(&none, &h, NULL), FR_OK);
    CHECK_INT(h.user_n, 0);
    fr_histories_fini(&h);
    teardown();
}

static void test_first_fit_beats_popularity(void) {
    struct fr_refit_result result;
    struct fr_errmsg msg;
    char in_force[FR_BUNDLE_VERSION_BYTES];
    const struct fr_bundle_store s = {NULL, "t"};
    setup();
    CHECK_INT(run(&result, &msg), FR_OK);
    CHECK(result.promoted && result.verdict.cases > 500);
    CHECK(result.verdict.candidate > 1.5 * result.verdict.incumbent);
    CHECK_STR(result.incumbent, "");
    CHECK_STR(result.in_force, result.version);
    CHECK_STR(told.last_control, result.version);
    CHECK(told.events[FR_MODEL_EVENT_FITTED] == 1 && told.events[FR_MODEL_EVENT_PROMOTED] == 1);
    struct fr_bundle_store here = s;
    here.store = store;
    CHECK_INT(fr_bundle_in_force(&here, in_force, NULL), FR_OK);
    CHECK_STR(in_force, result.version);
    struct fr_bundle *b = NULL;
    CHECK_INT(fr_bundle_get(&here, in_force, &b, NULL), FR_OK);
    CHECK(b && b->model_n == 1 && b->models[0].holdout.cases == result.verdict.cases);
    CHECK(b && fabs(b->holdout.ndcg - result.verdict.candidate) < 1e-6);
    CHECK(b && b->user_n == result.users && b->item_n == result.items);
    fr_bundle_free(b);
    teardown();
}

static void test_shuffled_labels_are_refused(void) {
    struct fr_refit_result first, second;
    struct fr_errmsg msg;
    setup();
    params.shuffle_labels = true;
    CHECK_INT(run(&first, &msg), FR_OK);
    CHECK(!first.promoted && told.events[FR_MODEL_EVENT_REFUSED] == 1 && told.controls == 0);
    CHECK_STR(first.in_force, "");
    params.shuffle_labels = false;
    CHECK_INT(run(&first, &msg), FR_OK);
    CHECK(first.promoted);
    params.shuffle_labels = true;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        params.seed = seed;
        CHECK_INT(run(&second, &msg), FR_OK);
        CHECK(!second.promoted && second.verdict.p_worse < 1e-6);
        CHECK_STR(second.incumbent, first.version);
        CHECK_STR(second.in_force, first.version);
    }
    CHECK_INT(told.controls, 1);
    teardown();
}

static void test_an_equal_one_is_promoted(void) {
    struct fr_refit_result first, second;
    struct fr_errmsg msg;
    setup();
    CHECK_INT(run(&first, &msg), FR_OK);
    CHECK_INT(run(&second, &msg), FR_OK);
    CHECK(second.promoted && fabs(second.verdict.difference) < 1e-9);
    CHECK_STR(second.incumbent, first.version);
    teardown();
}

static void test_two_families_are_blended(void) {
    struct fr_refit_result result;
    struct fr_errmsg msg;
    setup();
    params.families[1] = (struct fr_refit_family){.ops = &fr_popular_ops};
    params.family_n = 2;
    params.tune_s = 20;
    CHECK_INT(run(&result, &msg), FR_OK);
    CHECK(result.promoted);
    CHECK(result.seconds.choose > 0);
    teardown();
}

static void test_old_ones_are_deleted(void) {
    struct fr_refit_result result;
    struct fr_errmsg msg;
    char first[FR_BUNDLE_VERSION_BYTES];
    setup();
    params.keep = 2;
    CHECK_INT(run(&result, &msg), FR_OK);
    memcpy(first, result.version, sizeof first);
    params.shuffle_labels = true;
    for (int i = 0; i < 4; i++) CHECK_INT(run(&result, &msg), FR_OK);
    CHECK_INT(stored_bundles(), 3); /* two, and the one in force */
    struct fr_refit r = refit();
    CHECK_INT(fr_refit_promote(&r, result.version, FR_MODEL_EVENT_PROMOTED, "by hand", &msg), FR_OK);
    CHECK_STR(told.last_control, result.version);
    CHECK_INT(fr_refit_promote(&r, first, FR_MODEL_EVENT_ROLLED_BACK, "by hand", &msg), FR_OK);
    CHECK_STR(told.last_control, first);
    CHECK_INT(fr_refit_promote(&r, "nothing", FR_MODEL_EVENT_PROMOTED, NULL, &msg), FR_LIMIT);
    CHECK_STR(told.last_control, first);
    CHECK_INT(fr_refit_promote(&r, "", FR_MODEL_EVENT_ROLLED_BACK, NULL, NULL), FR_OK);
    CHECK_STR(told.last_control, "");
    teardown();
}

/* Given up, or not heard, or a server that fails at every step: states are as they were, nothing is in force. */
static void test_cut_short(void) {
    static const char *const steps[] = {"als", "judge", "store"};
    struct fr_refit_result result;
    struct fr_errmsg msg;
    setup();
    uint64_t before = state_hash();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        told.stop_at = steps[i];
        CHECK_INT(run(&result, &msg), FR_TIMEOUT);
        CHECK(state_hash() == before && stored_bundles() == 0);
    }
    told.stop_at = NULL;
    told.deaf = true;
    CHECK_INT(run(&result, &msg), FR_BUS_DOWN);
    CHECK(!result.promoted && stored_bundles() == 1);
    CHECK_STR(result.in_force, "");
    told.deaf = false;
    CHECK_INT(run(&result, &msg), FR_OK);
    CHECK(result.promoted);
    teardown();
}

static enum fr_store_verdict refuse_put(void *context, enum fr_store_point point) {
    int *left = context;
    return point == FR_STORE_AT_PUT && (*left)-- <= 0 ? FR_STORE_CUT : FR_STORE_GO;
}

static void test_store_fails(void) {
    struct fr_refit_result result;
    struct fr_errmsg msg;
    setup();
    for (int puts = 0; puts < 2; puts++) { /* the chunk, the head */
        int left = puts;
        const struct fr_store_memory_faults faults = {&left, refuse_put, NULL};
        fr_store_memory_set_faults(server, &faults);
        CHECK_INT(run(&result, &msg), FR_STORE_DOWN);
        CHECK_STR(result.version, "");
        CHECK_INT(told.events[FR_MODEL_EVENT_FITTED], 0);
        fr_store_memory_set_faults(server, NULL);
        CHECK_INT(stored_bundles(), 0);
    }
    CHECK_INT(run(&result, &msg), FR_OK);
    CHECK(result.promoted);
    teardown();
}

/* A bundle from a file is judged as one that was fitted. */
static void test_given(void) {
    struct fr_refit_result result, again;
    struct fr_errmsg msg = {0};
    struct fr_bundle *b = NULL;
    setup();
    CHECK_INT(run(&result, &msg), FR_OK);
    const struct fr_bundle_store s = {store, "t"};
    CHECK_INT(fr_bundle_get(&s, result.version, &b, NULL), FR_OK);
    struct fr_refit r = refit();
    r.given = b;
    CHECK_INT(fr_refit_run(&r, &again, &msg), FR_OK);
    CHECK(again.promoted && strcmp(again.version, result.version) > 0);
    CHECK_NEAR(again.verdict.difference, 0, 1e-9);
    fr_bundle_free(b);
    teardown();
}

static void test_nothing_to_fit(void) {
    struct fr_refit_result result;
    struct fr_errmsg msg;
    setup();
    fr_store_memory_flush(server);
    CHECK_INT(run(&result, &msg), FR_LIMIT);
    teardown();
}

/* A few items of the histories and one that nobody touched, all of one category. */
static struct fr_catalog_version *small_catalog(void) {
    struct fr_catalog_version *v = fr_alloc_zero(1, sizeof *v);
    fr_dict_init(&v->ids);
    fr_catalog_init(&v->catalog, &v->ids);
    struct fr_str category = FR_STR("shoes");
    for (uint32_t i = 0; i < 5; i++) {
        char id[16];
        snprintf(id, sizeof id, i < 4 ? "i%u" : "never-touched", i);
        struct fr_item_record item = {.id = fr_str_of(id),
                                      .category = &category,
                                      .category_n = 1,
                                      .price = (double)NAN,
                                      .is_available = true};
        fr_catalog_put(&v->catalog, &item);
    }
    v->features = fr_features_new(&v->catalog, &FR_FEATURES_DEFAULTS);
    return v;
}

static void free_catalog(struct fr_catalog_version *v) {
    fr_features_free(v->features);
    fr_catalog_fini(&v->catalog);
    fr_dict_fini(&v->ids);
    free(v);
}

static uint32_t column_of(const struct fr_bundle *b, const char *id) {
    uint32_t c = 0;
    while (c < b->item_n && !fr_str_eq(b->items[c], fr_str_of(id))) c++;
    return c;
}

static void test_content_comes_with_the_catalogue(void) {
    struct fr_refit_result result;
    struct fr_errmsg msg = {0};
    setup();
    params.families[1] = (struct fr_refit_family){.ops = &fr_content_ops, .has_values = true, .values = {.5}};
    params.family_n = 2;
    CHECK_INT(run(&result, &msg), FR_OK); /* without a catalogue it is left out */
    struct fr_bundle_store s = {store, "t"};
    struct fr_bundle *b = NULL;
    CHECK_INT(fr_bundle_get(&s, result.version, &b, NULL), FR_OK);
    CHECK(b && b->model_n == 1 && column_of(b, "never-touched") == b->item_n);
    fr_bundle_free(b);
    struct fr_catalog_version *catalog = small_catalog();
    struct fr_refit r = refit();
    r.catalog = catalog;
    fr_clock_sleep_ms(2); /* versions are named by their time */
    CHECK_INT(fr_refit_run(&r, &result, &msg), FR_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(fr_bundle_get(&s, result.version, &b, NULL), FR_OK);
    uint32_t shoe = column_of(b, "i2"), untouched = column_of(b, "never-touched");
    CHECK(b->model_n == 2 && untouched < b->item_n && shoe < b->item_n);
    const struct fr_bundle_model *m = fr_bundle_model(b, "content");
    size_t start[2] = {0, 1};
    float one = 1, *scores = fr_alloc((b->item_n + (size_t)1) * sizeof *scores);
    const struct fr_rows history = {1, b->item_n, start, &shoe, &one};
    m->model->ops->score(m->model, &history, 0, 1, false, scores);
    CHECK(scores[untouched] > .5F);
    free(scores);
    fr_bundle_free(b);
    free_catalog(catalog);
    teardown();
}

int main(void) {
    RUN(test_histories_are_read);
    RUN(test_first_fit_beats_popularity);
    RUN(test_shuffled_labels_are_refused);
    RUN(test_an_equal_one_is_promoted);
    RUN(test_two_families_are_blended);
    RUN(test_old_ones_are_deleted);
    RUN(test_cut_short);
    RUN(test_store_fails);
    RUN(test_given);
    RUN(test_nothing_to_fit);
    RUN(test_content_comes_with_the_catalogue);
    return check_done();
}
