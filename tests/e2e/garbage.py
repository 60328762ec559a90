#!/usr/bin/env python3
"""Garbage among good events: all of it comes out of the rejects topic as it went in, once, and nothing good is lost.

    garbage.py FRESHET SCRATCH

Needs FRESHET_KAFKA_BOOTSTRAP_SERVERS and FRESHET_REDIS_URL. kcat sends each bad record from a file of its own, so any
byte may be in it. FRESHET_SEED repeats a run.
"""

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EQUALITY = os.path.join(ROOT, "tests", "equality")
BROKERS = os.environ["FRESHET_KAFKA_BOOTSTRAP_SERVERS"]
SEED = int(os.environ.get("FRESHET_SEED", random.randrange(1 << 30)))
EVENTS, PARTITIONS, PATIENCE_S = 1200, 4, 120
RECORD_BYTES = 4 << 20  # what the events topic takes
ERRORS = "__freshet.errors."
NAMES = ("topic", "partition", "offset", "timestamp", "stage", "code", "message", "version")
with open(os.path.join(ROOT, "docs", "schemas", "reject-headers.schema.json"), encoding="utf-8") as schema:
    RULES = {name.removeprefix(ERRORS): rule for name, rule in json.load(schema)["properties"].items()}
GOOD = b'{"event_type":"like","user_id":"u1","item_id":"i1","event_id":"g","timestamp":1650000000000}'


def bad_values(rng):
    yield from (GOOD[:n] for n in (1, 10, 40, len(GOOD) - 1))
    yield from (b"[]", b"7", b"null", b'"text"', b"{}", b" ")
    yield GOOD.replace(b'"u1"', b"17.5")
    yield GOOD.replace(b'"u1"', b"[]")
    yield GOOD.replace(b'"i1"', b"{}")
    yield GOOD.replace(b'"like"', b"false")
    yield GOOD.replace(b"u1", b"u\xff\xfe")
    yield GOOD.replace(b"u1", b"\xc0\x80")
    yield GOOD.replace(b"u1", b"\xed\xa0\x80")
    yield GOOD.replace(b"u1", b"u\\u0000x")
    yield GOOD.replace(b"i1", b"i\x00x")
    yield GOOD.replace(b"i1", b"i\x01\x07")
    yield GOOD.replace(b"1650000000000", b"-1")
    yield GOOD.replace(b"1650000000000", b"1e300")
    yield GOOD.replace(b"1650000000000", b"99999999999999999999999")
    yield GOOD.replace(b"1650000000000", b'"the 31st of June"')
    yield GOOD.replace(b"1650000000000", b'"2026-02-31T00:00:00Z"')
    yield GOOD + GOOD
    yield b"[" * 5000
    yield b""
    yield None
    yield from (rng.randbytes(rng.randint(1, 500)) for _ in range(30))
    yield rng.randbytes(1 << 20)
    yield b"{" + b'"a":1,' * 170_000
    yield rng.randbytes(RECORD_BYTES - 20_000)  # as much as goes into the topic, in a batch and under lz4's overhead
    yield bytes(RECORD_BYTES * 2)  # more, before compression


def run(*command, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "timeout": PATIENCE_S, "check": True} | options
    return subprocess.run(command, **options).stdout


def send(topic, path, key, headers, null):
    options = [word for name, value in headers for word in ("-H", f"{name}={value}")]
    command = ["kcat", "-P", "-b", BROKERS, "-t", topic, "-z", "lz4", "-X", "message.max.bytes=100000000",
               "-X", "topic.partitioner=murmur2_random", *options]
    if os.path.getsize(path):
        run(*command, "-k", key, path)
    else:  # kcat sends nothing for an empty file
        run(*command, "-K:", *(["-Z"] if null else []), input=f"{key}:\n".encode(), stdin=None)


