/* Values that all fade alike need not be touched to fade: what is added later counts for more instead. When that gets
 * large, every value is multiplied by the same power of two, which is exact, so no order changes. */
#include "freshet/recommend/board.h"
#include "freshet/base/err.h"
#include "freshet/base/real.h"
#include <stdio.h>
#include <stdlib.h>

#define RESCALE_AT 256 /* half-lives */
#define NOTHING 0x1p-512

enum { NAME_BYTES = 128 };

void fr_board_fini(struct fr_board *b) {
    fr_map_fini(&b->slots);
    free(b->values);
    free(b->places);
    free(b->items);
    free(b->best);
    *b = (struct fr_board){.half_life = b->half_life, .best_most = b->best_most, .is_dense = b->is_dense};
}

static void grow(struct fr_board *b, uint32_t slots) {
    if (slots <= b->slot_cap) return;
    uint32_t cap = slots + slots / 2 + 64;
    b->values = fr_realloc(b->values, cap * sizeof *b->values);
    b->places = fr_realloc(b->places, cap * sizeof *b->places);
    if (!b->is_dense) b->items = fr_realloc(b->items, cap * sizeof *b->items);
    for (uint32_t i = b->slot_cap; i < cap; i++) b->values[i] = 0, b->places[i] = 0;
    b->slot_cap = cap;
    if (!b->best) b->best = fr_alloc(b->best_most * sizeof *b->best);
}

static uint32_t slot_of(struct fr_board *b, uint32_t item) {
    uint32_t slot = item;
    if (!b->is_dense) {
        bool was_there;
        uint64_t *number = fr_map_put(&b->slots, item, &was_there);
        if (!was_there) *number = b->slot_n;
        slot = (uint32_t)*number;
    }
    grow(b, slot + 1);
    if (!b->is_dense && slot == b->slot_n) b->items[slot] = item;
    if (slot >= b->slot_n) b->slot_n = slot + 1;
    return slot;
}

static uint32_t item_of(const struct fr_board *b, uint32_t slot) {
    return b->is_dense ? slot : b->items[slot];
}

static bool is_better(const struct fr_board *b, const struct fr_dict *ids, uint32_t x, uint32_t y) {
    if (b->values[x] > b->values[y]) return true;
    if (b->values[x] < b->values[y]) return false;
    return fr_str_cmp(fr_dict_str(ids, item_of(b, x)), fr_dict_str(ids, item_of(b, y))) < 0;
}

/* Slots that faded away leave; of a table, so does their memory. */
static void forget(struct fr_board *b) {
    if (b->is_dense) return;
    uint32_t kept = 0;
    fr_map_clear(&b->slots);
    for (uint32_t i = 0; i < b->slot_n; i++) {
        if (!(b->values[i] > 0)) continue;
        b->values[kept] = b->values[i];
        b->places[kept] = b->places[i];
        b->items[kept] = b->items[i];
        if (b->places[kept]) b->best[b->places[kept] - 1] = kept;
        *fr_map_put(&b->slots, b->items[kept], &(bool){false}) = kept;
        kept++;
    }
    for (uint32_t i = kept; i < b->slot_n; i++) b->values[i] = 0, b->places[i] = 0;
    b->slot_n = kept;
}

static void rescale(struct fr_board *b, double half_lives) {
    int64_t by = (int64_t)half_lives;
    double factor = fr_exp2(-(double)by);
    for (uint32_t i = 0; i < b->slot_n; i++) {
        b->values[i] *= factor;
        if (b->values[i] < NOTHING) b->values[i] = 0;
    }
    b->total *= factor;
    while (b->best_n && !(b->values[b->best[b->best_n - 1]] > 0)) b->places[b->best[--b->best_n]] = 0;
    b->start += (double)by * b->half_life;
    forget(b);
}

double fr_board_unit(const struct fr_board *b, double now) {
    return fr_exp2((now - b->start) / b->half_life);
}

