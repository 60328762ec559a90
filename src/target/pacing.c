#include "freshet/target/pacing.h"
#include "freshet/base/hash.h"
#include <math.h>

enum {
    DAY_MS = 24 * FR_HOUR_MS,
    HORIZON_EVENTS = 1, /* the horizon is the time in which the plan pays for so many events, */
    HORIZON_LEAST_MS = 5000,
    HORIZON_DELAYS = 2, /* but so many delays at least, */
    HORIZON_MOST_MS = 600000,
    MEMORY_EVENTS = 50, /* the half-life of the estimate, likewise */
    MEMORY_LEAST_MS = 60000,
    MEMORY_MOST_MS = 86400000,
    CATCH_UP = 2 /* at most so many times the rate that spreads what is left evenly */
};

/* Before anything is known a campaign is taken for one that could spend so many budgets a day, which is cautious, and
 * this counts as one billed event, so that a few planned ones correct it. */
static const double FIRST_BUDGETS = 100;

/* --- plan --------------------------------------------------------------------------------------------- */

static double daily_budget(const struct fr_pacing_plan *plan, const struct fr_pacing_budget *budget,
                           const struct fr_ledger *ledger, int32_t day) {
    if (!budget->daily_micros && !budget->total_micros) return HUGE_VAL;
    int64_t before = fr_ledger_total(ledger, FR_LEDGER_SPEND_MICROS) -
                     fr_ledger_on_day(ledger, day, FR_LEDGER_SPEND_MICROS);
    double left = fmax((double)budget->total_micros - (double)before, 0);
    if (!budget->total_micros) return (double)budget->daily_micros;
    if (budget->daily_micros) return fmin((double)budget->daily_micros, left);
    if (budget->end_ms == INT64_MAX) return left;
    return left * fr_traffic_between(&plan->shape, plan->from, plan->to) /
           fr_traffic_between(&plan->shape, plan->from, budget->end_ms);
}

void fr_pacing_plan_of(struct fr_pacing_plan *plan, const struct fr_pacing_budget *budget,
                       const struct fr_ledger *ledger, const struct fr_traffic_shape *traffic,
                       fr_time_ms now) {
    int32_t day = fr_ledger_day(fr_ledger_hour(now));
    fr_time_ms midnight = (fr_time_ms)day * DAY_MS;
    plan->from = budget->start_ms > midnight ? budget->start_ms : midnight;
    plan->to = budget->end_ms < midnight + DAY_MS ? budget->end_ms : midnight + DAY_MS;
    plan->price_micros = (double)budget->price_micros;
    fr_traffic_shape_of(&plan->shape, ledger, midnight, traffic);
    plan->budget_micros = plan->from < plan->to ? daily_budget(plan, budget, ledger, day) : 0;
}

/* The share of the plan's traffic between two times inside it. */
static double share_between(const struct fr_pacing_plan *plan, fr_time_ms from, fr_time_ms to) {
    if (from < plan->from) from = plan->from;
    if (to > plan->to) to = plan->to;
    if (from >= to) return 0;
    return fr_traffic_between(&plan->shape, from, to) /
           fr_traffic_between(&plan->shape, plan->from, plan->to);
}

double fr_pacing_planned(const struct fr_pacing_plan *plan, fr_time_ms t) {
    double share = share_between(plan, plan->from, t);
    return share > 0 ? share * plan->budget_micros : 0;
}

/* --- control ------------------------------------------------------------------------------------------ */

/* The time in which the plan pays for this many events, within bounds. */
static double time_of_events(const struct fr_pacing_plan *plan, fr_time_ms now, double events,
                             double least_ms, double most_ms) {
    double a_minute = share_between(plan, now, now + 60000) * plan->budget_micros;
    double ms = a_minute > 0 ? events * plan->price_micros / a_minute * 60000 : most_ms;
    return fmin(fmax(ms, least_ms), fmax(least_ms, most_ms));
}

static double spent_at_one(const struct fr_pacing_control *c) { return c->spent_micros / c->exposure; }

double fr_pacing_under_way(const struct fr_pacing_control *c) {
    return c->started ? c->under_way * spent_at_one(c) : 0;
}

static void start(struct fr_pacing_control *c, const struct fr_pacing_plan *plan, int64_t total,
                  fr_time_ms now) {
    double budget = fmax(plan->budget_micros, plan->price_micros);
    *c = (struct fr_pacing_control){.at = now,
                                    .started = true,
                                    .seen_micros = total,
                                    .exposure = plan->price_micros / (FIRST_BUDGETS * budget),
                                    .spent_micros = plan->price_micros};
}

