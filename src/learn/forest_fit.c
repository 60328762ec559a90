#include "forest_internal.h"
#include "freshet/base/rng.h"
#include "freshet/learn/folds.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One member being fitted. */
struct fitting {
    const struct forest_library *library;
    const struct fr_forest_params *params;
    uint32_t member;
    float *values, *labels; /* what it learns from */
    uint32_t row_n, column_n;
    double yes;                 /* rows with yes among them */
    DMatrixHandle train, valid; /* valid: NULL without rows to validate */
    BoosterHandle booster;
};

static const char *params_fault(const struct fr_forest_params *p) {
    if (p->trees < 1 || p->trees > FR_FOREST_TREES_MAX) return "trees must be 1 to 20000";
    if (p->depth < 1 || p->depth > 30) return "depth must be 1 to 30";
    if (!(p->rate > 0 && p->rate <= 1)) return "rate must be above 0 and at most 1";
    if (!(p->row_share > 0 && p->row_share <= 1)) return "row_share must be above 0 and at most 1";
    if (!(p->column_share > 0 && p->column_share <= 1)) return "column_share must be above 0 and at most 1";
    if (!(p->leaf_weight_least >= 0 && p->l2 >= 0)) return "leaf_weight_least and l2 must be 0 or more";
    if (p->members < 1 || p->members > FR_FOREST_MEMBERS_MAX) return "members must be 1 to 64";
    return p->threads < 1 || p->threads > 64 ? "threads must be 1 to 64" : NULL;
}

static bool rows_are_usable(const struct fr_forest_rows *rows, struct fr_errmsg *msg) {
    uint32_t yes = fr_count_yes(rows->labels, rows->row_n);
    if (yes && yes < rows->row_n) return true;
    fr_err_set(msg, FR_LIMIT, "forest: all %u labels are the same", rows->row_n);
    return false;
}

/* ---- which rows a member learns from ---- */

static void take_row(struct fitting *f, const struct fr_forest_rows *rows, uint32_t row) {
    memcpy(f->values + (size_t)f->row_n * f->column_n, rows->values + (size_t)row * f->column_n,
           f->column_n * sizeof(float));
    f->labels[f->row_n++] = rows->labels[row];
    f->yes += rows->labels[row];
}

static void take_balanced(struct fitting *f, const struct fr_forest_rows *rows) {
    uint32_t *chosen = fr_alloc(((size_t)rows->row_n + 1) * sizeof *chosen);
    uint64_t seed = f->params->seed + f->member * UINT64_C(0x5851f42d4c957f2d);
    uint32_t n = fr_balanced_rows(rows->labels, rows->row_n, seed, chosen);
    for (uint32_t i = 0; i < n; i++) take_row(f, rows, chosen[i]);
    free(chosen);
}

static void take_rows(struct fitting *f, const struct fr_forest_rows *rows) {
    f->column_n = rows->column_n;
    f->values = fr_alloc(((size_t)rows->row_n * rows->column_n + 1) * sizeof(float));
    f->labels = fr_alloc((rows->row_n + 1) * sizeof(float));
    if (f->params->imbalance == FR_IMBALANCE_BALANCED) {
        take_balanced(f, rows);
        return;
    }
    for (uint32_t row = 0; row < rows->row_n; row++) take_row(f, rows, row);
}

/* ---- matrices ---- */

static enum fr_err label_matrix(struct fitting *f, DMatrixHandle matrix, const float *labels, uint32_t n,
                                struct fr_errmsg *msg) {
    return forest_check(f->library, f->library->matrix_set_floats(matrix, "label", labels, n), msg);
}

static enum fr_err make_train(struct fitting *f, struct fr_errmsg *msg) {
    enum fr_err err =
        forest_matrix(f->library, f->values, f->row_n, f->column_n, f->params->threads, &f->train, msg);
    return err == FR_OK ? label_matrix(f, f->train, f->labels, f->row_n, msg) : err;
}

/* How often a yes counts. */
static double yes_weight(const struct fitting *f) {
    return f->params->imbalance == FR_IMBALANCE_WEIGHTS ? (f->row_n - f->yes) / f->yes : 1;
}

