#include "freshet/run/refitter.h"
#include "freshet/base/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAP_MS = 50, LOOK_MS = 10000, STORE_RETRY_MS = 1000 };

struct fr_refitter {
    struct fr_refitter_config config;
    pthread_t thread;
    atomic_bool stop;
    _Atomic(const char *) asked; /* by whom, NULL: nobody */
    pthread_mutex_t lock;        /* of status */
    struct fr_refitter_status status;
};

static bool progress(void *context, const char *step, double done) {
    struct fr_refitter *r = context;
    pthread_mutex_lock(&r->lock);
    snprintf(r->status.step, sizeof r->status.step, "%s", step);
    r->status.done = done;
    pthread_mutex_unlock(&r->lock);
    return !r->stop;
}

static enum fr_err announce(void *context, const struct fr_model_event *event,
                            const struct fr_control *control, struct fr_errmsg *msg) {
    struct fr_refitter *r = context;
    return r->config.announce ? r->config.announce(r->config.context, event, control, msg) : FR_OK;
}

/* ---- one fit ---- */

static void note(struct fr_refitter *r, enum fr_err err, const struct fr_refit_result *result,
                 const struct fr_errmsg *msg) {
    pthread_mutex_lock(&r->lock);
    r->status.fitting = false;
    if (err == FR_OK) {
        r->status.fits++;
        r->status.last = *result;
    } else {
        r->status.failures++;
    }
    pthread_mutex_unlock(&r->lock);
    if (err == FR_OK)
        fr_log(
            FR_LOG_INFO, "REFIT",
            "version=%s promoted=%s users=%u items=%u interactions=%llu ndcg=%.4f before=%.4f p_worse=%.3g "
            "read_s=%.1f choose_s=%.1f fit_s=%.1f judge_s=%.1f store_s=%.1f",
            result->version, result->promoted ? "yes" : "no", result->users, result->items,
            (unsigned long long)result->interactions, result->verdict.candidate, result->verdict.incumbent,
            result->verdict.p_worse, result->seconds.read, result->seconds.choose, result->seconds.fit,
            result->seconds.judge, result->seconds.store);
    else if (!r->stop)
        fr_log(FR_LOG_WARN, "REFIT-FAILED", "error=%s text=\"%s\"", fr_err_name(err), msg->text);
}

static enum fr_err fit(struct fr_refitter *r, struct fr_store *store, const char *by) {
    struct fr_refit_result result;
    struct fr_errmsg msg = {0};
    struct fr_slot_hold catalog = {0};
    if (r->config.catalogs) catalog = fr_slot_take(r->config.catalogs);
    const struct fr_refit refit = {.params = r->config.params,
                                   .catalog = catalog.thing,
                                   .rules = r->config.rules,
                                   .store = store,
                                   .prefix = r->config.prefix,
                                   .by = by,
                                   .progress = progress,
                                   .announce = announce,
                                   .context = r};
    pthread_mutex_lock(&r->lock);
    r->status.fitting = true;
    pthread_mutex_unlock(&r->lock);
    enum fr_err err = fr_refit_run(&refit, &result, &msg);
    if (r->config.catalogs) fr_slot_release(r->config.catalogs, &catalog);
    note(r, err, &result, &msg);
    return err;
}

/* ---- when ---- */

/* Whether the latest bundle is older than the interval; *any: whether there is one. */
static bool is_overdue(struct fr_refitter *r, struct fr_store *store, fr_time_ms now_ms, bool *any) {
    struct fr_stored_bundle list[FR_BUNDLES_MAX];
    struct fr_arena arena = {0};
    const struct fr_bundle_store bundles = {store, r->config.prefix};
    struct fr_bundle due = {.created_ms = now_ms - (fr_time_ms)r->config.interval_ms};
    uint32_t n;
    enum fr_err err = fr_bundle_list(&bundles, list, &n, &arena, NULL);
    fr_bundle_name(&due);
    fr_arena_fini(&arena);
    *any = err != FR_OK || n > 0;
    return err == FR_OK && n > 0 && strcmp(list[n - 1].version, due.version) < 0;
}

static const char *reason_to_fit(struct fr_refitter *r, struct fr_store *store, fr_time_ms started_ms,
                                 fr_time_ms not_before_ms) {
    const char *by = atomic_exchange(&r->asked, NULL);
    fr_time_ms now_ms = fr_clock_wall_ms();
    if (by) return by;
    if (!r->config.interval_ms || now_ms < not_before_ms) return NULL;
    bool any, overdue = is_overdue(r, store, now_ms, &any);
    bool first = !any && now_ms - started_ms >= FR_REFITTER_FIRST_MS;
    return overdue || first ? "schedule" : NULL;
}

/* At least one nap, so that nothing that fails at once is tried again at once. */
static void nap(const struct fr_refitter *r, unsigned ms, bool heeds_asks) {
    for (unsigned slept = 0; slept < ms && !r->stop; slept += NAP_MS) {
        fr_clock_sleep_ms(NAP_MS);
        if (heeds_asks && r->asked) return;
    }
}

static struct fr_store *open_store(struct fr_refitter *r) {
    struct fr_store *store = NULL;
    struct fr_errmsg msg = {0};
    if (r->config.open_store(r->config.context, &store, &msg) == FR_OK) return store;
    fr_log(FR_LOG_WARN, "REFIT-STORE", "text=\"%s\"", msg.text);
    return NULL;
}

static void *work(void *context) {
    struct fr_refitter *r = context;
    struct fr_store *store = NULL;
    fr_time_ms started_ms = fr_clock_wall_ms(), not_before_ms = 0;
    while (!r->stop) {
        if (!store) store = open_store(r);
        const char *by = store ? reason_to_fit(r, store, started_ms, not_before_ms) : NULL;
        if (by && fit(r, store, by) != FR_OK) not_before_ms = fr_clock_wall_ms() + FR_REFITTER_RETRY_MS;
        if (by && r->config.after && !r->stop) r->config.after(r->config.context, store, by, progress, r);
        nap(r, store ? LOOK_MS : STORE_RETRY_MS, store != NULL);
    }
    if (store) store->ops->close(store);
    return NULL;
}

/* ---- from outside ---- */

struct fr_refitter *fr_refitter_start(const struct fr_refitter_config *config) {
    struct fr_refitter *r = fr_alloc_zero(1, sizeof *r);
    r->config = *config;
    pthread_mutex_init(&r->lock, NULL);
    FR_ASSERT(pthread_create(&r->thread, NULL, work, r) == 0);
    return r;
}

void fr_refitter_ask(struct fr_refitter *r, const char *by) { r->asked = by; }

void fr_refitter_status(struct fr_refitter *r, struct fr_refitter_status *out) {
    pthread_mutex_lock(&r->lock);
    *out = r->status;
    pthread_mutex_unlock(&r->lock);
}

void fr_refitter_stop(struct fr_refitter **refitter) {
    struct fr_refitter *r = *refitter;
    if (!r) return;
    r->stop = true;
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    free(r);
    *refitter = NULL;
}
