#include "freshet/base/hash.h"
#include "freshet/base/real.h"
#include "freshet/learn/binary_quality.h"
#include "freshet/learn/folds.h"
#include "propensity_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TENTHS = 10 };

static const enum fr_propensity_kind ensemble[PARTS_MAX] = {FR_PROPENSITY_BOOSTING, FR_PROPENSITY_FOREST,
                                                            FR_PROPENSITY_MLP};

struct fitting {
    const struct fr_table *rows;
    const struct fr_propensity_options *options;
    enum fr_propensity_kind kinds[PARTS_MAX];
    uint32_t kind_n;
    uint32_t *fold;
    double *unseen[PARTS_MAX]; /* [row_n] scores by parts that have not seen the row, then as log odds */
    double rounds;             /* of boosting, summed over the folds */
    uint32_t step, step_n;
};

static const char *options_fault(const struct fr_table *rows, const struct fr_propensity_options *o) {
    if (rows->column_n < 1 || rows->column_n > FR_PROPENSITY_COLUMNS_MAX) return "columns must be 1 to 512";
    if (o->inner_folds < 2 || o->inner_folds > 20) return "inner_folds must be 2 to 20";
    if (!(o->cost_false_yes >= 0 && o->cost_false_no >= 0)) return "costs must be 0 or more";
    return o->threads < 1 || o->threads > 64 ? "threads must be 1 to 64" : NULL;
}

static enum fr_err check(const struct fr_table *rows, const struct fr_propensity_options *o,
                         struct fr_errmsg *msg) {
    const char *fault = options_fault(rows, o);
    if (fault) return fr_err_set(msg, FR_CONFIG, "propensity: %s", fault);
    uint32_t yes = fr_count_yes(rows->labels, rows->row_n), no = rows->row_n - yes;
    if (yes >= o->inner_folds && no >= o->inner_folds) return FR_OK;
    return fr_err_set(msg, FR_LIMIT, "propensity: %u rows say yes and %u no; each must be %u or more", yes,
                      no, o->inner_folds);
}

static enum fr_err go_on(struct fitting *f, struct fr_errmsg *msg) {
    const struct fr_propensity_options *o = f->options;
    double done = (double)++f->step / f->step_n;
    if (!o->progress || o->progress(o->context, f->step < f->step_n ? "inner folds" : "fit", done))
        return FR_OK;
    return fr_err_set(msg, FR_TIMEOUT, "propensity: given up");
}

/* ---- scores of what was not seen ---- */

static enum fr_err score_held(struct fitting *f, uint32_t k, const struct part *part,
                              const struct fr_table *held, uint32_t fold, struct fr_errmsg *msg) {
    double *scores = fr_alloc(((size_t)held->row_n + 1) * sizeof *scores);
    enum fr_err err = part_score(part, held->values, held->row_n, held->column_n, scores, msg);
    for (uint32_t i = 0, at = 0; i < f->rows->row_n && err == FR_OK; i++)
        if (f->fold[i] == fold) f->unseen[k][i] = scores[at++];
    free(scores);
    return err;
}

static enum fr_err fit_fold(struct fitting *f, uint32_t fold, struct fr_errmsg *msg) {
    struct fr_table learnt = fr_table_fold(f->rows, f->fold, fold, true);
    struct fr_table held = fr_table_fold(f->rows, f->fold, fold, false);
    enum fr_err err = FR_OK;
    for (uint32_t k = 0; k < f->kind_n && err == FR_OK; k++) {
        struct part part;
        err = part_fit(&part, f->kinds[k], &learnt, &held, 0, true, f->options, msg);
        if (err == FR_OK) err = score_held(f, k, &part, &held, fold, msg);
        if (err == FR_OK && f->kinds[k] == FR_PROPENSITY_BOOSTING) f->rounds += fr_forest_rounds(part.forest);
        part_fini(&part);
        if (err == FR_OK) err = go_on(f, msg);
    }
    fr_table_fini(&learnt);
    fr_table_fini(&held);
    return err;
}

/* ---- what rests on them ---- */

static void calibrate_part(struct fitting *f, uint32_t k, struct part *part) {
    double *scores = f->unseen[k];
    fr_calibration_fit(&part->platt, FR_CALIBRATION_PLATT, scores, f->rows->labels, f->rows->row_n);
    for (uint32_t i = 0; i < f->rows->row_n; i++)
        scores[i] = part->platt.slope * scores[i] + part->platt.intercept;
}

static double loss_of_weights(const struct fitting *f, const double *weights) {
    double sum = 0;
    for (uint32_t i = 0; i < f->rows->row_n; i++) {
        double log_odds = 0;
        for (uint32_t k = 0; k < f->kind_n; k++) log_odds += weights[k] * f->unseen[k][i];
        sum += fr_binary_log_loss_of(fr_logistic(log_odds), f->rows->labels[i]);
    }
    return sum;
}

