/* freshet eval split: models on a train and a test file.
 *
 * Order     all files are read; each model's parameters are chosen on a part of the training data (or read from a file), it is
 *           fitted on all of it, and lists for the tested users; then the blend is learnt on the part put aside, and made of
 *           the kept lists. The test rows are looked at once, at the end of each row, to count hits. */
#include "eval_child.h"
#include "eval_report.h"
#include "freshet/app/eval.h"
#include "freshet/app/parameters_file.h"
#include "freshet/base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char help_text[] =
    "Each model's parameters are chosen on items of the training file that are put aside, within --budget, "
    "then\n"
    "it is fitted on the whole training file; the test file serves for nothing but counting hits. \"blend\" "
    "mixes\n"
    "the lists of the models, with weights learnt on what was put aside.\n"
    "\n"
    "Files, plain or gzip, are lists (`user item item ...` a line) or triples (`user item [value]`): triples "
    "when\n"
    "every line has two or three columns with tabs between them and no spaces, else lists.\n"
    "\n"
    "Examples:\n"
    "  freshet eval split --train gowalla.train.txt.gz --test gowalla.test.txt.gz --models all --k 20\n"
    "  freshet eval split --train t.tsv --test s.tsv --friends f.tsv --k 10,20 --json --save-params p.json\n"
    "  freshet eval split --train t.tsv --test s.tsv --params p.json      no search: as p.json says\n";

struct options {
    struct fr_eval_files files;
    const char *models, *ks, *format, *parameters, *save;
    int64_t threads, seed;
    double budget_s;
};

struct run {
    struct eval_settings settings;
    struct fr_eval_data data;
    struct fr_holdout holdout;
    struct fr_parameters given;
    struct eval_row rows[FR_BLEND_MODELS_MAX + 1];
    uint32_t row_n;
    bool blend;
};

static const char blend_name[] = "blend";
static const double held_share = .2;
enum { HELD_USERS_MAX = 4096, THREADS_MAX = 64 };

/* ---- options ---- */

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

static int read_format(const char *text, enum fr_pair_format *format) {
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

static void add_row(struct run *run, const struct fr_model_ops *ops) {
    for (uint32_t i = 0; i < run->row_n; i++)
        if (run->rows[i].ops == ops) return;
    FR_ASSERT(run->row_n < FR_BLEND_MODELS_MAX);
    run->rows[run->row_n++] = (struct eval_row){.name = ops->name, .ops = ops};
}

static int add_named(struct run *run, const char *name) {
    const struct fr_model_ops *ops = fr_model_find(name);
    bool all = strcmp(name, "all") == 0;
    if (ops)
        add_row(run, ops);
    else if (all || strcmp(name, blend_name) == 0)
        run->blend = true;
    else
        return no_such_model(name);
    for (unsigned i = 0; all && i < fr_models_n; i++) add_row(run, fr_models[i]);
    return -1;
}

static int read_models(const char *text, struct run *run) {
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

static int read_settings(const struct options *o, const struct fr_app *app, struct run *run,
                         enum fr_pair_format *format) {
    struct eval_settings *s = &run->settings;
    *s = (struct eval_settings){.threads = (unsigned)o->threads,
                                .seed = (uint64_t)o->seed,
                                .budget_s = o->budget_s,
                                .verbose = app->verbose};
    if (o->threads < 1 || o->threads > THREADS_MAX)
        return fr_usage("eval", "--threads must be 1 to %d", THREADS_MAX);
    int code = read_ks(o->ks, s);
    if (code < 0) code = read_format(o->format, format);
    if (code < 0) code = read_models(o->models, run);
    return code;
}

/* ---- rows ---- */

static int failed(enum fr_err err, const struct fr_errmsg *msg) {
    fprintf(stderr, "freshet eval: %s\n", *msg->text ? msg->text : fr_err_text(err));
    return err == FR_CONFIG ? FR_EXIT_CONFIG : FR_EXIT_NO_INPUT;
}

/* Why a model cannot take part; NULL: it can. */
static const char *lacking(const struct run *run, const struct fr_model_ops *ops) {
    if (ops->needs_friends && !run->data.friends.row_n) return "it needs --friends";
    if (ops->needs_features && !run->data.content) return "it needs --items";
    return NULL;
}

static void leave_out(struct run *run) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->row_n; i++) {
        const char *why = lacking(run, run->rows[i].ops);
        if (why)
            fprintf(stderr, "freshet eval: %s is left out: %s\n", run->rows[i].name, why);
        else
            run->rows[n++] = run->rows[i];
    }
    run->row_n = n;
}

