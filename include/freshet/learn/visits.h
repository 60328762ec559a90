/* visits.h - sessions as a data set, and the questions they ask: what comes next? */
#ifndef FR_LEARN_VISITS_H
#define FR_LEARN_VISITS_H

#include <stddef.h>
#include <stdint.h>

/* Sessions in the order of time, each with its items in order. */
struct fr_visits {
    const uint32_t *items;
    const size_t *starts; /* [n + 1] session s is items[starts[s] .. starts[s + 1]) */
    uint32_t n;
};

/* A session that is under way, and the item that came next. */
struct fr_visit_case {
    const uint32_t *items; /* [n] oldest first, n >= 1 */
    uint32_t n, target;
};

static inline uint32_t fr_visits_length(const struct fr_visits *v, uint32_t s) {
    return (uint32_t)(v->starts[s + 1] - v->starts[s]);
}

#endif
