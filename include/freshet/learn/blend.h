/* blend.h - one list of many models' lists: weights learnt on what was put aside.
 *
 * Score     of item i for a user = sum over models m of weight(m) * part(m, i), with part 0 when i is not in m's list or scores
 *           no more there than the last of it, else
 *             by score   (s(i) - s(last of the list)) / standard deviation of the list's scores
 *             by place   1 / (1 + place(i) / FR_BLEND_PLACES) - the same of the place behind the list, place from 0
 *           so models of any scale agree, and an item at the end of a list counts as little as one that is not in it. Where
 *           the models with weights have nothing at all for a user, the others answer, with the same weight each.
 * Learning  the best one, two, three, ... models alone with equal weights, whichever are best together. Weights of their own
 *           take their place when they are better by FR_BLEND_MARGIN: from the best model on, the model and weight join
 *           that help most, as long as they help by more than FR_BLEND_GAIN; then every weight is tried again a step up
 *           and down. All that for both kinds of parts. So the blend is never worse on what it was learnt from than any
 *           model alone.
 * Promise   a function of its arguments; ties by the smaller item number.
 * Threads   any; nothing is kept. */
#ifndef FR_LEARN_BLEND_H
#define FR_LEARN_BLEND_H

#include "freshet/learn/quality.h"

enum { FR_BLEND_MODELS_MAX = 32, FR_BLEND_PLACES = 20 };
#define FR_BLEND_GAIN .001  /* relative */
#define FR_BLEND_MARGIN .01 /* relative */

enum fr_blend_parts { FR_BLEND_BY_SCORE, FR_BLEND_BY_PLACE };

struct fr_blend {
    enum fr_blend_parts parts;
    uint32_t n;                          /* models */
    double weights[FR_BLEND_MODELS_MAX]; /* >= 0; 0: is asked where the others have nothing */
};

/* lists[n] of the same users and depth; truth: rows of all users; (recall + ndcg) / 2 at k counts. n >= 1. Gives what the
 * blend reaches there. */
double fr_blend_learn(const struct fr_toplists *lists, uint32_t n, const struct fr_rows *truth,
                      uint32_t item_n, uint32_t k, struct fr_blend *out);
/* out: of the same users; its own depth. */
void fr_blend_apply(const struct fr_blend *blend, const struct fr_toplists *lists, uint32_t item_n,
                    struct fr_toplists *out);

#endif
