/* store_redis.h - the store on a real Redis: one server by TCP or unix socket, or a Redis Cluster.
 *
 * Promise   port/store.h. A commit is one MSET inside WATCH/MULTI/EXEC on a thread of its own, so the worker
 *           goes on while the server works. Connections that break are made again, once a call; the caller
 *           waits and calls again.
 * Not       no replica is ever read; ASK is never followed: a slot that moves is FR_STORE_BUSY until it has
 *           moved. A connection that was silent for command_timeout_ms counts as broken.
 * Server    noeviction, appendonly yes (info() tells what it finds). Redis 6.2 or later.
 * Memory    an empty stored value reads as absent: a commit deletes by writing "" first, so that an
 *           append-only file cut between the two still says "deleted". */
#ifndef FR_ADAPT_STORE_REDIS_H
#define FR_ADAPT_STORE_REDIS_H

#include "freshet/port/store.h"

struct fr_store_redis_config {
    const char *url;                                 /* see redis_url.h */
    const char *username;                            /* NULL: the URL's */
    const char *password;                            /* NULL: the URL's */
    const char *password_file;                       /* NULL: none; wins over password */
    const char *client_name;                         /* shown by CLIENT LIST; NULL: "freshet" */
    uint32_t connect_timeout_ms, command_timeout_ms; /* 0: 2,000 and 10,000 */
    bool torn_commits; /* for negative controls in tests only: one SET per key and no transaction */
};

/* Connects once, so that a wrong address or password is seen at the start. FR_OK gives *out; close with
 * ops->close. FR_CONFIG: the URL or the password file; FR_STORE_FATAL: refused by the server;
 * FR_STORE_DOWN: not reachable. The strings of config are not kept. */
enum fr_err fr_store_redis_open(const struct fr_store_redis_config *config, struct fr_store **out,
                                struct fr_errmsg *msg);

#endif
