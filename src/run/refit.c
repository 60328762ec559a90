#include "freshet/run/refit.h"
#include "freshet/base/rng.h"
#include "freshet/learn/la.h"
#include "freshet/learn/near.h"
#include "freshet/learn/popular.h"
#include "freshet/learn/trial.h"
#include "freshet/run/history_read.h"
#include "refit_internal.h"
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

/* On Linux both are of the calling thread, and those it starts inherit them. A refusal changes nothing that matters. */
static void step_back(int niceness) {
    const struct sched_param none = {0};
    if (niceness <= 0) return;
    (void)sched_setscheduler(0, SCHED_BATCH, &none);
    (void)setpriority(PRIO_PROCESS, 0, niceness);
}

static bool tell(const struct refit *s, const char *step, double done) {
    return !s->r->progress || s->r->progress(s->r->context, step, done);
}

static struct fr_bundle_store stored(const struct fr_refit *r) {
    return (struct fr_bundle_store){r->store, r->prefix};
}

/* ---- data ---- */

/* What is in force; a bundle that cannot be read is as good as none. */
static enum fr_err load_incumbent(struct refit *s, struct fr_errmsg *msg) {
    struct fr_bundle_store store = stored(s->r);
    enum fr_err err = fr_bundle_in_force(&store, s->out->incumbent, msg);
    memcpy(s->out->in_force, s->out->incumbent, sizeof s->out->in_force);
    if (err != FR_OK || !s->out->incumbent[0]) return err;
    err = fr_bundle_get(&store, s->out->incumbent, &s->incumbent, NULL);
    if (err == FR_OK) return FR_OK;
    s->out->incumbent[0] = '\0';
    return err == FR_STATE_CORRUPT || err == FR_LIMIT
               ? FR_OK
               : fr_err_set(msg, err, "the bundle in force cannot be read");
}

static fr_time_ms later(fr_time_ms a, fr_time_ms b) { return a > b ? a : b; }

static enum fr_err read_data(struct refit *s, struct fr_errmsg *msg) {
    const struct fr_refit *r = s->r;
    const struct fr_history_read read = {r->store,    r->prefix, r->rules, r->params->users_most,
                                         r->progress, r->context};
    double began_s = refit_seconds(NULL);
    enum fr_err err = fr_histories_read(&read, &s->histories, msg);
    if (err != FR_OK) return err;
    struct fr_time_split_params split = r->params->split;
    if (s->incumbent) split.not_before_ms = later(split.not_before_ms, s->incumbent->data_until_ms);
    if (r->given) split.not_before_ms = later(split.not_before_ms, r->given->data_until_ms);
    split.seed = r->params->seed;
    uint32_t *also;
    split.also_n = refit_catalog_items(s, &also);
    split.also = also;
    s->split = fr_time_split_new(&s->histories, &split);
    free(also);
    refit_features(s);
    s->out->users = s->split.train->by_user.row_n;
    s->out->items = s->split.train->by_user.column_n;
    s->out->interactions = fr_interactions_count(s->split.train);
    s->out->seconds.read = refit_seconds(NULL) - began_s;
    if (s->out->interactions) return FR_OK;
    return fr_err_set(msg, FR_LIMIT, "there is nothing to fit: no item was touched by %u users",
                      (unsigned)r->params->split.users_least);
}

/* ---- fitting ---- */

static void set_items(const struct refit *s, struct fr_bundle *b) {
    uint32_t n = s->split.train->by_user.column_n;
    struct fr_str *ids = fr_alloc((n + (size_t)1) * sizeof *ids);
    for (uint32_t c = 0; c < n; c++) ids[c] = fr_dict_str(&s->histories.ids, s->split.columns[c]);
    fr_bundle_set_items(b, ids, n);
    free(ids);
}

