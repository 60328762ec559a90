#include "freshet/base/arena.h"
#include "freshet/base/err.h"
#include <stdlib.h>

enum { BLOCK_BYTES = 1 << 18, ALIGN = 16 };

struct fr_arena_block {
    struct fr_arena_block *next;
    size_t used, size; /* bytes of data */
    _Alignas(ALIGN) char data[];
};

static struct fr_arena_block *block_new(size_t size) {
    struct fr_arena_block *b = fr_alloc(sizeof *b + size);
    *b = (struct fr_arena_block){.size = size};
    return b;
}

/* The next block with room, from those kept by a clear, or a new one linked in behind the current one. */
static struct fr_arena_block *block_with(struct fr_arena *a, size_t size) {
    struct fr_arena_block *after = a->current, *next = after ? after->next : a->first;
    if (next && next->size >= size) {
        next->used = 0;
        return a->current = next;
    }
    struct fr_arena_block *b = block_new(size > BLOCK_BYTES ? size : BLOCK_BYTES);
    b->next = next;
    if (after)
        after->next = b;
    else
        a->first = b;
    return a->current = b;
}

void *fr_arena_alloc(struct fr_arena *a, size_t size_bytes) {
    size_t size = (size_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct fr_arena_block *b = a->current;
    if (!b || b->size - b->used < size) b = block_with(a, size);
    void *p = b->data + b->used;
    b->used += size;
    a->used_bytes += size;
    return p;
}

void *fr_arena_zero(struct fr_arena *a, size_t size_bytes) {
    return memset(fr_arena_alloc(a, size_bytes), 0, size_bytes);
}

struct fr_str fr_arena_copy(struct fr_arena *a, struct fr_str s) {
    if (s.len == 0) return (struct fr_str){"", 0};
    char *p = fr_arena_alloc(a, s.len);
    memcpy(p, s.ptr, s.len);
    return (struct fr_str){p, s.len};
}

void fr_arena_clear(struct fr_arena *a) {
    a->current = NULL;
    a->used_bytes = 0;
}

void fr_arena_fini(struct fr_arena *a) {
    for (struct fr_arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct fr_arena){0};
}
