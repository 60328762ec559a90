#include "propensity_fit.h"
#include "refitting.h"
#include "freshet/app/models.h"
#include "freshet/base/log.h"
#include "freshet/run/drift.h"
#include <stdlib.h>

enum { WATCH_MS = 5000 };

struct refitting {
    struct fr_wiring *wiring;
    const struct fr_rules *rules;
    struct fr_refit_params params;
    struct fr_refitter *refitter;
    struct fr_drift drift;
    fr_time_ms watched_ms, asked_ms;
};

static enum fr_err open_store(void *context, struct fr_store **store, struct fr_errmsg *msg) {
    const struct refitting *r = context;
    return fr_wire_store(r->wiring->config, "freshet-refit", store, msg);
}

static enum fr_err announce(void *context, const struct fr_model_event *event,
                            const struct fr_control *control, struct fr_errmsg *msg) {
    const struct refitting *r = context;
    return fr_models_announce(&r->wiring->cluster, event, control, msg);
}

/* The propensities, one by one. What fails is said, and tried again with the next refit. */
static void fit_propensities(void *context, struct fr_store *store, const char *by,
                             bool (*goes_on)(void *refitter, const char *step, double done), void *refitter) {
    const struct refitting *r = context;
    const struct fr_config_list *tasks = &r->wiring->config->propensities.tasks;
    const struct propensity_fit f = {.wiring = r->wiring,
                                     .rules = r->rules,
                                     .store = store,
                                     .by = by,
                                     .progress = goes_on,
                                     .context = refitter};
    for (uint32_t i = 0; i < tasks->n && goes_on(refitter, "propensities", 0); i++) {
        struct propensity_fitted fitted;
        struct fr_errmsg msg = {0};
        enum fr_err err = propensity_fit_run(&f, tasks->at[i].value, &fitted, &msg);
        if (err == FR_OK)
            fr_log(FR_LOG_INFO, "PROPENSITY-FITTED",
                   "task=%s version=%s promoted=%s learnt=%u asked=%u rate=%.4f auc=%.4f p_worse=%.3g",
                   tasks->at[i].value, fitted.version, fitted.verdict.accepted ? "yes" : "no", fitted.learnt,
                   fitted.asked, fitted.rate, fitted.auc, fitted.verdict.p_worse);
        else if (goes_on(refitter, "propensities", 0))
            fr_log(err == FR_LIMIT ? FR_LOG_INFO : FR_LOG_WARN, "PROPENSITY-NOT-FITTED",
                   "task=%s error=%s text=\"%s\"", tasks->at[i].value, fr_err_name(err), msg.text);
    }
}

static bool runs_learner(const struct fr_config *c) {
    for (uint32_t i = 0; i < c->run.stages.n; i++)
        if (strcmp(c->run.stages.at[i].value, fr_stage_name(FR_STAGE_LEARNER)) == 0) return true;
    return false;
}

enum fr_err refitting_start(struct fr_wiring *wiring, const struct fr_rules *rules, struct fr_slot *catalogs,
                            struct refitting **out, struct fr_errmsg *msg) {
    const struct fr_config *c = wiring->config;
    *out = NULL;
    if (!runs_learner(c) || c->models.refit_interval_ms == 0) return FR_OK;
    struct refitting *r = fr_alloc_zero(1, sizeof *r);
    r->wiring = wiring;
    r->rules = rules;
    enum fr_err err = fr_models_params(c, &r->params, msg);
    if (err != FR_OK) {
        free(r);
        return err;
    }
    const struct fr_refitter_config config = {.params = &r->params,
                                              .rules = rules,
                                              .prefix = c->topic_prefix,
                                              .catalogs = catalogs,
                                              .interval_ms = (uint64_t)c->models.refit_interval_ms,
                                              .context = r,
                                              .open_store = open_store,
                                              .announce = announce,
                                              .after = fit_propensities};
    r->refitter = fr_refitter_start(&config);
    *out = r;
    return FR_OK;
}

void refitting_watch(struct refitting *r, struct fr_runner *runner) {
    fr_time_ms now_ms = fr_clock_wall_ms();
    if (!r || now_ms - r->watched_ms < WATCH_MS) return;
    r->watched_ms = now_ms;
    uint64_t judged = fr_runner_total(runner, FR_STAT_LISTS_JUDGED),
             hits = fr_runner_total(runner, FR_STAT_LISTS_HIT);
    if (!fr_drift_add(&r->drift, judged, hits) || now_ms - r->asked_ms < FR_REFITTER_RETRY_MS) return;
    r->asked_ms = now_ms;
    fr_log(FR_LOG_INFO, "LISTS-DRIFT", "judged=%llu hits=%llu", (unsigned long long)judged,
           (unsigned long long)hits);
    fr_refitter_ask(r->refitter, "drift");
}

void refitting_ask(struct refitting *r) { fr_refitter_ask(r->refitter, "command"); }

void refitting_status(struct refitting *r, struct fr_refitter_status *out) {
    fr_refitter_status(r->refitter, out);
}

void refitting_stop(struct refitting **r) {
    if (!*r) return;
    fr_refitter_stop(&(*r)->refitter);
    free(*r);
    *r = NULL;
}
