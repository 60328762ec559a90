/* Plans against sums by hand; the controller in worlds whose right answer is known: a fluid one, where the multiplier
 * is a quotient, and a random one with delays. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/target/pacing.h"

enum { DAY = 20000, MIDNIGHT = DAY * 24, PRICE = 1000 };

static fr_time_ms at(double hour) { return (fr_time_ms)(((double)MIDNIGHT + hour) * FR_HOUR_MS); }

static void spend(struct fr_ledger *l, fr_time_ms t, int64_t micros) {
    struct fr_ledger_delta d = {.hour = fr_ledger_hour(t)};
    d.add.of[FR_LEDGER_SPEND_MICROS] = micros;
    fr_ledger_apply(l, FR_LEDGER_HOURS, &d);
}

/* Twice as much traffic in the second half of the day. */
static struct fr_traffic_shape rising(void) {
    struct fr_traffic_shape s;
    for (unsigned h = 0; h < 24; h++) s.share[h] = h < 12 ? 1 / 36.0 : 2 / 36.0;
    return s;
}

static struct fr_pacing_budget always(int64_t daily, int64_t total) {
    return (struct fr_pacing_budget){daily, total, INT64_MIN, INT64_MAX, PRICE};
}

static void test_plans_follow_the_traffic(void) {
    struct fr_traffic_shape traffic = rising();
    struct fr_ledger l = {0};
    struct fr_pacing_plan plan;
    struct fr_pacing_budget b = always(3600000, 0);
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(7.3));
    CHECK_INT(plan.from, at(0));
    CHECK_INT(plan.to, at(24));
    CHECK_NEAR(fr_pacing_planned(&plan, at(-1)), 0, 0);
    CHECK_NEAR(fr_pacing_planned(&plan, at(6)), 600000, 1e-3);
    CHECK_NEAR(fr_pacing_planned(&plan, at(18.5)), 2500000, 1e-3);
    CHECK_NEAR(fr_pacing_planned(&plan, at(30)), 3600000, 1e-3);
    b.start_ms = at(6); /* an eighteen hour day with 6 + 24 of 36 parts */
    b.end_ms = at(100);
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(7.3));
    CHECK_NEAR(fr_pacing_planned(&plan, at(6)), 0, 0);
    CHECK_NEAR(fr_pacing_planned(&plan, at(12)), 720000, 1e-3);
    b.end_ms = at(12);
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(7.3));
    CHECK_NEAR(fr_pacing_planned(&plan, at(9)), 1800000, 1e-3);
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(24.3)); /* it is over */
    CHECK_NEAR(plan.budget_micros, 0, 0);
}

static void test_totals_bound_the_days(void) {
    struct fr_traffic_shape traffic = rising();
    struct fr_ledger l = {0};
    struct fr_pacing_plan plan;
    struct fr_pacing_budget b = always(1000000, 2500000);
    spend(&l, at(-5), 2000000);
    spend(&l, at(1), 100000); /* today's own does not shrink today's plan */
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(2));
    CHECK_NEAR(plan.budget_micros, 500000, 1e-6);
    b = always(0, 3000000);
    b.end_ms = at(4 * 24 + 12); /* four and a third days' traffic */
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(2));
    CHECK_NEAR(plan.budget_micros, 1000000 / (4 + 1 / 3.0), 1e-3);
    b.end_ms = INT64_MAX;
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(2));
    CHECK_NEAR(plan.budget_micros, 1000000, 1e-6);
    b = always(0, 1500000); /* overspent */
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(2));
    CHECK_NEAR(plan.budget_micros, 0, 0);
    b = always(0, 0);
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(2));
    struct fr_pacing_control c = {0};
    CHECK(isinf(plan.budget_micros));
    CHECK_NEAR(fr_pacing_step(&c, &plan, &l, 1000, at(2)), 1, 0);
    fr_ledger_fini(&l);
}

