/* What only a real Redis does: die, run out of memory, move slots, ask for a password. */
#include "redis_server.h"
#define SUITE_HELPERS_ONLY
#include "store_suite.h"
#include "freshet/adapt/store_redis.h"

static struct fr_store_redis_config config;

static struct fr_store *open_store(void) {
    struct fr_store *s = NULL;
    struct fr_errmsg msg = {0};
    if (fr_store_redis_open(&config, &s, &msg) == FR_OK) return s;
    fprintf(stderr, "%s\n", msg.text);
    abort();
}

/* What opening says; "" when it succeeds. */
static const char *refusal(enum fr_err wanted) {
    static struct fr_errmsg msg;
    struct fr_store *s;
    msg = (struct fr_errmsg){0};
    CHECK_INT(fr_store_redis_open(&config, &s, &msg), wanted);
    if (s) s->ops->close(s);
    return msg.text;
}

static enum fr_err load_one(struct fr_store *s, struct fr_str key) {
    struct fr_arena arena = {0};
    struct fr_str value;
    enum fr_err err = s->ops->load(s, &key, 1, &value, &arena, NULL);
    fr_arena_fini(&arena);
    return err;
}

/* Loads until it succeeds; the last error otherwise. */
static enum fr_err load_until_ok(struct fr_store *s, struct fr_str key) {
    enum fr_err err = FR_STORE_DOWN;
    for (int i = 0; i < 500 && err != FR_OK; i++) {
        err = load_one(s, key);
        if (err != FR_OK) fr_clock_sleep_ms(20);
    }
    return err;
}

static void test_server_dies_during_a_commit(void) {
    struct redis_server server = {0};
    CHECK(server_start(&server));
    config = (struct fr_store_redis_config){.url = server.url};
    struct fr_store *s = open_store();
    struct fr_pair pair = {FR_STR("{t}:1"), FR_STR("x")};
    struct fr_store_commit c = {FR_STR("{t}:meta"), FR_STR("1"), FR_STR("2"), &pair, 1};
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), NULL, 0), FR_OK);
    kill(server.pid, SIGSTOP); /* so that the commit is surely under way */
    CHECK_INT(s->ops->commit_start(s, &c, NULL), FR_OK);
    CHECK_INT(s->ops->commit_poll(s, NULL), FR_PENDING);
    server_kill(&server);
    CHECK_INT(commit_finish(s), FR_STORE_DOWN);
    CHECK_INT(load_one(s, pair.key), FR_STORE_DOWN);
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &pair, 1), FR_STORE_DOWN);
    CHECK(server_start(&server));
    CHECK_INT(load_until_ok(s, pair.key), FR_OK);
    enum fr_err err = FR_STORE_DOWN;
    for (int i = 0; i < 500 && err == FR_STORE_DOWN; i++, fr_clock_sleep_ms(10))
        err = commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &pair, 1);
    CHECK_INT(err, FR_OK);
    CHECK(holds(s, pair.key, pair.value));
    s->ops->close(s);
    server_remove(&server);
}

static void test_lost_connections_are_made_again_in_the_call(void) {
    struct redis_server server = {0};
    CHECK(server_start(&server));
    config = (struct fr_store_redis_config){.url = server.url, .client_name = "freshet-test"};
    struct fr_store *s = open_store();
    struct fr_pair pair = {FR_STR("{t}:1"), FR_STR("x")};
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), &pair, 1), FR_OK);
    redisReply *clients = server_ask(&server, "CLIENT LIST");
    CHECK(clients && strstr(clients->str, "name=freshet-test"));
    if (clients) freeReplyObject(clients);
    server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    CHECK(holds(s, pair.key, pair.value));
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &pair, 1), FR_OK);
    server_do(&server, "CLIENT KILL TYPE normal SKIPME yes");
    CHECK_INT(put(s, &pair, 1, 100), FR_OK);
    redisReply *ttl = server_ask(&server, "TTL {t}:1");
    CHECK(ttl && ttl->integer > 0 && ttl->integer <= 100);
    if (ttl) freeReplyObject(ttl);
    s->ops->close(s);
    server_remove(&server);
}

