/* The session index against a naive search over all that was ever appended, written from the formula in the header. */
#include "check.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"
#include "freshet/recommend/session_index.h"
#include <stdlib.h>

enum { ITEMS = 40, SESSIONS_MAX = 400, LENGTH_MAX = 60, QUERY = 8 };

static struct fr_dict ids;

/* Everything appended, and in which order. */
struct story {
    uint32_t items[SESSIONS_MAX][LENGTH_MAX], length[SESSIONS_MAX];
    fr_time_ms last_ms[SESSIONS_MAX];
    uint32_t session_n;
    struct {
        uint32_t session, place;
    } postings[ITEMS][SESSIONS_MAX * 4];
    uint32_t posting_n[ITEMS], with_item[ITEMS];
};

static struct story story;

static void make_ids(void) {
    fr_dict_init(&ids);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char name[8];
        snprintf(name, sizeof name, "i%u", i);
        fr_dict_intern(&ids, fr_str_of(name));
    }
}

static bool is_kept(const struct fr_session_params *p, uint32_t session, uint32_t place) {
    return story.session_n - session <= p->sessions && story.length[session] - place <= p->length;
}

static void tell(struct fr_session_index *x, const struct fr_session_params *p, uint32_t session,
                 uint32_t item, fr_time_ms now_ms) {
    fr_session_index_append(x, session + 1, item, now_ms);
    uint32_t *n = &story.length[session], *items = story.items[session];
    story.last_ms[session] = now_ms;
    if (*n > 0 && items[*n - 1] == item) return;
    bool is_there = false;
    for (uint32_t k = *n > p->length ? *n - p->length : 0; k < *n; k++)
        is_there = is_there || items[k] == item;
    story.with_item[item] += !is_there;
    story.postings[item][story.posting_n[item]].session = session;
    story.postings[item][story.posting_n[item]++].place = *n;
    items[(*n)++] = item;
}

/* Several sessions grow at a time. */
static void grow_story(struct fr_session_index *x, const struct fr_session_params *p, struct fr_rng *rng,
                       uint32_t steps, fr_time_ms *now_ms) {
    for (uint32_t i = 0; i < steps; i++) {
        *now_ms += fr_rng_below(rng, 1000);
        if (story.session_n == 0 || (fr_rng_below(rng, 4) == 0 && story.session_n < SESSIONS_MAX)) {
            CHECK_INT(fr_session_index_begin(x), story.session_n + 1);
            story.session_n++;
        }
        uint32_t back = fr_rng_below(rng, 5);
        uint32_t session = story.session_n - 1 - (back < story.session_n ? back : 0);
        uint32_t a = fr_rng_below(rng, ITEMS), b = fr_rng_below(rng, ITEMS);
        if (!fr_session_index_has(x, session + 1) || story.length[session] == LENGTH_MAX) continue;
        tell(x, p, session, a < b ? a : b, *now_ms);
    }
}

static double naive_idf(uint32_t item) {
    if (story.with_item[item] == 0 || story.with_item[item] >= story.session_n) return 0;
    return log((double)story.session_n / story.with_item[item]);
}

struct near {
    uint32_t session, first, common;
    double similarity;
};

static int by_age(const void *a, const void *b) {
    const struct near *x = a, *y = b;
    return (x->session < y->session) - (x->session > y->session);
}

static int by_similarity(const void *a, const void *b) {
    const struct near *x = a, *y = b;
    if (x->similarity != y->similarity) return x->similarity < y->similarity ? 1 : -1;
    return by_age(a, b);
}

/* The place of item in a session as its list still knows it; -1: not. */
static int64_t place_in(const struct fr_session_params *p, uint32_t session, uint32_t item) {
    uint32_t n = story.posting_n[item];
    for (uint32_t i = n; i-- > 0 && n - i <= p->per_item;)
        if (story.postings[item][i].session == session && is_kept(p, session, story.postings[item][i].place))
            return story.postings[item][i].place;
    return -1;
}

static uint32_t naive_near(const struct fr_session_params *p, const struct fr_session_query *q,
                           struct near *out) {
    uint32_t n = 0;
    for (uint32_t s = 0; s < story.session_n; s++) {
        struct near near = {.session = s, .similarity = 0};
        bool met = false;
        for (uint32_t at = 0; at < q->n; at++) {
            bool repeated = false;
            for (uint32_t i = 0; i < at; i++) repeated = repeated || q->items[i] == q->items[at];
            int64_t place = place_in(p, s, q->items[at]);
            if (repeated || place < 0 || s + 1 == q->except) continue;
            if (!met) near.first = at, near.common = (uint32_t)place;
            met = true;
            near.similarity +=
                exp(-(double)at / p->position_fade) * pow(naive_idf(q->items[at]) + 1e-9, p->rarity);
        }
        if (met) out[n++] = near;
    }
    qsort(out, n, sizeof *out, by_age);
    if (n > p->sample) n = p->sample;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t s = out[i].session, length = story.length[s] < p->length ? story.length[s] : p->length;
        out[i].similarity *= exp2(-(double)(q->now_ms - story.last_ms[s]) / p->half_life_ms) / sqrt(length);
    }
    qsort(out, n, sizeof *out, by_similarity);
    return n > p->neighbors ? p->neighbors : n;
}

