/* A polynomial against what it stands for. */
#include "check.h"
#include "freshet/learn/polynomial.h"
#include <math.h>

static double cubic(const void *context, double x) {
    const double *c = context;
    return c[0] + x * (c[1] + x * (c[2] + x * c[3]));
}

static void test_a_cubic_is_found_again(void) {
    const double c[] = {-.005, .63, 4.85, -10.5};
    double powers[FR_POLYNOMIAL_DEGREE_MAX + 1];
    for (uint32_t degree = 3; degree <= 5; degree++) {
        fr_polynomial_fit(cubic, c, .19, degree, powers);
        for (uint32_t k = 0; k <= degree; k++) CHECK_NEAR(powers[k], k < 4 ? c[k] : 0, 1e-8);
        CHECK_NEAR(fr_polynomial_at(powers, degree, 2), -.005 + .63 * 2 + 4.85 * 4 - 10.5 * 8, 1e-6);
    }
}

static double root(const void *context, double x) {
    (void)context;
    return sqrt(x);
}

/* A node is where cos((degree + 1) arccos(2 x / high - 1)) is 0. */
static void test_it_meets_the_function_at_the_nodes(void) {
    for (uint32_t degree = 0; degree <= FR_POLYNOMIAL_DEGREE_MAX; degree++) {
        double powers[FR_POLYNOMIAL_DEGREE_MAX + 1];
        uint32_t met = 0;
        fr_polynomial_fit(root, NULL, 3, degree, powers);
        for (int i = 0; i < 29999; i++) {
            double x = i * 1e-4, n = degree + 1;
            double here = cos(n * acos(2 * x / 3 - 1)), next = cos(n * acos(2 * (x + 1e-4) / 3 - 1));
            if (here * next > 0) continue;
            met++;
            CHECK_NEAR(fr_polynomial_at(powers, degree, x + 5e-5), sqrt(x + 5e-5), 1e-3);
        }
        CHECK_INT(met, degree + 1);
    }
}

int main(void) {
    RUN(test_a_cubic_is_found_again);
    RUN(test_it_meets_the_function_at_the_nodes);
    return check_done();
}