/* The loss that says when to stop must weigh the rows as the loss does that is learnt by: else it rises from the first round on. */
static enum fr_err weigh_valid(struct fitting *f, const struct fr_forest_rows *valid, struct fr_errmsg *msg) {
    float *weights = fr_alloc((valid->row_n + 1) * sizeof *weights);
    for (uint32_t i = 0; i < valid->row_n; i++) weights[i] = valid->labels[i] ? (float)yes_weight(f) : 1;
    enum fr_err err = forest_check(
        f->library, f->library->matrix_set_floats(f->valid, "weight", weights, valid->row_n), msg);
    free(weights);
    return err;
}

static enum fr_err make_valid(struct fitting *f, const struct fr_forest_rows *valid, struct fr_errmsg *msg) {
    enum fr_err err = forest_matrix(f->library, valid->values, valid->row_n, valid->column_n,
                                    f->params->threads, &f->valid, msg);
    if (err != FR_OK) return err;
    float *labels = fr_alloc((valid->row_n + 1) * sizeof *labels);
    for (uint32_t i = 0; i < valid->row_n; i++) labels[i] = valid->labels[i];
    err = label_matrix(f, f->valid, labels, valid->row_n, msg);
    free(labels);
    return err == FR_OK ? weigh_valid(f, valid, msg) : err;
}

/* ---- parameters ---- */

static bool set_number(struct fitting *f, const char *name, double value) {
    char text[32];
    snprintf(text, sizeof text, "%.10g", value);
    return f->library->set(f->booster, name, text) == 0;
}

static bool set_trees(struct fitting *f) {
    const struct fr_forest_params *p = f->params;
    if (p->kind == FR_FOREST_BOOSTED)
        return set_number(f, "eta", p->rate) && set_number(f, "colsample_bytree", p->column_share);
    return set_number(f, "eta", 1) && set_number(f, "colsample_bynode", p->column_share) &&
           set_number(f, "num_parallel_tree", p->trees);
}

static bool set_balance(struct fitting *f) {
    double share = f->yes / f->row_n;
    if (f->params->imbalance != FR_IMBALANCE_WEIGHTS) return set_number(f, "base_score", share);
    return set_number(f, "base_score", .5) && set_number(f, "scale_pos_weight", yes_weight(f));
}

/* The library's seed is a signed 32-bit number. */
static bool set_seed(struct fitting *f) {
    struct fr_rng rng = {f->params->seed * 1000003 + f->member};
    return set_number(f, "seed", (double)(fr_rng_next(&rng) & 0x3fffffff));
}

static enum fr_err set_all(struct fitting *f, struct fr_errmsg *msg) {
    const struct fr_forest_params *p = f->params;
    bool done = f->library->set(f->booster, "objective", "binary:logistic") == 0 &&
                f->library->set(f->booster, "eval_metric", "logloss") == 0 &&
                f->library->set(f->booster, "tree_method", "hist") == 0 &&
                set_number(f, "nthread", p->threads) && set_number(f, "max_depth", p->depth) &&
                set_number(f, "subsample", p->row_share) &&
                set_number(f, "min_child_weight", p->leaf_weight_least) && set_number(f, "lambda", p->l2) &&
                set_trees(f) && set_balance(f) && set_seed(f);
    return forest_check(f->library, done ? 0 : -1, msg);
}

/* ---- rounds ---- */

/* "[12]\tvalid-logloss:0.2345" */
static enum fr_err validate(struct fitting *f, uint32_t round, double *loss, struct fr_errmsg *msg) {
    const char *name = "valid", *text;
    enum fr_err err = forest_check(
        f->library, f->library->evaluate(f->booster, (int)round, &f->valid, &name, 1, &text), msg);
    if (err != FR_OK) return err;
    const char *colon = strrchr(text, ':');
    *loss = colon ? strtod(colon + 1, NULL) : (double)NAN;
    return isfinite(*loss) ? FR_OK : fr_err_set(msg, FR_IO, "xgboost said no loss: %.80s", text);
}

