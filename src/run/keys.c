#include "freshet/run/keys.h"
#include "freshet/base/err.h"
#include "freshet/base/hash.h"
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 16384 };

static void find_tag(char tag[FR_KEYS_TAG_BYTES], uint32_t partition, uint32_t partitions) {
    uint32_t first = (uint32_t)((uint64_t)partition * SLOTS / partitions);
    uint32_t past = (uint32_t)((uint64_t)(partition + 1) * SLOTS / partitions);
    if (past == first) past = first + 1;
    for (uint32_t k = 0;; k++) {
        int n = snprintf(tag, FR_KEYS_TAG_BYTES, "%u.%u", partition, k);
        uint32_t slot = fr_crc16((struct fr_str){tag, (uint32_t)n}) % SLOTS;
        if (slot >= first && slot < past) return;
    }
}

void fr_keys_init(struct fr_keys *k, const char *prefix, const char *stage, uint32_t partitions,
                  uint32_t generation) {
    *k = (struct fr_keys){.partitions = partitions, .generation = generation};
    snprintf(k->prefix, sizeof k->prefix, "%s", prefix);
    snprintf(k->stage, sizeof k->stage, "%s", stage);
    k->tags = fr_alloc(partitions * sizeof *k->tags);
    for (uint32_t p = 0; p < partitions; p++) find_tag(k->tags[p], p, partitions);
}

void fr_keys_fini(struct fr_keys *k) {
    free(k->tags);
    k->tags = NULL;
}

struct fr_str fr_keys_meta(const struct fr_keys *k, int32_t partition, struct fr_arena *arena) {
    char *text = fr_arena_alloc(arena, FR_KEYS_PREFIX_BYTES + FR_KEYS_TAG_BYTES + 32);
    int n = snprintf(text, FR_KEYS_PREFIX_BYTES + FR_KEYS_TAG_BYTES + 32, "%s:%s:meta:{%s}", k->prefix,
                     k->stage, k->tags[partition]);
    return (struct fr_str){text, (uint32_t)n};
}

/* Partition 0's tag has the first k whose slot is below 16384 / N. As N grows, that walks down the smallest slots so far:
 * about ln(16384) of them. */
uint32_t fr_keys_first_metas(const char *prefix, const char *stage, struct fr_str out[FR_KEYS_FIRST_MAX],
                             struct fr_arena *arena) {
    uint32_t n = 0, smallest = SLOTS;
    for (uint32_t k = 0; smallest > 0 && n < FR_KEYS_FIRST_MAX; k++) {
        char tag[FR_KEYS_TAG_BYTES];
        int length = snprintf(tag, sizeof tag, "0.%u", k);
        uint32_t slot = fr_crc16((struct fr_str){tag, (uint32_t)length}) % SLOTS;
        if (slot >= smallest) continue;
        smallest = slot;
        struct fr_keys keys = {.partitions = 1, .tags = &tag};
        snprintf(keys.prefix, sizeof keys.prefix, "%s", prefix);
        snprintf(keys.stage, sizeof keys.stage, "%s", stage);
        out[n++] = fr_keys_meta(&keys, 0, arena);
    }
    return n;
}

struct fr_str fr_keys_thing(char kind, struct fr_str id, struct fr_arena *arena) {
    char *text = fr_arena_alloc(arena, id.len + 2);
    text[0] = kind;
    text[1] = ':';
    fr_str_put(text + 2, id);
    return (struct fr_str){text, id.len + 2};
}

struct fr_str fr_keys_state(const struct fr_keys *k, int32_t partition, struct fr_str key,
                            struct fr_arena *arena) {
    char *text = fr_arena_alloc(arena, FR_KEYS_PREFIX_BYTES + FR_KEYS_TAG_BYTES + 48 + key.len);
    int n = snprintf(text, FR_KEYS_PREFIX_BYTES + FR_KEYS_TAG_BYTES + 48, "%s:%s:%u:{%s}:", k->prefix,
                     k->stage, k->generation, k->tags[partition]);
    if (key.len) memcpy(text + n, key.ptr, key.len);
    return (struct fr_str){text, (uint32_t)n + key.len};
}

struct fr_str fr_keys_view(const struct fr_keys *k, const char *kind, int32_t partition, struct fr_str id,
                           struct fr_arena *arena) {
    char *text = fr_arena_alloc(arena, FR_KEYS_PREFIX_BYTES + FR_KEYS_TAG_BYTES + 48 + id.len);
    int n = snprintf(text, FR_KEYS_PREFIX_BYTES + FR_KEYS_TAG_BYTES + 48, "%s:view:%.16s:{%s}:", k->prefix,
                     kind, k->tags[partition]);
    if (id.len) memcpy(text + n, id.ptr, id.len);
    return (struct fr_str){text, (uint32_t)n + id.len};
}

bool fr_keys_parse_state(const struct fr_keys *k, struct fr_str full, struct fr_str *key) {
    char head[FR_KEYS_PREFIX_BYTES + 48];
    int n = snprintf(head, sizeof head, "%s:%s:%u:{", k->prefix, k->stage, k->generation);
    if (full.len < (uint32_t)n || memcmp(full.ptr, head, (size_t)n) != 0) return false;
    const char *close = memchr(full.ptr + n, '}', full.len - (uint32_t)n);
    if (!close || close + 1 >= full.ptr + full.len || close[1] != ':') return false;
    *key = (struct fr_str){close + 2, (uint32_t)(full.ptr + full.len - close - 2)};
    return true;
}
