/* exposures.h - which campaigns a user was shown, how often and when: what frequency caps are counted from.
 *
 * Promise   counts are exact for every campaign that is kept: those shown latest, at most `campaigns` of them. Impressions
 *           within any hour or day up to the latest one are exact up to FR_EXPOSURE_TIMES of them. A function of the set
 *           of events as long as nothing is pushed out.
 * Not       knows no campaign beyond its id, and no cap: target/ compares.
 * Threads   one owner. Memory: owns its arrays; zero-initialised is empty; fr_exposures_fini frees. */
#ifndef FR_PROFILE_EXPOSURES_H
#define FR_PROFILE_EXPOSURES_H

#include "freshet/base/dict.h"
#include "freshet/event/event.h"

enum { FR_EXPOSURE_TIMES = 100, FR_EXPOSURE_DAY_MS = 86400000 };
#define FR_EXPOSURE_NEVER INT64_MIN

/* What happened between one campaign and the user; all counts are 0 when it was withheld only. */
struct fr_exposure {
    uint32_t campaign;                         /* in the ids' dictionary */
    uint32_t impressions, clicks, conversions; /* as long as it has been kept */
    fr_time_ms touch_ms;                       /* the latest of any of them */
    fr_time_ms click_ms, conversion_ms;        /* the latest; FR_EXPOSURE_NEVER: none */
    fr_time_ms *times; /* [time_n] of impressions, ascending: those of the latest's last day */
    uint32_t time_n, time_cap;
};

struct fr_exposures {
    struct fr_exposure *at; /* [n] ascending by the campaigns' ids */
    uint32_t n, cap;
    bool has_horizon; /* some was pushed out: (horizon_ms, horizon_id) is the latest such touch */
    fr_time_ms horizon_ms;
    uint32_t horizon_id;
};

void fr_exposures_fini(struct fr_exposures *x);
/* Whether events of this type are kept here. */
bool fr_exposure_is_of(enum fr_event_type type);
/* type: AD_IMPRESSION, AD_CLICK, AD_CONVERSION, or AD_WITHHELD, which counts nothing but is remembered; others change nothing. A campaign that is not kept and was touched no
 * later than the latest one pushed out stays away. Keeps at most `campaigns`. */
void fr_exposures_add(struct fr_exposures *x, const struct fr_dict *ids, uint32_t campaigns,
                      uint32_t campaign, enum fr_event_type type, fr_time_ms t);
/* NULL: not kept. Lent until the next change. */
const struct fr_exposure *fr_exposures_find(const struct fr_exposures *x, uint32_t campaign);
/* Impressions in (now_ms - window_ms, now_ms]; window_ms at most a day. e NULL: 0. */
uint32_t fr_exposure_count(const struct fr_exposure *e, fr_time_ms now_ms, int64_t window_ms);
size_t fr_exposures_bytes(const struct fr_exposures *x);
/* NULL, or which invariant is broken. */
const char *fr_exposures_check(const struct fr_exposures *x, const struct fr_dict *ids, uint32_t campaigns);

/* For the codec: appends an entry without its times; the order of the ids is the caller's. */
void fr_exposures_append(struct fr_exposures *x, const struct fr_exposure *e);
/* For the codec: one more of the last entry's times, which count nothing more. */
void fr_exposures_append_time(struct fr_exposures *x, fr_time_ms t);

#endif