static void take_given(const struct run *run, struct eval_row *row) {
    const struct fr_model_parameters *given = fr_parameters_of(&run->given, row->ops);
    row->given = given != NULL;
    if (given) memcpy(row->values, given->values, sizeof row->values);
}

static void run_model(struct run *run, const struct eval_setup *setup, struct eval_row *row) {
    take_given(run, row);
    if (!row->given || run->blend) eval_choose(setup, row);
    if (row->err == FR_OK) eval_measure(setup, row);
    eval_say_nothing();
    if (row->err != FR_OK) fprintf(stderr, "freshet eval: %s: %s\n", row->name, row->msg.text);
}

static struct fr_toplists all_lists_of(const struct eval_row *row) { return row->lists; }
static struct fr_toplists all_validation_of(const struct eval_row *row) { return row->validation; }

static uint32_t collect(const struct run *run, struct fr_toplists (*of)(const struct eval_row *),
                        struct fr_toplists *out, const struct eval_row **from) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < run->row_n; i++)
        if (run->rows[i].err == FR_OK && run->rows[i].validation.row_n) {
            from[n] = &run->rows[i];
            out[n++] = of(&run->rows[i]);
        }
    return n;
}

/* What a blend costs is what its parts cost. */
static void sum_costs(struct eval_row *blend, const struct eval_row *const *parts, uint32_t n,
                      const double *weights) {
    for (uint32_t i = 0; i < n; i++) {
        if (!(weights[i] > 0)) continue;
        blend->parts[blend->part_n++] = (struct eval_part){parts[i]->name, weights[i]};
        blend->fit_s += parts[i]->fit_s;
        blend->score_s += parts[i]->score_s;
        if (parts[i]->peak_mib > blend->peak_mib) blend->peak_mib = parts[i]->peak_mib;
    }
}

static void run_blend(struct run *run, const struct eval_setup *setup) {
    struct fr_toplists lists[FR_BLEND_MODELS_MAX];
    const struct eval_row *parts[FR_BLEND_MODELS_MAX];
    struct fr_blend blend;
    uint32_t item_n = run->data.train->by_item.row_n, n = collect(run, all_validation_of, lists, parts);
    if (n == 0) return;
    struct eval_row *row = &run->rows[run->row_n++];
    *row = (struct eval_row){.name = blend_name};
    eval_say(run->settings.verbose, false, "blend: learning weights");
    double start_s = (double)fr_clock_mono_us() / 1e6;
    row->judged = fr_blend_learn(lists, n, &run->holdout.truth, item_n, run->settings.k_most, &blend);
    double learnt_s = (double)fr_clock_mono_us() / 1e6;
    row->search_s = learnt_s - start_s;
    collect(run, all_lists_of, lists, parts);
    row->lists = eval_lists_new(run->data.tested, run->data.tested_n, run->settings.depth);
    fr_blend_apply(&blend, lists, item_n, &row->lists);
    row->score_s = (double)fr_clock_mono_us() / 1e6 - learnt_s;
    sum_costs(row, parts, n, blend.weights);
    eval_judge(setup, row);
    run->given.has_blend = true;
    run->given.parts = blend.parts;
    eval_say_nothing();
}

/* ---- the whole ---- */

static void collect_parameters(const struct run *run, struct fr_parameters *out) {
    *out = (struct fr_parameters){.has_blend = run->given.has_blend, .parts = run->given.parts};
    const struct eval_row *blend = &run->rows[run->row_n - 1];
    for (uint32_t i = 0; i < run->row_n; i++) {
        const struct eval_row *row = &run->rows[i];
        if (!row->ops || row->err != FR_OK) continue;
        out->models[out->n].ops = row->ops;
        memcpy(out->models[out->n].values, row->values, sizeof row->values);
        for (uint32_t p = 0; p < blend->part_n; p++)
            if (strcmp(blend->parts[p].name, row->name) == 0) out->weights[out->n] = blend->parts[p].weight;
        out->n++;
    }
}

