/* refit.h - the refit on the side: from stored histories to a bundle that is stored, judged and announced.
 *
 *     store --read--> histories --cut--> train --choose, fit--> candidate --put--> store
 *                                    \-> holdout --judge candidate and incumbent--> promoted | refused --> announce
 *
 * A model is published as rows of neighbours: a list must not cost the whole catalogue while events flow.
 * What is judged is what is published: there is no second fit on all data (new events reach lists by fold-in anyway).
 * The holdout begins where the data of candidate and incumbent end (learn/histories.h). Without an incumbent the candidate is
 * held to popularity.
 *
 * Promise   nothing of a stage's state is read but histories, and nothing of it is written: a refit that dies at any point
 *           leaves the stream as it was and at most a bundle that nobody uses. A candidate that is significantly worse is
 *           stored, for inspection, but not promoted.
 * Threads   fr_refit_run works in the caller's thread and `threads` - 1 more; two at a time in one process are a bug (learn/la
 *           has one number of threads). A refitter is one thread that runs them one by one.
 * Memory    histories, the fit of one model at a time and the fitted models; measured in docs/MODELS.md. */
#ifndef FR_RUN_REFIT_H
#define FR_RUN_REFIT_H

#include "freshet/learn/announce.h"
#include "freshet/learn/histories.h"
#include "freshet/run/bundle_store.h"
#include "freshet/run/catalog_follow.h"
#include "freshet/run/stages.h"

struct fr_refit_family {
    const struct fr_model_ops *ops;
    bool has_values; /* false: chosen on a part of train within tune_s */
    double values[FR_PARAMETERS_MAX];
    double weight; /* in the blend, if has_blend */
};

struct fr_refit_params {
    struct fr_refit_family families[FR_BUNDLE_MODELS_MAX];
    uint32_t family_n;
    bool has_blend; /* false: learnt on the part of train that parameters are chosen by */
    enum fr_blend_parts parts;
    double tune_s; /* of all families together; 0: standard values and equal weights where nothing is given */
    unsigned threads; /* the core budget, 1 to FR_PARALLEL_THREADS_MAX */
    int niceness;     /* 0 to 19, of all threads of the refit */
    struct fr_time_split_params split;
    struct fr_judge_params judge;
    uint32_t k;    /* lists are judged at k */
    uint32_t near; /* neighbours of each item that a model is published as (learn/near.h); 0: as it is */
    uint32_t keep, users_most;
    uint64_t seed;
    bool
        shuffle_labels; /* for tests: items are exchanged among each other before the fit, which must be refused */
};

#define FR_REFIT_DEFAULTS                                                                     \
    ((struct fr_refit_params){                                                                \
        .threads = 1,                                                                         \
        .niceness = 10,                                                                       \
        .split = {.share = 0.1, .users_least = 2, .items_most = 100000, .cases_most = 10000}, \
        .judge = FR_JUDGE_DEFAULTS,                                                           \
        .k = 20,                                                                              \
        .near = 200,                                                                          \
        .keep = 5,                                                                            \
        .users_most = 1000000})

struct fr_refit {
    const struct fr_refit_params *params;
    const struct fr_rules *rules;
    struct fr_store *store; /* an endpoint of its own */
    const char *prefix;
    const char *by; /* "schedule", "command", "drift" */
    const struct fr_catalog_version
        *catalog;                  /* borrowed: its items are columns too, and families that need features
                                                 have theirs; NULL: such families are left out */
    const struct fr_bundle *given; /* judged and stored instead of fitting; NULL: fit */
    /* done in 0..1 of a step; false: give up with FR_TIMEOUT. NULL: not called. */
    bool (*progress)(void *context, const char *step, double done);
    /* Makes an event known; control is NULL unless it changes what is in force. Not FR_OK: it is not in force. NULL: nobody
     * is told. */
    enum fr_err (*announce)(void *context, const struct fr_model_event *event,
                            const struct fr_control *control, struct fr_errmsg *msg);
    void *context;
};

struct fr_refit_seconds {
    double read, choose, fit, judge, store;
};

struct fr_refit_result {
    char version[FR_BUNDLE_VERSION_BYTES];   /* "": nothing was stored */
    char in_force[FR_BUNDLE_VERSION_BYTES];  /* after it */
    char incumbent[FR_BUNDLE_VERSION_BYTES]; /* before it; "": held to popularity */
    bool promoted;
    struct fr_verdict verdict;
    uint32_t users, items;
    uint64_t interactions;
    struct fr_refit_seconds seconds;
};

/* FR_STORE_*, FR_STATE_CORRUPT, FR_TIMEOUT (given up), FR_LIMIT (there is too little to fit), what a fit or announce failed
 * with. */
enum fr_err fr_refit_run(const struct fr_refit *r, struct fr_refit_result *out,
                         struct fr_errmsg *msg) FR_MUST_USE;

/* Puts a stored version in force, or "" none, whatever the judge says: announces, then notes it in the store. FR_LIMIT: no
 * such version. */
enum fr_err fr_refit_promote(const struct fr_refit *r, const char *version, enum fr_model_event_kind why,
                             const char *reason, struct fr_errmsg *msg) FR_MUST_USE;

#endif
