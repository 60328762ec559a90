/* The harness must be able to fail: this program is registered as one that does. */
#include "check.h"

static void test_two_is_three(void) {
    CHECK_INT(2, 3);
    CHECK(1 == 2);
    CHECK_STR("a", "b");
    CHECK_NEAR(1.0, 1.1, 0.01);
}

int main(void) {
    RUN(test_two_is_three);
    return check_done();
}
