/* The graph filter against a dense computation: Jacobi's singular vectors, P by three loops. */
#include "freshet/learn/spectral.h"
#include "freshet/learn/graph.h"
#include "freshet/learn/la.h"
#include "model_check.h"

enum { FACTORS, NEIGHBORS, POPULARITY, GLOBAL, CURVE, DAMPING, STEPS, SMOOTH, RIDGE, PARAMETERS };

static double normal[USERS][ITEMS], history[USERS][ITEMS], degree[ITEMS], users[USERS];

/* P = normal^T normal */
static void dense_graph(float *p) {
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t j = 0; j < ITEMS; j++) {
            double sum = 0;
            for (uint32_t u = 0; u < USERS; u++) sum += normal[u][i] * normal[u][j];
            p[i * ITEMS + j] = (float)sum;
        }
}

/* So that P's largest eigenvalue is 1. */
static void scale_to_one(void) {
    static float p[ITEMS * ITEMS];
    float squares[ITEMS];
    dense_graph(p);
    fr_la_naive_eigen(ITEMS, p, squares);
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < ITEMS; i++) normal[u][i] /= sqrt((double)squares[0]);
}

static void fill_dense(const struct fr_interactions *m, double smooth) {
    memset(users, 0, sizeof users);
    memset(history, 0, sizeof history), memset(degree, 0, sizeof degree), memset(normal, 0, sizeof normal);
    for (uint32_t u = 0; u < USERS; u++)
        for (size_t at = m->by_user.start[u]; at < m->by_user.start[u + 1]; at++) {
            double x = (double)m->by_user.values[at];
            history[u][m->by_user.columns[at]] = x;
            users[u] += x, degree[m->by_user.columns[at]] += x;
        }
    for (uint32_t i = 0; i < ITEMS; i++)
        if (degree[i] > 0) degree[i] += smooth;
    for (uint32_t u = 0; u < USERS; u++)
        for (uint32_t i = 0; i < ITEMS; i++)
            if (history[u][i] > 0) normal[u][i] = history[u][i] / sqrt(users[u] * degree[i]);
    scale_to_one();
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

/* Eigenvectors of P as rows, eigenvalues descending; gives how many of them a model with these values uses. */
static uint32_t dense_eigen(const double *values, float *p, float *squares) {
    dense_graph(p);
    fr_la_naive_eigen(ITEMS, p, squares);
    uint32_t used = 0;
    while (used < values[FACTORS] && used < ITEMS && (double)squares[used] >= 1e-6 * (double)squares[0])
        used++;
    return used;
}

static void add_vector(const float *v, double gain, double filter[ITEMS][ITEMS]) {
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t j = 0; j < ITEMS; j++) filter[i][j] += gain * (double)v[i] * (double)v[j];
}

/* What a ridge makes of f: f / (f + ridge), scaled so that `last` stays. */
static double flattened(const double *values, double last, double f) {
    double ridge = values[RIDGE];
    return ridge > 0 ? f / (f + ridge) / (last / (last + ridge)) * last : f;
}

/* Local edges + global V G V^T. */
static void one_step(const double *values, double filter[ITEMS][ITEMS]) {
    static float p[ITEMS * ITEMS];
    float squares[ITEMS];
    local_edges(values, filter);
    uint32_t used = dense_eigen(values, p, squares);
    double last = (double)(squares[used - 1] / squares[0]);
    double slope = fmin(fmax(filter_at(last) / last, .75), 1.25);
    for (uint32_t k = 0; k < used; k++) {
        double l = (double)(squares[k] / squares[0]), bend = values[CURVE] * (filter_at(l) / slope - l);
        add_vector(p + k * ITEMS, values[GLOBAL] + flattened(values, last, l + bend) - l, filter);
    }
}

static double bent(const double *values, double high, double l) {
    return flattened(values, high, values[CURVE] * filter_at(l) + (1 - values[CURVE]) * l);
}

