/* runner.h - the threads: one per worker, each with a bus endpoint, a store endpoint and a stage of its own.
 *
 * Promise   a worker that stops with a reason stops all of them; stop() drains within its limit. Nothing is shared but the
 *           rules (read-only), the stop flag and a copy of each worker's status under a lock.
 * Threads   one owner, who may also ask from another thread for the status (HTTP). */
#ifndef FR_RUN_RUNNER_H
#define FR_RUN_RUNNER_H

#include "freshet/port/tail.h"
#include "freshet/run/stages.h"
#include "freshet/run/worker.h"

enum fr_stage_kind { FR_STAGE_USER, FR_STAGE_AGGREGATE, FR_STAGE_LEARNER, FR_STAGE_CAMPAIGNS, FR_STAGE_N };
const char *fr_stage_name(enum fr_stage_kind kind);
enum fr_topic fr_stage_input(enum fr_stage_kind kind);

/* Opens the two ends of worker `index` of a stage. Called in the worker's thread, again after a short wait while its fate is
 * RETRY. gives both. */
struct fr_runner_ports {
    void *context;
    enum fr_err (*open)(void *context, enum fr_stage_kind kind, unsigned index, struct fr_bus **bus,
                        struct fr_store **store, struct fr_errmsg *msg);
    /* The tail of a compacted topic. May be NULL: there is no catalogue, and there are no campaigns. */
    enum fr_err (*open_tail)(void *context, enum fr_topic topic, struct fr_tail **tail,
                             struct fr_errmsg *msg);
    /* One more store endpoint, for whoever follows the live model. */
    enum fr_err (*open_store)(void *context, struct fr_store **store, struct fr_errmsg *msg);
};

struct fr_runner_config {
    const struct fr_rules *rules; /* keeps */
    struct fr_runner_ports ports;
    bool stages[FR_STAGE_N];
    unsigned
        workers; /* per stage; one for the learner, whose model lies in one partition, and for campaigns */
    uint32_t partitions[FR_TOPIC_N];
    const char *prefix; /* of store keys */
    uint32_t batch_records;
    uint32_t commit_interval_ms[FR_STAGE_N];
    uint64_t cache_bytes; /* over all workers */
    struct fr_conditions conditions;
};

struct fr_runner;

struct fr_runner *fr_runner_start(const struct fr_runner_config *config); /* gives */
/* Of struct fr_catalog_version; NULL: no catalogue is followed. Lent until stop. */
struct fr_slot *fr_runner_catalogs(struct fr_runner *r);
enum { FR_RUNNER_WORKERS_MAX = 128 };

struct fr_runner_status {
    unsigned workers, opened, with_partitions,
        caught_up; /* caught_up: all its partitions live, nothing replayed or under way */
    uint64_t records[FR_STAGE_N];
    uint64_t behind_records, keys, bytes;
    fr_time_ms last_record_ms; /* wall time of the last batch with records, 0: none */
    fr_time_ms last_step_ms;   /* of the worker that stepped longest ago: the loops' heartbeat */
    enum fr_err failed;        /* FR_OK, or why a worker stopped */
    char reason[232];
};
void fr_runner_status(struct fr_runner *r, struct fr_runner_status *out);
/* Blocks of all workers, for the metrics; lent until stop. */
uint32_t fr_runner_stats(struct fr_runner *r, struct fr_stat_block *const **blocks);
/* A counter without a label, of all workers since the start. */
uint64_t fr_runner_total(struct fr_runner *r, enum fr_stat_id id);
/* Drains, at most limit_ms, then closes everything. False: the limit was reached and something was left for the restart. */
bool fr_runner_stop(struct fr_runner **r, uint32_t limit_ms);

#endif
