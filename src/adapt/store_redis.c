#include "store_redis_internal.h"
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 2000, COMMAND_TIMEOUT_MS = 10000 };

struct store_redis {
    struct fr_store base;
    struct redis_options options;
    struct redis_nodes reader;
    struct redis_writer writer;
};

static struct store_redis *self_of(struct fr_store *store) { return (struct store_redis *)store; }

static enum fr_err load(struct fr_store *store, const struct fr_str *keys, uint32_t n, struct fr_str *values,
                        struct fr_arena *arena, struct fr_errmsg *msg) {
    return n ? fr_redis_load(&self_of(store)->reader, keys, n, values, arena, msg) : FR_OK;
}

static enum fr_err commit_start(struct fr_store *store, const struct fr_store_commit *commit,
                                struct fr_errmsg *msg) {
    (void)msg;
    struct redis_writer *w = &self_of(store)->writer;
    w->commit = commit; /* seen by the thread through submit's lock */
    fr_redis_writer_submit(w, &w->commit_job);
    return FR_OK;
}

static enum fr_err commit_poll(struct fr_store *store, struct fr_errmsg *msg) {
    struct redis_writer *w = &self_of(store)->writer;
    return fr_redis_writer_poll(w, &w->commit_job, msg);
}

static enum fr_err put_start(struct fr_store *store, const struct fr_pair *pairs, uint32_t n, uint32_t ttl_s,
                             struct fr_errmsg *msg) {
    (void)msg;
    struct redis_writer *w = &self_of(store)->writer;
    w->puts = pairs;
    w->put_n = n;
    w->put_ttl_s = ttl_s;
    fr_redis_writer_submit(w, &w->put_job);
    return FR_OK;
}

static enum fr_err put_poll(struct fr_store *store, struct fr_errmsg *msg) {
    struct redis_writer *w = &self_of(store)->writer;
    return fr_redis_writer_poll(w, &w->put_job, msg);
}

static enum fr_err scan(struct fr_store *store, struct fr_str prefix,
                        bool (*visit)(void *context, struct fr_str key), void *context,
                        struct fr_errmsg *msg) {
    return fr_redis_scan(&self_of(store)->reader, prefix, visit, context, msg);
}

static enum fr_err info(struct fr_store *store, struct fr_store_info *out, struct fr_errmsg *msg) {
    return fr_redis_info(&self_of(store)->reader, out, msg);
}

static void close_store(struct fr_store *store) {
    struct store_redis *s = self_of(store);
    fr_redis_writer_stop(&s->writer);
    fr_redis_nodes_fini(&s->reader);
    free(s);
}

static const struct fr_store_ops ops = {load,     commit_start, commit_poll, put_start,
                                        put_poll, scan,         info,        close_store};

static struct timeval timeout_of(uint32_t given_ms, uint32_t usual_ms) {
    uint32_t ms = given_ms ? given_ms : usual_ms;
    return (struct timeval){ms / 1000, (suseconds_t)(ms % 1000) * 1000};
}

static enum fr_err take_word(const char *word, char *out, size_t size, const char *what,
                             struct fr_errmsg *msg) {
    if (!word) return FR_OK;
    size_t n = strlen(word);
    if (n >= size) return fr_err_set(msg, FR_CONFIG, "the Redis %s is longer than %zu bytes", what, size - 1);
    memcpy(out, word, n + 1);
    return FR_OK;
}

static enum fr_err read_options(const struct fr_store_redis_config *c, struct redis_options *o,
                                struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_url_parse(c->url, &o->url, msg);
    o->connect_timeout = timeout_of(c->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    o->command_timeout = timeout_of(c->command_timeout_ms, COMMAND_TIMEOUT_MS);
    o->torn_commits = c->torn_commits;
    if (err == FR_OK) err = take_word(c->username, o->url.username, sizeof o->url.username, "user name", msg);
    if (err == FR_OK) err = take_word(c->password, o->url.password, sizeof o->url.password, "password", msg);
    if (err == FR_OK && c->password_file)
        err = fr_redis_password_read(c->password_file, o->url.password, msg);
    if (err != FR_OK) return err;
    return take_word(c->client_name ? c->client_name : "freshet", o->client_name, sizeof o->client_name,
                     "client name", msg);
}

/* A wrong password or address shows here and not at the first batch. */
static enum fr_err connect_once(struct redis_nodes *nodes, struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_nodes_refresh(nodes, msg);
    return err == FR_OK ? fr_redis_link_open(nodes->links[0], msg) : err;
}

enum fr_err fr_store_redis_open(const struct fr_store_redis_config *config, struct fr_store **out,
                                struct fr_errmsg *msg) {
    struct store_redis *s = fr_alloc_zero(1, sizeof *s);
    *out = NULL;
    s->base.ops = &ops;
    enum fr_err err = read_options(config, &s->options, msg);
    if (err == FR_OK) {
        fr_redis_nodes_init(&s->reader, &s->options);
        err = connect_once(&s->reader, msg);
    }
    if (err != FR_OK) {
        fr_redis_nodes_fini(&s->reader);
        free(s);
        return err;
    }
    fr_redis_writer_start(&s->writer, &s->options);
    *out = &s->base;
    return FR_OK;
}
