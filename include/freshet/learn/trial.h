/* trial.h - what a bundle's lists are worth on the holdout of a time split.
 *
 * Lists     of each case's history before the cutoff, by each model (folded in as live, not looked up) and by the blend that
 *           the bundle states; nothing of the history is listed. Judged against the case's truth; items are compared by id,
 *           so bundles with other columns are judged by the same cases.
 * Promise   a function of its arguments but for `threads`.
 * Memory    as learn/toplists.h. */
#ifndef FR_LEARN_TRIAL_H
#define FR_LEARN_TRIAL_H

#include "freshet/learn/bundle.h"
#include "freshet/learn/histories.h"

/* ndcg[s->case_n]: of the blend's first k, case by case. figures[b->model_n]: of each model alone, but for their
 * fit_seconds, which stay; NULL: not wanted. Gives those of the blend. */
struct fr_figures fr_trial(const struct fr_bundle *b, const struct fr_histories *h,
                           const struct fr_time_split *s, uint32_t k, unsigned threads, float *ndcg,
                           struct fr_figures *figures);

#endif
