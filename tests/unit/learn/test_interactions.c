/* The sparse matrix against a dense one. */
#include "check.h"
#include "freshet/base/err.h"
#include "freshet/base/rng.h"
#include "freshet/learn/interactions.h"
#include <stdlib.h>

enum { USERS = 30, ITEMS = 40, ENTRIES = 500 };

static float dense[USERS][ITEMS];

/* Many pairs twice, one user and one item with nothing. Whole numbers: sums are exact in any order. */
static struct fr_interactions *random_world(void) {
    static struct fr_interaction entries[ENTRIES];
    struct fr_rng rng = {3};
    memset(dense, 0, sizeof dense);
    for (size_t i = 0; i < ENTRIES; i++) {
        struct fr_interaction e = {fr_rng_below(&rng, USERS - 1), 1 + fr_rng_below(&rng, ITEMS - 1),
                                   (float)(1 + fr_rng_below(&rng, 3))};
        dense[e.user][e.item] += e.value;
        entries[i] = e;
    }
    return fr_interactions_new(USERS, ITEMS, entries, ENTRIES);
}

static void check_rows(const struct fr_rows *r, bool transposed) {
    size_t n = 0;
    for (uint32_t row = 0; row < r->row_n; row++)
        for (size_t i = r->start[row]; i < r->start[row + 1]; i++, n++) {
            uint32_t column = r->columns[i];
            CHECK(i == r->start[row] || r->columns[i - 1] < column);
            CHECK_NEAR(r->values[i], transposed ? dense[column][row] : dense[row][column], 0);
        }
    CHECK_INT(n, r->start[r->row_n]);
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < ITEMS; i++) n -= dense[u][i] > 0;
    CHECK_INT(n, 0);
}

static void test_entries_are_added_up_and_sorted(void) {
    struct fr_interactions *m = random_world();
    check_rows(&m->by_user, false);
    check_rows(&m->by_item, true);
    CHECK_INT(fr_rows_length(&m->by_user, USERS - 1), 0);
    CHECK_INT(fr_rows_length(&m->by_item, 0), 0);
    fr_interactions_free(m);
}

static void test_nothing_at_all(void) {
    struct fr_interactions *m = fr_interactions_new(3, 0, NULL, 0);
    CHECK_INT(fr_interactions_count(m), 0);
    CHECK_INT(m->by_item.row_n, 0);
    float y[3] = {1, 1, 1};
    fr_rows_multiply(&m->by_user, NULL, NULL, 1, NULL, y, 2);
    CHECK_NEAR(y[2], 0, 0);
    fr_interactions_free(m);
}

/* S X with every combination of scales and values, widths around the strips of registers, 1 to 3 threads. */
static void check_product(const struct fr_rows *s, uint32_t k, int how) {
    struct fr_rng rng = {k};
    float rows[USERS], columns[ITEMS];
    for (size_t i = 0; i < USERS; i++) rows[i] = (float)fr_rng_uniform(&rng);
    for (size_t i = 0; i < ITEMS; i++) columns[i] = (float)fr_rng_uniform(&rng);
    float *x = fr_alloc(ITEMS * k * sizeof *x), *y = fr_alloc(USERS * k * sizeof *y);
    float *again = fr_alloc(USERS * k * sizeof *y);
    for (size_t i = 0; i < (size_t)ITEMS * k; i++) x[i] = (float)fr_rng_uniform(&rng) - .5F;
    struct fr_rows plain = *s;
    if (how & 4) plain.values = NULL;
    fr_rows_multiply(&plain, how & 1 ? rows : NULL, how & 2 ? columns : NULL, k, x, y, 1);
    for (size_t u = 0; u < USERS; u++)
        for (size_t j = 0; j < k; j++) {
            double want = 0;
            for (size_t i = 0; i < ITEMS; i++)
                want += (double)(how & 4 ? dense[u][i] > 0 : dense[u][i]) *
                        (double)(how & 2 ? columns[i] : 1) * (double)x[i * k + j];
            CHECK_NEAR(y[u * k + j], want * (double)(how & 1 ? rows[u] : 1), 1e-4);
        }
    for (unsigned threads = 2; threads <= 3; threads++) {
        fr_rows_multiply(&plain, how & 1 ? rows : NULL, how & 2 ? columns : NULL, k, x, again, threads);
        CHECK(memcmp(y, again, USERS * k * sizeof *y) == 0);
    }
    free(x), free(y), free(again);
}

static void test_products_equal_the_dense_ones(void) {
    struct fr_interactions *m = random_world();
    static const uint32_t widths[] = {1, 7, 16, 39, 64, 65, 200};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
        for (int how = 0; how < 8; how++) check_product(&m->by_user, widths[w], how);
    fr_interactions_free(m);
}

int main(void) {
    RUN(test_entries_are_added_up_and_sorted);
    RUN(test_nothing_at_all);
    RUN(test_products_equal_the_dense_ones);
    return check_done();
}
