#include "freshet/base/map.h"
#include "freshet/base/err.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

void fr_map_fini(struct fr_map *m) {
    free(m->entries);
    free(m->used);
    *m = (struct fr_map){0};
}

void fr_map_clear(struct fr_map *m) {
    if (m->cap) memset(m->used, 0, m->cap);
    m->n = 0;
}

static size_t home_of(const struct fr_map *m, uint64_t key) {
    return (size_t)fr_hash_mix(key) & (m->cap - 1);
}

static size_t slot_of(const struct fr_map *m, uint64_t key) {
    size_t at = home_of(m, key);
    while (m->used[at] && m->entries[at].key != key) at = (at + 1) & (m->cap - 1);
    return at;
}

static void grow(struct fr_map *m) {
    struct fr_map old = *m;
    m->cap = old.cap ? old.cap * 2 : 16;
    m->entries = fr_alloc(m->cap * sizeof *m->entries);
    m->used = fr_alloc_zero(m->cap, 1);
    for (size_t i = 0; i < old.cap; i++) {
        if (!old.used[i]) continue;
        size_t at = slot_of(m, old.entries[i].key);
        m->entries[at] = old.entries[i];
        m->used[at] = 1;
    }
    free(old.entries);
    free(old.used);
}

uint64_t *fr_map_get(const struct fr_map *m, uint64_t key) {
    if (m->n == 0) return NULL;
    size_t at = slot_of(m, key);
    return m->used[at] ? &m->entries[at].value : NULL;
}

uint64_t *fr_map_put(struct fr_map *m, uint64_t key, bool *was_there) {
    if (m->n * 4 >= m->cap * 3) grow(m);
    size_t at = slot_of(m, key);
    if (was_there) *was_there = m->used[at];
    if (!m->used[at]) {
        m->used[at] = 1;
        m->entries[at] = (struct fr_map_entry){key, 0};
        m->n++;
    }
    return &m->entries[at].value;
}

bool fr_map_remove(struct fr_map *m, uint64_t key) {
    if (m->n == 0) return false;
    size_t hole = slot_of(m, key), mask = m->cap - 1;
    if (!m->used[hole]) return false;
    for (size_t at = (hole + 1) & mask; m->used[at]; at = (at + 1) & mask) {
        size_t home = home_of(m, m->entries[at].key);
        if (((at - home) & mask) < ((at - hole) & mask)) continue; /* it would land before its home */
        m->entries[hole] = m->entries[at];
        hole = at;
    }
    m->used[hole] = 0;
    m->n--;
    return true;
}

struct fr_map_entry *fr_map_next(const struct fr_map *m, size_t *cursor) {
    for (; *cursor < m->cap; ++*cursor)
        if (m->used[*cursor]) return &m->entries[(*cursor)++];
    return NULL;
}
