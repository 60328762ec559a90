/* cold_split.h - interactions parted so that some users and some items are new: the training data know nothing of them.
 *
 * Parts     a third of the users and half of the items are new, drawn by the seed. Models learn from what known users did with
 *           known items. A new user shows a random half of the known items (at least one) as history; the rest is asked
 *           for. Of known and new users alike all new items are asked for.
 * Promise   a function of its arguments.
 * Memory    owns its arrays. */
#ifndef FR_APP_COLD_SPLIT_H
#define FR_APP_COLD_SPLIT_H

#include "freshet/learn/interactions.h"

/* Rows are of all users under their numbers, columns all items. */
struct fr_cold_split {
    struct fr_interactions *train; /* rows of new users and columns of new items are empty */
    struct fr_rows histories;      /* of known users those of train, of new ones what they show */
    struct fr_rows known_items;    /* asked of new users */
    struct fr_rows new_items;      /* asked of everybody */
    bool *is_new_user, *is_new_item;
};

struct fr_cold_split fr_cold_split_new(const struct fr_interactions *all, uint64_t seed); /* gives */
void fr_cold_split_fini(struct fr_cold_split *s);

#endif
