/* user_cf.h - user-based collaborative filtering: what similar users had.
 *
 * Score     s_j = d_j^-popularity * sum over the `neighbors` most similar users v of w_v^sharpness x_vj d_v^-1/2,
 *               w_v = sum over items i of both of value_i x_vi d_i^-rarity / sqrt(d_v)
 *           d: sums of values. rarity 1 says that a common item that few had is more of a sign; popularity > 0 holds
 *           back what everybody has. A known user is no neighbour of his own.
 * Fold-in   neighbours are searched when a history is scored: there is no fit but a copy of the data.
 * Cost      the users of each item of the history, then the histories of the neighbours.
 * Memory    16 bytes an entry.
 * Source    Resnick et al. 1994; Aiolli 2013 (asymmetric similarity and locality for implicit feedback). */
#ifndef FR_LEARN_USER_CF_H
#define FR_LEARN_USER_CF_H

#include "freshet/learn/model.h"

extern const struct fr_model_ops fr_user_cf_ops; /* "user-cf" */

#endif
