/* Problem   every measurement of models runs the same rows, and the blend needs lists that are kept from each of them.
 * Choice    rows one after the other, each of whose steps is a child process; the blend from the lists in shared memory.
 * Invariant the blend's row comes last, and what it learns from is the part put aside. */
#include "eval_run.h"
#include "eval_report.h"
#include "freshet/base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char blend_name[] = "blend";
static const double held_share = .2, standard_budget_s = 120;
enum { HELD_USERS_MAX = 4096, THREADS_MAX = 64 };

/* ---- options ---- */

struct eval_run *eval_run_new(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct eval_run *run = fr_alloc_zero(1, sizeof *run);
    run->options = (struct eval_options){.models = "all",
                                         .ks = "20",
                                         .threads = cores < 1             ? 1
                                                    : cores > THREADS_MAX ? THREADS_MAX
                                                                          : cores,
                                         .seed = 1,
                                         .budget_s = standard_budget_s};
    return run;
}

void eval_run_free(struct eval_run *run) {
    for (uint32_t i = 0; i < run->row_n; i++) eval_row_fini(&run->rows[i]);
    free(run);
}

void eval_run_options(struct eval_run *run, struct fr_option out[EVAL_OPTIONS]) {
    struct eval_options *o = &run->options;
    const struct fr_option options[EVAL_OPTIONS] = {
        {"models", 0, "NAMES", FR_OPTION_TEXT, &o->models, "with commas between them (all)"},
        {"k", 0, "N,..", FR_OPTION_TEXT, &o->ks, "lengths of lists (20)"},
        {"params", 0, "FILE", FR_OPTION_TEXT, &o->parameters, "parameters, instead of choosing them"},
        {"save-params", 0, "FILE", FR_OPTION_TEXT, &o->save, "write the parameters that were used"},
        {"budget", 0, "SECONDS", FR_OPTION_NUMBER, &o->budget_s,
         "for choosing, each model (120); 0: standards"},
        {"threads", 0, "N", FR_OPTION_INT, &o->threads, "of fits and scoring (all cores)"},
        {"seed", 0, "N", FR_OPTION_INT, &o->seed, "of every random choice (1)"},
    };
    memcpy(out, options, sizeof options);
}

static int read_ks(const char *text, struct eval_settings *s) {
    for (const char *at = text;; at++) {
        char *end;
        long k = strtol(at, &end, 10);
        if (end == at || k < 1 || k > EVAL_K_MAX || (*end && *end != ','))
            return fr_usage("eval", "--k %s: numbers from 1 to %d with commas between them are wanted", text,
                            EVAL_K_MAX);
        if (s->k_n == EVAL_KS_MAX) return fr_usage("eval", "--k %s: at most %d of them", text, EVAL_KS_MAX);
        s->ks[s->k_n++] = (uint32_t)k;
        if ((uint32_t)k > s->k_most) s->k_most = (uint32_t)k;
        at = end;
        if (!*at) break;
    }
    s->depth = s->k_most < EVAL_DEPTH_LEAST ? (uint32_t)EVAL_DEPTH_LEAST : s->k_most;
    return -1;
}

int eval_read_format(const char *text, enum fr_pair_format *format) {
    *format = FR_PAIRS_DETECT;
    if (!text) return -1;
    if (strcmp(text, "lists") == 0)
        *format = FR_PAIRS_LISTS;
    else if (strcmp(text, "triples") == 0)
        *format = FR_PAIRS_TRIPLES;
    else
        return fr_usage("eval", "--format %s: lists or triples", text);
    return -1;
}

static int no_such_model(const char *name) {
    const char *names[FR_BLEND_MODELS_MAX + 1];
    uint32_t n = 0;
    for (; n < fr_models_n && n < FR_BLEND_MODELS_MAX; n++) names[n] = fr_models[n]->name;
    names[n++] = blend_name;
    const char *near = fr_suggest(name, names, n);
    if (near) return fr_usage("eval", "--models: there is no %s; did you mean %s?", name, near);
    return fr_usage("eval", "--models: there is no %s", name);
}

