/* The simulator: the real run/ code over the twins, one thread, virtual time, everything decided by a seed.
 *
 *   test_sim                 the seeds 1..2000 with all conditions: no violation; then each condition off: violations
 *   test_sim SEED [OFF]      one seed again, telling what happens; OFF names a condition to switch off
 *
 * Each run: records arrive; workers are killed, stopped and woken, put out of the group, started twice; transactions are
 * refused, lost, delayed, doubled; the store refuses, breaks before or after a commit, executes a dead worker's commit
 * late, goes back by up to three commits or loses everything. Then faults stop, everything drains, and the logs and
 * states are compared with a plain recomputation of each partition's log:
 *   I1 each input's output exactly once, in order, computed from the right state;
 *   I4 until the store first goes back: a write of a former owner never takes effect;
 *   I2 state and o_r in the store equal F(log); I3 o_k == o_r == end of the log; no transaction left open. */
#include "check.h"
#include "freshet/adapt/bus_memory.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/base/log.h"
#include "freshet/base/rng.h"
#include "freshet/run/meta.h"
#include "freshet/run/worker.h"
#include "sim/chain_stage.h"

enum { PARTITIONS = 3, WORKERS = 3, KEYS = 5, SEEDS = 2000 };

enum off {
    OFF_NOTHING,
    OFF_EPOCH,
    OFF_VALIDATE,
    OFF_STABLE,
    OFF_ATOMIC,
    OFF_GAP,
    OFF_PURE,
    OFF_RETAIN,
    OFF_RECYCLE,
    OFF_FINGERPRINT,
    OFF_N
};
static const char *const off_names[OFF_N] = {"nothing", "epoch", "validate", "stable",  "atomic",
                                             "gap",     "pure",  "retain",   "recycle", "fingerprint"};

/* Special things that happen once, each the trigger of one condition. */
enum event_once { ONCE_NOTHING, ONCE_GAP, ONCE_REWRITE };

struct slot {
    struct fr_worker *worker; /* NULL: down */
    fr_time_ms up_at_ms, awake_at_ms;
    const void *endpoint; /* of its store, also after its death */
    bool owns[PARTITIONS];
};

struct world {
    struct fr_rng rng;
    enum off off;
    bool quiet_faults, tell, stopped; /* stopped: a worker stopped with a reason that the run may have */
    enum fr_err stop_reason;
    struct fr_bus_memory *bus;
    struct fr_store_memory *store;
    struct fr_bus_memory_faults bus_faults;
    struct fr_store_memory_faults store_faults;
    struct slot slots[WORKERS];
    fr_time_ms now;
    const void *owner[PARTITIONS]; /* the store endpoint of who acquired the partition last */
    bool went_back; /* the store did, and with it the epochs: an old owner may write once more */
    uint32_t produced;
    char violation[256];
};

static bool chance(struct world *w, uint32_t per_thousand) {
    return fr_rng_below(&w->rng, 1000) < per_thousand;
}

#define TELL(w, ...)                                                                               \
    do {                                                                                           \
        if ((w)->tell) printf("%6lld  ", (long long)(w)->now), printf(__VA_ARGS__), putchar('\n'); \
    } while (0)

static void violate(struct world *w, const char *text, long long a, long long b) {
    if (!w->violation[0]) snprintf(w->violation, sizeof w->violation, "%s (%lld, %lld)", text, a, b);
}

static enum fr_bus_verdict decide_bus(void *context, enum fr_bus_point point) {
    struct world *w = context;
    switch (point) {
    case FR_BUS_AT_BEGIN:
    case FR_BUS_AT_PRODUCE:
    case FR_BUS_AT_OFFSETS: return chance(w, 15) ? FR_BUS_REFUSE : FR_BUS_GO;
    case FR_BUS_AT_END: return chance(w, 20) ? FR_BUS_LOSE : chance(w, 30) ? FR_BUS_DUPLICATE : FR_BUS_GO;
    case FR_BUS_AT_MARKERS: return chance(w, 100) ? FR_BUS_WAIT : FR_BUS_GO;
    case FR_BUS_AT_RECYCLE: return chance(w, 300) ? FR_BUS_WAIT : FR_BUS_GO;
    case FR_BUS_AT_COMMITTED: return chance(w, 50) ? FR_BUS_REFUSE : FR_BUS_GO;
    case FR_BUS_AT_POLL: return chance(w, 50) ? FR_BUS_WAIT : FR_BUS_GO;
    }
    return FR_BUS_GO;
}

