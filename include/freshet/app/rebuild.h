/* rebuild.h - what stood at an offset of the log, made again from the log: a user's state, and a live model.
 *
 * Promise   the state is what the user stage had when it had applied the records through an offset; the model is the one of
 *           that version, bit for bit. Both are made by the code that runs live, on the in-memory twins.
 * Errors    FR_LOG_GAP: the log begins after what is needed; FR_LIMIT: a bundle it needs is not in the store any more;
 *           FR_BUS_DOWN, FR_TIMEOUT, FR_STORE_DOWN.
 * Memory    what is given lies in the struct until fr_rebuild_fini. Time: that of reading the partition from its start. */
#ifndef FR_APP_REBUILD_H
#define FR_APP_REBUILD_H

#include "freshet/app/wiring.h"
#include "freshet/run/live_list.h"

struct fr_rebuild {
    const struct fr_kafka_cluster *cluster; /* borrowed */
    const struct fr_rules *rules;           /* borrowed */
    struct fr_store *store;                 /* borrowed: for the bundles that the log names */
    uint32_t event_partitions, example_partitions;
    /* Called now and then; may be NULL. */
    void (*progress)(void *context, const char *what, int64_t done, int64_t all);
    void *context;

    struct fr_dict ids;
    struct fr_user user;        /* by fr_rebuild_user */
    fr_time_ms cause_ms;        /* the log's time of the record at `offset` */
    struct fr_live_model model; /* by fr_rebuild_model */
    struct fr_bundle **bundles; /* [bundle_n] that it needed */
    uint32_t bundle_n;
};

void fr_rebuild_init(struct fr_rebuild *r, const struct fr_kafka_cluster *cluster,
                     const struct fr_rules *rules, struct fr_store *store);
void fr_rebuild_fini(struct fr_rebuild *r);
/* The state of user_id when the partition's records through `through` had been applied. An unknown user is an empty one. */
enum fr_err fr_rebuild_user(struct fr_rebuild *r, struct fr_str user_id, int32_t partition, int64_t offset,
                            int64_t through, struct fr_errmsg *msg) FR_MUST_USE;
/* The catalogue of the first `records` records of the items topic, for the model's lists; call it after fr_rebuild_model.
 * FR_LOG_GAP: the topic, which is compacted, has fewer by now. */
enum fr_err fr_rebuild_catalog(struct fr_rebuild *r, const struct fr_wiring *wiring, uint64_t records,
                               struct fr_errmsg *msg) FR_MUST_USE;
/* The feed model of a version. FR_CONFIG when the text is no version. */
enum fr_err fr_rebuild_model(struct fr_rebuild *r, struct fr_str version, struct fr_errmsg *msg) FR_MUST_USE;

#endif
