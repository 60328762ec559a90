"""A small log for tests/e2e/eval_stream.sh, and what must come out of it, computed here once more.

    eval_stream.py make FILE       people of two sides with tastes of their own, some of whom follow a path through the items
    eval_stream.py check ROWS LOG  fails unless the rows say what a second implementation of the protocol says
"""

import json
import math
import random
import sys

KEYS = ["model", "k", "recall", "ndcg", "mrr", "hit_rate", "precision", "coverage", "tested", "fit_seconds",
        "score_seconds", "peak_mib"]
HALF_LIFE = 500


def make(path):
    draw = random.Random(8)
    people = {f"u{n}": {"side": "ab"[n % 2], "shoe": str(draw.randrange(5))} for n in range(150)}
    latest, events, time_ms = {}, [], 1_700_000_000_000
    for number in range(3000):
        user = draw.choice(sorted(people))
        time_ms += draw.randrange(200_000)
        if user not in latest:
            events.append({"event_type": "user_upsert", "user_id": user, "attributes": people[user]})
        item = latest.get(user, 0) + 7 if draw.random() < .3 else draw.randrange(200)
        item = item % 100 + (100 if people[user]["side"] == "b" else 0)
        latest[user] = item % 100
        kind = draw.choice(["click", "click", "view", "impression"])
        events.append({"event_type": kind, "user_id": user, "item_id": f"i{item}"})
        for at, event in enumerate(events[-2:]):
            event.setdefault("event_id", f"e{number}-{at}")
            event.setdefault("timestamp", time_ms)
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(event) + "\n" for event in events)


def popular(log):
    """Places of the asked items in the list by decayed popularity; 0: not among the first 200."""
    counts, taken, takings, places = {}, {}, 0, []
    for event in map(json.loads, log):
        if event["event_type"] not in ("click", "view"):
            continue
        item, mine = event["item_id"], taken.setdefault(event["user_id"], set())
        if item in mine:
            continue
        if mine:
            order = sorted((other for other in counts), key=lambda other: (-counts[other], other.encode()))[:200]
            shown = [other for other in order if other not in mine]
            places.append(shown.index(item) + 1 if item in shown else 0)
        mine.add(item)
        takings += 1
        counts[item] = counts.get(item, 0) + 2 ** (takings / HALF_LIFE)
    return places


def check(rows, log):
    with open(rows, encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    with open(log, encoding="utf-8") as lines:
        places = popular(lines)
    assert all(list(row)[:len(KEYS)] == KEYS for row in found)
    whole = {row["model"]: row for row in found if row["part"] == "all" and row["k"] == 10}
    blend, single = whole["blend"], whole["popular-500"]
    assert blend["tested"] == single["tested"] == len(places), (blend, len(places))
    hits = [place for place in places if 0 < place <= 10]
    assert abs(single["recall"] - len(hits) / len(places)) < 1e-6, (single, len(hits) / len(places))
    assert abs(single["mrr"] - sum(1 / place for place in hits) / len(places)) < 1e-6
    assert abs(single["ndcg"] - sum(1 / math.log2(place + 1) for place in hits) / len(places)) < 1e-6
    best = max(row["recall"] for name, row in whole.items() if name != "blend")
    assert blend["recall"] > .95 * best, (blend["recall"], best)  # 1,900 lessons are few
    for parts in ("slice", "history", "item"):
        tested = sum(row["tested"] for row in found if row["part"].startswith(parts) and row["k"] == 10)
        assert tested == len(places), (parts, tested)


{"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
