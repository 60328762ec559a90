#include "freshet/run/cells.h"
#include "freshet/base/hash.h"
#include <stdlib.h>

static void grow(struct fr_cells *c) {
    struct fr_cells old = *c;
    c->cap = old.cap ? old.cap * 2 : 64;
    c->slots = fr_alloc_zero(c->cap, sizeof *c->slots);
    c->hashes = fr_alloc(c->cap * sizeof *c->hashes);
    for (uint32_t i = 0; i < old.cap; i++) {
        if (!old.slots[i]) continue;
        uint32_t at = old.hashes[i] & (c->cap - 1);
        while (c->slots[at]) at = (at + 1) & (c->cap - 1);
        c->slots[at] = old.slots[i];
        c->hashes[at] = old.hashes[i];
    }
    free(old.slots);
    free(old.hashes);
}

static struct fr_cell *cell_new(struct fr_str key) {
    struct fr_cell *cell = fr_alloc(sizeof *cell + key.len);
    char *text = (char *)(cell + 1);
    if (key.len) memcpy(text, key.ptr, key.len);
    *cell = (struct fr_cell){.key = {text, key.len}, .stamp = -1};
    return cell;
}

struct fr_cell *fr_cells_get(struct fr_cells *c, struct fr_str key) {
    if (c->n * 2 >= c->cap) grow(c);
    uint32_t hash = (uint32_t)fr_hash_str(key), at = hash & (c->cap - 1);
    for (; c->slots[at]; at = (at + 1) & (c->cap - 1))
        if (c->hashes[at] == hash && fr_str_eq(c->slots[at]->key, key)) break;
    if (!c->slots[at]) {
        c->slots[at] = cell_new(key);
        c->hashes[at] = hash;
        c->n++;
    }
    c->slots[at]->recent = true;
    return c->slots[at];
}

void fr_cells_mark_dirty(struct fr_cells *c, struct fr_cell *cell) {
    if (cell->dirty) return;
    cell->dirty = true;
    if (c->dirty_n == c->dirty_cap) {
        c->dirty_cap = c->dirty_cap ? c->dirty_cap * 2 : 64;
        c->dirty = fr_realloc(c->dirty, c->dirty_cap * sizeof(struct fr_cell *));
    }
    c->dirty[c->dirty_n++] = cell;
}

void fr_cells_resize(struct fr_cells *c, struct fr_cell *cell, uint32_t bytes) {
    c->bytes = c->bytes - cell->bytes + bytes;
    cell->bytes = bytes;
}

static void cell_free(struct fr_cells *c, struct fr_stage *stage, struct fr_cell *cell) {
    if (cell->loaded) stage->ops->state_free(stage, cell->key, cell->state);
    c->bytes -= cell->bytes;
    free(cell);
}

/* Takes the cell out of slot `hole` and closes the gap behind it. */
static void remove_slot(struct fr_cells *c, uint32_t hole) {
    uint32_t mask = c->cap - 1;
    for (uint32_t at = (hole + 1) & mask; c->slots[at]; at = (at + 1) & mask) {
        uint32_t home = c->hashes[at] & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        c->slots[hole] = c->slots[at];
        c->hashes[hole] = c->hashes[at];
        hole = at;
    }
    c->slots[hole] = NULL;
    c->n--;
}

uint32_t fr_cells_evict(struct fr_cells *c, struct fr_stage *stage, uint64_t keep_bytes) {
    uint32_t evicted = 0;
    for (uint64_t seen = 0; c->bytes > keep_bytes && seen < 2ull * c->cap; seen++) {
        c->hand = (c->hand + 1) & (c->cap - 1);
        struct fr_cell *cell = c->slots[c->hand];
        if (!cell || cell->dirty || cell->pinned) continue;
        if (cell->recent) {
            cell->recent = false;
            continue;
        }
        remove_slot(c, c->hand);
        c->hand = (c->hand - 1) & (c->cap - 1); /* another cell may have moved into the slot */
        cell_free(c, stage, cell);
        evicted++;
    }
    return evicted;
}

void fr_cells_clear(struct fr_cells *c, struct fr_stage *stage) {
    for (uint32_t i = 0; i < c->cap; i++)
        if (c->slots[i]) cell_free(c, stage, c->slots[i]);
    free(c->slots);
    free(c->hashes);
    free(c->dirty);
    *c = (struct fr_cells){0};
}
