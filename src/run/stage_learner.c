/* The learner stage: examples and neighbour rows into one recommender a model, and copies of it for those who make lists.
 *
 * The state is a live learner, one key a model; it is a function of the model's own partition of the examples topic, so it
 * recovers like any other state. What the world sees are snapshots: views in the store under the model's name, each with
 * the offset that it includes as its version. A snapshot is absolute, so one that comes late is only late.
 *
 * Bundles    are facts: a control record or a stored state names one, and it is read before anything is applied. One that
 *            is nowhere (deleted by hand, a store that lost everything) is said and done without.
 * Roll-back  the monitor's verdict is a control record of this stage's own, in the same transaction as the offset, and an
 *            announcement; it comes into force when it is read, like everybody else's.
 * How often  encoding and loading a model costs time in proportion to its size; so the pause between two snapshots is the
 *            interval and a second more for each two MiB. */
#include "freshet/base/pack.h"
#include "freshet/run/bundle_store.h"
#include "freshet/run/live_model.h"
#include "freshet/run/rejects.h"
#include "freshet/run/stages.h"
#include <stdio.h>
#include <stdlib.h>

enum { BYTES_PER_MS = 2048, BUNDLES = 8 };

struct learner_state {
    struct fr_live_learner learner;
    struct fr_str name; /* in the stage's arena */
    int32_t partition;
    int64_t next_offset; /* of the partition: what the learner includes */
    bool changed;        /* since the last snapshot */
    struct learner_state *next;
};

struct learner_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_keys views;
    struct fr_recommender_use *use;
    struct fr_arena names, scratch;
    struct learner_state *states;            /* those in memory */
    struct fr_bundle_fetch bundles[BUNDLES]; /* [bundle_n] read or being read; the oldest first */
    uint32_t bundle_n;
    struct fr_buf bytes, text;
    fr_time_ms published_ms;
    size_t published_bytes; /* of the last snapshots */
};

static void begin(struct fr_stage *stage, const struct fr_stage_batch *b) {
    (void)stage;
    (void)b;
}

/* A record's key is its model's name; a record without one is nobody's. */
static void decode(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants) {
    (void)stage;
    const struct fr_record *r = &b->records[record];
    if (r->key.len) fr_want(wants, fr_keys_thing(FR_KEY_MODEL, r->key, b->arena));
}

/* ---- bundles ---- */

static struct fr_bundle_fetch *find_bundle(struct learner_stage *s, struct fr_str version) {
    for (uint32_t i = 0; i < s->bundle_n; i++)
        if (fr_str_eq(fr_str_of(s->bundles[i].version), version)) return &s->bundles[i];
    return NULL;
}

static bool is_in_use(const struct learner_stage *s, const struct fr_bundle_fetch *f) {
    for (const struct learner_state *st = s->states; st; st = st->next)
        if (strcmp(st->learner.bundle, f->version) == 0) return true;
    return false;
}

/* Makes room by letting the oldest go that no model has in force. */
static void make_room(struct learner_stage *s) {
    for (uint32_t i = 0; i < s->bundle_n && s->bundle_n == BUNDLES; i++) {
        if (is_in_use(s, &s->bundles[i])) continue;
        fr_bundle_fetch_fini(&s->bundles[i]);
        memmove(&s->bundles[i], &s->bundles[i + 1], (s->bundle_n - i - 1) * sizeof *s->bundles);
        s->bundle_n--;
        i--;
    }
}

static void want_bundle(struct learner_stage *s, struct fr_str version) {
    if (!version.len || find_bundle(s, version)) return;
    make_room(s);
    if (s->bundle_n < BUNDLES)
        fr_bundle_fetch_init(&s->bundles[s->bundle_n++], s->rules->topic_prefix, version);
}

static uint32_t facts_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                             const struct fr_str **keys) {
    struct learner_stage *s = (struct learner_stage *)stage;
    for (const struct learner_state *st = s->states; st; st = st->next)
        if (!st->learner.attached) want_bundle(s, fr_str_of(st->learner.bundle));
    for (uint32_t i = 0; i < b->record_n; i++) want_bundle(s, fr_live_control_version(b->records[i].value));
    for (uint32_t i = 0; i < s->bundle_n; i++) {
        uint32_t n = fr_bundle_fetch_keys(&s->bundles[i], b->arena, keys);
        if (n) return n;
    }
    return 0;
}

static void facts_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                         uint32_t n) {
    struct learner_stage *s = (struct learner_stage *)stage;
    for (uint32_t i = 0; i < s->bundle_n; i++) {
        const struct fr_str *keys;
        if (fr_bundle_fetch_keys(&s->bundles[i], b->arena, &keys) == 0) continue;
        fr_bundle_fetch_values(&s->bundles[i], values, n);
        return;
    }
}

