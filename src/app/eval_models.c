#include "eval_models.h"
#include "eval_child.h"
#include "freshet/base/clock.h"
#include "freshet/learn/la.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { SAY_EVERY_US = 200000 };

void eval_say_nothing(void) {
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
}

void eval_say(int verbose, bool done, const char *format, ...) {
    static fr_mono_us next_us;
    fr_mono_us now_us = fr_clock_mono_us();
    bool terminal = isatty(STDERR_FILENO);
    if (terminal ? !done && now_us < next_us : !done || verbose <= 0) return;
    next_us = now_us + SAY_EVERY_US;
    va_list args;
    va_start(args, format);
    if (terminal) fputs("\r\033[K", stderr);
    vfprintf(stderr, format, args);
    if (!terminal) fputc('\n', stderr);
    fflush(stderr);
    va_end(args);
}

/* ---- what parent and child share ---- */

struct shared {
    enum fr_err err;
    struct fr_errmsg msg;
    double values[FR_PARAMETERS_MAX];
    double judged, seconds, fit_s, score_s, peak_mib;
    uint32_t asked;
    bool finished;
};

struct task {
    const struct eval_setup *setup;
    struct eval_row *row;
    struct shared *shared;
    struct fr_toplists lists; /* its arrays are shared, too */
    double start_s;
    uint32_t asked;
    const char *doing;
};

static size_t places_bytes(const struct fr_toplists *t) {
    return ((size_t)t->row_n * t->depth + 1) * sizeof(uint32_t);
}

struct fr_toplists eval_lists_new(const uint32_t *users, uint32_t row_n, uint32_t depth) {
    struct fr_toplists t = {.users = users, .row_n = row_n, .depth = depth};
    t.items = eval_shared_new(places_bytes(&t));
    t.scores = eval_shared_new(places_bytes(&t));
    return t;
}

static void free_lists(struct fr_toplists *t) {
    eval_shared_free(t->items, places_bytes(t));
    eval_shared_free(t->scores, places_bytes(t));
    *t = (struct fr_toplists){0};
}

static double clock_s(void *context) {
    (void)context;
    return (double)fr_clock_mono_us() / 1e6;
}

static bool show_progress(void *context, const char *step, double done) {
    const struct task *t = context;
    double spent_s = clock_s(NULL) - t->start_s;
    if (t->asked)
        eval_say(0, false, "%s, %s: question %u, %.0f of %.0f s: %s %.0f %%", t->row->name, t->doing,
                 t->asked, spent_s, t->setup->settings->budget_s, step, 100 * done);
    else
        eval_say(0, false, "%s, %s: %s %.0f %%, %.0f s", t->row->name, t->doing, step, 100 * done, spent_s);
    return true;
}

static struct fr_fit fit_of(struct task *t, const struct fr_interactions *data) {
    const struct eval_setup *s = t->setup;
    return (struct fr_fit){.data = data,
                           .friends = s->friends,
                           .features = s->features,
                           .threads = s->settings->threads,
                           .seed = s->settings->seed,
                           .progress = show_progress,
                           .context = t};
}

/* Runs work in a child; false, with the row's err, when it or the work failed. */
static bool run_task(struct task *t, void (*work)(void *)) {
    t->shared = eval_shared_new(sizeof *t->shared);
    t->start_s = clock_s(NULL);
    t->row->err = eval_child_run(work, t, &t->row->msg);
    if (t->row->err == FR_OK && t->shared->err != FR_OK) {
        t->row->err = t->shared->err;
        t->row->msg = t->shared->msg;
    }
    return t->row->err == FR_OK;
}

/* ---- choosing ---- */

static void note_question(void *context, uint32_t number, const double *values, double judged, double best) {
    struct task *t = context;
    struct fr_buf line = {0};
    const struct fr_model_ops *ops = t->row->ops;
    t->asked = number + 1;
    for (uint32_t i = 0; i < ops->parameter_n; i++)
        fr_buf_printf(&line, " %s=%g", ops->parameters[i].name, values[i]);
    fr_buf_byte(&line, 0);
    eval_say(t->setup->settings->verbose, true, "%s, %s: %u:%s: %.5f, best %.5f, %.1f s", t->row->name,
             t->doing, number, line.data, judged, best, clock_s(NULL) - t->start_s);
    fr_buf_fini(&line);
}

