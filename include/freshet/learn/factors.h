/* factors.h - somebody else's item vectors as a model ("factors"): bring your own.
 *
 * Arrays    factors.items     F32 [item][k], k up to FR_FACTORS_OWN_MAX: the vectors
 *           factors.ridge     F32 [1], optional, above 0, 1 if absent
 *           factors.bias      F32 [item], optional: added to every score
 * Fold-in   of a history h with values v, the ridge solution (sum v y y^T + ridge I) x = sum v y, score = x . y + bias. It is
 *           solved as the system of the history's length when that is shorter than k:
 *               x = Y_h^T (Y_h Y_h^T + ridge D^-1)^-1 1,   D = diag(v).
 * Not       it has no fit: such a model comes from a file (docs/MODELS.md, `freshet models import`).
 * Promise   plain loops, the same bits on any machine.
 * Memory    item_n * k floats. */
#ifndef FR_LEARN_FACTORS_H
#define FR_LEARN_FACTORS_H

#include "freshet/learn/model.h"

enum { FR_FACTORS_OWN_MAX = 1024 };

extern const struct fr_model_ops fr_factors_ops;

#endif