def received(topic):
    """(key, value or None, headers) of each record; kcat gives sizes before bytes, headers as a=b,c=d."""
    data, at, records = run("kcat", "-C", "-e", "-q", "-b", BROKERS, "-t", topic, "-X", "isolation.level=read_committed",
                            "-X", "fetch.message.max.bytes=10000000", "-f", "%K %S %k%s%h\n"), 0, []
    while at < len(data):
        sizes = re.compile(rb"(-?\d+) (-?\d+) ").match(data, at)
        key, value = sizes.end(), sizes.end() + max(int(sizes[1]), 0)
        headers = value + max(int(sizes[2]), 0)
        at = data.index(b"\n", headers) + 1
        records.append((data[key:value], None if int(sizes[2]) < 0 else data[value:headers], data[headers:at - 1]))
    return records


def split_headers(text):
    """The headers that came with the record, and ours as a dict."""
    before, _, ours = text.decode().partition(ERRORS)
    found = re.fullmatch(",".join(f"{re.escape(ERRORS + name)}=(.*)" for name in NAMES), ERRORS + ours, re.S)
    assert found, text
    return before.rstrip(","), dict(zip(NAMES, found.groups()))


def feed(freshet, scratch, topic, good, rng):
    """Sends the good lines in parts with the bad records between them; gives what must come back."""
    bad, expected = list(bad_values(rng)), Counter()
    rng.shuffle(bad)
    part = len(good) // len(bad) + 1
    path = os.path.join(scratch, "record")
    for number, value in enumerate(bad):
        with open(path, "wb") as file:
            file.write(value or b"")
        headers = [("trace", f"t{number}"), ("kind", "x y")] if number % 3 == 0 else []
        send(topic, path, f"k{number}", headers, value is None)
        expected[(b"k%d" % number, value, ",".join(f"{n}={v}" for n, v in headers))] += 1
        lines = good[number * part:(number + 1) * part]
        if lines:
            run(freshet, "replay", "--no-progress", "-", input=b"\n".join(lines) + b"\n", stdin=None)
    return expected


def short(record):
    return record[0], record[1] and (len(record[1]), record[1][:60]), record[2]


def check_rejects(prefix, expected):
    found, places, codes = Counter(), set(), Counter()
    records = received(prefix + ".rejects")
    for key, value, headers in records:
        before, ours = split_headers(headers)
        found[(key, value, before)] += 1
        places.add((ours["partition"], ours["offset"]))
        codes[ours["code"]] += 1
        assert ours["topic"] == prefix + ".events" and ours["stage"] and ours["version"], ours
        for name, rule in RULES.items():
            assert re.search(rule.get("pattern", ""), ours[name]) and ours[name] in rule.get("enum", [ours[name]]), ours
    for record in expected - found:
        print("not in the rejects:", short(record))
    for record in found - expected:
        print("should not be in the rejects:", short(record))
    print(f"{len(records)} rejects of {sum(expected.values())}:", *(f"{code} {n}" for code, n in codes.items()))
    return found == expected and len(places) == len(records)


def main():
    freshet, scratch = sys.argv[1:]
    rng = random.Random(SEED)
    prefix = f"garbage-{os.getpid()}"
    os.environ.update(FRESHET_TOPIC_PREFIX=prefix, FRESHET_KAFKA_GROUP_ID=prefix, FRESHET_HTTP_LISTEN="off",
                      FRESHET_KAFKA_PARTITIONS=str(PARTITIONS))
    print(f"seed {SEED}", flush=True)
    log, naive, dump = (os.path.join(scratch, name) for name in ("log", "naive", "dump"))
    good = run(sys.executable, os.path.join(EQUALITY, "genlog.py"), "--native", "--seed", str(SEED), "--events",
               str(EVENTS), "--partitions", str(PARTITIONS))
    run(freshet, "topics", "create")
    expected = feed(freshet, scratch, prefix + ".events", good.splitlines(), rng)
    run(freshet, "run", "--quiet", "--until-idle", "3", "--set", "kafka.max_batch_records=200")
    held = check_rejects(prefix, expected)
    with open(log, "wb") as file:
        file.write(good)
    for path, words in ((naive, (sys.executable, os.path.join(EQUALITY, "naive.py"), "users", log, "--partitions",
                                 str(PARTITIONS))), (dump, (freshet, "dump", "users"))):
        with open(path, "wb") as file:
            file.write(run(*words))
    same = subprocess.run([sys.executable, os.path.join(EQUALITY, "compare.py"), naive, dump], check=False).returncode
    return 0 if held and same == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
