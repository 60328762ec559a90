#include "freshet/target/traffic.h"
#include <math.h>

enum { HOURS = 24 };

void fr_traffic_shape_uniform(struct fr_traffic_shape *shape) {
    for (unsigned h = 0; h < HOURS; h++) shape->share[h] = 1.0 / HOURS;
}

/* What was seen of one hour of the day. */
struct seen {
    double count, days; /* weighted by age */
};

static unsigned hour_of_day(int32_t hour) { return (unsigned)(hour - (int64_t)fr_ledger_day(hour) * HOURS); }

static void collect(const struct fr_ledger *ledger, int32_t now_hour, struct seen seen[HOURS]) {
    const struct fr_ledger_series *hours = &ledger->hours;
    if (hours->n == 0) return;
    uint32_t next = 1;
    for (int64_t hour = (int64_t)hours->buckets[0].at + 1; hour < now_hour; hour++) {
        while (next < hours->n && hours->buckets[next].at < hour) next++;
        double count = 0;
        if (next < hours->n && hours->buckets[next].at == hour)
            count = (double)hours->buckets[next].sums.of[FR_LEDGER_OPPORTUNITIES];
        double weight = exp2((double)(hour - now_hour) / (HOURS * FR_TRAFFIC_HALF_LIFE_DAYS));
        struct seen *s = &seen[hour_of_day((int32_t)hour)];
        s->count += weight * fmax(count, 0);
        s->days += weight;
    }
}

/* A whole day's traffic, the hours not seen filled in by the prior. */
static double daily_total(const struct seen seen[HOURS], const struct fr_traffic_shape *prior) {
    double total = 0, known = 0;
    for (unsigned h = 0; h < HOURS; h++) {
        if (seen[h].days <= 0) continue;
        total += seen[h].count / seen[h].days;
        known += prior->share[h];
    }
    return known > 0 ? total / known : 0;
}

void fr_traffic_shape_of(struct fr_traffic_shape *shape, const struct fr_ledger *ledger, fr_time_ms now,
                         const struct fr_traffic_shape *prior) {
    struct seen seen[HOURS] = {{0}};
    struct fr_traffic_shape made;
    double sum = 0;
    int32_t now_hour = fr_ledger_hour(now);
    /* A ledger whose newest hour is far behind says nothing about today; the window bounds the walk as well. */
    if ((int64_t)now_hour - ledger->newest_hour < FR_TRAFFIC_HOURS) collect(ledger, now_hour, seen);
    double total = daily_total(seen, prior);
    for (unsigned h = 0; h < HOURS; h++) {
        double days = total > 0 ? FR_TRAFFIC_PRIOR_COUNT / total : 1;
        made.share[h] = (seen[h].count + FR_TRAFFIC_PRIOR_COUNT * prior->share[h]) / (seen[h].days + days);
        if (!(total > 0)) made.share[h] = prior->share[h];
        sum += made.share[h];
    }
    for (unsigned h = 0; h < HOURS; h++) shape->share[h] = made.share[h] / sum;
}

/* Days' worth since 1970. */
static double cumulated(const struct fr_traffic_shape *shape, fr_time_ms t) {
    int32_t hour = fr_ledger_hour(t), day = fr_ledger_day(hour);
    unsigned of_day = hour_of_day(hour);
    double share = 0;
    for (unsigned h = 0; h < of_day; h++) share += shape->share[h];
    return day + share + shape->share[of_day] * (double)(t - (int64_t)hour * FR_HOUR_MS) / FR_HOUR_MS;
}

double fr_traffic_between(const struct fr_traffic_shape *shape, fr_time_ms from, fr_time_ms to) {
    FR_ASSERT(from <= to);
    return cumulated(shape, to) - cumulated(shape, from);
}
