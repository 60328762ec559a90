#include "check.h"
#include "freshet/base/rng.h"

static void test_known_sequence(void) { /* splitmix64 from seed 1234567, as its author publishes it */
    static const uint64_t wanted[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                      4593380528125082431u, 16408922859458223821u};
    struct fr_rng r = {1234567};
    for (int i = 0; i < 5; i++) CHECK(fr_rng_next(&r) == wanted[i]);
}

static void test_ranges(void) {
    struct fr_rng r = {1};
    unsigned counts[7] = {0};
    double sum = 0;
    for (int i = 0; i < 70000; i++) {
        uint32_t below = fr_rng_below(&r, 7);
        double u = fr_rng_uniform(&r);
        CHECK(below < 7 && u >= 0 && u < 1);
        counts[below % 7]++;
        sum += u;
    }
    for (int i = 0; i < 7; i++) CHECK_NEAR(counts[i], 10000, 500);
    CHECK_NEAR(sum / 70000, .5, .01);
    CHECK_INT(fr_rng_below(&r, 1), 0);
}

int main(void) {
    RUN(test_known_sequence);
    RUN(test_ranges);
    return check_done();
}
