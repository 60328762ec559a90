/* session_index_internal.h - how sessions lie in memory, for the three files that keep, search and save them. */
#ifndef FR_SESSION_INDEX_INTERNAL_H
#define FR_SESSION_INDEX_INTERNAL_H

#include "freshet/recommend/places.h"
#include "freshet/recommend/session_index.h"

enum { FADES = 1024 }; /* positions further back count like the last */

struct session {
    uint64_t number;    /* 0: none yet */
    fr_time_ms last_ms; /* valid if appended > 0 */
    uint32_t appended;  /* items ever; the latest p.length are kept */
};

/* Where an item stands. It means nothing any more when the session's slot has another number or the index is too old. */
struct posting {
    uint32_t session; /* lower half of its number */
    uint32_t index;
};

struct list {
    struct posting *at; /* [n] a ring once n is p.per_item; start is the oldest */
    uint32_t n, cap, start;
    uint32_t sessions; /* with this item, ever */
};

struct fr_session_index {
    struct fr_session_params p;
    float *position_fades, *common_fades; /* [FADES] */
    float *item_fades;                    /* [p.length] by distance */
    struct session *sessions;             /* [session_cap] by slot */
    uint32_t *items;                      /* [session_cap][p.length] by slot and index % p.length */
    uint32_t session_cap;
    uint64_t begun;          /* sessions ever */
    struct fr_places places; /* of items */
    struct list *lists;      /* [list_cap] by place */
    uint32_t list_cap;
    uint32_t number_end; /* every item is below it */
};

static inline uint32_t *fr_session_item(const struct fr_session_index *x, uint32_t slot, uint32_t index) {
    return &x->items[(size_t)slot * x->p.length + index % x->p.length];
}

/* Index of the oldest item that is kept. */
static inline uint32_t fr_session_first(const struct fr_session_index *x, const struct session *s) {
    return s->appended > x->p.length ? s->appended - x->p.length : 0;
}

#endif
