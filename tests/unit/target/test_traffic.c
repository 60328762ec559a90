#include "check.h"
#include "freshet/target/traffic.h"

enum { DAY = 20000, MIDNIGHT = DAY * 24 };

static void add(struct fr_ledger *l, int32_t hour, int64_t n) {
    struct fr_ledger_delta d = {.hour = hour};
    d.add.of[FR_LEDGER_OPPORTUNITIES] = n;
    fr_ledger_apply(l, FR_TRAFFIC_HOURS, &d);
}

static fr_time_ms at(int32_t hour, int32_t minute) {
    return (fr_time_ms)hour * FR_HOUR_MS + (fr_time_ms)minute * 60000;
}

static double sum_of(const struct fr_traffic_shape *s) {
    double sum = 0;
    for (unsigned h = 0; h < 24; h++) {
        CHECK(s->share[h] > 0);
        sum += s->share[h];
    }
    return sum;
}

/* Counts that rise over the day, so large that the prior does not show. */
static int64_t count_at(unsigned h) { return 1000000 * (int64_t)(h + 1); }

static void test_without_data_the_prior(void) {
    struct fr_ledger l = {0};
    struct fr_traffic_shape prior, shape;
    fr_traffic_shape_uniform(&prior);
    prior.share[3] += .01;
    prior.share[4] -= .01;
    fr_traffic_shape_of(&shape, &l, at(MIDNIGHT, 0), &prior);
    for (unsigned h = 0; h < 24; h++) CHECK_NEAR(shape.share[h], prior.share[h], 1e-15);
    add(&l, MIDNIGHT, 50); /* only an hour that is not whole */
    fr_traffic_shape_of(&shape, &l, at(MIDNIGHT, 30), &prior);
    CHECK_NEAR(shape.share[0], prior.share[0], 1e-15);
    fr_ledger_fini(&l);
}

static void test_shares_are_the_counts(void) {
    struct fr_ledger l = {0};
    struct fr_traffic_shape prior, shape;
    fr_traffic_shape_uniform(&prior);
    add(&l, MIDNIGHT - 1, 1);
    for (unsigned h = 0; h < 24; h++) add(&l, MIDNIGHT + (int32_t)h, count_at(h));
    add(&l, MIDNIGHT + 24, 1); /* the hour of now counts not */
    fr_traffic_shape_of(&shape, &l, at(MIDNIGHT + 24, 10), &prior);
    CHECK_NEAR(sum_of(&shape), 1, 1e-12);
    for (unsigned h = 0; h < 24; h++) CHECK_NEAR(shape.share[h], (h + 1) / 300.0, 1e-5);
    fr_ledger_fini(&l);
}

/* Half a day was seen: the rest is as the prior says, in proportion. */
static void test_hours_not_seen_follow_the_prior(void) {
    struct fr_ledger l = {0};
    struct fr_traffic_shape prior, shape;
    fr_traffic_shape_uniform(&prior);
    add(&l, MIDNIGHT - 1, 1);
    for (int32_t h = 0; h < 12; h++) add(&l, MIDNIGHT + h, h < 6 ? 1000000 : 3000000);
    fr_traffic_shape_of(&shape, &l, at(MIDNIGHT + 12, 0), &prior);
    CHECK_NEAR(shape.share[2], 1 / 48.0, 1e-5);
    CHECK_NEAR(shape.share[8], 3 / 48.0, 1e-5);
    CHECK_NEAR(shape.share[20], 2 / 48.0, 1e-5);
    CHECK_NEAR(sum_of(&shape), 1, 1e-12);
    fr_ledger_fini(&l);
}

/* One hour alike on the day before and twice as busy a week before that: weights 2^(-age / 7 days), by hand. */
static void test_older_days_count_less(void) {
    struct fr_ledger l = {0};
    struct fr_traffic_shape prior, shape;
    fr_traffic_shape_uniform(&prior);
    add(&l, MIDNIGHT - 9 * 24 - 1, 1);
    for (int32_t hour = MIDNIGHT - 9 * 24; hour < MIDNIGHT; hour++) add(&l, hour, 10000000);
    add(&l, MIDNIGHT - 8 * 24 + 5, 10000000);
    fr_traffic_shape_of(&shape, &l, at(MIDNIGHT, 0), &prior);
    double days = 0, seen = 0;
    for (int d = 1; d <= 9; d++) {
        double w = exp2(-d / 7.0);
        days += w;
        seen += w * (d == 8 ? 2 : 1);
    }
    CHECK_NEAR(shape.share[5] / shape.share[6], seen / days, 1e-4);
    fr_ledger_fini(&l);
}

/* 240 pseudo-opportunities beside 240 real ones in one day: half the prior, half the data. */
static void test_little_traffic_is_smoothed(void) {
    struct fr_ledger l = {0};
    struct fr_traffic_shape prior, shape;
    fr_traffic_shape_uniform(&prior);
    add(&l, MIDNIGHT - 1, 1);
    add(&l, MIDNIGHT + 7, 240);
    fr_traffic_shape_of(&shape, &l, at(MIDNIGHT + 24, 0), &prior);
    double weight = exp2(-17 / 168.0); /* of the hour seen, 17 hours ago */
    double busy = (weight * 240 + 10) / (weight + 1), sum = busy;
    for (int h = 0; h < 24; h++)
        if (h != 7) sum += 10 / (exp2((h - 24) / 168.0) + 1);
    CHECK_NEAR(shape.share[7], busy / sum, 1e-12);
    fr_ledger_fini(&l);
}

static void test_between_adds_up(void) {
    struct fr_traffic_shape s;
    for (unsigned h = 0; h < 24; h++) s.share[h] = (h + 1) / 300.0;
    CHECK_NEAR(fr_traffic_between(&s, at(MIDNIGHT, 0), at(MIDNIGHT + 24, 0)), 1, 1e-10);
    CHECK_NEAR(fr_traffic_between(&s, at(MIDNIGHT + 9, 17), at(MIDNIGHT + 57, 17)), 2, 1e-10);
    CHECK_NEAR(fr_traffic_between(&s, at(MIDNIGHT, 0), at(MIDNIGHT + 2, 30)), (1 + 2 + 1.5) / 300, 1e-10);
    CHECK_NEAR(fr_traffic_between(&s, at(MIDNIGHT + 23, 30), at(MIDNIGHT + 24, 30)), 12.5 / 300, 1e-10);
    CHECK_NEAR(fr_traffic_between(&s, at(-1, 0), at(1, 0)), 25.0 / 300, 1e-12); /* before 1970 */
}

int main(void) {
    RUN(test_without_data_the_prior);
    RUN(test_shares_are_the_counts);
    RUN(test_hours_not_seen_follow_the_prior);
    RUN(test_older_days_count_less);
    RUN(test_little_traffic_is_smoothed);
    RUN(test_between_adds_up);
    return check_done();
}
