/* Problem   ChebyCF applies P eight times to each user; P itself has 40 million entries where R has 800,000.
 * Choice    the singular vectors take the large eigenvalues, where the filter bends. What is left is a short interval near 0,
 *           where a cubic is the filter but for 1e-4, so three applications of P do; or, where even that is too dear, one of
 *           its strongest edges. All users of a block go through V in one matrix product.
 * Invariant of items nobody had, every scale is 0, and so is every score. */
#include "freshet/learn/spectral.h"
#include "freshet/learn/cooccurrence.h"
#include "freshet/learn/graph.h"
#include "freshet/learn/la.h"
#include "freshet/learn/polynomial.h"
#include "freshet/learn/propagate.h"
#include "freshet/learn/svd.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    FACTORS = FR_SPECTRAL_FACTORS,
    NEIGHBORS = FR_SPECTRAL_NEIGHBORS,
    POPULARITY = FR_SPECTRAL_POPULARITY,
    GLOBAL = FR_SPECTRAL_GLOBAL,
    CURVE = FR_SPECTRAL_CURVE,
    DAMPING = FR_SPECTRAL_DAMPING,
    STEPS = FR_SPECTRAL_STEPS,
    SMOOTH = FR_SPECTRAL_SMOOTH,
    RIDGE = FR_SPECTRAL_RIDGE,
    PARAMETERS = FR_SPECTRAL_PARAMETERS,
    PARAMETERS_LEAST = SMOOTH /* files that are older have no more */
};
enum { LONGEST = 2000, RESTARTS_MAX = 1, STEPS_MAX = 3 };
static const double svd_tolerance = 1e-3;

static const double factors_grid[] = {32, 64, 128, 256, 512};
static const double neighbors_grid[] = {200, 500, 1000};
static const double popularity_grid[] = {0, .1, .2, .3, .4, .5, .6};
static const double global_grid[] = {0, .1, .2, .3, .4, .6, 1};
static const double curve_grid[] = {0, .5, 1};
static const double damping_grid[] = {1};
static const double steps_grid[] = {1, 3};
static const double smooth_grid[] = {0, 2, 5, 10, 20};
static const double ridge_grid[] = {0, .1, .2, .3, .6};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [FACTORS] = {"factors", 512, GRID(factors_grid)},
    [NEIGHBORS] = {"neighbors", 1000, GRID(neighbors_grid)},
    [POPULARITY] = {"popularity", .4, GRID(popularity_grid)},
    [GLOBAL] = {"global", .2, GRID(global_grid)},
    [CURVE] = {"curve", 1, GRID(curve_grid)},
    [DAMPING] = {"damping", 1, GRID(damping_grid)},
    [STEPS] = {"steps", 1, GRID(steps_grid)},
    [SMOOTH] = {"smooth", 0, GRID(smooth_grid)},
    [RIDGE] = {"ridge", 0, GRID(ridge_grid)},
};

struct spectral {
    struct fr_model base;
    uint32_t item_n, k;
    double factors_asked;        /* of the fit; k may be smaller */
    bool may_walk;               /* more than one step */
    struct fr_rows graph;        /* item x item: W; empty when more than one step is walked */
    struct fr_propagation whole; /* empty when one step is enough */
    float *vectors;              /* [item_n][k] */
    float *singular;             /* [k] relative to the largest */
    float *degrees;              /* [item_n] d + smooth; 0 of items nobody had */
    /* From these and the parameters: */
    double values[PARAMETERS];
    double powers[STEPS_MAX + 1]; /* of P, when more than one step is walked */
    float *gains;                 /* [k]: G */
    float *in, *back;             /* [item_n] D^-b, D^b */
};

/* Takes over graph, vectors, singular and degrees. */
static struct spectral *model_new(uint32_t item_n, uint32_t k) {
    struct spectral *m = fr_alloc_zero(1, sizeof *m);
    *m = (struct spectral){.base = {&fr_spectral_ops}, .item_n = item_n, .k = k};
    m->gains = fr_alloc(((size_t)k + 1) * sizeof *m->gains);
    m->in = fr_alloc(((size_t)item_n + 1) * sizeof *m->in);
    m->back = fr_alloc(((size_t)item_n + 1) * sizeof *m->back);
    return m;
}

