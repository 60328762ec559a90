/* keys.h - the names of everything in the store.
 *
 *   <prefix>:<stage>:meta:{tag}             who owns the partition and how far its state is
 *   <prefix>:<stage>:<generation>:{tag}:<key>   one state, MessagePack [stamp, state]
 *   <prefix>:view:<kind>:{tag}:<id>         a view: absolute values for readers
 *
 * {tag} is one Redis Cluster hash tag per partition of the stage's input, chosen so that the tags of N
 * partitions fall evenly on the 16,384 slots (and so on any number of masters). Tag of partition p of N:
 * "p.k", k the first number from 0 for which crc16 lies in slots [p * 16384 / N, (p + 1) * 16384 / N). Any
 * reader can compute it. */
#ifndef FR_RUN_KEYS_H
#define FR_RUN_KEYS_H

#include "freshet/base/arena.h"
#include "freshet/base/str.h"

enum { FR_KEYS_PREFIX_BYTES = 64, FR_KEYS_TAG_BYTES = 24 };

struct fr_keys {
    char prefix[FR_KEYS_PREFIX_BYTES];
    char stage[16];
    uint32_t partitions, generation;
    char (*tags)[FR_KEYS_TAG_BYTES]; /* [partitions] */
};

void fr_keys_init(struct fr_keys *k, const char *prefix, const char *stage, uint32_t partitions,
                  uint32_t generation);
void fr_keys_fini(struct fr_keys *k);
struct fr_str fr_keys_meta(const struct fr_keys *k, int32_t partition, struct fr_arena *arena);
/* The meta keys that partition 0 can have, whatever the number of partitions: for readers who do not know it. Returns how
 * many. */
enum { FR_KEYS_FIRST_MAX = 32 };
uint32_t fr_keys_first_metas(const char *prefix, const char *stage, struct fr_str out[FR_KEYS_FIRST_MAX],
                             struct fr_arena *arena);
/* "<kind>:<id>": the key of a thing within its stage. In the arena. */
struct fr_str fr_keys_thing(char kind, struct fr_str id, struct fr_arena *arena);
struct fr_str fr_keys_state(const struct fr_keys *k, int32_t partition, struct fr_str key,
                            struct fr_arena *arena);
struct fr_str fr_keys_view(const struct fr_keys *k, const char *kind, int32_t partition, struct fr_str id,
                           struct fr_arena *arena);
/* The part of a full state key behind "{tag}:"; false if it is not one of this stage and generation. */
bool fr_keys_parse_state(const struct fr_keys *k, struct fr_str full, struct fr_str *key);

#endif
