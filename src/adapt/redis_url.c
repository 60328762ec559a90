#include "freshet/adapt/redis_url.h"
#include "freshet/base/str.h"
#include <errno.h>
#include <stdio.h>

enum { DEFAULT_PORT = 6379, SOCKET_PATH_BYTES = 107 }; /* sun_path holds 108 with its NUL */

/* The part of *rest before the first `at`, which is dropped; all of it when there is none. */
static struct fr_str cut(struct fr_str *rest, char at) {
    const char *found = rest->len ? memchr(rest->ptr, at, rest->len) : NULL;
    struct fr_str head = {rest->ptr, found ? (uint32_t)(found - rest->ptr) : rest->len};
    uint32_t taken = head.len + (found != NULL);
    *rest = (struct fr_str){rest->ptr + taken, rest->len - taken};
    return head;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next byte of s at *at with its escape undone; -1 for a broken escape or a NUL. */
static int decoded_byte(struct fr_str s, uint32_t *at) {
    char c = s.ptr[(*at)++];
    if (c != '%') return (unsigned char)c;
    if (s.len - *at < 2) return -1;
    int high = hex(s.ptr[*at]), low = hex(s.ptr[*at + 1]);
    *at += 2;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return -1;
    return high << 4 | low;
}

static enum fr_err decode(struct fr_str s, char *out, size_t size, const char *part, struct fr_errmsg *msg) {
    size_t n = 0;
    for (uint32_t at = 0; at < s.len;) {
        int byte = decoded_byte(s, &at);
        if (byte < 0)
            return fr_err_set(msg, FR_CONFIG, "the %s of the Redis URL has a wrong %%xx escape", part);
        if (n + 1 == size) return fr_err_set(msg, FR_CONFIG, "the %s of the Redis URL is too long", part);
        out[n++] = (char)byte;
    }
    out[n] = '\0';
    return FR_OK;
}

static bool number(struct fr_str s, uint32_t most, uint32_t *out) {
    uint32_t v = 0;
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9' || s.len > 9) return false;
        v = v * 10 + (uint32_t)(s.ptr[i] - '0');
    }
    *out = v;
    return s.len > 0 && v <= most;
}

/* Takes "user:password@" off *rest when an '@' stands before the first '/'. */
static enum fr_err credentials(struct fr_str *rest, struct fr_redis_url *out, struct fr_errmsg *msg) {
    struct fr_str tail = *rest, authority = cut(&tail, '/');
    const char *at = authority.len ? memrchr(authority.ptr, '@', authority.len) : NULL;
    if (!at) return FR_OK;
    struct fr_str password = {rest->ptr, (uint32_t)(at - rest->ptr)};
    rest->len -= password.len + 1;
    rest->ptr = at + 1;
    struct fr_str user = cut(&password, ':');
    enum fr_err err = decode(user, out->username, sizeof out->username, "user name", msg);
    return err == FR_OK ? decode(password, out->password, sizeof out->password, "password", msg) : err;
}

static enum fr_err host_port(struct fr_str s, struct fr_redis_address *out, struct fr_errmsg *msg) {
    struct fr_str rest = s, host;
    bool bracket = s.len && s.ptr[0] == '[';
    if (bracket) {
        cut(&rest, '[');
        host = cut(&rest, ']');
        if (host.len + 2 > s.len)
            return fr_err_set(msg, FR_CONFIG, "the Redis URL has a '[' without its ']'");
        if (rest.len && cut(&rest, ':').len)
            return fr_err_set(msg, FR_CONFIG, "the Redis URL has text between ']' and the port");
    } else {
        host = cut(&rest, ':');
    }
    uint32_t port = DEFAULT_PORT;
    bool given = bracket ? s.ptr[s.len - 1] != ']' : host.len < s.len;
    if (given && (!number(rest, 65535, &port) || port == 0))
        return fr_err_set(msg, FR_CONFIG,
                          "the port \"%.*s\" in the Redis URL is not a number from 1 to 65535",
                          FR_STR_ARG(rest));
    if (host.len == 0) return fr_err_set(msg, FR_CONFIG, "the Redis URL has no host");
    out->port = (uint16_t)port;
    return decode(host, out->host, sizeof out->host, "host", msg);
}

static enum fr_err database(struct fr_str s, struct fr_redis_url *out, struct fr_errmsg *msg) {
    if (number(s, 1000000, &out->database)) return FR_OK;
    return fr_err_set(msg, FR_CONFIG, "the database \"%.*s\" in the Redis URL is not a number",
                      FR_STR_ARG(s));
}

static enum fr_err parse_tcp(struct fr_str rest, struct fr_redis_url *out, struct fr_errmsg *msg) {
    struct fr_str authority = cut(&rest, '/');
    out->node_n = 1;
    enum fr_err err = host_port(authority, &out->nodes[0], msg);
    if (err != FR_OK || rest.len == 0) return err;
    return database(rest, out, msg);
}

