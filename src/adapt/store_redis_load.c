/* Reading many keys.
 *
 *   keys sorted by (node, slot, place)   | slot 5 .................. | slot 9 ... |
 *   MGETs, a few under way at a time     [ chunk ][ chunk ][ chunk ]  [ chunk ]
 *
 * Problem   20,000 keys cost 20,000 round trips one by one, and gigabytes of replies when all are asked at
 * once. Choice    MGETs of at most CHUNK_KEYS keys of one slot (a cluster refuses more), IN_FLIGHT of them
 * under way. The size of a chunk follows the mean length of the values seen so far, so that one reply stays
 *           near CHUNK_BYTES.
 * Invariant keys of one slot go over one connection in the caller's order. When anything fails, everything is
 *           read again: a half from before a reconnect and a half from after are not one state. */
#include "store_redis_internal.h"
#include <stdlib.h>

enum { CHUNK_KEYS = 500, CHUNK_KEYS_FIRST = 64, CHUNK_BYTES = 4 << 20, IN_FLIGHT = 4 };

struct place {
    uint16_t node, slot;
    uint32_t index; /* of the caller's arrays */
};

struct load {
    struct redis_nodes *nodes;
    const struct fr_str *keys;
    uint32_t n;
    struct fr_str *values;
    struct fr_arena *arena;
    struct place *places; /* [n], sorted */
    struct redis_request *request;
    uint64_t seen_bytes, seen_n; /* of values, for the size of the next chunk */
};

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    if (x->slot != y->slot) return x->slot < y->slot ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static enum fr_err find_places(struct load *l, struct fr_errmsg *msg) {
    for (uint32_t i = 0; i < l->n; i++) {
        uint16_t slot = fr_redis_nodes_slot(l->nodes, l->keys[i]);
        l->places[i] = (struct place){fr_redis_nodes_of_slot(l->nodes, slot), slot, i};
        if (l->places[i].node == REDIS_NO_NODE)
            return fr_err_set(msg, FR_STORE_BUSY, "no master of the Redis Cluster serves slot %u", slot);
    }
    if (l->nodes->options->url.kind == FR_REDIS_CLUSTER)
        qsort(l->places, l->n, sizeof *l->places, compare_places);
    return FR_OK;
}

/* How many keys from `from` on go into one MGET. */
static uint32_t chunk_length(const struct load *l, uint32_t from, uint32_t to) {
    uint64_t mean = l->seen_n ? l->seen_bytes / l->seen_n + 1 : 0;
    uint64_t most = mean == 0 ? CHUNK_KEYS_FIRST : CHUNK_BYTES / mean + 1;
    if (most > CHUNK_KEYS) most = CHUNK_KEYS;
    uint32_t end = from + 1;
    while (end < to && end - from < most && l->places[end].slot == l->places[from].slot) end++;
    return end - from;
}

static enum fr_err send_chunk(struct load *l, struct redis_link *link, uint32_t from, uint32_t n,
                              struct fr_errmsg *msg) {
    fr_redis_request_clear(l->request);
    fr_redis_request_command(l->request, "MGET", n);
    for (uint32_t i = from; i < from + n; i++) fr_redis_request_arg(l->request, l->keys[l->places[i].index]);
    return fr_redis_link_send(link, l->request, msg);
}

static void take_value(struct load *l, uint32_t index, const redisReply *value) {
    l->seen_n++;
    l->values[index] = (struct fr_str){NULL, 0};
    if (value->type != REDIS_REPLY_STRING || value->len == 0) return;
    l->seen_bytes += value->len;
    l->values[index] = fr_arena_copy(l->arena, (struct fr_str){value->str, (uint32_t)value->len});
}

static enum fr_err take_chunk(struct load *l, const struct redis_link *link, const redisReply *reply,
                              uint32_t from, uint32_t n, struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_link_judge(link, reply, msg);
    if (err != FR_OK) return err;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != n)
        return fr_err_set(msg, FR_STORE_FATAL, "MGET of %u keys gave another number of values", n);
    for (uint32_t i = 0; i < n; i++) take_value(l, l->places[from + i].index, reply->element[i]);
    return FR_OK;
}

/* Reads places[at..to), all of one node. After an error reply the replies under way are still taken off the
 * connection, so that it can be used again. */
static enum fr_err read_node(struct load *l, struct redis_link *link, uint32_t at, uint32_t to,
                             struct fr_errmsg *msg) {
    uint32_t sent = at, lengths[IN_FLIGHT], oldest = 0, under_way = 0;
    enum fr_err failed = FR_OK;
    while (under_way || (sent < to && failed == FR_OK)) {
        while (sent < to && under_way < IN_FLIGHT && failed == FR_OK) {
            uint32_t n = chunk_length(l, sent, to);
            enum fr_err err = send_chunk(l, link, sent, n, msg);
            if (err != FR_OK) return err;
            lengths[(oldest + under_way++) % IN_FLIGHT] = n;
            sent += n;
        }
        redisReply *reply;
        enum fr_err err = fr_redis_link_receive(link, &reply, msg);
        if (err != FR_OK) return err;
        if (failed == FR_OK) failed = take_chunk(l, link, reply, at, lengths[oldest], msg);
        at += lengths[oldest];
        oldest = (oldest + 1) % IN_FLIGHT;
        under_way--;
        freeReplyObject(reply);
    }
    return failed;
}

static enum fr_err load_once(struct load *l, struct fr_errmsg *msg) {
    enum fr_err err = fr_redis_nodes_refresh(l->nodes, msg);
    if (err == FR_OK) err = find_places(l, msg);
    for (uint32_t at = 0, end; err == FR_OK && at < l->n; at = end) {
        struct redis_link *link = l->nodes->links[l->places[at].node];
        for (end = at; end < l->n && l->places[end].node == l->places[at].node;) end++;
        err = fr_redis_link_open(link, msg);
        if (err == FR_OK) err = read_node(l, link, at, end, msg);
    }
    return err;
}

enum fr_err fr_redis_load(struct redis_nodes *nodes, const struct fr_str *keys, uint32_t n,
                          struct fr_str *values, struct fr_arena *arena, struct fr_errmsg *msg) {
    struct redis_request request = {0};
    struct load l = {
        .nodes = nodes, .keys = keys, .n = n, .values = values, .arena = arena, .request = &request};
    struct redis_retry retry = {0};
    struct fr_errmsg last;
    enum fr_err err;
    l.places = fr_arena_alloc(arena, n * sizeof *l.places);
    do {
        last = (struct fr_errmsg){0};
        err = load_once(&l, &last);
    } while (err != FR_OK && fr_redis_retry_again(&retry, nodes, err));
    fr_redis_request_fini(&request);
    return err == FR_OK ? FR_OK : fr_err_set(msg, err, "%s", last.text);
}