static enum fr_store_verdict decide_store(void *context, enum fr_store_point point) {
    struct world *w = context;
    if (point == FR_STORE_AT_LOAD) return chance(w, 10) ? FR_STORE_CUT : FR_STORE_GO;
    uint32_t dice = fr_rng_below(&w->rng, 1000);
    if (dice < 250) return FR_STORE_WAIT;
    if (dice < 270) return FR_STORE_REFUSE;
    if (dice < 290) return FR_STORE_CUT;
    return dice < 310 ? FR_STORE_CUT_AFTER : FR_STORE_GO;
}

/* I4: once a partition has been acquired, no write of an earlier owner takes effect. A commit without pairs is a take-over
 * itself. */
static void executed(void *context, const struct fr_store_commit *c, const void *endpoint) {
    struct world *w = context;
    const char *brace = memchr(c->meta_key.ptr, '{', c->meta_key.len);
    int p = brace[1] - '0';
    if (c->pair_n && !w->went_back && w->owner[p] && w->owner[p] != endpoint)
        violate(w, "a former owner's write took effect", p, 0);
}

static void note_owners(struct world *w, unsigned i) {
    for (int p = 0; p < PARTITIONS; p++) {
        bool owns = w->slots[i].worker && fr_worker_owns(w->slots[i].worker, p);
        if (owns && !w->slots[i].owns[p]) w->owner[p] = w->slots[i].endpoint;
        w->slots[i].owns[p] = owns;
    }
}

static struct fr_conditions conditions_without(enum off off) {
    struct fr_conditions c = FR_CONDITIONS_ALL;
    if (off == OFF_EPOCH) c.epoch_guard = false;
    if (off == OFF_VALIDATE) c.validate = false;
    if (off == OFF_STABLE) c.stable_offsets = false;
    if (off == OFF_ATOMIC) c.stamps = false;
    if (off == OFF_GAP) c.stop_at_gap = false;
    if (off == OFF_RETAIN) c.retain_batches = false;
    if (off == OFF_FINGERPRINT) c.fingerprint = false;
    return c;
}

static void start_worker(struct world *w, unsigned i) {
    char instance[16];
    snprintf(instance, sizeof instance, "w%u", i);
    struct fr_bus_memory_endpoint_config endpoint = {FR_TOPIC_EVENTS, "freshet-user", instance, instance,
                                                     w->off == OFF_RECYCLE};
    struct fr_worker_config config = {.bus = fr_bus_memory_open(w->bus, &endpoint),
                                      .store = fr_store_memory_open(w->store),
                                      .stage = chain_stage_new(w->off == OFF_PURE),
                                      .prefix = "sim",
                                      .input_partitions = PARTITIONS,
                                      .topic_hash = 7,
                                      .batch_records = 1 + fr_rng_below(&w->rng, 6),
                                      .commit_interval_ms = fr_rng_below(&w->rng, 60),
                                      .cache_bytes = chance(w, 500) ? 200 : 100000,
                                      .conditions = conditions_without(w->off)};
    w->slots[i].worker = fr_worker_new(&config);
    w->slots[i].awake_at_ms = w->now;
    w->slots[i].endpoint = config.store;
    TELL(w, "start %s", instance);
}

static void kill_worker(struct world *w, unsigned i, fr_time_ms down_ms) {
    if (!w->slots[i].worker) return;
    fr_worker_crash(&w->slots[i].worker, fr_bus_memory_crash, fr_store_memory_crash);
    note_owners(w, i);
    w->slots[i].up_at_ms = w->now + down_ms;
    TELL(w, "kill w%u", i);
}

static void produce(struct world *w) {
    char key[8], value[24];
    int32_t partition = (int32_t)fr_rng_below(&w->rng, PARTITIONS);
    int kn = snprintf(key, sizeof key, "k%u", fr_rng_below(&w->rng, KEYS));
    int vn = snprintf(value, sizeof value, "v%u", w->produced++);
    struct fr_out out = {.topic = FR_TOPIC_EVENTS,
                         .partition = partition,
                         .timestamp_ms = w->now,
                         .key = {key, (uint32_t)kn},
                         .value = {value, (uint32_t)vn}};
    fr_bus_memory_produce(w->bus, &out);
}

