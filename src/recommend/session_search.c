/* VSTAN over the inverted lists (recommend/session_index.h has the formula).
 *
 * Choice    similarities are added up in a table with a place for each session slot; the table is the reader's, zero between
 *           searches. The items of the query are walked newest first, so the first time a session is met its latest
 *           common item is known. Who is kept is found by selection, not by sorting: O(n).
 * Invariant while tallying, a slot is in touched, once, if and only if its tally's round is not 0. Every order is that of
 *           the lists and of session numbers, so sums are the same whatever numbers the items have. */
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include "session_index_internal.h"

struct tally {
    float similarity;
    uint32_t round;  /* 1 + the newest-first place of the item of the query that was added last */
    uint32_t first;  /* place in the query of the latest common item */
    uint32_t common; /* its index in the session */
};

struct neighbor {
    uint32_t slot;
    uint32_t age; /* sessions begun since */
    float similarity;
};

struct search {
    const struct fr_session_index *x;
    const struct fr_session_query *q;
    struct tally *tallies;      /* [session_cap] by slot */
    struct neighbor *neighbors; /* [neighbor_n], room for session_cap */
    uint32_t neighbor_n;
};

static double idf(const struct fr_session_index *x, const struct list *list) {
    if (list->sessions == 0 || list->sessions >= x->begun) return 0;
    return fr_ln((double)x->begun / list->sessions);
}

static const struct list *list_at(const struct fr_session_index *x, uint32_t item) {
    uint32_t place = fr_places_find(&x->places, item);
    return place == FR_PLACE_NONE ? NULL : &x->lists[place];
}

/* The slot of a posting that still means something, or p.sessions. */
static uint32_t live_slot(const struct search *s, struct posting posting) {
    const struct fr_session_index *x = s->x;
    uint32_t age = (uint32_t)x->begun - posting.session;
    if (age >= x->p.sessions || age >= x->begun) return x->p.sessions;
    uint64_t number = x->begun - age;
    uint32_t slot = (uint32_t)((number - 1) % x->p.sessions);
    const struct session *session = &x->sessions[slot];
    if (number == s->q->except || posting.index >= session->appended ||
        posting.index < fr_session_first(x, session))
        return x->p.sessions;
    return slot;
}

static void tally(struct search *s, uint32_t at, const struct list *list, float weight) {
    for (uint32_t i = list->n; i-- > 0;) { /* newest first */
        uint32_t where = list->start + i;
        struct posting posting = list->at[where < list->n ? where : where - list->n];
        uint32_t slot = live_slot(s, posting);
        if (slot == s->x->p.sessions) continue;
        struct tally *t = &s->tallies[slot];
        if (t->round == at + 1) continue; /* it stands in this session twice */
        if (t->round == 0) {
            uint32_t age = (uint32_t)s->x->begun - posting.session;
            s->neighbors[s->neighbor_n++] = (struct neighbor){.slot = slot, .age = age};
            *t = (struct tally){.first = at, .common = posting.index};
        }
        t->similarity += weight;
        t->round = at + 1;
    }
}

static bool is_repeated(const struct fr_session_query *q, uint32_t at) {
    for (uint32_t i = 0; i < at; i++)
        if (q->items[i] == q->items[at]) return true;
    return false;
}

static float fade_at(const float *fades, uint32_t at) { return fades[at < FADES ? at : FADES - 1]; }

static void tally_all(struct search *s) {
    const struct fr_session_params *p = &s->x->p;
    for (uint32_t at = 0; at < s->q->n; at++) {
        const struct list *list = list_at(s->x, s->q->items[at]);
        if (!list || is_repeated(s->q, at)) continue;
        double weight = (double)fade_at(s->x->position_fades, at);
        if (p->rarity > 0) weight *= fr_exp2(p->rarity * fr_log2(idf(s->x, list) + 1e-9));
        tally(s, at, list, (float)weight);
    }
}

static bool is_later(struct neighbor a, struct neighbor b) { return a.age < b.age; }
static bool is_closer(struct neighbor a, struct neighbor b) {
    return a.similarity > b.similarity || (a.similarity >= b.similarity && a.age < b.age);
}

/* Brings the `most` best to the front, in no order (Hoare's selection; the order is total, so what comes to the front is
 * one set). */
