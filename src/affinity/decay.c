#include "freshet/affinity/decay.h"
#include "freshet/base/err.h"
#include <math.h>
#include <stdlib.h>

void fr_decay_init(struct fr_decay *d, double half_life_epochs, uint32_t window_epochs) {
    FR_ASSERT(half_life_epochs > 0 && window_epochs > 0 && window_epochs <= FR_DECAY_WINDOW_MAX);
    d->window = window_epochs;
    d->weights = fr_alloc(window_epochs * sizeof *d->weights);
    for (uint32_t age = 0; age < window_epochs; age++)
        d->weights[age] = (uint64_t)floor(exp2(-(double)age / half_life_epochs) * 0x1p32 + .5);
}

void fr_decay_fini(struct fr_decay *d) {
    free(d->weights);
    *d = (struct fr_decay){0};
}

/* In two halves, so that 63 bits times 33 bits need no wider type. */
int64_t fr_decay_carry(const struct fr_decay *d, int64_t value, int32_t from, int32_t to) {
    uint64_t factor = fr_decay_at(d, to, from), v = value > 0 ? (uint64_t)value : 0;
    uint64_t high = (v >> 32) * factor, low = (v & UINT32_MAX) * factor;
    return (int64_t)(high + (low >> 32) + ((low & UINT32_MAX) != 0));
}
