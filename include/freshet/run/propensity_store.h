/* propensity_store.h - the fitted propensities in the store: which is in force for each task, and the one before it.
 *
 *     <prefix>:models:propensities                      MessagePack: [[task, version, version before], ...] by task
 *     <prefix>:models:propensity:<task>:<version>       the model, as fr_propensity_save has it
 *
 * Promise   a model is there before the list names it, and goes only after the list has ceased to; so a reader finds what it is told.
 * Not       no guard against two writers at once: the last one wins, whole.
 * Threads   one caller an endpoint. Errors: FR_STORE_*; FR_STATE_CORRUPT: the list or a model cannot be read. */
#ifndef FR_RUN_PROPENSITY_STORE_H
#define FR_RUN_PROPENSITY_STORE_H

#include "freshet/port/store.h"
#include "freshet/target/propensity.h"

enum { FR_PROPENSITY_TASKS = 8 };

struct fr_propensity_entry {
    char task[FR_PROPENSITY_TASK_BYTES];
    char version[FR_PROPENSITY_VERSION_BYTES], before[FR_PROPENSITY_VERSION_BYTES]; /* "": none */
};
struct fr_propensity_list {
    struct fr_propensity_entry at[FR_PROPENSITY_TASKS];
    uint32_t n;
};

enum fr_err fr_propensity_list_get(struct fr_store *store, const char *prefix, struct fr_propensity_list *out,
                                   struct fr_errmsg *msg) FR_MUST_USE;
/* NULL: the task has none. */
struct fr_propensity_entry *fr_propensity_list_find(struct fr_propensity_list *list, const char *task);
/* Stores it and puts it in force. bytes: fr_propensity_save. FR_LIMIT: there are too many tasks. */
enum fr_err fr_propensity_put(struct fr_store *store, const char *prefix, const char *task,
                              const char *version, struct fr_str bytes, struct fr_errmsg *msg) FR_MUST_USE;
/* Puts the one before in force; the one that was becomes the one before. FR_LIMIT: there is none before. */
enum fr_err fr_propensity_roll_back(struct fr_store *store, const char *prefix, const char *task,
                                    struct fr_errmsg *msg) FR_MUST_USE;
/* gives */
enum fr_err fr_propensity_get(struct fr_store *store, const char *prefix, const char *task,
                              const char *version, struct fr_propensity **out,
                              struct fr_errmsg *msg) FR_MUST_USE;

#endif
