/* query.h - what is known of a user at the moment a list is made, and what a user then did: the two things that every
 * candidate source and the ranker see.
 *
 * Promise   plain facts of the log, no clock: now_ms is the record's time.
 * Memory    everything is borrowed for the call.
 * Rules     all numbers belong to `ids`, one dictionary for items, users, groups and surfaces. */
#ifndef FR_RECOMMEND_QUERY_H
#define FR_RECOMMEND_QUERY_H

#include "freshet/base/clock.h"
#include "freshet/base/dict.h"
#include "freshet/event/event.h"

_Static_assert((int)FR_EVENT_TYPE_N <= 32, "a bit for each type");

/* One item of a user's history. */
struct fr_seed {
    uint32_t item;
    double strength; /* weight * 2^(-age / half-life), any unit; 0: seen, but no interest (any more) */
    bool disliked, purchased;
    fr_time_ms time_ms; /* of the latest touch */
    uint32_t types;     /* what was done to it: bit 1u << enum fr_event_type each; 0: not said */
};

/* Whether it says what the user likes: seen alone does not. */
static inline bool fr_seed_speaks(const struct fr_seed *s) { return s->strength > 0 && !s->disliked; }

struct fr_query {
    const struct fr_dict *ids;
    uint32_t user;               /* FR_DICT_NONE: not known to these ids */
    uint32_t group;              /* demographic group, FR_DICT_NONE: none */
    uint32_t surface;            /* where the user last did something, FR_DICT_NONE: not known */
    const struct fr_seed *seeds; /* [seed_n] the history, most recent first, each item once */
    uint32_t seed_n;
    const uint32_t *followees; /* [followee_n] users, most recently followed first */
    uint32_t followee_n;
    fr_time_ms now_ms;
    uint64_t draw; /* seed of every random choice made for this list: a hash of its cause */
};

/* What a user did, and what was known before. */
struct fr_example {
    struct fr_query before;
    uint32_t item;
    enum fr_event_type type;
    uint32_t weight; /* of the type, 0: no interest (an impression) */
    bool dislike;
    bool is_new;     /* the item was not in the user's history */
    uint32_t sharer; /* user whose share was followed, FR_DICT_NONE: none */
    fr_time_ms time_ms;
};

/* Whether it shows an interest in an item. */
static inline bool fr_example_is_positive(const struct fr_example *e) {
    return e->weight > 0 && !e->dislike && e->item != FR_DICT_NONE;
}

#endif
