/* tune.h - the hyper-parameters of a model, chosen on a part of what it learns from.
 *
 * Promise   sees nothing but the holdout it is given, which is made of training data alone. With enough budget a function of
 *           (data, parameters, seed, threads); a budget that runs out cuts the search short where the clock says, and then
 *           only.
 * Measure   (recall + ndcg) / 2 at k of the held-out items, mean over users. A setting gives way to another only when that is
 *           better by more than the standard error of the differences, and the start to the end of the search only when
 *           that is better by FR_TUNE_MARGIN: where the data do not say, the standards stay.
 * Cost      one fit per question, or one scoring where the model can adjust. The first question is always answered, and the
 *           budget is what may be spent after it, so that a slow machine searches, too. No fit is begun that by the ones
 *           before would end after the budget, and one that is late is given up at 1.25 times the budget.
 * Threads   fit.threads for fits and scoring; sets fr_la_threads. */
#ifndef FR_LEARN_TUNE_H
#define FR_LEARN_TUNE_H

#include "freshet/learn/holdout.h"
#include "freshet/learn/quality.h"

#define FR_TUNE_MARGIN .02 /* relative */

struct fr_tune {
    const struct fr_model_ops *ops;
    struct fr_fit fit; /* of holdout->rest; its progress is called, too */
    const struct fr_holdout *holdout;
    uint32_t k, depth;                /* measured at k; lists of depth >= k are kept */
    double budget_s;                  /* 0: the start is judged, no more */
    double (*seconds)(void *context); /* a clock that only goes forward */
    /* Told of each question: its number from 1, what was judged, the best so far. NULL: nobody. */
    void (*tried)(void *context, uint32_t number, const double *values, double judged, double best);
    void *context;
};

struct fr_tuned {
    double values[FR_PARAMETERS_MAX];
    double judged;
    uint32_t asked, fits;     /* points that were judged, models that were fitted for them */
    bool finished;            /* false: the budget ended it */
    struct fr_toplists lists; /* of holdout->users, by the best; borrows holdout->users */
};

/* values: where to start; NULL: the model's standards. gives out->lists. FR_TIMEOUT: fit.progress said no; else what the
 * first fit failed with. */
enum fr_err fr_tune_run(const struct fr_tune *tune, const double *values, struct fr_tuned *out,
                        struct fr_errmsg *msg) FR_MUST_USE;

#endif
