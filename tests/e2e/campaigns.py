"""Events, campaigns and a judge of what came out, for campaigns.sh.

    campaigns.py events             a log of native events; in its second half people refuse ads, some are deleted
    campaigns.py campaigns          records of the campaigns topic, "key<TAB>value" a line
    campaigns.py judge EVENTS SCORES LEDGER AUDIENCES
        EVENTS  the log; SCORES and AUDIENCES the topics, "key<TAB>value" a line, an empty value a tombstone; LEDGER the stored state of
        campaign `shown`
"""
import json
import random
import struct
import sys

START = 1_790_000_000_000
USERS = 60
CAMPAIGNS = [
    {"id": "shown", "pays": {"for": "impression", "price": 0.25}, "currency": "EUR"},
    {"id": "capped", "pays": {"for": "click", "price": 2}, "caps": {"life": 2}},
    {"id": "bought", "pays": {"price": 1}, "items": ["p1"]},
    {"id": "buyers", "pays": {"price": 1}, "rule": "segment(\"vip\")"},
    {"id": "vip", "kind": "segment", "rule": "purchases(30d) >= 1"},
    {"id": "broken", "pays": {"price": -1}, "rule": "purchse( > 1"},
]


def events():
    rng = random.Random(5)
    for n in range(6000):
        user = f"u{rng.randrange(USERS)}"
        event = {"event_id": f"e{n}", "user_id": user, "timestamp": START + n * 1000}
        dice = rng.random()
        if n >= 3000 and user in ("u0", "u1", "u2", "u3"):
            event |= {"event_type": "user_upsert", "consent": {"ads": False}}
        elif n >= 5000 and user == "u4":
            event |= {"event_type": "user_delete"}
        elif dice < 0.15:
            event |= {"event_type": "ad_impression", "campaign_id": rng.choice(["shown", "capped"])}
            if rng.random() < 0.2:
                event["price"] = 0.1
        elif dice < 0.2:
            event |= {"event_type": "ad_click", "campaign_id": rng.choice(["shown", "capped"])}
        elif dice < 0.23:
            event |= {"event_type": "purchase", "item_id": f"p{rng.randrange(4)}"}
        else:
            event |= {"event_type": "click", "item_id": f"q{rng.randrange(30)}"}
        if not (n >= 5000 and user == "u4" and event["event_type"] != "user_delete"):
            print(json.dumps(event))
            if rng.random() < 0.02:
                print(json.dumps(event))  # a producer that sent it twice


def campaigns():
    for campaign in CAMPAIGNS:
        print(campaign["id"], json.dumps(campaign), sep="\t")


def unpack(data, at):
    """One MessagePack value without maps, and where it ends."""
    first = data[at]
    at += 1
    if first < 0x80 or first >= 0xE0:
        return struct.unpack("b", bytes([first]))[0], at
    if 0x90 <= first < 0xA0 or first == 0xDC:
        n = first & 15
        if first == 0xDC:
            n, at = int.from_bytes(data[at : at + 2], "big"), at + 2
        values = []
        for _ in range(n):
            value, at = unpack(data, at)
            values.append(value)
        return values, at
    kinds = {0xC0: (0, ""), 0xCC: (1, "B"), 0xCD: (2, ">H"), 0xCE: (4, ">I"), 0xCF: (8, ">Q")}
    kinds |= {0xD0: (1, "b"), 0xD1: (2, ">h"), 0xD2: (4, ">i"), 0xD3: (8, ">q")}
    size, shape = kinds[first]
    return (struct.unpack(shape, data[at : at + size])[0] if shape else None), at + size


def totals(path):
    """What docs/STATE.md says of a ledger: its totals by number of measure."""
    state, _ = unpack(open(path, "rb").read(), 0)
    mask, *values = state[1][2]
    bits = [bit for bit in range(32) if mask >> bit & 1]
    return dict(zip(bits, values, strict=True))


def counted(log):
    """Impressions, clicks, billed, spend and reach of `shown`, each event id once."""
    seen, reached, out = set(), set(), {1: 0, 2: 0, 4: 0, 5: 0, 6: 0}
    for event in log:
        if event["event_id"] in seen or event.get("campaign_id") != "shown":
            continue
        seen.add(event["event_id"])
        if event["event_type"] == "ad_click":
            out[2] += 1
            continue
        out[1] += 1
        out[4] += 1
        out[5] += round(event.get("price", 0.25) * 1_000_000)
        reached.add(event["user_id"])
    out[6] = len(reached)
    return out


def follow(path):
    """Each user's segments as a reader keeps them; what is entered was not there, what is left was."""
    kept = {}
    for line in open(path):
        key, value = line.rstrip("\n").split("\t")
        if not value:
            kept[key] = None
            continue
        record, before = json.loads(value), set(kept.get(key) or ())
        if "entered" in record:
            entered, left = set(record["entered"]), set(record["left"])
            assert (entered or left) and not entered & before and left <= before, (key, record, before)
            assert before - left | entered == set(record["segments"]), (key, record, before)
        kept[key] = set(record["segments"])
    return kept


def judge(log_path, scores_path, ledger_path, audiences_path):
    log = [json.loads(line) for line in open(log_path)]
    wanted, ledger = counted(log), totals(ledger_path)
    assert {k: ledger.get(k) for k in wanted} == wanted, (wanted, ledger)
    latest, refused, scored = {}, set(), 0
    for line in open(scores_path):
        key, value = line.rstrip("\n").split("\t")
        latest[key] = json.loads(value) if value else None
        if not value:
            continue
        assert not (key in refused and latest[key]["scores"]), f"{key} is scored after it refused"
        if not latest[key]["consent"]:
            assert key not in refused, f"{key} is told twice that it refused"
            refused.add(key)
        scored += len(latest[key]["scores"])
    assert refused == {"u0", "u1", "u2", "u3"} and latest["u4"] is None, refused
    impressions, buyers = {}, set()
    for event in {e["event_id"]: e for e in log}.values():
        if event["event_type"] == "ad_impression" and event["campaign_id"] == "capped":
            impressions[event["user_id"]] = impressions.get(event["user_id"], 0) + 1
        if event["event_type"] == "purchase":
            buyers.add((event["user_id"], event["item_id"]))
    for user, record in latest.items():
        if record is None or not record["consent"]:
            continue
        by_id = {s["campaign_id"]: s for s in record["scores"]}
        assert "broken" not in by_id and by_id["shown"]["eligible"], by_id
        assert by_id["capped"]["eligible"] == (impressions.get(user, 0) < 2), (user, by_id["capped"])
        assert by_id["bought"]["eligible"] == ((user, "p1") not in buyers), (user, by_id["bought"])
        assert ("buyers" in by_id) == any(u == user for u, _ in buyers), user
        best = by_id["shown"]
        if "reasons" in best:
            assert abs(sum(r["log_odds"] for r in best["reasons"]) - best["log_odds"]) < 1e-6
    kept = follow(audiences_path)
    for user in refused | {"u4"}:
        assert kept.get(user) is None, f"{user} is in an audience"
    for user in {u for u, _ in buyers} - refused - {"u4"}:
        assert kept[user] == {"vip"}, (user, kept[user])
    models = sum(1 for r in latest.values() if r and "model" in r)
    print(f"{len(latest)} users, {scored} campaigns scored or barred, {models} latest records by a model")


if __name__ == "__main__":
    {"events": events, "campaigns": campaigns, "judge": judge}[sys.argv[1]](*sys.argv[2:])
