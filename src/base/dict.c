#include "freshet/base/dict.h"
#include "freshet/base/err.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

enum { FIRST_CAP = 256, INTERN_BLOCK = 32 };

void fr_dict_init(struct fr_dict *d) {
    *d = (struct fr_dict){.cap = FIRST_CAP, .mask = FIRST_CAP * 2 - 1};
    d->strings = fr_alloc(FIRST_CAP * sizeof *d->strings);
    d->hashes = fr_alloc(FIRST_CAP * sizeof *d->hashes);
    d->slots = fr_alloc_zero(FIRST_CAP * 2, sizeof *d->slots);
}

void fr_dict_fini(struct fr_dict *d) {
    fr_arena_fini(&d->text);
    free(d->strings);
    free(d->hashes);
    free(d->slots);
    *d = (struct fr_dict){0};
}

/* The slot of s: either where it is or where it would go. */
static uint32_t slot_of(const struct fr_dict *d, struct fr_str s, uint32_t hash) {
    uint32_t at = hash & d->mask;
    for (; d->slots[at]; at = (at + 1) & d->mask) {
        uint32_t number = d->slots[at] - 1;
        if (d->hashes[number] == hash && fr_str_eq(d->strings[number], s)) break;
    }
    return at;
}

static void grow(struct fr_dict *d) {
    d->cap *= 2;
    d->mask = d->cap * 2 - 1;
    d->strings = fr_realloc(d->strings, d->cap * sizeof *d->strings);
    d->hashes = fr_realloc(d->hashes, d->cap * sizeof *d->hashes);
    free(d->slots);
    d->slots = fr_alloc_zero((size_t)d->cap * 2, sizeof *d->slots);
    for (uint32_t i = 0; i < d->n; i++) {
        uint32_t at = d->hashes[i] & d->mask;
        while (d->slots[at]) at = (at + 1) & d->mask;
        d->slots[at] = i + 1;
    }
}

uint32_t fr_dict_find(const struct fr_dict *d, struct fr_str s) {
    uint32_t at = slot_of(d, s, (uint32_t)fr_hash_str(s));
    return d->slots[at] ? d->slots[at] - 1 : (uint32_t)FR_DICT_NONE;
}

static uint32_t intern_hashed(struct fr_dict *d, struct fr_str s, uint32_t hash) {
    uint32_t at = slot_of(d, s, hash);
    if (d->slots[at]) return d->slots[at] - 1;
    if (d->n == d->cap) {
        grow(d);
        at = slot_of(d, s, hash);
    }
    FR_ASSERT(d->n < FR_DICT_NONE);
    d->strings[d->n] = fr_arena_copy(&d->text, s);
    d->hashes[d->n] = hash;
    d->slots[at] = d->n + 1;
    return d->n++;
}

uint32_t fr_dict_intern(struct fr_dict *d, struct fr_str s) {
    return intern_hashed(d, s, (uint32_t)fr_hash_str(s));
}

/* A look-up in a large table waits for memory three times: for the slot, the string's place, its bytes. Each step is
 * taken for the whole block before the next one, so that the waits of a block overlap. */
static void intern_block(struct fr_dict *d, const struct fr_str *strings, uint32_t n, uint32_t *numbers) {
    uint32_t hashes[INTERN_BLOCK];
    for (uint32_t i = 0; i < n; i++) {
        hashes[i] = (uint32_t)fr_hash_str(strings[i]);
        __builtin_prefetch(&d->slots[hashes[i] & d->mask]);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = d->slots[hashes[i] & d->mask] - 1; /* of a free slot: none is prefetched */
        if (number >= d->n) continue;
        __builtin_prefetch(&d->hashes[number]);
        __builtin_prefetch(&d->strings[number]);
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t number = d->slots[hashes[i] & d->mask] - 1;
        if (number < d->n) __builtin_prefetch(d->strings[number].ptr);
    }
    for (uint32_t i = 0; i < n; i++) numbers[i] = intern_hashed(d, strings[i], hashes[i]);
}

void fr_dict_intern_all(struct fr_dict *d, const struct fr_str *strings, uint32_t n, uint32_t *numbers) {
    for (uint32_t at = 0; at < n; at += INTERN_BLOCK)
        intern_block(d, strings + at, n - at < INTERN_BLOCK ? n - at : INTERN_BLOCK, numbers + at);
}

size_t fr_dict_bytes(const struct fr_dict *d) {
    return d->text.used_bytes + d->cap * (sizeof *d->strings + sizeof *d->hashes + 2 * sizeof *d->slots);
}