static void model_free(struct fr_model *model) {
    struct spectral *m = (struct spectral *)model;
    fr_rows_fini(&m->graph);
    fr_propagation_fini(&m->whole);
    free(m->vectors);
    free(m->singular);
    free(m->degrees);
    free(m->gains);
    free(m->in);
    free(m->back);
    free(m);
}

/* ChebyCF's polynomial of degree 8 for phi = 1.5 at an eigenvalue of P, 0 to 1; as published, rounding included. */
static double published_filter(double eigenvalue) {
    static const double c[] = {.5, -.4927, 0, -.0323, 0, .0211, 0, -.0011};
    double x = 1 - 2 * eigenvalue, before = 1, now = x, sum = c[0] + c[1] * x;
    for (size_t k = 2; k < sizeof c / sizeof *c; k++) {
        double next = 2 * x * now - before;
        before = now;
        now = next;
        sum += c[k] * now;
    }
    return sum;
}

static double eigenvalue_of(const struct spectral *m, uint32_t j) {
    return (double)m->singular[j] * (double)m->singular[j];
}

/* What the published filter gives for one of P at the last vector, where the local part takes over. */
static double filter_slope(const struct spectral *m, uint32_t used) {
    if (used == 0) return 1;
    double last = eigenvalue_of(m, used - 1), slope = published_filter(last) / last;
    return fmin(fmax(slope, .75),
                1.25); /* its range; near 0, where P itself is noise, rounding makes it anything */
}

/* 1 to STEPS_MAX, whatever a file says. */
static uint32_t steps_of(const struct spectral *m, const double *values) {
    double steps = m->may_walk ? fmin(fmax(values[STEPS], 1), STEPS_MAX) : 1;
    return (uint32_t)steps;
}

struct filter {
    double curve, ridge, last;
    double slope; /* of the published filter; 1: as it is */
};

/* Flattens what is large; what is `last` stays. A ridge of 0 does nothing. */
static double flattened(const struct filter *f, double x) {
    return f->ridge > 0 ? x * (f->last + f->ridge) / (x + f->ridge) : x;
}

/* What curve (0 to 1: between P itself and the published filter) and ridge ask for. */
static double filter_at(const void *filter, double eigenvalue) {
    const struct filter *f = filter;
    double bent = published_filter(eigenvalue) / f->slope;
    return flattened(f, f->curve * bent + (1 - f->curve) * eigenvalue);
}

static uint32_t used_of(const struct spectral *m) {
    return m->values[FACTORS] < m->k ? (uint32_t)m->values[FACTORS] : m->k;
}

/* G where W's edges are walked. */
static void shape_gains(struct spectral *m, uint32_t used) {
    struct filter f = {m->values[CURVE], m->values[RIDGE], used ? eigenvalue_of(m, used - 1) : 1,
                       filter_slope(m, used)};
    for (uint32_t j = 0; j < used; j++) {
        double eigenvalue = eigenvalue_of(m, j);
        m->gains[j] = (float)(m->values[GLOBAL] + filter_at(&f, eigenvalue) - eigenvalue);
    }
}

/* The polynomial of P, and G for what it leaves to be done. */
static void shape_walk(struct spectral *m, uint32_t used, uint32_t steps) {
    double last = used ? fmax(eigenvalue_of(m, used - 1), FR_SPECTRAL_INTERVAL) : 1;
    struct filter f = {m->values[CURVE], m->values[RIDGE], last, 1};
    fr_polynomial_fit(filter_at, &f, last, steps, m->powers);
    for (uint32_t j = 0; j < used; j++) {
        double eigenvalue = eigenvalue_of(m, j), walked = fr_polynomial_at(m->powers, steps, eigenvalue);
        m->gains[j] = (float)(m->values[GLOBAL] + filter_at(&f, eigenvalue) - walked);
    }
}

