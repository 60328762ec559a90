#include "check.h"
#include "freshet/learn/holdout.h"
#include <stdlib.h>

/* User u has 1 + u % 20 items. */
static struct fr_interactions *data_of(uint32_t user_n) {
    struct fr_interaction *entries = calloc((size_t)user_n * 20 + 1, sizeof *entries);
    size_t n = 0;
    for (uint32_t u = 0; u < user_n; u++)
        for (uint32_t i = 0; i <= u % 20; i++)
            entries[n++] = (struct fr_interaction){u, (u * 7 + i * 3) % 61, (float)(i + 1)};
    struct fr_interactions *data = fr_interactions_new(user_n, 61, entries, n);
    free(entries);
    return data;
}

static float value_at(const struct fr_rows *rows, uint32_t row, uint32_t column) {
    for (size_t i = rows->start[row]; i < rows->start[row + 1]; i++)
        if (rows->columns[i] == column) return rows->values[i];
    return 0;
}

/* Every entry is in exactly one of the parts, with its value. */
static void check_parts(const struct fr_interactions *data, const struct fr_holdout *h) {
    const struct fr_rows *all = &data->by_user;
    CHECK_INT(fr_interactions_count(h->rest) + h->truth.start[h->truth.row_n], fr_interactions_count(data));
    for (uint32_t u = 0; u < all->row_n; u++)
        for (size_t i = all->start[u]; i < all->start[u + 1]; i++) {
            float rest = value_at(&h->rest->by_user, u, all->columns[i]);
            float truth = value_at(&h->truth, u, all->columns[i]);
            CHECK((rest > 0) != (truth > 0));
            CHECK_NEAR(rest + truth, all->values[i], 0);
        }
}

static void test_parts_of_all_users(void) {
    struct fr_interactions *data = data_of(200);
    struct fr_holdout h = fr_holdout_new(data, .2, 1000, 7);
    check_parts(data, &h);
    for (uint32_t u = 0; u < 200; u++) {
        uint32_t n = fr_rows_length(&data->by_user, u), held = (uint32_t)(n * .2 + .5);
        CHECK_INT(fr_rows_length(&h.truth, u), n < 3 ? 0 : held < 1 ? 1 : held);
    }
    CHECK_INT(h.user_n, 180);
    CHECK_INT(h.users[0], 2);
    fr_holdout_fini(&h);
    fr_interactions_free(data);
}

static void test_sample_in_runs(void) {
    struct fr_interactions *data = data_of(6400);
    struct fr_holdout h = fr_holdout_new(data, .2, 640, 7);
    check_parts(data, &h);
    uint32_t runs = 0;
    CHECK(h.user_n <= 640 && h.user_n >= 500);
    for (uint32_t i = 0; i < h.user_n; i++)
        runs += i == 0 || h.users[i] / FR_HOLDOUT_RUN != h.users[i - 1] / FR_HOLDOUT_RUN;
    CHECK_INT(runs, 10);
    CHECK(h.users[h.user_n - 1] - h.users[0] > 4000); /* spread over all */
    fr_holdout_fini(&h);
    fr_interactions_free(data);
}

static bool same_truth(const struct fr_holdout *a, const struct fr_holdout *b) {
    size_t n = a->truth.start[a->truth.row_n];
    return n == b->truth.start[b->truth.row_n] &&
           memcmp(a->truth.columns, b->truth.columns, n * sizeof *a->truth.columns) == 0;
}

static void test_follows_from_the_seed(void) {
    struct fr_interactions *data = data_of(200);
    struct fr_holdout a = fr_holdout_new(data, .3, 1000, 1), b = fr_holdout_new(data, .3, 1000, 1),
                      c = fr_holdout_new(data, .3, 1000, 2);
    CHECK(same_truth(&a, &b));
    CHECK(!same_truth(&a, &c));
    fr_holdout_fini(&a);
    fr_holdout_fini(&b);
    fr_holdout_fini(&c);
    fr_interactions_free(data);
}

/* Its rows of strangers and its strange items are no fault. */
static void test_what_was_put_aside_elsewhere(void) {
    struct fr_interactions *data = data_of(40);
    struct fr_rows truth = fr_rows_new(50, 70, 3);
    truth.columns[0] = 4, truth.columns[1] = 69, truth.columns[2] = 1;
    for (uint32_t i = 0; i < 3; i++) truth.values[i] = (float)(i + 1);
    for (uint32_t u = 6; u <= 50; u++) truth.start[u] = u > 45 ? 3 : 2; /* user 5 has two, user 45 one */
    struct fr_holdout h = fr_holdout_given(data, &truth);
    fr_rows_fini(&truth);
    CHECK_INT(h.user_n, 1);
    CHECK_INT(h.users[0], 5);
    CHECK_INT(fr_rows_length(&h.truth, 5), 2);
    CHECK_NEAR(value_at(&h.truth, 5, 4), 1, 0);
    CHECK_NEAR(value_at(&h.truth, 5, 69), 2, 0);
    CHECK_INT(fr_interactions_count(h.rest), fr_interactions_count(data));
    for (uint32_t u = 0; u < 40; u++)
        for (size_t i = data->by_user.start[u]; i < data->by_user.start[u + 1]; i++) {
            uint32_t item = data->by_user.columns[i];
            CHECK_NEAR(value_at(&h.rest->by_user, u, item), data->by_user.values[i], 0);
            CHECK_NEAR(value_at(&h.rest->by_item, item, u), data->by_user.values[i], 0);
        }
    fr_holdout_fini(&h);
    fr_interactions_free(data);
}

int main(void) {
    RUN(test_parts_of_all_users);
    RUN(test_sample_in_runs);
    RUN(test_follows_from_the_seed);
    RUN(test_what_was_put_aside_elsewhere);
    return check_done();
}
