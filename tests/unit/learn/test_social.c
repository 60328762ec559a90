/* The social graph against the filter on a matrix that is put together by hand here. */
#include "freshet/learn/social.h"
#include "freshet/learn/spectral.h"
#include "model_check.h"

static const double values[] = {6, 100, .3, .4, 1, .75, 1, 2, .2, .5}; /* trust .5 */

/* u follows u + 1 and u + 5, where they are; one row names himself too. */
static struct fr_rows friends_of(void) {
    struct fr_rows r = fr_rows_new(USERS, USERS, 2 * USERS + 1);
    size_t n = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        r.start[u] = n;
        if (u == 3) r.columns[n++] = 3;
        if (u + 1 < USERS) r.columns[n++] = u + 1;
        if (u + 5 < USERS) r.columns[n++] = u + 5;
    }
    r.start[USERS] = n;
    for (size_t i = 0; i < n; i++) r.values[i] = 1;
    return r;
}

static struct fr_interactions *by_hand(const struct fr_interactions *data) {
    static struct fr_interaction entries[600];
    size_t n = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        for (size_t at = data->by_user.start[u]; at < data->by_user.start[u + 1]; at++)
            entries[n++] = (struct fr_interaction){u, data->by_user.columns[at], data->by_user.values[at]};
        entries[n++] = (struct fr_interaction){u, ITEMS + u, .5F};
        if (u + 1 < USERS) entries[n++] = (struct fr_interaction){u, ITEMS + u + 1, .5F};
        if (u + 5 < USERS) entries[n++] = (struct fr_interaction){u, ITEMS + u + 5, .5F};
    }
    return fr_interactions_new(USERS, ITEMS + USERS, entries, n);
}

/* Scores of the items by the filter for rows of the matrix made by hand. gives */
static float *items_of(const struct fr_model *filter, const struct fr_rows *rows) {
    enum { ALL = ITEMS + USERS };
    float *all = fr_alloc((size_t)USERS * ALL * sizeof *all),
          *want = fr_alloc((size_t)USERS * ITEMS * sizeof *want);
    filter->ops->score(filter, rows, 0, USERS, false, all);
    for (size_t u = 0; u < USERS; u++) memcpy(want + u * ITEMS, all + u * ALL, ITEMS * sizeof *want);
    free(all);
    return want;
}

static void test_it_is_the_filter_on_the_larger_graph(void) {
    struct fr_interactions *data = small_world(true), *graph = by_hand(data);
    struct fr_rows friends = friends_of();
    struct fr_fit on_graph = {.data = graph, .threads = 1, .seed = 1};
    struct fr_fit fit = {.data = data, .friends = &friends, .seed = 1};
    struct fr_model *filter = fr_spectral_ops.fit(&on_graph, values, NULL);
    float *known = items_of(filter, &graph->by_user), *unknown = items_of(filter, &data->by_user);
    CHECK(most_apart(known, unknown, (size_t)USERS * ITEMS) > .01);
    check_model(&fr_social_ops, &fit, values, true, known, 1e-4);
    check_model(&fr_social_ops, &fit, values, false, unknown, 1e-4);
    free(known), free(unknown);
    filter->ops->free(filter);
    fr_rows_fini(&friends);
    fr_interactions_free(graph);
    fr_interactions_free(data);
}

static void test_adjusting_is_the_filter_s(void) {
    struct fr_interactions *data = small_world(true);
    struct fr_rows friends = friends_of();
    struct fr_fit fit = {.data = data, .friends = &friends, .threads = 1, .seed = 1};
    struct fr_model *m = fr_social_ops.fit(&fit, values, NULL);
    CHECK(m->ops->adjust(m, (double[]){5, 100, 0, .4, 1, .75, 1, 2, .1, .5}));
    CHECK(!m->ops->adjust(m, (double[]){5, 100, 0, .4, 1, .75, 1, 2, .1, .7}));
    CHECK(!m->ops->adjust(m, (double[]){5, 100, 0, .4, 1, .75, 1, 0, .1, .5}));
    CHECK(!m->ops->adjust(m, (double[]){5, 50, 0, .4, 1, .75, 1, 2, .1, .5}));
    m->ops->free(m);
    fr_rows_fini(&friends);
    fr_interactions_free(data);
}

static void test_without_friends_it_says_so(void) {
    struct fr_interactions *data = small_world(true);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1};
    struct fr_errmsg msg = {0};
    CHECK(!fr_social_ops.fit(&fit, values, &msg));
    CHECK_INT(msg.code, FR_CONFIG);
    fr_interactions_free(data);
}

static void test_nothing_is_no_fault(void) { check_nothing(&fr_social_ops); }

int main(void) {
    RUN(test_it_is_the_filter_on_the_larger_graph);
    RUN(test_adjusting_is_the_filter_s);
    RUN(test_without_friends_it_says_so);
    RUN(test_nothing_is_no_fault);
    return check_done();
}
