/* running_rate.h - how often something was answered: shown and yes for any key, for ever and lately.
 *
 * Keeps     for each key three spans: FR_RATE_EVER, which forgets nothing, and two that halve every params.half_life_ms.
 *           A key is a hash of what is counted (a user, a creative, a user and a topic ..), in a table of fixed size: what
 *           was untouched longest gives way (base/ways.h) and is then as if it had never been met.
 * Formula   smoothed rate = (yes + strength * prior) / (shown + strength), prior the rate of what stands above it
 *           (creative -> campaign -> advertiser -> topic -> all): what is new begins as its kind is (a beta prior by
 *           its mean and strength). Decay: both sums times 2^(-age / half-life), age since the last addition, at least 0.
 * Promise   a function of the additions in their order; powers by base/real.h: the same bits on any machine.
 * Threads   one owner, or any number of readers. */
#ifndef FR_TARGET_RUNNING_RATE_H
#define FR_TARGET_RUNNING_RATE_H

#include "freshet/base/ways.h"

enum fr_rate_span { FR_RATE_EVER, FR_RATE_DAYS, FR_RATE_HOURS, FR_RATE_SPANS };

struct fr_rate {
    float shown[FR_RATE_SPANS], yes[FR_RATE_SPANS];
};

struct fr_rates_params {
    uint32_t bits;                          /* 2^bits keys at most */
    fr_time_ms half_life_ms[FR_RATE_SPANS]; /* of EVER ignored */
};

struct fr_rates {
    struct fr_rates_params params;
    struct fr_ways table;
};

void fr_rates_init(struct fr_rates *r, const struct fr_rates_params *params);
void fr_rates_fini(struct fr_rates *r);

/* As of now_ms; zeros for a key never met. */
struct fr_rate fr_rates_get(const struct fr_rates *r, uint64_t key, fr_time_ms now_ms);
/* shown and yes are added; a late answer is shown 0, yes 1. owner: whose it is, 0 nobody's; always the same for a key. */
void fr_rates_add(struct fr_rates *r, uint64_t key, uint64_t owner, fr_time_ms now_ms, float shown,
                  float yes);
/* All keys of that owner are as if they had never been met. Goes over the whole table. */
void fr_rates_forget(struct fr_rates *r, uint64_t owner);

/* As fr_ways_save with the name "rates". */
void fr_rates_save(const struct fr_rates *r, struct fr_tensors_writer *w);
/* Into an empty one of the same params. FR_STATE_CORRUPT: it is then unspecified. */
enum fr_err fr_rates_load(struct fr_rates *r, const struct fr_tensors_file *file,
                          struct fr_errmsg *msg) FR_MUST_USE;

double fr_rate_smoothed(const struct fr_rate *rate, enum fr_rate_span span, double prior, double strength);

#endif
