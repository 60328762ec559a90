#include "freshet/learn/item_cf.h"
#include "freshet/learn/cooccurrence.h"
#include "freshet/learn/graph.h"
#include <stdlib.h>
#include <string.h>

enum { NEIGHBORS, ASYMMETRY, DAMPING, SHRINK, PARAMETERS };
enum { LONGEST = 2000 };

static const double neighbors_grid[] = {20, 50, 100, 200, 500};
static const double asymmetry_grid[] = {.3, .4, .5, .6, .7, .8, .9};
static const double damping_grid[] = {0, .25, .5, .75, 1};
static const double shrink_grid[] = {0, 2, 10, 50};

#define GRID(g) g, sizeof(g) / sizeof *(g)
static const struct fr_parameter parameters[PARAMETERS] = {
    [NEIGHBORS] = {"neighbors", 100, GRID(neighbors_grid)},
    [ASYMMETRY] = {"asymmetry", .6, GRID(asymmetry_grid)},
    [DAMPING] = {"damping", .5, GRID(damping_grid)},
    [SHRINK] = {"shrink", 0, GRID(shrink_grid)},
};

struct item_cf {
    struct fr_model base;
    struct fr_rows graph; /* item x item */
};

static struct item_cf *model_new(struct fr_rows graph) {
    struct item_cf *m = fr_alloc(sizeof *m);
    *m = (struct item_cf){{&fr_item_cf_ops}, graph};
    return m;
}

static uint32_t neighbors_kept(double wanted, uint32_t item_n) {
    size_t room = FR_ITEM_CF_BYTES / (sizeof(uint32_t) + sizeof(float)) / ((size_t)item_n + 1) + 1;
    return wanted < (double)room ? (uint32_t)wanted : (uint32_t)room;
}

static struct fr_model *fit(const struct fr_fit *fit, const double *values, struct fr_errmsg *msg) {
    const struct fr_interactions *data = fit->data;
    if (fit->progress && !fit->progress(fit->context, "item pairs", 0)) {
        fr_err_set(msg, FR_TIMEOUT, "item-cf: given up");
        return NULL;
    }
    float *users = fr_degree_powers(&data->by_user, -values[DAMPING]);
    float *rows = fr_degree_powers(&data->by_item, -values[ASYMMETRY]);
    float *columns = fr_degree_powers(&data->by_item, values[ASYMMETRY] - 1);
    struct fr_cooccurrence how = {.other_weight = users,
                                  .row_scale = rows,
                                  .column_scale = columns,
                                  .power = 1,
                                  .shrink = values[SHRINK],
                                  .keep = neighbors_kept(values[NEIGHBORS], data->by_item.row_n),
                                  .longest_max = LONGEST,
                                  .threads = fit->threads};
    struct item_cf *m = model_new(fr_cooccurrence(&data->by_item, &data->by_user, &how));
    free(users);
    free(rows);
    free(columns);
    return &m->base;
}

static void score(const struct fr_model *model, const struct fr_rows *rows, uint32_t first, uint32_t n,
                  bool is_known, float *out) {
    (void)is_known;
    const struct item_cf *m = (const struct item_cf *)model;
    size_t item_n = m->graph.row_n;
    memset(out, 0, n * item_n * sizeof *out);
    for (uint32_t u = 0; u < n; u++) {
        struct fr_history_row h = fr_history_row(rows, first + u);
        fr_graph_add(&m->graph, &h, NULL, 1, out + u * item_n);
    }
}

static void score_some(const struct fr_model *model, const uint32_t *columns, const float *values, uint32_t n,
                       const uint32_t *wanted, uint32_t count, float *work, float *out) {
    (void)work;
    const struct item_cf *m = (const struct item_cf *)model;
    struct fr_history_row h = {columns, values, n};
    memset(out, 0, count * sizeof *out);
    if (wanted)
        fr_graph_add_some(&m->graph, &h, NULL, 1, wanted, count, out);
    else
        fr_graph_add(&m->graph, &h, NULL, 1, out);
}

static uint32_t items(const struct fr_model *model) { return ((const struct item_cf *)model)->graph.row_n; }

static size_t bytes(const struct fr_model *model) {
    return sizeof(struct item_cf) + fr_rows_bytes(&((const struct item_cf *)model)->graph);
}

static void save(const struct fr_model *model, struct fr_tensors_writer *w) {
    fr_rows_save(&((const struct item_cf *)model)->graph, "item_cf.graph", w);
}

static struct fr_model *load(const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    struct fr_rows graph;
    if (fr_rows_load(file, "item_cf.graph", &graph, msg)) return NULL;
    if (graph.row_n == graph.column_n) return &model_new(graph)->base;
    fr_rows_fini(&graph);
    fr_err_set(msg, FR_STATE_CORRUPT, "item-cf: its graph is not square");
    return NULL;
}

static void model_free(struct fr_model *model) {
    struct item_cf *m = (struct item_cf *)model;
    fr_rows_fini(&m->graph);
    free(m);
}

const struct fr_model_ops fr_item_cf_ops = {.name = "item-cf",
                                            .parameters = parameters,
                                            .parameter_n = PARAMETERS,
                                            .fit = fit,
                                            .score = score,
                                            .score_some = score_some,
                                            .items = items,
                                            .bytes = bytes,
                                            .save = save,
                                            .load = load,
                                            .free = model_free};
