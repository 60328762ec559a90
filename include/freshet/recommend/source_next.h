/* source_next.h - "next-item": what was taken to soon after the latest items of the history.
 *
 * Counts    an example with weight > 0 on item c adds learn_fade^g to transition(s, c) for the g-th most recent item s of the
 *           history, g = 0 .. learn_seeds - 1, itself left out. A further behaviour on the item that was just touched is
 *           no transition. Counts lose half of their worth each half_life_ms; scaling is lazy: a row has a landmark in time
 *           and later counts are larger by 2^(age / half-life), so that learning is O(row).
 * Score     sum over the r-th most recent seed s, r = 0 .. propose_seeds - 1, of
 *               propose_fade^r * (count(s, c) - error(s, c)) / (total(s) + shrinkage)^normalisation
 *           total(s) is all that ever left s, decayed.
 * Rows      at most `successors` of an item. When a row is full the smallest makes room (space-saving, Metwally 2005): the
 *           newcomer inherits its count as error, so any successor with more than total / successors is in the row, and
 *           count - error is never more than the truth. What was lost is total less the sum of (count - error).
 * Memory    items * (successors * 12 + 112) bytes at most. Rows grow with what they hold. */
#ifndef FR_RECOMMEND_SOURCE_NEXT_H
#define FR_RECOMMEND_SOURCE_NEXT_H

#include "freshet/recommend/source.h"

struct fr_next_params {
    uint32_t items;      /* whose successors are kept, 1 to 2^24; who was used longest ago makes room */
    uint32_t successors; /* of an item, 1 to 1024 */
    uint32_t learn_seeds, propose_seeds; /* 1 to 20 */
    double learn_fade, propose_fade;     /* above 0, at most 1 */
    double half_life_ms;                 /* above 0; infinite: no decay */
    double shrinkage;                    /* > 0 */
    double normalisation;                /* 0 to 1 */
};

/* Chosen for the blend on the first half of KuaiRand's clicks: long fades (20 seeds, .9) make this source alone better, but the
 * blend worse, as its other sources see the long history already. */
#define FR_NEXT_DEFAULTS                                     \
    ((struct fr_next_params){.items = 1u << 18,              \
                             .successors = 96,               \
                             .learn_seeds = 5,               \
                             .propose_seeds = 3,             \
                             .learn_fade = .6,               \
                             .propose_fade = .3,             \
                             .half_life_ms = 14. * 86400000, \
                             .shrinkage = 1,                 \
                             .normalisation = 0})

/* p NULL: the defaults. gives; freed by its ops. */
struct fr_source *fr_source_next_new(const struct fr_next_params *p);

#endif