/* Old observations fade, but never below the worth of one billed event: what was learnt is kept while nothing is let
 * through. */
static double fading(const struct fr_pacing_control *c, const struct fr_pacing_plan *plan, double elapsed_ms,
                     fr_time_ms now) {
    double half_life = time_of_events(plan, now, MEMORY_EVENTS, MEMORY_LEAST_MS, MEMORY_MOST_MS);
    double fades = exp2(-elapsed_ms / half_life);
    if (c->spent_micros * fades >= plan->price_micros) return fades;
    return c->spent_micros > plan->price_micros ? plan->price_micros / c->spent_micros : 1;
}

/* Exposure enters what is under way as the multiplier lets traffic through, and leaves it, as spend that should be in the
 * ledger, after an exponential time of mean delay_ms. */
static void observe(struct fr_pacing_control *c, const struct fr_pacing_plan *plan, int64_t total,
                    fr_time_ms delay_ms, fr_time_ms now) {
    double elapsed_ms = (double)(now - c->at);
    double entered = c->multiplier * fr_traffic_between(&plan->shape, c->at, now);
    double stays = exp(-elapsed_ms / (double)delay_ms);
    double of_entered = elapsed_ms > 0 ? (1 - stays) * (double)delay_ms / elapsed_ms : 1; /* it came evenly */
    double after = c->under_way * stays + entered * of_entered;
    double fades = fading(c, plan, elapsed_ms, now);
    c->exposure = c->exposure * fades + (c->under_way + entered - after);
    c->spent_micros = fmax(c->spent_micros * fades + (double)(total - c->seen_micros), 0);
    c->under_way = after;
    c->seen_micros = total;
    c->at = now;
}

/* Lets through what brings the spend to the goal of one horizon later. The goal is the plan, but it moves at most CATCH_UP
 * times as fast as spreads what is left evenly, from what was spent on: after an outage, when the estimate is far
 * too low, it is this line that holds the spend back. */
static double choose(struct fr_pacing_control *c, const struct fr_pacing_plan *plan, double spent,
                     double elapsed_ms, fr_time_ms delay_ms, fr_time_ms now) {
    double left = plan->budget_micros - spent, rest = share_between(plan, now, plan->to);
    if (left <= 0 || rest <= 0) return 0;
    double least_ms = fmax(HORIZON_LEAST_MS, HORIZON_DELAYS * (double)delay_ms);
    fr_time_ms horizon = (fr_time_ms)time_of_events(plan, now, HORIZON_EVENTS, least_ms, HORIZON_MOST_MS);
    fr_time_ms end = now + horizon < plan->to ? now + horizon : plan->to;
    double fast = CATCH_UP * left / rest, ahead = fast * share_between(plan, now, end);
    double moved = c->goal + fast * share_between(plan, now - (fr_time_ms)elapsed_ms, now);
    c->goal = fmin(fr_pacing_planned(plan, now), fmin(moved, spent + ahead));
    double wanted = fmin(fr_pacing_planned(plan, end), c->goal + ahead) - spent;
    if (wanted <= 0) return 0;
    double most = spent_at_one(c) * fr_traffic_between(&plan->shape, now, end);
    return most > wanted ? wanted / most : 1;
}

double fr_pacing_step(struct fr_pacing_control *c, const struct fr_pacing_plan *plan,
                      const struct fr_ledger *ledger, fr_time_ms delay_ms, fr_time_ms now) {
    int64_t total = fr_ledger_total(ledger, FR_LEDGER_SPEND_MICROS);
    FR_ASSERT(delay_ms > 0);
    if (c->started && now < c->at) return c->multiplier;
    if (isinf(plan->budget_micros)) return c->multiplier = 1;
    double elapsed_ms = c->started ? (double)(now - c->at) : 0;
    if (!c->started)
        start(c, plan, total, now);
    else
        observe(c, plan, total, delay_ms, now);
    int32_t day = fr_ledger_day(fr_ledger_hour(plan->from));
    double spent = (double)fr_ledger_spent_on_day(ledger, day);
    if (c->day != day) c->goal = spent;
    c->day = day;
    c->multiplier = choose(c, plan, spent + fr_pacing_under_way(c), elapsed_ms, delay_ms, now);
    return c->multiplier;
}

/* --- a request ---------------------------------------------------------------------------------------- */

bool fr_pacing_admits(double multiplier, struct fr_str user_id, struct fr_str campaign_id, int64_t slot) {
    uint64_t seed = fr_hash_mix(fr_hash_str(campaign_id) ^ fr_hash_mix((uint64_t)slot));
    return (double)(fr_hash64(user_id.ptr, user_id.len, seed) >> 11) * 0x1p-53 < multiplier;
}