static enum fr_err keep_rounds(struct fitting *f, uint32_t n, struct fr_errmsg *msg) {
    BoosterHandle kept;
    enum fr_err err = forest_check(f->library, f->library->slice(f->booster, 0, (int)n, 1, &kept), msg);
    if (err != FR_OK) return err;
    f->library->free(f->booster);
    f->booster = kept;
    return forest_check(f->library, set_number(f, "nthread", f->params->threads) ? 0 : -1, msg);
}

static enum fr_err go_on(const struct fitting *f, uint32_t round, uint32_t round_n, struct fr_errmsg *msg) {
    const struct fr_forest_params *p = f->params;
    double done = (f->member + (round + 1.) / round_n) / p->members;
    if (!p->progress || p->progress(p->context, done)) return FR_OK;
    return fr_err_set(msg, FR_TIMEOUT, "forest: given up");
}

static enum fr_err run_rounds(struct fitting *f, struct fr_errmsg *msg) {
    uint32_t round_n = f->params->kind == FR_FOREST_BAGGED ? 1 : f->params->trees, best = 0;
    double least = HUGE_VAL, loss = 0;
    for (uint32_t round = 0; round < round_n; round++) {
        enum fr_err err = forest_check(f->library, f->library->update(f->booster, (int)round, f->train), msg);
        if (err == FR_OK) err = go_on(f, round, round_n, msg);
        if (err == FR_OK && f->valid) err = validate(f, round, &loss, msg);
        if (err != FR_OK) return err;
        if (!f->valid) continue;
        if (loss < least) {
            least = loss;
            best = round;
        } else if (round - best >= f->params->patience) {
            break;
        }
    }
    return f->valid ? keep_rounds(f, best + 1, msg) : FR_OK;
}

static enum fr_err fit_booster(struct fitting *f, const struct fr_forest_rows *valid, struct fr_errmsg *msg) {
    enum fr_err err = make_train(f, msg);
    if (err == FR_OK && valid) err = make_valid(f, valid, msg);
    if (err == FR_OK) err = forest_check(f->library, f->library->create(&f->train, 1, &f->booster), msg);
    if (err == FR_OK) err = set_all(f, msg);
    return err == FR_OK ? run_rounds(f, msg) : err;
}

static enum fr_err fit_member(struct fr_forest *forest, uint32_t member, const struct fr_forest_rows *rows,
                              const struct fr_forest_rows *valid, const struct fr_forest_params *params,
                              struct fr_errmsg *msg) {
    struct fitting f = {.library = forest->library, .params = params, .member = member};
    take_rows(&f, rows);
    enum fr_err err = fit_booster(&f, valid, msg);
    forest->members[member] = f.booster; /* also when it is of no use: freed with the forest */
    if (f.train) f.library->matrix_free(f.train);
    if (f.valid) f.library->matrix_free(f.valid);
    free(f.values);
    free(f.labels);
    return err;
}

struct fr_forest *fr_forest_fit(const struct fr_forest_rows *rows, const struct fr_forest_rows *valid,
                                const struct fr_forest_params *params, struct fr_errmsg *msg) {
    FR_ASSERT(rows->column_n >= 1 && rows->column_n <= FR_FOREST_COLUMNS_MAX);
    const char *fault = params_fault(params);
    if (fault) fr_err_set(msg, FR_CONFIG, "forest: %s", fault);
    const struct forest_library *l = fault ? NULL : forest_library(msg);
    if (!l || !rows_are_usable(rows, msg)) return NULL;
    bool stops = valid && params->patience && params->kind == FR_FOREST_BOOSTED;
    struct fr_forest *forest = fr_alloc_zero(1, sizeof *forest);
    forest->library = l;
    forest->column_n = rows->column_n;
    forest->member_n = params->members;
    for (uint32_t m = 0; m < params->members; m++) {
        if (fit_member(forest, m, rows, stops ? valid : NULL, params, msg) == FR_OK) continue;
        fr_forest_free(forest);
        return NULL;
    }
    return forest;
}
