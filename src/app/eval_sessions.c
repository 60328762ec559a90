/* freshet eval sessions: what comes next in a visit.
 *
 * Order     both files are read, each with a dictionary of its own, so that no number of the training depends on the test.
 *           Each row is made in a process of its own: parameters are chosen on the last part of the training sessions, the
 *           model is fitted on all of them; only then is the test file asked. What was chosen is left in shared memory for
 *           the blend. */
#include "eval_child.h"
#include "freshet/app/eval.h"
#include "freshet/app/session_file.h"
#include "freshet/base/clock.h"
#include "freshet/base/json.h"
#include "freshet/learn/quality.h"
#include "freshet/learn/session_model.h"
#include <stdio.h>
#include <stdlib.h>

static const char help_text[] =
    "The training file has one session a line, in the order of time, items with spaces between them; the\n"
    "test file has `item item ...<TAB>next item` lines. Both plain or gzip. Parameters are chosen on the\n"
    "last sessions of the training file alone. Items of a visit may come again, as is usual for sessions.\n"
    "\n"
    "Examples:\n"
    "  freshet eval sessions --train train_sessions.txt.gz --test test_prefix_target.txt.gz\n"
    "  freshet eval sessions --train a.txt --test b.txt --models session,blend --k 10 --json\n";

enum { K_MAX = 100, QUESTIONS = 3000 };
static const double held_share = .1;

struct row {
    bool wanted, tuned, done;
    struct fr_search_result search;
    struct fr_accuracy accuracy;
    double search_s, fit_s, score_s, peak_mib;
    double query_ms; /* processor time, so that it is the same on a busy machine */
};

/* In shared memory: children write, others read. */
struct results {
    struct row rows[FR_SESSION_MODEL_N];
    struct fr_session_model_values values;
};

struct sessions_run {
    struct fr_session_file train, test;
    const struct fr_app *app;
    struct results *results;
    uint32_t k;
    double budget_s;
    int64_t deadline_ns; /* of the search under way, in processor time */
    enum fr_session_model_kind kind;
};

static double seconds_since(fr_mono_us start) { return (double)(fr_clock_mono_us() - start) / 1e6; }

/* ---- one row ---- */

static bool may_go_on(void *context) {
    const struct sessions_run *run = context;
    return fr_clock_cpu_ns() < run->deadline_ns;
}

/* The blend's parts share what is left; a part that was chosen before is not chosen again. */
static void choose(struct sessions_run *run, enum fr_session_model_kind kind, double budget_s) {
    struct row *row = &run->results->rows[kind];
    struct fr_visits visits = fr_session_file_visits(&run->train);
    struct fr_session_tuning tuning = {&visits, &run->train.ids, held_share, QUESTIONS,
                                       run->k,  may_go_on,       run};
    fr_mono_us start = fr_clock_mono_us();
    if (row->tuned || !(budget_s > 0)) return;
    run->deadline_ns = fr_clock_cpu_ns() + (int64_t)(budget_s * 1e9);
    fprintf(stderr, "freshet eval: choosing parameters of %s, %.0f s at most\n", fr_session_model_name(kind),
            budget_s);
    row->search = fr_session_model_tune(kind, &tuning, &run->results->values);
    row->search_s = seconds_since(start);
    row->tuned = true;
}

/* Shares of the budget: the more parameters, the more. */
static double budget_of(const struct sessions_run *run, enum fr_session_model_kind kind) {
    uint32_t n, all = 0;
    for (uint32_t i = 0; i < FR_SESSION_MODEL_N; i++) {
        fr_session_model_parameters((enum fr_session_model_kind)i, &n);
        all += n;
    }
    fr_session_model_parameters(kind, &n);
    return run->budget_s * n / all;
}

static void choose_all(struct sessions_run *run, enum fr_session_model_kind kind) {
    if (kind != FR_SESSION_MODEL_BLEND) choose(run, kind, budget_of(run, kind));
    for (uint32_t i = 0; kind == FR_SESSION_MODEL_BLEND && i < FR_SESSION_MODEL_BLEND; i++)
        choose(run, (enum fr_session_model_kind)i, budget_of(run, (enum fr_session_model_kind)i));
}

/* Known items of test case i, in numbers of the training; returns how many. */
static uint32_t known_items(const struct sessions_run *run, const uint32_t *known, uint32_t i,
                            uint32_t *out) {
    const struct fr_session_file *test = &run->test;
    uint32_t n = 0;
    for (size_t at = test->starts[i]; at < test->starts[i + 1]; at++)
        if (known[test->items[at]] != FR_DICT_NONE) out[n++] = known[test->items[at]];
    return n;
}

