/* board.h - items by how much was done with them lately: decayed sums, and the best of them in order.
 *
 *     value(i) = sum of amount * 2^(-(now - then) / half_life)    over what was added to i
 *
 *           The clock counts whatever the owner counts: events or milliseconds.
 * Promise   the best are exact at any moment: values fade alike, so only an item that is added to changes its place.
 *           Ties by the bytes of the id. load(save(b)) is b, bit for bit. What has faded to nothing is forgotten.
 * Threads   one writer and no reader meanwhile, or any number of readers.
 * Memory    16 bytes for each number up to the largest item (dense), or about 60 for each item that has a value; and 8 for
 *           each of the best. Adding allocates only when it grows.
 * Rejected  a heap (no order without taking it apart), decaying every value at every event. */
#ifndef FR_RECOMMEND_BOARD_H
#define FR_RECOMMEND_BOARD_H

#include "freshet/base/dict.h"
#include "freshet/base/map.h"
#include "freshet/base/tensors.h"

/* Zero-initialised with half_life, best_most and is_dense set is an empty board. */
struct fr_board {
    double half_life;   /* in units of the clock, > 0 */
    uint32_t best_most; /* how many are kept in order */
    bool is_dense;      /* slots are item numbers; otherwise `slots` says */
    struct fr_map slots;
    double start;     /* values are in units of 2^((now - start) / half_life) */
    double total;     /* of all values, in the same units; what has faded away is still in it */
    double *values;   /* [slot_cap] */
    uint32_t *places; /* [slot_cap] 1 + place in best; 0: none */
    uint32_t *items;  /* [slot_cap], not dense: whose slot it is */
    uint32_t slot_n, slot_cap;
    uint32_t *best; /* [best_n] slots, best first */
    uint32_t best_n;
};

void fr_board_fini(struct fr_board *b);
/* amount > 0. now may lie before an earlier one, and then counts for less. */
void fr_board_add(struct fr_board *b, const struct fr_dict *ids, uint32_t item, double amount, double now);
/* What 1 added now is worth in the board's values: value / unit is the decayed sum as of now. */
double fr_board_unit(const struct fr_board *b, double now);
/* In the board's values; 0: nothing. */
static inline double fr_board_value(const struct fr_board *b, uint32_t item) {
    if (b->is_dense) return item < b->slot_n ? b->values[item] : 0;
    const uint64_t *slot = fr_map_get(&b->slots, item);
    return slot ? b->values[*slot] : 0;
}
static inline uint32_t fr_board_best(const struct fr_board *b, uint32_t place) {
    return b->is_dense ? b->best[place] : b->items[b->best[place]];
}
size_t fr_board_bytes(const struct fr_board *b);

/* As arrays "<name>.items", "<name>.values" and "<name>.start" (start and total). */
void fr_board_save(const struct fr_board *b, const char *name, struct fr_tensors_writer *w);
/* b is empty. item_n: numbers must lie below it. */
enum fr_err fr_board_load(struct fr_board *b, const char *name, const struct fr_tensors_file *f,
                          uint32_t item_n, struct fr_errmsg *msg) FR_MUST_USE;

#endif
