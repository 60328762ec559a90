#include "freshet/target/running_rate.h"
#include "freshet/base/real.h"

#define COUNT_MOST 1e30f

struct owned_rate {
    struct fr_rate rate;
    uint64_t owner;
};

void fr_rates_init(struct fr_rates *r, const struct fr_rates_params *params) {
    r->params = *params;
    fr_ways_init(&r->table, params->bits, sizeof(struct owned_rate));
}

void fr_rates_fini(struct fr_rates *r) { fr_ways_fini(&r->table); }

/* EVER comes first and does not age. */
static void age(struct fr_rate *rate, const struct fr_rates_params *p, fr_time_ms age_ms) {
    if (age_ms <= 0) return;
    for (int span = FR_RATE_EVER + 1; span < FR_RATE_SPANS; span++) {
        if (rate->shown[span] <= 0) continue;
        float keep = (float)fr_exp2(-(double)age_ms / (double)p->half_life_ms[span]);
        rate->shown[span] *= keep;
        rate->yes[span] *= keep;
    }
}

struct fr_rate fr_rates_get(const struct fr_rates *r, uint64_t key, fr_time_ms now_ms) {
    size_t place = fr_ways_find(&r->table, key);
    if (place == FR_WAYS_NONE) return (struct fr_rate){0};
    struct fr_rate rate = ((const struct owned_rate *)fr_ways_value(&r->table, place))->rate;
    age(&rate, &r->params, now_ms - *fr_ways_touched_ms(&r->table, place));
    return rate;
}

void fr_rates_add(struct fr_rates *r, uint64_t key, uint64_t owner, fr_time_ms now_ms, float shown,
                  float yes) {
    size_t place = fr_ways_take(&r->table, key, now_ms);
    struct owned_rate *owned = fr_ways_value(&r->table, place);
    struct fr_rate *rate = &owned->rate;
    fr_time_ms *touched_ms = fr_ways_touched_ms(&r->table, place);
    age(rate, &r->params, now_ms - *touched_ms);
    if (now_ms > *touched_ms) *touched_ms = now_ms;
    owned->owner = owner;
    for (int span = 0; span < FR_RATE_SPANS; span++) {
        rate->shown[span] += shown;
        rate->yes[span] += yes;
    }
}

void fr_rates_forget(struct fr_rates *r, uint64_t owner) {
    for (size_t place = 0; place < (size_t)1 << r->params.bits; place++) {
        const struct owned_rate *owned = fr_ways_value(&r->table, place);
        if (r->table.keys[place] && owned->owner == owner) fr_ways_remove(&r->table, place);
    }
}

double fr_rate_smoothed(const struct fr_rate *rate, enum fr_rate_span span, double prior, double strength) {
    return ((double)rate->yes[span] + strength * prior) / ((double)rate->shown[span] + strength);
}

void fr_rates_save(const struct fr_rates *r, struct fr_tensors_writer *w) {
    fr_ways_save(&r->table, "rates", w);
}

/* Not NaN, and small enough that rates of it are numbers. */
static bool makes_sense(const struct fr_rate *rate) {
    for (int span = 0; span < FR_RATE_SPANS; span++)
        if (!(rate->yes[span] >= 0 && rate->yes[span] < COUNT_MOST && rate->shown[span] >= 0 &&
              rate->shown[span] < COUNT_MOST))
            return false;
    return true;
}

enum fr_err fr_rates_load(struct fr_rates *r, const struct fr_tensors_file *file, struct fr_errmsg *msg) {
    enum fr_err err = fr_ways_load(&r->table, "rates", file, msg);
    for (size_t place = 0; err == FR_OK && place < (size_t)1 << r->params.bits; place++)
        if (!makes_sense(&((const struct owned_rate *)fr_ways_value(&r->table, place))->rate))
            err = fr_err_set(msg, FR_STATE_CORRUPT, "rates: a count makes no sense");
    return err;
}