/* The same matrix with its columns exchanged: every popularity and every neighbourhood is another item's. */
static struct fr_interactions *shuffled(const struct fr_interactions *data, uint64_t seed) {
    const struct fr_rows *rows = &data->by_user;
    size_t n = fr_interactions_count(data);
    struct fr_interaction *entries = fr_alloc((n + 1) * sizeof *entries);
    uint32_t *other = fr_alloc((rows->column_n + (size_t)1) * sizeof *other);
    struct fr_rng rng = {seed};
    for (uint32_t c = 0; c < rows->column_n; c++) {
        uint32_t at = fr_rng_below(&rng, c + 1);
        other[c] = other[at];
        other[at] = c;
    }
    for (uint32_t u = 0; u < rows->row_n; u++)
        for (size_t e = rows->start[u]; e < rows->start[u + 1]; e++)
            entries[e] = (struct fr_interaction){u, other[rows->columns[e]], 1};
    struct fr_interactions *out = fr_interactions_new(rows->row_n, rows->column_n, entries, n);
    free(entries);
    free(other);
    return out;
}

/* What lists are made with: see learn/near.h. takes model. */
static struct fr_model *published_form(const struct refit *s, struct fr_model *model) {
    const struct fr_refit_params *p = s->r->params;
    if (!p->near || model->ops->rows) return model;
    fr_la_threads(1); /* the lists have threads of their own */
    struct fr_model *near = fr_near_new(model, s->candidate->item_n, p->near, p->threads);
    model->ops->free(model);
    return near;
}

static enum fr_err fit_one(struct refit *s, const struct fr_refit_family *family, struct fr_errmsg *msg) {
    const struct fr_refit *r = s->r;
    struct fr_fit fit = {.data = s->train,
                         .features = s->features.row_n ? &s->features : NULL,
                         .threads = r->params->threads,
                         .seed = r->params->seed,
                         .is_published = !r->params->near,
                         .progress = r->progress,
                         .context = r->context};
    double began_s = refit_seconds(NULL), values[FR_PARAMETERS_MAX];
    for (uint32_t i = 0; i < family->ops->parameter_n; i++)
        values[i] = family->has_values ? family->values[i] : family->ops->parameters[i].standard;
    fr_la_threads(fit.threads);
    struct fr_errmsg why = {0};
    struct fr_model *model = family->ops->fit(&fit, values, &why);
    if (!model) {
        enum fr_err err = why.code == FR_OK ? FR_TIMEOUT : why.code;
        return fr_err_wrap(msg, fr_err_set(msg, err, "%s", why.text[0] ? why.text : "given up"),
                           family->ops->name);
    }
    struct fr_bundle_model *m = fr_bundle_add(s->candidate, published_form(s, model));
    memcpy(m->values, values, family->ops->parameter_n * sizeof *values);
    m->has_values = true;
    m->weight = family->weight;
    m->holdout.fit_seconds = refit_seconds(NULL) - began_s;
    return FR_OK;
}

static enum fr_err fit_families(struct refit *s, struct fr_errmsg *msg) {
    const struct fr_refit_params *p = s->r->params;
    struct fr_refit_family families[FR_BUNDLE_MODELS_MAX];
    memcpy(families, p->families, sizeof families);
    uint32_t n = refit_families(s, families, p->family_n);
    double began_s = refit_seconds(NULL);
    enum fr_err err = refit_choose(s, families, n, &s->candidate->parts, msg);
    s->out->seconds.choose = refit_seconds(NULL) - began_s;
    began_s = refit_seconds(NULL);
    for (uint32_t i = 0; i < n && err == FR_OK; i++)
        if (families[i].weight > 0 || n == 1) err = fit_one(s, &families[i], msg);
    s->out->seconds.fit = refit_seconds(NULL) - began_s;
    return err;
}

static enum fr_err fit_all(struct refit *s, struct fr_errmsg *msg) {
    const struct fr_refit_params *p = s->r->params;
    struct fr_interactions *wrong = p->shuffle_labels ? shuffled(s->split.train, p->seed) : NULL;
    s->train = wrong ? wrong : s->split.train;
    enum fr_err err = fit_families(s, msg);
    if (wrong) fr_interactions_free(wrong);
    return err;
}

