#include "check.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include "freshet/learn/trial.h"
#include <stdlib.h>

static uint32_t item(struct fr_histories *h, const char *id) {
    return fr_dict_intern(&h->ids, fr_str_of(id));
}

/* Four users; the cutoff for a share of .25 of 12 touches is second 90. */
static void fill(struct fr_histories *h) {
    static const struct {
        const char *item;
        int user, second;
    } touches[] = {{"c", 0, 10}, {"a", 0, 20}, {"b", 0, 95}, {"z", 0, 96},   {"c", 1, 30}, {"b", 1, 40},
                   {"a", 2, 50}, {"c", 2, 60}, {"b", 2, 70}, {"new", 3, 90}, {"x", 3, 80}, {"c", 1, 5}};
    fr_histories_init(h);
    item(h, "somebody's name");
    int user = -1;
    for (size_t i = 0; i < 11; i++) { /* the last one is of an earlier user: left out */
        for (; user < touches[i].user; user++) fr_histories_user(h);
        fr_histories_touch(h, item(h, touches[i].item), touches[i].second * 1000);
    }
}

static const struct fr_time_split_params params = {
    .share = 0.25, .users_least = 1, .items_most = 100, .cases_most = 1000, .seed = 1};

static bool row_is(const struct fr_rows *r, uint32_t row, const uint32_t *wanted, uint32_t n) {
    if (fr_rows_length(r, row) != n) return false;
    for (uint32_t i = 0; i < n; i++)
        if (r->columns[r->start[row] + i] != wanted[i]) return false;
    return true;
}

static void test_split(void) {
    struct fr_histories h;
    fill(&h);
    CHECK_INT(fr_histories_count(&h), 11);
    struct fr_time_split s = fr_time_split_new(&h, &params);
    CHECK_INT(s.cutoff_ms, 90000);
    /* columns a, b, c, x; "x" is touched by one user, before the cutoff */
    CHECK_INT(s.train->by_user.column_n, 4);
    CHECK(s.columns[0] == item(&h, "a") && s.columns[2] == item(&h, "c") && s.columns[3] == item(&h, "x"));
    CHECK_INT(s.train->by_user.row_n, 4);
    CHECK(row_is(&s.train->by_user, 0, (uint32_t[]){0, 2}, 2));
    CHECK(row_is(&s.train->by_user, 2, (uint32_t[]){0, 1, 2}, 3));
    CHECK_INT(s.case_n, 2);
    CHECK(s.cases[0] == 0 && s.cases[1] == 3);
    uint32_t b = item(&h, "b"), z = item(&h, "z");
    CHECK(row_is(&s.truth, 0, (uint32_t[]){b < z ? b : z, b < z ? z : b}, 2));
    CHECK(row_is(&s.truth, 1, (uint32_t[]){item(&h, "new")}, 1));
    fr_time_split_fini(&s);
    fr_histories_fini(&h);
}

static void test_bounds(void) {
    struct fr_histories h;
    fill(&h);
    struct fr_time_split_params p = params;
    p.users_least = 2;
    struct fr_time_split s = fr_time_split_new(&h, &p);
    CHECK_INT(s.train->by_user.column_n, 3); /* a, b, c */
    CHECK_INT(s.train->by_user.row_n, 3);    /* user 3 has none of them, */
    CHECK_INT(s.case_n, 1);                  /* and so is no case */
    fr_time_split_fini(&s);
    p.items_most = 2;
    s = fr_time_split_new(&h, &p); /* c was touched by 3, then a and b by 2: the smaller id */
    CHECK(s.train->by_user.column_n == 2 && s.columns[0] == item(&h, "a") && s.columns[1] == item(&h, "c"));
    fr_time_split_fini(&s);
    p = params;
    p.cases_most = 1;
    s = fr_time_split_new(&h, &p);
    CHECK_INT(s.case_n, 1);
    fr_time_split_fini(&s);
    p.not_before_ms = 95001;
    s = fr_time_split_new(&h, &p);
    CHECK_INT(s.cutoff_ms, 96000);
    CHECK(s.case_n == 1 && s.cases[0] == 0 && row_is(&s.truth, 0, (uint32_t[]){item(&h, "z")}, 1));
    fr_time_split_fini(&s);
    fr_histories_fini(&h);
}

static void test_nothing(void) {
    struct fr_histories h;
    fr_histories_init(&h);
    struct fr_time_split s = fr_time_split_new(&h, &params);
    CHECK(s.case_n == 0 && s.train->by_user.row_n == 0 && s.train->by_user.column_n == 0);
    fr_time_split_fini(&s);
    fr_histories_fini(&h);
}

static void test_fingerprint(void) {
    struct fr_histories a, b;
    fill(&a);
    fr_histories_init(&b); /* the same with other numbers */
    item(&b, "q");
    for (uint32_t u = 0; u < a.user_n; u++) {
        fr_histories_user(&b);
        for (size_t e = a.start[u + 1]; e-- > a.start[u];)
            fr_histories_touch(&b, fr_dict_intern(&b.ids, fr_dict_str(&a.ids, a.items[e])),
                               (fr_time_ms)a.times_s[e] * 1000);
    }
    uint64_t same = fr_histories_fingerprint(&b);
    CHECK(fr_histories_fingerprint(&a) == same);
    b.times_s[3]++;
    CHECK(fr_histories_fingerprint(&b) != same);
    fr_histories_fini(&a);
    fr_histories_fini(&b);
}

/* ---- trials ---- */

enum { USERS = 400, ITEMS = 40, CIRCLE = 8 };

