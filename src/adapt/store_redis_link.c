/* One connection: made, greeted, used, dropped, made again.
 *
 * Invariant a link that is connected has no reply outstanding between two calls of its users; whoever cannot
 *           keep that drops the link. A failed try puts off the next one (20 ms, doubling to 1 s), so a
 * caller that loops does not hammer a server that is starting. */
#include "store_redis_internal.h"
#include "freshet/base/log.h"
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

enum { FIRST_BACK_OFF_MS = 20, LAST_BACK_OFF_MS = 1000, VECTOR = 512 };

void fr_redis_link_init(struct redis_link *l, const struct redis_options *options,
                        const struct fr_redis_address *at) {
    *l = (struct redis_link){.options = options, .at = *at};
}

void fr_redis_link_drop(struct redis_link *l) {
    if (!l->context) return;
    redisFree(l->context);
    l->context = NULL;
    l->lost = true;
}

static enum fr_err broken(struct redis_link *l, const char *what, const char *why, struct fr_errmsg *msg) {
    enum fr_err err = l->context && l->context->err == REDIS_ERR_PROTOCOL ? FR_STORE_FATAL : FR_STORE_DOWN;
    fr_err_set(msg, err, "Redis at %.100s:%u: %s: %s", l->at.host, l->at.port, what, why);
    fr_redis_link_drop(l);
    return err;
}

static const struct {
    const char *word;
    enum fr_err err;
} meanings[] = {
    {"MOVED", FR_STORE_BUSY},       {"ASK", FR_STORE_BUSY},        {"TRYAGAIN", FR_STORE_BUSY},
    {"CLUSTERDOWN", FR_STORE_BUSY}, {"LOADING", FR_STORE_BUSY},    {"BUSY", FR_STORE_BUSY},
    {"OOM", FR_STORE_BUSY},         {"READONLY", FR_STORE_BUSY},   {"MISCONF", FR_STORE_BUSY},
    {"MASTERDOWN", FR_STORE_BUSY},  {"NOREPLICAS", FR_STORE_BUSY}, {"NOMASTERLINK", FR_STORE_BUSY},
};

static bool starts_with_word(const char *text, const char *word) {
    size_t n = strlen(word);
    return strncmp(text, word, n) == 0 && (text[n] == ' ' || text[n] == '\0');
}

static enum fr_err meaning_of(const char *text) {
    static const char because[] = "Transaction discarded because of: ";
    const char *inner = starts_with_word(text, "EXECABORT") ? strstr(text, because) : NULL;
    if (inner) text = inner + sizeof because - 1;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (starts_with_word(text, meanings[i].word)) return meanings[i].err;
    return FR_STORE_FATAL;
}

bool fr_redis_reply_moved(const redisReply *reply) {
    return reply->type == REDIS_REPLY_ERROR && starts_with_word(reply->str, "MOVED");
}

enum fr_err fr_redis_link_judge(const struct redis_link *l, const redisReply *reply, struct fr_errmsg *msg) {
    if (reply->type != REDIS_REPLY_ERROR) return FR_OK;
    enum fr_err err = meaning_of(reply->str);
    if (fr_redis_reply_moved(reply) && l->options->url.kind != FR_REDIS_CLUSTER)
        return fr_err_set(msg, FR_STORE_FATAL,
                          "Redis at %.60s:%u is a node of a cluster: name it as redis+cluster://%.60s:%u",
                          l->at.host, l->at.port, l->at.host, l->at.port);
    return fr_err_set(msg, err, "Redis at %.60s:%u answered: %.120s", l->at.host, l->at.port, reply->str);
}

static redisContext *dial(const struct redis_link *l) {
    if (l->options->url.kind == FR_REDIS_UNIX)
        return redisConnectUnixWithTimeout(l->at.host, l->options->connect_timeout);
    return redisConnectWithTimeout(l->at.host, l->at.port, l->options->connect_timeout);
}

static uint32_t greeting(const struct redis_options *o, struct redis_request *r) {
    char database[16];
    uint32_t replies = 2;
    if (*o->url.password) {
        bool named = *o->url.username != '\0';
        fr_redis_request_command(r, "AUTH", named ? 2 : 1);
        if (named) fr_redis_request_arg(r, fr_str_of(o->url.username));
        fr_redis_request_arg(r, fr_str_of(o->url.password));
        replies++;
    }
    snprintf(database, sizeof database, "%u", o->url.database);
    fr_redis_request_command(r, "SELECT", 1);
    fr_redis_request_arg(r, fr_str_of(database));
    fr_redis_request_command(r, "CLIENT", 2);
    fr_redis_request_arg(r, FR_STR("SETNAME"));
    fr_redis_request_arg(r, fr_str_of(o->client_name));
    return replies;
}

