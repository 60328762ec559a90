/* seeds.h - a user's profile as a query: the history as seeds, the group, whom the user follows.
 *
 * Promise   a function of the profile: strengths as of the user's latest event, most recent touch first, equal times by the
 *           bytes of the id. The same for the stage that makes lists and for whoever judges them.
 * Threads   one owner of the user and the arena.
 * Memory    everything lies in the arena; the dictionary is borrowed. */
#ifndef FR_RECOMMEND_SEEDS_H
#define FR_RECOMMEND_SEEDS_H

#include "freshet/affinity/decay.h"
#include "freshet/profile/user.h"
#include "freshet/recommend/query.h"

/* The whole history: fr_seed[u->history.n]. Numbers are those of the user's dictionary. */
const struct fr_seed *fr_seeds_of(const struct fr_user *u, const struct fr_profile_rules *rules,
                                  const struct fr_decay *decay, struct fr_arena *arena);
/* A query for user number `user` with all seeds and at most followees_most followees, most recent first; no surface. */
struct fr_query fr_query_of(const struct fr_user *u, uint32_t user, const struct fr_profile_rules *rules,
                            const struct fr_decay *decay, const struct fr_dict *ids, uint32_t followees_most,
                            fr_time_ms now_ms, uint64_t draw, struct fr_arena *arena);

#endif
