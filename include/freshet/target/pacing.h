/* pacing.h - how likely a campaign may be shown, so that its budget is spent along a plan.
 *
 * A day's budget is planned by the traffic's shape: the share of the traffic that has passed is the share of the
 * budget that may be spent (Agarwal, Ghosh, Wei, You: Budget pacing for targeted online advertisements at
 * LinkedIn, KDD 2014). The means is a probability with which the campaign takes part in a request, the multiplier
 * (Lee, Jalali, Dasdan: Real time bid optimization with smooth budget delivery, ADKDD 2013). Both papers move
 * it by steps of a tenth. Here it is computed: what a multiplier of 1 would spend is estimated from what was spent,
 * and the multiplier is what brings the spend to the plan one horizon ahead. What requests already caused and the
 * ledger has not heard of yet is estimated and counted as spent (a Smith predictor), else the delay would
 * make the loop swing.
 *
 * Promise   0 at once when the budget is reached, what is probably under way included. Otherwise in [0, 1].
 * Not       no guarantee: what is under way when the budget is reached is spent on top. See permit.h for that.
 * Threads   one owner of a control; plans are read-only once made. Memory: the caller's. Errors: none. Pure. */
#ifndef FR_TARGET_PACING_H
#define FR_TARGET_PACING_H

#include "freshet/target/traffic.h"

/* What was agreed. start_ms <= the campaign runs < end_ms; INT64_MIN and INT64_MAX for always. */
struct fr_pacing_budget {
    int64_t daily_micros, total_micros; /* 0: without */
    fr_time_ms start_ms, end_ms;
    int64_t price_micros; /* of a billed event, above 0 */
};

/* A day of UTC and its part of the budget. */
struct fr_pacing_plan {
    fr_time_ms from, to;  /* from < to, or the campaign does not run that day */
    double budget_micros; /* for from to to; INFINITY without any budget */
    double price_micros;
    struct fr_traffic_shape shape;
};

/* The plan for the day of now, the same for every now of a day whose earlier days are settled: with a daily budget
 * this, at most what is left of the total; without one, today's share of what is left by the traffic until end_ms
 * (all of it if there is no end). The shape is the campaign's own opportunities before today, traffic being
 * the prior. ledger is the campaign's. */
void fr_pacing_plan_of(struct fr_pacing_plan *plan, const struct fr_pacing_budget *budget,
                       const struct fr_ledger *ledger, const struct fr_traffic_shape *traffic,
                       fr_time_ms now);

/* What may be spent by t since plan->from, in micros; 0 before and budget_micros from plan->to on. */
double fr_pacing_planned(const struct fr_pacing_plan *plan, fr_time_ms t);

/* What the controller remembers. Zero-initialised is ready. All private but multiplier. */
struct fr_pacing_control {
    double multiplier;
    fr_time_ms at;
    bool started;
    int64_t seen_micros; /* total spend at `at` */
    double under_way;    /* exposure whose spend is not in the ledger yet; exposure is multiplier x traffic */
    int32_t day;         /* of goal */
    double goal;         /* what may be spent of this day's budget by `at` */
    double exposure, spent_micros; /* fading sums; their ratio is what a day's worth at multiplier 1 spends */
};

/* delay_ms: the mean time from a new multiplier to the ledger knowing what it caused, so the age of views, the time
 * from a request to its billed event and the age of the ledger together; above 0.
 * Sets control->multiplier for the plan of now's day, and returns it. Call when the ledger changed and at least
 * once in delay_ms. A now before the last one changes nothing. */
double fr_pacing_step(struct fr_pacing_control *control, const struct fr_pacing_plan *plan,
                      const struct fr_ledger *ledger, fr_time_ms delay_ms, fr_time_ms now);

/* What the ledger cannot know yet, in micros, as of the last step. */
double fr_pacing_under_way(const struct fr_pacing_control *control);

/* The control as MessagePack, for the view that a restart reads it from: equal controls give equal bytes. The reader is
 * total: false, and a control that is ready, for anything else. */
void fr_pacing_control_encode(const struct fr_pacing_control *control, struct fr_buf *out);
bool fr_pacing_control_decode(struct fr_pacing_control *control, struct fr_str bytes) FR_MUST_USE;

/* Whether this user's request of this time slot may show the campaign: true for a share `multiplier` of (user,
 * campaign, slot), independent between them. A user who is let in stays so while the multiplier rises. */
bool fr_pacing_admits(double multiplier, struct fr_str user_id, struct fr_str campaign_id, int64_t slot);

#endif
