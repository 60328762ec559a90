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
import re
import sys
from datetime import datetime, timezone

WEIGHTS = {"click": 1, "view": 1, "like": 2, "add_to_wishlist": 2, "share": 3, "comment": 3, "add_to_cart": 3,
           "purchase": 4}
UNDOES = {"unlike": "like", "remove_from_wishlist": "add_to_wishlist", "remove_from_cart": "add_to_cart",
          "refund": "purchase"}
NEED_ITEM = set(WEIGHTS) | set(UNDOES) | {"dislike", "item_upsert", "item_delete"}
NEED_TARGET = {"follow", "unfollow"}
OTHERS = {"impression", "search", "ask", "ad_impression", "ad_click", "ad_conversion", "user_upsert", "user_delete",
          "tick"}
ID_BYTES = 256
ITEMS = 100
EARLIEST_MS = 946_684_800_000


@dataclasses.dataclass
class Settings:
    epoch_ms: int = 86_400_000
    half_life_epochs: float = 14
    window_epochs: int = 60
    history_items: int = 50
    times_kept: int = 4
    lateness_ms: int = 3_600_000
    max_future_ms: int = 300_000
    group_by: tuple = ()
    neighbors: int = 50


class Rejected(Exception):
    """The record cannot be used; the argument says why, with the code that freshet.rejects has."""


# --- cleaning ---------------------------------------------------------------------------------------------------------

def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise Rejected("duplicate_key")
    return dict(pairs)


def parse(value):
    """The native event of a record's value, absent fields left out."""
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=no_duplicates)
        except ValueError:
            raise Rejected("not_json") from None
    if not isinstance(value, dict):
        raise Rejected("not_object")
    return {name: field for name, field in value.items() if field is not None and field != ""}


def clean_id(event, name):
    value = event.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Rejected("bad_field_type")
    text = str(value).strip(" \t\n\r\v\f")
    if len(text.encode()) > ID_BYTES or re.search(r"[\x00-\x1f\x7f-\x9f]", text):
        raise Rejected("bad_id")
    return text or None


