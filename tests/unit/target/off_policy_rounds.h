/* off_policy_rounds.h - the 400 rounds of tests/reference/off_policy.py: a splitmix64 sequence. */
#ifndef FR_TESTS_OFF_POLICY_ROUNDS_H
#define FR_TESTS_OFF_POLICY_ROUNDS_H

#include "freshet/base/rng.h"
#include <stdbool.h>

enum { ROUNDS = 400, ACTIONS = 5, POSITIONS = 3 };

struct made_round {
    uint32_t action, position;
    bool reward;
    double propensity, x, q[ACTIONS];
};

static void make_rounds(struct made_round rounds[ROUNDS], double pi[POSITIONS][ACTIONS]) {
    struct fr_rng rng = {21};
    for (int p = 0; p < POSITIONS; p++) {
        double sum = 0;
        for (int a = 0; a < ACTIONS; a++) sum += pi[p][a] = fr_rng_uniform(&rng) + 0.1;
        for (int a = 0; a < ACTIONS; a++) pi[p][a] /= sum;
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct made_round *r = &rounds[i];
        r->action = (uint32_t)(fr_rng_uniform(&rng) * ACTIONS);
        r->position = (uint32_t)(fr_rng_uniform(&rng) * POSITIONS);
        r->propensity = 0.05 + 0.5 * fr_rng_uniform(&rng);
        r->x = fr_rng_uniform(&rng);
        r->reward = fr_rng_uniform(&rng) < 0.1 + 0.1 * r->action * r->x;
        for (int a = 0; a < ACTIONS; a++) r->q[a] = fr_rng_uniform(&rng) * 0.5;
    }
}

#endif
