/* Followees and sharers against a recomputation from the whole log, written from the header; and what must not happen. */
#include "check.h"
#include "freshet/recommend/source_social.h"
#include "random_examples.h"

enum { LOG = 1200, IDS = WORLD_ITEMS + WORLD_USERS };

/* The log, with the followees at each moment. */
static struct told {
    struct fr_example e;
    uint32_t followees[WORLD_FOLLOWEES];
} told[LOG];
static uint32_t told_n;

static bool is_positive(const struct fr_example *e) { return e->weight > 0 && !e->dislike; }

static bool follows(const struct told *t, uint32_t user) {
    for (uint32_t i = 0; i < t->e.before.followee_n; i++)
        if (t->followees[i] == user) return true;
    return false;
}

/* Whether user's touches are kept as of entry `at`, that entry included. */
static bool is_known(uint32_t user, uint32_t at) {
    for (uint32_t i = 0; i <= at; i++)
        if (follows(&told[i], user) || told[i].e.sharer == user ||
            (told[i].e.type == FR_EVENT_SHARE && told[i].e.before.user == user))
            return true;
    return false;
}

/* When user last touched item before entry `end`; -1: never, or it was not kept. */
static fr_time_ms touched(uint32_t user, uint32_t item, uint32_t end) {
    for (uint32_t i = end; i-- > 0;)
        if (told[i].e.before.user == user && told[i].e.item == item && is_positive(&told[i].e) &&
            is_known(user, i))
            return told[i].e.time_ms;
    return -1;
}

static bool has_touches(uint32_t user, uint32_t end) {
    for (uint32_t item = 0; item < IDS; item++)
        if (touched(user, item, end) >= 0) return true;
    return false;
}

static double influence(const struct fr_social_params *p, uint32_t user, fr_time_ms now_ms) {
    double follow_ups = p->prior * p->prior_weight, exposures = p->prior_weight;
    for (uint32_t i = 0; i < told_n; i++) {
        const struct fr_example *e = &told[i].e;
        double worth = exp2(-(double)(now_ms - e->time_ms) / p->half_life_ms);
        if (!is_positive(e)) continue;
        if (e->is_new && follows(&told[i], user) && has_touches(user, i)) {
            exposures += worth;
            if (touched(user, e->item, i) >= 0) follow_ups += worth;
        }
        if (e->sharer == user) follow_ups += p->share_weight * worth, exposures += p->share_weight * worth;
    }
    return follow_ups / exposures;
}

static bool opened_share_of(uint32_t user, uint32_t sharer) {
    for (uint32_t i = 0; i < told_n; i++)
        if (told[i].e.sharer == sharer && told[i].e.before.user == user && is_positive(&told[i].e))
            return true;
    return false;
}

static void naive_scores(const struct fr_social_params *p, const struct world *w, const struct fr_query *q,
                         double out[IDS]) {
    memset(out, 0, IDS * sizeof *out);
    for (uint32_t u = 0; u < WORLD_USERS; u++) {
        uint32_t user = w->user_ids[u];
        bool listens = opened_share_of(q->user, user);
        for (uint32_t i = 0; i < q->followee_n; i++) listens = listens || q->followees[i] == user;
        if (!listens) continue;
        double weight = influence(p, user, q->now_ms);
        for (uint32_t item = 0; item < IDS; item++) {
            fr_time_ms then = touched(user, item, told_n);
            if (then >= 0) out[item] += weight * exp2(-(double)(q->now_ms - then) / p->half_life_ms);
        }
    }
}

static void check_proposals(const struct fr_social_params *p, const struct world *w,
                            const struct fr_source *s, struct fr_scratch *scratch, uint32_t user) {
    struct fr_query q = world_query(w, user);
    double want[IDS];
    struct fr_vote got[IDS];
    naive_scores(p, w, &q, want);
    uint32_t n = s->ops->propose(s, &q, scratch, IDS, got), positive = 0;
    for (uint32_t i = 0; i < IDS; i++) positive += want[i] > 0;
    CHECK_INT(n, positive);
    for (uint32_t i = 0; i < n; i++) {
        CHECK_NEAR((double)got[i].score / want[got[i].item], 1, 2e-5);
        CHECK_INT(got[i].because, FR_DICT_NONE);
    }
}

static void test_equals_a_recomputation(void) {
    struct world w;
    struct fr_scratch scratch = {0};
    struct fr_social_params p = FR_SOCIAL_DEFAULTS;
    p.touches = WORLD_ITEMS, p.sharers = WORLD_USERS, p.half_life_ms = 6 * 3600000., p.share_weight = 1.5;
    struct fr_source *s = fr_source_social_new(&p);
    world_init(&w, 6, 1);
    told_n = 0;
    for (uint32_t i = 0; i < LOG; i++) {
        uint32_t user;
        struct fr_example e = world_next(&w, &user);
        s->ops->learn(s, &e);
        memcpy(told[i].followees, e.before.followees, e.before.followee_n * sizeof(uint32_t));
        told[i].e = e;
        told_n++;
        world_apply(&w, user, &e);
        if (i % 240 == 239) check_proposals(&p, &w, s, &scratch, i % WORLD_USERS);
    }
    s->ops->free(s);
    fr_scratch_fini(&scratch);
    world_fini(&w);
}

/* Who is followed up on gains; who is not, loses. */
static void test_influence_is_learnt(void) {
    struct world w;
    struct fr_scratch scratch = {0};
    struct fr_source *s = fr_source_social_new(NULL);
    world_init(&w, 1, 1);
    uint32_t followees[2] = {w.user_ids[0], w.user_ids[1]};
    struct fr_query fan = {.ids = &w.ids,
                           .user = w.user_ids[2],
                           .group = FR_DICT_NONE,
                           .followees = followees,
                           .followee_n = 2,
                           .now_ms = w.now_ms};
    for (uint32_t i = 0; i < 20; i++) {
        struct fr_example by_fan = {.before = fan,
                                    .item = w.items[i],
                                    .weight = 1,
                                    .is_new = true,
                                    .sharer = FR_DICT_NONE,
                                    .time_ms = w.now_ms};
        struct fr_example a = by_fan, b = by_fan;
        a.before.user = followees[0], a.before.followee_n = 0;
        b.before.user = followees[1], b.before.followee_n = 0, b.item = w.items[40 + i];
        s->ops->learn(s, &a);
        s->ops->learn(s, &b);
        s->ops->learn(s, &by_fan);
    }
    struct fr_vote out[60];
    uint32_t n = s->ops->propose(s, &fan, &scratch, 60, out);
    CHECK_INT(n, 38); /* the first touches of both came before anybody had followed them */
    for (uint32_t i = 0; i < n; i++) CHECK((out[i].item <= w.items[19]) == (i < 19));
    CHECK(out[0].score > .4f && out[n - 1].score < .02f);
    s->ops->free(s);
    fr_scratch_fini(&scratch);
    world_fini(&w);
}

int main(void) {
    RUN(test_equals_a_recomputation);
    RUN(test_influence_is_learnt);
    return check_done();
}
