#!/usr/bin/env python3
"""An independent and deliberately naive implementation of docs/AFFINITY.md, to hold freshet to.

    naive.py users|items [LOG]        reads the log (default: standard input), prints the lines of `freshet dump`

A line of the log is a record {"partition": P, "offset": O, "timestamp_ms": T, "value": {...native event...}}, in the
order of each partition, or just a native event; then --partitions N spreads users as Kafka's clients do (murmur2) and
the event's own time is the record's. "value" may be a string: the bytes as they came.

Nothing is incremental here. The log is cleaned, each user's accepted events are put in a list, and histories, counts,
pairs and neighbours are computed from all lists at the end, from the definitions. Dropped pairs (section 7) do not
exist here: compare.py knows. Only the standard library is used.
"""

import argparse
import collections
import dataclasses
import functools
import json
import math
import sys

import cleaning
from cleaning import NEED_TARGET, UNDOES, WEIGHTS


# --- section 3: the history of a user -----------------------------------------------------------------------------------

@dataclasses.dataclass
class Entry:
    """One item of a history: its latest touch, and per behaviour the live times that are kept, latest first."""
    touch_ms: int
    live: dict


def history_of(acts, bound, touching, settings):
    """{id: Entry} of what is in the history, from acts [(id, behaviour, time)] of which those in touching count."""
    touch, undone, disliked = {}, {}, {}
    for item, kind, t in acts:
        if kind in touching:
            touch[item] = max(t, touch.get(item, t))
        if kind in UNDOES:
            key = item, UNDOES[kind]
            undone[key] = max(t, undone.get(key, t))
        if kind == "dislike":
            disliked[item] = max(t, disliked.get(item, t))

    order = sorted(((t, item) for item, t in touch.items()), reverse=True)
    horizon = order[bound] if len(order) > bound else None

    def lives(item, kind, t):
        return ((horizon is None or (t, item) > horizon) and t > undone.get((item, kind), t - 1)
                and (kind == "dislike" or t > disliked.get(item, t - 1)))

    history = {item: Entry(t, {}) for t, item in order[:bound]}
    for item, kind, t in acts:
        if item in history and kind in touching and lives(item, kind, t):
            history[item].live.setdefault(kind, []).append(t)
    for entry in history.values():
        entry.live = {kind: sorted(times, reverse=True)[:settings.times_kept] for kind, times in entry.live.items()}
    return history


def items_of(user, settings):
    acts = [(item.encode(), event.type, event.time_ms) for event in user.events for item in event.items]
    return history_of(acts, settings.history_items, set(WEIGHTS) | {"dislike"}, settings)


def followees_of(user, settings):
    acts = [(event.target_user_id.encode(), event.type, event.time_ms) for event in user.events
            if event.type in NEED_TARGET]
    return history_of(acts, settings.followees, {"follow"}, settings)


def sharers_of(user, settings):
    acts = [(event.referrer_user_id.encode(), "share", event.time_ms) for event in user.events
            if event.referrer_user_id]
    return history_of(acts, settings.sharers, {"share"}, settings)


DAY_MS, TIMES_OF_A_DAY = 86_400_000, 100


def exposures_of(user):
    """What each campaign did to the user; the bound on campaigns does not exist here."""
    by_campaign = collections.defaultdict(list)
    for event in user.events + user.withheld:
        if event.type in ("ad_impression", "ad_click", "ad_conversion", "ad_withheld") and event.campaign_id:
            by_campaign[event.campaign_id].append(event)
    for campaign, events in sorted(by_campaign.items(), key=lambda ce: ce[0].encode()):
        counts = collections.Counter(event.type for event in events)
        shown = sorted(event.time_ms for event in events if event.type == "ad_impression")
        yield {"campaign_id": campaign, "impressions": counts["ad_impression"], "clicks": counts["ad_click"],
               "conversions": counts["ad_conversion"], "last_ms": max(event.time_ms for event in events),
               "times_ms": [t for t in shown if t > shown[-1] - DAY_MS][-TIMES_OF_A_DAY:]}


# --- sections 4 and 5: strengths and what a user contributes --------------------------------------------------------------

def half_up(x):
    return math.floor(x + 0.5)


def rank(weight, epoch, settings):
    """A key that orders (weight, epoch) as section 4 does."""
    step = half_up(2 ** 20 / settings.half_life_epochs)
    return half_up(math.log2(weight) * 2 ** 20) + epoch * step, epoch, weight


