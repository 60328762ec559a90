/* The graph filter against a dense computation: Jacobi's singular vectors, P by three loops. */
#include "freshet/learn/spectral.h"
#include "freshet/learn/la.h"
#include "model_check.h"

enum { FACTORS, NEIGHBORS, POPULARITY, GLOBAL, CURVE, DAMPING };

static double normal[USERS][ITEMS], history[USERS][ITEMS], degree[ITEMS], users[USERS];

static void fill_dense(const struct fr_interactions *m) {
    memset(users, 0, sizeof users);
    memset(history, 0, sizeof history), memset(degree, 0, sizeof degree), memset(normal, 0, sizeof normal);
    for (uint32_t u = 0; u < USERS; u++)
        for (size_t at = m->by_user.start[u]; at < m->by_user.start[u + 1]; at++) {
            double x = (double)m->by_user.values[at];
            history[u][m->by_user.columns[at]] = x;
            users[u] += x, degree[m->by_user.columns[at]] += x;
        }
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < ITEMS; i++)
            if (history[u][i] > 0) normal[u][i] = history[u][i] / sqrt(users[u] * degree[i]);
}

/* What the users' pairs weigh: d_u^-damping relative to 1 / d_u, which normal has. */
static double user_weight(uint32_t u, double damping) {
    double mass = 0, n = 0;
    for (uint32_t v = 0; v < USERS; v++)
        if (users[v] > 0) mass += pow(users[v], 1 - damping), n++;
    return users[u] > 0 ? users[u] * pow(users[u], -damping) * n / mass : 0;
}

/* filter[i][j] = the strongest edges of i, without itself. */
static void local_edges(const double *values, double filter[ITEMS][ITEMS]) {
    static double all[ITEMS][ITEMS];
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t j = 0; j < ITEMS; j++) {
            all[i][j] = 0;
            for (uint32_t u = 0; u < USERS && i != j; u++)
                all[i][j] += user_weight(u, values[DAMPING]) * normal[u][i] * normal[u][j];
        }
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t j = 0; j < ITEMS; j++) {
            uint32_t better = 0;
            for (uint32_t l = 0; l < ITEMS; l++) better += all[i][l] > all[i][j] * (1 + 1e-5);
            filter[i][j] = better < values[NEIGHBORS] ? all[i][j] : 0;
        }
}

/* Sum of c_k cos(k arccos(x)) at x = 1 - 2 l: Chebyshev polynomials by another road. */
static double filter_at(double l) {
    static const double c[] = {.5, -.4927, 0, -.0323, 0, .0211, 0, -.0011, 0};
    double sum = 0, angle = acos(fmin(fmax(1 - 2 * l, -1), 1));
    for (int k = 0; k < 9; k++) sum += c[k] * cos(k * angle);
    return sum;
}

/* Local edges + global V G V^T. */
static void dense_filter(const double *values, double filter[ITEMS][ITEMS]) {
    static float p[ITEMS * ITEMS];
    float squares[ITEMS];
    local_edges(values, filter);
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t j = 0; j < ITEMS; j++) {
            double sum = 0;
            for (uint32_t u = 0; u < USERS; u++) sum += normal[u][i] * normal[u][j];
            p[i * ITEMS + j] = (float)sum;
        }
    fr_la_naive_eigen(ITEMS, p, squares);
    uint32_t used = 0;
    while (used < values[FACTORS] && used < ITEMS && (double)squares[used] >= 1e-6 * (double)squares[0])
        used++;
    double last = (double)(squares[used - 1] / squares[0]);
    double slope = fmin(fmax(filter_at(last) / last, .75), 1.25);
    for (uint32_t k = 0; k < values[FACTORS]; k++) {
        if ((double)squares[k] < 1e-6 * (double)squares[0]) break;
        double l = (double)(squares[k] / squares[0]);
        double gain = values[GLOBAL] + values[CURVE] * (filter_at(l) / slope - l);
        for (uint32_t i = 0; i < ITEMS; i++)
            for (uint32_t j = 0; j < ITEMS; j++)
                filter[i][j] += gain * (double)p[k * ITEMS + i] * (double)p[k * ITEMS + j];
    }
}

