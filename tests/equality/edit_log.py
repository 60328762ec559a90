#!/usr/bin/env python3
"""Logs made from logs, for statements like "forgetting a user equals the log without that user".

    edit_log.py shift LOG              the same events, the latest of them a moment ago
    edit_log.py users LOG              user ids by falling number of events
    edit_log.py without USER... LOG    without these users' events
    edit_log.py forget USER... LOG     with a user_delete of each at the end, now
    edit_log.py regret N LOG           with N more likes of items that their users never touched, each taken back

Lines are native events, as tests/equality/genlog.py --native prints them. Only the standard library is used.
"""

import collections
import json
import random
import sys
import time


def shift(events):
    latest = max(event["timestamp"] for event in events)
    by = int(time.time() * 1000) - 5000 - latest
    return [{**event, "timestamp": event["timestamp"] + by} for event in events]


def users(events):
    return [user for user, _ in collections.Counter(event["user_id"] for event in events).most_common()]


def forget(events, who):
    now = int(time.time() * 1000)
    return events + [{"event_type": "user_delete", "user_id": user, "timestamp": now} for user in who]


def regret(events, n):
    """Each like stands right after an event of its user and at the same time, so that it is never late; the unlike some
    events later, also when that is after the user has left and come back. Who refuses in between is left out: then the
    unlike is not heard."""
    rng = random.Random(1)
    places = sorted(rng.sample(range(len(events) - 50), n))
    additions = collections.defaultdict(list)
    for number, place in enumerate(places):
        at = events[place]
        like = {"event_type": "like", "user_id": at["user_id"], "item_id": f"regretted{number}",
                "timestamp": at["timestamp"]}
        later = place + rng.randrange(50)
        if any(event["user_id"] == at["user_id"] and event.get("consent") is False
               for event in events[place:later + 1]):
            continue
        additions[place].append(like)
        additions[later].append({**like, "event_type": "unlike",
                                 "timestamp": max(at["timestamp"], events[later]["timestamp"])})
    return [event for place, one in enumerate(events) for event in [one, *additions[place]]]


def main():
    what, *rest, log = sys.argv[1:]
    with open(log, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    if what == "users":
        print("\n".join(users(events)))
        return
    events = {"shift": lambda: shift(events), "forget": lambda: forget(events, rest),
              "without": lambda: [event for event in events if event["user_id"] not in rest],
              "regret": lambda: regret(events, int(rest[0]))}[what]()
    for event in events:
        print(json.dumps(event, separators=(",", ":")))


if __name__ == "__main__":
    main()
