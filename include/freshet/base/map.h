/* map.h - a hash map from uint64_t to uint64_t (linear probing, no tombstones: deletion shifts back).
 *
 * Promise   O(1) expected; iteration in slot order, which depends on insertion history: sort before it can be
 *           seen.
 * Threads   one owner. Memory: owns its table. Key 0 is allowed. */
#ifndef FR_BASE_MAP_H
#define FR_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fr_map_entry {
    uint64_t key, value;
};

struct fr_map {
    struct fr_map_entry *entries;
    uint8_t *used;
    size_t n, cap; /* cap is a power of two or 0 */
};

void fr_map_fini(struct fr_map *m);
void fr_map_clear(struct fr_map *m);
/* The value of key, or NULL. Lent until the next put or remove. */
uint64_t *fr_map_get(const struct fr_map *m, uint64_t key);
/* The value of key, made 0 if it was absent. Lent as above. */
uint64_t *fr_map_put(struct fr_map *m, uint64_t key, bool *was_there);
bool fr_map_remove(struct fr_map *m, uint64_t key);
/* The next used entry at or after *cursor (start with 0), or NULL; moves the cursor. */
struct fr_map_entry *fr_map_next(const struct fr_map *m, size_t *cursor);

#endif
