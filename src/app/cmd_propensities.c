/* freshet propensities: the models that say what users will probably do. */
#include "freshet/app/command.h"
#include "freshet/app/state_read.h"
#include "freshet/base/json.h"
#include "kafka_command.h"
#include "propensity_fit.h"
#include <stdio.h>
#include <unistd.h>

static const char help[] =
    "list              which are in force, and the ones before them\n"
    "fit [TASK...]     reads the events topic, fits propensities.tasks (or those named), judges each against "
    "the one\n"
    "                  in force on the latest quarter of the log, and puts it in force unless it is "
    "significantly\n"
    "                  worse; exit 75 when one was refused, 66 when the log has too little for one\n"
    "rollback TASK     puts the one before in force again\n"
    "\n"
    "Running instances take what comes in force within seconds. docs/TARGETING.md has tasks, rows and "
    "columns.\n"
    "\n"
    "Examples:\n"
    "  freshet propensities fit purchase --set propensities.horizon_days=14\n"
    "  freshet propensities list --json\n";

struct work {
    struct fr_app *app;
    struct fr_wiring wiring;
    struct fr_rules rules;
    struct propensity_fit fit;
    const char *reason;
    char step[48]; /* shown last */
};

static int failed(enum fr_err err, const struct fr_errmsg *msg) {
    if (err != FR_LIMIT) return fr_report_failed("propensities", err, msg);
    fprintf(stderr, "freshet propensities: %s\n", msg->text);
    return FR_EXIT_NO_INPUT;
}

/* ---- list ---- */

static void list_json(const struct fr_propensity_list *list) {
    struct fr_buf out = {0};
    fr_json_open(&out, '{');
    fr_json_key(&out, "propensities");
    fr_json_open(&out, '[');
    for (uint32_t i = 0; i < list->n; i++) {
        fr_json_open(&out, '{');
        fr_json_key(&out, "task");
        fr_json_str(&out, fr_str_of(list->at[i].task));
        fr_json_key(&out, "version");
        fr_json_str(&out, fr_str_of(list->at[i].version));
        fr_json_key(&out, "before");
        fr_json_str(&out, fr_str_of(list->at[i].before));
        fr_json_close(&out, '}');
    }
    fr_json_close(&out, ']');
    fr_json_close(&out, '}');
    printf("%.*s\n", (int)out.len, out.data);
    fr_buf_fini(&out);
}

static int list(const struct work *w) {
    struct fr_propensity_list list;
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_propensity_list_get(w->fit.store, w->app->config.topic_prefix, &list, &msg);
    if (err != FR_OK) return failed(err, &msg);
    if (w->app->json) list_json(&list);
    for (uint32_t i = 0; i < list.n && !w->app->json; i++)
        printf("%-12s %-30s before: %s\n", list.at[i].task, list.at[i].version,
               list.at[i].before[0] ? list.at[i].before : "-");
    if (list.n == 0 && !w->app->json) fprintf(stderr, "freshet propensities: none is stored\n");
    return FR_EXIT_OK;
}

/* ---- fit ---- */

static bool show_progress(void *context, const char *step, double done) {
    struct work *w = context;
    (void)done;
    if (w->app->verbose < 0 || strcmp(step, w->step) == 0) return true;
    snprintf(w->step, sizeof w->step, "%s", step);
    fprintf(stderr, "%s\n", step);
    return true;
}

static void report(const struct work *w, const char *task, const struct propensity_fitted *f) {
    const char *held_to = f->incumbent[0] ? f->incumbent : "the share of yes";
    if (!w->app->json) {
        printf("%s %s: %s (%s)\n", task, f->version, f->verdict.accepted ? "in force" : "refused",
               f->verdict.because);
        printf("1 - Brier %.4f against %.4f of %s, p %.3g; %u rows learnt, %u asked, yes %.2f %%, AUC %.4f, "
               "log loss "
               "%.4f\n",
               f->verdict.candidate, f->verdict.incumbent, held_to, f->verdict.p_worse, f->learnt, f->asked,
               100 * f->rate, f->auc, f->log_loss);
        return;
    }
    struct fr_buf out = {0};
    const struct {
        const char *name;
        double value;
    } figures[] = {{"candidate", f->verdict.candidate},
                   {"incumbent", f->verdict.incumbent},
                   {"p_worse", f->verdict.p_worse},
                   {"learnt", f->learnt},
                   {"asked", f->asked},
                   {"rate", f->rate},
                   {"auc", f->auc},
                   {"log_loss", f->log_loss}};
    fr_json_open(&out, '{');
    fr_json_key(&out, "task");
    fr_json_str(&out, fr_str_of(task));
    fr_json_key(&out, "version");
    fr_json_str(&out, fr_str_of(f->version));
    fr_json_key(&out, "promoted");
    fr_json_bool(&out, f->verdict.accepted);
    fr_json_key(&out, "held_to");
    fr_json_str(&out, fr_str_of(held_to));
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        fr_json_key(&out, figures[i].name);
        fr_json_number(&out, figures[i].value);
    }
    fr_json_close(&out, '}');
    printf("%.*s\n", (int)out.len, out.data);
    fr_buf_fini(&out);
}

