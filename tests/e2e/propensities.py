"""Events and a judge for propensities.sh.

    propensities.py events FROM TO        weeks of a log: users of even numbers buy most weeks, the others look
    propensities.py goodbye               u0 is deleted, u2 refuses ads
    propensities.py judge PROPENSITIES    the topic, "key<TAB>value" a line, an empty value a tombstone
"""
import json
import random
import sys

START, WEEK, USERS = 1_780_000_000_000, 7 * 86_400_000, 150


def events(first, last):
    for week in range(int(first), int(last)):
        rng = random.Random(week)
        for user in range(USERS):
            at = START + week * WEEK + user * 1000
            print(json.dumps({"event_id": f"l{week}-{user}", "event_type": "click", "user_id": f"u{user}", "item_id": "i1",
                              "timestamp": at}))
            if rng.random() < (0.05 if user % 2 else 0.8):
                print(json.dumps({"event_id": f"b{week}-{user}", "event_type": "purchase", "user_id": f"u{user}",
                                  "item_id": f"i{rng.randrange(9)}", "timestamp": at + 500}))


def goodbye():
    at = START + 16 * WEEK
    print(json.dumps({"event_type": "user_delete", "user_id": "u0", "timestamp": at}))
    print(json.dumps({"event_type": "user_upsert", "user_id": "u2", "timestamp": at, "consent": {"ads": False}}))


def judge(path):
    latest = {}
    for line in open(path):
        key, value = line.rstrip("\n").split("\t")
        latest[key] = json.loads(value) if value else None
    assert len(latest) == USERS, len(latest)
    assert [u for u, record in latest.items() if record is None] in (["u0", "u2"], ["u2", "u0"]), latest
    told = {u: {p["task"]: p for p in record["propensities"]} for u, record in latest.items() if record}
    right = sum((p["purchase"]["probability"] > 0.5) == (int(u[1:]) % 2 == 0) for u, p in told.items())
    assert right >= 0.95 * len(told), right
    for p in told.values():
        chance, threshold = p["purchase"]["probability"], p["purchase"]["threshold"]
        wanted = "high" if chance >= threshold else "medium" if chance >= threshold / 2 else "low"
        assert p["purchase"]["segment"] == wanted, p
    print(f"{right} of {len(told)} foretold")


if __name__ == "__main__":
    {"events": events, "goodbye": goodbye, "judge": judge}[sys.argv[1]](*sys.argv[2:])
