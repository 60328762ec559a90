/* catalog_follow.h - the catalogue as the items topic has it, held by this process: a thread reads the topic from its beginning,
 * follows it, and hands out versions that do not change.
 *
 * Promise   the first version is the whole topic, as it was when its end was first reached; each later one has everything
 *           that was read before it. A record that is no item is said in the log, counted, and changes nothing.
 * Pace      a version costs a look-up for each item and its vectors anew: at most one in interval_ms, and never more than a
 *           tenth of the thread's time.
 * Threads   one of its own with a tail of its own; the slot may be read by any.
 * Memory    the slot owns struct fr_catalog_version; records are shared between versions. */
#ifndef FR_RUN_CATALOG_FOLLOW_H
#define FR_RUN_CATALOG_FOLLOW_H

#include "freshet/catalog/features.h"
#include "freshet/run/topic_follow.h"

struct fr_catalog_version {
    struct fr_dict ids;
    struct fr_catalog catalog; /* under ids */
    struct fr_features *features;
    uint64_t number;  /* from 1 */
    uint64_t records; /* of the topic that were read for it, good and bad */
};

struct fr_catalog_follow;

struct fr_catalog_follow_config {
    void *context;
    /* gives */
    enum fr_err (*open_tail)(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg);
    struct fr_features_params features;
    uint32_t interval_ms;
};

struct fr_catalog_follow_status {
    uint64_t version, items, bad_records, records;
};

/* Starts the thread. gives */
struct fr_catalog_follow *fr_catalog_follow_start(const struct fr_catalog_follow_config *config);
/* Of struct fr_catalog_version; empty until the topic's end was reached. Lent until stop. */
struct fr_slot *fr_catalog_follow_slot(struct fr_catalog_follow *f);
void fr_catalog_follow_status(struct fr_catalog_follow *f, struct fr_catalog_follow_status *out);
void fr_catalog_follow_stop(struct fr_catalog_follow **f); /* nobody may hold a version */

#endif
