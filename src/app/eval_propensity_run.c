#include "eval_child.h"
#include "eval_models.h"
#include "eval_propensity.h"
#include "freshet/base/clock.h"
#include "freshet/learn/la.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- splits ---- */

struct propensity_split *propensity_splits_of_folds(const uint32_t *fold, uint32_t row_n, uint32_t k) {
    struct propensity_split *splits = fr_alloc_zero(k, sizeof *splits);
    for (uint32_t s = 0; s < k; s++) {
        splits[s].learnt = fr_alloc(((size_t)row_n + 1) * sizeof(uint32_t));
        splits[s].asked = fr_alloc(((size_t)row_n + 1) * sizeof(uint32_t));
        for (uint32_t i = 0; i < row_n; i++)
            if (fold[i] == s)
                splits[s].asked[splits[s].asked_n++] = i;
            else
                splits[s].learnt[splits[s].learnt_n++] = i;
    }
    return splits;
}

void propensity_splits_free(struct propensity_split *splits, uint32_t n) {
    for (uint32_t s = 0; s < n && splits; s++) {
        free(splits[s].learnt);
        free(splits[s].asked);
    }
    free(splits);
}

/* ---- in the child ---- */

struct shared {
    enum fr_err err;
    struct fr_errmsg msg;
    double fit_s, score_s, peak_mib, thresholds[FR_FOLDS_MAX];
    char made_of[160];
};

struct task {
    const struct propensity_setup *setup;
    const struct propensity_row *row;
    struct shared *shared;
    double *probabilities; /* shared, too */
    uint32_t split;
};

static bool show_progress(void *context, const char *step, double done) {
    const struct task *t = context;
    eval_say(t->setup->verbose, false, "%s: split %u of %u, %s %.0f %%", t->row->name, t->split + 1,
             t->setup->split_n, step, done * 100);
    return true;
}

/* The rows with the columns that the model may see. */
static struct fr_table take_rows(const struct task *t, const uint32_t *chosen, uint32_t n,
                                 struct fr_str *names) {
    struct fr_table all = fr_table_take(t->setup->table, chosen, n);
    if (!t->row->columns) return all;
    uint32_t width = t->row->column_n;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t c = 0; c < width; c++) /* columns ascend: nothing is overwritten before it is read */
            all.values[(size_t)i * width + c] = all.values[(size_t)i * all.column_n + t->row->columns[c]];
    for (uint32_t c = 0; c < width; c++) names[c] = all.names[t->row->columns[c]];
    all.names = names;
    all.column_n = width;
    return all;
}

/* Of the rows that are learnt from; NULL: none. gives: free. */
static uint32_t *take_groups(const struct propensity_setup *s, const struct propensity_split *split) {
    if (!s->groups) return NULL;
    uint32_t *groups = fr_alloc(((size_t)split->learnt_n + 1) * sizeof *groups);
    for (uint32_t i = 0; i < split->learnt_n; i++) groups[i] = s->groups[split->learnt[i]];
    return groups;
}

static double seconds_since(fr_mono_us start_us) { return (double)(fr_clock_mono_us() - start_us) / 1e6; }

static void keep_scores(struct task *t, const struct fr_propensity *p, const struct propensity_split *split,
                        const double *scores) {
    struct fr_buf text = {0};
    for (uint32_t i = 0; i < split->asked_n; i++) t->probabilities[split->asked[i]] = scores[i];
    t->shared->thresholds[t->split] = fr_propensity_threshold(p);
    fr_propensity_describe(p, &text);
    snprintf(t->shared->made_of, sizeof t->shared->made_of, "%.*s", (int)text.len, text.data);
    fr_buf_fini(&text);
}

static enum fr_err run_split(struct task *t, struct fr_errmsg *msg) {
    const struct propensity_split *split = &t->setup->splits[t->split];
    struct fr_propensity_options options = t->setup->options;
    struct fr_str *names = fr_alloc(((size_t)t->setup->table->column_n + 1) * sizeof *names);
    struct fr_table learnt = take_rows(t, split->learnt, split->learnt_n, names);
    struct fr_table asked = take_rows(t, split->asked, split->asked_n, names);
    double *scores = fr_alloc(((size_t)split->asked_n + 1) * sizeof *scores);
    uint32_t *groups = take_groups(t->setup, split);
    options.kind = t->row->kind;
    options.groups = groups;
    options.progress = show_progress;
    options.context = t;
    fr_mono_us start_us = fr_clock_mono_us();
    struct fr_propensity *p = fr_propensity_fit(&learnt, &options, msg);
    t->shared->fit_s += seconds_since(start_us);
    start_us = fr_clock_mono_us();
    enum fr_err err = p ? fr_propensity_score(p, asked.values, asked.row_n, scores, msg) : msg->code;
    t->shared->score_s += seconds_since(start_us);
    if (err == FR_OK) keep_scores(t, p, split, scores);
    fr_propensity_free(p);
    free(groups);
    free(scores);
    fr_table_fini(&learnt);
    fr_table_fini(&asked);
    free(names);
    return err;
}

