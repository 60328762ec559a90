/* All session models as one.
 *
 * Choice    candidates are the best of each part and what stands in the visit already (people come back to what they saw);
 *           a softmax over the candidates of a question, linear in how the parts see them, learns from the held part. The
 *           weights have a share of their own for each length of the visit: after one item the rules know most, after six
 *           the neighbours do.
 * Rejected  fixed weights over scores: each part has a unit of its own, and no part knows that a visit which came back to
 *           an item will do so again. */
#include "session_model_internal.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include "freshet/recommend/rank.h"
#include <stdlib.h>

enum {
    PARTS = FR_SESSION_MODEL_BLEND, /* all kinds before it */
    PART_VOTES = 100,
    VISIT_CANDIDATES = 30, /* latest places of the visit */
    CANDIDATES_MAX = PARTS * PART_VOTES + VISIT_CANDIDATES,
    PART_FEATURES = 4, /* log of the score against the best, place, being there, score against the best */
    PLACES = 4,        /* the latest places have a feature each, all older ones another */
    FEATURES = PARTS * PART_FEATURES + PLACES + 1 + 1 + 2,
    QUESTIONS_MAX = 30000,
    ROUNDS = 2
};
#define LOG_FLOOR -8.f

struct session_blend {
    const struct fr_dict *ids;
    uint32_t item_n; /* items of the fit: those that came later are no candidates */
    struct fr_session_model *parts[PARTS];
    float *popularity, *trend; /* [item_n] features of an item: how many sessions, and whether lately more */
    struct fr_rank *rank;
};

/* The candidates of one question with their features. */
struct table {
    uint32_t items[CANDIDATES_MAX], n;
    float x[FEATURES * CANDIDATES_MAX];
};

static float *feature(struct table *t, uint32_t f, uint32_t candidate) {
    return &t->x[f * CANDIDATES_MAX + candidate];
}

/* The candidate's number; slots[item] is 1 + number. */
static uint32_t candidate_of(struct table *t, uint32_t *slots, uint32_t item) {
    if (slots[item] == 0) {
        t->items[t->n] = item;
        slots[item] = ++t->n;
        for (uint32_t f = 0; f < FEATURES; f++) *feature(t, f, t->n - 1) = 0;
        for (uint32_t part = 0; part < PARTS; part++) *feature(t, part * PART_FEATURES, t->n - 1) = LOG_FLOOR;
    }
    return slots[item] - 1;
}

static void add_part(struct table *t, uint32_t *slots, uint32_t part, const struct fr_vote *votes,
                     uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        uint32_t c = candidate_of(t, slots, votes[i].item), f = part * PART_FEATURES;
        float below = (float)fr_ln((double)votes[i].score / (double)votes[0].score);
        *feature(t, f, c) = below > LOG_FLOOR ? below : LOG_FLOOR;
        *feature(t, f + 1, c) = 10.f / (10.f + (float)i);
        *feature(t, f + 2, c) = 1;
        *feature(t, f + 3, c) = votes[i].score / votes[0].score;
    }
}

static void add_visit(struct table *t, uint32_t *slots, uint32_t item_n, const uint32_t *items, uint32_t n) {
    enum { FIRST = PARTS * PART_FEATURES };
    for (uint32_t place = 0; place < n && place < VISIT_CANDIDATES; place++) {
        uint32_t item = items[n - 1 - place];
        if (item >= item_n) continue;
        uint32_t c = candidate_of(t, slots, item);
        bool is_known = false; /* at a later place */
        for (uint32_t f = 0; f <= PLACES; f++) is_known = is_known || *feature(t, FIRST + f, c) > 0;
        uint32_t f = is_known ? PLACES + 1 : place < PLACES ? place : PLACES;
        *feature(t, FIRST + f, c) += is_known ? .5f : 1;
    }
}

static void add_items(const struct session_blend *b, struct table *t) {
    for (uint32_t c = 0; c < t->n; c++) {
        *feature(t, FEATURES - 2, c) = b->popularity[t->items[c]];
        *feature(t, FEATURES - 1, c) = b->trend[t->items[c]];
    }
}

/* For the length of a visit: 1, 2, 3, 4, 5-6, 7-9, 10 and more. */
static uint32_t length_class(uint32_t n) { return n < 5 ? n - 1 : n < 7 ? 4 : n < 10 ? 5 : 6; }
enum { LENGTH_CLASSES = 7, RETURN_CLASSES = 3 };

/* 0: no item twice so far; 1: some; 2: the newest item stood there before. */
static uint32_t return_class(const uint32_t *items, uint32_t n) {
    uint32_t class = 0;
    for (uint32_t i = n > VISIT_CANDIDATES ? n - VISIT_CANDIDATES : 0; i < n; i++)
        for (uint32_t j = i + 1; j < n; j++)
            if (items[i] == items[j]) class = j == n - 1 ? 2 : class ? class : 1;
    return class;
}

static struct fr_rank_table ranked(struct table *t, const uint32_t *items, uint32_t n) {
    return (struct fr_rank_table){.n = t->n,
                                  .feature_n = FEATURES,
                                  .stride = CANDIDATES_MAX,
                                  .x = t->x,
                                  .context = {length_class(n), return_class(items, n)}};
}