static void naive_search(const struct fr_session_params *p, const struct fr_session_query *q,
                         double *scores) {
    static struct near near[SESSIONS_MAX];
    uint32_t n = naive_near(p, q, near);
    memset(scores, 0, ITEMS * sizeof *scores);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t s = near[i].session;
        for (uint32_t k = 0; k < story.length[s]; k++)
            if (is_kept(p, s, k))
                scores[story.items[s][k]] += near[i].similarity *
                                             exp(-(double)near[i].first / p->common_fade) *
                                             exp(-fabs((double)k - near[i].common) / p->item_fade);
    }
    for (uint32_t item = 0; item < ITEMS; item++) scores[item] *= 1 + p->idf_weight * naive_idf(item);
}

static void check_search(const struct fr_session_index *x, const struct fr_session_params *p,
                         struct fr_rng *rng, struct fr_scratch *scratch, fr_time_ms now_ms) {
    uint32_t items[QUERY];
    struct fr_session_query q = {.items = items, .n = fr_rng_below(rng, QUERY + 1), .now_ms = now_ms + 50};
    double want[ITEMS];
    struct fr_vote got[ITEMS];
    for (uint32_t i = 0; i < q.n; i++) items[i] = fr_rng_below(rng, ITEMS);
    if (fr_rng_below(rng, 2)) q.except = 1 + story.session_n - fr_rng_below(rng, 10) % story.session_n;
    naive_search(p, &q, want);
    fr_scratch_reserve(scratch, ITEMS);
    fr_session_index_search(x, &q, scratch);
    uint32_t n = fr_scratch_best(scratch, &ids, ITEMS, got), positive = 0;
    for (uint32_t i = 0; i < ITEMS; i++) positive += want[i] > 0;
    CHECK_INT(n, positive);
    for (uint32_t i = 0; i < n; i++) {
        CHECK_NEAR((double)got[i].score / want[got[i].item], 1, 2e-5);
        bool is_asked = false;
        for (uint32_t k = 0; k < q.n; k++) is_asked = is_asked || items[k] == got[i].because;
        CHECK(is_asked);
    }
}

static void run_story(const struct fr_session_params *p, uint64_t seed) {
    struct fr_rng rng = {seed};
    struct fr_scratch scratch = {0};
    struct fr_session_index *x = fr_session_index_new(p);
    fr_time_ms now_ms = 1650812741436;
    memset(&story, 0, sizeof story);
    for (uint32_t round = 0; round < 60; round++) {
        grow_story(x, p, &rng, 20, &now_ms);
        check_search(x, p, &rng, &scratch, now_ms);
    }
    fr_scratch_fini(&scratch);
    fr_session_index_free(x);
}

static void test_search_equals_the_naive_one(void) {
    struct fr_session_params p = FR_SESSION_DEFAULTS;
    for (uint64_t seed = 1; seed <= 5; seed++) run_story(&p, seed);
    p.half_life_ms = 20000, p.rarity = .7, p.idf_weight = 3, p.common_fade = 3, p.item_fade = 2;
    for (uint64_t seed = 11; seed <= 15; seed++) run_story(&p, seed);
}

static void test_search_with_every_bound_reached(void) {
    struct fr_session_params p = FR_SESSION_DEFAULTS;
    p.half_life_ms = 30000, p.sessions = 60, p.length = 4, p.per_item = 9;
    for (uint64_t seed = 1; seed <= 5; seed++) run_story(&p, seed);
    p.sample = 25;
    for (uint64_t seed = 6; seed <= 10; seed++) run_story(&p, seed);
    p.neighbors = 7;
    for (uint64_t seed = 11; seed <= 15; seed++) run_story(&p, seed);
}

static void test_sessions_come_and_go(void) {
    struct fr_session_params p = FR_SESSION_DEFAULTS;
    p.sessions = 3, p.length = 2;
    struct fr_session_index *x = fr_session_index_new(&p);
    uint32_t items[2];
    CHECK(!fr_session_index_has(x, 0) && !fr_session_index_has(x, 1));
    uint64_t first = fr_session_index_begin(x);
    for (uint32_t i = 0; i < 3; i++) fr_session_index_append(x, first, i, 0);
    fr_session_index_append(x, first, 2, 0); /* it ends with that already */
    CHECK_INT(fr_session_index_items(x, first, items), 2);
    CHECK(items[0] == 1 && items[1] == 2);
    for (uint32_t i = 0; i < 2; i++) fr_session_index_begin(x);
    CHECK(fr_session_index_has(x, first));
    fr_session_index_begin(x);
    CHECK(!fr_session_index_has(x, first));
    CHECK_INT(fr_session_index_items(x, first, items), 0);
    CHECK_INT(fr_session_index_count(x, 2), 1);
    CHECK_INT(fr_session_index_begun(x), 4);
    fr_session_index_free(x);
}

int main(void) {
    make_ids();
    RUN(test_search_equals_the_naive_one);
    RUN(test_search_with_every_bound_reached);
    RUN(test_sessions_come_and_go);
    fr_dict_fini(&ids);
    return check_done();
}
