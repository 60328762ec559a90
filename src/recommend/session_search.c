/* VSTAN over the inverted lists (recommend/session_index.h has the formula).
 *
 * Choice    similarities are added up in a table with a place for each session slot; the table is the reader's, zero between
 *           searches. The items of the query are walked newest first, so the first time a session is met its latest
 *           common item is known. Sessions go by their age, the number of sessions begun since: it differs, gives the slot
 *           without a division, and breaks ties. Who is kept is found by selection of keys, not by sorting: O(n).
 * Invariant while tallying, a slot is in touched, once, if and only if its tally's round is not 0. Every order is that of
 *           the lists and of ages, so sums are the same whatever numbers the items have. */
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include "freshet/recommend/best.h"
#include "session_index_internal.h"

#define LN_2 .69314718f

enum { AHEAD = 6 };

struct tally {
    float similarity;
    uint32_t round;  /* 1 + the newest-first place of the item of the query that was added last */
    uint32_t first;  /* place in the query of the latest common item */
    uint32_t common; /* its index in the session */
};

struct search {
    const struct fr_session_index *x;
    const struct fr_session_query *q;
    struct tally *tallies; /* [session_cap] by slot */
    uint64_t *neighbors;   /* [neighbor_n] fr_best_key(similarity, youth), room for session_cap + 1 */
    uint32_t neighbor_n;
    uint32_t newest_slot; /* of the session that was begun last */
    uint32_t known;       /* ages below it are kept sessions */
};

/* Of equals the younger speaks. */
static uint32_t youth_of(uint32_t age) { return UINT32_MAX - age; }
static uint32_t age_of(uint64_t neighbor) { return UINT32_MAX - fr_best_place(neighbor); }

static uint32_t slot_of(const struct search *s, uint32_t age) {
    return s->newest_slot >= age ? s->newest_slot - age : s->newest_slot + s->x->p.sessions - age;
}

static float idf(const struct fr_session_index *x, const struct list *list) {
    if (list->sessions == 0 || list->sessions >= x->begun) return 0;
    return fr_log2_single((float)x->begun / (float)list->sessions) * LN_2;
}

static const struct list *list_at(const struct fr_session_index *x, uint32_t item) {
    uint32_t place = fr_places_find(&x->places, item);
    return place == FR_PLACE_NONE ? NULL : &x->lists[place];
}

/* Whether a posting of a kept session still means something. */
static bool is_live(const struct search *s, uint32_t age, struct posting posting) {
    const struct session *session = &s->x->sessions[slot_of(s, age)];
    return s->x->begun - age != s->q->except && posting.index < session->appended &&
           posting.index >= fr_session_first(s->x, session);
}

/* Sessions lie all over the memory: those of a list are asked for at once, not one after the other. */
static void prefetch_sessions(const struct search *s, const struct list *list) {
    for (uint32_t i = 0; i < list->n; i++) {
        uint32_t age = (uint32_t)s->x->begun - list->at[i].session;
        if (age >= s->known) continue;
        __builtin_prefetch(&s->x->sessions[slot_of(s, age)]);
        __builtin_prefetch(&s->tallies[slot_of(s, age)]);
    }
}

static void tally(struct search *s, uint32_t at, const struct list *list, float weight) {
    for (uint32_t i = list->n, where = list->start; i-- > 0;) { /* newest first: the one before the oldest */
        where = (where ? where : list->n) - 1;
        struct posting posting = list->at[where];
        uint32_t age = (uint32_t)s->x->begun - posting.session;
        if (age >= s->known || !is_live(s, age, posting)) continue;
        struct tally *t = &s->tallies[slot_of(s, age)];
        if (t->round == at + 1) continue; /* it stands in this session twice */
        bool is_new = t->round == 0;      /* no branch: it cannot be predicted */
        s->neighbors[s->neighbor_n] = fr_best_key(0, youth_of(age));
        s->neighbor_n += is_new;
        t->first = is_new ? at : t->first;
        t->common = is_new ? posting.index : t->common;
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
        if (p->rarity > 0) weight *= fr_exp2(p->rarity * fr_log2((double)idf(s->x, list) + 1e-9));
        prefetch_sessions(s, list);
        tally(s, at, list, (float)weight);
    }
}

