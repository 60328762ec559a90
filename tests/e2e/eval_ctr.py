"""A small log for tests/e2e/eval_ctr.sh, and what must come out of it, computed here once more.

    eval_ctr.py make FILE              people with a taste for impressions of some campaigns; answers come up to ten minutes later
    eval_ctr.py check ROWS CSV FILE    fails unless the rows say what the predictions in CSV and the log say
"""

import json
import math
import random
import sys

WINDOW_MS, LATE_MS = 300_000, 600_000


def make(path):
    draw = random.Random(5)
    events, time_ms = [], 1_700_000_000_000
    for number in range(6000):
        time_ms += draw.randrange(20_000)
        user, campaign = draw.randrange(80), draw.randrange(12)
        chance = 1 / (1 + math.exp(2 - .05 * user - .1 * campaign + 2 * (campaign % 2)))
        shared = {"user_id": f"u{user}", "campaign_id": f"c{campaign}", "ad_id": f"ad{number}", "surface": "feed"}
        events.append({"event_id": f"i{number}", "event_type": "ad_impression", "timestamp": time_ms, **shared})
        if draw.random() < chance:
            later = time_ms + 1 + int(draw.expovariate(1 / 120_000))
            events.append({"event_id": f"c{number}", "event_type": "ad_click", "timestamp": later, **shared})
    events.sort(key=lambda event: (event["timestamp"], event["event_id"]))
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(event) + "\n" for event in events)


def labels_of(log):
    """In the order of impressions: 1, 0, or None where the log ends within the window."""
    with open(log, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    shown = {event["ad_id"]: event["timestamp"] for event in events if event["event_type"] == "ad_impression"}
    yes, late, end = set(), 0, events[-1]["timestamp"]
    for event in events:
        if event["event_type"] != "ad_click":
            continue
        delay = event["timestamp"] - shown[event["ad_id"]]
        if delay <= WINDOW_MS + LATE_MS:
            yes.add(event["ad_id"])
            late += delay > WINDOW_MS
    return [None if end - at <= WINDOW_MS else int(ad in yes) for ad, at in shown.items()], late


def auc(pairs):
    order = sorted(pairs)
    ranks, at = 0, 0
    while at < len(order):
        to = at
        while to < len(order) and order[to][0] == order[at][0]:
            to += 1
        ranks += sum(label for _, label in order[at:to]) * (at + to + 1) / 2
        at = to
    yes = sum(label for _, label in order)
    return (ranks - yes * (yes + 1) / 2) / (yes * (len(order) - yes))


def check(rows, csv, log):
    with open(rows, encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines if line.startswith("{")]
    with open(csv, encoding="utf-8") as lines:
        pairs = [(float(p), int(label)) for p, label in (line.split(",") for line in list(lines)[1:])]
    labels, late = labels_of(log)
    assert [label for label in labels if label is not None] == [label for _, label in pairs], "labels"
    whole = next(row for row in found if row["part"] == "all")
    assert whole["decided"] == len(pairs) and whole["undecided"] == labels.count(None), whole
    assert whole["late"] == late > 50, whole
    loss = -sum(math.log(p if label else 1 - p) for p, label in pairs) / len(pairs)
    ratio = sum(p for p, _ in pairs) / sum(label for _, label in pairs)
    for key, want in (("auc", auc(pairs)), ("log_loss", loss), ("predicted_to_actual", ratio)):
        assert abs(whole[key] - want) < 2e-5 * want, (key, whole[key], want)
    assert whole["auc"] > .7 and abs(ratio - 1) < .1, whole
    deciles = [row for row in found if row["part"] == "decile"]
    order = sorted(p for p, _ in pairs)
    first = order[:len(order) // 10]
    assert len(deciles) == 10 and abs(deciles[0]["predicted"] - sum(first) / len(first)) < 1e-5, deciles[0]
    groups = {row["name"]: row for row in found if row["part"] == "group"}
    assert len(groups) == 12 and sum(row["decided"] for row in groups.values()) == len(pairs), groups
    assert groups["c10"]["predicted"] > groups["c1"]["predicted"] + .1, groups


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    check(*sys.argv[2:])