static float *dense_scores(const double *values) {
    static double filter[ITEMS][ITEMS];
    float *want = fr_alloc_zero((size_t)USERS * ITEMS, sizeof *want);
    dense_filter(values, filter);
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t j = 0; j < ITEMS; j++) {
            double sum = 0;
            for (uint32_t i = 0; i < ITEMS; i++)
                if (history[u][i] > 0)
                    sum += history[u][i] * pow(degree[i], -values[POPULARITY]) * filter[i][j];
            if (degree[j] > 0) want[u * ITEMS + j] = (float)(sum * pow(degree[j], values[POPULARITY]));
        }
    return want;
}

static void check(const double *values, bool with_values) {
    struct fr_interactions *data = small_world(with_values);
    fill_dense(data);
    float *want = dense_scores(values);
    struct fr_fit fit = {.data = data, .seed = 1};
    check_model(&fr_spectral_ops, &fit, values, true, want, 2e-4);
    check_model(&fr_spectral_ops, &fit, values, false, want, 2e-4);
    free(want);
    fr_interactions_free(data);
}

static void test_scores_are_those_of_the_formula(void) {
    check((double[]){5, 100, 0, .3, 0, 1}, false);
    check((double[]){5, 100, .4, .3, 1, .5}, true);
    check((double[]){100, 100, .2, 1, 2, 0}, true);
    check((double[]){8, 4, .3, 0, 0, .25}, true);
}

static void test_adjusting_equals_fitting(void) {
    struct fr_interactions *data = small_world(true);
    fill_dense(data);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1};
    struct fr_model *m = fr_spectral_ops.fit(&fit, (double[]){12, 100, .3, .3, 0, .5}, NULL);
    const double other[] = {5, 100, .1, .6, 1, .5};
    CHECK(fr_spectral_ops.adjust(m, other));
    float *want = dense_scores(other), *got = all_scores(m, &data->by_user, true);
    CHECK_NEAR(most_apart(want, got, (size_t)USERS * ITEMS), 0, 2e-4);
    CHECK(!fr_spectral_ops.adjust(m, (double[]){13, 100, .1, .6, 1, .5}));
    CHECK(!fr_spectral_ops.adjust(m, (double[]){5, 100, .1, .6, 1, 1}));
    CHECK(!fr_spectral_ops.adjust(m, (double[]){5, 50, .1, .6, 1, .5}));
    CHECK(fr_spectral_ops.adjust(m, (double[]){12, 100, .3, .3, 0, .5}));
    free(want), free(got);
    m->ops->free(m);
    fr_interactions_free(data);
}

static bool refuse(void *context, const char *step, double done) {
    (void)context, (void)step, (void)done;
    return false;
}

/* 800 users, so that the iteration has steps to report. */
static void test_progress_can_end_a_fit(void) {
    struct fr_interaction entries[800];
    for (uint32_t u = 0; u < 800; u++) entries[u] = (struct fr_interaction){u, u * 7 % 900, 1};
    struct fr_interactions *data = fr_interactions_new(800, 900, entries, 800);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1, .progress = refuse};
    struct fr_errmsg msg = {0};
    CHECK(!fr_spectral_ops.fit(&fit, (double[]){10, 50, .3, .3, 0, .5}, &msg));
    CHECK_INT(msg.code, FR_TIMEOUT);
    fr_interactions_free(data);
}

static void test_nothing_is_no_fault(void) { check_nothing(&fr_spectral_ops); }

int main(void) {
    RUN(test_scores_are_those_of_the_formula);
    RUN(test_adjusting_equals_fitting);
    RUN(test_progress_can_end_a_fit);
    RUN(test_nothing_is_no_fault);
    return check_done();
}