/* What follows from the values. */
static void shape(struct spectral *m, const double *values) {
    memcpy(m->values, values, sizeof m->values);
    uint32_t used = used_of(m), steps = steps_of(m, values);
    m->values[STEPS] = steps;
    memset(m->gains, 0, m->k * sizeof *m->gains);
    if (steps > 1)
        shape_walk(m, used, steps);
    else
        shape_gains(m, used);
    for (uint32_t i = 0; i < m->item_n; i++) {
        double d = (double)m->degrees[i];
        m->in[i] = d > 0 ? (float)pow(d, -values[POPULARITY]) : 0;
        m->back[i] = d > 0 ? (float)pow(d, values[POPULARITY]) : 0;
    }
}

static bool adjust(struct fr_model *model, const double *values) {
    struct spectral *m = (struct spectral *)model;
    bool walked = m->values[STEPS] > 1, walks = steps_of(m, values) > 1;
    bool is_same_graph = values[NEIGHBORS] == m->values[NEIGHBORS] && values[DAMPING] == m->values[DAMPING];
    if (values[SMOOTH] != m->values[SMOOTH] || walked != walks) return false;
    if (values[FACTORS] > m->factors_asked || !(walks || is_same_graph)) return false;
    shape(m, values);
    return true;
}

static uint32_t factors_that_fit(double wanted, const struct fr_interactions *data) {
    size_t a_factor = 3 * sizeof(float) * 2 * ((size_t)data->by_user.row_n + data->by_item.row_n + 1);
    size_t room = FR_SPECTRAL_BYTES / a_factor;
    return wanted < (double)room ? (uint32_t)wanted : (uint32_t)(room ? room : 1);
}

/* d_u^-damping, times what makes the edges weigh as much in all as with a damping of 1. */
static float *user_weights(const struct fr_rows *by_user, double damping) {
    float *weights = fr_degree_powers(by_user, -damping), *degrees = fr_degree_powers(by_user, 1);
    double users = 0, mass = 0;
    for (uint32_t u = 0; u < by_user->row_n; u++) {
        users += degrees[u] > 0;
        mass += (double)degrees[u] * (double)weights[u];
    }
    for (uint32_t u = 0; u < by_user->row_n && mass > 0; u++) weights[u] *= (float)(users / mass);
    free(degrees);
    return weights;
}

static uint32_t neighbors_kept(double wanted, uint32_t item_n) {
    size_t room = FR_SPECTRAL_GRAPH_BYTES / (sizeof(uint32_t) + sizeof(float)) / ((size_t)item_n + 1) + 1;
    return wanted < (double)room ? (uint32_t)wanted : (uint32_t)room;
}

static struct fr_rows local_part(const struct fr_fit *fit, const float *items, const double *values) {
    const struct fr_interactions *data = fit->data;
    float *users = user_weights(&data->by_user, values[DAMPING]);
    struct fr_cooccurrence how = {.other_weight = users,
                                  .row_scale = items,
                                  .column_scale = items,
                                  .power = 1,
                                  .keep = neighbors_kept(values[NEIGHBORS], data->by_item.row_n),
                                  .longest_max = LONGEST,
                                  .threads = fit->threads};
    struct fr_rows graph = fr_cooccurrence(&data->by_item, &data->by_user, &how);
    free(users);
    return graph;
}

static void take_vectors(struct spectral *m, struct fr_svd *svd) {
    m->vectors = svd->vectors;
    m->singular = svd->values;
    for (uint32_t j = m->k; j-- > 0;) m->singular[j] /= m->singular[0];
    *svd = (struct fr_svd){0};
}

/* d + smooth of what has a degree at all. */
static float *smoothed_degrees(const struct fr_rows *by_item, double smooth) {
    float *degrees = fr_degree_powers(by_item, 1);
    for (uint32_t i = 0; i < by_item->row_n; i++)
        if (degrees[i] > 0) degrees[i] += (float)smooth;
    return degrees;
}

