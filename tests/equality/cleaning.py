"""What the naive implementation reads and accepts: docs/EVENTS.md for native events, section 2 of docs/AFFINITY.md.

Only the standard library is used, and nothing of freshet.
"""

import collections
import dataclasses
import json
import math
import re
from datetime import datetime, timezone

WEIGHTS = {"click": 1, "view": 1, "like": 2, "add_to_wishlist": 2, "share": 3, "comment": 3, "add_to_cart": 3,
           "purchase": 4}
UNDOES = {"unlike": "like", "remove_from_wishlist": "add_to_wishlist", "remove_from_cart": "add_to_cart",
          "refund": "purchase", "unfollow": "follow"}
NEED_TARGET = {"follow", "unfollow"}
NEED_ITEM = (set(WEIGHTS) | set(UNDOES) | {"dislike", "item_upsert", "item_delete"}) - NEED_TARGET
OTHERS = {"impression", "search", "ask", "ad_impression", "ad_click", "ad_conversion", "ad_withheld", "user_upsert", "user_delete",
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
    followees: int = 200
    sharers: int = 50
    lateness_ms: int = 3_600_000
    max_future_ms: int = 300_000
    group_by: tuple = ()
    neighbors: int = 50


class Rejected(Exception):
    """The record cannot be used; the argument says why, with the code that freshet.rejects has."""


# --- one event ---------------------------------------------------------------------------------------------------------

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
    referrer_user_id: str
    consent: object
    ads_consent: object
    campaign_id: str
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
    """True, False or None. Of an object, one refusal among its members is a refusal."""
    said = event.get("consent")
    if isinstance(said, dict):
        words = [said[name] for name in ("personalization", "analytics") if said.get(name) is not None]
        return all(words) if words else None
    return said


def clean_ads_consent(event):
    said = event.get("consent")
    return said.get("ads") if isinstance(said, dict) else None


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
                 clean_time(event, record_ms, watermark_ms, settings), items, target,
                 clean_id(event, "referrer_user_id"), clean_consent(event),
                 clean_ads_consent(event), clean_id(event, "campaign_id"),
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
        self.withheld = []  # ad_withheld events: what was done to the user, who did nothing
        self.consent = None  # (time, whether it was refused) of the latest word on it; a refusal wins a tie
        self.ads_consent = None  # the same, to ads

    def refuses(self):
        return self.consent is not None and self.consent[1]


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
        if event.type != "user_delete":  # when somebody asks to be forgotten is not the log's time
            watermarks[partition] = max(event.time_ms, watermarks.get(partition, event.time_ms))
            latest = event.time_ms if latest is None else max(latest, event.time_ms)
        accept_event(users, event)
    return users, rejects, latest


def accept_event(users, event):
    if event.type == "user_delete":
        users.pop(event.user_id, None)
        return
    user = users[event.user_id]
    if event.event_id in user.ids:
        return
    if event.consent is not None:
        said = event.time_ms, not event.consent
        user.consent = max(user.consent or said, said)
    if event.ads_consent is not None:
        said = event.time_ms, not event.ads_consent
        user.ads_consent = max(user.ads_consent or said, said)
    withheld = event.type == "ad_withheld"
    if withheld and not user.events:  # of nobody, or of somebody who was forgotten meanwhile
        return
    if not user.refuses():
        (user.withheld if withheld else user.events).append(event)
        if event.event_id is not None:
            user.ids.add(event.event_id)
