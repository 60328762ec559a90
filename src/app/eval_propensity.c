/* freshet eval propensity: models of a yes or no on a table, by stratified folds. */
#include "eval_propensity.h"
#include "eval_run.h"
#include "freshet/app/csv_table.h"
#include "freshet/app/eval.h"
#include <stdio.h>
#include <stdlib.h>

static const char help_text[] =
    "A table (comma-separated, the first line names the columns, plain or gzip) is cut into stratified "
    "folds; "
    "each\n"
    "model learns from all but one and is asked for that one. Within the folds it learns from, inner folds "
    "choose the\n"
    "rounds of boosting, the weights of the ensemble, the calibration and the threshold "
    "(docs/EVALUATION.md).\n"
    "\n"
    "Columns that are no numbers, and those of --categories, become one column for each level.\n"
    "\n"
    "Examples:\n"
    "  freshet eval propensity --table sessions.csv.gz --label Revenue --categories Browser,Region\n"
    "  freshet eval propensity --table t.csv --label bought --models boosting,ensemble --imbalance weights "
    "--json\n"
    "  freshet eval propensity --table t.csv --label left --cost-false-yes 1 --cost-false-no 20\n";

struct asked {
    const char *table, *label, *categories, *models, *imbalance, *calibration, *predictions;
    int64_t folds, seed, threads;
    struct fr_propensity_options options;
    struct propensity_row rows[PROPENSITY_ROWS_MAX];
    uint32_t row_n;
};

enum { OPTIONS = 12 };

static void make_options(struct asked *a, struct fr_option out[OPTIONS]) {
    const struct fr_option options[OPTIONS] = {
        {"table", 0, "FILE", FR_OPTION_TEXT, &a->table, "rows, comma-separated"},
        {"label", 0, "COLUMN", FR_OPTION_TEXT, &a->label,
         "what is predicted: true or false, yes or no, 1 or 0"},
        {"categories", 0, "COLUMNS", FR_OPTION_TEXT, &a->categories,
         "numbers that are only names, by commas"},
        {"models", 0, "LIST", FR_OPTION_TEXT, &a->models,
         "of logistic, forest, boosting, mlp, ensemble; all when not given"},
        {"folds", 0, "N", FR_OPTION_INT, &a->folds, "2 to 100; 10 when not given"},
        {"imbalance", 0, "HOW", FR_OPTION_TEXT, &a->imbalance, "none, weights or balanced"},
        {"calibration", 0, "HOW", FR_OPTION_TEXT, &a->calibration, "platt or isotonic"},
        {"cost-false-yes", 0, "COST", FR_OPTION_NUMBER, &a->options.cost_false_yes,
         "with the next one: the threshold costs least; else it has the best F1"},
        {"cost-false-no", 0, "COST", FR_OPTION_NUMBER, &a->options.cost_false_no, "of a yes that is missed"},
        {"predictions", 0, "FILE", FR_OPTION_TEXT, &a->predictions, "write each row's probabilities there"},
        {"threads", 0, "N", FR_OPTION_INT, &a->threads, "of a fit; 1 when not given"},
        {"seed", 0, "N", FR_OPTION_INT, &a->seed, "of folds and fits; 1 when not given"},
    };
    memcpy(out, options, sizeof options);
}

/* ---- what the options say ---- */

static int read_models(struct asked *a) {
    const char *list = a->models ? a->models : "logistic,forest,boosting,mlp,ensemble";
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ",");
        enum fr_propensity_kind kind;
        if (!fr_propensity_kind_find((struct fr_str){at, (uint32_t)n}, &kind))
            return fr_usage("eval", "--models: %.*s is none of logistic, forest, boosting, mlp, ensemble",
                            (int)n, at);
        if (a->row_n == PROPENSITY_ROWS_MAX) return fr_usage("eval", "--models: at most 8");
        a->rows[a->row_n++] = (struct propensity_row){.name = fr_propensity_kind_name(kind), .kind = kind};
        at += n + (at[n] == ',');
    }
    return a->row_n ? -1 : fr_usage("eval", "--models names none");
}

