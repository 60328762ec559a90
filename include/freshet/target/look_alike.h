/* look_alike.h - who is like the people of a seed: by the angle between a vector of each person and the seed's mean direction.
 *
 *     pass 1: vectors of the seed --> direction      pass 2: vectors of all others --> similarities --> sizes, the nearest
 *
 * Formula   direction = sum over the seed of v / |v|, of length 1; similarity of a person = direction . v / |v|, -1 to 1. Sums are
 *           doubles, in the order of adding.
 * Sizes     how many people are at least so near, for the thresholds .9 .8 .. .1 and no others: estimates as target/audience.h
 *           has them. A lower threshold is never said to have fewer people than a higher one.
 * Few       people of the seed, sizes and lists are held to fr_audience_estimate: what it says nothing of is refused.
 * Not       who may be counted, and who is in the seed, is the caller's to say: neither the refused nor the seed may be added.
 * Promise   a function of what was added; sizes do not depend on the order. Pure.
 * Threads   one owner. Memory: a vector of doubles; for the nearest 24 bytes a person and the id. */
#ifndef FR_TARGET_LOOK_ALIKE_H
#define FR_TARGET_LOOK_ALIKE_H

#include "freshet/base/arena.h"
#include "freshet/target/audience.h"

/* ---- the seed ---- */

struct fr_look_seed {
    uint32_t k;  /* floats of a vector */
    double *sum; /* [k] */
    struct fr_audience people;
};

void fr_look_seed_init(struct fr_look_seed *s, uint32_t k);
void fr_look_seed_fini(struct fr_look_seed *s);
/* A vector that is all 0 has no direction: that person is left out. */
void fr_look_seed_add(struct fr_look_seed *s, struct fr_str id, const float *v);
/* out[k]. False: there is none (no people, or they point nowhere together). */
bool fr_look_seed_direction(const struct fr_look_seed *s, float *out);

/* Of a vector to a direction of length 1; 0 for a vector that is all 0. */
double fr_look_similarity(const float *direction, const float *v, uint32_t k);

/* ---- the others ---- */

enum { FR_LOOK_STEPS = 9 }; /* .9 .8 .. .1 */

struct fr_look_alike {
    double similarity;
    struct fr_str id; /* lent by the arena */
};

/* Zero-initialised is empty. */
struct fr_look_alikes {
    struct fr_audience at_least[FR_LOOK_STEPS]; /* by threshold, .9 first */
    struct fr_look_alike *at;                   /* [n] kept for the nearest */
    uint32_t n, cap;
    struct fr_arena ids;
};

static inline double fr_look_threshold(uint32_t step) { return (double)(FR_LOOK_STEPS - step) / 10; }
void fr_look_alikes_fini(struct fr_look_alikes *l);
void fr_look_alikes_add(struct fr_look_alikes *l, struct fr_str id, double similarity);
/* The same, and kept for the nearest. */
void fr_look_alikes_keep(struct fr_look_alikes *l, struct fr_str id, double similarity);
/* sizes[FR_LOOK_STEPS]: FR_AUDIENCE_FEW, or a multiple of ten. everybody: all who may be counted, the seed too. */
void fr_look_alikes_sizes(const struct fr_look_alikes *l, const struct fr_audience *everybody,
                          struct fr_str salt, int64_t sizes[FR_LOOK_STEPS]);
/* Sorts what was kept: the nearest first, then by id; cuts it to the most people that are at least so near. */
void fr_look_alikes_rank(struct fr_look_alikes *l, uint32_t most, double least);

#endif