static void choose(void *context) {
    struct task *t = context;
    struct shared *out = t->shared;
    const struct eval_settings *settings = t->setup->settings;
    struct fr_tuned tuned;
    struct fr_tune tune = {.ops = t->row->ops,
                           .fit = fit_of(t, t->setup->holdout->rest),
                           .holdout = t->setup->holdout,
                           .k = settings->k_most,
                           .depth = settings->depth,
                           .budget_s = t->row->given ? 0 : settings->budget_s,
                           .seconds = clock_s,
                           .tried = note_question,
                           .context = t};
    t->asked = 1;
    out->err = fr_la_open(&out->msg);
    if (out->err == FR_OK)
        out->err = fr_tune_run(&tune, t->row->given ? t->row->values : NULL, &tuned, &out->msg);
    if (out->err != FR_OK) return;
    memcpy(out->values, tuned.values, sizeof out->values);
    memcpy(t->lists.items, tuned.lists.items, places_bytes(&t->lists));
    memcpy(t->lists.scores, tuned.lists.scores, places_bytes(&t->lists));
    out->judged = tuned.judged;
    out->asked = tuned.asked;
    out->finished = tuned.finished;
}

void eval_choose(const struct eval_setup *s, struct eval_row *row) {
    struct task t = {.setup = s, .row = row, .doing = "choosing parameters"};
    t.lists = eval_lists_new(s->holdout->users, s->holdout->user_n, s->settings->depth);
    if (run_task(&t, choose)) {
        if (!row->given) memcpy(row->values, t.shared->values, sizeof row->values);
        row->judged = t.shared->judged;
        row->asked = t.shared->asked;
        row->finished = t.shared->finished;
        row->search_s = clock_s(NULL) - t.start_s;
        row->validation = t.lists;
    } else {
        free_lists(&t.lists);
    }
    eval_shared_free(t.shared, sizeof *t.shared);
}

/* ---- measuring ---- */

/* Rows first to first + n of all lists; lends. */
static struct fr_toplists slice_of(const struct fr_toplists *all, uint32_t first, uint32_t n) {
    size_t at = (size_t)first * all->depth;
    return (struct fr_toplists){.users = all->users + first,
                                .row_n = n,
                                .depth = all->depth,
                                .items = all->items + at,
                                .scores = all->scores + at};
}

static void list_all(const struct task *t, const struct fr_model *model) {
    const struct eval_setup *s = t->setup;
    for (uint32_t i = 0; i < s->audience_n; i++) {
        const struct eval_audience *a = &s->audiences[i];
        struct fr_toplists lists = slice_of(&t->lists, a->first, a->n);
        lists.hidden = a->hidden;
        lists.seen = a->seen;
        fr_toplists_fill(&lists, model, a->histories, a->is_known, s->settings->threads);
    }
}

static void measure(void *context) {
    struct task *t = context;
    struct shared *out = t->shared;
    const struct eval_setup *s = t->setup;
    out->err = fr_la_open(&out->msg);
    if (out->err != FR_OK) return;
    double began_s = clock_s(NULL);
    struct fr_fit fit = fit_of(t, s->train);
    fr_la_threads(fit.threads);
    struct fr_model *model = t->row->ops->fit(&fit, t->row->values, &out->msg);
    double fitted_s = clock_s(NULL);
    if (!model) {
        out->err = out->msg.code == FR_OK ? FR_IO : out->msg.code;
        return;
    }
    eval_say(0, false, "%s: scoring %u users", t->row->name, s->user_n);
    fr_la_threads(1);
    list_all(t, model);
    out->score_s = clock_s(NULL) - fitted_s;
    out->fit_s = fitted_s - began_s;
    out->peak_mib = eval_peak_mib();
    model->ops->free(model);
}

void eval_judge(const struct eval_setup *s, struct eval_row *row) {
    for (uint32_t g = 0; g < s->group_n; g++) {
        const struct eval_group *group = &s->groups[g];
        struct fr_toplists lists = slice_of(&row->lists, group->first, group->n);
        for (uint32_t i = 0; i < s->settings->k_n; i++) {
            row->accuracy[g][i] = fr_accuracy_of(&lists, group->truth, s->settings->ks[i]);
            row->variety[g][i] = fr_variety_of(&lists, group->truth, s->train, s->settings->ks[i]);
        }
    }
}

void eval_measure(const struct eval_setup *s, struct eval_row *row) {
    struct task t = {.setup = s, .row = row, .doing = "fitting"};
    t.lists = eval_lists_new(s->users, s->user_n, s->settings->depth);
    if (run_task(&t, measure)) {
        row->fit_s = t.shared->fit_s;
        row->score_s = t.shared->score_s;
        row->peak_mib = t.shared->peak_mib;
        row->lists = t.lists;
        eval_judge(s, row);
    } else {
        free_lists(&t.lists);
    }
    eval_shared_free(t.shared, sizeof *t.shared);
}

void eval_row_fini(struct eval_row *row) {
    if (row->validation.items) free_lists(&row->validation);
    if (row->lists.items) free_lists(&row->lists);
}