static uint32_t longest(const struct fr_session_file *f) {
    size_t most = 1;
    for (uint32_t i = 0; i < f->n; i++)
        if (f->starts[i + 1] - f->starts[i] > most) most = f->starts[i + 1] - f->starts[i];
    return (uint32_t)most;
}

static void ask(const struct sessions_run *run, const struct fr_session_model *model, struct row *row) {
    const struct fr_session_file *test = &run->test;
    uint32_t *known = fr_alloc((test->ids.n + 1) * sizeof *known);
    uint32_t *items = fr_alloc(longest(test) * sizeof *items);
    struct fr_scratch scratch = {0};
    struct fr_accuracy sums = {0};
    fr_mono_us start = fr_clock_mono_us();
    int64_t start_ns = fr_clock_cpu_ns();
    for (uint32_t i = 0; i < test->ids.n; i++)
        known[i] = fr_dict_find(&run->train.ids, fr_dict_str(&test->ids, i));
    for (uint32_t i = 0; i < test->n; i++) {
        struct fr_vote votes[K_MAX];
        uint32_t list[K_MAX], target = known[test->targets[i]], n = known_items(run, known, i, items);
        n = fr_session_model_list(model, items, n, &scratch, run->k, votes);
        for (uint32_t place = 0; place < n; place++) list[place] = votes[place].item;
        fr_accuracy_add(&sums, list, n, &target, 1, run->k);
    }
    row->score_s = seconds_since(start);
    row->query_ms = (double)(fr_clock_cpu_ns() - start_ns) / 1e6 / test->n;
    row->accuracy = fr_accuracy_mean(&sums);
    fr_scratch_fini(&scratch);
    free(known);
    free(items);
}

static void make_row(void *context) {
    struct sessions_run *run = context;
    struct row *row = &run->results->rows[run->kind];
    struct fr_visits visits = fr_session_file_visits(&run->train);
    choose_all(run, run->kind);
    fprintf(stderr, "freshet eval: fitting %s\n", fr_session_model_name(run->kind));
    fr_mono_us start = fr_clock_mono_us();
    struct fr_session_model *model = fr_session_model_new(run->kind, &visits, visits.n, &run->train.ids,
                                                          &run->results->values, held_share);
    row->fit_s = seconds_since(start);
    ask(run, model, row);
    row->peak_mib = eval_peak_mib();
    row->done = true;
    fr_session_model_free(model);
}

/* ---- reports ---- */

static void put_table(const struct sessions_run *run, struct fr_buf *out) {
    fr_buf_printf(out, "model          k  hit_rate      mrr     ndcg  fit_s  score_s  query_ms  peak_mib\n");
    for (uint32_t i = 0; i < FR_SESSION_MODEL_N; i++) {
        const struct row *row = &run->results->rows[i];
        if (!row->done) continue;
        fr_buf_printf(out, "%-12s %3u   %.5f  %.5f  %.5f %6.2f  %7.2f    %.4f  %8.0f\n",
                      fr_session_model_name((enum fr_session_model_kind)i), run->k, row->accuracy.hit_rate,
                      row->accuracy.mrr, row->accuracy.ndcg, row->fit_s, row->score_s, row->query_ms,
                      row->peak_mib);
    }
}

static void put_number(struct fr_buf *out, const char *key, double value) {
    fr_json_key(out, key);
    fr_json_number(out, value);
}

static void put_costs(const struct row *row, struct fr_buf *out) {
    put_number(out, "fit_seconds", row->fit_s);
    put_number(out, "score_seconds", row->score_s);
    put_number(out, "query_ms", row->query_ms);
    put_number(out, "peak_mib", row->peak_mib);
    put_number(out, "search_seconds", row->search_s);
    fr_json_key(out, "search_questions");
    fr_json_int(out, row->search.asked);
}

static void put_parameters(const struct sessions_run *run, enum fr_session_model_kind kind,
                           struct fr_buf *out) {
    uint32_t n;
    const struct fr_parameter *parameters = fr_session_model_parameters(kind, &n);
    fr_json_key(out, "parameters");
    fr_json_open(out, '{');
    for (uint32_t i = 0; i < n; i++) put_number(out, parameters[i].name, run->results->values.at[kind][i]);
    fr_json_close(out, '}');
}

static void put_json(const struct sessions_run *run, struct fr_buf *out) {
    for (uint32_t i = 0; i < FR_SESSION_MODEL_N; i++) {
        const struct row *row = &run->results->rows[i];
        if (!row->done) continue;
        fr_json_open(out, '{');
        fr_json_key(out, "model");
        fr_json_str(out, fr_str_of(fr_session_model_name((enum fr_session_model_kind)i)));
        fr_json_key(out, "k");
        fr_json_int(out, run->k);
        put_number(out, "hit_rate", row->accuracy.hit_rate);
        put_number(out, "mrr", row->accuracy.mrr);
        put_number(out, "ndcg", row->accuracy.ndcg);
        put_number(out, "recall", row->accuracy.recall);
        put_number(out, "precision", row->accuracy.precision);
        fr_json_key(out, "tested");
        fr_json_int(out, (int64_t)row->accuracy.tested);
        put_costs(row, out);
        put_parameters(run, (enum fr_session_model_kind)i, out);
        fr_json_close(out, '}');
        fr_buf_byte(out, '\n');
    }
}