static void add_row(struct eval_run *run, const struct fr_model_ops *ops) {
    for (uint32_t i = 0; i < run->row_n; i++)
        if (run->rows[i].ops == ops) return;
    FR_ASSERT(run->row_n < FR_BLEND_MODELS_MAX);
    run->rows[run->row_n++] = (struct eval_row){.name = ops->name, .ops = ops};
}

static int add_named(struct eval_run *run, const char *name) {
    const struct fr_model_ops *ops = fr_model_find(name);
    bool all = strcmp(name, "all") == 0;
    if (ops && ops->fit)
        add_row(run, ops);
    else if (all || strcmp(name, blend_name) == 0)
        run->blend = true;
    else
        return no_such_model(name);
    for (unsigned i = 0; all && i < fr_models_n; i++) add_row(run, fr_models[i]);
    return -1;
}

static int read_models(const char *text, struct eval_run *run) {
    int code = -1;
    for (const char *at = text; code < 0;) {
        char name[64];
        size_t len = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        code = add_named(run, name);
        if (!at[len]) break;
        at += len + 1;
    }
    if (code < 0 && run->row_n == 0) code = add_named(run, "all"); /* the blend, of all */
    return code;
}

int eval_run_begin(struct eval_run *run, const struct fr_app *app) {
    const struct eval_options *o = &run->options;
    struct eval_settings *s = &run->settings;
    struct fr_errmsg msg = {0};
    *s = (struct eval_settings){.threads = (unsigned)o->threads,
                                .seed = (uint64_t)o->seed,
                                .budget_s = o->budget_s,
                                .verbose = app->verbose};
    run->options.json = app->json;
    if (o->threads < 1 || o->threads > THREADS_MAX)
        return fr_usage("eval", "--threads must be 1 to %d", THREADS_MAX);
    int code = read_ks(o->ks, s);
    if (code < 0) code = read_models(o->models, run);
    if (code >= 0 || !o->parameters) return code;
    enum fr_err err = fr_parameters_read(o->parameters, &run->given, &msg);
    return err == FR_OK ? -1 : eval_failed(err, &msg);
}

/* ---- rows ---- */

int eval_failed(enum fr_err err, const struct fr_errmsg *msg) {
    fprintf(stderr, "freshet eval: %s\n", *msg->text ? msg->text : fr_err_text(err));
    return err == FR_CONFIG ? FR_EXIT_CONFIG : FR_EXIT_NO_INPUT;
}

/* Why a model cannot take part; NULL: it can. */
static const char *lacking(const struct eval_setup *setup, const struct fr_model_ops *ops) {
    if (ops->needs_friends && !setup->friends) return "it needs --friends";
    if (ops->needs_features && !setup->features) return "it needs --items";
    return NULL;
}

static void leave_out(struct eval_run *run, const struct eval_setup *setup) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->row_n; i++) {
        const char *why = lacking(setup, run->rows[i].ops);
        if (why)
            fprintf(stderr, "freshet eval: %s is left out: %s\n", run->rows[i].name, why);
        else
            run->rows[n++] = run->rows[i];
    }
    run->row_n = n;
}

static void take_given(const struct eval_run *run, struct eval_row *row) {
    const struct fr_model_parameters *given = fr_parameters_of(&run->given, row->ops);
    row->given = given != NULL;
    if (given) memcpy(row->values, given->values, sizeof row->values);
}

static void run_model(struct eval_run *run, const struct eval_setup *setup, struct eval_row *row) {
    take_given(run, row);
    if (!row->given || run->blend) eval_choose(setup, row);
    if (row->err == FR_OK) eval_measure(setup, row);
    eval_say_nothing();
    if (row->err != FR_OK) fprintf(stderr, "freshet eval: %s: %s\n", row->name, row->msg.text);
}

/* ---- the blend ---- */

struct parts {
    const struct eval_row *rows[FR_BLEND_MODELS_MAX];
    struct fr_toplists validation[FR_BLEND_MODELS_MAX], lists[FR_BLEND_MODELS_MAX];
    uint32_t n;
};

static void collect(const struct eval_run *run, struct parts *parts) {
    for (uint32_t i = 0; i < run->row_n; i++) {
        const struct eval_row *row = &run->rows[i];
        if (row->err != FR_OK || !row->validation.items) continue;
        parts->rows[parts->n] = row;
        parts->validation[parts->n] = row->validation;
        parts->lists[parts->n++] = row->lists;
    }
}

