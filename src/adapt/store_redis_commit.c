/* A guarded commit, and the unguarded writes of views.
 *
 *     WATCH m, GET m -----------> the expected value?  no -> UNWATCH, FR_STORE_GUARD
 *                                       | yes
 *     MULTI, MSET all pairs and m,      v
 *            UNLINK deleted, EXEC ----> nil: somebody wrote m in between -> FR_STORE_GUARD
 *
 * Problem   all pairs and the meta value must appear together or not at all, also when the server dies and
 *           comes back from an append-only file that was cut anywhere.
 * Choice    one MSET. Redis 7.0 can bring half of a MULTI back to life after a cut file and two restarts; it
 *           cannot do that with half of a command. Deleted keys get "" in the same MSET, which reads as
 * absent; the UNLINK behind it only saves memory, and losing it is harmless. Rejected  many SETs in a MULTI
 * (see above); a Lua script (slower, and limited to some 4,000 pairs). Invariant up to the MULTI nothing was
 * written, so the call may try again by itself. From the MULTI on it may not: the answer to a broken
 * connection is FR_STORE_DOWN, and the caller reads the meta key. */
#include "store_redis_internal.h"
#include "freshet/base/failpoint.h"

enum { PUT_BYTES = 1 << 20, PUT_COMMANDS = 1000 };

/* Receives n replies and returns the judgement of the first that is an error; *final gets the last reply. */
static enum fr_err receive_all(struct redis_link *l, uint32_t n, redisReply **final, bool *moved,
                               struct fr_errmsg *msg) {
    enum fr_err judged = FR_OK;
    for (uint32_t i = 0; i < n; i++) {
        redisReply *reply;
        enum fr_err err = fr_redis_link_receive(l, &reply, msg);
        if (err != FR_OK) return err;
        if (fr_redis_reply_moved(reply)) *moved = true;
        if (judged == FR_OK) judged = fr_redis_link_judge(l, reply, msg);
        if (final && i + 1 == n)
            *final = reply;
        else
            freeReplyObject(reply);
    }
    return judged;
}

static bool guard_holds(const struct fr_store_commit *c, const redisReply *now) {
    if (!c->expected.ptr) return now->type == REDIS_REPLY_NIL;
    return now->type == REDIS_REPLY_STRING &&
           fr_str_eq(c->expected, (struct fr_str){now->str, (uint32_t)now->len});
}

static enum fr_err unwatch(struct redis_writer *w, struct redis_link *l) {
    redisReply *reply;
    fr_redis_request_clear(&w->request);
    fr_redis_request_command(&w->request, "UNWATCH", 0);
    enum fr_err err = fr_redis_link_ask(l, &w->request, &reply, NULL);
    if (err == FR_OK)
        freeReplyObject(reply);
    else
        fr_redis_link_drop(l); /* the watch goes with the connection */
    return err;
}

static enum fr_err watch(struct redis_writer *w, struct redis_link *l, const struct fr_store_commit *c,
                         struct fr_errmsg *msg) {
    redisReply *now = NULL;
    bool moved = false;
    fr_redis_request_clear(&w->request);
    fr_redis_request_command(&w->request, "WATCH", 1);
    fr_redis_request_arg(&w->request, c->meta_key);
    fr_redis_request_command(&w->request, "GET", 1);
    fr_redis_request_arg(&w->request, c->meta_key);
    enum fr_err err = fr_redis_link_send(l, &w->request, msg);
    if (err == FR_OK) err = receive_all(l, 2, &now, &moved, msg);
    bool holds = err == FR_OK && guard_holds(c, now);
    if (now) freeReplyObject(now);
    if (err != FR_OK || holds) return err;
    unwatch(w, l);
    return fr_err_set(msg, FR_STORE_GUARD, "the store holds another meta value than this writer's last");
}

static uint32_t deleted_n(const struct fr_store_commit *c) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->pair_n; i++) n += c->pairs[i].value.len == 0;
    return n;
}

/* Returns the number of replies to expect. */
static uint32_t write_transaction(struct redis_request *r, const struct fr_store_commit *c) {
    uint32_t deleted = deleted_n(c);
    fr_redis_request_clear(r);
    fr_redis_request_command(r, "MULTI", 0);
    fr_redis_request_command(r, "MSET", 2 * (c->pair_n + 1));
    for (uint32_t i = 0; i < c->pair_n; i++) {
        fr_redis_request_arg(r, c->pairs[i].key);
        fr_redis_request_arg(r, c->pairs[i].value);
    }
    fr_redis_request_arg(r, c->meta_key);
    fr_redis_request_arg(r, c->replacement);
    if (deleted) fr_redis_request_command(r, "UNLINK", deleted);
    for (uint32_t i = 0; i < c->pair_n; i++)
        if (c->pairs[i].value.len == 0) fr_redis_request_arg(r, c->pairs[i].key);
    fr_redis_request_command(r, "EXEC", 0);
    return deleted ? 4 : 3;
}

static void write_set(struct redis_request *r, struct fr_str key, struct fr_str value) {
    fr_redis_request_command(r, "SET", 2);
    fr_redis_request_arg(r, key);
    fr_redis_request_arg(r, value);
}

/* The wrong way, for the tests that must see it fail: no transaction, one SET a key. */
static uint32_t write_torn(struct redis_request *r, const struct fr_store_commit *c) {
    fr_redis_request_clear(r);
    fr_redis_request_command(r, "UNWATCH", 0);
    for (uint32_t i = 0; i < c->pair_n; i++) write_set(r, c->pairs[i].key, c->pairs[i].value);
    write_set(r, c->meta_key, c->replacement);
    return c->pair_n + 2;
}

