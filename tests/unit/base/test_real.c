/* Against the C library, whose last bit may differ. */
#include "check.h"
#include "freshet/base/real.h"
#include "freshet/base/rng.h"

static void test_powers(void) {
    struct fr_rng rng = {1};
    for (int i = 0; i < 100000; i++) {
        double x = (fr_rng_uniform(&rng) - .5) * (i % 2 ? 8 : 2000);
        CHECK_NEAR(fr_exp2(x) / exp2(x), 1, 4e-16);
        double small = (fr_rng_uniform(&rng) - .5) * 20;
        CHECK_NEAR(fr_exp(small) / exp(small), 1, 4e-15);
    }
    for (int n = -1022; n < 1023; n++) CHECK(fr_exp2(n) >= ldexp(1, n) && fr_exp2(n) <= ldexp(1, n));
}

static void test_edges_of_powers(void) {
    CHECK(!(fr_exp2(-1023) > 0) && !(fr_exp2(-(double)INFINITY) > 0) && !(fr_exp2((double)NAN) > 0));
    CHECK(fr_exp2(1023) >= DBL_MAX && fr_exp2((double)INFINITY) >= DBL_MAX &&
          fr_exp2((double)INFINITY) <= DBL_MAX);
}

static void test_logarithms(void) {
    struct fr_rng rng = {2};
    for (int i = 0; i < 100000; i++) {
        double x = exp2((fr_rng_uniform(&rng) - .5) * (i % 2 ? 4 : 2000));
        CHECK_NEAR(fr_ln(x), log(x), 4e-16 * (1 + fabs(log(x))));
        CHECK_NEAR(fr_log2(x), log2(x), 6e-16 * (1 + fabs(log2(x))));
    }
    CHECK(!(fr_ln(1) > 0) && !(fr_ln(1) < 0));
}

static void test_in_single_precision(void) {
    struct fr_rng rng = {4};
    for (int i = 0; i < 100000; i++) {
        float x = (float)((fr_rng_uniform(&rng) - .5) * (i % 2 ? 4 : 252));
        CHECK_NEAR((double)fr_exp2_single(x) / exp2((double)x), 1, 3e-7);
        float y = (float)exp2((fr_rng_uniform(&rng) - .5) * (i % 2 ? 2 : 250));
        CHECK_NEAR(fr_log2_single(y), log2((double)y), 4e-7 * (1 + fabs(log2((double)y))));
    }
    CHECK(!(fr_exp2_single(-127) > 0) && !(fr_exp2_single((float)-INFINITY) > 0));
    CHECK(fr_exp2_single((float)INFINITY) >= 0x1p127f && fr_exp2_single(500) <= 0x1p127f);
    CHECK(!(fr_log2_single(1) > 0) && !(fr_log2_single(1) < 0));
    CHECK(fr_exp2_single(3) >= 8 && fr_exp2_single(3) <= 8 && fr_log2_single(8) >= 3 &&
          fr_log2_single(8) <= 3);
}

/* Bits, not values: a change of the order of operations changes lists. */
static void test_bits_are_these(void) {
    struct fr_rng rng = {3};
    uint64_t seen = 0;
    for (int i = 0; i < 1000; i++) {
        double y = fr_exp2(-40 * fr_rng_uniform(&rng)), z = fr_ln(1 + 1000 * fr_rng_uniform(&rng));
        uint64_t a, b;
        memcpy(&a, &y, sizeof a);
        memcpy(&b, &z, sizeof b);
        seen = (seen ^ a) * 0x9e3779b97f4a7c15u + b;
    }
    CHECK_INT((int64_t)seen, -5650471589174051120);
}

int main(void) {
    RUN(test_powers);
    RUN(test_edges_of_powers);
    RUN(test_logarithms);
    RUN(test_in_single_precision);
    RUN(test_bits_are_these);
    return check_done();
}
