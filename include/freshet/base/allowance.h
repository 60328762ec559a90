/* allowance.h - at most so many a second, by the times of those who ask: who gets one is a function of the log.
 *
 *           A second's worth (one at least) may be saved up. Times need not rise: sources that are a little apart take turns without
 *           getting more together. A time more than an hour back begins anew with a full allowance, or one from the far
 *           future would be the last.
 * Threads   none of its own. */
#ifndef FR_BASE_ALLOWANCE_H
#define FR_BASE_ALLOWANCE_H

#include "freshet/base/clock.h"
#include "freshet/base/tensors.h"

/* Zero-initialised is full. */
struct fr_allowance {
    double left;
    fr_time_ms newest_ms; /* 0: nobody asked */
};

/* Takes one if there is one. per_s > 0 */
bool fr_allowance_take(struct fr_allowance *a, double per_s, fr_time_ms time_ms);

/* As the array `name`; where a file has none, the allowance is full. */
void fr_allowance_save(const struct fr_allowance *a, const char *name, struct fr_tensors_writer *w);
enum fr_err fr_allowance_load(struct fr_allowance *a, const char *name, const struct fr_tensors_file *f,
                              struct fr_errmsg *msg) FR_MUST_USE;

#endif
