/* polynomial.h - a polynomial in place of a function on an interval.
 *
 * Formula   powers[k], k = 0..degree, so that sum of powers[k] x^k is f at the Chebyshev nodes of [0, high],
 *           x_j = high / 2 (1 + cos((j + 1/2) pi / (degree + 1))): within a small factor of the best there is of that degree.
 * Promise   exact for polynomials up to degree, but for rounding, which grows as high^-degree. */
#ifndef FR_LEARN_POLYNOMIAL_H
#define FR_LEARN_POLYNOMIAL_H

#include <stdint.h>

enum { FR_POLYNOMIAL_DEGREE_MAX = 8 };

/* high > 0, degree up to FR_POLYNOMIAL_DEGREE_MAX. */
void fr_polynomial_fit(double (*f)(const void *context, double x), const void *context, double high,
                       uint32_t degree, double *powers);
double fr_polynomial_at(const double *powers, uint32_t degree, double x);

#endif
