/* snapshot_follow.h - the thread that follows the snapshots of one live model in the store, for whoever makes something of them.
 *
 *     store: version, snapshot ---[ looks every interval ]---> take(bytes) ... the owner puts what it made into its slot
 *
 * Promise   take is called in the thread with each snapshot that is another than the one before, and again for the same one when
 *           the owner is stale. What cannot be taken is said in the log and tried again; what the owner had before stays.
 * Threads   one of its own, with a store endpoint of its own. All callbacks are called in it.
 * Memory    keeps the config's pointers; they outlive stop. */
#ifndef FR_RUN_SNAPSHOT_FOLLOW_H
#define FR_RUN_SNAPSHOT_FOLLOW_H

#include "freshet/learn/bundle.h"
#include "freshet/port/store.h"
#include "freshet/run/keys.h"

enum { FR_LIVE_VERSION_BYTES = FR_BUNDLE_VERSION_BYTES };

/* "e48211": the model includes the examples before that offset. */
void fr_live_version(int64_t next_offset, char out[FR_LIVE_VERSION_BYTES]);
/* The offset that a version names, -1: it is none. */
int64_t fr_live_version_offset(struct fr_str version);
/* Names of the views: keys is of the learner stage, partition the model's in the examples topic. */
struct fr_str fr_live_key(const struct fr_keys *keys, int32_t partition, struct fr_str model,
                          struct fr_arena *arena);
struct fr_str fr_live_version_key(const struct fr_keys *keys, int32_t partition, struct fr_str model,
                                  struct fr_arena *arena);

/* Where snapshots are, and how often to look. */
struct fr_snapshot_source {
    void *context;
    enum fr_err (*open_store)(void *context, struct fr_store **store, struct fr_errmsg *msg); /* gives */
    const char *prefix;
    uint32_t example_partitions;
    uint32_t interval_ms; /* between two looks */
};

struct fr_snapshot_owner {
    void *owner;
    struct fr_str model; /* the key of its examples */
    /* Makes what it is of a snapshot and fills its version. The bytes are lent during the call, and so is the store. */
    enum fr_err (*take)(void *owner, struct fr_store *store, struct fr_str bytes,
                        char version[FR_LIVE_VERSION_BYTES], struct fr_errmsg *msg);
    bool (*is_stale)(void *owner);    /* what was made is to be made again. May be NULL: never */
    bool (*is_complete)(void *owner); /* what it needs besides is there. May be NULL: always */
};

struct fr_snapshot_follow;

/* Starts the thread. gives */
struct fr_snapshot_follow *fr_snapshot_follow_start(const struct fr_snapshot_source *source,
                                                    const struct fr_snapshot_owner *owner);
/* Whether it has looked while its owner was complete: the latest snapshot has been taken, or there is none yet. Any thread. */
bool fr_snapshot_follow_is_ready(struct fr_snapshot_follow *f);
void fr_snapshot_follow_stop(struct fr_snapshot_follow **f);

#endif
