"""Prints the figures in tests/unit/target/test_off_policy.c and test_reward_model.c: what obp (0.5.7) and scikit-learn make
of the same 400 rounds. With two logs in the Open Bandit format it also writes what obp says of them, and the reward
predictions that it used, for `freshet eval policy --reward-model`.

    pip install scikit-learn pandas pyyaml tqdm && pip install --ignore-requires-python --no-deps obp==0.5.7
    python3 tests/reference/off_policy.py [LOG.csv[.gz] OTHER.csv[.gz] PREDICTIONS.csv]

The rounds are the tests': a 64-bit splitmix sequence. obp's plotting and neural parts are not needed and not imported."""
import sys
from unittest.mock import MagicMock

import numpy as np
from sklearn.linear_model import LogisticRegression

from binary_quality import splitmix

for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils", "torch.utils.data", "seaborn",
             "matplotlib", "matplotlib.pyplot", "pyieoe", "pyieoe.evaluator", "xgboost", "obp.policy.offline", "obp.policy.offline_continuous"):
    sys.modules[name] = MagicMock()
from obp.ope.estimators import (DirectMethod, DoublyRobust, InverseProbabilityWeighting, SelfNormalizedDoublyRobust,
                                SelfNormalizedInverseProbabilityWeighting)
from shoppers import folds as stratified

ROUNDS, ACTIONS, POSITIONS = 400, 5, 3


def rounds():
    """action, position, reward, propensity, x, q[action], and pi[position][action]."""
    uniform = splitmix(21)
    pi = np.array([[next(uniform) + 0.1 for _ in range(ACTIONS)] for _ in range(POSITIONS)])
    pi /= pi.sum(axis=1, keepdims=True)
    rows = []
    for _ in range(ROUNDS):
        action, position = int(next(uniform) * ACTIONS), int(next(uniform) * POSITIONS)
        propensity, x = 0.05 + 0.5 * next(uniform), next(uniform)
        reward = next(uniform) < 0.1 + 0.1 * action * x
        rows.append((action, position, reward, propensity, x, [next(uniform) * 0.5 for _ in range(ACTIONS)]))
    return rows, pi


def estimates(action, position, reward, pscore, pi, q, clip=np.inf):
    """pi[position][action], q[round][action]; obp wants both by round, action and place in the list."""
    n, actions, places = len(action), pi.shape[1], pi.shape[0]
    dist, guess = np.zeros((n, actions, places)), np.zeros((n, actions, places))
    dist[:] = pi.T
    guess[:] = q[:, :, None]
    common = dict(action=action, position=position, action_dist=dist)
    logged = dict(reward=reward, pscore=pscore)
    return {
        "ips": InverseProbabilityWeighting(lambda_=clip).estimate_policy_value(**common, **logged),
        "snips": SelfNormalizedInverseProbabilityWeighting(lambda_=clip).estimate_policy_value(**common, **logged),
        "dm": DirectMethod().estimate_policy_value(position=position, action_dist=dist, estimated_rewards_by_reg_model=guess),
        "dr": DoublyRobust(lambda_=clip).estimate_policy_value(**common, **logged, estimated_rewards_by_reg_model=guess),
        "sndr": SelfNormalizedDoublyRobust(lambda_=clip).estimate_policy_value(
            **common, **logged, estimated_rewards_by_reg_model=guess),
    }


def crossed(action, position, reward, x, folds, seed, actions, places):
    one = np.eye
    by_round = lambda a: np.hstack([one(actions)[a], one(places)[position], x])
    fold, q = stratified(reward, seed=seed, k=folds), np.zeros((len(action), actions))
    for held in range(folds):
        model = LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(by_round(action)[fold != held], reward[fold != held])
        for a in range(actions):
            every = by_round(np.full(len(action), a))
            q[fold == held, a] = model.predict_proba(every[fold == held])[:, 1]
    return q


def small():
    rows, pi = rounds()
    action, position, reward, pscore, x = (np.array([r[k] for r in rows]) for k in range(5))
    q = np.array([r[5] for r in rows])
    for clip in (np.inf, 2.0):
        for name, value in estimates(action, position, reward.astype(float), pscore, pi, q, clip).items():
            print("clip", clip, name, repr(float(value)))
    q = crossed(action, position, reward, x[:, None], 3, 1, ACTIONS, POSITIONS)
    for i, a in ((0, 0), (0, 4), (17, 2), (399, 1)):
        print("q", i, a, repr(float(q[i, a])))
    print("q mean", repr(float(q.mean())))


def read(path):
    import pandas as pd
    t = pd.read_csv(path)
    return (t["item_id"].to_numpy(), t["position"].to_numpy() - 1, t["click"].to_numpy(), t["propensity_score"].to_numpy(),
            pd.get_dummies(t.filter(regex="^user_feature_")).to_numpy(float))


def logs(log, other, predictions):
    """The policy is the other log's: how often each item was shown at each position."""
    action, position, reward, pscore, x = read(log)
    theirs = read(other)
    actions, places = int(max(action.max(), theirs[0].max())) + 1, int(position.max()) + 1
    pi = np.zeros((places, actions))
    np.add.at(pi, (theirs[1], theirs[0]), 1)
    pi /= pi.sum(axis=1, keepdims=True)
    q = crossed(action, position, reward.astype(bool), x, 3, 1, actions, places)
    np.savetxt(predictions, q, delimiter=",", fmt="%.17g", comments="",
               header=",".join(map(str, range(actions))))
    for name, value in estimates(action, position, reward.astype(float), pscore, pi, q).items():
        print(name, repr(float(value)))
    print("on_policy", theirs[2].mean())


if __name__ == "__main__":
    logs(*sys.argv[1:]) if len(sys.argv) > 1 else small()
