/* popular.h - how many users touched each item, the same list for everybody: the model that all others are held to.
 *
 * Score     users of the item / all users, 0 to 1. */
#ifndef FR_LEARN_POPULAR_H
#define FR_LEARN_POPULAR_H

#include "freshet/learn/model.h"

extern const struct fr_model_ops fr_popular_ops; /* "popular" */

#endif
