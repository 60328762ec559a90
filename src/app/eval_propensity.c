/* freshet eval propensity: models of a yes or no on a table, by stratified folds, or on rows made of a log, divided by time. */
#include "eval_propensity_log.h"
#include "eval_run.h"
#include "freshet/app/csv_table.h"
#include "freshet/app/eval.h"
#include "freshet/app/wiring.h"
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
    "A log (native events, JSON lines, in their order) is made into rows: at each cut, every user's state as "
    "it was and what "
    "the\n"
    "user did within the horizon. The last quarter of the cuts is asked; \"baseline\" is a linear model of "
    "how often and "
    "how\n"
    "recently.\n"
    "\n"
    "Columns that are no numbers, and those of --categories, become one column for each level.\n"
    "\n"
    "Examples:\n"
    "  freshet eval propensity --table sessions.csv.gz --label Revenue --categories Browser,Region\n"
    "  freshet eval propensity --table t.csv --label bought --models boosting,ensemble --imbalance weights "
    "--json\n"
    "  freshet eval propensity --table t.csv --label left --cost-false-yes 1 --cost-false-no 20\n"
    "  freshet eval propensity --events log.jsonl.gz --predict purchase --horizon-days 7\n"
    "  freshet eval propensity --events log.jsonl --items items.jsonl --predict category:BAKERY "
    "--horizon-days 7\n";

struct asked {
    const char *table, *label, *categories, *models, *imbalance, *calibration, *predictions, *rows_file;
    struct propensity_log log;
    int64_t folds, seed, threads;
    struct fr_propensity_options options;
    struct propensity_row rows[PROPENSITY_ROWS_MAX];
    uint32_t row_n;
};

enum { OPTIONS = 20 };

static void make_options(struct asked *a, struct fr_option out[OPTIONS]) {
    const struct fr_option options[OPTIONS] = {
        {"table", 0, "FILE", FR_OPTION_TEXT, &a->table, "rows, comma-separated"},
        {"label", 0, "COLUMN", FR_OPTION_TEXT, &a->label,
         "what is predicted: true or false, yes or no, 1 or 0"},
        {"events", 0, "FILE", FR_OPTION_TEXT, &a->log.events, "rows are made of this log"},
        {"items", 0, "FILE", FR_OPTION_TEXT, &a->log.items, "the catalogue, JSON lines (docs/ITEMS.md)"},
        {"predict", 0, "TASK", FR_OPTION_TEXT, &a->log.predict,
         "purchase, active, churn, conversion or category:NAME"},
        {"horizon-days", 0, "N", FR_OPTION_INT, &a->log.horizon_days,
         "within so many days; 7 when not given"},
        {"every-days", 0, "N", FR_OPTION_INT, &a->log.every_days, "between cuts; the horizon when not given"},
        {"warmup-days", 0, "N", FR_OPTION_INT, &a->log.warmup_days,
         "before the first cut; 28 when not given"},
        {"recent-days", 0, "N", FR_OPTION_INT, &a->log.recent_days,
         "users seen in so many days before a cut; 90 when not given"},
        {"rows", 0, "FILE", FR_OPTION_TEXT, &a->rows_file, "write the rows there, for other programs"},
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

static int read_log_options(struct asked *a) {
    struct propensity_log *l = &a->log;
    if (!l->predict) return fr_usage("eval", "--events needs --predict");
    if (l->every_days == 0) l->every_days = l->horizon_days;
    const int64_t days[] = {l->horizon_days, l->every_days, l->warmup_days, l->recent_days};
    for (int i = 0; i < 4; i++)
        if (days[i] < 1 || days[i] > 3650) return fr_usage("eval", "days must be 1 to 3650");
    if (a->row_n < PROPENSITY_ROWS_MAX)
        a->row_n++; /* the baseline's, first; filled in when the columns are known */
    return -1;
}

static int read_all(struct asked *a) {
    if (!a->table == !a->log.events) return fr_usage("eval", "propensity needs either --table or --events");
    if (a->table && !a->label) return fr_usage("eval", "--table needs --label");
    int unusable = a->log.events ? read_log_options(a) : -1;
    if (unusable >= 0) return unusable;
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

static int read_table(const struct fr_app *app, struct asked *a) {
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

static int run_log(const struct fr_app *app, struct asked *a, const struct propensity_world *w) {
    struct fr_errmsg msg = {0};
    uint32_t columns[16];
    struct propensity_split *split = propensity_log_split(w, &msg);
    if (!split) return eval_failed(FR_CONFIG, &msg);
    if (a->rows_file && !propensity_log_write(w, a->rows_file, &msg)) {
        propensity_splits_free(split, 1);
        return eval_failed(FR_IO, &msg);
    }
    a->rows[0] = (struct propensity_row){.name = "baseline",
                                         .kind = FR_PROPENSITY_LOGISTIC,
                                         .columns = columns,
                                         .column_n = propensity_log_baseline(w, columns)};
    struct propensity_setup setup = {.table = propensity_log_table(w),
                                     .splits = split,
                                     .split_n = 1,
                                     .groups = propensity_log_users(w),
                                     .options = a->options,
                                     .verbose = app->verbose};
    fprintf(stderr, "%u rows to learn from, %u to ask, %u columns\n", split->learnt_n, split->asked_n,
            setup.table->column_n);
    int code = measure_all(a, &setup), reported = report(app, a, &setup);
    propensity_rows_fini(&setup, a->rows, a->row_n);
    propensity_splits_free(split, 1);
    return code != FR_EXIT_OK ? code : reported;
}

static int read_log(struct fr_app *app, struct asked *a) {
    struct fr_errmsg msg = {0};
    struct fr_rules rules;
    struct propensity_world *w = NULL;
    int code = fr_app_configure(app);
    if (code) return code;
    enum fr_err err = fr_wire_rules(&app->config, &rules, &msg);
    if (err == FR_OK) err = propensity_log_read(&a->log, &rules, &w, &msg);
    code = err == FR_OK ? run_log(app, a, w) : eval_failed(err, &msg);
    propensity_log_free(w);
    fr_rules_fini(&rules);
    return code;
}

int fr_eval_propensity(struct fr_app *app, int argc, char **argv) {
    struct asked a = {.folds = 10,
                      .seed = 1,
                      .threads = 1,
                      .options = FR_PROPENSITY_DEFAULTS,
                      .log = {.horizon_days = 7, .warmup_days = 28, .recent_days = 90}};
    struct fr_option options[OPTIONS];
    make_options(&a, options);
    int code = fr_options_read(app, options, OPTIONS, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "propensity takes no %s", argv[1]);
    if (code < 0) code = read_all(&a);
    if (code >= 0) return code;
    return a.table ? read_table(app, &a) : read_log(app, &a);
}
