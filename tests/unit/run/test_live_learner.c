/* A live learner: what it is after a restart is what it was, with and without bundles; a bundle speaks in lists; lists that
 * get worse after a promotion are noticed. */
#include "freshet/run/live_learner.h"
#include "check.h"
#include "freshet/recommend/example_record.h"
#include "small_bundle.h"

enum { ITEMS = 40, USERS = 20, EACH = 5 };

static const struct fr_monitor_params monitor = {.block = 20, .looks = 5, .alpha = .05, .drop = .05};

struct bench {
    struct fr_live_learner learner;
    struct fr_recommender_use *use;
    struct fr_arena arena;
    struct fr_rng rng;
    uint32_t roll_backs, judged, hits;
};

static void open_bench(struct bench *b) {
    *b = (struct bench){.use = fr_recommender_use_new(), .rng = {7}};
    fr_live_learner_init(&b->learner, &FR_RECOMMENDER_DEFAULTS);
}

static void close_bench(struct bench *b) {
    fr_live_learner_fini(&b->learner);
    fr_recommender_use_free(b->use);
    fr_arena_fini(&b->arena);
}

static uint32_t named(struct fr_dict *ids, char kind, uint32_t number) {
    char text[16];
    int n = snprintf(text, sizeof text, "%c%02u", kind, number);
    return fr_dict_intern(ids, (struct fr_str){text, (uint32_t)n});
}

/* Users of even number take to even items; `random`: to any. */
static struct fr_buf record(struct fr_rng *rng, uint32_t first, uint32_t n, bool random) {
    struct fr_dict ids;
    struct fr_buf out = {0};
    fr_dict_init(&ids);
    struct fr_example_writer *w = fr_example_writer_new(&ids);
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t user = fr_rng_below(rng, USERS);
        fr_time_ms now_ms = 1700000000000 + (fr_time_ms)i * 1000;
        struct fr_seed seeds[3];
        for (uint32_t s = 0; s < 3; s++)
            seeds[s] = (struct fr_seed){.item = named(&ids, 'i', 2 * fr_rng_below(rng, EACH) + user % 2),
                                        .strength = 1,
                                        .time_ms = now_ms - 1000 * (s + 1)};
        uint32_t item =
            random ? 20 + fr_rng_below(rng, ITEMS - 20) : 10 + 2 * fr_rng_below(rng, 2) + user % 2;
        struct fr_example e = {.before = {.ids = &ids,
                                          .user = named(&ids, 'u', user),
                                          .group = FR_DICT_NONE,
                                          .surface = FR_DICT_NONE,
                                          .seeds = seeds,
                                          .seed_n = 3,
                                          .now_ms = now_ms,
                                          .draw = fr_rng_next(rng)},
                               .item = named(&ids, 'i', item),
                               .type = FR_EVENT_CLICK,
                               .weight = 1,
                               .is_new = true,
                               .sharer = FR_DICT_NONE,
                               .time_ms = now_ms};
        fr_example_writer_add(w, &e);
    }
    fr_example_writer_finish(w, &out);
    fr_example_writer_free(w);
    fr_dict_fini(&ids);
    return out;
}

static struct fr_live_taught teach(struct bench *b, const struct fr_buf *value,
                                   const struct fr_bundle *bundle) {
    struct fr_live_taught t =
        fr_live_learner_teach(&b->learner, fr_buf_slice(value), bundle, &monitor, b->use, &b->arena);
    CHECK(!t.bad);
    b->judged += t.judged;
    b->hits += t.hits;
    b->roll_backs += t.roll_back;
    return t;
}

static void teach_examples(struct bench *b, uint32_t n, bool random) {
    struct fr_buf value = record(&b->rng, b->judged * FR_LIVE_JUDGE_EVERY, n, random);
    CHECK_INT(teach(b, &value, NULL).examples, n);
    fr_buf_fini(&value);
}

static void put_in_force(struct bench *b, const struct fr_bundle *bundle, const char *version) {
    struct fr_control c = {fr_str_of(version), fr_str_of(b->learner.bundle), FR_MODEL_EVENT_PROMOTED, 1};
    struct fr_buf value = {0};
    fr_control_write(&c, &value);
    CHECK(fr_str_eq(fr_live_control_version(fr_buf_slice(&value)), fr_str_of(version)));
    struct fr_live_taught t = teach(b, &value, bundle);
    CHECK(t.control && t.missing == !bundle);
    CHECK_STR(b->learner.bundle, version);
    fr_buf_fini(&value);
}

static struct fr_buf saved(const struct bench *b) {
    struct fr_buf out = {0};
    fr_live_learner_save(&b->learner, "e1", &out);
    return out;
}