static void step_worker(struct world *w, unsigned i) {
    struct slot *s = &w->slots[i];
    if (!s->worker && w->now >= s->up_at_ms && !w->stopped) start_worker(w, i);
    if (!s->worker || w->now < s->awake_at_ms) return;
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_worker_step(s->worker, w->now, 0, &msg);
    note_owners(w, i);
    if (err == FR_OK) return;
    TELL(w, "w%u stops: %s", i, msg.text);
    if (err != FR_BUS_FATAL) w->stopped = true, w->stop_reason = err;
    kill_worker(w, i, 50);
}

static void disturb_workers(struct world *w) {
    unsigned i = fr_rng_below(&w->rng, WORKERS);
    if (chance(w, 8)) kill_worker(w, i, fr_rng_below(&w->rng, 400));
    if (chance(w, 6)) {
        w->slots[i].awake_at_ms =
            w->now + fr_rng_below(&w->rng, 600); /* up to past session and transaction time-outs */
        TELL(w, "stop w%u until %lld", i, (long long)w->slots[i].awake_at_ms);
    }
}

static void disturb_servers(struct world *w) {
    if (chance(w, 5)) {
        unsigned n = fr_store_memory_roll_back(w->store, 1 + fr_rng_below(&w->rng, 3));
        w->went_back = true;
        TELL(w, "store goes back by %u", n);
    }
    if (chance(w, 1)) {
        fr_store_memory_flush(w->store);
        w->went_back = true;
        TELL(w, "store loses everything");
    }
    if (chance(w, 30)) fr_store_memory_run_orphans(w->store);
    if (chance(w, 30)) fr_bus_memory_settle(w->bus);
}

static void gap(struct world *w) {
    fr_store_memory_flush(w->store);
    w->went_back = true;
    for (unsigned i = 0; i < WORKERS; i++) kill_worker(w, i, 0);
    int64_t stable, end;
    fr_bus_memory_ends(w->bus, FR_TOPIC_EVENTS, 0, &stable, &end);
    if (end > 4) fr_bus_memory_truncate_front(w->bus, FR_TOPIC_EVENTS, 0, end / 2);
    TELL(w, "log front cut");
}

static bool first_key(void *context,
                      const struct fr_record *r) { /* remembers the last record before the limit */
    int64_t *limit = context;
    if (r->offset < limit[0]) limit[1] = r->offset;
    return r->offset < limit[0];
}

/* The topic is re-created with other contents: the record before o_r is another one now, and so are its outputs' inputs. */
static void rewrite(struct world *w) {
    struct fr_keys keys;
    struct fr_arena arena = {0};
    fr_keys_init(&keys, "sim", "user", PARTITIONS, 1);
    struct fr_str meta = fr_store_memory_get(w->store, fr_keys_meta(&keys, 0, &arena));
    struct fr_meta m;
    if (meta.ptr && fr_meta_decode(meta, &m) && m.next_offset > 0) {
        int64_t limit[2] = {m.next_offset, -1};
        fr_bus_memory_read(w->bus, FR_TOPIC_EVENTS, 0, 0, first_key, limit);
        for (unsigned i = 0; i < WORKERS; i++) kill_worker(w, i, 0);
        fr_bus_memory_rewrite(w->bus, FR_TOPIC_EVENTS, 0, limit[1]);
        TELL(w, "record %lld rewritten", (long long)limit[1]);
    }
    fr_keys_fini(&keys);
    fr_arena_fini(&arena);
}

static void storm(struct world *w, enum event_once once) {
    for (int i = 0; i < 900; i++) {
        w->now += fr_rng_below(&w->rng, 8);
        fr_bus_memory_set_time(w->bus, w->now);
        if (chance(w, 120)) produce(w);
        disturb_workers(w);
        disturb_servers(w);
        if (i == 600 && once == ONCE_GAP) gap(w);
        if (i == 600 && once == ONCE_REWRITE) rewrite(w);
        step_worker(w, fr_rng_below(&w->rng, WORKERS));
    }
}

static bool all_idle(const struct world *w) {
    for (int p = 0; p < PARTITIONS; p++) {
        int64_t stable, end;
        fr_bus_memory_ends(w->bus, FR_TOPIC_EVENTS, p, &stable, &end);
        if (fr_bus_memory_group_offset(w->bus, "freshet-user", p) != end && end > 0) return false;
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        struct fr_worker_status s;
        if (!w->slots[i].worker) return false;
        fr_worker_status(w->slots[i].worker, &s);
        if (s.busy || s.behind_records || s.live != s.assigned) return false;
    }
    return true;
}

