/* A polynomial of the graph against powers of a dense matrix. */
#include "freshet/learn/propagate.h"
#include "model_check.h"

enum { DEGREE = 3 };
static const double powers[DEGREE + 1] = {.25, -.5, 2, 1.5};
static float scale[ITEMS], item_scale[ITEMS];
static double dense[ITEMS][ITEMS]; /* P */

static void fill(const struct fr_interactions *m) {
    static double normal[USERS][ITEMS];
    double users[USERS] = {0}, items[ITEMS] = {0};
    const struct fr_rows *r = &m->by_user;
    memset(normal, 0, sizeof normal);
    for (uint32_t u = 0; u < USERS; u++)
        for (size_t at = r->start[u]; at < r->start[u + 1]; at++) {
            normal[u][r->columns[at]] = (double)r->values[at];
            users[u] += (double)r->values[at], items[r->columns[at]] += (double)r->values[at];
        }
    for (uint32_t i = 0; i < ITEMS; i++) {
        scale[i] = 1 + .1F * (float)i;
        item_scale[i] = items[i] > 0 ? (float)(2 / sqrt(items[i])) : 0;
        for (uint32_t j = 0; j < ITEMS; j++) {
            dense[i][j] = 0;
            for (uint32_t u = 0; u < USERS; u++)
                if (normal[u][i] > 0 && normal[u][j] > 0)
                    dense[i][j] += normal[u][i] * normal[u][j] / users[u] * 4 / sqrt(items[i] * items[j]);
        }
    }
}

/* Sum of powers[k] P^k z, power by power. */
static void walk(const struct fr_history_row *h, uint32_t degree, double *out) {
    double now[ITEMS] = {0}, next[ITEMS];
    for (uint32_t i = 0; i < h->n; i++)
        now[h->columns[i]] = (double)fr_history_value(h, i) * (double)scale[h->columns[i]];
    memset(out, 0, ITEMS * sizeof *out);
    for (uint32_t k = 0; k <= degree; k++) {
        for (uint32_t j = 0; j < ITEMS; j++) {
            out[j] += powers[k] * now[j];
            next[j] = 0;
            for (uint32_t i = 0; i < ITEMS; i++) next[j] += now[i] * dense[i][j];
        }
        memcpy(now, next, sizeof now);
    }
}

static void check(uint32_t degree, bool with_values) {
    struct fr_interactions *data = small_world(with_values);
    fill(data);
    struct fr_propagation p = fr_propagation_new(data, item_scale);
    float *work = fr_alloc(fr_propagate_floats(&p, FR_PROPAGATE_BLOCK) * sizeof *work);
    static float block[FR_PROPAGATE_BLOCK * ITEMS], one[ITEMS];
    struct fr_history_row h[FR_PROPAGATE_BLOCK];
    for (uint32_t c = 0; c < FR_PROPAGATE_BLOCK; c++) h[c] = fr_history_row(&data->by_user, c);
    for (size_t i = 0; i < (size_t)FR_PROPAGATE_BLOCK * ITEMS; i++) block[i] = 7;
    fr_propagate(&p, powers, degree, h, FR_PROPAGATE_BLOCK, scale, work, block);
    for (uint32_t c = 0; c < FR_PROPAGATE_BLOCK; c++) {
        double want[ITEMS];
        walk(&h[c], degree, want);
        for (uint32_t i = 0; i < ITEMS; i++) {
            CHECK_NEAR((double)block[c * ITEMS + i] - 7, want[i], 1e-4);
            one[i] = 7;
        }
        fr_propagate(&p, powers, degree, &h[c], 1, scale, work, one);
        CHECK(memcmp(one, block + (size_t)c * ITEMS, sizeof one) == 0);
    }
    free(work);
    fr_propagation_fini(&p);
    fr_interactions_free(data);
}

static void test_powers_of_a_dense_matrix(void) {
    for (uint32_t degree = 1; degree <= DEGREE; degree++) {
        check(degree, false);
        check(degree, true);
    }
}

int main(void) {
    RUN(test_powers_of_a_dense_matrix);
    return check_done();
}