/* ---- the command ---- */

static int want(struct results *results, const char *name) {
    const char *names[FR_SESSION_MODEL_N + 1] = {"all"};
    bool found = false;
    for (uint32_t i = 0; i < FR_SESSION_MODEL_N; i++) {
        names[i + 1] = fr_session_model_name((enum fr_session_model_kind)i);
        bool is_it = strcmp(name, names[i + 1]) == 0 || strcmp(name, "all") == 0;
        results->rows[i].wanted = results->rows[i].wanted || is_it;
        found = found || is_it;
    }
    if (found) return -1;
    const char *near = fr_suggest(name, names, FR_SESSION_MODEL_N + 1);
    if (near) return fr_usage("eval", "--models: there is no %s; did you mean %s?", name, near);
    return fr_usage("eval", "--models: there is no %s", name);
}

static int want_all(struct results *results, const char *text) {
    int code = -1;
    for (const char *at = text; code < 0;) {
        char name[64];
        size_t len = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        code = want(results, name);
        if (!at[len]) break;
        at += len + 1;
    }
    return code;
}

static int failed(enum fr_err err, const struct fr_errmsg *msg) {
    fprintf(stderr, "freshet eval: %s\n", *msg->text ? msg->text : fr_err_text(err));
    return FR_EXIT_NO_INPUT;
}

static int run_rows(struct sessions_run *run) {
    int code = FR_EXIT_OK;
    for (uint32_t i = 0; i < FR_SESSION_MODEL_N; i++) {
        struct fr_errmsg msg = {0};
        run->kind = (enum fr_session_model_kind)i;
        if (!run->results->rows[i].wanted) continue;
        if (eval_child_run(make_row, run, &msg) == FR_OK) continue;
        fprintf(stderr, "freshet eval: %s: %s\n", fr_session_model_name(run->kind), msg.text);
        code = FR_EXIT_INTERNAL;
    }
    struct fr_buf out = {0};
    if (run->app->json)
        put_json(run, &out);
    else
        put_table(run, &out);
    fwrite(out.data, 1, out.len, stdout);
    fr_buf_fini(&out);
    return code;
}

static int run_files(struct sessions_run *run, const char *train, const char *test) {
    struct fr_errmsg msg = {0};
    fr_dict_init(&run->train.ids);
    fr_dict_init(&run->test.ids);
    enum fr_err err = fr_session_file_read(train, false, &run->train, &msg);
    if (err == FR_OK) err = fr_session_file_read(test, true, &run->test, &msg);
    int code = err == FR_OK ? run_rows(run) : failed(err, &msg);
    fr_session_file_fini(&run->train);
    fr_session_file_fini(&run->test);
    return code;
}

int fr_eval_sessions(struct fr_app *app, int argc, char **argv) {
    const char *train = NULL, *test = NULL, *models = "all";
    int64_t k = 20;
    struct sessions_run run = {.app = app, .budget_s = 120};
    const struct fr_option options[] = {
        {"train", 0, "FILE", FR_OPTION_TEXT, &train, "what models learn from: sessions in the order of time"},
        {"test", 0, "FILE", FR_OPTION_TEXT, &test, "what they are held to: visits and what came next"},
        {"models", 0, "NAME,..", FR_OPTION_TEXT, &models,
         "session, stan, next-item, association, popular, blend; default: all"},
        {"k", 0, "N", FR_OPTION_INT, &k, "length of the lists, 1 to 100; default: 20"},
        {"budget", 0, "SECONDS", FR_OPTION_NUMBER, &run.budget_s,
         "of processor time, for choosing parameters of all models together; default: 120"},
    };
    int code = fr_options_read(app, options, sizeof options / sizeof *options, help_text, &argc, argv);
    if (code >= 0) return code;
    if (argc > 1) return fr_usage("eval", "sessions takes no %s", argv[1]);
    if (!train || !test) return fr_usage("eval", "sessions needs --train and --test");
    if (k < 1 || k > K_MAX) return fr_usage("eval", "--k must be 1 to %d", K_MAX);
    run.k = (uint32_t)k;
    run.results = eval_shared_new(sizeof *run.results);
    fr_session_model_defaults(&run.results->values);
    code = want_all(run.results, models);
    if (code < 0) code = run_files(&run, train, test);
    eval_shared_free(run.results, sizeof *run.results);
    return code;
}
