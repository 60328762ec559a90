/* Problem   on what was put aside many settings differ by less than chance makes them differ; and what is asked in the end is
 *           never quite like it: time passes, tastes drift. A search that follows every gain walks away from standards that are
 *           known to be good for nothing.
 * Choice    within the search a setting gives way only to one that is better by more than the standard error of the paired
 *           differences (the one-standard-error rule of Breiman et al. 1984, section 3.4.3); and the search's result must
 *           beat the start by FR_TUNE_MARGIN, else the start stays. So the loss by caution is bounded by the margin.
 * Invariant out->lists, out->judged and values[] are those of one setting. */
#include "freshet/learn/tune.h"
#include "freshet/learn/la.h"
#include "freshet/learn/search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double lateness_allowed = 1.25;

struct state {
    const struct fr_tune *tune;
    struct fr_tuned *out;
    struct fr_model
        *models[2]; /* the two last fitted, the latest first: going back to a neighbour needs no fit */
    struct fr_toplists lists;       /* of the question at hand; the best's are in out */
    double *figures, *best_figures; /* [users of the holdout] of the question at hand, of the best */
    struct setting {
        double values[FR_PARAMETERS_MAX], judged;
        struct fr_toplists lists;
    } first; /* of the start */
    double start_s, longest_fit_s, longest_scoring_s;
    bool refused; /* by the caller's progress */
    bool cut;     /* a question was left open for the budget's sake */
    struct fr_errmsg msg;
};

static double spent_s(const struct state *s) { return s->tune->seconds(s->tune->context) - s->start_s; }

static bool fit_progress(void *context, const char *step, double done) {
    struct state *s = context;
    const struct fr_fit *fit = &s->tune->fit;
    if (fit->progress && !fit->progress(fit->context, step, done)) {
        s->refused = true;
        return false;
    }
    return s->out->fits == 0 || spent_s(s) < s->tune->budget_s * lateness_allowed;
}

static void forget(struct fr_model **model) {
    if (*model) (*model)->ops->free(*model);
    *model = NULL;
}

static struct fr_model *adjusted(struct state *s, const double *values) {
    bool (*adjust)(struct fr_model *, const double *) = s->tune->ops->adjust;
    for (unsigned i = 0; adjust && i < 2; i++)
        if (s->models[i] && adjust(s->models[i], values)) return s->models[i];
    return NULL;
}

static struct fr_model *fitted(struct state *s, const double *values) {
    double began_s = spent_s(s);
    if (s->out->fits && began_s + s->longest_fit_s + s->longest_scoring_s > s->tune->budget_s) {
        s->cut = true;
        return NULL;
    }
    struct fr_fit fit = s->tune->fit;
    fit.data = s->tune->holdout->rest;
    fit.progress = fit_progress;
    fit.context = s;
    forget(&s->models[1]); /* before, so that there are never three in memory */
    s->models[1] = s->models[0];
    fr_la_threads(fit.threads);
    s->models[0] = s->tune->ops->fit(&fit, values, s->out->fits ? NULL : &s->msg);
    s->longest_fit_s = fmax(s->longest_fit_s, spent_s(s) - began_s);
    if (s->models[0])
        s->out->fits++;
    else
        s->cut = true;
    return s->models[0];
}

static void score_lists(struct state *s, const struct fr_model *model) {
    const struct fr_tune *tune = s->tune;
    double began_s = spent_s(s);
    fr_la_threads(1);
    fr_toplists_fill(&s->lists, model, &tune->holdout->rest->by_user, true, tune->fit.threads);
    fr_accuracy_each(&s->lists, &tune->holdout->truth, tune->k, s->figures);
    s->longest_scoring_s = fmax(s->longest_scoring_s, spent_s(s) - began_s);
}

static double mean_of(const double *figures, uint32_t n) {
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) sum += figures[i];
    return n ? sum / n : 0;
}

/* Of the mean of the differences between the figures at hand and the best. */
static double standard_error(const struct state *s, uint32_t n, double difference) {
    double squares = 0;
    for (uint32_t i = 0; i < n; i++) {
        double d = s->figures[i] - s->best_figures[i] - difference;
        squares += d * d;
    }
    return n > 1 ? sqrt(squares / (n - 1) / n) : 0;
}