/* At a multiplier of 1 the fluid spends 8 budgets a day, spread as the plan is: the multiplier must be 1 / 8. */
static void test_a_fluid_settles_at_the_quotient(void) {
    struct fr_traffic_shape traffic = rising();
    struct fr_ledger l = {0};
    struct fr_pacing_plan plan;
    struct fr_pacing_control c = {0};
    const int64_t budget = 8640 * (int64_t)PRICE;
    struct fr_pacing_budget b = always(budget, 0);
    fr_pacing_plan_of(&plan, &b, &l, &traffic, at(0));
    double owed = 0;
    for (fr_time_ms t = at(0); t < at(24); t += 1000) {
        double m = fr_pacing_step(&c, &plan, &l, 1000, t);
        bool settles = t >= at(12) && t < at(12) + 30000; /* where the traffic doubles */
        if (t > at(1) && t < at(23.9) && !settles) CHECK_NEAR(m, .125, .003);
        owed += m * 8 * (double)budget * fr_traffic_between(&plan.shape, t, t + 1000);
        spend(&l, t, (int64_t)owed);
        owed -= floor(owed);
        if ((t + 1000) % FR_HOUR_MS == 0)
            CHECK_NEAR((double)fr_ledger_spent_on_day(&l, DAY) / fr_pacing_planned(&plan, t + 1000), 1, .002);
    }
    CHECK_NEAR((double)fr_ledger_spent_on_day(&l, DAY), (double)budget, PRICE);
    fr_ledger_fini(&l);
}

/* --- a random world with delays ------------------------------------------------------------------------- */

enum { DELAY_S = 4, STEPS = 86400 };

struct world {
    struct fr_ledger ledger;
    struct fr_pacing_plan plan;
    struct fr_pacing_control control;
    struct fr_rng rng;
    double at_one;               /* billed events a second at a multiplier of 1, on average over the day */
    double multipliers[DELAY_S]; /* of the last steps: the oldest one decides what is billed now */
    int64_t billed, by_hour[24];
};

static uint32_t poisson(struct fr_rng *rng, double mean) {
    double product = fr_rng_uniform(rng), least = exp(-mean);
    uint32_t n = 0;
    for (; product > least; n++) product *= fr_rng_uniform(rng);
    return n;
}

static void world_init(struct world *w, uint64_t seed, int64_t budget_events, double at_one) {
    struct fr_traffic_shape traffic = rising();
    struct fr_pacing_budget b = always(budget_events * PRICE, 0);
    memset(w, 0, sizeof *w);
    w->rng.state = seed;
    w->at_one = at_one;
    fr_pacing_plan_of(&w->plan, &b, &w->ledger, &traffic, at(0));
}

/* One second: the controller looks, and what an earlier multiplier let through is billed. */
static void world_step(struct world *w, uint32_t second, double supply) {
    fr_time_ms t = at(0) + (fr_time_ms)second * 1000;
    double *then = &w->multipliers[second % DELAY_S];
    double mean = *then * supply * w->at_one * STEPS * fr_traffic_between(&w->plan.shape, t, t + 1000);
    *then = fr_pacing_step(&w->control, &w->plan, &w->ledger, DELAY_S * 1000, t);
    uint32_t n = poisson(&w->rng, mean);
    spend(&w->ledger, t, (int64_t)n * PRICE);
    w->billed += n;
    w->by_hour[second / 3600] += n;
}

static double planned_events(const struct world *w, double from, double to) {
    return (fr_pacing_planned(&w->plan, at(to)) - fr_pacing_planned(&w->plan, at(from))) / PRICE;
}

static void test_hours_follow_the_plan_within_one_percent(void) {
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct world w;
        world_init(&w, seed, 36000, 3);
        for (uint32_t s = 0; s < STEPS; s++) world_step(&w, s, 1);
        for (uint32_t h = 0; h < 24; h++)
            CHECK_NEAR((double)w.by_hour[h] / planned_events(&w, h, h + 1), 1, .01);
        CHECK(w.billed >= 36000 - 20 && w.billed <= 36000 + 20);
        fr_ledger_fini(&w.ledger);
    }
}

