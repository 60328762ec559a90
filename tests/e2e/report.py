"""Events, an ad server and a judge for report.sh.

    report.py campaigns                    records of the campaigns topic, "key<TAB>value" a line
    report.py visits                       everybody comes by, some of them buyers
    report.py ads SCORES HOUR              an ad server that reads the scores: it shows what is eligible, and people click and convert
    report.py judge EVENTS SCORES REPORT   what the report says against a count of the log
"""
import collections
import json
import random
import sys

START = 1_790_000_000_000  # 2026-09-21T14:13:20Z
USERS = 500
CAMPAIGNS = [
    {"id": "spring", "pays": {"for": "click", "price": 0.5}, "currency": "EUR", "control_share": 0.4,
     "budget": {"daily": 200, "total": 400}},
    {"id": "paused", "pays": {"price": 1}, "state": "paused"},
    {"id": "buyers", "kind": "segment", "rule": "purchases(30d) >= 1"},
    {"id": "nobody", "kind": "segment", "rule": "purchases(30d) >= 100"},
]


def campaigns():
    for campaign in CAMPAIGNS:
        print(campaign["id"], json.dumps(campaign), sep="\t")


def visits():
    rng = random.Random(3)
    for n in range(USERS * 2):
        user = n % USERS
        kind = "purchase" if user % 2 == 0 and n < USERS else "click"
        print(json.dumps({"event_id": f"v{n}", "user_id": f"u{user}", "event_type": kind,
                          "item_id": f"i{rng.randrange(50)}", "timestamp": START + n * 100}))


def latest_scores(path):
    latest = {}
    for line in open(path):
        key, value = line.rstrip("\n").split("\t")
        latest[key] = json.loads(value) if value else None
    return {user: {s["campaign_id"]: s for s in record["scores"]} for user, record in latest.items() if record}


def ads(scores_path, hour):
    """Buyers click and convert more often; who is shown it converts twice as often as who is not."""
    rng = random.Random(hour)
    n = 0
    for user, scores in sorted(latest_scores(scores_path).items()):
        score = scores["spring"]
        shown = score["eligible"] or score["reason"] == "paced"
        buys = int(user[1:]) % 2 == 0
        told = []
        if shown:
            told += ["ad_impression"] * rng.randrange(1, 4)
            told += ["ad_click"] * (rng.random() < (0.4 if buys else 0.1))
        if rng.random() < (0.5 if shown else 0.2):
            told += ["ad_conversion"] * rng.randrange(1, 3)
        for kind in told:
            n += 1
            print(json.dumps({"event_id": f"a{hour}-{n}", "user_id": user, "event_type": kind, "campaign_id": "spring",
                              "timestamp": START + 3_600_000 * int(hour) + n * 500}))


def judge(events_path, scores_path, report_path):
    counts, shown, clicked, converted = collections.Counter(), set(), set(), set()
    control = {u for u, scores in latest_scores(scores_path).items() if scores["spring"].get("reason") == "control_group"}
    for line in open(events_path):
        event = json.loads(line)
        kind, user = event["event_type"], event["user_id"]
        counts[kind] += 1
        {"ad_impression": shown, "ad_click": clicked, "ad_conversion": converted}.get(kind, set()).add(user)
    report = json.load(open(report_path))
    rows = {row["campaign_id"]: row for row in report["campaigns"]}
    assert list(rows) == ["spring", "paused"] and rows["paused"]["state"] == "paused", list(rows)
    spring = rows["spring"]
    people = {"impressions": counts["ad_impression"], "clicks": counts["ad_click"], "reached": len(shown),
              "control_reached": len(control), "converted": len(converted & shown),
              "control_converted": len(converted & control)}
    got = {key: spring[key] for key in people}
    assert got == people, (got, people)
    assert not shown & control and len(control) > 100, len(control)
    assert spring["spent"] == spring["spent_today"] == counts["ad_click"] * 0.5, spring["spent"]
    assert spring["planned_today"] == 200 and 0 < spring["planned_until_now"] < 200, spring
    lift = spring["lift"]
    rate, control_rate = people["converted"] / people["reached"], people["control_converted"] / len(control)
    assert abs(lift["relative"]["value"] - (rate / control_rate - 1)) < 1e-4 and lift["relative"]["low"] > 0, lift
    assert lift["p"] < 0.01, lift
    clicks = spring["click_predictions"]
    assert clicks["seen"] == counts["ad_click"] and 0.7 < clicks["seen_of_predicted"]["value"] < 2, clicks
    assert 200 < clicks["impressions_judged"] < counts["ad_impression"], clicks  # in the last hour only
    segments = {s["segment_id"]: s for s in spring["segments"]}
    assert segments["nobody"]["reached"] is None and "clicked" in segments["nobody"], segments
    buyers = {u for u in shown if int(u[1:]) % 2 == 0}
    assert abs(segments["buyers"]["reached"] - len(buyers)) <= 30, (segments, len(buyers))
    assert abs(segments["buyers"]["clicked"] - len(buyers & clicked) / len(buyers)) < 1e-4, segments
    print(f"reached {len(shown)} and {len(control)} in the control group; lift {100 * lift['relative']['value']:.0f} %")


if __name__ == "__main__":
    {"campaigns": campaigns, "visits": visits, "ads": ads, "judge": judge}[sys.argv[1]](*sys.argv[2:])
