/* bus_memory.h - the bus's twin in memory: a "cluster" with logs, transactions, a group coordinator and their
 * faults.
 *
 * Models    what the protocol depends on: control records take offsets, aborted data is skipped, readers stop
 *           at the first open transaction, offsets inside an open transaction are unstable, producer epochs
 *           fence, group generations fence, members that go silent lose their partitions, a delayed
 *           end-of-transaction request may hit the next transaction of the same producer epoch.
 * Not       no brokers, no replication; group protocol is eager range assignment with static members.
 * Threads   a cluster may be shared by endpoints of several threads (one mutex); an endpoint has one owner. */
#ifndef FR_ADAPT_BUS_MEMORY_H
#define FR_ADAPT_BUS_MEMORY_H

#include "freshet/port/bus.h"

struct fr_bus_memory;

struct fr_bus_memory_config {
    uint32_t partitions[FR_TOPIC_N]; /* per topic, > 0 */
    uint32_t session_timeout_ms;     /* a member that does not poll for so long is put out of its group */
    uint32_t txn_timeout_ms;         /* the coordinator aborts transactions older than this */
    bool virtual_time;               /* time only moves by fr_bus_memory_set_time; polls never wait */
    uint64_t keep_bytes;             /* of each partition of a topic that no stage reads; 0: everything */
};

/* One step of a transaction, asked of the simulator. */
enum fr_bus_point {
    FR_BUS_AT_BEGIN,
    FR_BUS_AT_PRODUCE, /* for every tenth or so of the records */
    FR_BUS_AT_OFFSETS,
    FR_BUS_AT_END,
    FR_BUS_AT_MARKERS, /* the decision is logged; its markers and offsets are not visible yet */
    FR_BUS_AT_RECYCLE,
    FR_BUS_AT_COMMITTED,
    FR_BUS_AT_POLL,
};
enum fr_bus_verdict {
    FR_BUS_GO,
    FR_BUS_WAIT,      /* this step is taken at a later poll */
    FR_BUS_REFUSE,    /* an abortable error: the client aborts. AT_COMMITTED and AT_POLL: a time-out */
    FR_BUS_LOSE,      /* AT_END: the request is lost or arrives later; the client does not know */
    FR_BUS_DUPLICATE, /* AT_END: it takes effect, and a second copy of the request arrives later */
};

struct fr_bus_memory_faults {
    void *context;
    enum fr_bus_verdict (*decide)(void *context, enum fr_bus_point point);
};

struct fr_bus_memory *fr_bus_memory_new(const struct fr_bus_memory_config *); /* gives */
void fr_bus_memory_free(struct fr_bus_memory **cluster);

struct fr_bus_memory_endpoint_config {
    enum fr_topic input;
    const char *group, *instance, *transactional_id; /* at most 63 bytes each, copied */
    bool never_recycle; /* for negative controls: keep a producer after a doubtful commit */
};
/* Joins the group. gives; close with ops->close. */
struct fr_bus *fr_bus_memory_open(struct fr_bus_memory *cluster,
                                  const struct fr_bus_memory_endpoint_config *);
/* The endpoint's process died: frees it; its transaction stays open and its membership ends by time-out. */
void fr_bus_memory_crash(struct fr_bus *endpoint);

void fr_bus_memory_set_faults(struct fr_bus_memory *cluster, const struct fr_bus_memory_faults *faults);
/* Moves virtual time: times out members and transactions, delivers delayed requests. */
void fr_bus_memory_set_time(struct fr_bus_memory *cluster, fr_time_ms now);
/* Delivers what is delayed or half done now: end-of-transaction requests and markers. */
void fr_bus_memory_settle(struct fr_bus_memory *cluster);

/* Appends a record outside any transaction. partition -1: by murmur2 of the key. Returns its offset. */
int64_t fr_bus_memory_produce(struct fr_bus_memory *cluster, const struct fr_out *record);
/* Calls visit for the committed records of a partition from offset on; lent during the call. Stops on false.
 */
void fr_bus_memory_read(struct fr_bus_memory *cluster, enum fr_topic topic, int32_t partition, int64_t from,
                        bool (*visit)(void *context, const struct fr_record *record), void *context);
/* End up to which committed records can be read, and the end of the log. Equal when no transaction is open.
 */
void fr_bus_memory_ends(struct fr_bus_memory *cluster, enum fr_topic topic, int32_t partition,
                        int64_t *stable, int64_t *end);
/* The committed offset of a group, pending transactions ignored; -1 when none. */
int64_t fr_bus_memory_group_offset(struct fr_bus_memory *cluster, const char *group, int32_t partition);
/* For fault tests: drop the log before offset; overwrite or remove a group's offset (-1). */
void fr_bus_memory_truncate_front(struct fr_bus_memory *cluster, enum fr_topic topic, int32_t partition,
                                  int64_t first);
/* The topic was re-created with other contents: the record at offset has another value now. */
void fr_bus_memory_rewrite(struct fr_bus_memory *cluster, enum fr_topic topic, int32_t partition,
                           int64_t offset);
void fr_bus_memory_set_group_offset(struct fr_bus_memory *cluster, const char *group, int32_t partition,
                                    int64_t offset);

#endif