/* degrees^-.5 */
static float *scales_of(const float *degrees, uint32_t n) {
    float *scales = fr_alloc(((size_t)n + 1) * sizeof *scales);
    for (uint32_t i = 0; i < n; i++) scales[i] = degrees[i] > 0 ? (float)pow((double)degrees[i], -.5) : 0;
    return scales;
}

/* So that P's largest eigenvalue is 1, which it is where nothing is smoothed. */
static void scale_to_one(float *scales, uint32_t n, const struct fr_svd *svd, double smooth) {
    if (!(smooth > 0) || svd->k == 0) return;
    for (uint32_t i = 0; i < n; i++) scales[i] /= svd->values[0];
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    const struct fr_interactions *data = fit->data;
    float *users = fr_degree_powers(&data->by_user, -.5);
    float *degrees = smoothed_degrees(&data->by_item, values[SMOOTH]);
    float *items = scales_of(degrees, data->by_item.row_n);
    struct fr_svd_options o = {.row_scale = users,
                               .column_scale = items,
                               .k = factors_that_fit(values[FACTORS], data),
                               .tolerance = svd_tolerance,
                               .restarts_max = RESTARTS_MAX,
                               .threads = fit->threads,
                               .seed = fit->seed,
                               .progress = fit->progress,
                               .context = fit->context};
    struct fr_svd svd;
    struct spectral *m = NULL;
    if (fr_la_open(msg)) {
        /* msg says why */
    } else if (fr_svd(&data->by_user, &data->by_item, &o, &svd)) {
        m = model_new(data->by_item.row_n, svd.k);
        m->degrees = degrees;
        degrees = NULL;
        scale_to_one(items, m->item_n, &svd, values[SMOOTH]);
        m->factors_asked = values[FACTORS];
        m->may_walk = !fit->is_published && fr_interactions_count(data) <= FR_SPECTRAL_WALKED;
        if (steps_of(m, values) > 1)
            m->whole = fr_propagation_new(data, items);
        else
            m->graph = local_part(fit, items, values);
        take_vectors(m, &svd);
        shape(m, values);
    } else
        fr_err_set(msg, FR_TIMEOUT, "spectral: given up");
    free(users);
    free(degrees);
    free(items);
    return m ? &m->base : NULL;
}

/* place[k] = V^T D^-b r. */
static void locate(const struct spectral *m, const struct fr_history_row *h, float *place) {
    memset(place, 0, m->k * sizeof *place);
    for (uint32_t i = 0; i < h->n; i++) {
        float z = fr_history_value(h, i) * m->in[h->columns[i]];
        const float *v = m->vectors + (size_t)h->columns[i] * m->k;
        for (uint32_t j = 0; j < m->k; j++) place[j] += z * v[j];
    }
}

/* place[k] = G V^T D^-b r. */
static void fold_in(const struct spectral *m, const struct fr_history_row *h, float *place) {
    locate(m, h, place);
    for (uint32_t j = 0; j < m->k; j++) place[j] *= m->gains[j];
}

/* out += what is reached along the graph, without D^b. work: of fr_propagate. */
static void walk(const struct spectral *m, const struct fr_history_row *h, uint32_t n, float *work,
                 float *out) {
    if (m->values[STEPS] > 1) {
        fr_propagate(&m->whole, m->powers, (uint32_t)m->values[STEPS], h, n, m->in, work, out);
        return;
    }
    for (uint32_t c = 0; c < n; c++) fr_graph_add(&m->graph, &h[c], m->in, 1, out + (size_t)c * m->item_n);
}

