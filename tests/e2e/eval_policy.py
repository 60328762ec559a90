"""Small logs for tests/e2e/eval_policy.sh, and what must come out of them, computed here once more.

    eval_policy.py make FOLDER          shown.jsonl, shown.csv (the same rounds), other.jsonl, plan.csv, predicted.csv
    eval_policy.py check ROWS FOLDER POLICY   fails unless the rows are what the formulas give; POLICY log or plan
"""

import csv
import json
import random
import sys

ACTIONS, POSITIONS, ROUNDS = ["a", "b", "c"], [1, 2], 1500
PLAN = {"a": 0.2, "b": 0.5, "c": 0.3}


def rounds(seed, lean):
    draw = random.Random(seed)
    for _ in range(ROUNDS):
        position, age, city = draw.choice(POSITIONS), draw.randrange(20, 60), draw.choice(["Lyon", "Nice"])
        weights = [1, 1 + lean * position, 1 + age / 40]
        action = draw.choices(range(3), weights)[0]
        chance = 0.05 + 0.1 * action + (0.2 if action == 1 and city == "Lyon" else 0)
        yield {"action": ACTIONS[action], "position": position, "reward": int(draw.random() < chance),
               "propensity": weights[action] / sum(weights), "context": {"age": age / 40, "city": city}}


def make(folder):
    shown, other = list(rounds(1, 0)), list(rounds(2, 2))
    for name, rows in (("shown", shown), ("other", other)):
        with open(f"{folder}/{name}.jsonl", "w", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
    with open(f"{folder}/shown.csv", "w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["", "item_id", "position", "click", "propensity_score", "user_feature_0"])
        for i, r in enumerate(shown):
            lines.writerow([i, r["action"], r["position"], r["reward"], repr(r["propensity"]), r["context"]["city"]])
    with open(f"{folder}/plan.csv", "w", encoding="utf-8") as out:
        out.write("action,probability\n" + "".join(f"{a},{p}\n" for a, p in PLAN.items()))
    draw = random.Random(3)
    with open(f"{folder}/predicted.csv", "w", encoding="utf-8") as out:
        out.write("c,a,b\n" + "".join(f"{draw.random()},{draw.random()},{draw.random()}\n" for _ in shown))


def policy(other, kind):
    if kind == "plan":
        return lambda position: PLAN
    shares = {p: {a: 0 for a in ACTIONS} for p in POSITIONS}
    for p in POSITIONS:
        at = [r["action"] for r in other if r["position"] == p]
        for a in at:
            shares[p][a] += 1 / len(at)
    return shares.__getitem__


def check(path, folder, kind):
    shown, other = ([json.loads(line) for line in open(f"{folder}/{n}.jsonl", encoding="utf-8")] for n in ("shown", "other"))
    q = [{a: float(x) for a, x in row.items()} for row in csv.DictReader(open(f"{folder}/predicted.csv", encoding="utf-8"))]
    pi, n = policy(other, kind), len(shown)
    w = [pi(r["position"])[r["action"]] / r["propensity"] for r in shown]
    v = [sum(pi(r["position"])[a] * q[i][a] for a in ACTIONS) for i, r in enumerate(shown)]
    rest = sum(w[i] * (r["reward"] - q[i][r["action"]]) for i, r in enumerate(shown))
    paid = sum(w[i] * r["reward"] for i, r in enumerate(shown))
    want = {"ips": paid / n, "snips": paid / sum(w), "dm": sum(v) / n, "dr": (sum(v) + rest) / n,
            "sndr": sum(v) / n + rest / sum(w)}
    rows = {row["estimator"]: row for row in map(json.loads, open(path, encoding="utf-8"))}
    assert rows.keys() == want.keys(), rows.keys()
    for name, value in want.items():
        row = rows[name]
        assert abs(row["estimate"] - value) < 1e-9, (name, row["estimate"], value)
        assert row["low"] < row["estimate"] < row["high"], row
        assert abs(row["effective_rounds"] - sum(w) ** 2 / sum(x * x for x in w)) < 1e-6, row
        assert row["rounds"] == n and abs(row["on_policy"] - sum(r["reward"] for r in other) / len(other)) < 1e-9, row


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