static int fit_one(struct work *w, const char *task) {
    struct propensity_fitted fitted;
    struct fr_errmsg msg = {0};
    enum fr_err err = propensity_fit_run(&w->fit, task, &fitted, &msg);
    if (err == FR_LIMIT) fprintf(stderr, "freshet propensities: %s: ", task);
    if (err != FR_OK) return failed(err, &msg);
    report(w, task, &fitted);
    return fitted.verdict.accepted ? FR_EXIT_OK : FR_EXIT_TRY_AGAIN;
}

/* The first that is not well decides. */
static int fit(struct work *w, int argc, char **argv) {
    const struct fr_config_list *tasks = &w->app->config.propensities.tasks;
    int n = argc > 2 ? argc - 2 : (int)tasks->n, code = FR_EXIT_OK;
    for (int i = 0; i < n; i++) {
        int one = fit_one(w, argc > 2 ? argv[2 + i] : tasks->at[i].value);
        if (code == FR_EXIT_OK) code = one;
    }
    if (n == 0) fprintf(stderr, "freshet propensities: propensities.tasks is empty\n");
    return code;
}

/* ---- the command ---- */

static int roll_back(struct work *w, const char *task) {
    struct fr_errmsg msg = {0};
    enum fr_err err = propensity_fit_roll_back(&w->fit, task, w->reason, &msg);
    return err == FR_OK ? FR_EXIT_OK : failed(err, &msg);
}

static int act(struct work *w, int argc, char **argv) {
    struct fr_errmsg msg = {0};
    enum fr_err err = fr_wire_rules(&w->app->config, &w->rules, &msg);
    fr_wiring_init(&w->wiring, &w->app->config, NULL);
    if (err == FR_OK) err = fr_wire_store(&w->app->config, "freshet-propensities", &w->fit.store, &msg);
    w->fit.wiring = &w->wiring;
    w->fit.rules = &w->rules;
    w->fit.by = "command";
    w->fit.progress = show_progress;
    w->fit.context = w;
    int code = err == FR_OK ? FR_EXIT_OK : failed(err, &msg);
    if (err == FR_OK && strcmp(argv[1], "list") == 0) code = list(w);
    if (err == FR_OK && strcmp(argv[1], "fit") == 0) code = fit(w, argc, argv);
    if (err == FR_OK && strcmp(argv[1], "rollback") == 0) code = roll_back(w, argv[2]);
    if (w->fit.store) w->fit.store->ops->close(w->fit.store);
    fr_rules_fini(&w->rules);
    fr_wiring_fini(&w->wiring);
    return code;
}

static bool is_task(const char *name) {
    struct fr_training_task task;
    return fr_training_task_read(fr_str_of(name), &task) && task.kind != FR_TRAINING_CATEGORY;
}

static int check_arguments(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    bool lists = strcmp(what, "list") == 0, fits = strcmp(what, "fit") == 0,
         rolls = strcmp(what, "rollback") == 0;
    if (!(lists && argc == 2) && !fits && !(rolls && argc == 3))
        return fr_usage("propensities", "list, fit [TASK...] or rollback TASK is wanted");
    for (int i = 2; i < argc; i++)
        if (!is_task(argv[i]))
            return fr_usage("propensities", "%s is none of purchase, active, churn, conversion", argv[i]);
    return FR_EXIT_OK;
}

int fr_cmd_propensities(struct fr_app *app, int argc, char **argv) {
    struct work w = {.app = app};
    const struct fr_option options[] = {
        {"reason", 0, "TEXT", FR_OPTION_TEXT, &w.reason, "rollback: why, for the record"}};
    int code = fr_options_read(app, options, 1, help, &argc, argv);
    if (code >= 0) return code;
    code = check_arguments(argc, argv);
    if (code == FR_EXIT_OK) code = fr_app_configure(app);
    return code == FR_EXIT_OK ? act(&w, argc, argv) : code;
}