/* Lagrange's form of the polynomial through the filter at the Chebyshev nodes of [0, high]. */
static double walked(const double *values, double high, double l) {
    int n = (int)values[STEPS] + 1;
    double node[4], sum = 0;
    for (int j = 0; j < n; j++) node[j] = high * (1 + cos(acos(-1.) * (2 * j + 1) / (2 * n))) / 2;
    for (int j = 0; j < n; j++) {
        double part = bent(values, high, node[j]);
        for (int k = 0; k < n; k++)
            if (k != j) part *= (l - node[k]) / (node[j] - node[k]);
        sum += part;
    }
    return sum;
}

/* The filter itself where the model has vectors, its polynomial elsewhere: vector by vector, all ITEMS of them. */
static void many_steps(const double *values, double filter[ITEMS][ITEMS]) {
    static float p[ITEMS * ITEMS];
    float squares[ITEMS];
    uint32_t used = dense_eigen(values, p, squares);
    double high = fmax((double)(squares[used - 1] / squares[0]), .01);
    memset(filter, 0, sizeof(double[ITEMS][ITEMS]));
    for (uint32_t k = 0; k < ITEMS; k++) {
        double l = (double)(squares[k] / squares[0]);
        double gain = k < used ? values[GLOBAL] + bent(values, high, l) : walked(values, high, l);
        add_vector(p + k * ITEMS, gain, filter);
    }
}

static void dense_filter(const double *values, double filter[ITEMS][ITEMS]) {
    if (values[STEPS] > 1)
        many_steps(values, filter);
    else
        one_step(values, filter);
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
    fill_dense(data, values[SMOOTH]);
    float *want = dense_scores(values);
    struct fr_fit fit = {.data = data, .seed = 1};
    check_model(&fr_spectral_ops, &fit, values, true, want, 2e-4);
    check_model(&fr_spectral_ops, &fit, values, false, want, 2e-4);
    free(want);
    fr_interactions_free(data);
}

static void test_scores_are_those_of_the_formula(void) {
    check((double[PARAMETERS]){5, 100, 0, .3, 0, 1, 1}, false);
    check((double[PARAMETERS]){5, 100, .4, .3, 1, .5, 1}, true);
    check((double[PARAMETERS]){100, 100, .2, 1, 2, 0, 1}, true);
    check((double[PARAMETERS]){8, 4, .3, 0, 0, .25, 1}, true);
    check((double[PARAMETERS]){8, 100, .3, .2, .5, .5, 1, 3, 0}, true);
    check((double[PARAMETERS]){12, 100, .4, 0, 0, 1, 1, 0, .2}, false);
    check((double[PARAMETERS]){8, 100, .3, .1, 1, .25, 1, 5, .3}, true);
}

static void test_steps_are_a_polynomial_of_the_whole_graph(void) {
    check((double[PARAMETERS]){5, 1, .4, .2, 1, 1, 3}, false);
    check((double[PARAMETERS]){5, 1, .4, .2, 1, .5, 3}, true);
    check((double[PARAMETERS]){12, 1, 0, 0, .5, 1, 2}, true);
    check((double[PARAMETERS]){100, 1, .2, .3, 1, 1, 3}, true);
    check((double[PARAMETERS]){8, 1, .3, .1, .5, 1, 3, 4, .3}, true);
}

static void check_same_as_one_step(bool is_published, double steps) {
    struct fr_interactions *data = small_world(true);
    fill_dense(data, 0);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1, .is_published = is_published};
    struct fr_model *m = fr_spectral_ops.fit(&fit, (double[PARAMETERS]){8, 100, .3, .3, 1, 1, steps}, NULL);
    float *want = dense_scores((double[PARAMETERS]){8, 100, .3, .3, 1, 1, 1});
    float *got = all_scores(m, &data->by_user, true);
    CHECK_NEAR(most_apart(want, got, (size_t)USERS * ITEMS), 0, 2e-4);
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){8, 50, .3, .3, 1, 1, steps}));
    CHECK(fr_spectral_ops.adjust(m, (double[PARAMETERS]){8, 100, .1, .3, 1, 1, steps}));
    free(want), free(got);
    m->ops->free(m);
    fr_interactions_free(data);
}