/* Moves a slot that stands at `place` of best, or just behind its end, up to where it belongs. */
static void rise(struct fr_board *b, const struct fr_dict *ids, uint32_t slot, uint32_t place) {
    uint32_t low = 0, high = place;
    while (low < high) { /* the first that slot is better than */
        uint32_t middle = (low + high) / 2;
        if (is_better(b, ids, slot, b->best[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    for (uint32_t at = place; at > low; at--) {
        b->best[at] = b->best[at - 1];
        b->places[b->best[at]] = at + 1;
    }
    b->best[low] = slot;
    b->places[slot] = low + 1;
}

void fr_board_add(struct fr_board *b, const struct fr_dict *ids, uint32_t item, double amount, double now) {
    if (!b->slot_n) b->start = now;
    double half_lives = (now - b->start) / b->half_life;
    if (half_lives > RESCALE_AT) rescale(b, half_lives);
    double more = amount * fr_board_unit(b, now);
    if (!(more > 0))
        return; /* so late that it has faded to nothing: an entry without a value would be none */
    uint32_t slot = slot_of(b, item);
    b->values[slot] += more;
    b->total += more;
    if (b->places[slot]) {
        rise(b, ids, slot, b->places[slot] - 1);
    } else if (b->best_n < b->best_most) {
        rise(b, ids, slot, b->best_n++);
    } else if (is_better(b, ids, slot, b->best[b->best_n - 1])) {
        b->places[b->best[b->best_n - 1]] = 0;
        rise(b, ids, slot, b->best_n - 1);
    }
}

size_t fr_board_bytes(const struct fr_board *b) {
    size_t each = sizeof *b->values + sizeof *b->places + (b->is_dense ? 0 : sizeof *b->items);
    return b->slot_cap * each + b->slots.cap * (sizeof *b->slots.entries + 1) +
           b->best_most * sizeof *b->best;
}

/* ---- as arrays: what is among the best in its order, then the rest by slot ---- */

void fr_board_save(const struct fr_board *b, const char *name, struct fr_tensors_writer *w) {
    char array[NAME_BYTES];
    uint32_t *items = fr_alloc((b->slot_n + 1) * sizeof *items), n = 0;
    double *values = fr_alloc((b->slot_n + 1) * sizeof *values);
    for (uint32_t i = 0; i < b->best_n; i++) {
        items[n] = fr_board_best(b, i);
        values[n++] = b->values[b->best[i]];
    }
    for (uint32_t i = 0; i < b->slot_n; i++) {
        if (b->places[i] || !(b->values[i] > 0)) continue;
        items[n] = item_of(b, i);
        values[n++] = b->values[i];
    }
    snprintf(array, sizeof array, "%s.items", name);
    fr_tensors_put_vector(w, array, FR_TENSOR_U32, n, items);
    snprintf(array, sizeof array, "%s.values", name);
    fr_tensors_put_vector(w, array, FR_TENSOR_F64, n, values);
    snprintf(array, sizeof array, "%s.start", name);
    fr_tensors_put_vector(w, array, FR_TENSOR_F64, 2, (double[]){b->start, b->total});
    free(items);
    free(values);
}

static const struct fr_tensor *array_of(const struct fr_tensors_file *f, const char *name, const char *part,
                                        enum fr_tensor_type type) {
    char array[NAME_BYTES];
    snprintf(array, sizeof array, "%s.%s", name, part);
    return fr_tensors_get(f, array, type);
}

enum fr_err fr_board_load(struct fr_board *b, const char *name, const struct fr_tensors_file *f,
                          uint32_t item_n, struct fr_errmsg *msg) {
    const struct fr_tensor *items = array_of(f, name, "items", FR_TENSOR_U32);
    const struct fr_tensor *values = array_of(f, name, "values", FR_TENSOR_F64);
    const struct fr_tensor *start = array_of(f, name, "start", FR_TENSOR_F64);
    if (!items || !values || !start || items->count != values->count || start->count != 2)
        return fr_err_set(msg, FR_STATE_CORRUPT, "%s: its arrays are missing or of different lengths", name);
    const uint32_t *item = items->data;
    const double *value = values->data;
    for (uint32_t i = 0; i < items->count; i++) {
        if (item[i] >= item_n || !(value[i] > 0) || fr_board_value(b, item[i]) > 0) {
            fr_board_fini(b);
            return fr_err_set(msg, FR_STATE_CORRUPT, "%s: entry %u is not an item with a value", name, i);
        }
        uint32_t slot = slot_of(b, item[i]);
        b->values[slot] = value[i];
        if (b->best_n == b->best_most) continue;
        b->best[b->best_n++] = slot;
        b->places[slot] = b->best_n;
    }
    b->start = ((const double *)start->data)[0];
    b->total = ((const double *)start->data)[1];
    return FR_OK;
}
