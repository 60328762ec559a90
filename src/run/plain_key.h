/* plain_key.h - single keys of the store that are no state: models and what is in force. Blocking; for threads on the side. */
#ifndef FR_RUN_PLAIN_KEY_H
#define FR_RUN_PLAIN_KEY_H

#include "freshet/port/store.h"

/* ttl_s 0: for ever. */
enum fr_err plain_key_put(struct fr_store *store, struct fr_str key, struct fr_str value, uint32_t ttl_s,
                          struct fr_errmsg *msg);
/* The port has no delete for what is not state: an empty value reads as absent, and is gone after a second. */
enum { PLAIN_KEY_GONE_AFTER_S = 1 };
enum fr_err plain_key_delete(struct fr_store *store, struct fr_str key, struct fr_errmsg *msg);
/* Into the arena. len 0: absent. */
enum fr_err plain_key_get(struct fr_store *store, struct fr_str key, struct fr_str *value,
                          struct fr_arena *arena, struct fr_errmsg *msg);

#endif
