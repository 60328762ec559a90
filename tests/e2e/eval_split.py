"""Small splits for tests/e2e/eval_split.sh, and what popularity must reach on them, computed here once more.

    eval_split.py make FOLDER                          train, test, other (another test), friends and items
    eval_split.py popular TRAIN TEST K [VALID]         "recall ndcg mrr hit_rate precision" of the most popular items
    eval_split.py rows FILE MODEL...                   fails unless FILE holds one good JSON row of each, in this order
"""

import json
import math
import random
import sys

KEYS = ["model", "k", "recall", "ndcg", "mrr", "hit_rate", "precision", "coverage", "tested", "fit_seconds",
        "score_seconds", "peak_mib"]


def make(folder):
    """120 users in three circles with tastes of their own, some items that everybody takes."""
    draw = random.Random(4)
    rows = {"train": [], "test": [], "other": [], "friends": []}
    for user in range(120):
        circle = user % 3
        liked = [f"i{circle}-{n}" for n in draw.sample(range(40), 14)] + [f"all{n}" for n in draw.sample(range(10), 3)]
        draw.shuffle(liked)
        rows["train"].append(f"{user} " + " ".join(liked[:12]))
        rows["test"].append(f"{user} " + " ".join(liked[12:15] + ["unheard-of"] * (user % 5 == 0)))
        rows["other"].append(f"{user} " + " ".join(draw.sample(["i0-1", "i1-2", "i2-3", "all1", "x", "y"], 3)))
        rows["friends"] += [f"{user}\t{3 * draw.randrange(40) + circle}" for _ in range(4)]
    rows["items"] = [json.dumps({"id": f"i{circle}-{n}", "category": f"circle {circle}", "tags": [f"shelf {n % 5}"]})
                     for circle in range(3) for n in range(40)]
    for name, lines in rows.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")


def read(path):
    with open(path, encoding="utf-8") as lines:
        return {words[0]: set(words[1:]) for words in map(str.split, lines)}


def popular(train, test, k, valid=None):
    train, test, k = read(train), read(test), int(k)
    aside = read(valid) if valid else {}
    counts = {}
    for items in train.values():
        for item in items:
            counts[item] = counts.get(item, 0) + 1
    order = sorted(counts, key=lambda item: (-counts[item], item.encode()))
    sums = [0.0] * 5
    tested = [user for user in test if test[user]]
    for user in tested:
        shown = [item for item in order if item not in train.get(user, set()) | aside.get(user, set())][:k]
        places = [place for place, item in enumerate(shown) if item in test[user]]
        ideal = sum(1 / math.log2(place + 2) for place in range(min(k, len(test[user]))))
        figures = (len(places) / len(test[user]), sum(1 / math.log2(place + 2) for place in places) / ideal,
                   1 / (places[0] + 1) if places else 0, float(bool(places)), len(places) / k)
        sums = [a + b for a, b in zip(sums, figures)]
    print(*(f"{total / len(tested):.6g}" for total in sums))


def rows(path, *models):
    with open(path, encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    names = [row["model"] for row in found]
    assert names == list(models), names
    for row in found:
        assert list(row)[:len(KEYS)] == KEYS, list(row)
        assert row["tested"] == 120 and 0 < row["recall"] <= 1 and row["peak_mib"] > 1, row
    best = max(row["recall"] + row["ndcg"] for row in found)
    assert "blend" not in names or found[-1]["recall"] + found[-1]["ndcg"] > .95 * best, found


{"make": make, "popular": popular, "rows": rows}[sys.argv[1]](*sys.argv[2:])
