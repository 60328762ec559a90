/* Session models: rules against naive sums, what a blend must be better at, and that nothing is read beyond the sessions that
 * were given. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/learn/session_model.h"
#include <stdlib.h>

enum { ITEMS = 50, SESSIONS = 1200, LENGTH = 7 };

static struct fr_dict ids;
static uint32_t items[SESSIONS * LENGTH];
static size_t starts[SESSIONS + 1];
static struct fr_scratch scratch;

static void make_ids(uint32_t stride) {
    fr_dict_init(&ids);
    for (uint32_t i = 0; i < ITEMS; i++) {
        char name[8];
        snprintf(name, sizeof name, "i%u", i * stride % ITEMS);
        fr_dict_intern(&ids, fr_str_of(name));
    }
}

static uint32_t number_of(uint32_t item) {
    char name[8];
    snprintf(name, sizeof name, "i%u", item);
    return fr_dict_find(&ids, fr_str_of(name));
}

/* Half of the sessions walk round a ring; the others stay within five items and come back to what they saw. */
static struct fr_visits make_visits(uint64_t seed) {
    struct fr_rng rng = {seed};
    for (uint32_t s = 0; s < SESSIONS; s++) {
        uint32_t n = 2 + fr_rng_below(&rng, LENGTH - 1), at = fr_rng_below(&rng, ITEMS),
                 *out = items + starts[s];
        bool walks = fr_rng_below(&rng, 2);
        for (uint32_t k = 0; k < n; k++) {
            out[k] = number_of(at);
            if (walks)
                at = (at + 1 + (fr_rng_below(&rng, 4) == 0)) % ITEMS;
            else
                at = at / 5 * 5 + fr_rng_below(&rng, 5);
        }
        starts[s + 1] = starts[s] + n;
    }
    return (struct fr_visits){items, starts, SESSIONS};
}

static void naive_weights(const struct fr_visits *v, uint32_t session_n,
                          const struct fr_session_rules_params *p, double out[ITEMS][ITEMS]) {
    memset(out, 0, ITEMS * sizeof *out);
    for (uint32_t s = 0; s < session_n; s++)
        for (size_t i = v->starts[s]; i < v->starts[s + 1]; i++)
            for (size_t j = i + 1; j < v->starts[s + 1] && j - i <= p->window; j++) {
                uint32_t a = v->items[i], b = v->items[j];
                double worth = exp2(-(double)(session_n - s) / p->half_life);
                if (!p->together) out[a][b] += worth / (double)(j - i);
                if (p->together && a != b) out[a][b] += worth, out[b][a] += worth;
            }
}

static void check_rules(const struct fr_session_rules_params *p) {
    static double weights[ITEMS][ITEMS];
    struct fr_visits v = make_visits(4);
    struct fr_session_rules *r = fr_session_rules_new(&v, 900, &ids, p);
    naive_weights(&v, 900, p, weights);
    for (uint32_t s = 900; s < 950; s++) {
        const uint32_t *visit = v.items + v.starts[s];
        uint32_t n = fr_visits_length(&v, s), found = 0;
        struct fr_vote out[ITEMS];
        double want[ITEMS] = {0};
        for (uint32_t b = 0; b < ITEMS; b++) {
            double total = 0;
            for (uint32_t a = 0; a < ITEMS; a++) total += weights[a][b];
            for (uint32_t place = 0; place < n; place++)
                want[b] += pow(p->fade, place) * weights[visit[n - 1 - place]][b] / pow(total, p->popularity);
            found += want[b] > 0;
        }
        fr_scratch_reserve(&scratch, ids.n);
        fr_session_rules_vote(r, visit, n, &scratch);
        CHECK_INT(fr_scratch_best(&scratch, &ids, ITEMS, out), found);
        for (uint32_t i = 0; i < found; i++) CHECK_NEAR((double)out[i].score / want[out[i].item], 1, 1e-5);
    }
    fr_session_rules_free(r);
}

static void test_rules_equal_naive_sums(void) {
    make_ids(1);
    struct fr_session_rules_params p = {.window = 3, .half_life = 400, .fade = .5, .popularity = .25};
    check_rules(&p);
    p.together = true;
    check_rules(&p);
    p.fade = 0;
    check_rules(&p);
    fr_dict_fini(&ids);
}

