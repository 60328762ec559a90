/* source_session.h - "session": what visits like the current one had next (recommend/session_index.h).
 *
 * Learns    an example with weight > 0 appends its item to the user's open visit; after a pause of more than gap_ms the next
 *           one begins a new visit. A visit counts from its first item on.
 * Query     the leading seeds of the history with pauses of at most gap_ms, the first of them at most gap_ms before now_ms;
 *           without one the single most recent seed stands for the visit.
 * Memory    what the index states, and 90 bytes for each of index.sessions users whose visit may go on. */
#ifndef FR_RECOMMEND_SOURCE_SESSION_H
#define FR_RECOMMEND_SOURCE_SESSION_H

#include "freshet/recommend/session_index.h"
#include "freshet/recommend/source.h"

struct fr_session_source_params {
    struct fr_session_params index;
    uint32_t seeds; /* of the visit that ask, 1 to 50 */
    fr_time_ms gap_ms;
};

/* Less than what finds most (FR_SESSION_DEFAULTS): a list of a busy feed must not wait for it. */
#define FR_SESSION_SOURCE_DEFAULTS                                               \
    ((struct fr_session_source_params){.index = {.sessions = 1u << 18,           \
                                                 .items = 1u << 18,              \
                                                 .length = 20,                   \
                                                 .per_item = 60,                 \
                                                 .sample = 200,                  \
                                                 .neighbors = 30,                \
                                                 .position_fade = 4.9,           \
                                                 .item_fade = 4.9,               \
                                                 .common_fade = 1.225,           \
                                                 .half_life_ms = 14. * 86400000, \
                                                 .rarity = 0,                    \
                                                 .idf_weight = 1},               \
                                       .seeds = 5,                               \
                                       .gap_ms = 30 * 60000})

/* p NULL: the defaults. gives; freed by its ops. */
struct fr_source *fr_source_session_new(const struct fr_session_source_params *p);

#endif