static void gather(const struct session_blend *b, const uint32_t *items, uint32_t n,
                   struct fr_scratch *scratch, struct table *t) {
    struct fr_vote votes[PARTS][PART_VOTES];
    uint32_t vote_n[PARTS];
    for (uint32_t part = 0; part < PARTS; part++)
        vote_n[part] = fr_session_model_list(b->parts[part], items, n, scratch, PART_VOTES, votes[part]);
    uint32_t *slots = fr_scratch_work(scratch, b->item_n * sizeof *slots);
    t->n = 0;
    for (uint32_t part = 0; part < PARTS; part++) add_part(t, slots, part, votes[part], vote_n[part]);
    add_visit(t, slots, b->item_n, items, n);
    for (uint32_t c = 0; c < t->n; c++) slots[t->items[c]] = 0;
    add_items(b, t);
}

struct teaching {
    struct session_blend *b;
    struct fr_scratch scratch;
    struct table table;
    float work[CANDIDATES_MAX + 2 * FEATURES];
};

static void teach(void *context, const struct fr_visit_case *c) {
    struct teaching *t = context;
    gather(t->b, c->items, c->n, &t->scratch, &t->table);
    struct fr_rank_table table = ranked(&t->table, c->items, c->n);
    for (uint32_t i = 0; i < t->table.n; i++)
        if (t->table.items[i] == c->target) fr_rank_learn(t->b->rank, &table, i, t->work);
}

static void fit_parts(struct session_blend *b, const struct fr_visits *v, uint32_t session_n,
                      const struct fr_session_model_values *values) {
    for (uint32_t part = 0; part < PARTS; part++) {
        fr_session_model_free(b->parts[part]);
        b->parts[part] =
            fr_session_model_new((enum fr_session_model_kind)part, v, session_n, b->ids, values, 0);
    }
    memset(b->popularity, 0, b->item_n * sizeof *b->popularity);
    memset(b->trend, 0, b->item_n * sizeof *b->trend);
    uint32_t late_from = session_n - session_n / 10;
    for (uint32_t s = 0; s < session_n; s++)
        for (size_t i = v->starts[s]; i < v->starts[s + 1]; i++) {
            b->popularity[v->items[i]]++;
            if (s >= late_from) b->trend[v->items[i]]++;
        }
    for (uint32_t i = 0; i < b->item_n; i++) {
        double all = (double)b->popularity[i], late = (double)b->trend[i];
        b->trend[i] = (float)fr_ln((late + 1) / (all * .1 + 1));
        b->popularity[i] = (float)fr_ln(1 + all) / 4;
    }
}

struct session_blend *session_blend_new(const struct fr_visits *v, uint32_t session_n,
                                        const struct fr_dict *ids,
                                        const struct fr_session_model_values *values, double held_share) {
    struct session_blend *b = fr_alloc_zero(1, sizeof *b);
    struct fr_rank_params p = {.feature_n = FEATURES,
                               .context_n = 2,
                               .context_values = {LENGTH_CLASSES, RETURN_CLASSES},
                               .rate = .1f};
    struct teaching *t = fr_alloc_zero(1, sizeof *t);
    b->ids = ids;
    b->item_n = ids->n;
    b->popularity = fr_alloc((ids->n + 1) * sizeof *b->popularity);
    b->trend = fr_alloc((ids->n + 1) * sizeof *b->trend);
    b->rank = fr_rank_new(&p);
    t->b = b;
    uint32_t from = session_held_from(session_n, held_share);
    uint32_t step = session_question_count(v, from, session_n) / QUESTIONS_MAX;
    fit_parts(b, v, from, values);
    for (uint32_t round = 0; round < ROUNDS; round++)
        session_questions(v, from, session_n, step + 1, teach, t);
    fit_parts(b, v, session_n, values);
    fr_scratch_fini(&t->scratch);
    free(t);
    return b;
}

void session_blend_free(struct session_blend *b) {
    if (!b) return;
    for (uint32_t part = 0; part < PARTS; part++) fr_session_model_free(b->parts[part]);
    fr_rank_free(b->rank);
    free(b->popularity);
    free(b->trend);
    free(b);
}

uint32_t session_blend_list(const struct session_blend *b, const uint32_t *items, uint32_t n,
                            struct fr_scratch *scratch, uint32_t most, struct fr_vote *out) {
    struct table t;
    float weights[FEATURES], logits[CANDIDATES_MAX];
    if (n == 0)
        return fr_session_model_list(b->parts[FR_SESSION_MODEL_POPULAR], items, n, scratch, most, out);
    gather(b, items, n, scratch, &t);
    struct fr_rank_table table = ranked(&t, items, n);
    fr_rank_weights(b->rank, &table, weights);
    fr_rank_logits(&table, weights, logits);
    fr_rank_softmax(logits, t.n);
    fr_scratch_reserve(scratch, b->ids->n);
    for (uint32_t c = 0; c < t.n; c++) fr_scratch_add(scratch, t.items[c], logits[c] + 1e-30f, FR_DICT_NONE);
    return fr_scratch_best(scratch, b->ids, most, out);
}
