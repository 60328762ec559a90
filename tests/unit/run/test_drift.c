/* Lists that get worse are noticed, those that only vary are not. */
#include "check.h"
#include "freshet/base/rng.h"
#include "freshet/run/drift.h"

struct stream {
    struct fr_drift drift;
    struct fr_rng rng;
    uint64_t judged, hits;
};

/* n judged lists of that hit rate, in steps of 100; how often drift was said. */
static uint32_t judge(struct stream *s, uint32_t n, double rate) {
    uint32_t said = 0;
    for (uint32_t i = 1; i <= n; i++) {
        s->judged++;
        s->hits += fr_rng_uniform(&s->rng) < rate;
        if (i % 100 == 0) said += fr_drift_add(&s->drift, s->judged, s->hits);
    }
    return said;
}

static void test_a_fall_is_said_once(void) {
    struct stream s = {.rng = {5}};
    CHECK_INT(judge(&s, 30000, .1), 0);
    CHECK_INT(judge(&s, 10000, .06), 1);
    CHECK_INT(judge(&s, 20000, .06), 0); /* it is the new level */
}

static void test_chance_is_not_a_fall(void) {
    uint32_t said = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct stream s = {.rng = {seed}};
        said += judge(&s, 100000, .08);
    }
    CHECK(said <= 1); /* 2,500 looks at a chance of 1 in 30,000 each */
}

static void test_a_rise_is_no_reason(void) {
    struct stream s = {.rng = {6}};
    CHECK_INT(judge(&s, 20000, .05), 0);
    CHECK_INT(judge(&s, 20000, .2), 0);
}

static void test_totals_may_begin_anew(void) {
    struct stream s = {.rng = {7}};
    CHECK_INT(judge(&s, 20000, .1), 0);
    s.judged = s.hits = 0;
    CHECK_INT(judge(&s, 20000, .1), 0);
    CHECK_INT(judge(&s, 10000, .05), 1);
}

int main(void) {
    RUN(test_a_fall_is_said_once);
    RUN(test_chance_is_not_a_fall);
    RUN(test_a_rise_is_no_reason);
    RUN(test_totals_may_begin_anew);
    return check_done();
}
