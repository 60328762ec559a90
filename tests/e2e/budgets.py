"""Hard budgets with real servers: campaigns, an ad server and a judge, for budgets.sh.

    budgets.py campaigns SECONDS          records of the campaigns topic, "key<TAB>value" a line; they run for so long from now on
    budgets.py serve BROKER PREFIX SECONDS [SHOWS]
        people who come by for SECONDS, and an ad server that reads the scores as they are said. It keeps the rules of
        docs/TARGETING.md: an ad at most once for each record, not after show_until, told within a minute. SHOWS: so often
        instead of once, to see what the judge says of an ad server that breaks them
    budgets.py judge EVENTS SCORES REPORT
        EVENTS and SCORES the topics, "partition<TAB>offset<TAB>timestamp<TAB>value" a line; REPORT of freshet report campaigns
        --permits --json. What each campaign costs is counted anew from the events, without a look at what freshet counted
"""
import collections
import datetime
import heapq
import json
import random
import subprocess
import sys
import threading
import time

USERS, CLICKS_A_SECOND = 40, 30
USED, AT_ONCE = 0.9, 0.5  # of the scores; of those used
CLICKS = [0, 0, 0, 1, 1, 4]  # on an impression
TOLD_LATE_S, CLICK_LATE_S, ARRIVE_MS = 8, 2, 60_000
# Each could be spent several times over in the time that it has.
CAMPAIGNS = [
    {"id": "hard-total", "pays": {"for": "impression", "price": 0.25}, "budget": {"mode": "hard", "total": 50}},
    {"id": "hard-daily", "pays": {"for": "impression", "price": 0.7}, "budget": {"mode": "hard", "daily": 70}},
    {"id": "hard-both", "pays": {"for": "impression", "price": 0.1}, "budget": {"mode": "hard", "daily": 30, "total": 25}},
    {"id": "hard-click", "pays": {"for": "click", "price": 1}, "budget": {"mode": "hard", "total": 150}},
    {"id": "soft-total", "pays": {"for": "impression", "price": 0.25}, "budget": {"mode": "soft", "total": 50}},
]
BY_ID = {c["id"]: c for c in CAMPAIGNS}


def milliseconds():
    return int(time.time() * 1000)


def campaigns(seconds):
    now = milliseconds()
    for campaign in CAMPAIGNS:
        print(campaign["id"], json.dumps({**campaign, "start": now, "end": now + int(float(seconds) * 1000)}), sep="\t")


def instant(text):
    return int(datetime.datetime.fromisoformat(text).timestamp() * 1000)


# ---- people and the ad server ----

