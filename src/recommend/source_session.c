/* Visits as they happen.
 *
 * Choice    whether an example goes on with a visit is read off the history that came with it: its most recent touch lies at
 *           most a gap before. So all that is kept for a user is the number of the visit in the index; when that was
 *           forgotten, the visit goes on as a new one. */
#include "freshet/recommend/source_session.h"
#include "freshet/base/err.h"
#include "freshet/recommend/places.h"
#include <stdlib.h>

enum { SEEDS_MAX = 50 };

struct session_source {
    struct fr_source source;
    struct fr_session_source_params p;
    struct fr_session_index *index;
    struct fr_places users;
    uint64_t *visits; /* [visit_cap] by place of the user: the latest visit's number in the index, 0: none */
    uint32_t visit_cap;
};

static bool is_within_gap(const struct session_source *s, fr_time_ms earlier, fr_time_ms later) {
    return later - earlier <= s->p.gap_ms;
}

static uint64_t *visit_of(struct session_source *s, uint32_t user) {
    bool fresh;
    uint32_t place = fr_places_take(&s->users, user, &fresh);
    if (s->users.cap > s->visit_cap) {
        s->visits = fr_realloc(s->visits, s->users.cap * sizeof *s->visits);
        memset(s->visits + s->visit_cap, 0, (s->users.cap - s->visit_cap) * sizeof *s->visits);
        s->visit_cap = s->users.cap;
    }
    if (fresh) s->visits[place] = 0;
    return &s->visits[place];
}

static void learn(struct fr_source *source, const struct fr_example *e) {
    struct session_source *s = (struct session_source *)source;
    const struct fr_query *q = &e->before;
    if (!fr_example_is_positive(e) || q->user == FR_DICT_NONE) return;
    uint64_t *visit = visit_of(s, q->user);
    bool goes_on = q->seed_n > 0 && is_within_gap(s, q->seeds[0].time_ms, e->time_ms);
    if (!goes_on || !fr_session_index_has(s->index, *visit)) *visit = fr_session_index_begin(s->index);
    fr_session_index_append(s->index, *visit, e->item, e->time_ms);
}

/* Items of the current visit, newest first. */
static uint32_t visit_items(const struct session_source *s, const struct fr_query *q, uint32_t *out) {
    uint32_t n = 0;
    fr_time_ms later = q->now_ms;
    for (uint32_t i = 0; i < q->seed_n && n < s->p.seeds; i++) {
        const struct fr_seed *seed = &q->seeds[i];
        if (n > 0 && !is_within_gap(s, seed->time_ms, later)) break;
        bool was_paused = n == 0 && !is_within_gap(s, seed->time_ms, later);
        later = seed->time_ms;
        if (!fr_seed_speaks(seed)) continue;
        out[n++] = seed->item;
        if (was_paused) break; /* the visit is over; its last item stands for it */
    }
    return n;
}

/* The user's own open visit does not speak to its user. */
static uint64_t own_visit(const struct session_source *s, const struct fr_query *q) {
    uint32_t place = q->user == FR_DICT_NONE ? FR_PLACE_NONE : fr_places_find(&s->users, q->user);
    return place == FR_PLACE_NONE ? 0 : s->visits[place];
}

static uint32_t propose(const struct fr_source *source, const struct fr_query *q, struct fr_scratch *votes,
                        uint32_t most, struct fr_vote *out) {
    const struct session_source *s = (const struct session_source *)source;
    uint32_t items[SEEDS_MAX];
    if (fr_session_index_number_end(s->index) > q->ids->n)
        return 0; /* these ids do not know what was learnt */
    struct fr_session_query ask = {
        .items = items, .n = visit_items(s, q, items), .now_ms = q->now_ms, .except = own_visit(s, q)};
    fr_scratch_reserve(votes, q->ids->n);
    fr_session_index_search(s->index, &ask, votes);
    return fr_scratch_best(votes, q->ids, most, out);
}

static void save(const struct fr_source *source, struct fr_tensors_writer *w) {
    const struct session_source *s = (const struct session_source *)source;
    fr_session_index_save(s->index, w, "session");
    fr_places_save(&s->users, w, "session.users");
    fr_tensors_put_vector(w, "session.visits", FR_TENSOR_U64, s->users.n, s->visits);
}

static enum fr_err load(struct fr_source *source, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct session_source *s = (struct session_source *)source;
    enum fr_err err = fr_session_index_load(s->index, f, "session", msg);
    if (!err) err = fr_places_load(&s->users, f, "session.users", msg);
    if (err) return err;
    const struct fr_tensor *visits = fr_tensors_get(f, "session.visits", FR_TENSOR_U64);
    if (!visits || visits->count != s->users.n)
        return fr_err_set(msg, FR_STATE_CORRUPT, "session: users without visits");
    s->visit_cap = s->users.cap;
    s->visits = fr_alloc_zero(s->visit_cap ? s->visit_cap : 1, sizeof *s->visits);
    if (visits->count) memcpy(s->visits, visits->data, visits->count * sizeof *s->visits);
    return FR_OK;
}

static size_t bytes(const struct fr_source *source) {
    const struct session_source *s = (const struct session_source *)source;
    return sizeof *s + fr_session_index_bytes(s->index) + fr_places_bytes(&s->users) +
           s->visit_cap * sizeof *s->visits;
}

static void free_session(struct fr_source *source) {
    struct session_source *s = (struct session_source *)source;
    fr_session_index_free(s->index);
    fr_places_fini(&s->users);
    free(s->visits);
    free(s);
}

static const struct fr_source_ops ops = {.name = "session",
                                         .reason = FR_REASON_SIMILAR_SESSION,
                                         .propose = propose,
                                         .learn = learn,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_session};

struct fr_source *fr_source_session_new(const struct fr_session_source_params *p) {
    struct session_source *s = fr_alloc_zero(1, sizeof *s);
    s->source.ops = &ops;
    s->p = p ? *p : FR_SESSION_SOURCE_DEFAULTS;
    FR_ASSERT(s->p.seeds > 0 && s->p.seeds <= SEEDS_MAX && s->p.gap_ms > 0);
    s->index = fr_session_index_new(&s->p.index);
    fr_places_init(&s->users, s->p.index.sessions);
    return &s->source;
}
