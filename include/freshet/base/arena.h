/* arena.h - memory that is freed all at once.
 *
 * Good for  everything a batch makes. Nothing is freed one by one; fr_arena_clear keeps the blocks for the
 *           next batch.
 * Threads   one owner.
 * Memory    pointers are lent until fr_arena_clear or fr_arena_fini. */
#ifndef FR_BASE_ARENA_H
#define FR_BASE_ARENA_H

#include "freshet/base/str.h"
#include <stddef.h>

struct fr_arena_block;

struct fr_arena {
    struct fr_arena_block *first, *current;
    size_t used_bytes; /* handed out since the last clear */
};

/* Zero-initialised struct fr_arena is ready for use. */
void *fr_arena_alloc(struct fr_arena *a, size_t size_bytes); /* aligned to 16; not zeroed */
void *fr_arena_zero(struct fr_arena *a, size_t size_bytes);
struct fr_str fr_arena_copy(struct fr_arena *a, struct fr_str s);
void fr_arena_clear(struct fr_arena *a);
void fr_arena_fini(struct fr_arena *a);

#endif