class AdServer:
    def __init__(self, broker, prefix, shows):
        self.rng, self.shows, self.events, self.coming = random.Random(11), shows, 0, []
        self.lock = threading.Lock()
        kcat = ["kcat", "-b", broker, "-q"]
        self.writer = subprocess.Popen([*kcat, "-P", "-t", f"{prefix}.events", "-K", "\t", "-X", "topic.partitioner=murmur2_random",
                                        "-X", "linger.ms=5"], stdin=subprocess.PIPE, text=True, bufsize=1)
        self.reader = subprocess.Popen([*kcat, "-C", "-u", "-t", f"{prefix}.ad-scores", "-o", "beginning", "-X",
                                        "isolation.level=read_committed", "-f", "%p-%o\t%s\n"], stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        for line in self.reader.stdout:
            record_id, value = line.rstrip("\n").split("\t")
            if value:
                self.take(record_id, json.loads(value))

    def take(self, record_id, record):
        """Shows what a record allows, half of it at once, half at any instant until it must not any more."""
        now = milliseconds()
        for score in record["scores"]:
            if not score["eligible"]:
                continue
            hard = BY_ID[score["campaign_id"]]["budget"]["mode"] == "hard"
            assert hard == ("show_until" in score), score
            until = instant(score["show_until"] if hard else record["expires_at"])
            if until <= now or self.rng.random() >= USED:
                continue
            for _ in range(self.shows):
                at = now if self.rng.random() < AT_ONCE else self.rng.randrange(now, until)
                self.show(at, record_id, record["user_id"], score["campaign_id"])

    def show(self, at, record_id, user, campaign):
        event = {"user_id": user, "campaign_id": campaign, "ad_id": f"{record_id}-{campaign}"}
        if campaign != "soft-total":
            event["price"] = 9  # more than was agreed
        self.later(at + self.rng.randrange(TOLD_LATE_S * 1000), {**event, "event_type": "ad_impression", "timestamp": at})
        for _ in range(self.rng.choice(CLICKS)):  # who is impatient clicks again
            at += self.rng.randrange(CLICK_LATE_S * 1000)
            self.later(at + TOLD_LATE_S * 1000, {**event, "event_type": "ad_click", "timestamp": at})

    def later(self, due, event):
        with self.lock:
            self.events += 1
            heapq.heappush(self.coming, (due, self.events, {"event_id": f"x{self.events}", **event}))

    def tell_due(self):
        """How many are still to come."""
        now = milliseconds()
        with self.lock:
            while self.coming and self.coming[0][0] <= now:
                event = heapq.heappop(self.coming)[2]
                self.writer.stdin.write(f"{event['user_id']}\t{json.dumps(event)}\n")
            return len(self.coming)

    def close(self):
        self.reader.kill()
        self.writer.stdin.close()
        assert self.writer.wait(timeout=30) == 0


def serve(broker, prefix, seconds, shows="1"):
    server, rng = AdServer(broker, prefix, int(shows)), random.Random(12)
    end = milliseconds() + int(float(seconds) * 1000)
    n, coming = 0, 1
    while milliseconds() < end or coming:
        if milliseconds() < end:
            server.later(0, {"user_id": f"u{rng.randrange(USERS)}", "event_type": "click", "item_id": "p1",
                             "timestamp": milliseconds()})
            n += 1
        coming = server.tell_due()
        time.sleep(1 / CLICKS_A_SECOND)
    server.close()
    print(f"{n} clicks on items, {server.events - n} events of ads")


# ---- judgement ----

def topic(path):
    """(partition, offset), timestamp, value; each partition in its order."""
    for line in open(path):
        partition, offset, timestamp, value = line.rstrip("\n").split("\t")
        yield (int(partition), int(offset)), int(timestamp), json.loads(value) if value else None


def read_events(path):
    """Micros by campaign and day, billed events and impressions by campaign, and the latest timestamp of a record."""
    latest, micros, billed, shown = 0, collections.Counter(), collections.Counter(), collections.defaultdict(list)
    last_shown, last_click, seen = collections.Counter(), collections.Counter(), set()
    for place, timestamp, event in sorted(topic(path), key=lambda e: e[0]):
        latest, campaign = max(latest, timestamp), BY_ID.get(event.get("campaign_id"))
        if not campaign or event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        pays, who, at = campaign["pays"], (event["user_id"], campaign["id"]), event["timestamp"]
        if event["event_type"] == "ad_impression":
            assert timestamp - at < ARRIVE_MS, "the ad server told too late"
            shown[campaign["id"]].append(event)
            pays_for_it = pays["for"] == "impression"
            last_shown[who] = max(at, last_shown[who])
        else:  # the first after the latest impression
            pays_for_it = pays["for"] == "click" and last_click[who] < last_shown[who] <= at
            last_click[who] = max(at, last_click[who])
        if pays_for_it:
            billed[campaign["id"]] += 1
            micros[campaign["id"], at // 86_400_000] += round(pays["price"] * 1_000_000)
    return micros, billed, shown, latest


def read_permits(path):
    """ad_id -> until when it allowed one impression."""
    permits = {}
    for (partition, offset), _, record in topic(path):
        for score in record["scores"] if record else ():
            if score["eligible"] and "show_until" in score:
                permits[f"{partition}-{offset}-{score['campaign_id']}"] = instant(score["show_until"])
    return permits


def judge_ad_server(permits, shown):
    """It kept its rules; else this judge proves nothing."""
    for campaign, events in shown.items():
        if campaign == "soft-total":
            continue
        ids = [e["ad_id"] for e in events]
        assert len(set(ids)) == len(ids), f"{campaign} was shown more often than once for a record"
        late = sum(e["timestamp"] > permits[e["ad_id"]] for e in events)
        assert late == 0, f"{late} impressions of {campaign} after show_until"


def judge_book(row, budget, spent, under_way):
    """What the book holds open beside what the log says."""
    book = row["permits"]
    parts = book["partitions"]
    assert abs(book["open"] - sum(p["open"] for p in parts)) < 1e-6, book
    for p in parts:
        before = sum(b["open"] for b in p["before"])
        assert abs(p["open"] - (p["granted"] - p["closed"] + before)) < 1e-6, p
    most = min(budget.get("total", 1e9), budget.get("daily", 1e9))
    assert spent + book["open"] <= most + 1e-6, f"{row['campaign_id']}: {spent} spent and {book['open']} open of {most}"
    assert under_way <= book["open"] + 1e-6, f"{row['campaign_id']}: {under_way} under way, {book['open']} open"


def judge(events_path, scores_path, report_path):
    micros, billed, shown, now = read_events(events_path)
    permits, report = read_permits(scores_path), json.load(open(report_path))
    rows = {row["campaign_id"]: row for row in report["campaigns"]}
    faults = []
    for campaign in CAMPAIGNS:
        name, budget, price = campaign["id"], campaign["budget"], campaign["pays"]["price"]
        days = {day: n / 1e6 for (c, day), n in micros.items() if c == name}
        total = sum(days.values())
        spent = {"total": total, "daily": max(days.values(), default=0)}
        share = max(spent[kind] / amount for kind, amount in budget.items() if kind != "mode")
        assert abs(rows[name]["spent"] - total) < 1e-6, f"{name}: the ledger has {rows[name]['spent']}, the log {total}"
        line = f"{name:10}  spent {total:6.2f}, {share:.3f} of the budget; {len(shown[name])} impressions, {billed[name]} billed"
        if budget["mode"] == "soft":
            print(line)
            continue
        given = {p: until for p, until in permits.items() if p.endswith(name)}
        used = {e["ad_id"] for e in shown[name]}
        unused = sum(until + ARRIVE_MS > now for p, until in given.items() if p not in used)
        under_way = price * (unused + len(used) - billed[name])
        print(f"{line}; {len(given)} permits, {under_way:.2f} under way, {rows[name]['permits']['open']:.2f} open")
        if share > 1:
            faults.append(f"{name} cost {share:.3f} of its budget")
            continue
        assert total > 0 and share > (0.2 if campaign["pays"]["for"] == "impression" else 0.05), f"{name} spent next to nothing"
        if len(days) == 1:
            judge_book(rows[name], budget, total, under_way)
    assert not faults, faults
    judge_ad_server(permits, shown)
    print("no hard budget was exceeded")


if __name__ == "__main__":
    {"campaigns": campaigns, "serve": serve, "judge": judge}[sys.argv[1]](*sys.argv[2:])
