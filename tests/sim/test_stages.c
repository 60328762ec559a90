/* The real stages on the twins: the same log gives the same states however it is cut into batches, whenever workers die
 * and whatever the store loses; and the aggregate state is the co-occurrence of all histories. */
#include "freshet/affinity/item.h"
#include "freshet/base/hash.h"
#include "freshet/base/log.h"
#include "freshet/profile/codec.h"
#include "freshet/run/bundle_store.h"
#include "small_bundle.h"
#include "stage_pipeline.h"
#include <stdlib.h>

enum { USERS = 12, ITEMS = 15 };

static const char *const types[] = {"click",           "click", "view",     "like",   "unlike",
                                    "dislike",         "share", "purchase", "refund", "add_to_cart",
                                    "remove_from_cart"};

/* One random event: mostly behaviour, some attributes, forgets, repeats, garbage. */
static int event_text(struct fr_rng *rng, uint32_t n, char text[256]) {
    uint32_t dice = fr_rng_below(rng, 100), user = fr_rng_below(rng, USERS);
    long long at = 1700000000000ll + (long long)n * 40000 - fr_rng_below(rng, 3000000);
    if (dice == 0) return snprintf(text, 256, "{\"event_type\":\"click\",\"user_id\":\"u%u\"", user);
    if (dice == 1)
        return snprintf(text, 256, "{\"event_type\":\"user_delete\",\"user_id\":\"u%u\",\"timestamp\":%lld}",
                        user, at);
    if (dice < 6)
        return snprintf(text, 256,
                        "{\"event_type\":\"user_upsert\",\"user_id\":\"u%u\",\"timestamp\":%lld,"
                        "\"attributes\":{\"country\":\"%c\"}}",
                        user, at, 'A' + (char)fr_rng_below(rng, 3));
    return snprintf(text, 256,
                    "{\"event_id\":\"e%u\",\"event_type\":\"%s\",\"user_id\":\"u%u\",\"item_id\":\"i%u\","
                    "\"timestamp\":%lld}",
                    fr_rng_below(rng, 50) ? n : n / 2, types[fr_rng_below(rng, sizeof types / sizeof *types)],
                    user, fr_rng_below(rng, ITEMS), at);
}

/* The same for equal states, in whatever order the bytes list the ids. */
static uint64_t digest_item(struct fr_str bytes, uint64_t seed) {
    struct fr_dict ids;
    struct fr_item item = {0};
    fr_dict_init(&ids);
    CHECK(fr_item_decode(&item, &ids, bytes));
    uint64_t sum = fr_hash64(&item.newest, sizeof item.newest, seed);
    for (uint32_t i = 0; i < item.n; i++) {
        const struct fr_bucket *b = &item.buckets[i];
        enum fr_code_kind kind = fr_code_kind(b->code);
        uint64_t name =
            kind == FR_CODE_IS_COUNT ? 0 : fr_hash_str(fr_dict_str(&ids, fr_code_number(b->code)));
        int64_t parts[4] = {(int64_t)kind, (int64_t)name, b->epoch, b->weight};
        sum += fr_hash64(parts, sizeof parts, seed);
    }
    fr_item_fini(&item);
    fr_dict_fini(&ids);
    return sum;
}

/* A digest of all states: the sum of hashes of (key, state bytes without the stamp), by stage. */
struct digest {
    struct pipeline *p;
    uint64_t sum[FR_STAGE_N];
    uint32_t n[FR_STAGE_N];
};

static bool digest_key(void *context, struct fr_str key) {
    struct digest *d = context;
    bool user = memmem(key.ptr, key.len, ":user:1:", 8) != NULL,
         item = memmem(key.ptr, key.len, ":aggregate:1:", 13) != NULL;
    if (!user && !item) return true;
    struct fr_str value = fr_store_memory_get(d->p->store, key);
    struct fr_reader r = fr_reader_of(value);
    CHECK_INT(fr_pack_read_array(&r), 2);
    fr_pack_read_int(&r);
    CHECK(r.ok);
    unsigned kind = user ? FR_STAGE_USER : FR_STAGE_AGGREGATE;
    struct fr_str state = {(const char *)r.at, (uint32_t)(r.end - r.at)};
    d->sum[kind] +=
        user ? fr_hash64(state.ptr, state.len, fr_hash_str(key)) : digest_item(state, fr_hash_str(key));
    d->n[kind]++;
    return true;
}

static struct digest digest_of(struct pipeline *p) {
    struct digest d = {.p = p};
    struct fr_store *s = fr_store_memory_open(p->store);
    CHECK_INT(s->ops->scan(s, FR_STR("t:"), digest_key, &d, NULL), FR_OK);
    s->ops->close(s);
    return d;
}

struct tally {
    uint32_t lists, tombstones, rejects;
};

static bool tally_list(void *context, const struct fr_record *r) {
    struct tally *t = context;
    if (r->value.ptr)
        t->lists++;
    else
        t->tombstones++;
    return true;
}

static bool tally_reject(void *context, const struct fr_record *r) {
    (void)r;
    ((struct tally *)context)->rejects++;
    return true;
}

