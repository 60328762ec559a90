/* Statistics of campaigns against statsmodels and scipy (tests/reference/lift.py). */
#include "freshet/target/lift.h"
#include "check.h"

static void check_bounded(struct fr_bounded got, double value, double low, double high, double tolerance) {
    CHECK_NEAR(got.value, value, tolerance);
    CHECK_NEAR(got.low, low, tolerance);
    CHECK_NEAR(got.high, high, tolerance);
}

static void test_many(void) {
    struct fr_lift l =
        fr_lift_of((struct fr_group_count){10000, 530}, (struct fr_group_count){1000, 45}, .95);
    check_bounded(l.difference, .008, -.007277750412278652, .020095097057486272, 1e-12);
    check_bounded(l.relative, .053 / .045 - 1, -.1251230901873417, .5855493250178476, 1e-9);
    CHECK_NEAR(l.z, 1.08371323031097, 1e-12);
    CHECK_NEAR(l.p, .27849196765868645, 1e-12);
}

static void test_few(void) {
    struct fr_lift l = fr_lift_of((struct fr_group_count){40, 3}, (struct fr_group_count){35, 1}, .95);
    check_bounded(l.difference, 3. / 40 - 1. / 35, -.08025948669010452, .17228620603513028, 1e-12);
    check_bounded(l.relative, 105. / 40 - 1, -.7141130933433456, 23.102625337352464, 1e-7);
    CHECK_NEAR(l.p, .37200104175520254, 1e-12);
}

static void test_worse_than_control(void) {
    struct fr_lift l =
        fr_lift_of((struct fr_group_count){1000, 120}, (struct fr_group_count){1000, 150}, .95);
    check_bounded(l.difference, -.03, -.06000825857012657, -1.3782434204051563e-05, 1e-12);
    CHECK_NEAR(l.relative.high, .00032677899161193125, 1e-9);
    CHECK_NEAR(l.z, -1.963049807622355, 1e-12);
}

static void test_what_cannot_be_said(void) {
    struct fr_lift empty = fr_lift_of((struct fr_group_count){10, 1}, (struct fr_group_count){0, 0}, .95);
    CHECK(isnan(empty.difference.value) && isnan(empty.relative.low) && isnan(empty.p));
    struct fr_lift none = fr_lift_of((struct fr_group_count){10, 0}, (struct fr_group_count){10, 0}, .95);
    CHECK(isnan(none.z) && isnan(none.p));
    CHECK_NEAR(none.difference.value, 0, 0);
    CHECK(none.relative.low < 0 && none.relative.high > 0);
}

static void test_one_rate(void) {
    check_bounded(fr_rate_bounded((struct fr_group_count){40, 3}, .95), .075, .025836025774588184,
                  .1986423352431055, 1e-12);
    CHECK(isnan(fr_rate_bounded((struct fr_group_count){0, 0}, .95).value));
}

/* Byar's limits are an approximation: to the exact ones (chi-square) within 1 % of the count's own spread. */
static void test_calibration(void) {
    check_bounded(fr_calibration_ratio(8, 10, .95), 1.25, 4.7953886961324335 / 8, 18.39035604201778 / 8, .01);
    check_bounded(fr_calibration_ratio(410, 400, .95), 400. / 410, 361.75629663114347 / 410,
                  441.1866480966759 / 410, 1e-4);
    check_bounded(fr_calibration_ratio(2, 0, .95), 0, 0, 3.6888794541139354 / 2, .02);
    CHECK(isnan(fr_calibration_ratio(0, 3, .95).value));
}

/* ---- the control group ---- */

enum { USERS = 100000 };

static struct fr_str user_name(char text[16], int i) {
    return (struct fr_str){text, (uint32_t)snprintf(text, 16, "u%d", i)};
}

static void test_control_share_is_uniform(void) {
    char text[16];
    double tenths[10] = {0}, chi_square = 0;
    for (int i = 0; i < USERS; i++) {
        int tenth = 0;
        while (tenth < 9 && !fr_is_control(user_name(text, i), fr_str_of("spring"), 1, (tenth + 1) / 10.))
            tenth++;
        tenths[tenth]++;
    }
    for (int k = 0; k < 10; k++)
        chi_square += (tenths[k] - USERS / 10.) * (tenths[k] - USERS / 10.) / (USERS / 10.);
    CHECK(chi_square < 27.877); /* 99.9 % of chi-square with 9 degrees */
}

static double both(const char *campaign, uint64_t salt) {
    char text[16];
    double n = 0;
    for (int i = 0; i < USERS; i++) {
        struct fr_str user = user_name(text, i);
        n += fr_is_control(user, fr_str_of("spring"), 1, .1) &&
             fr_is_control(user, fr_str_of(campaign), salt, .1);
    }
    return n / USERS;
}

static void test_control_groups_are_independent_and_stable(void) {
    CHECK_NEAR(both("summer", 1), .01, .0013); /* 4 standard errors */
    CHECK_NEAR(both("spring", 2), .01, .0013);
    CHECK_NEAR(both("spring", 1), .1, .004);
    CHECK(!fr_is_control(fr_str_of("u1"), fr_str_of("spring"), 1, 0));
    CHECK(fr_is_control(fr_str_of("u1"), fr_str_of("spring"), 1, 1));
}

int main(void) {
    RUN(test_many);
    RUN(test_few);
    RUN(test_worse_than_control);
    RUN(test_what_cannot_be_said);
    RUN(test_one_rate);
    RUN(test_calibration);
    RUN(test_control_share_is_uniform);
    RUN(test_control_groups_are_independent_and_stable);
    return check_done();
}
