#include "freshet/learn/social.h"
#include "freshet/learn/graph.h"
#include "freshet/learn/spectral.h"
#include <stdlib.h>
#include <string.h>

/* The first ones are spectral's, in its order. */
enum { TRUST = FR_SPECTRAL_PARAMETERS, PARAMETERS };

static const double factors_grid[] = {32, 64, 128, 256, 512};
static const double neighbors_grid[] = {50, 100, 200, 500, 1000};
static const double popularity_grid[] = {0, .1, .2, .3, .4, .5};
static const double global_grid[] = {0, .1, .2, .3, .4, .6, 1};
static const double curve_grid[] = {0, 1};
static const double damping_grid[] = {0, .25, .5, .75, 1};
static const double steps_grid[] = {1};
static const double smooth_grid[] = {0, 2, 5, 10, 20};
static const double ridge_grid[] = {0, .1, .2, .3, .6};
static const double trust_grid[] = {.1, .2, .35, .5, .7, 1};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [FR_SPECTRAL_FACTORS] = {"factors", 128, GRID(factors_grid)},
    [FR_SPECTRAL_NEIGHBORS] = {"neighbors", 1000, GRID(neighbors_grid)},
    [FR_SPECTRAL_POPULARITY] = {"popularity", .2, GRID(popularity_grid)},
    [FR_SPECTRAL_GLOBAL] = {"global", 0, GRID(global_grid)},
    [FR_SPECTRAL_CURVE] = {"curve", 0, GRID(curve_grid)},
    [FR_SPECTRAL_DAMPING] = {"damping", .5, GRID(damping_grid)},
    [FR_SPECTRAL_STEPS] = {"steps", 1, GRID(steps_grid)},
    [FR_SPECTRAL_SMOOTH] = {"smooth", 5, GRID(smooth_grid)},
    [FR_SPECTRAL_RIDGE] = {"ridge", .2, GRID(ridge_grid)},
    [TRUST] = {"trust", .35, GRID(trust_grid)},
};

struct social {
    struct fr_model base;
    struct fr_model *filter; /* of item_n + friends.row_n columns */
    struct fr_rows friends;  /* user x user, without values: himself and his friends */
    uint32_t item_n;
    float trust;
};

static void model_free(struct fr_model *model) {
    struct social *m = (struct social *)model;
    if (m->filter) m->filter->ops->free(m->filter);
    fr_rows_fini(&m->friends);
    free(m);
}

/* Each row with the user himself in his place. */
static struct fr_rows with_self(const struct fr_rows *friends, uint32_t user_n) {
    struct fr_rows r = fr_rows_new(user_n, user_n, friends->start[friends->row_n] + user_n);
    size_t n = 0;
    for (uint32_t u = 0; u < user_n; u++) {
        size_t at = u < friends->row_n ? friends->start[u] : 0,
               end = u < friends->row_n ? friends->start[u + 1] : 0;
        r.start[u] = n;
        for (; at < end && friends->columns[at] < u; at++) r.columns[n++] = friends->columns[at];
        if (at < end && friends->columns[at] == u) at++;
        r.columns[n++] = u;
        for (; at < end && friends->columns[at] < user_n; at++) r.columns[n++] = friends->columns[at];
    }
    r.start[user_n] = n;
    free(r.values);
    r.values = NULL;
    return r;
}

/* Appends the friends' columns of a user to an extended row; gives its new length. */
static size_t add_friends(const struct social *m, uint32_t u, uint32_t *columns, float *values, size_t n) {
    if (u >= m->friends.row_n) return n;
    for (size_t at = m->friends.start[u]; at < m->friends.start[u + 1]; at++) {
        columns[n] = m->item_n + m->friends.columns[at];
        values[n++] = m->trust;
    }
    return n;
}

/* rows [first, first + n) with what the users' friends add. gives */
static struct fr_rows extended(const struct social *m, const struct fr_rows *rows, uint32_t first, uint32_t n,
                               bool is_known) {
    size_t entries = rows->start[first + n] - rows->start[first], with = 0;
    uint32_t end = first + n < m->friends.row_n ? first + n : m->friends.row_n;
    if (is_known && first < end) with = m->friends.start[end] - m->friends.start[first];
    struct fr_rows r = fr_rows_new(n, m->item_n + m->friends.row_n, entries + with);
    size_t at = 0;
    for (uint32_t u = 0; u < n; u++) {
        struct fr_history_row h = fr_history_row(rows, first + u);
        for (uint32_t i = 0; i < h.n; i++) {
            r.columns[at] = h.columns[i];
            r.values[at++] = fr_history_value(&h, i);
        }
        if (is_known) at = add_friends(m, first + u, r.columns, r.values, at);
        r.start[u + 1] = at;
    }
    return r;
}