/* Of n histories, as many as are walked at once. */
static void walk_all(const struct spectral *m, const struct fr_rows *rows, uint32_t first, uint32_t n,
                     float *out) {
    struct fr_history_row h[FR_PROPAGATE_BLOCK];
    float *work = fr_alloc((fr_propagate_floats(&m->whole, FR_PROPAGATE_BLOCK) + 1) * sizeof *work);
    for (uint32_t from = 0, some; from < n; from += some) {
        some = n - from < FR_PROPAGATE_BLOCK ? n - from : FR_PROPAGATE_BLOCK;
        for (uint32_t c = 0; c < some; c++) h[c] = fr_history_row(rows, first + from + c);
        walk(m, h, some, work, out + (size_t)from * m->item_n);
    }
    free(work);
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)is_known;
    const struct spectral *m = (const struct spectral *)model;
    float *places = fr_alloc(((size_t)n * m->k + 1) * sizeof *places);
    for (uint32_t u = 0; u < n; u++) {
        struct fr_history_row h = fr_history_row(rows, first + u);
        fold_in(m, &h, places + (size_t)u * m->k);
    }
    fr_la_gemm(false, true, n, m->item_n, m->k, 1, places, m->vectors, 0, out);
    walk_all(m, rows, first, n, out);
    for (uint32_t u = 0; u < n; u++) {
        float *to = out + (size_t)u * m->item_n;
        for (uint32_t i = 0; i < m->item_n; i++) to[i] *= m->back[i];
    }
    free(places);
}

/* A walk reaches all items or none, so what it costs does not depend on how many are wanted. */
static void walk_some(const struct spectral *m, const struct fr_history_row *h, const uint32_t *wanted,
                      uint32_t count, float *work, float *out) {
    float *all = work + fr_propagate_floats(&m->whole, 1);
    memset(all, 0, m->item_n * sizeof *all);
    walk(m, h, 1, work, all);
    for (uint32_t w = 0; w < count; w++) out[w] += all[wanted[w]];
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t count, float *work, float *out) {
    const struct spectral *m = (const struct spectral *)model;
    struct fr_history_row h = {columns, values, n};
    fold_in(m, &h, work);
    for (uint32_t w = 0; w < count; w++) {
        const float *v = m->vectors + (size_t)(wanted ? wanted[w] : w) * m->k;
        float sum = 0;
        for (uint32_t j = 0; j < m->k; j++) sum += work[j] * v[j];
        out[w] = sum;
    }
    if (m->values[STEPS] > 1 && wanted)
        walk_some(m, &h, wanted, count, work + m->k, out);
    else if (wanted)
        fr_graph_add_some(&m->graph, &h, m->in, 1, wanted, count, out);
    else
        walk(m, &h, 1, work + m->k, out);
    for (uint32_t w = 0; w < count; w++) out[w] *= m->back[wanted ? wanted[w] : w];
}

static uint32_t work_floats(const struct fr_model *model) {
    const struct spectral *m = (const struct spectral *)model;
    size_t walks = m->values[STEPS] > 1 ? fr_propagate_floats(&m->whole, 1) + m->item_n : 0;
    return (uint32_t)(m->k + walks);
}

/* What V adds in all: G, and where the graph is walked what the polynomial does to the same vectors. */
static void vector(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                   float *work, float *out) {
    (void)work;
    const struct spectral *m = (const struct spectral *)model;
    struct fr_history_row h = {columns, values, n};
    uint32_t steps = (uint32_t)m->values[STEPS], used = used_of(m);
    locate(m, &h, out);
    for (uint32_t j = 0; j < m->k; j++) {
        bool walks = steps > 1 && j < used;
        double walked = walks ? fr_polynomial_at(m->powers, steps, eigenvalue_of(m, j)) : 0;
        out[j] *= (float)((double)m->gains[j] + walked);
    }
}

static uint32_t vector_floats(const struct fr_model *model) { return ((const struct spectral *)model)->k; }

static uint32_t items(const struct fr_model *model) { return ((const struct spectral *)model)->item_n; }