static const struct fr_bundle *bundle_of(struct learner_stage *s, struct fr_str version) {
    const struct fr_bundle_fetch *f = version.len ? find_bundle(s, version) : NULL;
    return f ? f->bundle : NULL;
}

/* ---- learning ---- */

/* What the monitor asks for, as it will be read by this stage and by everybody who follows models. */
static void roll_back(struct learner_stage *s, const struct fr_stage_batch *b, const struct learner_state *st,
                      fr_time_ms at_ms) {
    const struct fr_live_learner *l = &st->learner;
    struct fr_control control = {fr_str_of(l->previous), fr_str_of(l->bundle), FR_MODEL_EVENT_ROLLED_BACK,
                                 at_ms};
    fr_buf_clear(&s->text);
    fr_control_write(&control, &s->text);
    struct fr_out record = {.topic = FR_TOPIC_EXAMPLES,
                            .partition = st->partition,
                            .key = st->name,
                            .value = fr_buf_slice(&s->text)};
    fr_outbox_record(b->out, &record);
    struct fr_model_event event = {.kind = FR_MODEL_EVENT_ROLLED_BACK,
                                   .version = l->bundle,
                                   .in_force = l->previous,
                                   .by = "monitor",
                                   .reason =
                                       "its lists are hit significantly less often than those before it",
                                   .time_ms = at_ms,
                                   .alpha = s->rules->monitor.alpha,
                                   .monitor = &l->monitor,
                                   .z = fr_monitor_z(&l->monitor, &s->rules->monitor)};
    fr_buf_clear(&s->text);
    fr_model_event_json(&event, &s->text);
    struct fr_out said = {.topic = FR_TOPIC_MODELS,
                          .partition = -1,
                          .key = fr_str_of(l->bundle),
                          .value = fr_buf_slice(&s->text)};
    fr_outbox_record(b->out, &said);
}

static void count(const struct fr_stage_batch *b, const struct fr_live_taught *t) {
    fr_stat_add(b->stat, FR_STAT_EXAMPLES_LEARNT, 0, t->examples);
    fr_stat_add(b->stat, FR_STAT_LISTS_JUDGED, 0, t->judged);
    fr_stat_add(b->stat, FR_STAT_LISTS_HIT, 0, t->hits);
    fr_stat_add(b->stat, FR_STAT_BUNDLES_MISSING, 0, t->missing);
}

static void attach_all(struct learner_stage *s, const struct fr_stage_batch *b) {
    for (struct learner_state *st = s->states; st; st = st->next) {
        if (st->learner.attached) continue;
        const struct fr_bundle *bundle = bundle_of(s, fr_str_of(st->learner.bundle));
        fr_live_learner_attach(&st->learner, bundle);
        fr_stat_add(b->stat, FR_STAT_BUNDLES_MISSING, 0, st->learner.bundle[0] && !bundle);
    }
}

static void apply(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    struct learner_stage *s = (struct learner_stage *)stage;
    const struct fr_record *r = &b->records[record];
    attach_all(s, b);
    if (cell_n < 1 || !cells[0]) return;
    struct learner_state *st = cells[0]->state;
    struct fr_live_taught taught =
        fr_live_learner_teach(&st->learner, r->value, bundle_of(s, fr_live_control_version(r->value)),
                              &s->rules->monitor, s->use, &s->scratch);
    st->partition = r->partition;
    st->next_offset = r->offset + 1;
    st->changed = true;
    cells[0]->bytes = (uint32_t)fr_recommender_bytes(st->learner.recommender);
    count(b, &taught);
    if (silent) return;
    if (taught.bad)
        fr_reject_record(stage, b, s->rules->topic_prefix, record, FR_REJECT_BAD_EXAMPLE, FR_STR(""));
    if (taught.roll_back) roll_back(s, b, st, r->timestamp_ms);
}

/* ---- snapshots ---- */

static void encode(struct learner_stage *s, const struct learner_state *st) {
    char version[FR_LIVE_VERSION_BYTES];
    fr_live_version(st->next_offset, version);
    fr_buf_clear(&s->bytes);
    fr_live_learner_save(&st->learner, version, &s->bytes);
}

/* The version goes out beside the model, so that readers need not fetch a model they have. */
static void publish(struct learner_stage *s, const struct fr_stage_batch *b, struct learner_state *st) {
    char version[FR_LIVE_VERSION_BYTES];
    fr_live_version(st->next_offset, version);
    encode(s, st);
    fr_outbox_view(b->out, fr_live_key(&s->views, st->partition, st->name, b->arena),
                   fr_buf_slice(&s->bytes));
    fr_outbox_view(b->out, fr_live_version_key(&s->views, st->partition, st->name, b->arena),
                   fr_str_of(version));
    if (fr_str_eq(st->name, FR_MODEL_FEED)) /* what the next candidate is held to, also after a roll-back */
        fr_outbox_view(b->out, fr_bundle_in_force_key(s->rules->topic_prefix, b->arena),
                       fr_str_of(st->learner.bundle));
    s->published_bytes += s->bytes.len;
    st->changed = false;
    fr_stat_add(b->stat, FR_STAT_MODELS_PUBLISHED, 0, 1);
}