/* The mean over some hours of what the controller takes to be under way, in billed events. */
static double mean_under_way(struct world *w, uint32_t from, uint32_t to, double supply) {
    double sum = 0;
    for (uint32_t s = from * 3600; s < to * 3600; s++) {
        world_step(w, s, supply);
        sum += fr_pacing_under_way(&w->control) / PRICE;
    }
    return sum / ((to - from) * 3600);
}

/* Supply that is three times, and then half, of what it was: learnt within a fraction of the hour. On average a
 * delay's worth of spend is under way. */
static void test_supply_may_change(void) {
    struct world w;
    world_init(&w, 8, 36000, 3);
    mean_under_way(&w, 0, 1, 1);
    CHECK_NEAR(mean_under_way(&w, 1, 6, 1), planned_events(&w, 1, 6) / 5 / 3600 * DELAY_S, .05);
    mean_under_way(&w, 6, 7, 3);
    CHECK_NEAR(mean_under_way(&w, 7, 11, 3), planned_events(&w, 7, 11) / 4 / 3600 * DELAY_S, .05);
    mean_under_way(&w, 11, 13, .5);
    CHECK_NEAR(mean_under_way(&w, 13, 24, .5), planned_events(&w, 13, 24) / 11 / 3600 * DELAY_S, .1);
    for (uint32_t h = 0; h < 24; h++) CHECK_NEAR((double)w.by_hour[h] / planned_events(&w, h, h + 1), 1, .01);
    fr_ledger_fini(&w.ledger);
}

/* No traffic for an hour, then as before: what was missed is made up for, at most at twice the pace. */
static void test_a_gap_is_made_up_for(void) {
    struct world w;
    world_init(&w, 3, 36000, 3);
    int64_t half_an_hour = 0;
    for (uint32_t s = 0; s < STEPS; s++) {
        world_step(&w, s, s / 3600 == 5 ? 0 : 1);
        if (s == 6 * 3600 + 1800) half_an_hour = w.by_hour[6];
    }
    CHECK(w.by_hour[5] <= 1);
    CHECK((double)half_an_hour < 2.1 * planned_events(&w, 6, 6.5));
    CHECK((double)w.by_hour[6] > 1.8 * planned_events(&w, 6, 7));
    CHECK((double)w.by_hour[6] < 2.1 * planned_events(&w, 6, 7));
    CHECK_NEAR((double)w.by_hour[9] / planned_events(&w, 9, 10), 1, .01);
    CHECK(w.billed >= 36000 - 20 && w.billed <= 36000 + 20);
    fr_ledger_fini(&w.ledger);
}

/* Traffic that could pay for half of the budget is let through whole. */
static void test_what_cannot_be_spent_is_not_held_back(void) {
    struct world w;
    world_init(&w, 4, 36000, .2);
    for (uint32_t s = 0; s < STEPS; s++) {
        world_step(&w, s, 1);
        if (s > 600) CHECK_NEAR(w.control.multiplier, 1, 0);
    }
    CHECK_NEAR((double)w.billed, .2 * STEPS, 5 * sqrt(.2 * STEPS));
    fr_ledger_fini(&w.ledger);
}

static void test_at_the_budget_it_is_over_at_once(void) {
    struct world w;
    world_init(&w, 5, 1000, 3);
    for (uint32_t s = 0; s < 3600; s++) world_step(&w, s, 1);
    CHECK(w.control.multiplier > 0);
    spend(&w.ledger, at(1), 1000 * PRICE); /* from elsewhere */
    CHECK_NEAR(fr_pacing_step(&w.control, &w.plan, &w.ledger, 4000, at(1)), 0, 0);
    CHECK_NEAR(fr_pacing_step(&w.control, &w.plan, &w.ledger, 4000, at(23)), 0, 0);
    fr_ledger_fini(&w.ledger);
}

