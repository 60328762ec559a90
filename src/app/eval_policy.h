/* eval_policy.h - logs of choices with propensities, read from a file; policies to be judged on them.
 *
 * CSV       the Open Bandit columns item_id, position, click, propensity_score by name; columns whose name starts with user_feature
 *           are categories of the context; others are not read.
 * JSON      an object a line: {"action": "a1", "position": 1, "reward": 0, "propensity": 0.25, "context": {"age": 31,
 *           "city": "Lyon"}}; position and context may be missing; numbers of the context are numbers, texts categories.
 * Rewards   0 or 1. Propensities above 0, at most 1. What is wrong is said with file and line: FR_CONFIG. */
#ifndef FR_APP_EVAL_POLICY_H
#define FR_APP_EVAL_POLICY_H

#include "freshet/base/dict.h"
#include "freshet/base/err.h"

/* Shared by the logs and tables of one evaluation: what a number stands for. */
struct policy_names {
    struct fr_dict actions, positions, features;
};

/* Rounds; the context of round i is places starts[i] .. starts[i + 1] of features and values. */
struct policy_log {
    struct policy_names *names; /* borrowed */
    uint32_t n, cap, feature_cap;
    uint32_t *actions, *positions, *starts, *features;
    bool *rewards;
    double *propensities;
    float *values;
};

/* Rounds in a log, features of one, values of all: places in them are 32 bits. */
enum { POLICY_ROUNDS = 20000000, POLICY_CONTEXT = 1000, POLICY_VALUES = 1000000000 };

enum fr_err policy_log_read(const char *path, struct policy_names *names, struct policy_log *out,
                            struct fr_errmsg *msg) FR_MUST_USE;
void policy_log_fini(struct policy_log *log);
double policy_log_reward(const struct policy_log *log); /* the mean; 0 rounds: NaN */

/* table[positions][actions] from CSV with the columns action, probability and, if it matters, position: each position's must sum
 * to 1 within 1e-6. gives. Actions and positions it names must be known. */
enum fr_err policy_table_read(const char *path, struct policy_names *names, double **table,
                              struct fr_errmsg *msg) FR_MUST_USE;
/* q[n][actions] from CSV: the first line names the actions, then a line for each round. gives. */
enum fr_err policy_rewards_read(const char *path, const struct policy_names *names, uint32_t n, double **q,
                                struct fr_errmsg *msg) FR_MUST_USE;

#endif