/* Password, database, name. A server that does not let clients name themselves is no reason to stop. */
static enum fr_err greet(struct redis_link *l, struct fr_errmsg *msg) {
    struct redis_request r = {0};
    uint32_t replies = greeting(l->options, &r);
    enum fr_err err = fr_redis_link_send(l, &r, msg), judged = FR_OK;
    fr_redis_request_fini(&r);
    for (; err == FR_OK && replies; replies--) {
        redisReply *reply;
        err = fr_redis_link_receive(l, &reply, msg);
        if (err != FR_OK) break;
        if (judged == FR_OK && replies > 1) judged = fr_redis_link_judge(l, reply, msg);
        freeReplyObject(reply);
    }
    return err == FR_OK ? judged : err;
}

static enum fr_err connect_now(struct redis_link *l, struct fr_errmsg *msg) {
    bool again = l->lost;
    l->context = dial(l);
    if (!l->context) return fr_err_set(msg, FR_STORE_DOWN, "no memory for a connection to Redis");
    if (l->context->err) return broken(l, "cannot connect", l->context->errstr, msg);
    redisSetTimeout(l->context, l->options->command_timeout);
    l->context->reader->maxbuf = 0; /* keep the buffer: the next reply is as long */
    enum fr_err err = greet(l, msg);
    if (err != FR_OK) {
        fr_redis_link_drop(l);
        return err;
    }
    if (again) fr_log(FR_LOG_WARN, "STORE-RECONNECT", "host=%s port=%u", l->at.host, l->at.port);
    return FR_OK;
}

enum fr_err fr_redis_link_open(struct redis_link *l, struct fr_errmsg *msg) {
    if (l->context) return FR_OK;
    if (fr_clock_mono_us() < l->next_try_us)
        return fr_err_set(msg, FR_STORE_DOWN, "Redis at %.100s:%u: not connected, the next try is due soon",
                          l->at.host, l->at.port);
    enum fr_err err = connect_now(l, msg);
    if (err == FR_OK) {
        l->back_off_ms = 0;
        return FR_OK;
    }
    l->back_off_ms = l->back_off_ms ? l->back_off_ms * 2 : FIRST_BACK_OFF_MS;
    if (l->back_off_ms > LAST_BACK_OFF_MS) l->back_off_ms = LAST_BACK_OFF_MS;
    l->next_try_us = fr_clock_mono_us() + (fr_mono_us)l->back_off_ms * 1000;
    return err;
}

/* Up to VECTOR pieces from the at-th on, the first of them without its first `skip` bytes. */
static size_t gather(const struct redis_request *r, uint32_t at, size_t skip, struct iovec vector[VECTOR]) {
    size_t n = 0;
    for (; at < r->piece_n && n < VECTOR; at++, skip = 0) {
        const struct redis_piece *p = &r->pieces[at];
        const char *start = p->ptr ? p->ptr : r->text.data + p->offset;
        union {
            const char *in;
            char *out;
        } base = {start + skip}; /* iovec serves reading too, hence no const */
        vector[n++] = (struct iovec){base.out, p->len - skip};
    }
    return n;
}

enum fr_err fr_redis_link_send(struct redis_link *l, struct redis_request *r, struct fr_errmsg *msg) {
    uint32_t at = 0;
    size_t skip = 0;
    while (at < r->piece_n) {
        struct iovec vector[VECTOR];
        struct msghdr out = {.msg_iov = vector, .msg_iovlen = gather(r, at, skip, vector)};
        ssize_t sent = sendmsg(l->context->fd, &out, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return broken(l, "sending failed", strerror(errno), msg);
        skip += (size_t)sent;
        for (; at < r->piece_n && skip >= r->pieces[at].len; at++) skip -= r->pieces[at].len;
    }
    return FR_OK;
}

enum fr_err fr_redis_link_receive(struct redis_link *l, redisReply **out, struct fr_errmsg *msg) {
    void *reply = NULL;
    if (redisGetReply(l->context, &reply) != REDIS_OK) {
        bool late = l->context->err == REDIS_ERR_IO && errno == EAGAIN;
        return broken(l, "the connection broke", late ? "no answer in time" : l->context->errstr, msg);
    }
    *out = reply;
    return FR_OK;
}

enum fr_err fr_redis_link_ask(struct redis_link *l, struct redis_request *r, redisReply **out,
                              struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_link_send(l, r, msg);
    if (err == FR_OK) err = fr_redis_link_receive(l, out, msg);
    if (err != FR_OK) return err;
    err = fr_redis_link_judge(l, *out, msg);
    if (err != FR_OK) freeReplyObject(*out);
    return err;
}
