/* live_learner.h - what is learnt of one model's log of examples: the recommender, the bundle in force, and how well its lists
 * do. The learner stage holds one as its state, readers load it from a snapshot, `freshet explain` makes one of the past.
 *
 * Promise   a function of the records taught, in their order, and of the bundles they name: the same bytes wherever it is
 *           made. save and load are exact.
 * Judging   one in FR_LIVE_JUDGE_EVERY first-time interests, chosen by its draw, is held to the list that the recommender gives
 *           just before it learns of it, at most FR_LIVE_JUDGED_PER_S a second of event time: a hit if the item is in the list. The outcomes feed the monitor (learn/judge.h), which
 *           may ask for a roll-back; what is asked comes into force by a control record of the same log.
 * Threads   one teacher; or any number of readers of recommender.
 * Memory    owns the recommender. The bundle attached is borrowed and must outlive it. */
#ifndef FR_RUN_LIVE_LEARNER_H
#define FR_RUN_LIVE_LEARNER_H

#include "freshet/base/allowance.h"
#include "freshet/learn/announce.h"
#include "freshet/learn/bundle_attach.h"

enum { FR_LIVE_JUDGE_EVERY = 4, FR_LIVE_JUDGED_PER_S = 50 };

struct fr_live_learner {
    struct fr_recommender *recommender;
    struct fr_fitted_places places;
    char bundle[FR_BUNDLE_VERSION_BYTES],
        previous[FR_BUNDLE_VERSION_BYTES]; /* in force now and before; "": none */
    bool attached;                         /* the bundle in force is attached, or known to be nowhere */
    struct fr_monitor monitor;
    struct fr_allowance judging;
};

/* What one record did. */
struct fr_live_taught {
    bool bad;     /* it cannot be read; nothing was learnt */
    bool control; /* it put a bundle in force */
    bool missing; /* the bundle that came into force is nowhere */
    uint32_t examples, lessons, judged, hits;
    bool roll_back; /* the monitor says, for the first time, that the bundle in force must go */
};

void fr_live_learner_init(struct fr_live_learner *l, const struct fr_recommender_params *params);
void fr_live_learner_fini(struct fr_live_learner *l);
/* Attaches the bundle in force; NULL: it is nowhere. Needed once after load, before anything is taught or asked. */
void fr_live_learner_attach(struct fr_live_learner *l, const struct fr_bundle *bundle);
/* The version that a record puts in force; empty: it is no control record, or it puts none. */
struct fr_str fr_live_control_version(struct fr_str value);
/* Teaches a record. bundle: the one that the record names, NULL: nowhere, or it names none. The arena is cleared. */
struct fr_live_taught fr_live_learner_teach(struct fr_live_learner *l, struct fr_str value,
                                            const struct fr_bundle *bundle,
                                            const struct fr_monitor_params *monitor,
                                            struct fr_recommender_use *use, struct fr_arena *arena);
/* As one file of arrays, `version` among its texts. */
void fr_live_learner_save(const struct fr_live_learner *l, const char *version, struct fr_buf *out);
/* l as after init. version: [FR_BUNDLE_VERSION_BYTES], may be NULL. Bytes need no alignment and are not kept. */
enum fr_err fr_live_learner_load(struct fr_live_learner *l, struct fr_str bytes, char *version,
                                 struct fr_errmsg *msg) FR_MUST_USE;

#endif
