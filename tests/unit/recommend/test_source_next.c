/* Transitions against a recomputation from the whole log, written from the formula in the header. */
#include "check.h"
#include "freshet/recommend/source_next.h"
#include "random_examples.h"

enum { LOG = 1500, IDS = WORLD_ITEMS + WORLD_USERS };

/* Every transition ever, with its time. */
struct naive {
    struct {
        uint32_t from, to;
        double amount;
        fr_time_ms time_ms;
    } moves[LOG * 20];
    uint32_t n;
};

static struct naive naive;

static void naive_learn(const struct fr_next_params *p, const struct fr_example *e) {
    const struct fr_query *q = &e->before;
    if (e->weight == 0 || e->dislike || (q->seed_n && q->seeds[0].item == e->item)) return;
    for (uint32_t i = 0, gap = 0; i < q->seed_n && gap < p->learn_seeds; i++) {
        if (!(q->seeds[i].strength > 0) || q->seeds[i].disliked || q->seeds[i].item == e->item) continue;
        naive.moves[naive.n].from = q->seeds[i].item;
        naive.moves[naive.n].to = e->item;
        naive.moves[naive.n].amount = pow(p->learn_fade, gap++);
        naive.moves[naive.n++].time_ms = e->time_ms;
    }
}

/* What leaves `from`, by where to; out[IDS] is the total. */
static void naive_row(const struct fr_next_params *p, uint32_t from, fr_time_ms now_ms, double out[IDS + 1]) {
    memset(out, 0, (IDS + 1) * sizeof *out);
    for (uint32_t i = 0; i < naive.n; i++) {
        if (naive.moves[i].from != from) continue;
        double worth =
            naive.moves[i].amount * exp2(-(double)(now_ms - naive.moves[i].time_ms) / p->half_life_ms);
        out[naive.moves[i].to] += worth;
        out[IDS] += worth;
    }
}

static void naive_scores(const struct fr_next_params *p, const struct fr_query *q, double out[IDS]) {
    double row[IDS + 1], weight = 1;
    memset(out, 0, IDS * sizeof *out);
    for (uint32_t i = 0, asked = 0; i < q->seed_n && asked < p->propose_seeds; i++) {
        if (!(q->seeds[i].strength > 0) || q->seeds[i].disliked) continue;
        naive_row(p, q->seeds[i].item, q->now_ms, row);
        for (uint32_t item = 0; item < IDS; item++)
            out[item] += weight * row[item] / pow(row[IDS] + p->shrinkage, p->normalisation);
        weight *= p->propose_fade;
        asked++;
    }
}

struct run {
    struct world w;
    struct fr_source *s;
    struct fr_scratch scratch;
};

static void step(struct run *r, const struct fr_next_params *p) {
    uint32_t user;
    struct fr_example e = world_next(&r->w, &user);
    naive_learn(p, &e);
    r->s->ops->learn(r->s, &e);
    world_apply(&r->w, user, &e);
}

static void run_log(const struct fr_next_params *p, uint64_t seed, bool is_exact) {
    struct run r = {.s = fr_source_next_new(p)};
    world_init(&r.w, seed, 1);
    naive.n = 0;
    for (uint32_t i = 0; i < LOG; i++) {
        step(&r, p);
        if (i % 30 != 29) continue;
        struct fr_query q = world_query(&r.w, i % WORLD_USERS);
        double want[IDS];
        struct fr_vote got[IDS];
        naive_scores(p, &q, want);
        uint32_t n = r.s->ops->propose(r.s, &q, &r.scratch, IDS, got), positive = 0;
        for (uint32_t k = 0; k < IDS; k++) positive += want[k] > 0;
        if (is_exact) CHECK_INT(n, positive);
        for (uint32_t k = 0; k < n; k++) {
            double ratio = (double)got[k].score / want[got[k].item];
            CHECK(ratio < 1 + 2e-5 && (!is_exact || ratio > 1 - 2e-5));
        }
    }
    r.s->ops->free(r.s);
    fr_scratch_fini(&r.scratch);
    world_fini(&r.w);
}

static void test_equals_a_recomputation(void) {
    struct fr_next_params p = FR_NEXT_DEFAULTS;
    run_log(&p, 1, true);
    p.half_life_ms = 2 * 3600000; /* short: landmarks move */
    p.normalisation = .5, p.learn_fade = .6, p.propose_fade = .3, p.learn_seeds = 3, p.propose_seeds = 2;
    run_log(&p, 2, true);
    p.half_life_ms = 3 * 3600000, p.normalisation = 1, p.shrinkage = .1;
    run_log(&p, 3, true);
    p.half_life_ms = (double)INFINITY;
    run_log(&p, 4, true);
}

/* A full row says no more than the truth. */
static void test_a_full_row_never_overstates(void) {
    struct fr_next_params p = FR_NEXT_DEFAULTS;
    p.successors = 5;
    run_log(&p, 5, false);
    p.half_life_ms = 3600000;
    run_log(&p, 6, false);
}

/* Space-saving: what has more than total / successors of a row's mass is in it. */
static void test_a_full_row_keeps_the_heavy(void) {
    struct fr_next_params p = FR_NEXT_DEFAULTS;
    p.successors = 8, p.propose_seeds = 1, p.learn_seeds = 1;
    struct run r = {.s = fr_source_next_new(&p)};
    world_init(&r.w, 8, 1);
    struct fr_rng rng = {3};
    struct fr_seed seed = {.item = r.w.items[0], .strength = 1};
    struct fr_query q = {
        .ids = &r.w.ids, .user = FR_DICT_NONE, .seeds = &seed, .seed_n = 1, .now_ms = r.w.now_ms};
    for (uint32_t i = 0; i < 4000; i++) { /* item 1: every fourth; the rest spread over all others */
        uint32_t to = i % 4 == 0 ? 1 : 2 + fr_rng_below(&rng, WORLD_ITEMS - 2);
        struct fr_example e = {
            .before = q, .item = r.w.items[to], .weight = 1, .sharer = FR_DICT_NONE, .time_ms = r.w.now_ms};
        r.s->ops->learn(r.s, &e);
    }
    struct fr_vote out[10];
    CHECK_INT(r.s->ops->propose(r.s, &q, &r.scratch, 10, out), 8);
    CHECK_INT(out[0].item, r.w.items[1]);
    CHECK(out[0].score > 900 && out[0].score <= 1000);
    CHECK_INT(out[0].because, r.w.items[0]);
    r.s->ops->free(r.s);
    fr_scratch_fini(&r.scratch);
    world_fini(&r.w);
}

int main(void) {
    RUN(test_equals_a_recomputation);
    RUN(test_a_full_row_never_overstates);
    RUN(test_a_full_row_keeps_the_heavy);
    return check_done();
}