/* What a blend costs is what its parts cost. */
static void sum_costs(struct eval_row *blend, const struct parts *parts, const double *weights) {
    for (uint32_t i = 0; i < parts->n; i++) {
        if (!(weights[i] > 0)) continue;
        const struct eval_row *part = parts->rows[i];
        blend->parts[blend->part_n++] = (struct eval_part){part->name, weights[i]};
        blend->fit_s += part->fit_s;
        blend->score_s += part->score_s;
        if (part->peak_mib > blend->peak_mib) blend->peak_mib = part->peak_mib;
    }
}

static double clock_s(void) { return (double)fr_clock_mono_us() / 1e6; }

static void run_blend(struct eval_run *run, const struct eval_setup *setup) {
    struct parts parts = {.n = 0};
    uint32_t item_n = setup->train->by_item.row_n;
    collect(run, &parts);
    if (parts.n == 0) return;
    struct eval_row *row = &run->rows[run->row_n++];
    *row = (struct eval_row){.name = blend_name};
    eval_say(run->settings.verbose, false, "blend: learning weights");
    double start_s = clock_s();
    row->judged = fr_blend_learn(parts.validation, parts.n, &setup->holdout->truth, item_n,
                                 run->settings.k_most, &run->blended);
    double learnt_s = clock_s();
    row->search_s = learnt_s - start_s;
    row->lists = eval_lists_new(setup->users, setup->user_n, run->settings.depth);
    fr_blend_apply(&run->blended, parts.lists, item_n, &row->lists);
    row->score_s = clock_s() - learnt_s;
    sum_costs(row, &parts, run->blended.weights);
    eval_judge(setup, row);
    eval_say_nothing();
}

/* ---- the whole ---- */

static void collect_parameters(const struct eval_run *run, struct fr_parameters *out) {
    const struct eval_row *last = &run->rows[run->row_n - 1];
    *out = (struct fr_parameters){.has_blend = last->ops == NULL, .parts = run->blended.parts};
    for (uint32_t i = 0; i < run->row_n; i++) {
        const struct eval_row *row = &run->rows[i];
        if (!row->ops || row->err != FR_OK) continue;
        out->models[out->n].ops = row->ops;
        memcpy(out->models[out->n].values, row->values, sizeof row->values);
        for (uint32_t p = 0; p < last->part_n; p++)
            if (strcmp(last->parts[p].name, row->name) == 0) out->weights[out->n] = last->parts[p].weight;
        out->n++;
    }
}

static int report(const struct eval_run *run, const struct eval_setup *setup) {
    struct fr_buf text = {0};
    (run->options.json ? eval_report_json : eval_report_table)(setup, run->rows, run->row_n, &text);
    bool whole = fwrite(text.data, 1, text.len, stdout) == text.len;
    fr_buf_fini(&text);
    if (!whole) return FR_EXIT_INTERNAL;
    if (!run->options.save || run->row_n == 0) return FR_EXIT_OK;
    struct fr_parameters chosen;
    struct fr_errmsg msg = {0};
    collect_parameters(run, &chosen);
    enum fr_err err = fr_parameters_write(run->options.save, &chosen, &msg);
    return err == FR_OK ? FR_EXIT_OK : eval_failed(err, &msg);
}

static int run_rows(struct eval_run *run, const struct eval_setup *setup) {
    uint32_t model_n = run->row_n, failures = 0;
    for (uint32_t i = 0; i < model_n; i++) {
        run_model(run, setup, &run->rows[i]);
        failures += run->rows[i].err != FR_OK;
    }
    if (run->blend) run_blend(run, setup);
    int code = report(run, setup);
    return code ? code : failures || !model_n ? FR_EXIT_UNAVAILABLE : FR_EXIT_OK;
}

int eval_run_all(struct eval_run *run, struct eval_setup *setup) {
    struct fr_holdout holdout =
        setup->valid ? fr_holdout_given(setup->train, setup->valid)
                     : fr_holdout_new(setup->train, held_share, HELD_USERS_MAX, run->settings.seed);
    setup->settings = &run->settings;
    setup->holdout = &holdout;
    leave_out(run, setup);
    int code = run_rows(run, setup);
    fr_holdout_fini(&holdout);
    return code;
}