/* All tenths that add up to one. */
static void weigh_parts(const struct fitting *f, struct fr_propensity *p) {
    double least = HUGE_VAL;
    for (int a = 0; a <= TENTHS; a++)
        for (int b = 0; a + b <= TENTHS; b++) {
            const double weights[PARTS_MAX] = {a / 10., b / 10., (TENTHS - a - b) / 10.};
            double loss = loss_of_weights(f, weights);
            if (loss >= least) continue;
            least = loss;
            for (uint32_t k = 0; k < f->kind_n; k++) p->parts[k].weight = weights[k];
        }
}

static void calibrate_and_cut(const struct fitting *f, struct fr_propensity *p) {
    const struct fr_propensity_options *o = f->options;
    uint32_t n = f->rows->row_n;
    double *sums = fr_alloc_zero((size_t)n + 1, sizeof *sums);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < f->kind_n; k++) sums[i] += p->parts[k].weight * f->unseen[k][i];
    fr_calibration_fit(&p->calibration, o->calibration, sums, f->rows->labels, n);
    for (uint32_t i = 0; i < n; i++) sums[i] = fr_calibration_apply(&p->calibration, sums[i]);
    p->threshold =
        o->cost_false_yes > 0 || o->cost_false_no > 0
            ? fr_threshold_least_cost(sums, f->rows->labels, n, o->cost_false_yes, o->cost_false_no)
            : fr_threshold_best_f1(sums, f->rows->labels, n);
    free(sums);
}

/* ---- all rows ---- */

static enum fr_err fit_whole(struct fitting *f, struct fr_propensity *p, struct fr_errmsg *msg) {
    uint32_t rounds = (uint32_t)lround(f->rounds / f->options->inner_folds);
    for (uint32_t k = 0; k < f->kind_n; k++) {
        struct part *part = &p->parts[p->part_n++];
        enum fr_err err = part_fit(part, f->kinds[k], f->rows, NULL, rounds, false, f->options, msg);
        if (err == FR_OK) err = go_on(f, msg);
        if (err != FR_OK) return err;
        calibrate_part(f, k, part);
    }
    if (f->kind_n == PARTS_MAX) weigh_parts(f, p);
    calibrate_and_cut(f, p);
    return FR_OK;
}

/* Rows of one user at two times are nearly the same row: were one learnt from and the other asked, a model that knows its users
 * by heart would look good. */
static void make_folds(struct fitting *f) {
    const struct fr_propensity_options *o = f->options;
    if (!o->groups) {
        fr_folds_stratified(f->rows->labels, f->rows->row_n, o->inner_folds, o->seed, f->fold);
        return;
    }
    for (uint32_t i = 0; i < f->rows->row_n; i++)
        f->fold[i] = (uint32_t)(fr_hash_mix(o->groups[i] + (o->seed << 32)) % o->inner_folds);
}

static enum fr_err fit_all(struct fitting *f, struct fr_propensity *p, struct fr_errmsg *msg) {
    make_folds(f);
    for (uint32_t fold = 0; fold < f->options->inner_folds; fold++) {
        enum fr_err err = fit_fold(f, fold, msg);
        if (err != FR_OK) return err;
    }
    return fit_whole(f, p, msg);
}

static void fitting_init(struct fitting *f, const struct fr_table *rows,
                         const struct fr_propensity_options *o) {
    *f = (struct fitting){.rows = rows, .options = o, .kinds = {o->kind}, .kind_n = 1};
    if (o->kind == FR_PROPENSITY_ENSEMBLE) {
        memcpy(f->kinds, ensemble, sizeof ensemble);
        f->kind_n = PARTS_MAX;
    }
    f->step_n = f->kind_n * (o->inner_folds + 1);
    f->fold = fr_alloc(((size_t)rows->row_n + 1) * sizeof *f->fold);
    for (uint32_t k = 0; k < f->kind_n; k++)
        f->unseen[k] = fr_alloc(((size_t)rows->row_n + 1) * sizeof(double));
}

static void fitting_fini(struct fitting *f) {
    for (uint32_t k = 0; k < f->kind_n; k++) free(f->unseen[k]);
    free(f->fold);
}

struct fr_propensity *fr_propensity_fit(const struct fr_table *rows,
                                        const struct fr_propensity_options *options, struct fr_errmsg *msg) {
    struct fitting f;
    struct fr_errmsg own = {0};
    if (!msg) msg = &own;
    if (check(rows, options, msg) != FR_OK) return NULL;
    struct fr_propensity *p = fr_alloc_zero(1, sizeof *p);
    propensity_set_columns(p, rows->names, rows->column_n);
    snprintf(p->task, sizeof p->task, "%s", options->task ? options->task : "");
    snprintf(p->version, sizeof p->version, "%s", options->version ? options->version : "");
    fitting_init(&f, rows, options);
    enum fr_err err = fit_all(&f, p, msg);
    fitting_fini(&f);
    if (err == FR_OK) return p;
    fr_propensity_free(p);
    return NULL;
}
