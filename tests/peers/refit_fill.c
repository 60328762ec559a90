/* Fills a Redis with synthetic users, to measure refits (docs/MODELS.md). usage: refit_fill URL PREFIX USERS ITEMS [LEAST MOST]
 * LEAST and MOST: how many items a user touched, 5 and 35 if not given. */
#include "freshet/adapt/store_redis.h"
#include "synthetic_store.h"
#include <stdlib.h>

static uint32_t number(const char *text) { return (uint32_t)strtoul(text, NULL, 10); }

int main(int n, char **arguments) {
    struct fr_rules rules;
    struct fr_store *store;
    struct fr_errmsg msg = {0};
    if (n != 5 && n != 7) return 2;
    const struct fr_store_redis_config config = {.url = arguments[1], .client_name = "refit-fill"};
    const struct synthetic synthetic = {.users = number(arguments[3]),
                                        .items = number(arguments[4]),
                                        .partitions = 8,
                                        .touches_least = n == 7 ? number(arguments[5]) : 5,
                                        .touches_most = n == 7 ? number(arguments[6]) : 35,
                                        .first_ms = 1790000000000,
                                        .seed = 1};
    if (fr_store_redis_open(&config, &store, &msg) != FR_OK) {
        fprintf(stderr, "%s\n", msg.text);
        return 1;
    }
    fr_rules_default(&rules);
    enum fr_err err = synthetic_fill(store, arguments[2], &rules, &synthetic);
    store->ops->close(store);
    fr_rules_fini(&rules);
    return err != FR_OK;
}
