/* rng.h - splitmix64: a seed gives a sequence. The only randomness in the project; seeds come from records or
 * arguments. */
#ifndef FR_BASE_RNG_H
#define FR_BASE_RNG_H

#include <stdint.h>

struct fr_rng {
    uint64_t state;
};

static inline uint64_t fr_rng_next(struct fr_rng *r) {
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double fr_rng_uniform(struct fr_rng *r) {
    return (double)(fr_rng_next(r) >> 11) * 0x1p-53;
} /* [0, 1) */

static inline uint32_t fr_rng_below(struct fr_rng *r, uint32_t n) { /* [0, n), n > 0 */
    return (uint32_t)(((fr_rng_next(r) >> 32) * n) >> 32);
}

#endif