static void test_time_does_not_run_back(void) {
    struct world w;
    world_init(&w, 6, 1000, 3);
    for (uint32_t s = 0; s < 100; s++) world_step(&w, s, 1);
    struct fr_pacing_control before = w.control;
    CHECK_NEAR(fr_pacing_step(&w.control, &w.plan, &w.ledger, 4000, at(0)), before.multiplier, 0);
    CHECK(memcmp(&before, &w.control, sizeof before) == 0);
    fr_ledger_fini(&w.ledger);
}

/* A restart goes on where the view ended. */
static void test_a_control_is_read_back(void) {
    struct world w;
    struct fr_buf out = {0};
    world_init(&w, 9, 36000, 3);
    for (uint32_t s = 0; s < 3600; s++) world_step(&w, s, 1);
    struct fr_pacing_control again, before = w.control;
    fr_pacing_control_encode(&before, &out);
    CHECK(fr_pacing_control_decode(&again, fr_buf_slice(&out)));
    fr_time_ms now = at(1) + 2000;
    CHECK_NEAR(fr_pacing_step(&again, &w.plan, &w.ledger, 4000, now),
               fr_pacing_step(&before, &w.plan, &w.ledger, 4000, now), 0);
    CHECK(again.goal == before.goal && again.exposure == before.exposure &&
          again.seen_micros == before.seen_micros);
    CHECK(again.under_way == before.under_way && again.spent_micros == before.spent_micros &&
          again.multiplier > 0);
    for (uint32_t n = 0; n < out.len; n++)
        CHECK(!fr_pacing_control_decode(&again, (struct fr_str){out.data, n}));
    before.multiplier = 1.5;
    fr_buf_clear(&out);
    fr_pacing_control_encode(&before, &out);
    CHECK(!fr_pacing_control_decode(&again, fr_buf_slice(&out)) && !again.started);
    before.multiplier = .5;
    before.exposure = (double)NAN;
    fr_buf_clear(&out);
    fr_pacing_control_encode(&before, &out);
    CHECK(!fr_pacing_control_decode(&again, fr_buf_slice(&out)));
    fr_buf_fini(&out);
    fr_ledger_fini(&w.ledger);
}

/* --- requests ------------------------------------------------------------------------------------------ */

static struct fr_str user_of(uint32_t i, char text[16]) {
    return (struct fr_str){text, (uint32_t)snprintf(text, 16, "u%u", i)};
}

static void test_admits_this_share(void) {
    enum { N = 40000 };
    char text[16];
    uint32_t in = 0, both = 0, again = 0;
    for (uint32_t i = 0; i < N; i++) {
        struct fr_str user = user_of(i, text);
        bool a = fr_pacing_admits(.3, user, FR_STR("a"), 7), b = fr_pacing_admits(.3, user, FR_STR("b"), 7);
        in += a;
        both += a && b;
        again += a && fr_pacing_admits(.3, user, FR_STR("a"), 8);
        CHECK(!a || fr_pacing_admits(.31, user, FR_STR("a"), 7));
        CHECK(!fr_pacing_admits(0, user, FR_STR("a"), 7) && fr_pacing_admits(1, user, FR_STR("a"), 7));
    }
    CHECK_NEAR(in, .3 * N, 4 * sqrt(.3 * .7 * N)); /* 4 standard deviations of a binomial */
    CHECK_NEAR(both, .09 * N, 4 * sqrt(.09 * .91 * N));
    CHECK_NEAR(again, .09 * N, 4 * sqrt(.09 * .91 * N));
}

int main(void) {
    RUN(test_plans_follow_the_traffic);
    RUN(test_totals_bound_the_days);
    RUN(test_a_fluid_settles_at_the_quotient);
    RUN(test_hours_follow_the_plan_within_one_percent);
    RUN(test_supply_may_change);
    RUN(test_a_gap_is_made_up_for);
    RUN(test_what_cannot_be_spent_is_not_held_back);
    RUN(test_at_the_budget_it_is_over_at_once);
    RUN(test_time_does_not_run_back);
    RUN(test_a_control_is_read_back);
    RUN(test_admits_this_share);
    return check_done();
}
