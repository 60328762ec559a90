/* Which server holds a key.
 *
 * Problem   hiredis 0.14 knows single servers only. In a cluster every slot has a master, and slots move.
 * Choice    the whole map (16,384 small numbers) is fetched with CLUSTER SLOTS when it is first needed and
 *           after every MOVED or lost master. Links of masters that stay are kept. A single server is a map
 *           with one node.
 * Rejected  learning slot by slot from MOVED: one wrong round trip per slot. Following ASK: half of a batch's
 *           keys would come from each side; a slot that moves is simply busy. */
#include "store_redis_internal.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

static uint16_t link_of(struct redis_nodes *nodes, const struct fr_redis_address *at) {
    for (uint32_t i = 0; i < nodes->link_n; i++) {
        const struct fr_redis_address *known = &nodes->links[i]->at;
        if (known->port == at->port && strcmp(known->host, at->host) == 0) return (uint16_t)i;
    }
    if (nodes->link_n == REDIS_NODES_MAX) return REDIS_NO_NODE;
    struct redis_link *l = fr_alloc(sizeof *l);
    fr_redis_link_init(l, nodes->options, at);
    nodes->links[nodes->link_n++] = l;
    return (uint16_t)(nodes->link_n - 1);
}

void fr_redis_nodes_init(struct redis_nodes *nodes, const struct redis_options *options) {
    memset(nodes, 0, sizeof *nodes);
    nodes->options = options;
    nodes->stale = options->url.kind == FR_REDIS_CLUSTER;
    for (uint32_t i = 0; i < options->url.node_n; i++) link_of(nodes, &options->url.nodes[i]);
}

static void link_free(struct redis_link *l) {
    fr_redis_link_drop(l);
    free(l);
}

void fr_redis_nodes_fini(struct redis_nodes *nodes) {
    for (uint32_t i = 0; i < nodes->link_n; i++) link_free(nodes->links[i]);
    nodes->link_n = 0;
}

/* The address in [host, port, ...]; a node that does not know its own name is the one that was asked. */
static bool address_of(const redisReply *node, const struct redis_link *asked, struct fr_redis_address *out) {
    if (node->type != REDIS_REPLY_ARRAY || node->elements < 2) return false;
    const redisReply *host = node->element[0], *port = node->element[1];
    bool named = host->type == REDIS_REPLY_STRING && host->len > 0;
    if (port->type != REDIS_REPLY_INTEGER || port->integer <= 0 || port->integer > 65535) return false;
    *out = (struct fr_redis_address){.port = (uint16_t)port->integer};
    const char *name = named ? host->str : asked->at.host;
    size_t n = strlen(name);
    if (n >= sizeof out->host) return false;
    memcpy(out->host, name, n);
    return true;
}

/* One [first, last, master, replica...] of CLUSTER SLOTS. */
static bool read_range(struct redis_nodes *nodes, const struct redis_link *asked, const redisReply *range) {
    struct fr_redis_address at;
    if (range->type != REDIS_REPLY_ARRAY || range->elements < 3) return false;
    const redisReply *first = range->element[0], *last = range->element[1];
    if (first->type != REDIS_REPLY_INTEGER || last->type != REDIS_REPLY_INTEGER) return false;
    if (first->integer < 0 || last->integer >= REDIS_SLOTS) return false;
    if (!address_of(range->element[2], asked, &at)) return false;
    uint16_t node = link_of(nodes, &at);
    for (long long slot = first->integer; slot <= last->integer; slot++) nodes->node_of_slot[slot] = node;
    return node != REDIS_NO_NODE;
}

/* Frees the links that serve no slot and closes the gaps. */
static void forget_unused(struct redis_nodes *nodes) {
    uint16_t place[REDIS_NODES_MAX];
    bool used[REDIS_NODES_MAX] = {false};
    uint32_t kept = 0;
    for (uint32_t slot = 0; slot < REDIS_SLOTS; slot++)
        if (nodes->node_of_slot[slot] != REDIS_NO_NODE) used[nodes->node_of_slot[slot]] = true;
    for (uint32_t i = 0; i < nodes->link_n; i++) {
        place[i] = (uint16_t)kept;
        if (used[i])
            nodes->links[kept++] = nodes->links[i];
        else
            link_free(nodes->links[i]);
    }
    nodes->link_n = kept;
    for (uint32_t slot = 0; slot < REDIS_SLOTS; slot++)
        if (nodes->node_of_slot[slot] != REDIS_NO_NODE)
            nodes->node_of_slot[slot] = place[nodes->node_of_slot[slot]];
}

