/* Whom users listen to.
 *
 * Choice    touches lie with the person who made them, so a user's candidates are read from the few people the user listens
 *           to; fanning a touch out to all followers would cost what a popular person has followers. Influence belongs to
 *           the person, not to the edge: an edge is seen too seldom to say anything, the prior would speak alone.
 * Invariant a person's touches are distinct items, oldest first.
 *
 *     example of u --+-- each followee f: exposure, maybe follow-up ---> person f {touches, follow_ups, exposures}
 *                    +-- sharer s: opener u {s ..}, follow-up ---------> person s
 *                    +-- u is a person: a touch -----------------------> person u */
#include "freshet/recommend/source_social.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include "freshet/recommend/places.h"
#include <stdlib.h>

struct touch {
    fr_time_ms time_ms;
    uint64_t item;
};

struct person {
    struct touch *touches; /* [touch_n], room for p.touches; NULL: none yet */
    uint32_t touch_n;
    double follow_ups, exposures; /* as of seen_ms */
    fr_time_ms seen_ms;
};

struct social {
    struct fr_source source;
    struct fr_social_params p;
    struct fr_places people, openers;
    struct person *persons; /* [person_cap] by place of people */
    uint32_t *sharers;      /* [opener_cap][p.sharers] by place of openers, newest first, then FR_DICT_NONE */
    uint32_t person_cap, opener_cap;
    uint32_t item_end; /* every item kept is below it */
};

static struct person *person_of(struct social *s, uint32_t user) {
    bool fresh;
    uint32_t place = fr_places_take(&s->people, user, &fresh);
    if (s->people.cap > s->person_cap) {
        s->persons = fr_realloc(s->persons, s->people.cap * sizeof *s->persons);
        memset(s->persons + s->person_cap, 0, (s->people.cap - s->person_cap) * sizeof *s->persons);
        s->person_cap = s->people.cap;
    }
    struct person *person = &s->persons[place];
    if (fresh) *person = (struct person){.touches = person->touches};
    return person;
}

static const struct person *find_person(const struct social *s, uint32_t user) {
    uint32_t place = user == FR_DICT_NONE ? FR_PLACE_NONE : fr_places_find(&s->people, user);
    return place == FR_PLACE_NONE ? NULL : &s->persons[place];
}

static uint32_t *sharers_of(struct social *s, uint32_t user) {
    bool fresh;
    uint32_t place = fr_places_take(&s->openers, user, &fresh);
    if (s->openers.cap > s->opener_cap) {
        s->sharers = fr_realloc(s->sharers, s->openers.cap * s->p.sharers * sizeof *s->sharers);
        s->opener_cap = s->openers.cap;
    }
    uint32_t *sharers = &s->sharers[(size_t)place * s->p.sharers];
    for (uint32_t i = 0; fresh && i < s->p.sharers; i++) sharers[i] = FR_DICT_NONE;
    return sharers;
}

/* To the front; whoever stood there first falls out of a full list. */
static void note_sharer(struct social *s, uint32_t user, uint32_t sharer) {
    uint32_t *sharers = sharers_of(s, user), at = 0;
    while (at + 1 < s->p.sharers && sharers[at] != sharer && sharers[at] != FR_DICT_NONE) at++;
    memmove(sharers + 1, sharers, at * sizeof *sharers);
    sharers[0] = sharer;
}

static double worth(const struct social *s, fr_time_ms from, fr_time_ms to) {
    double age_ms = (double)to - (double)from;
    return age_ms > 0 ? fr_exp2(-age_ms / s->p.half_life_ms) : 1;
}

static void expose(const struct social *s, struct person *f, double follow_ups, double exposures,
                   fr_time_ms now_ms) {
    double left = worth(s, f->seen_ms, now_ms);
    f->follow_ups = f->follow_ups * left + follow_ups;
    f->exposures = f->exposures * left + exposures;
    if (now_ms > f->seen_ms) f->seen_ms = now_ms;
}

static uint32_t find_touch(const struct person *f, uint32_t item) {
    uint32_t at = 0;
    while (at < f->touch_n && f->touches[at].item != item) at++;
    return at;
}

static void touch(struct social *s, struct person *f, uint32_t item, fr_time_ms now_ms) {
    if (!f->touches) f->touches = fr_alloc(s->p.touches * sizeof *f->touches);
    uint32_t at = find_touch(f, item);
    if (at == f->touch_n && f->touch_n == s->p.touches) at = 0;
    if (at < f->touch_n) {
        memmove(f->touches + at, f->touches + at + 1, (f->touch_n - at - 1) * sizeof *f->touches);
        f->touch_n--;
    }
    f->touches[f->touch_n++] = (struct touch){now_ms, item};
    if (item >= s->item_end) s->item_end = item + 1;
}

static void learn_followees(struct social *s, const struct fr_example *e, bool judges) {
    const struct fr_query *q = &e->before;
    for (uint32_t i = 0; i < q->followee_n && i < s->p.people; i++) {
        struct person *f = person_of(s, q->followees[i]);
        if (!judges || f->touch_n == 0) continue;
        expose(s, f, find_touch(f, e->item) < f->touch_n, 1, e->time_ms);
    }
}

