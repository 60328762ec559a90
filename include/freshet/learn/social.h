/* social.h - the graph filter of spectral.h on a larger graph: whom somebody follows is a thing he has, like an item.
 *
 * Graph     users x (items + users): an entry of weight `trust` for each friend of a user, and one for himself, beside his
 *           history. So a user is near his friends, near whom they have, and near those who have the same friends.
 * Score     spectral's, of the items; of a known user the friends count as part of his history. An unknown user has none.
 * Memory    spectral's for items + users instead of items, and 4 bytes a friendship.
 * Source    the heterogeneous graph of Konstas, Stathopoulos, Jose 2009, with spectral.h's filter for their random walk. */
#ifndef FR_LEARN_SOCIAL_H
#define FR_LEARN_SOCIAL_H

#include "freshet/learn/model.h"

extern const struct fr_model_ops fr_social_ops; /* "social"; needs friends */

#endif
