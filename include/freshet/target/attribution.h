/* attribution.h - which impression an answer (a click, a conversion) belongs to, and when its silence is a no.
 *
 * Problem   an impression's label comes later or never. Learnt too early it is a no that may become a yes; learnt too late it
 *           teaches yesterday's world; and the log is replayed, so nothing may hang on a clock.
 * Choice    wait for a window of event time, for a yes as for a no: at its end the impression is decided, in order of arrival.
 *           What is learnt is then the impressions as they were, a window ago. An impression decided as no is remembered
 *           for late_ms more: a yes then is told as LATE, and its owner learns it as a yes after all ("fake negatives", Ktena
 *           et al. 2019, kept for what is later than the window). What comes later still is lost: counted as UNKNOWN.
 *           Rejected: learning a yes when it comes and a no at the window's end, because the latest impressions that
 *           are learnt are then all yes (on KuaiRand with 30 minutes: calibration error .012 instead of .001, for .001 of
 *           log loss that the earlier yes brings); a no at once and a yes on top, which shifts every probability; a model
 *           of the delay (Chapelle 2014), which the window makes needless where most answers are quick.
 * Join      by key, the caller's hash of an impression's id, or of user, campaign and creative; an impression may answer to
 *           several. Of several impressions of one key the last one before the answer gets it (last touch); a second
 *           answer to it is REPEATED and counts once.
 * Bound     capacity impressions. When full the oldest goes: undecided it is lost unlearnt, and counted.
 * Use       for each record of time t, in order: decided(t) until it gives nothing; then shown or yes.
 * Promise   a function of the calls; load(save(a)) goes on the same way. Impressions are decided in order of arrival, each when
 *           the time has passed its own window and that of all before it.
 * Threads   one owner. */
#ifndef FR_TARGET_ATTRIBUTION_H
#define FR_TARGET_ATTRIBUTION_H

#include "freshet/base/clock.h"
#include "freshet/base/tensors.h"

enum { FR_ATTRIBUTION_KEYS = 3 }; /* of one impression */

struct fr_attribution_params {
    fr_time_ms window_ms, late_ms; /* >= 0 */
    uint32_t capacity;             /* impressions, > 0 */
    uint32_t payload_bytes;        /* what is kept of each for its owner; a multiple of 8 */
};

enum fr_attribution_answer {
    FR_ANSWER_YES,      /* noted: told by decided when its window ends */
    FR_ANSWER_LATE,     /* it was decided as no */
    FR_ANSWER_REPEATED, /* it is a yes already */
    FR_ANSWER_UNKNOWN   /* no impression of that key, or none any more */
};

struct fr_attribution_counts {
    uint64_t shown, yes, no, late, repeated, unknown;
    uint64_t lost; /* undecided when room was needed */
    uint64_t forgotten;
};

struct fr_attribution;

struct fr_attribution *fr_attribution_new(const struct fr_attribution_params *params); /* gives */
void fr_attribution_free(struct fr_attribution *a);

/* owner: the user's hash, for forget; key is not 0. The payload is copied. */
void fr_attribution_shown(struct fr_attribution *a, uint64_t key, uint64_t owner, fr_time_ms time_ms,
                          const void *payload);
/* What was shown last answers to this key too; at most FR_ATTRIBUTION_KEYS - 1 times, right after it was shown. */
void fr_attribution_also(struct fr_attribution *a, uint64_t key);
/* Something of that key was shown that is not waited for: what answers to the key is UNKNOWN until it is shown again. */
void fr_attribution_passed(struct fr_attribution *a, uint64_t key);
/* *payload: of the impression, for LATE only; lent until the next call. */
enum fr_attribution_answer fr_attribution_yes(struct fr_attribution *a, uint64_t key, const void **payload);
/* The next impression whose window ended before now_ms: its payload, lent until the next call, and what it is. NULL: none
 * is left. now_ms = INT64_MAX decides all. */
const void *fr_attribution_decided(struct fr_attribution *a, fr_time_ms now_ms, bool *yes);
/* The owner's impressions are as if they had never been shown. Linear in the capacity in use. */
void fr_attribution_forget(struct fr_attribution *a, uint64_t owner);

size_t fr_attribution_bytes(const struct fr_attribution *a);     /* memory in use */
uint32_t fr_attribution_pending(const struct fr_attribution *a); /* undecided, the forgotten included */
struct fr_attribution_counts fr_attribution_counts(const struct fr_attribution *a);

/* "attribution.*". */
void fr_attribution_save(const struct fr_attribution *a, struct fr_tensors_writer *w);
/* Into an empty one of the same params. FR_STATE_CORRUPT: it is then unspecified. */
enum fr_err fr_attribution_load(struct fr_attribution *a, const struct fr_tensors_file *file,
                                struct fr_errmsg *msg) FR_MUST_USE;

#endif
