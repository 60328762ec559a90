/* Models of the feed's kind: one recommender, with the bundle in force.
 *
 * Bundles    are facts: a control record or a stored state names one, and it is read before anything is applied. One that
 *            is nowhere (deleted by hand, a store that lost everything) is said and done without.
 * Roll-back  the monitor's verdict is a control record of this stage's own, in the same transaction as the offset, and an
 *            announcement; it comes into force when it is read, like everybody else's. */
#include "stage_learner_internal.h"
#include <stdlib.h>

static bool is_feed(const struct learner_state *st) { return st->kind == &learner_feed; }
static struct fr_live_learner *learner_of(const struct learner_state *st) { return st->model; }

/* ---- bundles ---- */

static struct fr_bundle_fetch *find_bundle(struct learner_stage *s, struct fr_str version) {
    for (uint32_t i = 0; i < s->bundle_n; i++)
        if (fr_str_eq(fr_str_of(s->bundles[i].version), version)) return &s->bundles[i];
    return NULL;
}

static bool is_in_use(const struct learner_stage *s, const struct fr_bundle_fetch *f) {
    for (const struct learner_state *st = s->states; st; st = st->next)
        if (is_feed(st) && strcmp(learner_of(st)->bundle, f->version) == 0) return true;
    return false;
}

/* Makes room by letting the oldest go that no model has in force. */
static void make_room(struct learner_stage *s) {
    for (uint32_t i = 0; i < s->bundle_n && s->bundle_n == LEARNER_BUNDLES; i++) {
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
    if (s->bundle_n < LEARNER_BUNDLES)
        fr_bundle_fetch_init(&s->bundles[s->bundle_n++], s->rules->topic_prefix, version);
}

uint32_t learner_facts_wanted(struct fr_stage *stage, const struct fr_stage_batch *b,
                              const struct fr_str **keys) {
    struct learner_stage *s = (struct learner_stage *)stage;
    for (const struct learner_state *st = s->states; st; st = st->next)
        if (is_feed(st) && !learner_of(st)->attached) want_bundle(s, fr_str_of(learner_of(st)->bundle));
    for (uint32_t i = 0; i < b->record_n; i++) want_bundle(s, fr_live_control_version(b->records[i].value));
    for (uint32_t i = 0; i < s->bundle_n; i++) {
        uint32_t n = fr_bundle_fetch_keys(&s->bundles[i], b->arena, keys);
        if (n) return n;
    }
    return 0;
}

void learner_facts_loaded(struct fr_stage *stage, const struct fr_stage_batch *b, const struct fr_str *values,
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
    const struct fr_live_learner *l = learner_of(st);
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
    fr_stat_add(b->stat, FR_STAT_LESSONS_LEARNT, 0, t->lessons);
    fr_stat_add(b->stat, FR_STAT_LISTS_JUDGED, 0, t->judged);
    fr_stat_add(b->stat, FR_STAT_LISTS_HIT, 0, t->hits);
    fr_stat_add(b->stat, FR_STAT_BUNDLES_MISSING, 0, t->missing);
}

static void attach(struct learner_stage *s, const struct fr_stage_batch *b, struct fr_live_learner *l) {
    if (l->attached) return;
    const struct fr_bundle *bundle = bundle_of(s, fr_str_of(l->bundle));
    fr_live_learner_attach(l, bundle);
    fr_stat_add(b->stat, FR_STAT_BUNDLES_MISSING, 0, l->bundle[0] && !bundle);
}

static bool teach(struct learner_stage *s, const struct fr_stage_batch *b, struct learner_state *st,
                  const struct fr_record *r, bool silent) {
    struct fr_live_learner *l = learner_of(st);
    attach(s, b, l);
    struct fr_live_taught taught =
        fr_live_learner_teach(l, r->value, bundle_of(s, fr_live_control_version(r->value)),
                              &s->rules->monitor, s->use, &s->scratch);
    count(b, &taught);
    if (taught.roll_back && !silent) roll_back(s, b, st, r->timestamp_ms);
    return !taught.bad;
}

/* ---- the kind ---- */

static void *make(const struct fr_rules *rules) {
    struct fr_live_learner *l = fr_alloc_zero(1, sizeof *l);
    fr_live_learner_init(l, &rules->recommender);
    return l;
}

static void free_learner(void *model) {
    fr_live_learner_fini(model);
    free(model);
}

static enum fr_err load(void *model, struct fr_str bytes) {
    return fr_live_learner_load(model, bytes, NULL, NULL);
}

static void save(const void *model, const char *version, bool snapshot, struct fr_buf *out) {
    (void)snapshot; /* readers need all of it */
    fr_live_learner_save(model, version, out);
}

static size_t bytes(const void *model) {
    return fr_recommender_bytes(((const struct fr_live_learner *)model)->recommender);
}

static uint32_t snapshot_ms(const struct fr_rules *rules) { return rules->snapshot_ms; }

/* What the next candidate is held to, also after a roll-back. */
static void published(const struct learner_stage *s, const struct fr_stage_batch *b,
                      const struct learner_state *st) {
    if (fr_str_eq(st->name, FR_MODEL_FEED))
        fr_outbox_view(b->out, fr_bundle_in_force_key(s->rules->topic_prefix, b->arena),
                       fr_str_of(learner_of(st)->bundle));
}

const struct learner_kind learner_feed = {.make = make,
                                          .free = free_learner,
                                          .load = load,
                                          .save = save,
                                          .bytes = bytes,
                                          .teach = teach,
                                          .snapshot_ms = snapshot_ms,
                                          .published = published};
