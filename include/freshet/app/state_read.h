/* state_read.h - the states in the store, for reports: opened by the configuration, and decoded.
 * Which there are, and each of them as bytes: run/states.h.
 *
 * Not       no snapshot: what a running freshet writes meanwhile is seen or not. Nothing is written.
 * Threads   one owner.
 * Errors    FR_CONFIG; FR_STORE_*; FR_STATE_CORRUPT names the key.
 * Memory    every id that was seen, until close. */
#ifndef FR_APP_STATE_READ_H
#define FR_APP_STATE_READ_H

#include "freshet/affinity/item.h"
#include "freshet/app/wiring.h"
#include "freshet/profile/user.h"
#include "freshet/run/meta.h"
#include "freshet/run/states.h"

struct fr_state_reader {
    struct fr_rules rules;
    struct fr_store *store;
    struct fr_keys keys[FR_STAGE_N]; /* partitions 0: nothing of this stage is stored */
    struct fr_dict ids;
    struct fr_arena arena; /* of what lives as long as the reader */
};

/* Close it in every case. */
enum fr_err fr_state_open(struct fr_state_reader *r, const struct fr_config *config, struct fr_errmsg *msg);
void fr_state_close(struct fr_state_reader *r);

/* metas[keys[stage].partitions]; one that is absent has epoch 0 and next_offset -1. */
enum fr_err fr_state_metas(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_meta *metas,
                           struct fr_errmsg *msg);
/* The time of the latest accepted event: the latest of the partitions' watermarks. INT64_MIN: there is none. */
enum fr_err fr_state_latest(struct fr_state_reader *r, fr_time_ms *latest_ms, struct fr_errmsg *msg);
/* The epoch of the latest accepted event: the latest of the partitions' watermarks. 0 when there is none. */
enum fr_err fr_state_epoch(struct fr_state_reader *r, int32_t *epoch, struct fr_errmsg *msg);

/* One state by id: where murmur2 puts it, else in any partition. out->bytes is empty when there is none; lent until
 * close. */
enum fr_err fr_state_find(struct fr_state_reader *r, enum fr_stage_kind stage, struct fr_str id,
                          struct fr_state *out, int32_t *partition, struct fr_errmsg *msg);

/* The caller's fr_user_fini and fr_item_fini follow in every case. */
enum fr_err fr_state_user(struct fr_state_reader *r, const struct fr_state *state, struct fr_user *out,
                          struct fr_errmsg *msg);
enum fr_err fr_state_item(struct fr_state_reader *r, const struct fr_state *state, struct fr_item *out,
                          struct fr_errmsg *msg);

/* "freshet dump: what" on standard error; returns the exit code that stands for err. */
int fr_report_failed(const char *command, enum fr_err err, const struct fr_errmsg *msg);

#endif
