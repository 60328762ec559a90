/* redis_url.h - where a Redis is, from the one line an operator writes.
 *
 *   redis://[user[:password]@]host[:port][/db]
 *   unix://[user[:password]@]/path/to/socket[?db=N]
 *   redis+cluster://[user[:password]@]host[:port][,host[:port]...]
 *
 * User and password are percent-decoded; an IPv6 address stands in brackets; the port is 6379 unless given.
 *
 * Promise   every refusal is FR_CONFIG with a sentence that names the part that is wrong, and never the
 *           password.
 * Not       no TLS (rediss://): hiredis before 1.0 has none. No Sentinel. No name is looked up here. */
#ifndef FR_ADAPT_REDIS_URL_H
#define FR_ADAPT_REDIS_URL_H

#include "freshet/base/err.h"
#include <stdint.h>

enum { FR_REDIS_NODES = 16, FR_REDIS_PASSWORD_BYTES = 512 };

enum fr_redis_kind { FR_REDIS_TCP, FR_REDIS_UNIX, FR_REDIS_CLUSTER };

struct fr_redis_address {
    char host[256]; /* a path for a unix socket */
    uint16_t port;  /* 0 for a unix socket */
};

struct fr_redis_url {
    enum fr_redis_kind kind;
    uint32_t node_n; /* 1, or the seeds of a cluster */
    struct fr_redis_address nodes[FR_REDIS_NODES];
    uint32_t database;
    char username[128], password[FR_REDIS_PASSWORD_BYTES]; /* "": none */
};

enum fr_err fr_redis_url_parse(const char *text, struct fr_redis_url *out, struct fr_errmsg *msg);

/* The first line of a file, without its end of line. FR_CONFIG when it cannot be read, is empty or too long.
 */
enum fr_err fr_redis_password_read(const char *path, char out[FR_REDIS_PASSWORD_BYTES],
                                   struct fr_errmsg *msg);

#endif