/* Users like a circle of 8 items of 40 and take to them one after the other; the last one late. */
static void circles(struct fr_histories *h) {
    struct fr_rng r = {7};
    fr_histories_init(h);
    for (uint32_t u = 0; u < USERS; u++) {
        uint32_t circle = fr_rng_below(&r, ITEMS / CIRCLE), first = fr_rng_below(&r, CIRCLE);
        fr_histories_user(h);
        for (uint32_t i = 0; i < 5; i++) {
            char id[8];
            snprintf(id, sizeof id, "i%02u", circle * CIRCLE + (first + i) % CIRCLE);
            fr_histories_touch(h, item(h, id), (fr_time_ms)(i == 4 ? 1000 + u : u) * 1000);
        }
    }
}

static struct fr_bundle *fit(const struct fr_histories *h, const struct fr_time_split *s,
                             const char *const *names, uint32_t n) {
    struct fr_bundle *b = fr_bundle_new();
    struct fr_str ids[ITEMS];
    double values[FR_PARAMETERS_MAX] = {16, 15, .005, 1, 5};
    struct fr_fit fit = {.data = s->train, .threads = 1, .seed = 1};
    for (uint32_t c = 0; c < s->train->by_user.column_n; c++) ids[c] = fr_dict_str(&h->ids, s->columns[c]);
    fr_bundle_set_items(b, ids, s->train->by_user.column_n);
    for (uint32_t i = 0; i < n; i++) fr_bundle_add(b, fr_model_find(names[i])->fit(&fit, values, NULL));
    return b;
}

static void test_trial(void) {
    struct fr_histories h;
    static const char *const names[] = {"popular", "als"};
    circles(&h);
    struct fr_time_split_params p = params;
    p.share = 0.2;
    struct fr_time_split s = fr_time_split_new(&h, &p);
    CHECK_INT(s.case_n, USERS);
    float ndcg[USERS];
    struct fr_figures each[2] = {{.fit_seconds = 5}};
    struct fr_bundle *popular = fit(&h, &s, names, 1), *als = fit(&h, &s, names + 1, 1),
                     *both = fit(&h, &s, names, 2);
    struct fr_figures of_popular = fr_trial(popular, &h, &s, 4, 1, ndcg, NULL);
    struct fr_figures of_als = fr_trial(als, &h, &s, 4, 2, ndcg, NULL);
    CHECK(of_als.cases == USERS && of_als.recall > 0.9); /* four of a circle are left */
    CHECK(of_popular.recall < 0.3);
    double mean = 0;
    for (int i = 0; i < USERS; i++) mean += (double)ndcg[i] / USERS;
    CHECK_NEAR(mean, of_als.ndcg, 1e-6);
    struct fr_figures blended = fr_trial(both, &h, &s, 4, 1, ndcg, each);
    CHECK_NEAR(each[0].ndcg, of_popular.ndcg, 1e-9);
    CHECK_NEAR(each[1].ndcg, of_als.ndcg, 1e-9);
    CHECK_NEAR(each[0].fit_seconds, 5, 0);
    both->models[0].weight = 0;
    CHECK_NEAR(fr_trial(both, &h, &s, 4, 1, ndcg, NULL).ndcg, of_als.ndcg, 1e-9);
    CHECK(blended.ndcg > of_popular.ndcg);
    fr_bundle_free(popular);
    fr_bundle_free(als);
    fr_bundle_free(both);
    fr_time_split_fini(&s);
    fr_histories_fini(&h);
}

/* A bundle with items that nobody knows, and without some that all know: judged by what it can list. */
static void test_trial_of_other_columns(void) {
    struct fr_histories h, other;
    static const char *const names[] = {"popular"};
    circles(&h);
    fr_histories_init(&other);
    for (uint32_t u = 0; u < 3; u++) { /* the most popular are unknown, i05 is next */
        fr_histories_user(&other);
        fr_histories_touch(&other, item(&other, "unknown 1"), 0);
        if (u < 2) fr_histories_touch(&other, item(&other, "unknown 2"), 0);
        if (u < 1) fr_histories_touch(&other, item(&other, "i05"), 0);
    }
    fr_histories_user(&other);
    fr_histories_touch(&other, item(&other, "i05"), 9000);
    struct fr_time_split_params p = params;
    p.share = 0.2;
    struct fr_time_split s = fr_time_split_new(&h, &p);
    p.share = 0.1;
    struct fr_time_split t = fr_time_split_new(&other, &p);
    struct fr_bundle *b = fit(&other, &t, names, 1);
    CHECK_INT(b->item_n, 3);
    float ndcg[USERS];
    struct fr_figures f = fr_trial(b, &h, &s, 3, 1, ndcg, NULL);
    uint32_t hits = 0, i05 = item(&h, "i05");
    for (uint32_t c = 0; c < s.case_n; c++) {
        bool wanted = s.truth.columns[s.truth.start[c]] == i05;
        hits += wanted;
        CHECK_NEAR(ndcg[c], wanted ? 0.5 : 0, 1e-6); /* in place 3: 1 / log2(4) */
    }
    CHECK(hits > 0);
    CHECK_NEAR(f.recall, (double)hits / s.case_n, 1e-9);
    fr_bundle_free(b);
    fr_time_split_fini(&s);
    fr_time_split_fini(&t);
    fr_histories_fini(&h);
    fr_histories_fini(&other);
}

int main(void) {
    RUN(test_split);
    RUN(test_bounds);
    RUN(test_nothing);
    RUN(test_fingerprint);
    RUN(test_trial);
    RUN(test_trial_of_other_columns);
    return check_done();
}
