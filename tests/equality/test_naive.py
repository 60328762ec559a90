"""naive.py on cases small enough to be computed by hand from docs/AFFINITY.md."""

import math
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cleaning  # noqa: E402
import genlog  # noqa: E402
import naive  # noqa: E402

DAY = 86_400_000
T0 = 19_000 * DAY  # the first millisecond of epoch 19000


def event(user, kind, item=None, t=0, **fields):
    value = {"event_type": kind, "user_id": user, "timestamp": T0 + t, **fields}
    if item:
        value["item_id"] = item
    return {"partition": 0, "offset": 0, "timestamp_ms": T0 + 100 * DAY, "value": value}


def run(*events, **settings):
    settings = cleaning.Settings(**{"lateness_ms": 100 * DAY, **settings})
    records = [(e["partition"], e["timestamp_ms"], e["value"]) for e in events]
    users, rejects, latest = cleaning.accept_log(records, settings)
    return ({row["user_id"]: row for row in naive.dump_users(users, settings)},
            {row["item_id"]: row for row in naive.dump_items(users, latest, settings)}, rejects)


def history(users, user):
    """What has a strength, latest first."""
    rows = sorted(users[user]["history"], key=lambda row: -row["last_ms"])
    return [(row["item_id"], row["weight"]) for row in rows]


class Counting(unittest.TestCase):
    def test_pair_takes_the_smaller_strength(self):
        users, items, _ = run(event("u", "click", "a"), event("u", "purchase", "b", 1))
        self.assertEqual(history(users, "u"), [("b", 4), ("a", 1)])
        self.assertEqual(items["a"]["buckets"], {"19000": 1})
        self.assertEqual(items["b"]["buckets"], {"19000": 4})
        self.assertEqual(items["a"]["pairs"], [{"item_id": "b", "count": 1.0}])
        self.assertEqual(items["a"]["pair_buckets"], [["b", 19000, 1]])
        self.assertEqual(items["b"]["pairs"][0]["count"], 1.0)
        self.assertEqual(items["a"]["neighbors"], [{"item_id": "b", "similarity": 1 / math.sqrt(4.0)}])

    def test_half_life(self):
        _, items, _ = run(event("u", "like", "a"), event("v", "search", t=14 * DAY))
        self.assertEqual(items["a"]["count"], 1.0)

    def test_window(self):
        _, items, _ = run(event("u", "like", "a"), event("u", "like", "b", 1 * DAY), event("v", "search", t=60 * DAY))
        self.assertEqual(list(items), ["b"])

    def test_later_weak_against_older_strong(self):
        # 2^20 / 16 is a whole number: a click two half-lives after a purchase has the same rank, and is later.
        def weight(days, half_life):
            users, _, _ = run(event("u", "purchase", "a"), event("u", "click", "a", days * DAY),
                              half_life_epochs=half_life)
            return users["u"]["history"][0]["weight"]

        self.assertEqual([weight(31, 16), weight(32, 16)], [4, 1])
        # 2^20 / 14 is rounded down to 74,898, and 28 * 74,898 is 8 short of 2 * 2^20.
        self.assertEqual([weight(28, 14), weight(29, 14)], [4, 1])

    def test_groups(self):
        upsert = event("u", "user_upsert", attributes={"age": 30, "vip": True})
        _, items, _ = run(upsert, event("u", "like", "a"), event("v", "like", "a"), group_by=("age", "vip"))
        self.assertEqual(items["a"]["groups"], {"30|true": {"count": 2.0, "buckets": {"19000": 2}}})