static void keep(struct state *s, double judged) {
    struct fr_toplists lists = s->lists;
    double *figures = s->figures;
    s->lists = s->out->lists;
    s->out->lists = lists;
    s->figures = s->best_figures;
    s->best_figures = figures;
    s->out->judged = judged;
}

static void copy_lists(struct fr_toplists *to, const struct fr_toplists *from) {
    size_t places = (size_t)from->row_n * from->depth;
    memcpy(to->items, from->items, places * sizeof *to->items);
    memcpy(to->scores, from->scores, places * sizeof *to->scores);
}

static void note_first(struct state *s, const double *values, double judged) {
    memcpy(s->first.values, values, s->tune->ops->parameter_n * sizeof *values);
    s->first.judged = judged;
    copy_lists(&s->first.lists, &s->out->lists);
    s->start_s = s->tune->seconds(s->tune->context);
}

/* The start stays where the search has not found something clearly better. */
static void settle(struct state *s) {
    if (s->out->asked == 0 || s->out->judged > s->first.judged * (1 + FR_TUNE_MARGIN)) return;
    memcpy(s->out->values, s->first.values, sizeof s->out->values);
    s->out->judged = s->first.judged;
    copy_lists(&s->out->lists, &s->first.lists);
}

/* What is not clearly better counts as no better than the best. */
static double judge(void *context, const double *values) {
    struct state *s = context;
    const struct fr_tune *tune = s->tune;
    const struct fr_model *model = adjusted(s, values);
    if (!model) model = fitted(s, values);
    if (!model) return (double)NAN;
    score_lists(s, model);
    uint32_t n = tune->holdout->user_n;
    double judged = mean_of(s->figures, n), difference = judged - s->out->judged;
    bool is_first = s->out->asked++ == 0;
    bool better = is_first || difference > standard_error(s, n, difference);
    if (better) keep(s, judged);
    if (is_first) note_first(s, values, judged);
    if (tune->tried) tune->tried(tune->context, s->out->asked, values, judged, s->out->judged);
    return better ? judged : fmin(judged, s->out->judged);
}

static bool is_cheap(void *context, const double *values) { return adjusted(context, values) != NULL; }

/* Without a model that was fitted there is nothing to go on with. */
static bool may_go_on(void *context) {
    struct state *s = context;
    return s->out->fits && !s->refused && spent_s(s) + s->longest_scoring_s < s->tune->budget_s;
}

static enum fr_err end(struct state *s, struct fr_errmsg *msg) {
    forget(&s->models[0]);
    forget(&s->models[1]);
    fr_toplists_fini(&s->lists);
    fr_toplists_fini(&s->first.lists);
    free(s->figures);
    free(s->best_figures);
    if (s->out->fits && !s->refused) return FR_OK;
    fr_toplists_fini(&s->out->lists);
    enum fr_err err = s->msg.code == FR_OK ? FR_TIMEOUT : s->msg.code;
    return fr_err_set(msg, err, "%s", *s->msg.text ? s->msg.text : "given up");
}

enum fr_err fr_tune_run(const struct fr_tune *tune, const double *values, struct fr_tuned *out,
                        struct fr_errmsg *msg) {
    const struct fr_model_ops *ops = tune->ops;
    const struct fr_holdout *h = tune->holdout;
    FR_ASSERT(tune->depth >= tune->k && tune->k >= 1);
    *out = (struct fr_tuned){.lists = fr_toplists_new(h->users, h->user_n, tune->depth)};
    struct state s = {.tune = tune, .out = out, .lists = fr_toplists_new(h->users, h->user_n, tune->depth)};
    s.first.lists = fr_toplists_new(h->users, h->user_n, tune->depth);
    s.figures = fr_alloc_zero((size_t)h->user_n + 1, sizeof *s.figures);
    s.best_figures = fr_alloc_zero((size_t)h->user_n + 1, sizeof *s.best_figures);
    s.start_s = tune->seconds(tune->context);
    for (uint32_t i = 0; i < ops->parameter_n; i++)
        out->values[i] = values ? values[i] : ops->parameters[i].standard;
    struct fr_search search = {
        ops->parameters, ops->parameter_n, judge, ops->adjust ? is_cheap : NULL, may_go_on, &s};
    out->finished = fr_search_run(&search, out->values).finished && !s.cut;
    settle(&s);
    return end(&s, msg);
}
