/* live_ads.h - what is learnt of ads from one log of examples (target/ad_example.h): a click model and a conversion model,
 * each with the impressions that wait for their answer. The learner stage holds one as its state; who scores loads the models of
 * a snapshot.
 *
 *     shown ------> both models look, and wait        click ------> answers the click model's impression
 *     forget -----> both models                       conversion -> answers the conversion model's
 *     before each of them: what its time has decided is learnt
 *
 * Models    both of an impression: how likely it is clicked, how likely it converts (within the window, clicked or not).
 * Crowds    a queue holds waiting_most impressions. From the half on it takes in fewer people, in proportion to the room that
 *           is left: which ones is drawn by user and day (UTC), so that whoever is taken in is there with all impressions and answers of
 *           the day, and the probabilities stay true. What is not taken in is counted (left_out) and not learnt. Rejected:
 *           to let the oldest go undecided, by which a log that is faster than the queue is long for teaches nothing at all.
 * Promise   a function of the records taught in their order: the same bytes wherever it is made. save and load are exact;
 *           what was saved under other params is refused and both are said.
 * Cost      fr_live_ads_bytes; docs/TARGETING.md has figures.
 * Threads   one teacher; or any number of readers of the models.
 * Memory    owns everything. */
#ifndef FR_RUN_LIVE_ADS_H
#define FR_RUN_LIVE_ADS_H

#include "freshet/learn/bundle.h"
#include "freshet/target/ad_example.h"
#include "freshet/target/click_model.h"

enum { FR_LIVE_ADS_VERSION_BYTES = FR_BUNDLE_VERSION_BYTES };

struct fr_live_ads_params {
    uint32_t model_bits;                                       /* fr_click_model_of_bits */
    fr_time_ms click_window_ms, conversion_window_ms, late_ms; /* target/attribution.h */
    uint32_t waiting_most;                                     /* impressions in each queue; at least 2 */
};
#define FR_LIVE_ADS_DEFAULTS                                                \
    ((struct fr_live_ads_params){.model_bits = 18,                          \
                                 .click_window_ms = INT64_C(1800000),       \
                                 .conversion_window_ms = INT64_C(86400000), \
                                 .late_ms = INT64_C(3600000),               \
                                 .waiting_most = 65536})

struct fr_live_ads_model {
    struct fr_click_model *model;
    struct fr_attribution *waiting; /* NULL where nothing is to be learnt */
};

/* What it is for. */
enum fr_live_ads_use {
    FR_LIVE_ADS_ASKED, /* the models alone: of a snapshot */
    FR_LIVE_ADS_TAUGHT /* with what waits: the state */
};

struct fr_live_ads {
    struct fr_live_ads_params params;
    enum fr_live_ads_use use;
    struct fr_live_ads_model click, conversion;
    char version[FR_LIVE_ADS_VERSION_BYTES]; /* what it was loaded as; empty: nothing was loaded */
};

/* What one record did, over both models. */
struct fr_live_ads_taught {
    bool bad; /* it cannot be read; nothing was learnt */
    uint64_t shown, learnt, late, repeated, unknown, left_out, forgotten;
};

void fr_live_ads_init(struct fr_live_ads *l, const struct fr_live_ads_params *params,
                      enum fr_live_ads_use use);
void fr_live_ads_fini(struct fr_live_ads *l);
/* Teaches a record; l->use is TAUGHT. The arena is cleared. */
struct fr_live_ads_taught fr_live_ads_teach(struct fr_live_ads *l, struct fr_str value,
                                            struct fr_arena *arena);
size_t fr_live_ads_bytes(const struct fr_live_ads *l); /* memory: the models' tables, and what has waited */

/* As one file of arrays. use: what it is saved for; ASKED leaves out what waits. */
void fr_live_ads_save(const struct fr_live_ads *l, const char *version, enum fr_live_ads_use use,
                      struct fr_buf *out);
/* l as after init. What was saved to be taught can be loaded to be asked, not the other way round. FR_STATE_CORRUPT: l is
 * then unspecified, but for fini. Bytes need no alignment and are not kept. */
enum fr_err fr_live_ads_load(struct fr_live_ads *l, struct fr_str bytes, struct fr_errmsg *msg) FR_MUST_USE;

#endif
