/* decay.h - what a bucket is worth when it is read (docs/AFFINITY.md section 6).
 *
 * Promise   integers, the same on every machine: decay(age) = round(2^32 * 2^(-age / half_life)).
 *
 * Memory    8 bytes an epoch of the window, owned.
 *
 * Threads   read-only after init. */
#ifndef FR_AFFINITY_DECAY_H
#define FR_AFFINITY_DECAY_H

#include <stdbool.h>
#include <stdint.h>

enum { FR_DECAY_WINDOW_MAX = 100000 };

struct fr_decay {
    uint64_t *weights; /* [window], weights[0] = 2^32 */
    uint32_t window;   /* epochs, 1 to FR_DECAY_WINDOW_MAX */
};

/* half_life_epochs above 0. */
void fr_decay_init(struct fr_decay *d, double half_life_epochs, uint32_t window_epochs);
void fr_decay_fini(struct fr_decay *d);

/* 0 for what is outside the window; an epoch after `now` counts in full. */
static inline uint64_t fr_decay_at(const struct fr_decay *d, int32_t now, int32_t epoch) {
    int64_t age = (int64_t)now - epoch;
    if (age <= 0) return d->weights[0];
    return age < d->window ? d->weights[age] : 0;
}

/* value * decay(to - from), rounded up. */
int64_t fr_decay_carry(const struct fr_decay *d, int64_t value, int32_t from, int32_t to);

#endif
