/* Off-policy estimators against obp 0.5.7 (tests/reference/off_policy.py), and their intervals against their purpose. */
#include "freshet/target/off_policy.h"
#include "check.h"
#include "off_policy_rounds.h"

static struct fr_off_policy_round made[ROUNDS];

static void make(void) {
    static struct made_round rounds[ROUNDS];
    double pi[POSITIONS][ACTIONS];
    make_rounds(rounds, pi);
    for (int i = 0; i < ROUNDS; i++) {
        const struct made_round *r = &rounds[i];
        made[i] = fr_off_policy_round_of(r->action, r->reward, r->propensity, pi[r->position], r->q, ACTIONS);
    }
}

static void check_values(double clip, const double want[FR_OFF_POLICY_N]) {
    struct fr_off_policy_options options = FR_OFF_POLICY_DEFAULTS;
    struct fr_off_policy_result got;
    options.clip = clip;
    options.drawings = 0;
    make();
    fr_off_policy_estimate(made, ROUNDS, &options, &got);
    for (int e = 0; e < FR_OFF_POLICY_N; e++) {
        CHECK_NEAR(got.estimates[e].value, want[e], 1e-12);
        CHECK(isnan(got.estimates[e].low));
    }
}

static void test_as_obp(void) {
    static const double want[] = {0.23202005916645632, 0.23452647941972785, 0.24846866637606255,
                                  0.22417780570371623, 0.22391540121430573};
    check_values(0, want);
}

/* obp ignores its clip in the self-normalised estimators; there the figures are its own formula on clipped weights. */
static void test_clipped_as_obp(void) {
    struct fr_off_policy_options options = FR_OFF_POLICY_DEFAULTS;
    struct fr_off_policy_result got;
    options.clip = 2;
    options.drawings = 0;
    make();
    fr_off_policy_estimate(made, ROUNDS, &options, &got);
    CHECK_NEAR(got.estimates[FR_OFF_POLICY_IPS].value, 0.19915817345309392, 1e-12);
    CHECK_NEAR(got.estimates[FR_OFF_POLICY_DR].value, 0.22958959767068218, 1e-12);
    CHECK_NEAR(got.weights.max, 2, 0);
    CHECK_NEAR(got.estimates[FR_OFF_POLICY_SNIPS].value,
               got.estimates[FR_OFF_POLICY_IPS].value / got.weights.mean, 1e-12);
}

static void test_weights(void) {
    static const struct fr_off_policy_round rounds[] = {
        {.weight = 1}, {.weight = 3}, {.weight = 0}, {.weight = 8}};
    struct fr_off_policy_options options = FR_OFF_POLICY_DEFAULTS;
    struct fr_off_policy_result got;
    options.clip = 4;
    fr_off_policy_estimate(rounds, 4, &options, &got);
    CHECK_NEAR(got.weights.mean, 2, 1e-12);
    CHECK_NEAR(got.weights.effective_n, 64. / 26, 1e-12);
    CHECK_INT(got.weights.clipped_n, 1);
    CHECK_INT(got.weights.zero_n, 1);
}

static void test_without_predictions(void) {
    struct fr_off_policy_options options = FR_OFF_POLICY_DEFAULTS;
    struct fr_off_policy_result got;
    options.has_predictions = false;
    make();
    fr_off_policy_estimate(made, ROUNDS, &options, &got);
    CHECK(isnan(got.estimates[FR_OFF_POLICY_DM].value) && isnan(got.estimates[FR_OFF_POLICY_DR].high));
    CHECK(got.estimates[FR_OFF_POLICY_IPS].low < 0.232 && got.estimates[FR_OFF_POLICY_IPS].high > 0.232);
}

/* The standard error of a mean is known: the interval of IPS is about 1.96 of it to each side, and the same again. */
static void test_interval_is_that_of_a_mean(void) {
    struct fr_off_policy_options options = FR_OFF_POLICY_DEFAULTS;
    struct fr_off_policy_result got, again;
    double squares = 0;
    options.drawings = 4000;
    make();
    fr_off_policy_estimate(made, ROUNDS, &options, &got);
    fr_off_policy_estimate(made, ROUNDS, &options, &again);
    struct fr_off_policy_estimate e = got.estimates[FR_OFF_POLICY_IPS];
    for (int i = 0; i < ROUNDS; i++) squares += pow(made[i].weight * made[i].reward - e.value, 2);
    double error = sqrt(squares) / ROUNDS;
    CHECK_NEAR(e.high - e.low, 2 * 1.96 * error, .12 * error);
    CHECK(memcmp(&got, &again, sizeof got) == 0);
}

int main(void) {
    RUN(test_as_obp);
    RUN(test_clipped_as_obp);
    RUN(test_weights);
    RUN(test_without_predictions);
    RUN(test_interval_is_that_of_a_mean);
    return check_done();
}
