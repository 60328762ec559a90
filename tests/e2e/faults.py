#!/usr/bin/env python3
"""Real faults, real servers: freshet is killed, its Redis loses data, others join and leave; nothing may show in the end.

    faults.py FRESHET SCRATCH [NAME...]     NAME: only the faults whose name contains one of these

Needs FRESHET_KAFKA_BOOTSTRAP_SERVERS. Each fault has topics, keys and a Redis of its own and gets the same log. Afterwards:
users and items equal the naive implementation's; read as committed, no list and no reject is there twice, every bad
record is there and every user has a record in the lists' topic; no transaction is left open; doctor --audit finds
nothing. One line a fault; the exit code says whether all held. FRESHET_SEED repeats a run's random choices.
"""

import glob
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EQUALITY = os.path.join(ROOT, "tests", "equality")
BROKERS = os.environ["FRESHET_KAFKA_BOOTSTRAP_SERVERS"]
SEED = int(os.environ.get("FRESHET_SEED", random.randrange(1 << 30)))
EVENTS, PARTITIONS, BAD = 3000, 4, 20
OUTPUTS = ("affinity", "recommendations", "item-neighbors", "rejects")
PATIENCE_S = 90
FAST = ("--set", "kafka.max_batch_records=100", "--set", "redis.commit_interval_ms=100",
        "--set", "kafka.transaction_timeout_ms=5000")
KILLS = ("C1", "C2", "C4", "C5", "C6", "C8", "C9", "C10", "C12")


class Broken(Exception):
    """What did not hold."""


def need(condition, text):
    if not condition:
        raise Broken(text)


