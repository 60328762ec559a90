/* refitter.h - the thread that refits on the side, on a schedule and when it is asked to.
 *
 * Schedule  when the latest stored bundle is older than interval_ms, whoever made it; so of several processes usually one fits.
 *           Without any bundle, FR_REFITTER_FIRST_MS after the start. After a failure not before FR_REFITTER_RETRY_MS.
 * Promise   one fit at a time; a stop gives up the fit under way within a step of it. What fails is said in the log, and tried
 *           again by the schedule.
 * Threads   it has one thread and those of the fits; ask and status may be called from any.
 * Memory    as run/refit.h, while a fit is under way. */
#ifndef FR_RUN_REFITTER_H
#define FR_RUN_REFITTER_H

#include "freshet/run/refit.h"

enum { FR_REFITTER_FIRST_MS = 600000, FR_REFITTER_RETRY_MS = 600000 };

struct fr_refitter_config {
    const struct fr_refit_params *params; /* keeps */
    const struct fr_rules *rules;         /* keeps */
    const char *prefix;                   /* keeps */
    struct fr_slot *catalogs;             /* of struct fr_catalog_version; NULL: none. keeps */
    uint64_t interval_ms;                 /* 0: only when asked */
    void *context;
    enum fr_err (*open_store)(void *context, struct fr_store **store, struct fr_errmsg *msg); /* gives */
    enum fr_err (*announce)(void *context, const struct fr_model_event *event,
                            const struct fr_control *control,
                            struct fr_errmsg *msg); /* from the refitter's thread */
    /* What else is fitted, after each fit of a bundle, successful or not, in the same thread. goes_on has progress's shape and is
     * asked with `refitter`. NULL: nothing. */
    void (*after)(void *context, struct fr_store *store, const char *by,
                  bool (*goes_on)(void *refitter, const char *step, double done), void *refitter);
};

struct fr_refitter;

struct fr_refitter *fr_refitter_start(const struct fr_refitter_config *config); /* gives */
/* A fit as soon as possible. by: "command", "drift"; a constant. */
void fr_refitter_ask(struct fr_refitter *r, const char *by);

struct fr_refitter_status {
    bool fitting;
    char step[32]; /* of the fit under way */
    double done;   /* of that step */
    uint32_t fits, failures;
    struct fr_refit_result last; /* of the latest that succeeded; version "": none */
};
void fr_refitter_status(struct fr_refitter *r, struct fr_refitter_status *out);
void fr_refitter_stop(struct fr_refitter **r);

#endif