static double hit_rate(enum fr_session_model_kind kind, const struct fr_visits *v, uint32_t k) {
    struct fr_session_model_values values;
    fr_session_model_defaults(&values);
    struct fr_session_model *m = fr_session_model_new(kind, v, SESSIONS - 200, &ids, &values, .3);
    uint32_t hits = 0, asked = 0;
    for (uint32_t s = SESSIONS - 200; s < SESSIONS; s++)
        for (uint32_t at = 1; at < fr_visits_length(v, s); at++, asked++) {
            struct fr_vote out[ITEMS];
            uint32_t n = fr_session_model_list(m, v->items + v->starts[s], at, &scratch, k, out);
            CHECK(n <= k);
            for (uint32_t i = 0; i < n; i++) hits += out[i].item == v->items[v->starts[s] + at];
        }
    fr_session_model_free(m);
    return (double)hits / asked;
}

static void test_the_blend_is_better_than_its_parts(void) {
    make_ids(1);
    struct fr_visits v = make_visits(7);
    double blend = hit_rate(FR_SESSION_MODEL_BLEND, &v, 2);
    for (uint32_t kind = 0; kind < FR_SESSION_MODEL_BLEND; kind++) {
        double part = hit_rate((enum fr_session_model_kind)kind, &v, 2);
        CHECK(part < blend);
        if (kind != FR_SESSION_MODEL_POPULAR) CHECK(part > .2);
    }
    fr_dict_fini(&ids);
}

static void test_numbers_do_not_matter(void) {
    double rates[2][FR_SESSION_MODEL_N];
    for (uint32_t k = 0; k < 2; k++) {
        make_ids(k ? 7 : 1);
        struct fr_visits v = make_visits(3);
        for (uint32_t kind = 0; kind < FR_SESSION_MODEL_N; kind++)
            rates[k][kind] = hit_rate((enum fr_session_model_kind)kind, &v, 3);
        fr_dict_fini(&ids);
    }
    CHECK(memcmp(rates[0], rates[1], sizeof rates[0]) == 0);
}

/* What comes after the sessions that a model is given changes none of its lists: not the fit, not the blend's weights, not the
 * choice of parameters. */
static void test_the_future_is_not_looked_at(void) {
    uint32_t lists[2][FR_SESSION_MODEL_N][20];
    struct fr_session_model_values values[2];
    memset(lists, 0, sizeof lists);
    memset(values, 0, sizeof values);
    make_ids(1);
    for (uint32_t k = 0; k < 2; k++) {
        struct fr_visits v = make_visits(5);
        for (size_t i = starts[1000]; k == 1 && i < starts[SESSIONS]; i++) items[i] = 3; /* another future */
        struct fr_visits past = {v.items, v.starts, 1000};
        struct fr_session_tuning tuning = {&past, &ids, .1, 100, 20, NULL, NULL};
        fr_session_model_defaults(&values[k]);
        fr_session_model_tune(FR_SESSION_MODEL_STAN, &tuning, &values[k]);
        for (uint32_t kind = 0; kind < FR_SESSION_MODEL_N; kind++) {
            struct fr_vote out[20];
            struct fr_session_model *m =
                fr_session_model_new((enum fr_session_model_kind)kind, &v, 1000, &ids, &values[k], .1);
            uint32_t n = fr_session_model_list(m, v.items + v.starts[10], 2, &scratch, 20, out);
            for (uint32_t i = 0; i < n; i++) lists[k][kind][i] = 1 + out[i].item;
            fr_session_model_free(m);
        }
    }
    CHECK(memcmp(lists[0], lists[1], sizeof lists[0]) == 0);
    CHECK(memcmp(&values[0], &values[1], sizeof values[0]) == 0);
    fr_dict_fini(&ids);
}

static void test_unknown_visits_get_what_is_popular(void) {
    make_ids(1);
    struct fr_visits v = make_visits(5);
    struct fr_session_model_values values;
    fr_session_model_defaults(&values);
    for (uint32_t kind = 0; kind < FR_SESSION_MODEL_N; kind++) {
        struct fr_vote out[5];
        struct fr_session_model *m =
            fr_session_model_new((enum fr_session_model_kind)kind, &v, 300, &ids, &values, .1);
        char name[16];
        snprintf(name, sizeof name, "later%u", kind);
        uint32_t later = fr_dict_intern(&ids, fr_str_of(name)), n = kind < FR_SESSION_MODEL_POPULAR ? 0 : 5;
        CHECK_INT(fr_session_model_list(m, &later, 0, &scratch, 5, out), n);
        CHECK_INT(fr_session_model_list(m, &later, 1, &scratch, 5, out), n);
        fr_session_model_free(m);
    }
    fr_dict_fini(&ids);
}

int main(void) {
    RUN(test_rules_equal_naive_sums);
    RUN(test_the_blend_is_better_than_its_parts);
    RUN(test_numbers_do_not_matter);
    RUN(test_the_future_is_not_looked_at);
    RUN(test_unknown_visits_get_what_is_popular);
    fr_scratch_fini(&scratch);
    return check_done();
}
