#!/usr/bin/env python3
"""Random but reproducible logs that hold everything docs/AFFINITY.md has a rule for.

    genlog.py [--seed N] [--events N] [--users N] [--items N] [--partitions N] [--days N] [--native]

Prints records {"partition","offset","timestamp_ms","value"} in arrival order; --native prints the values alone. All
records are acceptable: duplicates, undos before and after what they take back, dislikes, events late within the bound,
items arrays, refused consent, changing groups and forgotten users, but nothing that cleaning rejects.
"""

import argparse
import json
import random

import cleaning

KINDS = {"click": 30, "view": 20, "like": 12, "add_to_cart": 6, "purchase": 6, "share": 4, "comment": 3,
         "add_to_wishlist": 4, "unlike": 4, "remove_from_cart": 2, "remove_from_wishlist": 2, "refund": 2,
         "dislike": 3, "impression": 4, "search": 2, "ad_impression": 8, "ad_click": 2, "ad_conversion": 1,
         "ad_withheld": 3}
START_MS = 1_650_000_000_000
LATE_MS = 3_000_000  # below the bound of 3,600,000


def zipf(rng, n):
    """A number below n, small ones more often."""
    return min(int(n ** rng.random()) - 1, n - 1) if rng.random() < 0.7 else rng.randrange(n)


def item_fields(rng, kind, items):
    if kind == "search":
        return {"text": "shoes"}
    if kind.startswith("ad_"):
        return {"campaign_id": f"c{zipf(rng, 20)}"} if rng.random() < 0.95 else {}
    if kind in ("purchase", "add_to_cart") and rng.random() < 0.3:
        return {"items": [{"item_id": f"i{zipf(rng, items)}", "quantity": rng.randint(1, 3)}
                          for _ in range(rng.randint(1, 4))]}
    return {"item_id": f"i{zipf(rng, items)}"}


def control_fields(rng):
    """The rarer words about a user: who they are, whether they agree, that they leave. None for most events."""
    dice = rng.random()
    if dice < 0.03:
        return {"event_type": "user_upsert", "attributes": {"age": rng.choice([18, 30, 45.5]),
                                                            "city": rng.choice(["x", "y"])}}
    if dice < 0.035:
        return {"event_type": "user_upsert", "consent": False}
    if dice < 0.045:
        return {"event_type": "user_upsert", "consent": True}
    if dice < 0.047:
        return {"event_type": "user_delete"}
    if dice < 0.053:
        return {"event_type": "user_upsert", "consent": {"ads": rng.random() < 0.5}}
    return None


def make_event(rng, number, user, items, time_ms):
    control = control_fields(rng)
    if control is None:
        kind = rng.choices(list(KINDS), KINDS.values())[0]
        control = {"event_type": kind, **item_fields(rng, kind, items)}
    # Who leaves does so now, not an hour ago: a late leaving would be a matter of arrival, not of the log's content.
    late = 0 if control["event_type"] == "user_delete" or rng.random() < 0.7 else rng.randint(0, LATE_MS)
    return {"event_id": f"e{number}", "user_id": user, "timestamp": time_ms - late, **control}


def make_log(seed=1, events=10_000, users=100, items=200, partitions=4, days=40):
    rng = random.Random(seed)
    log, offsets, recent = [], [0] * partitions, []
    step = days * 86_400_000 // events
    for number in range(events):
        arrival_ms = START_MS + number * step + rng.randrange(step)
        if recent and rng.random() < 0.03:
            value = rng.choice(recent)
            if value["timestamp"] < arrival_ms - LATE_MS:
                continue
        else:
            value = make_event(rng, number, f"u{zipf(rng, users)}", items, arrival_ms)
            if value["event_type"] != "user_delete":
                recent = recent[-19:] + [value]
        partition = cleaning.partition_of(value["user_id"], partitions)
        log.append({"partition": partition, "offset": offsets[partition], "timestamp_ms": arrival_ms, "value": value})
        offsets[partition] += 1
        if value["event_type"] == "user_delete":
            recent = [other for other in recent if other["user_id"] != value["user_id"]]
    return log


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seed", 1), ("events", 10_000), ("users", 100), ("items", 200), ("partitions", 4),
                          ("days", 40)):
        arguments.add_argument("--" + name, type=int, default=default)
    arguments.add_argument("--native", action="store_true", help="only the events, without partition and offset")
    given = vars(arguments.parse_args())
    native = given.pop("native")
    for record in make_log(**given):
        print(json.dumps(record["value"] if native else record, separators=(",", ":")))


if __name__ == "__main__":
    main()
