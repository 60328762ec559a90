/* topic_follow.h - a compacted topic as it stands, held by this process: a thread reads it from its beginning, follows it, and
 * hands out versions of what its owner makes of the records. The catalogue and the campaigns are two owners.
 *
 * Promise   the first version is the whole topic, as it was when its end was first reached; each later one has everything that
 *           was read before it. Reading again after a fault of the log changes nothing.
 * Pace      at most one version in interval_ms, and never more than a tenth of the thread's time.
 * Threads   one of its own, with a tail of its own; it alone calls the owner. The slot may be read by any.
 * Memory    the slot owns versions. */
#ifndef FR_RUN_TOPIC_FOLLOW_H
#define FR_RUN_TOPIC_FOLLOW_H

#include "freshet/port/tail.h"
#include "freshet/run/slot.h"

/* What is made of the records. Called by the thread only. */
struct fr_topic_owner {
    void *owner;
    const char *name; /* "CATALOG": in the log */
    void (*apply)(void *owner, const struct fr_record *record);
    uint64_t (*changes)(void *owner);                    /* so far: another number, another version */
    void *(*make_version)(void *owner, uint64_t number); /* gives */
    void (*free_version)(void *version);
};

struct fr_topic_follow;

struct fr_topic_source {
    void *context;
    /* gives */
    enum fr_err (*open_tail)(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg);
    enum fr_topic topic;
    uint32_t interval_ms;
};

/* Starts the thread. owner is copied, what it names must outlive the follower. gives */
struct fr_topic_follow *fr_topic_follow_start(const struct fr_topic_source *source,
                                              const struct fr_topic_owner *owner);
/* Empty until the topic's end was reached. Lent until stop. */
struct fr_slot *fr_topic_follow_slot(struct fr_topic_follow *f);
/* Joins the thread; nobody may hold a version. */
void fr_topic_follow_stop(struct fr_topic_follow **f);

/* For owners: the n-th bad record, from 0, is told in the log, is the last one told, or is only counted. */
enum fr_fault_telling { FR_FAULT_TELL, FR_FAULT_TELL_LAST, FR_FAULT_COUNT };
enum fr_fault_telling fr_fault_telling(uint64_t n);

#endif
