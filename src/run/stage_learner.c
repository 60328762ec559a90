/* The learner stage: examples and neighbour rows into models, one a key, and copies of them for those who make lists or scores.
 *
 * The state is a live model; it is a function of the model's own partition of the examples topic, so it recovers like any
 * other state. What the world sees are snapshots: views in the store under the model's name, each with
 * the offset that it includes as its version. A snapshot is absolute, so one that comes late is only late.
 *
 * Kinds      the key "ads" has the click and conversion models, every other key a recommender; what differs is behind struct
 *            learner_kind.
 * How often  encoding and loading a model costs time in proportion to its size; so the pause between two snapshots is the
 *            interval and a second more for each two MiB. */
#include "freshet/base/pack.h"
#include "freshet/run/rejects.h"
#include "stage_learner_internal.h"
#include <stdlib.h>

enum { BYTES_PER_MS = 2048 };

static const struct learner_kind *kind_of(struct fr_str name) {
    return fr_str_eq(name, FR_MODEL_ADS) ? &learner_ads : &learner_feed;
}

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

static void apply(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    struct learner_stage *s = (struct learner_stage *)stage;
    const struct fr_record *r = &b->records[record];
    if (cell_n < 1 || !cells[0]) return;
    struct learner_state *st = cells[0]->state;
    st->partition = r->partition;
    bool good = st->kind->teach(s, b, st, r, silent);
    st->next_offset = r->offset + 1;
    st->changed = true;
    cells[0]->bytes = (uint32_t)st->kind->bytes(st->model);
    if (!good && !silent)
        fr_reject_record(stage, b, s->rules->topic_prefix, record, FR_REJECT_BAD_EXAMPLE, FR_STR(""));
}

/* ---- snapshots ---- */

static void encode(struct learner_stage *s, const struct learner_state *st, bool snapshot) {
    char version[FR_LIVE_VERSION_BYTES];
    fr_live_version(st->next_offset, version);
    fr_buf_clear(&s->bytes);
    st->kind->save(st->model, version, snapshot, &s->bytes);
}

/* The version goes out beside the model, so that readers need not fetch a model they have. */
static void publish(struct learner_stage *s, const struct fr_stage_batch *b, struct learner_state *st) {
    char version[FR_LIVE_VERSION_BYTES];
    fr_live_version(st->next_offset, version);
    encode(s, st, true);
    fr_outbox_view(b->out, fr_live_key(&s->views, st->partition, st->name, b->arena),
                   fr_buf_slice(&s->bytes));
    fr_outbox_view(b->out, fr_live_version_key(&s->views, st->partition, st->name, b->arena),
                   fr_str_of(version));
    if (st->kind->published) st->kind->published(s, b, st);
    st->published_ms = b->now_ms;
    st->published_bytes = s->bytes.len;
    st->changed = false;
    fr_stat_add(b->stat, FR_STAT_MODELS_PUBLISHED, 0, 1);
}

static bool is_due(const struct learner_stage *s, const struct learner_state *st, fr_time_ms now_ms) {
    fr_time_ms pause_ms =
        (fr_time_ms)st->kind->snapshot_ms(s->rules) + (fr_time_ms)(st->published_bytes / BYTES_PER_MS);
    return st->changed && (now_ms - st->published_ms >= pause_ms || now_ms < st->published_ms);
}

static void finish(struct fr_stage *stage, const struct fr_stage_batch *b) {
    struct learner_stage *s = (struct learner_stage *)stage;
    for (struct learner_state *st = s->states; st; st = st->next)
        if (is_due(s, st, b->now_ms)) publish(s, b, st);
}

static bool has_more(struct fr_stage *stage, fr_time_ms now_ms) {
    const struct learner_stage *s = (struct learner_stage *)stage;
    for (const struct learner_state *st = s->states; st; st = st->next)
        if (is_due(s, st, now_ms)) return true;
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
    return r.ok ? st->kind->load(st->model, model) : FR_STATE_CORRUPT;
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
    st->kind->free(st->model);
    free(st);
}

static void *state_decode(struct fr_stage *stage, struct fr_str key, struct fr_str bytes) {
    struct learner_stage *s = (struct learner_stage *)stage;
    struct learner_state *st = fr_alloc_zero(1, sizeof *st);
    st->name = fr_arena_copy(&s->names, (struct fr_str){key.ptr + 2, key.len - 2});
    st->kind = kind_of(st->name);
    st->model = st->kind->make(s->rules);
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
    encode(s, st, false);
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
                                        .facts_wanted = learner_facts_wanted,
                                        .facts_loaded = learner_facts_loaded,
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