/* No faults any more: everything must come to rest. */
static void calm(struct world *w) {
    fr_bus_memory_set_faults(w->bus, NULL);
    fr_store_memory_set_faults(w->store, NULL);
    fr_store_memory_run_orphans(w->store);
    for (int i = 0; i < 40000 && !w->stopped; i++) {
        w->now += 3;
        fr_bus_memory_settle(w->bus);
        fr_bus_memory_set_time(w->bus, w->now);
        for (unsigned s = 0; s < WORKERS; s++) step_worker(w, s);
        if (i > 400 && all_idle(w)) return;
    }
    for (unsigned s = 0; s < WORKERS && w->tell; s++) {
        struct fr_worker_status t = {0};
        if (w->slots[s].worker) fr_worker_status(w->slots[s].worker, &t);
        TELL(w, "w%u assigned %u live %u busy %d behind %llu", s, t.assigned, t.live, t.busy,
             (unsigned long long)t.behind_records);
    }
    if (!w->stopped) violate(w, "it does not come to rest", w->now, 0);
}

/* ---- the recomputation ---- */

struct reference {
    struct world *w;
    struct chain chains[KEYS];
    char outputs[4096][96];
    int64_t offsets[4096];
    uint32_t n, seen;
    int64_t end;
};

static bool recompute(void *context, const struct fr_record *r) {
    struct reference *f = context;
    struct chain *c = &f->chains[r->key.ptr[1] - '0'];
    chain_apply(c, r->value, 0);
    if (f->n < 4096) chain_output(f->outputs[f->n], r->partition, r->offset, c);
    f->n++;
    f->end = r->offset + 1;
    return true;
}

static bool compare_output(void *context, const struct fr_record *r) {
    struct reference *f = context;
    const char *want = f->seen < f->n ? f->outputs[f->seen] : "nothing more";
    if (strlen(want) != r->value.len || memcmp(want, r->value.ptr, r->value.len) != 0) {
        if (f->w->tell) printf("output %u is \"%.*s\", wanted \"%s\"\n", f->seen, FR_STR_ARG(r->value), want);
        violate(f->w, "an output is wrong, missing or double", r->partition, f->seen);
        return false;
    }
    f->seen++;
    return true;
}

static void compare_states(struct world *w, const struct reference *f, int32_t p,
                           const struct fr_keys *keys) {
    struct fr_arena arena = {0};
    for (int k = 0; k < KEYS; k++) {
        char key[8];
        int n = snprintf(key, sizeof key, "k%d", k);
        struct fr_str value =
            fr_store_memory_get(w->store, fr_keys_state(keys, p, (struct fr_str){key, (uint32_t)n}, &arena));
        struct fr_reader r = fr_reader_of(value);
        uint64_t hash = 0;
        int64_t count = 0;
        if (value.len) {
            fr_pack_read_array(&r);
            fr_pack_read_int(&r);
            fr_pack_read_array(&r);
            hash = (uint64_t)fr_pack_read_int(&r);
            count = fr_pack_read_int(&r);
        }
        if (hash != f->chains[k].hash || count != f->chains[k].count)
            violate(w, "a state is not F(log)", p, k);
    }
    struct fr_str meta = fr_store_memory_get(w->store, fr_keys_meta(keys, p, &arena));
    struct fr_meta m = {.next_offset = -1};
    if (f->n && (!meta.ptr || !fr_meta_decode(meta, &m) || m.next_offset != f->end))
        violate(w, "o_r is not the end", m.next_offset, f->end);
    fr_arena_fini(&arena);
}

static void compare(struct world *w) {
    static struct reference f;
    struct fr_keys keys;
    fr_keys_init(&keys, "sim", "user", PARTITIONS, 1);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memset(&f, 0, sizeof f);
        f.w = w;
        fr_bus_memory_read(w->bus, FR_TOPIC_EVENTS, p, 0, recompute, &f);
        fr_bus_memory_read(w->bus, FR_TOPIC_RECOMMENDATIONS, p, 0, compare_output, &f);
        if (f.seen < f.n) violate(w, "outputs are missing", p, f.n - f.seen);
        compare_states(w, &f, p, &keys);
        int64_t stable, end;
        fr_bus_memory_ends(w->bus, FR_TOPIC_RECOMMENDATIONS, p, &stable, &end);
        if (stable != end) violate(w, "a transaction hangs", p, end - stable);
    }
    fr_keys_fini(&keys);
}

