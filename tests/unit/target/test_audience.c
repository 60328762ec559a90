#include "check.h"
#include "freshet/target/audience.h"

enum { WORLDS = 10000, BINS = 400 };

static const struct fr_str salt = {"salt", 4};

static void add(struct fr_audience *a, uint32_t world, uint32_t first, uint32_t n) {
    for (uint32_t i = first; i < first + n; i++) {
        char id[32];
        snprintf(id, sizeof id, "w%uu%u", world, i);
        fr_audience_add(a, fr_str_of(id));
    }
}

/* Of n people of a world in which others are left out. */
static int64_t estimate(uint32_t world, uint32_t n, uint32_t others) {
    struct fr_audience matching = {0}, everybody;
    add(&matching, world, 0, n);
    everybody = matching;
    add(&everybody, world, n, others);
    return fr_audience_estimate(&matching, &everybody, salt);
}

static void test_an_estimate_is_near_and_a_multiple_of_ten(void) {
    double sum = 0;
    for (uint32_t world = 0; world < 2000; world++) {
        int64_t e = estimate(world, 503, 200);
        CHECK(e % FR_AUDIENCE_STEP == 0 && e >= 503 - 30 && e <= 503 + 30);
        sum += (double)e;
    }
    CHECK_NEAR(sum / 2000, 503, 1.5);
}

static void test_the_same_people_have_the_same_estimate(void) {
    for (uint32_t world = 0; world < 200; world++) {
        struct fr_audience a = {0}, b = {0}, everybody;
        add(&a, world, 0, 300);
        add(&b, world, 200, 100);
        add(&b, world, 0, 200);
        everybody = a;
        add(&everybody, world, 300, 300);
        CHECK_INT(fr_audience_estimate(&a, &everybody, salt), fr_audience_estimate(&b, &everybody, salt));
    }
}

static void test_another_salt_is_another_draw(void) {
    uint32_t differ = 0;
    for (uint32_t world = 0; world < 500; world++) {
        struct fr_audience a = {0}, everybody;
        add(&a, world, 0, 300);
        everybody = a;
        add(&everybody, world, 300, 300);
        differ += fr_audience_estimate(&a, &everybody, salt) !=
                  fr_audience_estimate(&a, &everybody, FR_STR("other"));
    }
    CHECK(differ > 200);
}

static void test_nothing_is_said_of_few(void) {
    for (uint32_t world = 0; world < 300; world++)
        for (uint32_t n = 0; n < FR_AUDIENCE_LEAST; n += 7)
            CHECK_INT(estimate(world, n, 500), FR_AUDIENCE_FEW);
    CHECK_INT(estimate(1, 49, 500), FR_AUDIENCE_FEW);
    CHECK_INT(estimate(1, 101, 500) >= FR_AUDIENCE_LEAST, 1);
}

/* "Not Ann" is everybody, as far as it can be seen. */
static void test_few_who_are_left_out_are_nobody(void) {
    for (uint32_t world = 0; world < 300; world++) {
        struct fr_audience everybody = {0}, without = {0};
        add(&everybody, world, 0, 600);
        add(&without, world, 0, 551 + world % 49);
        CHECK_INT(fr_audience_estimate(&without, &everybody, salt),
                  fr_audience_estimate(&everybody, &everybody, salt));
    }
}

/* Over many worlds: what is seen of n people beside what is seen of n + 1. Returns half the sum of the differences of how often
 * each answer is given: the most that a guess can be better than a coin, times two. */
static double visible(uint32_t n, uint32_t others, double *above) {
    static double with[BINS], without[BINS];
    uint32_t larger = 0;
    double sum = 0;
    memset(with, 0, sizeof with);
    memset(without, 0, sizeof without);
    for (uint32_t world = 0; world < WORLDS; world++) {
        int64_t a = estimate(world, n, others + 1), b = estimate(world, n + 1, others);
        without[(a + 10) / 10] += 1. / WORLDS;
        with[(b + 10) / 10] += 1. / WORLDS;
        larger += b > a;
    }
    for (int i = 0; i < BINS; i++) sum += fabs(with[i] - without[i]);
    *above = larger / (double)WORLDS;
    return sum / 2;
}

static void test_one_person_more_cannot_be_seen(void) {
    static const uint32_t sizes[] = {49, 50, 74, 75, 154, 155, 159, 160};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        double larger;
        CHECK(visible(sizes[i], 150, &larger) < .13); /* 1 - exp(-1 / 10) = .095, and chance */
        CHECK(larger < .55);                          /* "more, so Ann is among them" is a coin */
    }
}

static void test_one_person_fewer_left_out_cannot_be_seen(void) {
    static const uint32_t others[] = {49, 50, 74, 75};
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        double larger;
        CHECK(visible(200, others[i], &larger) < .23); /* the switch to everybody and the noise */
        CHECK(larger < .62);
    }
}

int main(void) {
    RUN(test_an_estimate_is_near_and_a_multiple_of_ten);
    RUN(test_the_same_people_have_the_same_estimate);
    RUN(test_another_salt_is_another_draw);
    RUN(test_nothing_is_said_of_few);
    RUN(test_few_who_are_left_out_are_nobody);
    RUN(test_one_person_more_cannot_be_seen);
    RUN(test_one_person_fewer_left_out_cannot_be_seen);
    return check_done();
}