static void keep_best(struct search *s, uint32_t most) {
    if (s->neighbor_n <= most) return;
    fr_best_select(s->neighbors, s->neighbor_n, most);
    for (uint32_t i = most; i < s->neighbor_n; i++)
        s->tallies[slot_of(s, age_of(s->neighbors[i]))] = (struct tally){0};
    s->neighbor_n = most;
}

static void weigh_neighbors(struct search *s) {
    const struct fr_session_params *p = &s->x->p;
    bool fades = p->half_life_ms <= DBL_MAX;
    for (uint32_t i = 0; i < s->neighbor_n; i++) {
        uint32_t age = age_of(s->neighbors[i]), slot = slot_of(s, age);
        const struct session *session = &s->x->sessions[slot];
        uint32_t length = session->appended - fr_session_first(s->x, session);
        float similarity = s->tallies[slot].similarity / sqrtf((float)length);
        double age_ms = (double)s->q->now_ms - (double)session->last_ms;
        if (fades && age_ms > 0) similarity *= fr_exp2_single((float)(-age_ms / p->half_life_ms));
        s->neighbors[i] = fr_best_key(similarity, youth_of(age));
    }
}

/* The same for their items. */
static void prefetch_items(const struct search *s, uint64_t neighbor) {
    const uint32_t *items = fr_session_item(s->x, slot_of(s, age_of(neighbor)), 0);
    __builtin_prefetch(items);
    __builtin_prefetch(items + s->x->p.length - 1);
}

/* What one neighbour says. Its items are a ring, walked from the oldest. */
static void vote(const struct search *s, uint64_t neighbor, struct fr_scratch *votes) {
    const struct fr_session_index *x = s->x;
    uint32_t slot = slot_of(s, age_of(neighbor)), length = x->p.length;
    struct tally *t = &s->tallies[slot];
    const struct session *session = &x->sessions[slot];
    uint32_t because = s->q->items[t->first], first = fr_session_first(x, session), place = first % length;
    float weight = fr_best_score(neighbor) * fade_at(x->common_fades, t->first);
    const uint32_t *items = fr_session_item(x, slot, 0);
    for (uint32_t k = first; k < session->appended; k++) {
        uint32_t distance = k > t->common ? k - t->common : t->common - k;
        fr_scratch_add(votes, items[place], weight * x->item_fades[distance], because);
        if (++place == length) place = 0;
    }
    *t = (struct tally){0};
}

/* Rare items count more. */
static void weigh_items(const struct fr_session_index *x, struct fr_scratch *votes) {
    float idf_weight = (float)x->p.idf_weight;
    for (uint32_t i = 0; i < votes->touched_n; i++) {
        uint32_t item = votes->touched[i];
        const struct list *list = list_at(x, item);
        if (list) votes->sums[item].sum *= 1 + idf_weight * idf(x, list);
    }
}

void fr_session_index_search(const struct fr_session_index *x, const struct fr_session_query *q,
                             struct fr_scratch *votes) {
    size_t tallies_bytes = x->session_cap * sizeof(struct tally);
    char *work = fr_scratch_work(votes, tallies_bytes + ((size_t)x->session_cap + 1) * sizeof(uint64_t));
    struct search s = {.x = x,
                       .q = q,
                       .tallies = (struct tally *)(void *)work,
                       .neighbors = (uint64_t *)(void *)(work + tallies_bytes)};
    FR_ASSERT(votes->touched_n == 0 && x->number_end <= votes->cap);
    if (x->begun == 0) return;
    s.newest_slot = (uint32_t)((x->begun - 1) % x->p.sessions);
    s.known = x->begun < x->p.sessions ? (uint32_t)x->begun : x->p.sessions;
    tally_all(&s);
    uint32_t met = s.neighbor_n;
    keep_best(&s, x->p.sample);
    weigh_neighbors(&s);
    keep_best(&s, x->p.neighbors);
    for (uint32_t i = 0; i < s.neighbor_n; i++) {
        if (i + AHEAD < s.neighbor_n) prefetch_items(&s, s.neighbors[i + AHEAD]);
        vote(&s, s.neighbors[i], votes);
    }
    if (x->p.idf_weight > 0) weigh_items(x, votes);
    memset(s.neighbors, 0, ((size_t)met + 1) * sizeof *s.neighbors);
}
