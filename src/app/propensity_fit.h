/* propensity_fit.h - one propensity fitted from the events topic, judged, stored and announced; for the command and for the refits of
 * a running freshet.
 *
 *     events topic --rows--> learn, ask --fit, judge--> in force: store, then <prefix>.models | refused: <prefix>.models
 *
 * Rows      the log is read partition by partition; cuts are at the same times in all of them, whole multiples of
 *           propensities.every_days. Without prices and catalogue, which live states are not asked with either.
 * Memory    the states of one partition's users at a time, and the rows, at most propensities.rows_most: a share of the users, by
 *           a hash, is learnt from where there would be more.
 * Threads   the caller's. Errors: FR_LIMIT: the log has too little for it; what reading, fitting and storing fail with. */
#ifndef FR_APP_PROPENSITY_FIT_H
#define FR_APP_PROPENSITY_FIT_H

#include "freshet/app/wiring.h"
#include "freshet/run/propensity_store.h"
#include "freshet/target/propensity_refit.h"

struct propensity_fit {
    const struct fr_wiring *wiring;
    const struct fr_rules *rules;
    struct fr_store *store;
    const char *by; /* "schedule", "command", "drift" */
    /* done in 0..1 of a step; false: give up. NULL: not called. */
    bool (*progress)(void *context, const char *step, double done);
    void *context;
};

struct propensity_fitted {
    char version[FR_PROPENSITY_VERSION_BYTES],
        incumbent[FR_PROPENSITY_VERSION_BYTES]; /* "": the share of yes */
    struct fr_verdict verdict;
    uint32_t learnt, asked;
    double rate, auc, log_loss;
};

/* task: one of propensities.tasks. */
enum fr_err propensity_fit_run(const struct propensity_fit *f, const char *task,
                               struct propensity_fitted *out, struct fr_errmsg *msg) FR_MUST_USE;
/* Puts the one before in force, and tells. FR_LIMIT: there is none. */
enum fr_err propensity_fit_roll_back(const struct propensity_fit *f, const char *task, const char *reason,
                                     struct fr_errmsg *msg) FR_MUST_USE;

#endif