static int report(const struct run *run, const struct options *o, bool json) {
    struct fr_buf text = {0};
    (json ? eval_report_json : eval_report_table)(&run->settings, run->rows, run->row_n, &text);
    bool whole = fwrite(text.data, 1, text.len, stdout) == text.len;
    fr_buf_fini(&text);
    if (!whole) return FR_EXIT_INTERNAL;
    if (!o->save || run->row_n == 0) return FR_EXIT_OK;
    struct fr_parameters chosen;
    struct fr_errmsg msg = {0};
    collect_parameters(run, &chosen);
    enum fr_err err = fr_parameters_write(o->save, &chosen, &msg);
    return err == FR_OK ? FR_EXIT_OK : failed(err, &msg);
}

static int measure(struct run *run, const struct options *o, bool json) {
    const struct eval_setup setup = {&run->settings, &run->data, &run->holdout};
    leave_out(run);
    uint32_t model_n = run->row_n, failures = 0;
    for (uint32_t i = 0; i < model_n; i++) {
        run_model(run, &setup, &run->rows[i]);
        failures += run->rows[i].err != FR_OK;
    }
    if (run->blend && model_n) run_blend(run, &setup);
    int code = report(run, o, json);
    for (uint32_t i = 0; i < run->row_n; i++) eval_row_fini(&run->rows[i]);
    return code ? code : failures || !model_n ? FR_EXIT_UNAVAILABLE : FR_EXIT_OK;
}

static int run_split(const struct options *o, struct run *run, bool json) {
    struct fr_errmsg msg = {0};
    enum fr_err err = o->parameters ? fr_parameters_read(o->parameters, &run->given, &msg) : FR_OK;
    if (err == FR_OK) err = fr_eval_data_read(&o->files, &run->data, &msg);
    if (err != FR_OK) return failed(err, &msg);
    if (run->data.friends_left_out)
        fprintf(stderr, "freshet eval: %zu pairs of friends are left out: not both are in %s\n",
                run->data.friends_left_out, o->files.train);
    run->holdout = fr_holdout_new(run->data.train, held_share, HELD_USERS_MAX, run->settings.seed);
    int code = measure(run, o, json);
    fr_holdout_fini(&run->holdout);
    fr_eval_data_fini(&run->data);
    return code;
}

int fr_eval_split(struct fr_app *app, int argc, char **argv) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {.models = "all",
                        .ks = "20",
                        .threads = cores < 1             ? 1
                                   : cores > THREADS_MAX ? THREADS_MAX
                                                         : cores,
                        .seed = 1,
                        .budget_s = 120};
    const struct fr_option options[] = {
        {"train", 0, "FILE", FR_OPTION_TEXT, &o.files.train, "what models learn from"},
        {"test", 0, "FILE", FR_OPTION_TEXT, &o.files.test, "what their lists are held to"},
        {"friends", 0, "FILE", FR_OPTION_TEXT, &o.files.friends, "who trusts or follows whom"},
        {"items", 0, "FILE", FR_OPTION_TEXT, &o.files.items, "the catalogue, JSON lines (docs/ITEMS.md)"},
        {"format", 0, "FORMAT", FR_OPTION_TEXT, &o.format, "of train, test, friends: lists or triples"},
        {"models", 0, "NAMES", FR_OPTION_TEXT, &o.models, "with commas between them (all)"},
        {"k", 0, "N,..", FR_OPTION_TEXT, &o.ks, "lengths of lists (20)"},
        {"params", 0, "FILE", FR_OPTION_TEXT, &o.parameters, "parameters, instead of choosing them"},
        {"save-params", 0, "FILE", FR_OPTION_TEXT, &o.save, "write the parameters that were used"},
        {"budget", 0, "SECONDS", FR_OPTION_NUMBER, &o.budget_s,
         "for choosing, each model (120); 0: defaults"},
        {"threads", 0, "N", FR_OPTION_INT, &o.threads, "of fits and scoring (all cores)"},
        {"seed", 0, "N", FR_OPTION_INT, &o.seed, "of every random choice (1)"},
    };
    struct run *run = fr_alloc_zero(1, sizeof *run);
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code < 0 && argc > 1) code = fr_usage("eval", "split takes no %s", argv[1]);
    if (code < 0 && (!o.files.train || !o.files.test))
        code = fr_usage("eval", "split needs --train and --test");
    if (code < 0) code = read_settings(&o, app, run, &o.files.format);
    if (code < 0) code = run_split(&o, run, app->json);
    free(run);
    return code;
}