/* What the candidate says of itself besides its models. */
static void fill_manifest(struct refit *s, fr_time_ms now_ms) {
    struct fr_bundle *b = s->candidate;
    b->created_ms = now_ms;
    memcpy(b->parent, s->out->in_force, sizeof b->parent);
    b->user_n = s->out->users;
    b->interaction_n = s->out->interactions;
    b->fingerprint = fr_histories_fingerprint(&s->histories);
    if (!s->r->given)
        b->data_until_ms = s->split.cutoff_ms;
    else if (b->data_until_ms == 0)
        b->data_until_ms = now_ms; /* it may have seen anything */
    fr_bundle_name(b);
}

/* A bundle of one's own to change: there and back through its bytes. */
static enum fr_err copy_given(const struct fr_bundle *given, struct fr_bundle **out, struct fr_errmsg *msg) {
    struct fr_buf bytes = {0};
    fr_bundle_write(given, &bytes);
    enum fr_err err = fr_bundle_read(fr_buf_slice(&bytes), out, msg);
    fr_buf_fini(&bytes);
    return err;
}

static enum fr_err make_candidate(struct refit *s, struct fr_errmsg *msg) {
    if (s->r->given) {
        enum fr_err err = copy_given(s->r->given, &s->candidate, msg);
        for (uint32_t i = 0; err == FR_OK && i < s->candidate->model_n; i++)
            s->candidate->models[i].model = published_form(s, s->candidate->models[i].model);
        return err;
    }
    s->candidate = fr_bundle_new();
    set_items(s, s->candidate);
    return fit_all(s, msg);
}

/* ---- judging ---- */

/* What a candidate without an incumbent is held to. */
static struct fr_bundle *popularity(const struct refit *s) {
    struct fr_bundle *b = fr_bundle_new();
    struct fr_fit fit = {.data = s->split.train, .threads = 1};
    set_items(s, b);
    fr_bundle_add(b, fr_popular_ops.fit(&fit, NULL, NULL));
    return b;
}

static void judge(struct refit *s) {
    const struct fr_refit_params *p = s->r->params;
    uint32_t n = s->split.case_n;
    struct fr_figures figures[FR_BUNDLE_MODELS_MAX];
    float *candidate = fr_alloc((n + (size_t)1) * sizeof *candidate);
    float *incumbent = fr_alloc((n + (size_t)1) * sizeof *incumbent);
    double began_s = refit_seconds(NULL);
    fr_la_threads(1); /* the lists have threads of their own */
    for (uint32_t i = 0; i < s->candidate->model_n; i++) figures[i] = s->candidate->models[i].holdout;
    s->candidate->holdout =
        fr_trial(s->candidate, &s->histories, &s->split, p->k, p->threads, candidate, figures);
    for (uint32_t i = 0; i < s->candidate->model_n; i++) s->candidate->models[i].holdout = figures[i];
    if (!s->incumbent) s->incumbent = popularity(s);
    fr_trial(s->incumbent, &s->histories, &s->split, p->k, p->threads, incumbent, NULL);
    s->out->verdict = fr_judge(&p->judge, candidate, incumbent, n);
    s->out->seconds.judge = refit_seconds(NULL) - began_s;
    free(candidate);
    free(incumbent);
}

/* ---- telling ---- */

static enum fr_err announce(const struct fr_refit *r, const struct fr_model_event *event,
                            const struct fr_control *control, struct fr_errmsg *msg) {
    return r->announce ? r->announce(r->context, event, control, msg) : FR_OK;
}

static struct fr_model_event event_of(const struct refit *s, enum fr_model_event_kind kind,
                                      fr_time_ms now_ms) {
    return (struct fr_model_event){.kind = kind,
                                   .version = s->out->version,
                                   .in_force = s->out->in_force,
                                   .by = s->r->by,
                                   .time_ms = now_ms,
                                   .bundle = s->candidate};
}

/* In force from here on: first for those who live by the log, then in the view. */
static enum fr_err put_in_force(const struct fr_refit *r, const struct fr_model_event *event,
                                const char *before, struct fr_errmsg *msg) {
    const struct fr_control control = {fr_str_of(event->in_force), fr_str_of(before), event->kind,
                                       event->time_ms};
    struct fr_bundle_store store = stored(r);
    enum fr_err err = announce(r, event, &control, msg);
    if (err == FR_OK) err = fr_bundle_set_in_force(&store, event->in_force, msg);
    return err;
}