/* It would carry what people touched. */
static void test_a_published_model_walks_one_step(void) {
    check_same_as_one_step(true, 3);
    check_same_as_one_step(false, -4);
}

static void test_adjusting_a_walk(void) {
    struct fr_interactions *data = small_world(true);
    fill_dense(data, 0);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1};
    struct fr_model *m = fr_spectral_ops.fit(&fit, (double[PARAMETERS]){12, 100, .3, .3, 0, 1, 3}, NULL);
    const double other[PARAMETERS] = {5, 50, .1, .6, 1, .5, 2};
    CHECK(fr_spectral_ops.adjust(m, other)); /* neighbors and damping are of one step */
    float *want = dense_scores(other), *got = all_scores(m, &data->by_user, true);
    CHECK_NEAR(most_apart(want, got, (size_t)USERS * ITEMS), 0, 2e-4);
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){5, 50, .1, .6, 1, .5, 1}));
    free(want), free(got);
    m->ops->free(m);
    fr_interactions_free(data);
}

static void test_adjusting_equals_fitting(void) {
    struct fr_interactions *data = small_world(true);
    fill_dense(data, 0);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1};
    struct fr_model *m = fr_spectral_ops.fit(&fit, (double[PARAMETERS]){12, 100, .3, .3, 0, .5, 1}, NULL);
    const double other[PARAMETERS] = {5, 100, .1, .6, 1, .5, 1, 0, .2};
    CHECK(fr_spectral_ops.adjust(m, other));
    float *want = dense_scores(other), *got = all_scores(m, &data->by_user, true);
    CHECK_NEAR(most_apart(want, got, (size_t)USERS * ITEMS), 0, 2e-4);
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){13, 100, .1, .6, 1, .5, 1}));
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){5, 100, .1, .6, 1, 1, 1}));
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){5, 50, .1, .6, 1, .5, 1}));
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){5, 100, .1, .6, 1, .5, 3}));
    CHECK(!fr_spectral_ops.adjust(m, (double[PARAMETERS]){5, 100, .1, .6, 1, .5, 1, 2}));
    CHECK(fr_spectral_ops.adjust(m, (double[PARAMETERS]){12, 100, .3, .3, 0, .5, 1}));
    free(want), free(got);
    m->ops->free(m);
    fr_interactions_free(data);
}

/* Products of places are those of what the filter makes of histories within the space of V. */
static void test_a_place_in_a_walk(void) {
    static float p[ITEMS * ITEMS];
    const double values[PARAMETERS] = {6, 100, 0, .3, 1, 1, 3};
    struct fr_interactions *data = small_world(true);
    fill_dense(data, 0);
    struct fr_fit fit = {.data = data, .threads = 1, .seed = 1};
    struct fr_model *m = fr_spectral_ops.fit(&fit, values, NULL);
    float squares[ITEMS], place[2][ITEMS];
    uint32_t used = dense_eigen(values, p, squares), k = m->ops->vector_floats(m);
    const uint32_t who[] = {1, 4};
    double want = 0, got = 0;
    CHECK_INT(k, 6);
    for (int x = 0; x < 2; x++) {
        struct fr_history_row h = fr_history_row(&data->by_user, who[x]);
        m->ops->vector(m, h.columns, h.values, h.n, NULL, place[x]);
    }
    for (uint32_t j = 0; j < used; j++) {
        double gain = values[GLOBAL] + filter_at((double)(squares[j] / squares[0])), along[2] = {0};
        for (int x = 0; x < 2; x++)
            for (uint32_t i = 0; i < ITEMS; i++) along[x] += history[who[x]][i] * (double)p[j * ITEMS + i];
        want += gain * gain * along[0] * along[1];
        got += (double)place[0][j] * (double)place[1][j];
    }
    CHECK_NEAR(got, want, 1e-3);
    CHECK(fabs(want) > .1);
    m->ops->free(m);
    fr_interactions_free(data);
}