static enum fr_err parse_unix(struct fr_str rest, struct fr_redis_url *out, struct fr_errmsg *msg) {
    struct fr_str path = cut(&rest, '?');
    out->node_n = 1;
    if (path.len == 0 || path.ptr[0] != '/')
        return fr_err_set(msg, FR_CONFIG, "unix:// needs an absolute path: unix:///run/redis.sock");
    if (path.len > SOCKET_PATH_BYTES)
        return fr_err_set(msg, FR_CONFIG, "the socket path of the Redis URL is longer than %d bytes",
                          SOCKET_PATH_BYTES);
    enum fr_err err = decode(path, out->nodes[0].host, sizeof out->nodes[0].host, "socket path", msg);
    if (err != FR_OK || rest.len == 0) return err;
    struct fr_str value = rest, name = cut(&value, '=');
    if (!fr_str_eq(name, FR_STR("db")))
        return fr_err_set(msg, FR_CONFIG, "unix:// takes one parameter, db, and not \"%.*s\"",
                          FR_STR_ARG(name));
    return database(value, out, msg);
}

static enum fr_err parse_cluster(struct fr_str rest, struct fr_redis_url *out, struct fr_errmsg *msg) {
    struct fr_str list = cut(&rest, '/');
    if (rest.len && !fr_str_eq(rest, FR_STR("0")))
        return fr_err_set(msg, FR_CONFIG, "a Redis Cluster has database 0 only, not \"%.*s\"",
                          FR_STR_ARG(rest));
    do {
        if (out->node_n == FR_REDIS_NODES)
            return fr_err_set(msg, FR_CONFIG,
                              "the Redis URL names more than %d nodes: a few seeds are enough",
                              FR_REDIS_NODES);
        enum fr_err err = host_port(cut(&list, ','), &out->nodes[out->node_n++], msg);
        if (err != FR_OK) return err;
    } while (list.len);
    return FR_OK;
}

static enum fr_err refuse_tls(struct fr_str rest, struct fr_redis_url *out, struct fr_errmsg *msg) {
    (void)rest;
    (void)out;
    return fr_err_set(
        msg, FR_CONFIG,
        "rediss:// needs TLS, which the hiredis this program is built with does not have: use a "
        "TLS tunnel (stunnel) and redis:// to its local end");
}

static enum fr_err refuse_sentinel(struct fr_str rest, struct fr_redis_url *out, struct fr_errmsg *msg) {
    (void)rest;
    (void)out;
    return fr_err_set(
        msg, FR_CONFIG,
        "redis+sentinel:// is not supported: name the master's own address (redis://host:port) or "
        "use redis+cluster://");
}

static const struct scheme {
    const char *name;
    enum fr_redis_kind kind;
    enum fr_err (*parse)(struct fr_str rest, struct fr_redis_url *out, struct fr_errmsg *msg);
} schemes[] = {
    {"redis", FR_REDIS_TCP, parse_tcp},
    {"unix", FR_REDIS_UNIX, parse_unix},
    {"redis+cluster", FR_REDIS_CLUSTER, parse_cluster},
    {"rediss", FR_REDIS_TCP, refuse_tls},
    {"rediss+cluster", FR_REDIS_CLUSTER, refuse_tls},
    {"redis+sentinel", FR_REDIS_TCP, refuse_sentinel},
};

static const struct scheme *scheme_of(struct fr_str name) {
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (fr_str_eq(name, fr_str_of(schemes[i].name))) return &schemes[i];
    return NULL;
}

enum fr_err fr_redis_url_parse(const char *text, struct fr_redis_url *out, struct fr_errmsg *msg) {
    *out = (struct fr_redis_url){0};
    const char *mark = text ? strstr(text, "://") : NULL;
    if (!mark)
        return fr_err_set(msg, FR_CONFIG, "a Redis URL starts with redis://, unix:// or redis+cluster://");
    const struct scheme *s = scheme_of((struct fr_str){text, (uint32_t)(mark - text)});
    if (!s)
        return fr_err_set(msg, FR_CONFIG,
                          "\"%.*s\" is not a scheme of Redis URLs: use redis://, unix:// or redis+cluster://",
                          (int)(mark - text < 40 ? mark - text : 40), text);
    out->kind = s->kind;
    struct fr_str rest = fr_str_of(mark + 3);
    enum fr_err err = credentials(&rest, out, msg);
    return err == FR_OK ? s->parse(rest, out, msg) : err;
}

enum fr_err fr_redis_password_read(const char *path, char out[FR_REDIS_PASSWORD_BYTES],
                                   struct fr_errmsg *msg) {
    FILE *file = fopen(path, "re");
    if (!file)
        return fr_err_set(msg, FR_CONFIG, "the Redis password file %s cannot be read: %s", path,
                          strerror(errno));
    char *line = fgets(out, FR_REDIS_PASSWORD_BYTES, file);
    bool whole = line && (strchr(line, '\n') || fgetc(file) == EOF);
    fclose(file);
    if (line) line[strcspn(line, "\r\n")] = '\0';
    if (!line || !*line) return fr_err_set(msg, FR_CONFIG, "the Redis password file %s is empty", path);
    if (whole) return FR_OK;
    return fr_err_set(msg, FR_CONFIG, "the first line of the Redis password file %s is longer than %d bytes",
                      path, FR_REDIS_PASSWORD_BYTES - 2);
}
