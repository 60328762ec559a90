#include "freshet/run/propensity_follow.h"
#include "freshet/base/clock.h"
#include "freshet/base/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <math.h>
#include <stdlib.h>

enum { NAP_MS = 20 };

struct fr_propensity_follow {
    struct fr_propensity_follow_config config;
    struct fr_store *store; /* NULL: to be opened */
    struct fr_slot *slot;
    struct fr_propensity_list list; /* that the slot's version was made of */
    uint64_t number;
    pthread_t thread;
    _Atomic bool stop, ready;
};

/* ---- one version ---- */

bool fr_live_propensity_fits(const struct fr_propensity *p, const struct fr_propensity_features *f) {
    uint32_t n;
    const struct fr_str *columns = fr_propensity_columns(p, &n);
    if (n != f->column_n) return false;
    for (uint32_t i = 0; i < n; i++)
        if (!fr_str_eq(columns[i], f->names[i])) return false;
    return true;
}

static void add(struct fr_live_propensities *p, const struct fr_propensity_entry *e, struct fr_store *store,
                const char *prefix) {
    struct fr_errmsg msg = {0};
    struct fr_propensity *model;
    enum fr_err err = fr_propensity_get(store, prefix, e->task, e->version, &model, &msg);
    if (err == FR_OK && !fr_live_propensity_fits(model, &p->features)) {
        fr_propensity_free(model);
        err = fr_err_set(&msg, FR_STATE_CORRUPT, "it was fitted on other columns; fit it again");
    }
    if (err == FR_OK)
        p->at[p->n++] = (struct fr_live_propensity){*e, model};
    else
        fr_log(FR_LOG_WARN, "PROPENSITY-LEFT-OUT", "task=%s version=%s error=%s text=\"%s\"", e->task,
               e->version, fr_err_name(err), msg.text);
}

struct fr_live_propensities *fr_live_propensities_load(struct fr_store *store, const char *prefix,
                                                       const struct fr_propensity_list *list,
                                                       uint64_t number) {
    struct fr_live_propensities *p = fr_alloc_zero(1, sizeof *p);
    p->number = number;
    fr_propensity_features_init(&p->features, NULL, FR_STR(""), &p->names);
    for (uint32_t i = 0; i < list->n; i++)
        if (list->at[i].version[0]) add(p, &list->at[i], store, prefix);
    return p;
}

void fr_live_propensities_free(void *thing) {
    struct fr_live_propensities *p = thing;
    for (uint32_t i = 0; i < p->n; i++) fr_propensity_free(p->at[i].model);
    fr_arena_fini(&p->names);
    free(p);
}

/* ---- asking ---- */

void fr_live_propensity_features(const struct fr_live_propensities *p, const struct fr_user *user,
                                 fr_time_ms t, float *out) {
    fr_propensity_features_of(&p->features, user, t + 1, (struct fr_known_prices){NULL, 0}, out);
}

double fr_propensity_answer(void *question, struct fr_str task) {
    struct fr_propensity_question *q = question;
    double probability;
    for (uint32_t i = 0; i < q->models->n; i++) {
        if (!fr_str_eq(fr_str_of(q->models->at[i].entry.task), task)) continue;
        if (!q->features) {
            q->features = fr_arena_alloc(q->arena, q->models->features.column_n * sizeof *q->features);
            fr_live_propensity_features(q->models, q->user, q->t, q->features);
        }
        enum fr_err err = fr_propensity_score(q->models->at[i].model, q->features, 1, &probability, NULL);
        return err == FR_OK ? probability : (double)NAN;
    }
    return (double)NAN;
}

/* ---- following ---- */

static enum fr_err look(struct fr_propensity_follow *f, struct fr_errmsg *msg) {
    struct fr_propensity_list list;
    enum fr_err err = f->store ? FR_OK : f->config.open_store(f->config.context, &f->store, msg);
    if (err == FR_OK) err = fr_propensity_list_get(f->store, f->config.prefix, &list, msg);
    if (err != FR_OK || memcmp(&list, &f->list, sizeof list) == 0) return err;
    struct fr_live_propensities *p =
        fr_live_propensities_load(f->store, f->config.prefix, &list, ++f->number);
    fr_log(FR_LOG_INFO, "PROPENSITIES", "number=%llu tasks=%u", (unsigned long long)f->number, p->n);
    f->list = list;
    fr_slot_put(f->slot, p);
    return FR_OK;
}

static void *follow(void *arg) {
    struct fr_propensity_follow *f = arg;
    while (!atomic_load(&f->stop)) {
        struct fr_errmsg msg = {0};
        enum fr_err err = look(f, &msg);
        if (err == FR_OK) atomic_store(&f->ready, true);
        if (err != FR_OK)
            fr_log(FR_LOG_WARN, "PROPENSITIES-WAIT", "error=%s text=\"%s\"", fr_err_name(err), msg.text);
        for (uint32_t slept = 0; slept < f->config.interval_ms && !atomic_load(&f->stop); slept += NAP_MS)
            fr_clock_sleep_ms(NAP_MS);
    }
    return NULL;
}

struct fr_propensity_follow *fr_propensity_follow_start(const struct fr_propensity_follow_config *config) {
    struct fr_propensity_follow *f = fr_alloc_zero(1, sizeof *f);
    f->config = *config;
    f->slot = fr_slot_new(fr_live_propensities_free);
    int failed = pthread_create(&f->thread, NULL, follow, f);
    FR_ASSERT(failed == 0);
    return f;
}

struct fr_slot *fr_propensity_follow_slot(struct fr_propensity_follow *f) {
    return f->slot;
}

bool fr_propensity_follow_is_ready(struct fr_propensity_follow *f) { return atomic_load(&f->ready); }

void fr_propensity_follow_stop(struct fr_propensity_follow **follow_at) {
    struct fr_propensity_follow *f = *follow_at;
    if (!f) return;
    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    if (f->store) f->store->ops->close(f->store);
    fr_slot_free(&f->slot);
    free(f);
    *follow_at = NULL;
}
