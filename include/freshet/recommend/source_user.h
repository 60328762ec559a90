/* source_user.h - "user-cf": what people whose recent history resembles this one's took to lately.
 *
 * Each user's latest items are kept as one session that never ends (recommend/session_index.h), so "similar people" is the
 * same search as "similar visits", with its own weights.
 *
 * Learns    an example with weight > 0 on an item that is new to the user's history.
 * Memory    what the index states, and 90 bytes for each of index.sessions users. */
#ifndef FR_RECOMMEND_SOURCE_USER_H
#define FR_RECOMMEND_SOURCE_USER_H

#include "freshet/recommend/session_index.h"
#include "freshet/recommend/source.h"

struct fr_user_source_params {
    struct fr_session_params index;
    uint32_t seeds; /* of the history that ask, 1 to 50 */
};

/* The best on the first half of two logs (KuaiRand clicks, Tmall purchases): order matters less than within a visit. */
#define FR_USER_SOURCE_DEFAULTS                                               \
    ((struct fr_user_source_params){.seeds = 10,                              \
                                    .index = {.sessions = 1u << 18,           \
                                              .items = 1u << 18,              \
                                              .length = 20,                   \
                                              .per_item = 200,                \
                                              .sample = 400,                  \
                                              .neighbors = 100,               \
                                              .position_fade = 20,            \
                                              .item_fade = 50,                \
                                              .common_fade = 50,              \
                                              .half_life_ms = 14. * 86400000, \
                                              .rarity = 1,                    \
                                              .idf_weight = 0}})

/* p NULL: the defaults. gives; freed by its ops. */
struct fr_source *fr_source_user_new(const struct fr_user_source_params *p);

#endif