static struct tally tally_of(struct pipeline *p) {
    struct tally t = {0};
    for (int32_t i = 0; i < PARTITIONS; i++)
        fr_bus_memory_read(p->bus, FR_TOPIC_RECOMMENDATIONS, i, 0, tally_list, &t);
    fr_bus_memory_read(p->bus, FR_TOPIC_REJECTS, 0, 0, tally_reject, &t);
    return t;
}

/* ---- the learner ---- */

struct relearning {
    struct fr_live_learner learner;
    struct fr_monitor_params monitor;
    const struct fr_bundle *bundle;
    struct fr_recommender_use *use;
    struct fr_arena arena;
    int64_t next_offset, examples, judged;
};

static bool learn_again(void *context, const struct fr_record *r) {
    struct relearning *l = context;
    if (!fr_str_eq(r->key, FR_MODEL_FEED)) return true;
    struct fr_live_taught taught =
        fr_live_learner_teach(&l->learner, r->value, fr_live_control_version(r->value).len ? l->bundle : NULL,
                              &l->monitor, l->use, &l->arena);
    CHECK(!taught.bad);
    l->examples += taught.examples;
    l->judged += taught.judged;
    l->next_offset = r->offset + 1;
    return true;
}

/* Into the store, and in force from here on. */
static void promote(struct pipeline *p, const struct fr_bundle *bundle) {
    struct fr_store *store = fr_store_memory_open(p->store);
    struct fr_bundle_store at = {store, p->rules.topic_prefix};
    CHECK_INT(fr_bundle_put(&at, bundle, NULL), FR_OK);
    store->ops->close(store);
    struct fr_control control = {fr_str_of(bundle->version), FR_STR(""), FR_MODEL_EVENT_PROMOTED, p->now};
    struct fr_buf value = {0};
    fr_control_write(&control, &value);
    struct fr_out out = {
        .topic = FR_TOPIC_EXAMPLES, .partition = 0, .key = FR_MODEL_FEED, .value = fr_buf_slice(&value)};
    fr_bus_memory_produce(p->bus, &out);
    fr_buf_fini(&value);
}

/* However the log of examples was cut into batches, whoever died, whatever the store lost: the model is what one pass over
 * that log gives, bit for bit. */
static void test_the_model_is_a_function_of_its_log(void) {
    struct fr_bundle *bundle = small_bundle("spectral", 3, 1000);
    for (uint32_t batch = 1; batch <= 100; batch *= 10) {
        struct pipeline p;
        start(&p, 11, batch, event_text);
        if (batch > 1) promote(&p, bundle);
        drive(&p, batch != 1);
        struct relearning l = {.monitor = p.rules.monitor, .bundle = bundle, .use = fr_recommender_use_new()};
        fr_live_learner_init(&l.learner, &p.rules.recommender);
        fr_bus_memory_read(p.bus, FR_TOPIC_EXAMPLES, 0, 0, learn_again, &l);
        CHECK(l.examples > EVENTS / 3 && l.judged > 0);
        CHECK_STR(l.learner.bundle, batch > 1 ? bundle->version : "");
        struct fr_buf again = {0};
        char version[FR_LIVE_VERSION_BYTES];
        fr_live_version(l.next_offset, version);
        fr_live_learner_save(&l.learner, version, &again);
        CHECK(fr_str_eq(fr_buf_slice(&again), stored_model(&p, "m:feed")));
        fr_buf_fini(&again);
        fr_arena_fini(&l.arena);
        fr_recommender_use_free(l.use);
        fr_live_learner_fini(&l.learner);
        stop(&p);
    }
    fr_bundle_free(bundle);
}

static void test_states_do_not_depend_on_batches_or_faults(void) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct pipeline p;
        start(&p, seed, 1, event_text);
        drive(&p, false);
        struct digest plain = digest_of(&p);
        struct tally one = tally_of(&p);
        CHECK(one.tombstones > 0 && one.rejects > 0 && one.lists > 100);
        CHECK(plain.n[FR_STAGE_USER] > USERS / 2);
        CHECK(plain.n[FR_STAGE_AGGREGATE] > ITEMS / 2);
        stop(&p);
        for (uint32_t batch = 7; batch <= 700; batch *= 10) {
            start(&p, seed, batch, event_text);
            drive(&p, batch != 7);
            struct digest other = digest_of(&p);
            struct tally t = tally_of(&p);
            CHECK_INT(other.sum[FR_STAGE_USER], plain.sum[FR_STAGE_USER]);
            CHECK_INT(other.sum[FR_STAGE_AGGREGATE], plain.sum[FR_STAGE_AGGREGATE]);
            CHECK_INT(other.n[FR_STAGE_AGGREGATE], plain.n[FR_STAGE_AGGREGATE]);
            CHECK_INT(t.rejects, one.rejects);
            stop(&p);
        }
    }
}

int main(void) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    RUN(test_states_do_not_depend_on_batches_or_faults);
    RUN(test_the_model_is_a_function_of_its_log);
    return check_done();
}