def strength(entry, settings):
    """(weight, epoch), or None when no behaviour with a weight is live."""
    found = [(WEIGHTS[kind], times[0] // settings.epoch_ms) for kind, times in entry.live.items() if kind in WEIGHTS]
    return max(found, key=lambda we: rank(*we, settings)) if found else None


def attribute_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return "%.6g" % value
    return value if isinstance(value, str) else ""


def attributes_of(user):
    """{name: value}: the one with the latest time, ties by the text; null hides what was before."""
    latest = {}
    for event in user.events:
        if event.type == "user_upsert":
            for name, value in event.attributes.items():
                candidate = (event.time_ms, attribute_text(value).encode(), value)
                latest[name] = max(latest.get(name, candidate), candidate, key=lambda c: c[:2])
    return {name: value for name, (_, _, value) in sorted(latest.items()) if value is not None}


def group_of(user, settings):
    """The user's demographic group, or None."""
    known = attributes_of(user)
    if not any(name in known for name in settings.group_by):
        return None
    return "|".join(attribute_text(known.get(name)) for name in settings.group_by)


class Aggregate:
    """Counts of all users: {item: {epoch: weight}} and the same per (item, group) and per (item, other)."""

    def __init__(self, users, settings):
        self.counts = collections.defaultdict(collections.Counter)
        self.groups = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
        self.pairs = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
        for user in users.values():
            self.contribute(user, settings)

    def contribute(self, user, settings):
        strengths = {item: strength(entry, settings) for item, entry in items_of(user, settings).items()}
        weakest_first = sorted(((item, s) for item, s in strengths.items() if s), key=lambda it: rank(*it[1], settings))
        group = group_of(user, settings)
        for at, (p, (weight, epoch)) in enumerate(weakest_first):
            self.counts[p][epoch] += weight
            if group is not None:
                self.groups[p][group][epoch] += weight
            for q, _ in weakest_first[at + 1:]:
                self.pairs[p][q][epoch] += weight
                self.pairs[q][p][epoch] += weight


# --- section 6: reading --------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def decay(age, half_life_epochs):
    return 2 ** 32 if age <= 0 else half_up(2 ** 32 * 2 ** (-age / half_life_epochs))


def readable(buckets, now, settings):
    return {e: w for e, w in sorted(buckets.items()) if w != 0 and e > now - settings.window_epochs}


def value(buckets, now, settings):
    return sum(w * decay(now - e, settings.half_life_epochs) for e, w in readable(buckets, now, settings).items()) / 2 ** 32


def neighbors(aggregate, p, now, settings):
    own = value(aggregate.counts[p], now, settings)
    found = []
    for q, buckets in aggregate.pairs[p].items():
        pair = value(buckets, now, settings)
        if pair > 0:
            found.append((pair / math.sqrt(own * value(aggregate.counts[q], now, settings)), q))
    return sorted(found, key=lambda sq: (-sq[0], sq[1]))[:settings.neighbors]


# --- output: the lines of `freshet dump` -----------------------------------------------------------------------------------

def history_lines(history, settings):
    """The items that have a strength; a disliked or undone one keeps its place but is not shown."""
    for item, entry in sorted(history.items()):
        best = strength(entry, settings)
        if best:
            yield {"item_id": item.decode(), "weight": best[0], "epoch": best[1],
                   "behaviours": {kind: {"count": len(times), "last_ms": times[0]}
                                  for kind, times in sorted(entry.live.items())},
                   "last_ms": max(times[0] for times in entry.live.values())}


def live_ids(history, kind):
    return sorted(item.decode() for item, entry in history.items() if kind in entry.live)


def dump_users(users, settings):
    for user_id in sorted(users, key=str.encode):
        user = users[user_id]
        if not user.events:
            continue
        history = items_of(user, settings)
        counts = collections.Counter()
        for event in user.events:
            counts[event.type] += max(1, len(event.items))
        times = [event.time_ms for event in user.events + user.withheld]
        yield {"user_id": user_id, "events": counts.total(), "first_ms": min(times), "last_ms": max(times),
               "consent": None if user.consent is None else not user.consent[1],
               "ads_consent": None if user.ads_consent is None else not user.ads_consent[1],
               "group": group_of(user, settings), "attributes": attributes_of(user), "counts": dict(counts),
               "history": list(history_lines(history, settings)), "disliked": live_ids(history, "dislike"),
               "followees": live_ids(followees_of(user, settings), "follow"),
               "sharers": live_ids(sharers_of(user, settings), "share"),
               "exposures": list(exposures_of(user))}


def dump_items(users, latest_ms, settings):
    aggregate = Aggregate(users, settings)
    now = latest_ms // settings.epoch_ms if latest_ms is not None else 0

    def in_text(buckets):
        return {str(epoch): weight for epoch, weight in readable(buckets, now, settings).items()}

    def counted(tables):
        """(id, buckets) of the tables that can still be read."""
        return [(key, buckets) for key, buckets in sorted(tables.items()) if readable(buckets, now, settings)]

    for p, own in counted(aggregate.counts):
        pairs = counted(aggregate.pairs[p])
        yield {"item_id": p.decode(), "count": value(own, now, settings),
               "pairs": [{"item_id": q.decode(), "count": value(buckets, now, settings)} for q, buckets in pairs],
               "neighbors": [{"item_id": q.decode(), "similarity": s}
                             for s, q in neighbors(aggregate, p, now, settings)],
               "buckets": in_text(own),
               "pair_buckets": [[q.decode(), epoch, weight] for q, buckets in pairs
                                for epoch, weight in readable(buckets, now, settings).items()],
               "groups": {group: {"count": value(buckets, now, settings), "buckets": in_text(buckets)}
                          for group, buckets in counted(aggregate.groups[p])}}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=("users", "items"))
    arguments.add_argument("log", nargs="?")
    arguments.add_argument("--partitions", type=int, default=1)
    arguments.add_argument("--group-by", default="", help="attribute names, separated by commas")
    numbers = [field.name for field in dataclasses.fields(cleaning.Settings) if field.name != "group_by"]
    for name in numbers:
        default = getattr(cleaning.Settings, name)
        arguments.add_argument("--" + name.replace("_", "-"), type=type(default) if name != "half_life_epochs" else float,
                               default=default)
    given = arguments.parse_intermixed_args()
    settings = cleaning.Settings(**{name: getattr(given, name) for name in numbers},
                        group_by=tuple(name for name in given.group_by.split(",") if name))
    with open(given.log, encoding="utf-8") if given.log else sys.stdin as lines:
        users, rejects, latest_ms = cleaning.accept_log(cleaning.read_log(lines, given.partitions), settings)
    rows = dump_users(users, settings) if given.what == "users" else dump_items(users, latest_ms, settings)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    if rejects:
        print("rejected:", dict(rejects), file=sys.stderr)


if __name__ == "__main__":
    main()
