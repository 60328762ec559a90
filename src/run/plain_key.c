#include "plain_key.h"
#include "freshet/base/clock.h"

enum fr_err plain_key_put(struct fr_store *store, struct fr_str key, struct fr_str value, uint32_t ttl_s,
                          struct fr_errmsg *msg) {
    struct fr_pair pair = {key, value};
    enum fr_err err = store->ops->put_start(store, &pair, 1, ttl_s, msg);
    if (err != FR_OK) return err;
    while ((err = store->ops->put_poll(store, msg)) == FR_PENDING) fr_clock_sleep_ms(1);
    return err;
}

enum fr_err plain_key_delete(struct fr_store *store, struct fr_str key, struct fr_errmsg *msg) {
    return plain_key_put(store, key, FR_STR(""), PLAIN_KEY_GONE_AFTER_S, msg);
}

enum fr_err plain_key_get(struct fr_store *store, struct fr_str key, struct fr_str *value,
                          struct fr_arena *arena, struct fr_errmsg *msg) {
    return store->ops->load(store, &key, 1, value, arena, msg);
}
