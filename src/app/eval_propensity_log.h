/* eval_propensity_log.h - rows for eval_propensity.h from a log of events, divided by time. */
#ifndef FR_APP_EVAL_PROPENSITY_LOG_H
#define FR_APP_EVAL_PROPENSITY_LOG_H

#include "eval_propensity.h"
#include "freshet/run/stages.h"
#include "freshet/target/training_rows.h"

struct propensity_log {
    const char *events, *items, *predict; /* items: NULL: none */
    int64_t horizon_days, every_days, warmup_days, recent_days;
};

/* What was read; propensity_log_free. */
struct propensity_world;

/* FR_IO, FR_CONFIG: what cannot be read, or makes no rows. */
enum fr_err propensity_log_read(const struct propensity_log *log, const struct fr_rules *rules,
                                struct propensity_world **out, struct fr_errmsg *msg) FR_MUST_USE;
void propensity_log_free(struct propensity_world *w);
const struct fr_table *propensity_log_table(const struct propensity_world *w);
const uint32_t *propensity_log_users(const struct propensity_world *w); /* of each row */
/* One split: the last quarter of the cuts is asked, those before learn unless their horizon reaches the first cut that is asked.
 * gives: propensity_splits_free; NULL with msg when either side is empty. */
struct propensity_split *propensity_log_split(const struct propensity_world *w, struct fr_errmsg *msg);
/* The columns of the baseline, ascending, into out[16]; returns how many. */
uint32_t propensity_log_baseline(const struct propensity_world *w, uint32_t *out);
/* CSV: user, time, part (learn, gap, ask), label, and the features. */
bool propensity_log_write(const struct propensity_world *w, const char *path, struct fr_errmsg *msg);

#endif