/* A file of two users and three items, whose graph is theirs. */
static struct fr_model *load_walk(double steps) {
    uint64_t start[] = {0, 2, 3}, shape[] = {3, 1};
    uint32_t columns[] = {0, 2, 1}, rows_shape[] = {2, 3};
    const float ones[] = {1, 1, 1};
    const double values[] = {1, 5, 0, .2, 1, 1, steps};
    struct fr_buf bytes = {0};
    struct fr_tensors_writer *w = fr_tensors_writer_new();
    fr_tensors_put_vector(w, "spectral.graph.shape", FR_TENSOR_U32, 2, rows_shape);
    fr_tensors_put_vector(w, "spectral.graph.start", FR_TENSOR_U64, 3, start);
    fr_tensors_put_vector(w, "spectral.graph.columns", FR_TENSOR_U32, 3, columns);
    fr_tensors_put_vector(w, "spectral.graph.values", FR_TENSOR_F32, 3, ones);
    fr_tensors_put(w, "spectral.vectors", FR_TENSOR_F32, shape, 2, ones);
    fr_tensors_put_vector(w, "spectral.singular", FR_TENSOR_F32, 1, ones);
    fr_tensors_put_vector(w, "spectral.degrees", FR_TENSOR_F32, 3, ones);
    fr_tensors_put_vector(w, "spectral.parameters", FR_TENSOR_F64, 7, values);
    fr_tensors_finish(w, &bytes);
    fr_tensors_writer_free(w);
    struct fr_tensors_file *f = NULL;
    struct fr_errmsg msg = {0};
    CHECK(fr_tensors_open(fr_buf_slice(&bytes), &f, &msg) == FR_OK);
    struct fr_model *m = fr_spectral_ops.load(f, &msg);
    CHECK(m || msg.code == FR_STATE_CORRUPT);
    fr_tensors_close(f);
    fr_buf_fini(&bytes);
    return m;
}

static void test_a_file_says_how_far_it_walks(void) {
    const double refused[] = {1, 1.5, -1, (double)NAN};
    for (int i = 0; i < 4; i++) CHECK(!load_walk(refused[i]));
    for (double steps = 2; steps < 9; steps += 1.4) {
        struct fr_model *m = load_walk(steps);
        CHECK(m);
        if (!m) continue;
        float *work = fr_alloc_zero(m->ops->work_floats(m) + 1, sizeof *work), out[3] = {0};
        m->ops->score_some(m, (uint32_t[]){1}, (float[]){1}, 1, NULL, 3, work, out);
        for (int i = 0; i < 3; i++) CHECK(isfinite(out[i]));
        free(work);
        m->ops->free(m);
    }
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
    CHECK(!fr_spectral_ops.fit(&fit, (double[PARAMETERS]){10, 50, .3, .3, 0, .5, 1}, &msg));
    CHECK_INT(msg.code, FR_TIMEOUT);
    fr_interactions_free(data);
}

static void test_nothing_is_no_fault(void) { check_nothing(&fr_spectral_ops); }

int main(void) {
    RUN(test_scores_are_those_of_the_formula);
    RUN(test_steps_are_a_polynomial_of_the_whole_graph);
    RUN(test_a_published_model_walks_one_step);
    RUN(test_adjusting_equals_fitting);
    RUN(test_adjusting_a_walk);
    RUN(test_a_place_in_a_walk);
    RUN(test_a_file_says_how_far_it_walks);
    RUN(test_progress_can_end_a_fit);
    RUN(test_nothing_is_no_fault);
    return check_done();
}
