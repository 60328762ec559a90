/* The reward model against scikit-learn's logistic regression on the same folds (tests/reference/off_policy.py). */
#include "freshet/target/reward_model.h"
#include "check.h"
#include "off_policy_rounds.h"

static struct made_round made[ROUNDS];
static uint32_t actions[ROUNDS], positions[ROUNDS], starts[ROUNDS + 1], features[ROUNDS];
static bool rewards[ROUNDS];
static float values[ROUNDS];

static struct fr_reward_rounds rounds_of(void) {
    double pi[POSITIONS][ACTIONS];
    make_rounds(made, pi);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        actions[i] = made[i].action;
        positions[i] = made[i].position;
        rewards[i] = made[i].reward;
        values[i] = (float)made[i].x;
        starts[i + 1] = i + 1;
    }
    return (struct fr_reward_rounds){ROUNDS,    ACTIONS, POSITIONS, 1,        actions,
                                     positions, rewards, starts,    features, values};
}

static void test_as_scikit_learn(void) {
    static double q[ROUNDS * ACTIONS];
    struct fr_reward_rounds rounds = rounds_of();
    struct fr_errmsg msg = {0};
    double mean = 0;
    CHECK_INT(fr_reward_predict_crossed(&rounds, 3, 1, 1, q, &msg), FR_OK);
    CHECK_NEAR(q[0], 0.23379334769656848, 2e-6);
    CHECK_NEAR(q[4], 0.4558899957207664, 2e-6);
    CHECK_NEAR(q[17 * ACTIONS + 2], 0.23082806872813788, 2e-6);
    CHECK_NEAR(q[399 * ACTIONS + 1], 0.14598907980698977, 2e-6);
    for (int i = 0; i < ROUNDS * ACTIONS; i++) mean += q[i] / (ROUNDS * ACTIONS);
    CHECK_NEAR(mean, 0.21382412332595396, 1e-6);
}

static void test_too_many_weights(void) {
    struct fr_reward_rounds rounds = rounds_of();
    struct fr_errmsg msg = {0};
    double q;
    rounds.feature_n = FR_REWARD_WEIGHTS;
    CHECK_INT(fr_reward_predict_crossed(&rounds, 3, 1, 1, &q, &msg), FR_LIMIT);
    CHECK_STR(msg.text, "a reward model of 1009 weights: at most 1000");
}

int main(void) {
    RUN(test_as_scikit_learn);
    RUN(test_too_many_weights);
    return check_done();
}
