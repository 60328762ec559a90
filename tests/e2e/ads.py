"""Ad events for tests/e2e/ads.sh, and the comparison of two states of the ad models (docs/STATE.md)."""
import json
import random
import struct
import sys

START, USERS, CAMPAIGNS, IMPRESSIONS = 1767225600, 300, 10, 9000


def events():
    """Impressions two seconds apart; one in 2 + campaign is clicked, one in ten of those converts. Some refuse and return."""
    rng, at = random.Random(7), START
    for i in range(IMPRESSIONS):
        at += 2
        user, campaign = rng.randrange(USERS), rng.randrange(CAMPAIGNS)
        who = {"user_id": f"u{user}", "campaign_id": f"c{campaign}", "ad_id": f"a{i}"}
        yield {**who, "event_type": "ad_impression", "timestamp": at, "surface": "home", "event_id": f"s{i}"}
        if rng.randrange(2 + campaign) == 0:
            yield {**who, "event_type": "ad_click", "timestamp": at + 1, "event_id": f"c{i}"}
            if rng.randrange(10) == 0:
                del who["ad_id"]
                yield {**who, "event_type": "ad_conversion", "timestamp": at + 1, "event_id": f"v{i}"}
        if rng.randrange(200) == 0:
            yield {"user_id": f"u{rng.randrange(USERS)}", "event_type": "user_upsert", "timestamp": at,
                   "consent": {"ads": rng.random() < 0.5}, "event_id": f"k{i}"}
        if rng.randrange(1000) == 0:
            yield {"user_id": f"u{rng.randrange(USERS)}", "event_type": "user_delete", "timestamp": at, "event_id": f"d{i}"}


def arrays(data):
    """Name -> bytes of a safetensors file that begins somewhere in data."""
    at = data.index(b'{"')
    size = struct.unpack("<Q", data[at - 8:at])[0]
    header = json.loads(data[at:at + size])
    body = data[at + size:]
    header.pop("__metadata__", None)
    return {name: body[slice(*tensor["data_offsets"])] for name, tensor in header.items()}


def compare(one, other):
    a, b = (arrays(open(path, "rb").read()) for path in (one, other))
    assert a.keys() == b.keys() == {"click.model", "click.waiting", "conversion.model", "conversion.waiting"}, a.keys()
    for name in sorted(a):
        assert a[name] == b[name], f"{name} differs"
    for name in ("click.model", "conversion.model"):
        learnt = struct.unpack("<Q", arrays(a[name])["learnt"])[0]
        print(f"{name}: {learnt} impressions learnt, {len(a[name])} bytes, the same in both")
        assert learnt > IMPRESSIONS / 2


if sys.argv[1] == "events":
    for event in events():
        print(json.dumps(event))
else:
    compare(sys.argv[2], sys.argv[3])