static enum fr_err decide(struct refit *s, struct fr_errmsg *msg) {
    const struct fr_verdict *v = &s->out->verdict;
    struct fr_model_event event = event_of(s, FR_MODEL_EVENT_REFUSED, fr_clock_wall_ms());
    event.verdict = v;
    event.alpha = s->r->params->judge.alpha;
    event.reason = v->because;
    if (!v->accepted) return announce(s->r, &event, NULL, msg);
    event.kind = FR_MODEL_EVENT_PROMOTED;
    event.in_force = s->out->version;
    enum fr_err err = put_in_force(s->r, &event, s->out->in_force, msg);
    if (err != FR_OK) return err;
    s->out->promoted = true;
    memcpy(s->out->in_force, s->out->version, sizeof s->out->in_force);
    return FR_OK;
}

static enum fr_err publish(struct refit *s, struct fr_errmsg *msg) {
    struct fr_bundle_store store = stored(s->r);
    double began_s = refit_seconds(NULL);
    enum fr_err err = fr_bundle_put(&store, s->candidate, msg);
    if (err != FR_OK) return err;
    memcpy(s->out->version, s->candidate->version, sizeof s->out->version);
    struct fr_model_event event = event_of(s, FR_MODEL_EVENT_FITTED, s->candidate->created_ms);
    err = announce(s->r, &event, NULL, msg);
    if (err == FR_OK) err = decide(s, msg);
    if (err == FR_OK) err = fr_bundle_prune(&store, s->r->params->keep, fr_clock_wall_ms(), msg);
    s->out->seconds.store = refit_seconds(NULL) - began_s;
    return err;
}

enum fr_err fr_refit_run(const struct fr_refit *r, struct fr_refit_result *out, struct fr_errmsg *msg) {
    struct refit s = {.r = r, .out = out};
    *out = (struct fr_refit_result){0};
    step_back(r->params->niceness);
    enum fr_err err = load_incumbent(&s, msg);
    if (err == FR_OK) err = read_data(&s, msg);
    if (err == FR_OK) err = make_candidate(&s, msg);
    if (err == FR_OK && !tell(&s, "judge", 0)) err = fr_err_set(msg, FR_TIMEOUT, "given up");
    if (err == FR_OK) {
        fill_manifest(&s, fr_clock_wall_ms());
        judge(&s);
        if (!tell(&s, "store", 0)) err = fr_err_set(msg, FR_TIMEOUT, "given up");
    }
    if (err == FR_OK) err = publish(&s, msg);
    fr_bundle_free(s.candidate);
    fr_bundle_free(s.incumbent);
    fr_time_split_fini(&s.split);
    fr_rows_fini(&s.features);
    if (s.histories.start) fr_histories_fini(&s.histories);
    return err;
}

enum fr_err fr_refit_promote(const struct fr_refit *r, const char *version, enum fr_model_event_kind why,
                             const char *reason, struct fr_errmsg *msg) {
    struct fr_bundle_store store = stored(r);
    struct fr_bundle *b = NULL;
    char before[FR_BUNDLE_VERSION_BYTES];
    enum fr_err err = fr_bundle_in_force(&store, before, msg);
    if (err == FR_OK && version[0]) err = fr_bundle_get(&store, version, &b, msg); /* it must be usable */
    struct fr_model_event event = {.kind = why,
                                   .version = why == FR_MODEL_EVENT_ROLLED_BACK ? before : version,
                                   .in_force = version,
                                   .by = r->by,
                                   .reason = reason,
                                   .time_ms = fr_clock_wall_ms(),
                                   .bundle = why == FR_MODEL_EVENT_ROLLED_BACK ? NULL : b};
    if (err == FR_OK) err = put_in_force(r, &event, before, msg);
    fr_bundle_free(b);
    return err;
}
