/* item_cf.h - item-based collaborative filtering: what goes with what the user had.
 *
 * Score     s_j = sum over i in the history of value_i w_ij, and of each i its `neighbors` strongest j;
 *               w_ij = c_ij / (d_i^asymmetry d_j^(1 - asymmetry)) * c_ij / (c_ij + shrink)
 *               c_ij = sum over users u of both, of d_u^-damping x_ui x_uj,    d: sums of values of users and items
 *           asymmetry 1/2 is the cosine, damping says how much less a user counts who took much.
 * Memory    8 bytes * items * neighbors, at most FR_ITEM_CF_BYTES: with a larger catalogue fewer neighbours are kept.
 * Source    Sarwar et al. 2001; Deshpande and Karypis 2004 (normalised users, asymmetric similarity). */
#ifndef FR_LEARN_ITEM_CF_H
#define FR_LEARN_ITEM_CF_H

#include "freshet/learn/model.h"

#define FR_ITEM_CF_BYTES ((size_t)1 << 30)

extern const struct fr_model_ops fr_item_cf_ops; /* "item-cf" */

#endif
