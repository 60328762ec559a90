/* What reports ask for: the keys with a prefix, and the state of the servers. Never on the hot path. */
#include "store_redis_internal.h"
#include <stdio.h>
#include <stdlib.h>

/* prefix* with the glob's own characters escaped. */
static void write_pattern(struct fr_buf *out, struct fr_str prefix) {
    for (uint32_t i = 0; i < prefix.len; i++) {
        if (strchr("*?[]\\", prefix.ptr[i]) && prefix.ptr[i]) fr_buf_byte(out, '\\');
        fr_buf_byte(out, (unsigned char)prefix.ptr[i]);
    }
    fr_buf_byte(out, '*');
}

struct scan {
    struct fr_buf pattern, cursor;
    bool (*visit)(void *context, struct fr_str key);
    void *context;
    bool stopped;
};

static enum fr_err take_page(struct scan *s, const redisReply *page, struct fr_errmsg *msg) {
    if (page->type != REDIS_REPLY_ARRAY || page->elements != 2 ||
        page->element[0]->type != REDIS_REPLY_STRING)
        return fr_err_set(msg, FR_STORE_FATAL, "SCAN gave an answer that cannot be read");
    const redisReply *cursor = page->element[0], *keys = page->element[1];
    fr_buf_clear(&s->cursor);
    fr_buf_append(&s->cursor, cursor->str, cursor->len);
    for (size_t i = 0; i < keys->elements && !s->stopped; i++) {
        const redisReply *key = keys->element[i];
        s->stopped = !s->visit(s->context, (struct fr_str){key->str, (uint32_t)key->len});
    }
    return FR_OK;
}

static enum fr_err scan_page(struct redis_link *l, struct scan *s, struct fr_errmsg *msg) {
    struct redis_request r = {0};
    redisReply *page;
    fr_redis_request_command(&r, "SCAN", 5);
    fr_redis_request_arg(&r, fr_buf_slice(&s->cursor));
    fr_redis_request_arg(&r, FR_STR("MATCH"));
    fr_redis_request_arg(&r, fr_buf_slice(&s->pattern));
    fr_redis_request_arg(&r, FR_STR("COUNT"));
    fr_redis_request_arg(&r, FR_STR("1000"));
    enum fr_err err = fr_redis_link_ask(l, &r, &page, msg);
    fr_redis_request_fini(&r);
    if (err != FR_OK) return err;
    err = take_page(s, page, msg);
    freeReplyObject(page);
    return err;
}

static enum fr_err scan_node(struct redis_link *l, struct scan *s, struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_link_open(l, msg);
    fr_buf_clear(&s->cursor);
    fr_buf_byte(&s->cursor, '0');
    while (err == FR_OK && !s->stopped) {
        err = scan_page(l, s, msg);
        if (fr_str_eq(fr_buf_slice(&s->cursor), FR_STR("0"))) break;
    }
    return err;
}

enum fr_err fr_redis_scan(struct redis_nodes *nodes, struct fr_str prefix,
                          bool (*visit)(void *context, struct fr_str key), void *context,
                          struct fr_errmsg *msg) {
    struct scan s = {.visit = visit, .context = context};
    struct redis_retry retry = {0};
    struct fr_errmsg last;
    enum fr_err err;
    write_pattern(&s.pattern, prefix);
    do { /* a second try visits keys again, as the port allows */
        last = (struct fr_errmsg){0};
        err = fr_redis_nodes_refresh(nodes, &last);
        for (uint32_t i = 0; i < nodes->link_n && err == FR_OK; i++)
            err = scan_node(nodes->links[i], &s, &last);
    } while (err != FR_OK && fr_redis_retry_again(&retry, nodes, err));
    fr_buf_fini(&s.pattern);
    fr_buf_fini(&s.cursor);
    return err == FR_OK ? FR_OK : fr_err_set(msg, err, "%s", last.text);
}

/* The value of "name:value" in INFO's text, up to the end of its line; empty when it is not there. */
static struct fr_str info_field(const char *text, const char *name) {
    size_t n = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, n) != 0 || line[n] != ':') continue;
        line += n + 1;
        return (struct fr_str){line, (uint32_t)strcspn(line, "\r\n")};
    }
    return (struct fr_str){"", 0};
}

static uint64_t info_number(const char *text, const char *name) {
    struct fr_str field = info_field(text, name);
    return field.len ? strtoull(field.ptr, NULL, 10) : 0;
}

static void add_info(struct fr_store_info *out, const char *text) {
    struct fr_str version = info_field(text, "redis_version"), policy = info_field(text, "maxmemory_policy");
    snprintf(out->version, sizeof out->version, "%.*s", FR_STR_ARG(version));
    out->used_bytes += info_number(text, "used_memory");
    out->limit_bytes += info_number(text, "maxmemory");
    out->evicts = out->evicts || (policy.len && !fr_str_eq(policy, FR_STR("noeviction")));
    out->persists = out->persists && info_number(text, "aof_enabled") == 1;
    out->nodes++;
}

static enum fr_err info_node(struct redis_link *l, struct fr_store_info *out, struct fr_errmsg *msg) {
    struct redis_request r = {0};
    redisReply *reply;
    enum fr_err err = fr_redis_link_open(l, msg);
    if (err != FR_OK) return err;
    fr_redis_request_command(&r, "INFO", 0);
    err = fr_redis_link_ask(l, &r, &reply, msg);
    fr_redis_request_fini(&r);
    if (err != FR_OK) return err;
    if (reply->type == REDIS_REPLY_STRING) add_info(out, reply->str);
    freeReplyObject(reply);
    return FR_OK;
}

enum fr_err fr_redis_info(struct redis_nodes *nodes, struct fr_store_info *out, struct fr_errmsg *msg) {
    struct redis_retry retry = {0};
    struct fr_errmsg last;
    enum fr_err err;
    do {
        last = (struct fr_errmsg){0};
        *out = (struct fr_store_info){.persists = true};
        err = fr_redis_nodes_refresh(nodes, &last);
        for (uint32_t i = 0; i < nodes->link_n && err == FR_OK; i++)
            err = info_node(nodes->links[i], out, &last);
    } while (err != FR_OK && fr_redis_retry_again(&retry, nodes, err));
    return err == FR_OK ? FR_OK : fr_err_set(msg, err, "%s", last.text);
}