def milliseconds(stamp):
    """Seconds, milliseconds or microseconds by magnitude, or RFC 3339."""
    if isinstance(stamp, str):
        if re.fullmatch(r"[+-]?\d+", stamp):
            stamp = int(stamp)
        elif re.fullmatch(r"[+-]?\d+\.\d+", stamp):
            stamp = float(stamp)
        else:
            return rfc3339(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float)):
        raise Rejected("bad_field_type")
    size = abs(stamp)
    if size < 1e11:
        return round(stamp * 1000)
    if size < 1e14:
        return round(stamp)
    if size < 1e17:
        return int(stamp / 1000) if isinstance(stamp, float) else int(math.copysign(size // 1000, stamp))
    raise Rejected("bad_timestamp")


def rfc3339(text):
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text)
    if not found:
        raise Rejected("bad_timestamp")
    zone = "+00:00" if found[4] in "Zz" else found[4]
    try:
        whole = datetime.fromisoformat(found[1] + "T" + found[2] + zone).astimezone(timezone.utc)
    except ValueError:
        raise Rejected("bad_timestamp") from None
    return int(whole.timestamp()) * 1000 + int(((found[3] or ".0")[1:] + "000")[:3])


def clean_time(event, record_ms, watermark_ms, settings):
    time_ms = milliseconds(event["timestamp"]) if "timestamp" in event else record_ms
    if time_ms > record_ms + settings.max_future_ms:
        raise Rejected("time_in_future")
    time_ms = min(time_ms, record_ms)
    if time_ms < EARLIEST_MS:
        raise Rejected("time_out_of_range")
    if watermark_ms is not None and time_ms < watermark_ms - settings.lateness_ms:
        raise Rejected("too_late")
    return time_ms


@dataclasses.dataclass
class Event:
    type: str
    user_id: str
    event_id: str
    time_ms: int
    items: list
    target_user_id: str
    consent: object
    attributes: dict


def clean_items(event):
    """The item ids that the event is about: those of "items", else the one "item_id"."""
    one = clean_id(event, "item_id")
    if "items" not in event:
        return [one] if one else []
    if not isinstance(event["items"], list):
        raise Rejected("bad_field_type")
    if len(event["items"]) > ITEMS:
        raise Rejected("too_many")
    ids = [clean_id(item, "item_id") if isinstance(item, dict) else None for item in event["items"]]
    if None in ids:
        raise Rejected("no_item_id")
    return ids or ([one] if one else [])


def clean_consent(event):
    said = event.get("consent")
    if isinstance(said, dict):
        said = said.get("personalization", said.get("granted"))
    return said


def clean(value, record_ms, watermark_ms, settings):
    event = parse(value)
    if event.get("schema_version", 1) != 1:
        raise Rejected("unknown_schema_version")
    kind = event.get("event_type")
    if kind is None:
        raise Rejected("no_event_type")
    if kind not in NEED_ITEM | NEED_TARGET | OTHERS:
        raise Rejected("unknown_event_type")
    user, anonymous = clean_id(event, "user_id"), clean_id(event, "anonymous_id")
    if user is None and anonymous is None:
        raise Rejected("no_user_id")
    items, target = clean_items(event), clean_id(event, "target_user_id")
    if kind in NEED_ITEM and not items:
        raise Rejected("no_item_id")
    if kind in NEED_TARGET and not target:
        raise Rejected("no_target_user_id")
    return Event(kind, user or "anon:" + anonymous, clean_id(event, "event_id"),
                 clean_time(event, record_ms, watermark_ms, settings), items, target, clean_consent(event),
                 event.get("attributes", {}))


# --- the log ----------------------------------------------------------------------------------------------------------

def murmur2(data):
    """Kafka's 32-bit murmur2, as an unsigned number."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at:at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if len(data) > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(key, partitions):
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def read_log(lines, partitions):
    """Yields (partition, record time, value) in the order of the lines."""
    for line in lines:
        try:
            record = json.loads(line, object_pairs_hook=no_duplicates)
        except (ValueError, Rejected):
            continue
        if isinstance(record, dict) and "value" in record and "partition" in record:
            yield record["partition"], record["timestamp_ms"], record["value"]
            continue
        try:
            event = parse(record)
            time_ms = milliseconds(event["timestamp"])
            key = clean_id(event, "user_id") or "anon:" + clean_id(event, "anonymous_id")
        except (Rejected, KeyError, TypeError):
            continue
        yield partition_of(key, partitions), time_ms, record


class User:
    """What the log said of one user: the accepted events in the order of arrival."""

    def __init__(self):
        self.ids = set()
        self.events = []
        self.consent = None  # (time, value) of the latest word on it

    def refuses(self):
        return self.consent is not None and self.consent[1] is False


def accept_log(records, settings):
    """Cleans the log and returns ({user_id: User}, reject codes counted, time of the latest accepted event)."""
    users = collections.defaultdict(User)
    watermarks, rejects, latest = {}, collections.Counter(), None
    for partition, record_ms, value in records:
        try:
            event = clean(value, record_ms, watermarks.get(partition), settings)
        except Rejected as reason:
            rejects[str(reason)] += 1
            continue
        watermarks[partition] = max(event.time_ms, watermarks.get(partition, event.time_ms))
        latest = event.time_ms if latest is None else max(latest, event.time_ms)
        accept_event(users, event)
    return users, rejects, latest


def accept_event(users, event):
    if event.type == "user_delete":
        users.pop(event.user_id, None)
        return
    user = users[event.user_id]
    if event.event_id is not None:
        if event.event_id in user.ids:
            return
        user.ids.add(event.event_id)
    if event.consent is not None and (user.consent is None or user.consent[0] <= event.time_ms):
        user.consent = (event.time_ms, event.consent)
    if not user.refuses():
        user.events.append(event)


# --- section 3: the history of a user -----------------------------------------------------------------------------------

@dataclasses.dataclass
class Entry:
    """One item of a history: its latest touch, and per behaviour the live times that are kept, latest first."""
    touch_ms: int
    live: dict


def touches(kind):
    return kind in WEIGHTS or kind == "dislike"


def history_of(user, settings):
    """{item: Entry} of the items in the user's history."""
    acts = [(item.encode(), event.type, event.time_ms) for event in user.events for item in event.items]
    touch, undone, disliked = {}, {}, {}
    for item, kind, t in acts:
        if touches(kind):
            touch[item] = max(t, touch.get(item, t))
        if kind in UNDOES:
            key = item, UNDOES[kind]
            undone[key] = max(t, undone.get(key, t))
        if kind == "dislike":
            disliked[item] = max(t, disliked.get(item, t))

    order = sorted(((t, item) for item, t in touch.items()), reverse=True)
    horizon = order[settings.history_items] if len(order) > settings.history_items else None

    def lives(item, kind, t):
        return ((horizon is None or (t, item) > horizon) and t > undone.get((item, kind), t - 1)
                and (kind == "dislike" or t > disliked.get(item, t - 1)))

    history = {item: Entry(t, {}) for t, item in order[:settings.history_items]}
    for item, kind, t in acts:
        if item in history and touches(kind) and lives(item, kind, t):
            history[item].live.setdefault(kind, []).append(t)
    for entry in history.values():
        entry.live = {kind: sorted(times, reverse=True)[:settings.times_kept] for kind, times in entry.live.items()}
    return history


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


def group_of(user, settings):
    """The user's demographic group, or None."""
    values = {}
    for event in user.events:
        if event.type == "user_upsert":
            for name, value in event.attributes.items():
                candidate = (event.time_ms, attribute_text(value).encode())
                values[name] = max(values.get(name, candidate), candidate)
    if not any(values.get(name, (0, b""))[1] for name in settings.group_by):
        return None
    return b"|".join(values.get(name, (0, b""))[1] for name in settings.group_by)


class Aggregate:
    """Counts of all users: {item: {epoch: weight}} and the same per (item, group) and per (item, other)."""

    def __init__(self, users, settings):
        self.counts = collections.defaultdict(collections.Counter)
        self.groups = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
        self.pairs = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
        for user in users.values():
            self.contribute(user, settings)

    def contribute(self, user, settings):
        strengths = {item: strength(entry, settings) for item, entry in history_of(user, settings).items()}
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

def dump_users(users, settings):
    for user_id in sorted(users, key=str.encode):
        user = users[user_id]
        if not user.events:
            continue
        history = history_of(user, settings)
        lines = []
        for item in sorted(history, key=lambda p: (history[p].touch_ms, p), reverse=True):
            entry, best = history[item], strength(history[item], settings)
            lines.append({"item_id": item.decode(), "weight": best[0] if best else 0,
                          "epoch": best[1] if best else None, "last_ms": entry.touch_ms,
                          "behaviors": {kind: times for kind, times in sorted(entry.live.items())}})
        events = sum(max(1, len(event.items)) for event in user.events)
        yield {"user_id": user_id, "events": events, "history": lines}


def dump_items(users, latest_ms, settings):
    aggregate = Aggregate(users, settings)
    now = latest_ms // settings.epoch_ms if latest_ms is not None else 0

    def pairs(p):
        for q, buckets in sorted(aggregate.pairs[p].items()):
            kept = readable(buckets, now, settings)
            if kept:
                yield {"item_id": q.decode(), "count": value(buckets, now, settings), "buckets": list(kept.items())}

    for p in sorted(aggregate.counts):
        buckets = readable(aggregate.counts[p], now, settings)
        if not buckets:
            continue
        groups = [{"group": g.decode(), "count": value(b, now, settings),
                   "buckets": list(readable(b, now, settings).items())}
                  for g, b in sorted(aggregate.groups[p].items()) if readable(b, now, settings)]
        yield {"item_id": p.decode(), "count": value(aggregate.counts[p], now, settings),
               "buckets": list(buckets.items()), "groups": groups, "pairs": list(pairs(p)),
               "neighbors": [{"item_id": q.decode(), "similarity": s}
                             for s, q in neighbors(aggregate, p, now, settings)]}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=("users", "items"))
    arguments.add_argument("log", nargs="?")
    arguments.add_argument("--partitions", type=int, default=1)
    arguments.add_argument("--group-by", default="", help="attribute names, separated by commas")
    numbers = [field.name for field in dataclasses.fields(Settings) if field.name != "group_by"]
    for name in numbers:
        default = getattr(Settings, name)
        arguments.add_argument("--" + name.replace("_", "-"), type=type(default) if name != "half_life_epochs" else float,
                               default=default)
    given = arguments.parse_intermixed_args()
    settings = Settings(**{name: getattr(given, name) for name in numbers},
                        group_by=tuple(name for name in given.group_by.split(",") if name))
    with open(given.log, encoding="utf-8") if given.log else sys.stdin as lines:
        users, rejects, latest_ms = accept_log(read_log(lines, given.partitions), settings)
    rows = dump_users(users, settings) if given.what == "users" else dump_items(users, latest_ms, settings)
    for row in rows:
        print(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    if rejects:
        print("rejected:", dict(rejects), file=sys.stderr)


if __name__ == "__main__":
    main()
