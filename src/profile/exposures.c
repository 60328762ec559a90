/* Exposures: totals as long as a campaign is kept, and the times of one day for caps that roll.
 *
 * Rejected: the history's marks (at most eight times per behaviour, and a cap may be larger); counters per calendar hour (a
 * cap "three a day" must not allow six around midnight). Of the times only those are kept that a rolling day can still see. */
#include "freshet/profile/exposures.h"
#include "freshet/base/err.h"
#include "touch_order.h"
#include <stdlib.h>

void fr_exposures_fini(struct fr_exposures *x) {
    for (uint32_t i = 0; i < x->n; i++) free(x->at[i].times);
    free(x->at);
    *x = (struct fr_exposures){0};
}

const struct fr_exposure *fr_exposures_find(const struct fr_exposures *x, uint32_t campaign) {
    for (uint32_t i = 0; i < x->n; i++)
        if (x->at[i].campaign == campaign) return &x->at[i];
    return NULL;
}

uint32_t fr_exposure_count(const struct fr_exposure *e, fr_time_ms now_ms, int64_t window_ms) {
    uint32_t n = 0;
    for (uint32_t i = e ? e->time_n : 0; i-- > 0 && e->times[i] > now_ms - window_ms;)
        n += e->times[i] <= now_ms;
    return n;
}

/* Times. */

static void insert_time(struct fr_exposure *e, fr_time_ms t) {
    if (e->time_n == e->time_cap) {
        e->time_cap = e->time_cap ? 2 * e->time_cap : 4;
        e->times = fr_realloc(e->times, e->time_cap * sizeof e->times[0]);
    }
    uint32_t at = e->time_n++;
    for (; at > 0 && e->times[at - 1] > t; at--) e->times[at] = e->times[at - 1];
    e->times[at] = t;
}

/* No window that ends at the latest impression or later sees the rest. */
static void forget_times(struct fr_exposure *e) {
    fr_time_ms newest = e->times[e->time_n - 1];
    uint32_t old = e->time_n > FR_EXPOSURE_TIMES ? e->time_n - FR_EXPOSURE_TIMES : 0;
    while (e->times[old] <= newest - FR_EXPOSURE_DAY_MS) old++;
    e->time_n -= old;
    memmove(e->times, e->times + old, e->time_n * sizeof e->times[0]);
}

/* Entries. */

static void insert(struct fr_exposures *x, uint32_t at, uint32_t campaign) {
    if (x->n == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 4;
        x->at = fr_realloc(x->at, x->cap * sizeof x->at[0]);
    }
    memmove(x->at + at + 1, x->at + at, (x->n - at) * sizeof x->at[0]);
    x->at[at] = (struct fr_exposure){.campaign = campaign,
                                     .touch_ms = FR_EXPOSURE_NEVER,
                                     .click_ms = FR_EXPOSURE_NEVER,
                                     .conversion_ms = FR_EXPOSURE_NEVER};
    x->n++;
}

static uint32_t place_of(const struct fr_exposures *x, const struct fr_dict *ids, uint32_t campaign) {
    uint32_t at = 0;
    while (at < x->n && fr_str_cmp(fr_dict_str(ids, x->at[at].campaign), fr_dict_str(ids, campaign)) < 0)
        at++;
    return at;
}

/* Of equal touches the first id goes. */
static void push_out_earliest(struct fr_exposures *x) {
    uint32_t first = 0;
    for (uint32_t i = 1; i < x->n; i++)
        if (x->at[i].touch_ms < x->at[first].touch_ms) first = i;
    x->has_horizon = true;
    x->horizon_ms = x->at[first].touch_ms;
    x->horizon_id = x->at[first].campaign;
    free(x->at[first].times);
    x->n--;
    memmove(x->at + first, x->at + first + 1, (x->n - first) * sizeof x->at[0]);
}

static void later(fr_time_ms *latest, fr_time_ms t) {
    if (*latest < t) *latest = t;
}