/* A command inside EXEC failed although it was accepted: MSET and UNLINK fail on no kind of value, so this is
 * no Redis we know. */
static enum fr_err check_results(const struct redis_link *l, const redisReply *exec, struct fr_errmsg *msg) {
    enum fr_err err = FR_OK;
    if (exec->type == REDIS_REPLY_NIL)
        return fr_err_set(msg, FR_STORE_GUARD, "another writer changed the meta key during the commit");
    for (size_t i = 0; exec->type == REDIS_REPLY_ARRAY && i < exec->elements && err == FR_OK; i++)
        if (fr_redis_link_judge(l, exec->element[i], msg) != FR_OK) err = FR_STORE_FATAL;
    return err;
}

static enum fr_err transact(struct redis_writer *w, struct redis_link *l, const struct fr_store_commit *c,
                            bool *moved, struct fr_errmsg *msg) {
    bool torn = w->nodes.options->torn_commits;
    uint32_t replies = torn ? write_torn(&w->request, c) : write_transaction(&w->request, c);
    redisReply *last = NULL;
    enum fr_err err = fr_redis_link_send(l, &w->request, msg);
    if (err == FR_OK) err = receive_all(l, replies, &last, moved, msg);
    if (err == FR_OK) err = check_results(l, last, msg);
    if (last) freeReplyObject(last);
    return err;
}

/* *final: err must be reported as it is. */
static enum fr_err commit_once(struct redis_writer *w, const struct fr_store_commit *c, bool *final,
                               struct fr_errmsg *msg) {
    struct redis_link *l;
    bool moved = false;
    enum fr_err err = fr_redis_nodes_open(&w->nodes, c->meta_key, &l, msg);
    if (err == FR_OK) err = watch(w, l, c, msg);
    if (err != FR_OK) return err;
    fr_failpoint("C10");
    err = transact(w, l, c, &moved, msg);
    fr_failpoint("C12");
    *final = !moved;
    return err;
}

enum fr_err fr_redis_commit(struct redis_writer *w, const struct fr_store_commit *c, struct fr_errmsg *msg) {
    struct redis_retry retry = {0};
    struct fr_errmsg last;
    enum fr_err err;
    bool final;
    do {
        final = false;
        last = (struct fr_errmsg){0};
        err = commit_once(w, c, &final, &last);
        if (final && (err == FR_STORE_DOWN || err == FR_STORE_BUSY))
            w->nodes.stale = w->nodes.options->url.kind == FR_REDIS_CLUSTER;
    } while (err != FR_OK && !final && fr_redis_retry_again(&retry, &w->nodes, err));
    fr_redis_request_clear(&w->request);
    return err == FR_OK ? FR_OK : fr_err_set(msg, err, "%s", last.text);
}

static void write_put(struct redis_request *r, const struct fr_pair *p, struct fr_str ttl) {
    if (p->value.len == 0) {
        fr_redis_request_command(r, "UNLINK", 1);
        fr_redis_request_arg(r, p->key);
        return;
    }
    fr_redis_request_command(r, "SET", ttl.len ? 4 : 2);
    fr_redis_request_arg(r, p->key);
    fr_redis_request_arg(r, p->value);
    if (ttl.len == 0) return;
    fr_redis_request_arg(r, FR_STR("EX"));
    fr_redis_request_arg(r, ttl);
}

/* Sends pairs from *at on that live on the node, up to a bounded request, and takes their answers. */
static enum fr_err put_some(struct redis_writer *w, uint16_t node, const struct fr_pair *pairs, uint32_t n,
                            uint32_t *at, struct fr_str ttl, struct fr_errmsg *msg) {
    uint32_t replies = 0;
    bool moved = false;
    fr_redis_request_clear(&w->request);
    for (; *at < n && replies < PUT_COMMANDS && w->request.bytes < PUT_BYTES; ++*at) {
        uint16_t slot = fr_redis_nodes_slot(&w->nodes, pairs[*at].key);
        if (fr_redis_nodes_of_slot(&w->nodes, slot) != node) continue;
        write_put(&w->request, &pairs[*at], ttl);
        replies++;
    }
    if (replies == 0) return FR_OK;
    struct redis_link *l = w->nodes.links[node];
    enum fr_err err = fr_redis_link_open(l, msg);
    if (err == FR_OK) err = fr_redis_link_send(l, &w->request, msg);
    return err == FR_OK ? receive_all(l, replies, NULL, &moved, msg) : err;
}

static enum fr_err put_once(struct redis_writer *w, const struct fr_pair *pairs, uint32_t n,
                            struct fr_str ttl, struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_nodes_refresh(&w->nodes, msg);
    for (uint32_t node = 0; err == FR_OK && node < w->nodes.link_n; node++)
        for (uint32_t at = 0; err == FR_OK && at < n;)
            err = put_some(w, (uint16_t)node, pairs, n, &at, ttl, msg);
    return err;
}

enum fr_err fr_redis_put(struct redis_writer *w, const struct fr_pair *pairs, uint32_t n, uint32_t ttl_s,
                         struct fr_errmsg *msg) {
    struct redis_retry retry = {0};
    struct fr_errmsg last;
    enum fr_err err;
    struct fr_buf ttl = {0};
    if (ttl_s) fr_buf_printf(&ttl, "%u", ttl_s);
    do {
        last = (struct fr_errmsg){0};
        err = put_once(w, pairs, n, fr_buf_slice(&ttl), &last);
    } while (err != FR_OK && fr_redis_retry_again(&retry, &w->nodes, err));
    fr_redis_request_clear(&w->request);
    fr_buf_fini(&ttl);
    return err == FR_OK ? FR_OK : fr_err_set(msg, err, "%s", last.text);
}