static void test_a_restart_changes_nothing(void) {
    struct fr_bundle *bundle = small_bundle("spectral", 4, 1000);
    struct bench a, b;
    open_bench(&a);
    teach_examples(&a, 150, false);
    put_in_force(&a, bundle, bundle->version);
    teach_examples(&a, 150, false);
    open_bench(&b);
    struct fr_buf before = saved(&a);
    char version[FR_BUNDLE_VERSION_BYTES];
    CHECK_INT(fr_live_learner_load(&b.learner, fr_buf_slice(&before), version, NULL), FR_OK);
    CHECK_STR(version, "e1");
    CHECK_STR(b.learner.bundle, bundle->version);
    CHECK(!b.learner.attached);
    fr_live_learner_attach(&b.learner, bundle);
    b.rng = a.rng;
    b.judged = a.judged;
    teach_examples(&a, 200, false);
    teach_examples(&b, 200, false);
    struct fr_buf x = saved(&a), y = saved(&b);
    CHECK(x.len > before.len / 2 && fr_str_eq(fr_buf_slice(&x), fr_buf_slice(&y)));
    fr_buf_fini(&before);
    fr_buf_fini(&x);
    fr_buf_fini(&y);
    close_bench(&a);
    close_bench(&b);
    fr_bundle_free(bundle);
}

static uint32_t taste_votes(const struct bench *b) {
    uint32_t n = fr_recommender_sources(b->learner.recommender), votes = 0;
    struct fr_scratch scratch = {0};
    struct fr_vote out[50];
    uint32_t seed_item = fr_dict_find(fr_recommender_names(b->learner.recommender), FR_STR("i06"));
    struct fr_seed seed = {.item = seed_item, .strength = 1, .time_ms = 1};
    struct fr_query q = {.ids = fr_recommender_names(b->learner.recommender),
                         .user = FR_DICT_NONE,
                         .group = FR_DICT_NONE,
                         .surface = FR_DICT_NONE,
                         .seeds = &seed,
                         .seed_n = 1,
                         .now_ms = 2};
    for (uint32_t i = 0; i < n; i++) {
        const struct fr_source *s = fr_recommender_source(b->learner.recommender, i);
        if (s->ops->reason == FR_REASON_TASTE) votes += s->ops->propose(s, &q, &scratch, 50, out);
    }
    fr_scratch_fini(&scratch);
    return votes;
}

static void test_a_bundle_speaks_until_another_one_does(void) {
    struct fr_bundle *first = small_bundle("spectral", 4, 1000), *second = small_bundle("als", 4, 2000);
    struct bench b;
    open_bench(&b);
    teach_examples(&b, 50, false);
    CHECK_INT(taste_votes(&b), 0);
    put_in_force(&b, first, first->version);
    CHECK(taste_votes(&b) > 0);
    CHECK_INT(b.learner.places.n, 1);
    put_in_force(&b, second, second->version);
    CHECK_STR(b.learner.previous, first->version);
    CHECK_INT(b.learner.places.n, 2); /* the first family keeps its place */
    CHECK_STR(b.learner.places.names[0], "spectral");
    CHECK(taste_votes(&b) > 0);
    put_in_force(&b, NULL, "20260101T000000.000Z-00000000");
    CHECK_INT(taste_votes(&b), 0);
    close_bench(&b);
    fr_bundle_free(first);
    fr_bundle_free(second);
}

static void test_worse_lists_are_noticed_once(void) {
    struct fr_bundle *bundle = small_bundle("spectral", 4, 1000);
    struct bench b;
    open_bench(&b);
    teach_examples(&b, 600, false);
    CHECK(b.hits > b.judged / 2);
    put_in_force(&b, bundle, bundle->version);
    teach_examples(&b, 200, false);
    CHECK_INT(b.roll_backs, 0);
    put_in_force(&b, bundle, bundle->version);
    for (uint32_t i = 0; i < 10; i++) {
        struct fr_buf value = record(&b.rng, 5000 + 40 * i, 40, true);
        teach(&b, &value, NULL);
        fr_buf_fini(&value);
        struct fr_monitor kept = b.learner.monitor;
        fr_live_learner_fini(
            &b.learner); /* everything learnt is forgotten: lists are as bad as they can be */
        fr_live_learner_init(&b.learner, &FR_RECOMMENDER_DEFAULTS);
        b.learner.monitor = kept;
    }
    CHECK_INT(b.roll_backs, 1);
    close_bench(&b);
    fr_bundle_free(bundle);
}

static void test_garbage_is_refused(void) {
    struct bench b;
    open_bench(&b);
    static const char *const values[] = {"", "x", "\x81", "\x93\x01", "{\"kind\":\"bundle\"}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct fr_live_taught t =
            fr_live_learner_teach(&b.learner, fr_str_of(values[i]), NULL, &monitor, b.use, &b.arena);
        CHECK(t.bad && !t.control && t.examples == 0);
    }
    struct fr_errmsg msg = {0};
    CHECK_INT(fr_live_learner_load(&b.learner, FR_STR("no tensors"), NULL, &msg), FR_STATE_CORRUPT);
    close_bench(&b);
}

int main(void) {
    RUN(test_a_restart_changes_nothing);
    RUN(test_a_bundle_speaks_until_another_one_does);
    RUN(test_worse_lists_are_noticed_once);
    RUN(test_garbage_is_refused);
    return check_done();
}