static int read_imbalance(struct asked *a) {
    if (!a->imbalance) return -1;
    for (int i = FR_IMBALANCE_NONE; i <= FR_IMBALANCE_BALANCED; i++) {
        if (strcmp(a->imbalance, propensity_imbalance_name((enum fr_imbalance)i)) != 0) continue;
        a->options.imbalance = (enum fr_imbalance)i;
        return -1;
    }
    return fr_usage("eval", "--imbalance: %s is none of none, weights, balanced", a->imbalance);
}

static int read_calibration(struct asked *a) {
    if (!a->calibration || strcmp(a->calibration, "platt") == 0) return -1;
    if (strcmp(a->calibration, "isotonic") != 0)
        return fr_usage("eval", "--calibration: %s is neither platt nor isotonic", a->calibration);
    a->options.calibration = FR_CALIBRATION_ISOTONIC;
    return -1;
}

static int read_all(struct asked *a) {
    if (!a->table) return fr_usage("eval", "propensity needs --table");
    if (!a->label) return fr_usage("eval", "propensity needs --label");
    if (a->folds < 2 || a->folds > FR_FOLDS_MAX) return fr_usage("eval", "--folds must be 2 to 100");
    if (a->threads < 1 || a->threads > 64) return fr_usage("eval", "--threads must be 1 to 64");
    a->options.threads = (unsigned)a->threads;
    a->options.seed = (uint64_t)a->seed;
    int code = read_models(a);
    if (code < 0) code = read_imbalance(a);
    return code < 0 ? read_calibration(a) : code;
}

/* ---- the measurement ---- */

static int report(const struct fr_app *app, const struct asked *a, const struct propensity_setup *setup) {
    struct fr_buf out = {0};
    if (app->json)
        propensity_report_json(setup, a->rows, a->row_n, &out);
    else
        propensity_report_table(setup, a->rows, a->row_n, &out);
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
    struct fr_errmsg msg = {0};
    if (a->predictions && !propensity_write_predictions(a->predictions, setup, a->rows, a->row_n, &msg))
        return eval_failed(FR_IO, &msg);
    return FR_EXIT_OK;
}

static int measure_all(struct asked *a, const struct propensity_setup *setup) {
    int code = FR_EXIT_OK;
    for (uint32_t i = 0; i < a->row_n; i++) {
        propensity_measure(setup, &a->rows[i]);
        if (a->rows[i].err == FR_OK) continue;
        fprintf(stderr, "freshet eval: %s: %s\n", a->rows[i].name, a->rows[i].msg.text);
        code = FR_EXIT_UNAVAILABLE;
    }
    return code;
}

static int run_table(const struct fr_app *app, struct asked *a, const struct fr_table *table) {
    uint32_t k = (uint32_t)a->folds, *fold = fr_alloc(((size_t)table->row_n + 1) * sizeof *fold);
    fr_folds_stratified(table->labels, table->row_n, k, a->options.seed, fold);
    struct propensity_split *splits = propensity_splits_of_folds(fold, table->row_n, k);
    struct propensity_setup setup = {
        .table = table, .splits = splits, .split_n = k, .options = a->options, .verbose = app->verbose};
    int code = measure_all(a, &setup), reported = report(app, a, &setup);
    propensity_rows_fini(&setup, a->rows, a->row_n);
    propensity_splits_free(splits, k);
    free(fold);
    return code != FR_EXIT_OK ? code : reported;
}

static int read_and_run(const struct fr_app *app, struct asked *a) {
    struct fr_errmsg msg = {0};
    struct fr_arena arena = {0};
    struct fr_table table = {0};
    enum fr_err err =
        fr_csv_table_read(a->table, a->label, a->categories ? a->categories : "", &arena, &table, &msg);
    int code = err == FR_OK ? run_table(app, a, &table) : eval_failed(err, &msg);
    fr_table_fini(&table);
    fr_arena_fini(&arena);
    return code;
}

int fr_eval_propensity(struct fr_app *app, int argc, char **argv) {
    struct asked a = {.folds = 10, .seed = 1, .threads = 1, .options = FR_PROPENSITY_DEFAULTS};
    struct fr_option options[OPTIONS];
    make_options(&a, options);
    int code = fr_options_read(app, options, OPTIONS, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "propensity takes no %s", argv[1]);
    if (code < 0) code = read_all(&a);
    return code < 0 ? read_and_run(app, &a) : code;
}
