/* traffic.h - the shape of a day's traffic: which share of it each hour of the day brings, from the last two weeks.
 *
 * The counts are a ledger (FR_LEDGER_OPPORTUNITIES, hours_kept FR_TRAFFIC_HOURS): of the traffic as a whole, or of
 * one campaign. This file only reads it.
 *
 * Promise   shares are above 0 and sum to 1. Nothing but the ledger, the time and the prior decides. Pure.
 * Threads   any. Memory: the caller's. Errors: none. */
#ifndef FR_TARGET_TRAFFIC_H
#define FR_TARGET_TRAFFIC_H

#include "freshet/target/ledger.h"

/* By hour of the day of UTC. */
struct fr_traffic_shape {
    double share[24];
};

/* Every hour alike: what is assumed before anything was seen. */
void fr_traffic_shape_uniform(struct fr_traffic_shape *shape);

/* The mean of an hour's count over the days on which it was seen whole, a day half as much as the day a week later;
 * the first hour of the ledger and the hour of now are not whole. The prior counts as FR_TRAFFIC_PRIOR_COUNT
 * opportunities spread by it over one day, so that it decides for hours never seen and fades with traffic
 * (the mean of a Dirichlet distribution). */
enum { FR_TRAFFIC_PRIOR_COUNT = 240, FR_TRAFFIC_HALF_LIFE_DAYS = 7 };
void fr_traffic_shape_of(struct fr_traffic_shape *shape, const struct fr_ledger *ledger, fr_time_ms now,
                         const struct fr_traffic_shape *prior);

/* How much of a day's traffic falls between two times, in days' worth: 1 for any 24 hours, so more for longer spans.
 * Even within an hour. from must not be later than to. */
double fr_traffic_between(const struct fr_traffic_shape *shape, fr_time_ms from, fr_time_ms to);

#endif
