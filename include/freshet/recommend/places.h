/* places.h - a bounded number of places for numbers (items, users): who was used longest ago makes room.
 *
 * What every streaming source keeps, it keeps by place: its memory has a bound whatever the dictionary's size.
 *
 * Promise   O(1); who makes room depends on the calls alone, not on numbers.
 * Threads   one owner; any number of readers while nobody takes.
 * Memory    at most 80 bytes for each place, owned.
 * Errors    loading refuses what is not a list of places (FR_STATE_CORRUPT). */
#ifndef FR_RECOMMEND_PLACES_H
#define FR_RECOMMEND_PLACES_H

#include "freshet/base/map.h"
#include "freshet/base/tensors.h"

enum { FR_PLACE_NONE = 0x7fffffff };

/* One place: who has it, and its neighbours in the order of use. */
struct fr_place {
    uint32_t number, newer, older;
};

struct fr_places {
    struct fr_map of;    /* number -> place */
    struct fr_place *at; /* [n] by place */
    uint32_t n, cap, max, newest, oldest;
};

void fr_places_init(struct fr_places *p, uint32_t max); /* max > 0 */
void fr_places_fini(struct fr_places *p);

static inline uint32_t fr_places_find(const struct fr_places *p, uint32_t number) {
    const uint64_t *place = fr_map_get(&p->of, number);
    return place ? (uint32_t)*place : (uint32_t)FR_PLACE_NONE;
}

/* The place of number, used now. *fresh: it had none; what the caller keeps at this place is nobody's any more. */
uint32_t fr_places_take(struct fr_places *p, uint32_t number, bool *fresh);
size_t fr_places_bytes(const struct fr_places *p);

/* As the array <name>: [n][3] numbers, and places of newer and older. */
void fr_places_save(const struct fr_places *p, struct fr_tensors_writer *w, const char *name);
/* p: initialised and empty. */
enum fr_err fr_places_load(struct fr_places *p, const struct fr_tensors_file *f, const char *name,
                           struct fr_errmsg *msg) FR_MUST_USE;

#endif