static size_t bytes(const struct fr_model *model) {
    const struct spectral *m = (const struct spectral *)model;
    bool walks = m->values[STEPS] > 1;
    return sizeof *m + (walks ? 2 * fr_rows_bytes(&m->whole.by_user) : fr_rows_bytes(&m->graph)) +
           ((size_t)m->item_n * (m->k + 3) + 2 * (size_t)m->k) * sizeof(float);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct spectral *m = (const struct spectral *)model;
    uint64_t shape_of_vectors[2] = {m->item_n, m->k};
    fr_rows_save(m->values[STEPS] > 1 ? &m->whole.by_user : &m->graph, "spectral.graph", w);
    fr_tensors_put(w, "spectral.vectors", FR_TENSOR_F32, shape_of_vectors, 2, m->vectors);
    fr_tensors_put_vector(w, "spectral.singular", FR_TENSOR_F32, m->k, m->singular);
    fr_tensors_put_vector(w, "spectral.degrees", FR_TENSOR_F32, m->item_n, m->degrees);
    fr_tensors_put_vector(w, "spectral.parameters", FR_TENSOR_F64, PARAMETERS, m->values);
}

/* A copy of the array if it has n finite elements, else NULL. */
static float *copy_of(const struct fr_tensors_file *file, const char *name, uint64_t n) {
    const struct fr_tensor *t = fr_tensors_get(file, name, FR_TENSOR_F32);
    if (!t || t->count != n) return NULL;
    float *copy = fr_alloc((n + 1) * sizeof *copy);
    for (uint64_t i = 0; i < n; i++) {
        copy[i] = ((const float *)t->data)[i];
        if (isfinite(copy[i])) continue;
        free(copy);
        return NULL;
    }
    return copy;
}

/* takes graph: N by user when the file's model walks, else W. */
static void take_graph(struct spectral *m, struct fr_rows graph) {
    if (m->may_walk)
        m->whole = (struct fr_propagation){graph, fr_rows_transposed(&graph)};
    else
        m->graph = graph;
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    struct fr_rows graph;
    const struct fr_tensor *v = fr_tensors_get(file, "spectral.vectors", FR_TENSOR_F32);
    const struct fr_tensor *values = fr_tensors_get(file, "spectral.parameters", FR_TENSOR_F64);
    if (fr_rows_load(file, "spectral.graph", &graph, msg)) return NULL;
    uint32_t item_n = graph.column_n;
    double of_file[PARAMETERS] = {0};
    bool has_values = values && values->count >= PARAMETERS_LEAST && values->count <= PARAMETERS;
    if (has_values) memcpy(of_file, values->data, values->count * sizeof *of_file);
    bool walks = has_values && of_file[STEPS] >= 2;
    bool fits = has_values && v && v->dimension_n == 2 && v->shape[0] == item_n && v->shape[1] <= item_n &&
                (walks || graph.row_n == item_n);
    struct spectral *m = model_new(fits ? item_n : 0, fits ? (uint32_t)v->shape[1] : 0);
    m->may_walk = walks;
    take_graph(m, graph);
    if (fits) {
        m->vectors = copy_of(file, "spectral.vectors", v->count);
        m->singular = copy_of(file, "spectral.singular", m->k);
        m->degrees = copy_of(file, "spectral.degrees", m->item_n);
    }
    if (m->vectors && m->singular && m->degrees) {
        m->factors_asked = of_file[FACTORS];
        shape(m, of_file);
        return &m->base;
    }
    fr_err_set(msg, FR_STATE_CORRUPT, "spectral: its arrays are missing or do not fit together");
    model_free(&m->base);
    return NULL;
}

const struct fr_model_ops fr_spectral_ops = {.name = "spectral",
                                             .parameters = parameters,
                                             .parameter_n = PARAMETERS,
                                             .fit = fit,
                                             .adjust = adjust,
                                             .score = score,
                                             .score_some = score_some,
                                             .work_floats = work_floats,
                                             .vector = vector,
                                             .vector_floats = vector_floats,
                                             .items = items,
                                             .bytes = bytes,
                                             .save = save,
                                             .load = load,
                                             .free = model_free};