static void count(struct fr_exposure *e, enum fr_event_type type, fr_time_ms t) {
    later(&e->touch_ms, t);
    if (type == FR_EVENT_AD_CLICK) {
        e->clicks++;
        later(&e->click_ms, t);
    } else if (type == FR_EVENT_AD_CONVERSION) {
        e->conversions++;
        later(&e->conversion_ms, t);
    } else if (type == FR_EVENT_AD_IMPRESSION) {
        e->impressions++;
        insert_time(e, t);
        forget_times(e);
    }
}

bool fr_exposure_is_of(enum fr_event_type type) {
    return type == FR_EVENT_AD_IMPRESSION || type == FR_EVENT_AD_CLICK || type == FR_EVENT_AD_CONVERSION ||
           type == FR_EVENT_AD_WITHHELD;
}

void fr_exposures_add(struct fr_exposures *x, const struct fr_dict *ids, uint32_t campaigns,
                      uint32_t campaign, enum fr_event_type type, fr_time_ms t) {
    if (!fr_exposure_is_of(type)) return;
    uint32_t at = place_of(x, ids, campaign);
    if (at == x->n || x->at[at].campaign != campaign) {
        if (x->has_horizon && fr_touch_cmp(ids, t, campaign, x->horizon_ms, x->horizon_id) <= 0) return;
        insert(x, at, campaign);
    }
    count(&x->at[at], type, t);
    if (x->n > campaigns) push_out_earliest(x);
}

void fr_exposures_append(struct fr_exposures *x, const struct fr_exposure *e) {
    insert(x, x->n, e->campaign);
    struct fr_exposure *own = &x->at[x->n - 1];
    *own = *e;
    own->times = NULL;
    own->time_n = own->time_cap = 0;
}

void fr_exposures_append_time(struct fr_exposures *x, fr_time_ms t) { insert_time(&x->at[x->n - 1], t); }

size_t fr_exposures_bytes(const struct fr_exposures *x) {
    size_t bytes = x->cap * sizeof x->at[0];
    for (uint32_t i = 0; i < x->n; i++) bytes += x->at[i].time_cap * sizeof x->at[i].times[0];
    return bytes;
}

static const char *check_one(const struct fr_exposure *e) {
    if (e->touch_ms == FR_EXPOSURE_NEVER) return "an exposure that never was";
    if ((e->clicks > 0) != (e->click_ms != FR_EXPOSURE_NEVER))
        return "clicks without a time, or a time without clicks";
    if ((e->conversions > 0) != (e->conversion_ms != FR_EXPOSURE_NEVER))
        return "conversions without a time, or a time without conversions";
    if ((e->impressions > 0) != (e->time_n > 0))
        return "impressions without times, or times without impressions";
    if (e->time_n > e->impressions || e->time_n > FR_EXPOSURE_TIMES) return "too many times of impressions";
    for (uint32_t i = 1; i < e->time_n; i++)
        if (e->times[i - 1] > e->times[i]) return "times of impressions are not sorted";
    if (e->time_n && e->times[0] <= e->times[e->time_n - 1] - FR_EXPOSURE_DAY_MS)
        return "times of impressions span more than a day";
    if (e->click_ms > e->touch_ms || e->conversion_ms > e->touch_ms ||
        (e->time_n && e->times[e->time_n - 1] > e->touch_ms))
        return "an exposure's latest time is not its latest";
    return NULL;
}

const char *fr_exposures_check(const struct fr_exposures *x, const struct fr_dict *ids, uint32_t campaigns) {
    if (x->n > campaigns) return "too many campaigns";
    for (uint32_t i = 0; i < x->n; i++) {
        const char *wrong = check_one(&x->at[i]);
        if (wrong) return wrong;
        if (i &&
            fr_str_cmp(fr_dict_str(ids, x->at[i - 1].campaign), fr_dict_str(ids, x->at[i].campaign)) >= 0)
            return "campaigns are not sorted";
    }
    return NULL;
}