static bool is_due(const struct learner_stage *s, fr_time_ms now_ms) {
    fr_time_ms pause_ms = (fr_time_ms)s->rules->snapshot_ms + (fr_time_ms)(s->published_bytes / BYTES_PER_MS);
    return now_ms - s->published_ms >= pause_ms || now_ms < s->published_ms;
}

static void finish(struct fr_stage *stage, const struct fr_stage_batch *b) {
    struct learner_stage *s = (struct learner_stage *)stage;
    if (!is_due(s, b->now_ms)) return;
    s->published_ms = b->now_ms;
    s->published_bytes = 0;
    for (struct learner_state *st = s->states; st; st = st->next)
        if (st->changed) publish(s, b, st);
}

static bool has_more(struct fr_stage *stage, fr_time_ms now_ms) {
    struct learner_stage *s = (struct learner_stage *)stage;
    if (!is_due(s, now_ms)) return false;
    for (const struct learner_state *st = s->states; st; st = st->next)
        if (st->changed) return true;
    return false;
}

/* ---- states ---- */

static enum fr_err load(struct learner_state *st, struct fr_str bytes) {
    struct fr_reader r = fr_reader_of(bytes);
    struct fr_str model = {NULL, 0};
    if (fr_pack_read_array(&r) == 2) {
        st->next_offset = fr_pack_read_int(&r);
        model = fr_pack_read_str(&r);
    }
    return r.ok ? fr_live_learner_load(&st->learner, model, NULL, NULL) : FR_STATE_CORRUPT;
}

static void unlink_state(struct learner_stage *s, const struct learner_state *st) {
    for (struct learner_state **at = &s->states; *at; at = &(*at)->next)
        if (*at == st) {
            *at = st->next;
            return;
        }
}

static void state_free(struct fr_stage *stage, struct fr_str key, void *state) {
    (void)key;
    struct learner_state *st = state;
    unlink_state((struct learner_stage *)stage, st);
    fr_live_learner_fini(&st->learner);
    free(st);
}

static void *state_decode(struct fr_stage *stage, struct fr_str key, struct fr_str bytes) {
    struct learner_stage *s = (struct learner_stage *)stage;
    struct learner_state *st = fr_alloc_zero(1, sizeof *st);
    fr_live_learner_init(&st->learner, &s->rules->recommender);
    st->name = fr_arena_copy(&s->names, (struct fr_str){key.ptr + 2, key.len - 2});
    st->next = s->states;
    s->states = st;
    if (bytes.len == 0 || load(st, bytes) == FR_OK) return st;
    state_free(stage, key, st);
    return NULL;
}

static void state_encode(struct fr_stage *stage, struct fr_str key, const void *state, struct fr_buf *out) {
    (void)key;
    struct learner_stage *s = (struct learner_stage *)stage;
    const struct learner_state *st = state;
    encode(s, st);
    fr_pack_array(out, 2);
    fr_pack_int(out, st->next_offset);
    fr_pack_bin(out, fr_buf_slice(&s->bytes));
}

static void free_stage(struct fr_stage *stage) {
    struct learner_stage *s = (struct learner_stage *)stage;
    for (uint32_t i = 0; i < s->bundle_n; i++) fr_bundle_fetch_fini(&s->bundles[i]);
    fr_recommender_use_free(s->use);
    fr_keys_fini(&s->views);
    fr_buf_fini(&s->bytes);
    fr_buf_fini(&s->text);
    fr_arena_fini(&s->names);
    fr_arena_fini(&s->scratch);
    free(s);
}

static const struct fr_stage_ops ops = {.name = "learner",
                                        .input = FR_TOPIC_EXAMPLES,
                                        .begin = begin,
                                        .decode = decode,
                                        .facts_wanted = facts_wanted,
                                        .facts_loaded = facts_loaded,
                                        .apply = apply,
                                        .finish = finish,
                                        .has_more = has_more,
                                        .state_decode = state_decode,
                                        .state_encode = state_encode,
                                        .state_free = state_free,
                                        .free = free_stage};

struct fr_stage *fr_stage_learner_new(const struct fr_rules *rules, uint32_t example_partitions) {
    struct learner_stage *s = fr_alloc_zero(1, sizeof *s);
    s->base = (struct fr_stage){&ops, 2};
    s->rules = rules;
    s->use = fr_recommender_use_new();
    fr_keys_init(&s->views, rules->topic_prefix, ops.name, example_partitions, 1);
    return &s->base;
}
