#include "freshet/target/lift.h"
#include "freshet/base/hash.h"
#include "freshet/learn/judge.h"
#include <math.h>

static const struct fr_bounded unknown = {(double)NAN, (double)NAN, (double)NAN};

static double two_sided(double z) { return 2 * fr_normal_cdf(-fabs(z)); }

static double critical(double confidence) { return fr_normal_quantile((1 + confidence) / 2); }

static double rate(struct fr_group_count g) { return (double)g.yes / (double)g.n; }

static struct fr_bounded wilson(struct fr_group_count g, double z) {
    double n = (double)g.n, p = rate(g), square = z * z;
    double middle = (p + square / (2 * n)) / (1 + square / n);
    double half = z * sqrt(p * (1 - p) / n + square / (4 * n * n)) / (1 + square / n);
    return (struct fr_bounded){p, fmax(middle - half, 0), fmin(middle + half, 1)};
}

struct fr_bounded fr_rate_bounded(struct fr_group_count group, double confidence) {
    return group.n ? wilson(group, critical(confidence)) : unknown;
}

static struct fr_bounded difference_of(struct fr_group_count treated, struct fr_group_count control,
                                       double z) {
    struct fr_bounded t = wilson(treated, z), c = wilson(control, z);
    double value = t.value - c.value;
    return (struct fr_bounded){value, value - hypot(t.value - t.low, c.high - c.value),
                               value + hypot(t.high - t.value, c.value - c.low)};
}

static struct fr_bounded relative_of(struct fr_group_count treated, struct fr_group_count control, double z) {
    double half = treated.yes == 0 || control.yes == 0 ? .5 : 0;
    double t = (double)treated.yes + half, c = (double)control.yes + half;
    double t_n = (double)treated.n + half, c_n = (double)control.n + half;
    double ratio = (t / t_n) / (c / c_n);
    double spread = exp(z * sqrt(1 / t - 1 / t_n + 1 / c - 1 / c_n));
    return (struct fr_bounded){ratio - 1, ratio / spread - 1, ratio * spread - 1};
}

static double z_of(struct fr_group_count treated, struct fr_group_count control) {
    double t_n = (double)treated.n, c_n = (double)control.n;
    double pooled = ((double)treated.yes + (double)control.yes) / (t_n + c_n);
    double variance = pooled * (1 - pooled) * (1 / t_n + 1 / c_n);
    return variance > 0 ? (rate(treated) - rate(control)) / sqrt(variance) : (double)NAN;
}

struct fr_lift fr_lift_of(struct fr_group_count treated, struct fr_group_count control, double confidence) {
    if (treated.n == 0 || control.n == 0) return (struct fr_lift){unknown, unknown, (double)NAN, (double)NAN};
    double critical_z = critical(confidence), z = z_of(treated, control);
    return (struct fr_lift){.difference = difference_of(treated, control, critical_z),
                            .relative = relative_of(treated, control, critical_z),
                            .z = z,
                            .p = two_sided(z)};
}

/* Byar's limit of a count's mean on one side. */
static double byar(double count, double z) {
    if (count <= 0) return 0;
    double root = 1 - 1 / (9 * count) + z / (3 * sqrt(count));
    return root > 0 ? count * root * root * root : 0;
}

struct fr_bounded fr_calibration_ratio(double predicted, uint64_t happened, double confidence) {
    if (!(predicted > 0)) return unknown;
    double z = critical(confidence), count = (double)happened;
    return (struct fr_bounded){count / predicted, byar(count, -z) / predicted,
                               byar(count + 1, z) / predicted};
}

bool fr_is_control(struct fr_str user, struct fr_str campaign, uint64_t salt, double share) {
    uint64_t h = fr_hash64(user.ptr, user.len, fr_hash64(campaign.ptr, campaign.len, salt));
    return (double)(h >> 11) * 0x1p-53 < share;
}