class Place:
    """One fault's topics, Redis, processes and log file."""

    def __init__(self, freshet, scratch, name, halves):
        self.freshet, self.halves = freshet, halves
        self.dir = os.path.join(scratch, name)
        os.makedirs(self.dir)
        self.prefix = f"faults-{os.getpid()}-{name}"
        self.rng = random.Random(f"{SEED}-{name}")
        self.output = open(os.path.join(self.dir, "log"), "ab")  # closed with the process
        self.processes = []
        self.env = dict(os.environ, FRESHET_TOPIC_PREFIX=self.prefix, FRESHET_HTTP_LISTEN="off", FRESHET_KAFKA_GROUP_ID=self.prefix,
                        FRESHET_KAFKA_PARTITIONS=str(PARTITIONS))
        self.start_redis()
        self.command("topics", "create")

    def redis_tool(self, action):
        tool = os.path.join(ROOT, "tests", "redis", "redis")
        out = subprocess.run(["sh", tool, action, self.dir], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                             timeout=PATIENCE_S, check=True, text=True)
        return out.stdout.strip()

    def start_redis(self):
        self.env["FRESHET_REDIS_URL"] = self.redis_tool("start")

    def redis_pid(self):
        with open(os.path.join(self.dir, "redis.pid"), encoding="ascii") as file:
            return int(file.read())

    def command(self, *arguments):
        done = subprocess.run([self.freshet, *arguments], env=self.env, stdout=subprocess.PIPE, stderr=self.output,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE_S, check=False, text=True)
        need(done.returncode == 0, f"freshet {' '.join(arguments)}: exit {done.returncode}: {done.stdout[-400:]}")
        return done.stdout

    def run(self, *arguments, failpoint=None, instance="one"):
        env = dict(self.env, FRESHET_KAFKA_INSTANCE_ID=instance)
        if failpoint:
            env["FRESHET_FAILPOINT"] = failpoint
        process = subprocess.Popen([self.freshet, "run", *FAST, *arguments], env=env, stdout=self.output,
                                   stderr=self.output, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def replay(self, half, rate=None):
        self.command("replay", "--no-progress", *(("--rate", str(rate)) if rate else ()), self.halves[half])

    def killed_at(self, failpoint):
        """Runs until the failpoint ends it."""
        status = self.run("--until-idle", "3", failpoint=failpoint).wait(PATIENCE_S)
        need(status == -signal.SIGKILL, f"{failpoint} was never passed: exit {status}")

    def finish(self, idle_s=3):
        status = self.run("--until-idle", str(idle_s)).wait(PATIENCE_S)
        need(status == 0, f"run --until-idle: exit {status}")

    def end(self, process, how=signal.SIGTERM):
        need(process.poll() is None, f"the process ended by itself: exit {process.poll()}")
        process.send_signal(how)
        return process.wait(PATIENCE_S)

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.redis_tool("stop")
        self.output.close()


# ---- the faults: each gets the second half of the log into the topic, and does its harm ----

def kill_at(name):
    def fault(place):
        place.replay(1)
        point = f"{name}:{place.rng.randint(2, 6)}"
        place.killed_at(point)
        return point
    return fault


def kill_in_replay(place):
    place.replay(1)
    place.killed_at("C9:6")  # the log's side is ahead now
    place.killed_at("C16")
    return "C9:6 C16:1"


def kill_and_lose(place):
    """A kill, Redis emptied, and another kill while the state is made again."""
    place.replay(1)
    point = f"C9:{place.rng.randint(4, 9)}"
    place.killed_at(point)
    subprocess.run(["redis-cli", "-s", os.path.join(place.dir, "redis.sock"), "flushall"], check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    place.killed_at("C16")
    return point + " flushall C16:1"


def while_running(harm):
    """The log comes at a rate that leaves the harm in its middle."""
    def fault(place):
        runner = place.run()
        with ThreadPoolExecutor(1) as beside:
            fed = beside.submit(place.replay, 1, EVENTS // 12)
            time.sleep(2 + place.rng.random() * 2)
            said = harm(place)
            fed.result(PATIENCE_S)
        time.sleep(1)
        status = place.end(runner)
        need(status == 0, f"freshet: exit {status} after SIGTERM")
        return said
    return fault


def cut_redis(place):
    pid = place.redis_pid()
    os.kill(pid, signal.SIGKILL)
    while os.path.exists(f"/proc/{pid}"):
        time.sleep(0.02)
    (path,) = glob.glob(os.path.join(place.dir, "appendonlydir", "*.incr.aof"))
    size = os.path.getsize(path)
    at = place.rng.randrange(size)
    os.truncate(path, at)
    time.sleep(place.rng.random())
    place.start_redis()
    return f"{at} of {size} bytes left"


def empty_redis(place):
    subprocess.run(["redis-cli", "-s", os.path.join(place.dir, "redis.sock"), "flushall"], check=True,
                   stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    return "emptied"


def others(place):
    second = place.run(instance="two")
    time.sleep(2.5)
    place.end(second)
    third = place.run(instance="three")
    time.sleep(2 + place.rng.random())
    place.end(third, signal.SIGKILL)
    return "one left, one killed"


FAULTS = {"others": while_running(others)}  # the longest first
FAULTS.update({f"kill-{name}": kill_at(name) for name in KILLS})
FAULTS.update({"kill-C16": kill_in_replay, "lost-and-C16": kill_and_lose, "redis-cut": while_running(cut_redis),
               "redis-emptied": while_running(empty_redis)})


# ---- what must hold ----

def consume(topic, *options):
    """All records as kcat prints them, and the end of each partition as its consumer was told."""
    out = subprocess.run(["kcat", "-C", "-e", "-b", BROKERS, "-t", topic, "-J", *options], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=True)
    ends = re.findall(rb"Reached end of topic \S+ \[(\d+)\] at offset (\d+)", out.stderr)
    return [json.loads(line) for line in out.stdout.splitlines() if line], dict(ends)


def committed(topic):
    return consume(topic, "-X", "isolation.level=read_committed")


def check_state(place, expected):
    for what, naive in expected.items():
        dump = os.path.join(place.dir, what)
        with open(dump, "w", encoding="utf-8") as file:
            file.write(place.command("dump", what))
        told = subprocess.run([sys.executable, os.path.join(EQUALITY, "compare.py"), naive, dump, "--pruned"],
                              stdout=subprocess.PIPE, timeout=PATIENCE_S, check=False, text=True)
        need(told.returncode == 0, f"{what} differ: {told.stdout[:1500]}")


def check_lists(place, users):
    records, _ = committed(place.prefix + ".recommendations")
    ids = [json.loads(record["payload"])["recommendation_id"] for record in records if record["payload"]]
    need(len(ids) == len(set(ids)), f"{len(ids) - len(set(ids))} lists are there twice")
    # Who was there before there were neighbours, and not after, may have none; how many depends on the batches, and on
    # how long the neighbours took to come back after Redis was emptied.
    listed = users & {record["key"] for record in records}
    need(len(listed) > len(users) // 4, f"only {len(listed)} of {len(users)} users have a list")
    return len(ids)


def check_rejects(place):
    records, _ = committed(place.prefix + ".rejects")
    places = []
    for record in records:
        headers = dict(zip(record["headers"][::2], record["headers"][1::2]))
        places.append((headers["__freshet.errors.partition"], headers["__freshet.errors.offset"]))
    need(len(places) == len(set(places)), f"rejects are there twice: {sorted(places)}")
    values = sorted(record["payload"] for record in records)
    need(values == sorted(bad_line(n) for n in range(BAD)), f"{len(values)} rejects, not {BAD}")


def check_ends(place):
    """A transaction left open holds back who reads what is committed."""
    until = time.monotonic() + 30
    for name in OUTPUTS:
        while True:
            ends = [consume(f"{place.prefix}.{name}", "-o", "end", "-X", "isolation.level=" + level)[1]
                    for level in ("read_committed", "read_uncommitted")]
            if ends[0] == ends[1] and ends[0]:
                break
            need(time.monotonic() < until, f"an open transaction in {name}: {ends}")
            time.sleep(1)


def check(place, expected, users):
    check_state(place, expected)
    lists = check_lists(place, users)
    check_rejects(place)
    check_ends(place)
    place.command("doctor", "--audit")
    return lists


# ---- the log ----

def bad_line(number):
    return f"not JSON {number}"


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def make_log(scratch):
    """Two halves of a log with bad lines in it, what the naive implementation makes of the good ones, and who its users are."""
    good = subprocess.run([sys.executable, os.path.join(EQUALITY, "genlog.py"), "--native", "--seed", str(SEED),
                           "--events", str(EVENTS), "--partitions", str(PARTITIONS)],
                          stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    path, mixed = os.path.join(scratch, "good"), list(good)
    for number in range(BAD):
        mixed.insert((number + 1) * len(good) // (BAD + 1), bad_line(number))
    write(path, good)
    expected = {}
    for what in ("users", "items"):
        expected[what] = os.path.join(scratch, "naive-" + what)
        with open(expected[what], "wb") as file:
            subprocess.run([sys.executable, os.path.join(EQUALITY, "naive.py"), what, path, "--partitions",
                            str(PARTITIONS)], stdout=file, check=True)
    with open(expected["users"], encoding="utf-8") as file:
        users = {row["user_id"] for row in map(json.loads, file) if row["history"]}
    halves = [os.path.join(scratch, half) for half in ("first", "second")]
    for half, lines in zip(halves, (mixed[:len(mixed) // 2], mixed[len(mixed) // 2:])):
        write(half, lines)
    return halves, expected, users


def attempt(freshet, scratch, name, log):
    begun = time.monotonic()
    place = None
    try:
        place = Place(freshet, scratch, name, log[0])
        place.replay(0)
        place.finish()  # lists are made once neighbours are known
        said = FAULTS[name](place)
        place.finish(15 if name == "others" else 3)
        lists = check(place, *log[1:])
        print(f"ok   {name} ({said}): {lists} lists, {time.monotonic() - begun:.0f} s", flush=True)
        return True
    except (Broken, subprocess.SubprocessError, OSError, KeyError, ValueError) as broken:
        print(f"FAIL {name}: {broken}", flush=True)
        return False
    finally:
        if place:
            place.close()


def main():
    freshet, scratch, *wanted = sys.argv[1:]
    print(f"seed {SEED}", flush=True)
    log = make_log(scratch)
    names = [name for name in FAULTS if not wanted or any(word in name for word in wanted)]
    # A fault waits most of its time: three at once are no load.
    with ThreadPoolExecutor(3) as pool:
        held = list(pool.map(lambda name: attempt(freshet, scratch, name, log), names))
    print(f"{sum(held)} of {len(held)} faults left no trace", flush=True)
    if os.environ.get("counts"):
        with open(os.environ["counts"], "a", encoding="ascii") as file:
            file.write(f"{sum(held)} {len(held) - sum(held)}\n")
    return 0 if held and all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
