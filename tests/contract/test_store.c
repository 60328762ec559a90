/* The same suite on every store there is: the twin, a real server, a real cluster of three masters. */
#include "redis_server.h"
#include "store_suite.h"
#include "freshet/adapt/store_memory.h"
#include "freshet/adapt/store_redis.h"

static struct fr_store_memory *twin;
static const char *url;

static struct fr_store *open_twin(void) { return fr_store_memory_open(twin); }

static struct fr_store *open_redis(void) {
    struct fr_store_redis_config config = {.url = url};
    struct fr_store *s;
    struct fr_errmsg msg = {0};
    if (fr_store_redis_open(&config, &s, &msg) != FR_OK) {
        fprintf(stderr, "%s\n", msg.text);
        abort();
    }
    return s;
}

static void run_on_cluster(void) {
    struct redis_server servers[3];
    char seeds[96];
    if (cluster_start(servers)) {
        /* The first seed is dead: another one must do. */
        snprintf(seeds, sizeof seeds, "redis+cluster://127.0.0.1:1,127.0.0.1:%d", servers[1].port);
        url = seeds;
        suite_run("redis, cluster of three");
    }
    for (int i = 0; i < 3; i++) server_remove(&servers[i]);
}

int main(void) {
    struct redis_server server = {0};
    twin = fr_store_memory_new();
    suite_open = open_twin;
    suite_run("memory");
    fr_store_memory_free(&twin);
    suite_open = open_redis;
    if (!server_start(&server)) return 1;
    url = server.url;
    suite_run("redis, unix socket");
    server_remove(&server);
    run_on_cluster();
    if (check_cases != 36) check_failed_cases++; /* every store was there */
    return check_done();
}
