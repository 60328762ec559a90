/* ease.h - the linear item-to-item model with the least squared error, in closed form.
 *
 * Formula   G = X^T X + diag(ridge mean(G) + dropout G_jj), B_ij = -C_ij / C_jj with C = G^-1, B_jj = 0;  s = x B.
 *           X is the matrix with rows divided by (sum of values)^damping.
 * Limits    item^2 floats are kept and item^3 operations are done: a catalogue above FR_EASE_ITEMS is refused (FR_LIMIT).
 * Memory    4 bytes * items^2.
 * Source    Steck 2019 (EASE^R), Steck 2020 (EDLAE: dropout). */
#ifndef FR_LEARN_EASE_H
#define FR_LEARN_EASE_H

#include "freshet/learn/model.h"

enum { FR_EASE_ITEMS = 12000 };

extern const struct fr_model_ops fr_ease_ops; /* "ease" */

#endif