static void test_full_memory_and_read_only_are_busy(void) {
    struct redis_server server = {0};
    CHECK(server_start(&server));
    config = (struct fr_store_redis_config){.url = server.url};
    struct fr_store *s = open_store();
    struct fr_pair pair = {FR_STR("{t}:1"), FR_STR("x")};
    struct fr_store_info info;
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), NULL, 0), FR_OK);
    server_do(&server, "CONFIG SET maxmemory 1");
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &pair, 1), FR_STORE_BUSY);
    CHECK_INT(put(s, &pair, 1, 0), FR_STORE_BUSY);
    CHECK(holds(s, FR_STR("{t}:meta"), FR_STR("1")));
    CHECK(holds(s, pair.key, absent));
    CHECK_INT(s->ops->info(s, &info, NULL), FR_OK);
    CHECK_INT(info.limit_bytes, 1);
    CHECK(info.persists);
    CHECK(!info.evicts);
    server_do(&server, "CONFIG SET maxmemory 0 maxmemory-policy allkeys-lru appendonly no");
    CHECK_INT(s->ops->info(s, &info, NULL), FR_OK);
    CHECK(info.evicts);
    CHECK(!info.persists);
    server_do(&server, "REPLICAOF 127.0.0.1 1");
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &pair, 1), FR_STORE_BUSY);
    server_do(&server, "REPLICAOF NO ONE");
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &pair, 1), FR_OK);
    CHECK(holds(s, pair.key, pair.value));
    s->ops->close(s);
    server_remove(&server);
}

static void test_a_silent_server_is_down(void) {
    struct redis_server server = {0};
    CHECK(server_start(&server));
    config = (struct fr_store_redis_config){.url = server.url, .command_timeout_ms = 100};
    struct fr_store *s = open_store();
    kill(server.pid, SIGSTOP);
    CHECK_INT(load_one(s, FR_STR("{t}:1")), FR_STORE_DOWN);
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), NULL, 0), FR_STORE_DOWN);
    kill(server.pid, SIGCONT);
    CHECK_INT(load_until_ok(s, FR_STR("{t}:1")), FR_OK);
    s->ops->close(s);
    server_remove(&server);
}

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    if (!f) return;
    fputs(text, f);
    fclose(f);
}

static void test_passwords(void) {
    struct redis_server server = {.options = {"--requirepass", "p@ss/word"}};
    char file[96], url[256];
    CHECK(server_start(&server));
    config = (struct fr_store_redis_config){.url = server.url};
    CHECK(strstr(refusal(FR_STORE_FATAL), "NOAUTH"));
    config.password = "wrong";
    CHECK(strstr(refusal(FR_STORE_FATAL), "WRONGPASS"));
    config.password = "p@ss/word";
    CHECK_STR(refusal(FR_OK), "");
    config.username = "nobody";
    CHECK(strstr(refusal(FR_STORE_FATAL), "WRONGPASS"));
    snprintf(url, sizeof url, "unix://default:p%%40ss%%2Fword@%s", server.socket);
    config = (struct fr_store_redis_config){.url = url};
    CHECK_STR(refusal(FR_OK), "");
    snprintf(file, sizeof file, "%s/password", server.dir);
    config = (struct fr_store_redis_config){.url = server.url, .password_file = file};
    CHECK(strstr(refusal(FR_CONFIG), "cannot be read"));
    write_file(file, "p@ss/word\n");
    CHECK_STR(refusal(FR_OK), "");
    write_file(file, "\n");
    CHECK(strstr(refusal(FR_CONFIG), "is empty"));
    server_remove(&server);
}

static void test_databases_and_tcp(void) {
    struct redis_server server = {.port = port_find()};
    char url[96], other[160];
    CHECK(server_start(&server));
    snprintf(url, sizeof url, "redis://127.0.0.1:%d/3", server.port);
    config = (struct fr_store_redis_config){.url = url};
    struct fr_store *third = open_store();
    snprintf(other, sizeof other, "%s?db=0", server.url);
    config.url = other;
    struct fr_store *first = open_store();
    CHECK_INT(commit(third, "{t}:meta", absent, FR_STR("1"), NULL, 0), FR_OK);
    CHECK(holds(third, FR_STR("{t}:meta"), FR_STR("1")));
    CHECK(holds(first, FR_STR("{t}:meta"), absent));
    first->ops->close(first);
    third->ops->close(third);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d/99", server.port);
    config.url = url;
    CHECK(strstr(refusal(FR_STORE_FATAL), "DB index"));
    server_remove(&server);
    CHECK(strstr(refusal(FR_STORE_DOWN), "cannot connect"));
}

/* Half a commit, which only the switch for negative controls allows. */
static void test_torn_commits_are_torn(void) {
    struct redis_server server = {0};
    CHECK(server_start(&server));
    config = (struct fr_store_redis_config){.url = server.url, .torn_commits = true};
    struct fr_store *s = open_store();
    struct fr_pair pair = {FR_STR("{t}:1"), FR_STR("x")};
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), &pair, 1), FR_OK);
    CHECK(holds(s, pair.key, pair.value));
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), &pair, 1), FR_STORE_GUARD);
    redisReply *stats = server_ask(&server, "INFO commandstats");
    CHECK(stats && !strstr(stats->str, "cmdstat_mset") && strstr(stats->str, "cmdstat_set:calls=2"));
    if (stats) freeReplyObject(stats);
    s->ops->close(s);
    server_remove(&server);
}