static void run_splits(void *context) {
    struct task *t = context;
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_la_open(&msg);
    if (err == FR_OK) fr_la_threads(t->setup->options.threads);
    for (; t->split < t->setup->split_n && err == FR_OK; t->split++) err = run_split(t, &msg);
    t->shared->err = err;
    t->shared->msg = msg;
    t->shared->peak_mib = eval_peak_mib();
}

/* ---- figures ---- */

struct asked_rows {
    double *probabilities;
    bool *labels;
    uint32_t n;
};

static struct asked_rows gather(const struct propensity_setup *s, const double *probabilities,
                                uint32_t split) {
    const struct propensity_split *of = &s->splits[split];
    struct asked_rows a = {.n = of->asked_n};
    a.probabilities = fr_alloc(((size_t)a.n + 1) * sizeof *a.probabilities);
    a.labels = fr_alloc((size_t)a.n + 1);
    for (uint32_t i = 0; i < a.n; i++) {
        a.probabilities[i] = probabilities[of->asked[i]];
        a.labels[i] = s->table->labels[of->asked[i]];
    }
    return a;
}

/* Adds a split's share of the means. */
static double add_split(struct propensity_figures *f, const struct asked_rows *a, double threshold,
                        double share) {
    double auc = fr_binary_auc(a->probabilities, a->labels, a->n);
    struct fr_confusion c = fr_confusion_at(a->probabilities, a->labels, a->n, threshold);
    f->auc += share * auc;
    f->average_precision += share * fr_binary_average_precision(a->probabilities, a->labels, a->n);
    f->f1 += share * fr_confusion_f1(&c);
    f->precision += share * fr_confusion_precision(&c);
    f->recall += share * fr_confusion_recall(&c);
    f->log_loss += share * fr_binary_log_loss(a->probabilities, a->labels, a->n);
    f->brier += share * fr_binary_brier(a->probabilities, a->labels, a->n);
    f->split_error += share * fr_binary_calibration_error(a->probabilities, a->labels, a->n);
    for (uint32_t i = 0; i < a->n; i++)
        fr_reliability_add(&f->reliability, a->probabilities[i], a->labels[i]);
    return auc;
}

static struct propensity_figures figures_of(const struct propensity_setup *s, const double *probabilities,
                                            const double *thresholds) {
    struct propensity_figures f = {0};
    double squares = 0;
    for (uint32_t k = 0; k < s->split_n; k++) {
        struct asked_rows a = gather(s, probabilities, k);
        double auc = add_split(&f, &a, thresholds[k], 1. / s->split_n);
        squares += auc * auc / s->split_n;
        free(a.probabilities);
        free(a.labels);
    }
    f.auc_sd = sqrt(fmax(0, squares - f.auc * f.auc));
    return f;
}

void propensity_measure(const struct propensity_setup *s, struct propensity_row *row) {
    struct task t = {.setup = s, .row = row, .shared = eval_shared_new(sizeof *t.shared)};
    row->probabilities = t.probabilities = eval_shared_new(((size_t)s->table->row_n + 1) * sizeof(double));
    row->err = eval_child_run(run_splits, &t, &row->msg);
    if (row->err == FR_OK && t.shared->err != FR_OK) {
        row->err = t.shared->err;
        row->msg = t.shared->msg;
    }
    if (row->err == FR_OK) {
        row->figures = figures_of(s, row->probabilities, t.shared->thresholds);
        row->fit_s = t.shared->fit_s / s->split_n;
        row->score_s = t.shared->score_s / s->split_n;
        row->peak_mib = t.shared->peak_mib;
        memcpy(row->made_of, t.shared->made_of, sizeof row->made_of);
    }
    eval_shared_free(t.shared, sizeof *t.shared);
    eval_say_nothing();
}

void propensity_rows_fini(const struct propensity_setup *s, struct propensity_row *rows, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        eval_shared_free(rows[i].probabilities, ((size_t)s->table->row_n + 1) * sizeof(double));
}