static void select_best(struct neighbor *at, uint32_t n, uint32_t most,
                        bool (*is_better)(struct neighbor, struct neighbor)) {
    uint32_t low = 0, high = n;
    while (high - low > 1) {
        struct neighbor pivot = at[low + (high - low) / 2];
        uint32_t i = low, j = high - 1;
        for (;;) {
            while (is_better(at[i], pivot)) i++;
            while (is_better(pivot, at[j])) j--;
            if (i >= j) break;
            struct neighbor t = at[i];
            at[i++] = at[j];
            at[j--] = t;
        }
        uint32_t cut = j + 1; /* at[low..cut) are no worse than the pivot, at[cut..high) no better */
        if (cut == most) return;
        if (cut == high) cut--; /* the pivot was the worst and stands last */
        if (most <= cut)
            high = cut;
        else
            low = cut;
    }
}

static void keep_best(struct search *s, uint32_t most, bool (*is_better)(struct neighbor, struct neighbor)) {
    if (s->neighbor_n <= most) return;
    select_best(s->neighbors, s->neighbor_n, most, is_better);
    for (uint32_t i = most; i < s->neighbor_n; i++) s->tallies[s->neighbors[i].slot] = (struct tally){0};
    s->neighbor_n = most;
}

static void weigh_neighbors(struct search *s) {
    const struct fr_session_params *p = &s->x->p;
    bool fades = p->half_life_ms <= DBL_MAX;
    for (uint32_t i = 0; i < s->neighbor_n; i++) {
        struct neighbor *n = &s->neighbors[i];
        const struct session *session = &s->x->sessions[n->slot];
        uint32_t length = session->appended - fr_session_first(s->x, session);
        double similarity = (double)s->tallies[n->slot].similarity / sqrt(length);
        double age_ms = (double)s->q->now_ms - (double)session->last_ms;
        if (fades && age_ms > 0) similarity *= fr_exp2(-age_ms / p->half_life_ms);
        n->similarity = (float)similarity;
    }
}

/* What one neighbour says. */
static void vote(const struct search *s, const struct neighbor *n, struct fr_scratch *votes) {
    const struct fr_session_index *x = s->x;
    struct tally *t = &s->tallies[n->slot];
    const struct session *session = &x->sessions[n->slot];
    uint32_t because = s->q->items[t->first];
    float weight = n->similarity * fade_at(x->common_fades, t->first);
    for (uint32_t k = fr_session_first(x, session); k < session->appended; k++) {
        uint32_t distance = k > t->common ? k - t->common : t->common - k;
        fr_scratch_add(votes, *fr_session_item(x, n->slot, k), weight * x->item_fades[distance], because);
    }
    *t = (struct tally){0};
}

/* Rare items count more. */
static void weigh_items(const struct fr_session_index *x, struct fr_scratch *votes) {
    for (uint32_t i = 0; i < votes->touched_n; i++) {
        uint32_t item = votes->touched[i];
        const struct list *list = list_at(x, item);
        if (list) votes->sums[item].sum *= (float)(1 + x->p.idf_weight * idf(x, list));
    }
}

void fr_session_index_search(const struct fr_session_index *x, const struct fr_session_query *q,
                             struct fr_scratch *votes) {
    size_t tallies_bytes = x->session_cap * sizeof(struct tally);
    char *work = fr_scratch_work(votes, tallies_bytes + x->session_cap * sizeof(struct neighbor));
    struct search s = {x, q, (struct tally *)(void *)work, (struct neighbor *)(void *)(work + tallies_bytes),
                       0};
    uint32_t voted = votes->touched_n;
    FR_ASSERT(voted == 0 && x->number_end <= votes->cap);
    tally_all(&s);
    uint32_t met = s.neighbor_n;
    keep_best(&s, x->p.sample, is_later);
    weigh_neighbors(&s);
    keep_best(&s, x->p.neighbors, is_closer);
    for (uint32_t i = 0; i < s.neighbor_n; i++) vote(&s, &s.neighbors[i], votes);
    if (x->p.idf_weight > 0) weigh_items(x, votes);
    if (met) memset(s.neighbors, 0, met * sizeof *s.neighbors);
}
