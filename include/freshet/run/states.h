/* states.h - the states in the store, for reports and refits: which there are, and each of them as bytes.
 *
 * Promise   a list ascends bytewise by id, each once. Values are read a few hundred at a time.
 * Not       no snapshot: what a running freshet writes meanwhile is seen or not. Nothing is written.
 * Threads   one owner of the store endpoint.
 * Errors    FR_STORE_*; FR_STATE_CORRUPT names the key; what a visitor returns.
 * Memory    a list keeps its keys, about 100 bytes each, until fr_state_list_fini. */
#ifndef FR_RUN_STATES_H
#define FR_RUN_STATES_H

#include "freshet/port/store.h"
#include "freshet/run/keys.h"

/* One stored state. Lent during the visit. */
struct fr_state {
    struct fr_str id, key; /* of the user or item; the complete key */
    int64_t stamp;
    struct fr_str bytes; /* empty: the key is absent */
    uint32_t value_bytes;
};

struct fr_state_list {
    struct fr_state *at; /* [n] id and key only */
    uint32_t n, cap;
    struct fr_arena text;
};

/* The names of a stage's keys as they are stored, whatever the number of partitions; partitions 0: nothing is. The caller's
 * fr_keys_fini follows in every case. */
enum fr_err fr_state_keys(struct fr_store *store, const char *prefix, const char *stage, struct fr_keys *out,
                          struct fr_errmsg *msg) FR_MUST_USE;
/* kind: FR_KEY_USER, FR_KEY_ITEM or FR_KEY_LEDGER. fr_state_list_fini follows in every case. */
enum fr_err fr_state_list(struct fr_store *store, const struct fr_keys *keys, char kind,
                          struct fr_state_list *out, struct fr_errmsg *msg) FR_MUST_USE;
void fr_state_list_fini(struct fr_state_list *list);
/* Reads them in the order of the list; those that are gone meanwhile are left out. */
enum fr_err fr_state_each(struct fr_store *store, const struct fr_state_list *list,
                          enum fr_err (*visit)(void *context, const struct fr_state *state,
                                               struct fr_errmsg *msg),
                          void *context, struct fr_errmsg *msg) FR_MUST_USE;

/* [stamp, state] as it is stored. False: it is not. */
bool fr_state_unwrap(struct fr_str value, struct fr_state *out);
/* FR_STATE_CORRUPT with the key. */
enum fr_err fr_state_corrupt(const struct fr_state *state, struct fr_errmsg *msg);

#endif