static struct social *model_new(struct fr_rows friends, uint32_t item_n, double trust) {
    struct social *m = fr_alloc(sizeof *m);
    *m = (struct social){{&fr_social_ops}, NULL, friends, item_n, (float)trust};
    return m;
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    const struct fr_rows *by_user = &fit->data->by_user;
    if (!fit->friends) {
        fr_err_set(msg, FR_CONFIG, "social: it needs friends");
        return NULL;
    }
    struct social *m = model_new(with_self(fit->friends, by_user->row_n), by_user->column_n, values[TRUST]);
    struct fr_interactions graph = {.by_user = extended(m, by_user, 0, by_user->row_n, true)};
    graph.by_item = fr_rows_transposed(&graph.by_user);
    struct fr_fit on_graph = *fit;
    on_graph.data = &graph;
    m->filter = fr_spectral_ops.fit(&on_graph, values, msg);
    fr_rows_fini(&graph.by_user);
    fr_rows_fini(&graph.by_item);
    if (m->filter) return &m->base;
    model_free(&m->base);
    return NULL;
}

static bool adjust(struct fr_model *model, const double *values) {
    struct social *m = (struct social *)model;
    return (float)values[TRUST] == m->trust && m->filter->ops->adjust(m->filter, values);
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    const struct social *m = (const struct social *)model;
    size_t all = (size_t)m->item_n + m->friends.row_n;
    struct fr_rows block = extended(m, rows, first, n, is_known);
    float *scores = fr_alloc((n * all + 1) * sizeof *scores);
    m->filter->ops->score(m->filter, &block, 0, n, false, scores);
    for (size_t u = 0; u < n && m->item_n; u++)
        memcpy(out + u * m->item_n, scores + u * all, m->item_n * sizeof *out);
    free(scores);
    fr_rows_fini(&block);
}

/* Nobody is known here, so the filter's own answer is right: items come before users in its columns. */
static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t count, float *work, float *out) {
    const struct social *m = (const struct social *)model;
    if (wanted) {
        m->filter->ops->score_some(m->filter, columns, values, n, wanted, count, work, out);
        return;
    }
    uint32_t all = m->item_n + m->friends.row_n, own = m->filter->ops->work_floats(m->filter);
    m->filter->ops->score_some(m->filter, columns, values, n, NULL, all, work, work + own);
    memcpy(out, work + own, count * sizeof *out);
}

static uint32_t work_floats(const struct fr_model *model) {
    const struct social *m = (const struct social *)model;
    return m->filter->ops->work_floats(m->filter) + m->item_n + m->friends.row_n;
}

static uint32_t items(const struct fr_model *model) { return ((const struct social *)model)->item_n; }

static size_t bytes(const struct fr_model *model) {
    const struct social *m = (const struct social *)model;
    return sizeof *m + m->filter->ops->bytes(m->filter) + fr_rows_bytes(&m->friends);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    const struct social *m = (const struct social *)model;
    m->filter->ops->save(m->filter, w);
    fr_rows_save(&m->friends, "social.friends", w);
    fr_tensors_put_vector(w, "social.trust", FR_TENSOR_F32, 1, &m->trust);
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    struct fr_rows friends;
    const struct fr_tensor *trust = fr_tensors_get(file, "social.trust", FR_TENSOR_F32);
    if (fr_rows_load(file, "social.friends", &friends, msg)) return NULL;
    free(friends.values);
    friends.values = NULL;
    struct fr_model *filter = fr_spectral_ops.load(file, msg);
    bool fits = trust && trust->count == 1 && *(const float *)trust->data >= 0 &&
                friends.row_n == friends.column_n && filter && filter->ops->items(filter) >= friends.row_n;
    uint32_t item_n = fits ? filter->ops->items(filter) - friends.row_n : 0;
    struct social *m = model_new(friends, item_n, fits ? (double)*(const float *)trust->data : 0);
    m->filter = filter;
    if (fits) return &m->base;
    model_free(&m->base);
    fr_err_set(msg, FR_STATE_CORRUPT, "social: its arrays are missing or do not fit together");
    return NULL;
}

const struct fr_model_ops fr_social_ops = {.name = "social",
                                           .parameters = parameters,
                                           .parameter_n = PARAMETERS,
                                           .needs_friends = true,
                                           .fit = fit,
                                           .adjust = adjust,
                                           .score = score,
                                           .score_some = score_some,
                                           .work_floats = work_floats,
                                           .items = items,
                                           .bytes = bytes,
                                           .save = save,
                                           .load = load,
                                           .free = model_free};