static enum fr_err read_map(struct redis_nodes *nodes, const struct redis_link *asked, const redisReply *map,
                            struct fr_errmsg *msg) {
    if (map->type != REDIS_REPLY_ARRAY)
        return fr_err_set(msg, FR_STORE_FATAL, "CLUSTER SLOTS gave no list of slots");
    if (map->elements == 0)
        return fr_err_set(msg, FR_STORE_BUSY, "the Redis Cluster has no slots assigned yet");
    for (uint32_t slot = 0; slot < REDIS_SLOTS; slot++) nodes->node_of_slot[slot] = REDIS_NO_NODE;
    for (size_t i = 0; i < map->elements; i++)
        if (!read_range(nodes, asked, map->element[i]))
            return fr_err_set(msg, FR_STORE_FATAL, "CLUSTER SLOTS gave a range that cannot be read");
    forget_unused(nodes);
    nodes->stale = false;
    return FR_OK;
}

static enum fr_err fetch_map(struct redis_nodes *nodes, struct redis_link *from, struct fr_errmsg *msg) {
    struct redis_request r = {0};
    redisReply *map;
    enum fr_err err = fr_redis_link_open(from, msg);
    if (err != FR_OK) return err;
    fr_redis_request_command(&r, "CLUSTER", 1);
    fr_redis_request_arg(&r, FR_STR("SLOTS"));
    err = fr_redis_link_ask(from, &r, &map, msg);
    fr_redis_request_fini(&r);
    if (err != FR_OK) return err;
    err = read_map(nodes, from, map, msg);
    freeReplyObject(map);
    return err;
}

enum fr_err fr_redis_nodes_refresh(struct redis_nodes *nodes, struct fr_errmsg *msg) {
    if (!nodes->stale) return FR_OK;
    struct fr_errmsg first = {0};
    enum fr_err err = FR_STORE_DOWN;
    for (uint32_t i = 0; i < nodes->options->url.node_n; i++) link_of(nodes, &nodes->options->url.nodes[i]);
    for (uint32_t i = 0; i < nodes->link_n; i++) {
        err = fetch_map(nodes, nodes->links[i], &first);
        if (err == FR_OK || err == FR_STORE_FATAL) break;
    }
    return err == FR_OK ? FR_OK : fr_err_set(msg, err, "%s", first.text);
}

/* Redis Cluster's rule: what stands between the first '{' and the next '}', or else the whole key. */
uint16_t fr_redis_nodes_slot(const struct redis_nodes *nodes, struct fr_str key) {
    if (nodes->options->url.kind != FR_REDIS_CLUSTER) return 0;
    const char *end = key.ptr + key.len, *open = key.len ? memchr(key.ptr, '{', key.len) : NULL;
    const char *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
    if (close && close > open + 1) key = (struct fr_str){open + 1, (uint32_t)(close - open - 1)};
    return fr_crc16(key) % REDIS_SLOTS;
}

uint16_t fr_redis_nodes_of_slot(const struct redis_nodes *nodes, uint16_t slot) {
    return nodes->options->url.kind == FR_REDIS_CLUSTER ? nodes->node_of_slot[slot] : 0;
}

enum fr_err fr_redis_nodes_open(struct redis_nodes *nodes, struct fr_str key, struct redis_link **out,
                                struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_nodes_refresh(nodes, msg);
    if (err != FR_OK) return err;
    uint16_t node = fr_redis_nodes_of_slot(nodes, fr_redis_nodes_slot(nodes, key));
    if (node == REDIS_NO_NODE) {
        nodes->stale = true;
        return fr_err_set(msg, FR_STORE_BUSY, "no master of the Redis Cluster serves the slot of a key");
    }
    *out = nodes->links[node];
    return fr_redis_link_open(*out, msg);
}

enum { REDIRECTS_MAX = 4 };

bool fr_redis_retry_again(struct redis_retry *retry, struct redis_nodes *nodes, enum fr_err err) {
    bool cluster = nodes->options->url.kind == FR_REDIS_CLUSTER;
    if (err == FR_STORE_DOWN || err == FR_STORE_BUSY) nodes->stale = cluster;
    if (err == FR_STORE_DOWN && !retry->reconnected) return retry->reconnected = true;
    if (err != FR_STORE_BUSY || !cluster || retry->redirects == REDIRECTS_MAX) return false;
    fr_clock_sleep_ms(2u << (2 * retry->redirects++)); /* 2, 8, 32, 128 ms */
    return true;
}
