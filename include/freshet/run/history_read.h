/* history_read.h - the histories of all stored users, as a fit wants them: what each took to, and when.
 *
 * Choice    an item counts when its strength is above 0 and it was not disliked since. Users who refused consent are left
 *           out; of more than users_most, those with the least hashes of their ids are read.
 * Promise   users ascend by id. No snapshot: see run/states.h. Nothing is written.
 * Threads   one owner of the store endpoint.
 * Memory    the list of keys while it reads (about 100 bytes each), and fr_histories. */
#ifndef FR_RUN_HISTORY_READ_H
#define FR_RUN_HISTORY_READ_H

#include "freshet/learn/histories.h"
#include "freshet/port/store.h"
#include "freshet/run/stages.h"

struct fr_history_read {
    struct fr_store *store;
    const char *prefix;
    const struct fr_rules *rules;
    uint32_t users_most;
    /* done in 0..1; false: give up with FR_TIMEOUT. NULL: not called. */
    bool (*progress)(void *context, const char *step, double done);
    void *context;
};

/* out is initialised here; fr_histories_fini follows in every case. FR_STORE_*, FR_STATE_CORRUPT, FR_TIMEOUT. */
enum fr_err fr_histories_read(const struct fr_history_read *r, struct fr_histories *out,
                              struct fr_errmsg *msg) FR_MUST_USE;

#endif