static const char *node_id(const struct redis_server *s, char out[41]) {
    redisReply *r = server_ask(s, "CLUSTER MYID");
    snprintf(out, 41, "%s", r ? r->str : "");
    if (r) freeReplyObject(r);
    return out;
}

/* Moves the slot of tag {t} (15891, on the third master) to the first, with a look at every step. */
static void check_moving_slot(struct redis_server servers[3], struct fr_store *s) {
    enum { SLOT = 15891 };
    char from[41], to[41];
    struct fr_pair known[] = {{FR_STR("{t}:1"), FR_STR("a")}, {FR_STR("{t}:2"), FR_STR("b")}};
    struct fr_pair fresh = {FR_STR("{t}:new"), FR_STR("c")};
    CHECK_INT(commit(s, "{t}:meta", absent, FR_STR("1"), known, 2), FR_OK);
    server_do(&servers[0], "CLUSTER SETSLOT %d IMPORTING %s", SLOT, node_id(&servers[2], from));
    server_do(&servers[2], "CLUSTER SETSLOT %d MIGRATING %s", SLOT, node_id(&servers[0], to));
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &fresh, 1), FR_STORE_BUSY);
    struct fr_str keys[] = {FR_STR("{t}:1"), FR_STR("{t}:absent")}, values[2];
    struct fr_arena arena = {0};
    CHECK_INT(s->ops->load(s, keys, 2, values, &arena, NULL), FR_STORE_BUSY);
    fr_arena_fini(&arena);
    server_do(&servers[2], "MIGRATE 127.0.0.1 %d {t}:1 0 5000", servers[0].port);
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), known, 2), FR_STORE_BUSY);
    server_do(&servers[2], "MIGRATE 127.0.0.1 %d %s 0 5000 KEYS {t}:2 {t}:meta", servers[0].port, "");
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), known, 2), FR_STORE_BUSY);
    for (int i = 0; i < 3; i++) server_do(&servers[i], "CLUSTER SETSLOT %d NODE %s", SLOT, to);
    CHECK_INT(commit(s, "{t}:meta", FR_STR("1"), FR_STR("2"), &fresh, 1), FR_OK); /* MOVED on the way */
    CHECK(holds(s, FR_STR("{t}:1"), FR_STR("a")));
    CHECK(holds(s, FR_STR("{t}:new"), FR_STR("c")));
    CHECK(holds(s, FR_STR("{t}:meta"), FR_STR("2")));
}

static void test_cluster_moves_a_slot(void) {
    struct redis_server servers[3];
    char url[96];
    CHECK(cluster_start(servers));
    snprintf(url, sizeof url, "redis+cluster://127.0.0.1:%d", servers[0].port);
    config = (struct fr_store_redis_config){.url = url};
    struct fr_store *s = open_store();
    check_moving_slot(servers, s);
    struct fr_store_info info;
    CHECK_INT(s->ops->info(s, &info, NULL), FR_OK);
    CHECK_INT(info.nodes, 3);
    /* Keys of every master in one load, in the caller's order. */
    struct fr_str keys[300], values[300];
    struct fr_pair views[300];
    struct fr_arena arena = {0};
    for (int i = 0; i < 300; i++) {
        char *text = fr_arena_alloc(&arena, 16);
        keys[i] = (struct fr_str){text, (uint32_t)snprintf(text, 16, "{%d}:x", i % 100)};
        views[i] = (struct fr_pair){keys[i], keys[i]};
    }
    CHECK_INT(put(s, views, 300, 0), FR_OK);
    CHECK_INT(s->ops->load(s, keys, 300, values, &arena, NULL), FR_OK);
    for (int i = 0; i < 300; i++) CHECK(values[i].ptr && fr_str_eq(values[i], keys[i]));
    fr_arena_fini(&arena);
    s->ops->close(s);
    config.url = servers[0].url; /* a node of a cluster named as a single server */
    s = open_store();
    struct fr_errmsg msg = {0};
    struct fr_str key = FR_STR("{b}:1"), value; /* slot 3300 */
    struct fr_str far = FR_STR("{a}:1");        /* slot 15495 */
    CHECK_INT(s->ops->load(s, &key, 1, &value, &arena, &msg), FR_OK);
    CHECK_INT(s->ops->load(s, &far, 1, &value, &arena, &msg), FR_STORE_FATAL);
    CHECK(strstr(msg.text, "redis+cluster://"));
    s->ops->close(s);
    fr_arena_fini(&arena);
    for (int i = 0; i < 3; i++) server_remove(&servers[i]);
}

int main(void) {
    RUN(test_server_dies_during_a_commit);
    RUN(test_lost_connections_are_made_again_in_the_call);
    RUN(test_full_memory_and_read_only_are_busy);
    RUN(test_a_silent_server_is_down);
    RUN(test_passwords);
    RUN(test_databases_and_tcp);
    RUN(test_torn_commits_are_torn);
    RUN(test_cluster_moves_a_slot);
    return check_done();
}
