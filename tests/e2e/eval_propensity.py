"""A table and a log for tests/e2e/eval_propensity.sh, and freshet's figures computed once more from its predictions.

    eval_propensity.py make FOLDER               table.csv, events.jsonl, items.jsonl
    eval_propensity.py figures PREDICTIONS JSON  fails unless the rows of JSON have the figures of the predictions
    eval_propensity.py rows ROWS                 fails unless the rows are divided by time, with a gap of the horizon (7 days)
"""

import csv
import json
import math
import random
import sys

DAY_MS = 86400000


def make(folder):
    draw = random.Random(5)
    with open(f"{folder}/table.csv", "w", encoding="utf-8") as out:
        out.write("visits,\"where, from\",code,bought\n")
        for _ in range(400):
            visits, where, code = draw.random() * 10, draw.choice(["mail", "shop \"B\"", ""]), draw.randrange(3)
            yes = draw.random() < 1 / (1 + math.exp(4 - .6 * visits - (where == "mail")))
            where = '"' + where.replace('"', '""') + '"'
            out.write(f"{visits:.3f},{where},{code},{yes}\n")
    with open(f"{folder}/items.jsonl", "w", encoding="utf-8") as out:
        for i in range(20):
            out.write(json.dumps({"id": f"i{i}", "category": ["all", f"kind {i % 4}"], "price": 1 + i}) + "\n")
    events = []
    for user in range(80):
        rate = draw.random() * .4
        for day in range(120):
            if draw.random() < rate:
                events.append({"event_id": f"{user}-{day}", "user_id": f"u{user}", "item_id": f"i{draw.randrange(20)}",
                               "event_type": draw.choice(["view", "purchase"]),
                               "timestamp": 1700000000000 + day * DAY_MS + draw.randrange(DAY_MS)})
    events.sort(key=lambda one: one["timestamp"])
    with open(f"{folder}/events.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps(one) + "\n" for one in events)


def auc(pairs):
    yes, no = [p for p, y in pairs if y], [p for p, y in pairs if not y]
    return sum((a > b) + (a == b) / 2 for a in yes for b in no) / (len(yes) * len(no))


def calibration_error(pairs):
    error = 0
    for b in range(10):
        inside = [(p, y) for p, y in pairs if min(int(p * 10), 9) == b]
        error += abs(sum(p - y for p, y in inside))
    return error / len(pairs)


def figures(predictions, report):
    with open(predictions, encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert sorted(int(row["row"]) for row in rows) == list(range(len(rows))), "each row is asked once"
    with open(report, encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            splits = {}
            for row in rows:
                splits.setdefault(row["split"], []).append((float(row[said["model"]]), int(row["label"])))
            every = [pair for pairs in splits.values() for pair in pairs]
            want = {"auc": sum(map(auc, splits.values())) / len(splits), "calibration_error": calibration_error(every),
                    "brier": sum(sum((p - y) ** 2 for p, y in s) / len(s) for s in splits.values()) / len(splits)}
            for key, value in want.items():
                assert abs(said[key] - value) < 2e-6, (said["model"], key, said[key], value)
            assert sum(one["rows"] for one in said["bins"]) == len(rows)


def rows_divided(path):
    times = {"learn": [], "gap": [], "ask": []}
    with open(path, encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            times[row["part"]].append(int(row["time_ms"]))
    assert times["learn"] and times["ask"]
    assert max(times["learn"]) + 7 * DAY_MS <= min(times["ask"]), "a label reaches into what is asked"


COMMANDS = {"make": make, "figures": figures, "rows": rows_divided}
COMMANDS[sys.argv[1]](*sys.argv[2:])
