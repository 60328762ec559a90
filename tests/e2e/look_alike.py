"""Events and a judge of lists for look_alike.sh.

    look_alike.py events       people of three tastes; 110 of the 260 shoe people are members (the seed), 40 of them gold; 120 more shoe people refuse ads
    look_alike.py judge LIST   who is in a list of ids: of the shoe people who are not members and have not refused, nearly all; of the
                               seed and of those who refused, nobody
"""
import json
import random
import sys

START = 1_767_225_600
TASTES = {"shoe": 260, "bag": 200, "tool": 200, "refused": 120}
MEMBERS, GOLD, ITEMS = 110, 40, 20


def events():
    rng, out = random.Random(8), []
    for taste, people in TASTES.items():
        kind = "shoe" if taste == "refused" else taste
        for n in range(people):
            user, at = f"{taste}{n}", START + rng.randrange(86400)
            if taste == "shoe" and n < MEMBERS:
                out.append((at, {"event_type": "user_upsert", "user_id": user, "attributes": {"member": True, "gold": n < GOLD}}))
            for item in rng.sample(range(ITEMS), 8):
                at += rng.randrange(20000, 400000)
                of = kind if rng.random() < 0.9 else rng.choice(["shoe", "bag", "tool"])
                out.append((at, {"event_type": "like", "user_id": user, "item_id": f"{of}-{item}"}))
            if taste == "refused":
                out.append((at + 1, {"event_type": "user_upsert", "user_id": user, "consent": {"ads": False}}))
    for n, (at, event) in enumerate(sorted(out, key=lambda pair: pair[0])):
        print(json.dumps(event | {"event_id": f"e{n}", "timestamp": at}))


def judge(path):
    ids = open(path, encoding="utf-8").read().split()
    members = {f"shoe{n}" for n in range(MEMBERS)}
    others = {f"shoe{n}" for n in range(MEMBERS, TASTES["shoe"])}
    assert len(ids) == len(set(ids)), "somebody is listed twice"
    assert not members & set(ids), "the seed is listed"
    assert not any(i.startswith("refused") for i in ids), "somebody who refused is listed"
    right = len(others & set(ids))
    print(f"{len(ids)} listed, {right} of {len(others)} found")
    assert len(ids) <= 150 and right >= 0.95 * len(ids) and right >= 120, ids


events() if sys.argv[1] == "events" else judge(sys.argv[2])
