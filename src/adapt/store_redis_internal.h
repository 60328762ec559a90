/* store_redis_internal.h - what the files of the Redis store share.
 *
 *   store_redis.c           the port's operations, open and close
 *   store_redis_load.c      reading many keys in a bounded pipeline
 *   store_redis_commit.c    one commit, one put
 *   store_redis_writer.c    the thread that runs them
 *   store_redis_report.c    scan and info
 *   store_redis_nodes.c     which server holds a key
 *   store_redis_link.c      one connection
 *   store_redis_request.c   commands as bytes
 *
 * Threads   the reader's nodes belong to the endpoint's owner, the writer's to its thread: no connection and
 * no slot map is shared. */
#ifndef FR_ADAPT_STORE_REDIS_INTERNAL_H
#define FR_ADAPT_STORE_REDIS_INTERNAL_H

#include "freshet/adapt/redis_url.h"
#include "freshet/adapt/store_redis.h"
#include "freshet/base/buf.h"
#include "freshet/base/clock.h"
#include <hiredis/hiredis.h>
#include <pthread.h>

enum { REDIS_SLOTS = 16384, REDIS_NODES_MAX = 256, REDIS_NO_NODE = 0xffff };

struct redis_options {
    struct fr_redis_url url;
    char client_name[64];
    struct timeval connect_timeout, command_timeout;
    bool torn_commits;
};

/* Commands in the order they were added. Long arguments are not copied: they must live until the request is
 * sent. */
struct redis_piece {
    const char *ptr; /* NULL: the bytes are in text */
    size_t offset, len;
};

struct redis_request {
    struct fr_buf text;
    struct redis_piece *pieces;
    uint32_t piece_n, piece_cap;
    size_t bytes; /* of all commands */
};

void fr_redis_request_clear(struct redis_request *r);
void fr_redis_request_fini(struct redis_request *r);
void fr_redis_request_command(struct redis_request *r, const char *name, uint32_t arg_n); /* args follow */
void fr_redis_request_arg(struct redis_request *r, struct fr_str arg);

struct redis_link {
    const struct redis_options *options;
    struct fr_redis_address at;
    redisContext *context;  /* NULL: not connected */
    bool lost;              /* it was connected once and broke */
    uint32_t back_off_ms;   /* after the last failed try */
    fr_mono_us next_try_us; /* no try before */
};

void fr_redis_link_init(struct redis_link *l, const struct redis_options *options,
                        const struct fr_redis_address *at);
/* Connects unless connected. FR_OK, FR_STORE_DOWN, FR_STORE_BUSY, FR_STORE_FATAL. */
enum fr_err fr_redis_link_open(struct redis_link *l, struct fr_errmsg *msg);
void fr_redis_link_drop(struct redis_link *l);
/* Both drop the link when they fail: FR_STORE_DOWN or, for bytes that are not Redis, FR_STORE_FATAL. */
enum fr_err fr_redis_link_send(struct redis_link *l, struct redis_request *r, struct fr_errmsg *msg);
enum fr_err fr_redis_link_receive(struct redis_link *l, redisReply **out, struct fr_errmsg *msg);
/* Sends r and gives the reply of its only command; an error reply is an error here. */
enum fr_err fr_redis_link_ask(struct redis_link *l, struct redis_request *r, redisReply **out,
                              struct fr_errmsg *msg);
/* FR_OK unless the reply is an error; then what its first word means. */
enum fr_err fr_redis_link_judge(const struct redis_link *l, const redisReply *reply, struct fr_errmsg *msg);
bool fr_redis_reply_moved(const redisReply *reply);

struct redis_nodes {
    const struct redis_options *options;
    struct redis_link *links[REDIS_NODES_MAX];
    uint32_t link_n;
    bool stale;                         /* a cluster's map must be fetched before use */
    uint16_t node_of_slot[REDIS_SLOTS]; /* index of links, or REDIS_NO_NODE */
};

void fr_redis_nodes_init(struct redis_nodes *nodes, const struct redis_options *options);
void fr_redis_nodes_fini(struct redis_nodes *nodes);
/* Fetches the slot map of a cluster if it is stale. After FR_OK links[0..link_n) are the masters. */
enum fr_err fr_redis_nodes_refresh(struct redis_nodes *nodes, struct fr_errmsg *msg);
/* Index of the link that serves a slot, REDIS_NO_NODE when no master does. 0 for a single server. */
uint16_t fr_redis_nodes_of_slot(const struct redis_nodes *nodes, uint16_t slot);
/* The link that serves a key, open. */
enum fr_err fr_redis_nodes_open(struct redis_nodes *nodes, struct fr_str key, struct redis_link **out,
                                struct fr_errmsg *msg);
/* The slot of a key by its {tag}; 0 for a single server, which has no slots. */
uint16_t fr_redis_nodes_slot(const struct redis_nodes *nodes, struct fr_str key);

/* How often one call tries again by itself, and when it gives up. */
struct redis_retry {
    unsigned redirects;
    bool reconnected;
};
/* True: err deserves another try in this call (after a pause for a cluster that moves slots). */
bool fr_redis_retry_again(struct redis_retry *retry, struct redis_nodes *nodes, enum fr_err err);

enum fr_err fr_redis_load(struct redis_nodes *nodes, const struct fr_str *keys, uint32_t n,
                          struct fr_str *values, struct fr_arena *arena, struct fr_errmsg *msg);

enum redis_job_state { REDIS_JOB_NONE, REDIS_JOB_WAITING, REDIS_JOB_RUNNING, REDIS_JOB_DONE };

struct redis_job {
    enum redis_job_state state;
    enum fr_err err;
    struct fr_errmsg msg;
};

struct redis_writer {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows, up to nodes */
    pthread_cond_t wake;
    bool stop;
    struct redis_job commit_job, put_job;
    const struct fr_store_commit *commit; /* borrowed while commit_job waits or runs */
    const struct fr_pair *puts;           /* likewise */
    uint32_t put_n, put_ttl_s;
    struct redis_nodes nodes; /* the thread's own from here */
    struct redis_request request;
};

void fr_redis_writer_start(struct redis_writer *w, const struct redis_options *options);
void fr_redis_writer_stop(struct redis_writer *w); /* waits for what runs; what waits is dropped */
void fr_redis_writer_submit(struct redis_writer *w, struct redis_job *job);
enum fr_err fr_redis_writer_poll(struct redis_writer *w, struct redis_job *job, struct fr_errmsg *msg);

/* The two jobs, on the writer's thread. */
enum fr_err fr_redis_commit(struct redis_writer *w, const struct fr_store_commit *c, struct fr_errmsg *msg);
enum fr_err fr_redis_put(struct redis_writer *w, const struct fr_pair *pairs, uint32_t n, uint32_t ttl_s,
                         struct fr_errmsg *msg);

enum fr_err fr_redis_scan(struct redis_nodes *nodes, struct fr_str prefix,
                          bool (*visit)(void *context, struct fr_str key), void *context,
                          struct fr_errmsg *msg);
enum fr_err fr_redis_info(struct redis_nodes *nodes, struct fr_store_info *out, struct fr_errmsg *msg);

#endif
