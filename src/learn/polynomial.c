#include "freshet/learn/polynomial.h"
#include "freshet/base/err.h"
#include <math.h>

enum { NODES_MAX = FR_POLYNOMIAL_DEGREE_MAX + 1 };
static const double pi = 3.14159265358979323846;

/* values[j] becomes the divided difference over nodes 0..j. */
static void divide(const double *nodes, uint32_t n, double *values) {
    for (uint32_t order = 1; order < n; order++)
        for (uint32_t j = n - 1; j >= order; j--)
            values[j] = (values[j] - values[j - 1]) / (nodes[j] - nodes[j - order]);
}

/* Newton's form, multiplied out from the last factor on. */
static void multiply_out(const double *nodes, const double *differences, uint32_t n, double *powers) {
    for (uint32_t k = 0; k < n; k++) powers[k] = 0;
    for (uint32_t j = n; j-- > 0;) {
        for (uint32_t k = n - 1; k > 0; k--) powers[k] = powers[k - 1] - nodes[j] * powers[k];
        powers[0] = differences[j] - nodes[j] * powers[0];
    }
}

void fr_polynomial_fit(double (*f)(const void *context, double x), const void *context, double high,
                       uint32_t degree, double *powers) {
    double nodes[NODES_MAX], values[NODES_MAX];
    uint32_t n = degree + 1;
    FR_ASSERT(high > 0 && n <= NODES_MAX);
    for (uint32_t j = 0; j < n; j++) {
        nodes[j] = high / 2 * (1 + cos((j + .5) * pi / n));
        values[j] = f(context, nodes[j]);
    }
    divide(nodes, n, values);
    multiply_out(nodes, values, n, powers);
}

double fr_polynomial_at(const double *powers, uint32_t degree, double x) {
    double sum = powers[degree];
    for (uint32_t k = degree; k-- > 0;) sum = sum * x + powers[k];
    return sum;
}