static void learn(struct fr_source *source, const struct fr_example *e) {
    struct social *s = (struct social *)source;
    uint32_t user = e->before.user;
    bool positive = fr_example_is_positive(e);
    learn_followees(s, e, positive && e->is_new);
    if (e->sharer != FR_DICT_NONE) {
        struct person *sharer = person_of(s, e->sharer);
        if (positive) {
            expose(s, sharer, s->p.share_weight, s->p.share_weight, e->time_ms);
            if (user != FR_DICT_NONE) note_sharer(s, user, e->sharer);
        }
    }
    if (!positive || user == FR_DICT_NONE) return;
    if (e->type == FR_EVENT_SHARE || find_person(s, user)) touch(s, person_of(s, user), e->item, e->time_ms);
}

static void add_votes(const struct social *s, uint32_t user, fr_time_ms now_ms, struct fr_scratch *votes) {
    const struct person *f = find_person(s, user);
    if (!f || f->touch_n == 0) return;
    double left = worth(s, f->seen_ms, now_ms);
    double influence =
        (f->follow_ups * left + s->p.prior * s->p.prior_weight) / (f->exposures * left + s->p.prior_weight);
    for (uint32_t i = f->touch_n; i-- > 0;) {
        const struct touch *t = &f->touches[i];
        fr_scratch_add(votes, (uint32_t)t->item, (float)(influence * worth(s, t->time_ms, now_ms)),
                       FR_DICT_NONE);
    }
}

static bool follows(const struct fr_query *q, uint32_t most, uint32_t user) {
    for (uint32_t i = 0; i < q->followee_n && i < most; i++)
        if (q->followees[i] == user) return true;
    return false;
}

static uint32_t propose(const struct fr_source *source, const struct fr_query *q, struct fr_scratch *votes,
                        uint32_t most, struct fr_vote *out) {
    const struct social *s = (const struct social *)source;
    if (s->item_end > q->ids->n) return 0; /* these ids do not know what was learnt */
    fr_scratch_reserve(votes, q->ids->n);
    uint32_t asked = 0;
    for (; asked < q->followee_n && asked < s->p.people; asked++)
        add_votes(s, q->followees[asked], q->now_ms, votes);
    uint32_t place = q->user == FR_DICT_NONE ? FR_PLACE_NONE : fr_places_find(&s->openers, q->user);
    for (uint32_t i = 0; place != FR_PLACE_NONE && i < s->p.sharers && asked < s->p.people; i++) {
        uint32_t sharer = s->sharers[(size_t)place * s->p.sharers + i];
        if (sharer == FR_DICT_NONE) break;
        if (follows(q, s->p.people, sharer)) continue;
        add_votes(s, sharer, q->now_ms, votes);
        asked++;
    }
    return fr_scratch_best(votes, q->ids, most, out);
}

static void save(const struct fr_source *source, struct fr_tensors_writer *w) {
    const struct social *s = (const struct social *)source;
    uint32_t n = s->people.n;
    struct fr_buf ends = {0}, touches = {0}, counts = {0}, seen = {0};
    uint64_t end = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct person *f = &s->persons[i];
        end += f->touch_n;
        fr_buf_append(&ends, &end, sizeof end);
        fr_buf_append(&touches, f->touches, f->touch_n * sizeof *f->touches);
        fr_buf_append(&counts, (double[]){f->follow_ups, f->exposures}, 2 * sizeof(double));
        fr_buf_append(&seen, &f->seen_ms, sizeof f->seen_ms);
    }
    fr_places_save(&s->people, w, "social.people");
    fr_places_save(&s->openers, w, "social.openers");
    fr_tensors_put_vector(w, "social.touch_ends", FR_TENSOR_U64, n, ends.data);
    /* [end][2]: when, and the item's number */
    fr_tensors_put(w, "social.touches", FR_TENSOR_I64, (uint64_t[]){end, 2}, 2, touches.data);
    fr_tensors_put(w, "social.counts", FR_TENSOR_F64, (uint64_t[]){n, 2}, 2, counts.data);
    fr_tensors_put_vector(w, "social.seen_ms", FR_TENSOR_I64, n, seen.data);
    fr_tensors_put(w, "social.sharers", FR_TENSOR_U32, (uint64_t[]){s->openers.n, s->p.sharers}, 2,
                   s->sharers);
    fr_buf_fini(&ends);
    fr_buf_fini(&touches);
    fr_buf_fini(&counts);
    fr_buf_fini(&seen);
}

static bool is_count(double x) { return x >= 0 && x <= DBL_MAX; }