/* ---- runs ---- */

static const char *run(uint64_t seed, enum off off, enum event_once once, bool tell) {
    static struct world w;
    w = (struct world){.rng = {seed * 0x9e3779b97f4a7c15u}, .off = off, .tell = tell, .now = 1000};
    w.bus = fr_bus_memory_new(
        &(struct fr_bus_memory_config){.partitions = {PARTITIONS, PARTITIONS, PARTITIONS, PARTITIONS, 1},
                                       .session_timeout_ms = 200,
                                       .txn_timeout_ms = 300,
                                       .virtual_time = true});
    w.store = fr_store_memory_new();
    fr_store_memory_keep_undo(w.store, 8);
    fr_store_memory_tear(w.store, off == OFF_ATOMIC);
    w.bus_faults = (struct fr_bus_memory_faults){&w, decide_bus};
    w.store_faults = (struct fr_store_memory_faults){&w, decide_store, executed};
    fr_bus_memory_set_time(w.bus, w.now);
    fr_bus_memory_set_faults(w.bus, &w.bus_faults);
    fr_store_memory_set_faults(w.store, &w.store_faults);
    storm(&w, once);
    calm(&w);
    bool may_stop = (once == ONCE_GAP && w.stop_reason == FR_LOG_GAP) ||
                    (once == ONCE_REWRITE && w.stop_reason == FR_LOG_MISMATCH);
    if (!w.stopped)
        compare(&w);
    else if (!may_stop)
        violate(&w, "a worker stopped", w.stop_reason, 0);
    for (unsigned i = 0; i < WORKERS; i++) kill_worker(&w, i, 0);
    fr_bus_memory_free(&w.bus);
    fr_store_memory_free(&w.store);
    return w.violation[0] ? w.violation : NULL;
}

static enum event_once trigger_of(enum off off) {
    return off == OFF_GAP ? ONCE_GAP : off == OFF_FINGERPRINT ? ONCE_REWRITE : ONCE_NOTHING;
}

static unsigned violations(unsigned seeds, enum off off, enum event_once once) {
    unsigned bad = 0;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        const char *text = run(seed, off, once, false);
        if (!text) continue;
        if (off == OFF_NOTHING || bad == 0)
            printf("     seed %llu without %s: %s   (again: test_sim %llu %s)\n", (unsigned long long)seed,
                   off_names[off], text, (unsigned long long)seed, off_names[off]);
        bad++;
    }
    return bad;
}

static void test_all_conditions(void) { CHECK_INT(violations(SEEDS, OFF_NOTHING, ONCE_NOTHING), 0); }
static void test_gap_stops_loudly(void) { CHECK_INT(violations(100, OFF_NOTHING, ONCE_GAP), 0); }
static void test_other_log_stops_loudly(void) { CHECK_INT(violations(100, OFF_NOTHING, ONCE_REWRITE), 0); }

/* The epoch is the second line behind the validation, so it is missed in few runs only. */
static void test_each_condition_is_needed(void) {
    for (enum off off = OFF_NOTHING + 1; off < OFF_N; off++) {
        unsigned seeds = off == OFF_EPOCH ? 2000 : 200;
        unsigned bad = violations(seeds, off, trigger_of(off));
        printf("     without %-12s %u of %u runs go wrong\n", off_names[off], bad, seeds);
        CHECK(bad > 0);
    }
}

int main(int argc, char **argv) {
    fr_log_setup(FR_LOG_ERROR, FR_LOG_LOGFMT);
    if (argc > 1) {
        enum off off = OFF_NOTHING;
        for (enum off o = 0; argc > 2 && o < OFF_N; o++)
            if (strcmp(argv[2], off_names[o]) == 0) off = o;
        fr_log_setup(FR_LOG_DEBUG, FR_LOG_LOGFMT);
        setvbuf(stdout, NULL, _IONBF, 0);
        const char *text = run(strtoull(argv[1], NULL, 10), off, trigger_of(off), true);
        puts(text ? text : "no violation");
        return text != NULL;
    }
    RUN(test_all_conditions);
    RUN(test_gap_stops_loudly);
    RUN(test_other_log_stops_loudly);
    RUN(test_each_condition_is_needed);
    return check_done();
}
