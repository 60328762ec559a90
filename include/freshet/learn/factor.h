/* factor.h - implicit ALS as a model ("als"): users and items as vectors whose product tells taken-to from not.
 *
 * Minimises   sum over entries v (x_u . y_i - 1)^2 + a sum over all pairs (x_u . y_i)^2 + sum_u l_u |x_u|^2 + sum_i l_i |y_i|^2,
 *             v = value / mean value, l_u = regularisation (V_u + a I)^power, l_i = regularisation (V_i + a U)^power, with V
 *             the row's sum of v (Hu, Koren, Volinsky 2008 as tuned by Rendle, Krichene, Zhang, Koren 2021). The weight of
 *             the unobserved is given as a mass relative to the observed, a = unobserved * sum of v / (U I), which
 *             means the same on data of any size.
 *             The package `implicit` minimises the same with a = 1 / (alpha - 1), power 0, regularisation = its / alpha
 *             (solutions differ by a factor): see tests/unit/learn/test_factor.c.
 * Parameters  factors (up to FR_FACTORS_MAX, rounded up to a multiple of 16), unobserved, regularisation, power, iterations.
 * Fold-in     one row solve; a history of the fit is treated like any other.
 * Promise     the same bits for any number of threads, as far as the products of learn/la are. One history at a time is scored
 *             with plain loops: the same bits on any machine.
 * Time        of an iteration O(entries factors + (U + I) factors^2), the latter in learn/la.
 * Memory      of a fit (2 U + 2 I) factors floats at most; of a model I factors floats. */
#ifndef FR_LEARN_FACTOR_H
#define FR_LEARN_FACTOR_H

#include "freshet/learn/model.h"

enum { FR_FACTORS_MAX = 1024 };

extern const struct fr_model_ops fr_factor_ops;

#endif