class Histories(unittest.TestCase):
    def test_eviction_and_return(self):
        acts = [event("u", "like", item, t) for t, item in enumerate("abc")]
        users, items, _ = run(*acts, history_items=2)
        self.assertEqual(history(users, "u"), [("c", 2), ("b", 2)])
        self.assertNotIn("a", items)
        # a comes back with a click: its like is at the horizon or before, (0, a) <= (1, b), so it stays old.
        users, _, _ = run(*acts, event("u", "click", "a", 9), history_items=2)
        self.assertEqual(history(users, "u"), [("a", 1), ("c", 2)])

    def test_order_of_arrival_does_not_matter(self):
        acts = [event("u", kind, item, t) for t, (kind, item) in enumerate(
            [("like", "a"), ("click", "b"), ("unlike", "a"), ("share", "c"), ("dislike", "b"), ("click", "a")])]
        self.assertEqual(run(*acts, history_items=2)[:2], run(*reversed(acts), history_items=2)[:2])

    def test_undo_takes_back_what_was_before_it(self):
        users, items, _ = run(event("u", "like", "a"), event("u", "unlike", "a", 5), event("u", "click", "b", 6))
        self.assertEqual(history(users, "u"), [("b", 1)])
        self.assertNotIn("a", items)
        users, _, _ = run(event("u", "unlike", "a", 5), event("u", "like", "a", 6))
        self.assertEqual(history(users, "u"), [("a", 2)])

    def test_dislike_takes_back_everything_before_it(self):
        users, _, _ = run(event("u", "purchase", "a"), event("u", "dislike", "a", 1), event("u", "view", "a", 2))
        self.assertEqual(history(users, "u"), [("a", 1)])
        self.assertEqual(users["u"]["disliked"], ["a"])

    def test_times_kept(self):
        users, _, _ = run(*[event("u", "click", "a", t) for t in range(6)])
        self.assertEqual(users["u"]["history"][0]["behaviours"], {"click": {"count": 4, "last_ms": T0 + 5}})
        # The kept times are 5, 4, 3 and 2; what is undone up to 3 leaves two, and the dropped ones do not come back.
        users, _, _ = run(*[event("u", "like", "a", t) for t in range(6)], event("u", "unlike", "a", 3))
        self.assertEqual(users["u"]["history"][0]["behaviours"]["like"]["count"], 2)

    def test_followees_and_sharers(self):
        users, _, _ = run(event("u", "follow", t=1, target_user_id="x"), event("u", "follow", t=2, target_user_id="y"),
                          event("u", "unfollow", t=3, target_user_id="x"),
                          event("u", "click", "a", 4, referrer_user_id="z"))
        self.assertEqual((users["u"]["followees"], users["u"]["sharers"]), (["y"], ["z"]))


class Cleaning(unittest.TestCase):
    def test_duplicates_count_once(self):
        users, _, _ = run(*[event("u", "like", "a", event_id="e1")] * 3)
        self.assertEqual(users["u"]["events"], 1)

    def test_late_future_and_malformed(self):
        late, early = event("u", "like", "a", 10 * DAY), event("u", "like", "b", 1 * DAY)
        future = event("u", "like", "c", 101 * DAY)
        broken = {**event("u", "like", "d"), "value": "{\"user_id\":"}
        users, _, rejects = run(late, early, future, broken, lateness_ms=DAY)
        self.assertEqual(history(users, "u"), [("a", 2)])
        self.assertEqual(rejects, {"too_late": 1, "time_in_future": 1, "not_json": 1})

    def test_forget_equals_the_log_without_the_user(self):
        others = [event("v", "like", "a"), event("v", "click", "b", 1)]
        mine = [event("u", "like", "a"), event("u", "click", "b", 1), event("u", "user_delete", t=1)]
        self.assertEqual(run(*mine, *others)[1], run(*others)[1])

    def test_consent(self):
        users, _, _ = run(event("u", "like", "a"), event("u", "like", "b", 1, consent=False),
                          event("u", "like", "c", 2), event("u", "like", "d", 3, consent=True))
        self.assertEqual(history(users, "u"), [("d", 2), ("a", 2)])

    def test_items_array_and_anonymous(self):
        value = {"event_type": "purchase", "anonymous_id": "x", "timestamp": "2022-01-08T00:00:00.5Z",
                 "items": [{"item_id": "a"}, {"item_id": "b"}]}
        users, items, _ = run({"partition": 0, "timestamp_ms": T0 + 9 * DAY, "value": value})
        self.assertEqual(users["anon:x"]["events"], 2)
        self.assertEqual(users["anon:x"]["history"][0]["last_ms"], T0 + 500)
        self.assertEqual(items["a"]["pairs"][0]["count"], 4.0)

    def test_times(self):
        for written in (1_650_812_741, 1_650_812_741_000, 1_650_812_741_000_000, "1650812741", "2022-04-24T15:05:41Z",
                        "2022-04-24T23:05:41+08:00"):
            self.assertEqual(cleaning.milliseconds(written), 1_650_812_741_000)


class Partitions(unittest.TestCase):
    def test_murmur2_as_kafka_computes_it(self):
        # Values of Kafka's own UtilsTest.
        for key, want in ((b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536),
                          (b"a-little-bit-longer-string", -1486304829), (b"abc", 479470107)):
            self.assertEqual(cleaning.murmur2(key), want & 0xFFFFFFFF)


class Generated(unittest.TestCase):
    def test_logs_are_usable_and_reproducible(self):
        log = genlog.make_log(seed=3, events=2000, users=20, items=30, partitions=2)
        self.assertEqual(log, genlog.make_log(seed=3, events=2000, users=20, items=30, partitions=2))
        users, items, rejects = run(*log, lateness_ms=3_600_000)
        self.assertGreater(sum(row["events"] for row in users.values()), 1000)
        self.assertGreater(max(len(row["pairs"]) for row in items.values()), 10)
        self.assertEqual(rejects, {})


if __name__ == "__main__":
    unittest.main()
