/* explore.h - drawing an item of which little is known, and with what probability it was drawn. Private to recommend/.
 *
 * The pool keeps its order while items are taken out of it, so that a draw depends on ids and counts only. */
#ifndef FR_EXPLORE_H
#define FR_EXPLORE_H

#include "freshet/recommend/arrange.h"

struct fr_explore_pool {
    enum fr_exploring how;
    uint64_t draw;                 /* seed of the list */
    const struct fr_ranked *items; /* [n] the caller's */
    uint32_t *left;                /* [left_n] of items, those not shown yet, in their order */
    uint32_t left_n;
};

/* Which of left[] the place gets; left_n > 0. */
uint32_t fr_explore_draw(const struct fr_explore_pool *p, uint32_t place);
/* The probability that the place gets left[at]. */
double fr_explore_chance(const struct fr_explore_pool *p, uint32_t place, uint32_t at);
/* Takes left[at] out. */
void fr_explore_take(struct fr_explore_pool *p, uint32_t at);

#endif