static bool load_person(struct social *s, struct person *f, const struct touch *touches, uint64_t n) {
    if (n > s->p.touches || !is_count(f->follow_ups) || !is_count(f->exposures)) return false;
    if (n == 0) return true;
    f->touches = fr_alloc(s->p.touches * sizeof *f->touches);
    f->touch_n = (uint32_t)n;
    for (uint32_t i = 0; i < f->touch_n; i++) {
        if (touches[i].item >= FR_DICT_NONE) return false;
        f->touches[i] = touches[i];
        if (touches[i].item >= s->item_end) s->item_end = (uint32_t)touches[i].item + 1;
    }
    return true;
}

static bool load_people(struct social *s, const struct fr_tensors_file *f) {
    const struct fr_tensor *ends = fr_tensors_get(f, "social.touch_ends", FR_TENSOR_U64);
    const struct fr_tensor *touches = fr_tensors_get(f, "social.touches", FR_TENSOR_I64);
    const struct fr_tensor *counts = fr_tensors_get(f, "social.counts", FR_TENSOR_F64);
    const struct fr_tensor *seen = fr_tensors_get(f, "social.seen_ms", FR_TENSOR_I64);
    uint32_t n = s->people.n;
    if (!ends || !touches || !counts || !seen || ends->count != n || counts->count != 2ull * n ||
        seen->count != n || touches->dimension_n != 2 || touches->shape[1] != 2)
        return false;
    s->persons = fr_alloc_zero(n ? n : 1, sizeof *s->persons);
    s->person_cap = n;
    uint64_t from = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t end = ((const uint64_t *)ends->data)[i];
        const double *count = (const double *)counts->data + 2 * i;
        if (end < from || end > touches->shape[0]) return false;
        s->persons[i] = (struct person){
            .follow_ups = count[0], .exposures = count[1], .seen_ms = ((const fr_time_ms *)seen->data)[i]};
        if (!load_person(s, &s->persons[i], (const struct touch *)touches->data + from, end - from))
            return false;
        from = end;
    }
    return from == touches->shape[0];
}

static bool load_openers(struct social *s, const struct fr_tensors_file *f) {
    const struct fr_tensor *sharers = fr_tensors_get(f, "social.sharers", FR_TENSOR_U32);
    uint64_t n = s->openers.n;
    if (!sharers || sharers->count != n * s->p.sharers) return false;
    s->opener_cap = (uint32_t)n;
    s->sharers = fr_alloc(n * s->p.sharers * sizeof *s->sharers + 1);
    if (n) memcpy(s->sharers, sharers->data, n * s->p.sharers * sizeof *s->sharers);
    return true;
}

static enum fr_err load(struct fr_source *source, const struct fr_tensors_file *f, struct fr_errmsg *msg) {
    struct social *s = (struct social *)source;
    enum fr_err err = fr_places_load(&s->people, f, "social.people", msg);
    if (!err) err = fr_places_load(&s->openers, f, "social.openers", msg);
    if (err) return err;
    if (load_people(s, f) && load_openers(s, f)) return FR_OK;
    return fr_err_set(msg, FR_STATE_CORRUPT, "social: not people with touches");
}

static size_t bytes(const struct fr_source *source) {
    const struct social *s = (const struct social *)source;
    size_t sum = sizeof *s + fr_places_bytes(&s->people) + fr_places_bytes(&s->openers) +
                 s->person_cap * sizeof *s->persons + s->opener_cap * s->p.sharers * sizeof *s->sharers;
    for (uint32_t i = 0; i < s->person_cap; i++)
        if (s->persons[i].touches) sum += s->p.touches * sizeof *s->persons[i].touches;
    return sum;
}

static void free_social(struct fr_source *source) {
    struct social *s = (struct social *)source;
    for (uint32_t i = 0; i < s->person_cap; i++) free(s->persons[i].touches);
    free(s->persons);
    free(s->sharers);
    fr_places_fini(&s->people);
    fr_places_fini(&s->openers);
    free(s);
}

static const struct fr_source_ops ops = {.name = "social",
                                         .reason = FR_REASON_FOLLOWED,
                                         .propose = propose,
                                         .learn = learn,
                                         .save = save,
                                         .load = load,
                                         .bytes = bytes,
                                         .free = free_social};

static bool are_sane(const struct fr_social_params *p) {
    return p->users > 0 && p->users <= 1u << 24 && p->openers > 0 && p->openers <= 1u << 24 &&
           p->touches > 0 && p->touches <= 1000 && p->sharers > 0 && p->sharers <= FR_SOCIAL_SHARERS_MAX &&
           p->people > 0 && p->people <= 1000 && p->half_life_ms > 0 && p->prior >= 0 && p->prior <= 1 &&
           p->prior_weight > 0 && p->share_weight >= 0;
}

struct fr_source *fr_source_social_new(const struct fr_social_params *p) {
    struct social *s = fr_alloc_zero(1, sizeof *s);
    s->source.ops = &ops;
    s->p = p ? *p : FR_SOCIAL_DEFAULTS;
    FR_ASSERT(are_sane(&s->p));
    fr_places_init(&s->people, s->p.users);
    fr_places_init(&s->openers, s->p.openers);
    return &s->source;
}
