/* The learner stage: examples and neighbour rows into one recommender, and copies of it for those who make lists.
 *
 * The state is the recommender itself, one key a model; it is a function of the model's own partition of the examples topic,
 * so it recovers like any other state. What the world sees are snapshots: views in the store under the model's name, each
 * with the offset it includes as its version. A snapshot is absolute, so one that comes late is only late.
 *
 * How often  encoding and loading a model costs time in proportion to its size; so the pause between two snapshots is the
 *            interval and a second more for each two MiB. */
#include "freshet/base/pack.h"
#include "freshet/run/live_model.h"
#include "freshet/run/rejects.h"
#include "freshet/run/stages.h"
#include <stdio.h>
#include <stdlib.h>

enum { BYTES_PER_MS = 2048, NO_OFFSET = -1 };

struct learner_state {
    struct fr_recommender *recommender;
    struct fr_str name; /* in the stage's arena */
    int32_t partition;
    int64_t next_offset; /* of the partition: what the recommender includes */
    bool changed;        /* since the last snapshot */
    struct learner_state *next;
};

struct learner_stage {
    struct fr_stage base;
    const struct fr_rules *rules;
    struct fr_keys views;
    struct fr_recommender_use *use;
    struct fr_arena names, scratch;
    struct learner_state *states; /* those in memory */
    struct fr_buf bytes;
    fr_time_ms published_ms;
    size_t published_bytes; /* of the last snapshots */
};

static void begin(struct fr_stage *stage, const struct fr_stage_batch *b) {
    (void)stage;
    (void)b;
}

static struct fr_str model_key(struct fr_arena *arena, struct fr_str name) {
    char *text = fr_arena_alloc(arena, name.len + 2);
    text[0] = FR_KEY_MODEL;
    text[1] = ':';
    memcpy(text + 2, name.ptr, name.len);
    return (struct fr_str){text, name.len + 2};
}

/* A record's key is its model's name; a record without one is nobody's. */
static void decode(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                   struct fr_wants *wants) {
    (void)stage;
    const struct fr_record *r = &b->records[record];
    if (r->key.len) fr_want(wants, model_key(b->arena, r->key));
}

static size_t memory_of(const struct fr_recommender *r) {
    size_t bytes = fr_dict_bytes(fr_recommender_names(r));
    for (uint32_t i = 0; i < fr_recommender_sources(r); i++) {
        const struct fr_source *source = fr_recommender_source(r, i);
        bytes += source->ops->bytes(source);
    }
    return bytes;
}

static void apply(struct fr_stage *stage, const struct fr_stage_batch *b, uint32_t record,
                  struct fr_cell *const *cells, uint32_t cell_n, bool silent) {
    struct learner_stage *s = (struct learner_stage *)stage;
    const struct fr_record *r = &b->records[record];
    if (cell_n < 1 || !cells[0]) return;
    struct learner_state *st = cells[0]->state;
    fr_arena_clear(&s->scratch);
    int64_t learnt = fr_live_learn(st->recommender, r->value, s->use, &s->scratch);
    if (learnt > 0) fr_stat_add(b->stat, FR_STAT_EXAMPLES_LEARNT, 0, (uint64_t)learnt);
    if (learnt < 0 && !silent)
        fr_reject_record(stage, b, s->rules->topic_prefix, record, FR_REJECT_BAD_EXAMPLE, FR_STR(""));
    st->partition = r->partition;
    st->next_offset = r->offset + 1;
    st->changed = true;
    cells[0]->bytes = (uint32_t)memory_of(st->recommender);
}

static uint32_t views_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                             const struct fr_str **keys) {
    (void)stage;
    (void)b;
    *keys = NULL;
    return 0;
}

static void views_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
                         uint32_t n) {
    (void)stage;
    (void)b;
    (void)values;
    (void)n;
}

/* ---- snapshots ---- */

static void encode(struct learner_stage *s, const struct learner_state *st) {
    char version[FR_LIVE_VERSION_BYTES];
    fr_live_version(st->next_offset, version);
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_meta(w, "version", fr_str_of(version));
    fr_recommender_save(st->recommender, w);
    fr_buf_clear(&s->bytes);
    fr_tensors_finish(w, &s->bytes);
    fr_tensors_writer_free(w);
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
    int64_t next_offset = NO_OFFSET;
    struct fr_str model = {NULL, 0};
    if (fr_pack_read_array(&r) == 2) {
        next_offset = fr_pack_read_int(&r);
        model = fr_pack_read_str(&r);
    }
    if (!r.ok) return FR_STATE_CORRUPT;
    st->next_offset = next_offset;
    return fr_live_decode(model, st->recommender, NULL, NULL);
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
    fr_recommender_free(st->recommender);
    free(st);
}

static void *state_decode(struct fr_stage *stage, struct fr_str key, struct fr_str bytes) {
    struct learner_stage *s = (struct learner_stage *)stage;
    struct learner_state *st = fr_alloc_zero(1, sizeof *st);
    st->recommender = fr_recommender_new(&s->rules->recommender);
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
    fr_recommender_use_free(s->use);
    fr_keys_fini(&s->views);
    fr_buf_fini(&s->bytes);
    fr_arena_fini(&s->names);
    fr_arena_fini(&s->scratch);
    free(s);
}

static const struct fr_stage_ops ops = {.name = "learner",
                                        .input = FR_TOPIC_EXAMPLES,
                                        .begin = begin,
                                        .decode = decode,
                                        .apply = apply,
                                        .views_wanted = views_wanted,
                                        .views_loaded = views_loaded,
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
