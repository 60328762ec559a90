/* People with similar recent histories.
 *
 * Choice    a user is a session that never ends. The index keeps the latest sessions by when they began, so a user who is
 *           still active is begun anew, with the items so far, before the ring comes round: when half of it began since. */
#include "freshet/recommend/source_user.h"
#include "freshet/base/err.h"
#include "freshet/recommend/places.h"
#include <stdlib.h>

enum { SEEDS_MAX = 50 };

struct user_source {
    struct fr_source source;
    struct fr_user_source_params p;
    struct fr_session_index *index;
    struct fr_places users;
    uint64_t *sessions; /* [session_cap] by place: the user's number in the index, 0: none */
    uint32_t session_cap;
    uint32_t *moved; /* [index.length] items on their way */
};

static uint64_t *session_of(struct user_source *s, uint32_t user) {
    bool fresh;
    uint32_t place = fr_places_take(&s->users, user, &fresh);
    if (s->users.cap > s->session_cap) {
        s->sessions = fr_realloc(s->sessions, s->users.cap * sizeof *s->sessions);
        memset(s->sessions + s->session_cap, 0, (s->users.cap - s->session_cap) * sizeof *s->sessions);
        s->session_cap = s->users.cap;
    }
    if (fresh) s->sessions[place] = 0;
    return &s->sessions[place];
}

static void renew(struct user_source *s, uint64_t *session, fr_time_ms time_ms) {
    uint32_t n = fr_session_index_items(s->index, *session, s->moved);
    *session = fr_session_index_begin(s->index);
    for (uint32_t i = 0; i < n; i++) fr_session_index_append(s->index, *session, s->moved[i], time_ms);
}

static void learn(struct fr_source *source, const struct fr_example *e) {
    struct user_source *s = (struct user_source *)source;
    if (!fr_example_is_positive(e) || !e->is_new || e->before.user == FR_DICT_NONE) return;
    uint64_t *session = session_of(s, e->before.user);
    if (*session == 0 || fr_session_index_begun(s->index) - *session >= s->p.index.sessions / 2)
        renew(s, session, e->time_ms);
    fr_session_index_append(s->index, *session, e->item, e->time_ms);
}

static uint64_t own_session(const struct user_source *s, const struct fr_query *q) {
    uint32_t place = q->user == FR_DICT_NONE ? FR_PLACE_NONE : fr_places_find(&s->users, q->user);
    return place == FR_PLACE_NONE ? 0 : s->sessions[place];
}

static uint32_t propose(const struct fr_source *source, const struct fr_query *q, struct fr_scratch *votes,
                        uint32_t most, struct fr_vote *out) {
    const struct user_source *s = (const struct user_source *)source;
    uint32_t items[SEEDS_MAX], n = 0;
    if (fr_session_index_number_end(s->index) > q->ids->n)
        return 0; /* these ids do not know what was learnt */
    for (uint32_t i = 0; i < q->seed_n && n < s->p.seeds; i++)
        if (fr_seed_speaks(&q->seeds[i])) items[n++] = q->seeds[i].item;
    struct fr_session_query ask = {items, n, q->now_ms, own_session(s, q)};
    fr_scratch_reserve(votes, q->ids->n);
    fr_session_index_search(s->index, &ask, votes);
    return fr_scratch_best(votes, q->ids, most, out);
}

static void save(const struct fr_source *source, struct fr_tensors_writer *w) {
    const struct user_source *s = (const struct user_source *)source;
    fr_session_index_save(s->index, w, "user-cf");
    fr_places_save(&s->users, w, "user-cf.users");
    fr_tensors_put_vector(w, "user-cf.sessions", FR_TENSOR_U64, s->users.n, s->sessions);
}

static enum fr_err load(struct fr_source *source, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct user_source *s = (struct user_source *)source;
    enum fr_err err = fr_session_index_load(s->index, f, "user-cf", msg);
    if (!err) err = fr_places_load(&s->users, f, "user-cf.users", msg);
    if (err) return err;
    const struct fr_tensor *sessions = fr_tensors_get(f, "user-cf.sessions", FR_TENSOR_U64);
    if (!sessions || sessions->count != s->users.n)
        return fr_err_set(msg, FR_STATE_CORRUPT, "user-cf: users without sessions");
    s->session_cap = s->users.cap;
    s->sessions = fr_alloc_zero(s->session_cap ? s->session_cap : 1, sizeof *s->sessions);
    if (sessions->count) memcpy(s->sessions, sessions->data, sessions->count * sizeof *s->sessions);
    return FR_OK;
}

static size_t bytes(const struct fr_source *source) {
    const struct user_source *s = (const struct user_source *)source;
    return sizeof *s + fr_session_index_bytes(s->index) + fr_places_bytes(&s->users) +
           s->session_cap * sizeof *s->sessions;
}

static void free_user(struct fr_source *source) {
    struct user_source *s = (struct user_source *)source;
    fr_session_index_free(s->index);
    fr_places_fini(&s->users);
    free(s->sessions);
    free(s->moved);
    free(s);
}

static const struct fr_source_ops ops = {.name = "user-cf",
                                         .reason = FR_REASON_SIMILAR_PEOPLE,
                                         .propose = propose,
                                         .learn = learn,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_user};

struct fr_source *fr_source_user_new(const struct fr_user_source_params *p) {
    struct user_source *s = fr_alloc_zero(1, sizeof *s);
    s->source.ops = &ops;
    s->p = p ? *p : FR_USER_SOURCE_DEFAULTS;
    FR_ASSERT(s->p.seeds > 0 && s->p.seeds <= SEEDS_MAX);
    s->index = fr_session_index_new(&s->p.index);
    s->moved = fr_alloc(s->p.index.length * sizeof *s->moved);
    fr_places_init(&s->users, s->p.index.sessions);
    return &s->source;
}
