#!/usr/bin/env python3
"""An independent and naive evaluator of docs/RULES.md, and random rules and profiles to hold freshet to.

    rule_naive.py DRIVER [--cases N] [--seed N] [--rules-per-log N]

Makes logs (genlog.py and profiles), asks random rules of their users, and compares with what the driver (rule_rows.c)
answers. A rule is read here by Python's own grammar, which ranks the same operators in the same way; a user's facts come from
naive.py. Nothing of freshet is used.
"""

import argparse
import ast
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

import cleaning
import genlog
import naive

DAY_MS = 86_400_000
SHORT = {"purchases": "purchase", "clicks": "click", "likes": "like", "shares": "share", "views": "view",
         "carts": "add_to_cart", "comments": "comment"}
TIMED = sorted(cleaning.WEIGHTS) + ["dislike"]
KINDS = TIMED + ["unlike", "refund", "search", "impression", "ad_impression", "ad_click", "follow", "user_upsert"]
UNKNOWN = None


# --- what is known of a user -----------------------------------------------------------------------------------------

class Facts:
    def __init__(self, user, settings):
        self.settings = settings
        self.events = user.events if user else []
        self.times = [event.time_ms for event in self.events]
        self.history = naive.items_of(user, settings) if user else {}
        self.followees = naive.live_ids(naive.followees_of(user, settings), "follow") if user else []
        self.exposures = {e["campaign_id"]: e for e in naive.exposures_of(user)} if user else {}
        self.attributes = naive.attributes_of(user) if user else {}
        self.counts = {}
        for event in self.events:
            self.counts[event.type] = self.counts.get(event.type, 0) + max(1, len(event.items))

    def live(self, kind):
        return [t for entry in self.history.values() for t in entry.live.get(kind, [])]

    def sessions(self):
        times = sorted(self.times)
        return sum(1 for i, t in enumerate(times) if i == 0 or t - times[i - 1] > 1_800_000)

    def interest(self, name, now_ms):
        whole = part = 0.0
        for item in sorted(self.history):
            found = naive.strength(self.history[item], self.settings)
            number = int(item[1:])
            if found is None or number >= 200:
                continue
            age = now_ms // self.settings.epoch_ms - found[1]
            worth = found[0] * naive.decay(age, self.settings.half_life_epochs) / 2 ** 32
            if age >= self.settings.window_epochs:
                continue
            whole += worth
            if name.lower() in (f"c{number % 5}", f"d{number % 7}", f"t{number % 3}"):
                part += worth
        return part / whole if whole else 0.0


# --- a rule's value ----------------------------------------------------------------------------------------------------

class Wrong(Exception):
    """The text is no rule."""


DURATION = re.compile(r'("(?:[^"\\]|\\.)*")|\b(\d+)([dhm])\b')
UNIT_MS = {"d": DAY_MS, "h": 3_600_000, "m": 60_000}


def tree_of(text):
    """Python's tree: durations become calls, true and false Python's."""
    def replaced(found):
        if found[1]:
            return found[1].replace("\\/", "/")
        return f"DURATION({int(found[2]) * UNIT_MS[found[3]]})"
    python = DURATION.sub(replaced, text)
    python = re.sub(r'("(?:[^"\\]|\\.)*")|\b(true|false)\b', lambda m: m[1] or m[2].capitalize(), python)
    return ast.parse("(" + python + ")" if python.strip() else "True", mode="eval").body


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Evaluator:
    """Everything is worked out, nothing is skipped; types are looked at as values."""

    def __init__(self, facts, now_ms):
        self.facts, self.now_ms = facts, now_ms

    def value(self, node):
        return getattr(self, type(node).__name__.lower())(node)

    def truth(self, node):
        return self.value(node) is True

    def constant(self, node):
        return float(node.value) if is_number(node.value) else node.value

    def name(self, node):
        facts = self.facts
        known = {"events": lambda: sum(facts.counts.values()), "sessions": facts.sessions,
                 "followees": lambda: len(facts.followees),
                 "tenure_days": lambda: self.days(min(facts.times)) if facts.times else UNKNOWN}
        return known[node.id]() if node.id in known else facts.attributes.get(node.id, UNKNOWN)

    def boolop(self, node):
        values = [self.truth(child) for child in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)

    def unaryop(self, node):
        if isinstance(node.op, ast.Not):
            return not self.truth(node.operand)
        value = self.value(node.operand)
        return -value if is_number(value) else UNKNOWN

    def binop(self, node):
        a, b = self.value(node.left), self.value(node.right)
        if not is_number(a) or not is_number(b):
            return UNKNOWN
        a, b = float(a), float(b)
        if isinstance(node.op, ast.Div) and b == 0:
            return UNKNOWN
        result = {ast.Add: lambda: a + b, ast.Sub: lambda: a - b, ast.Mult: lambda: a * b,
                  ast.Div: lambda: a / b}[type(node.op)]()
        return result if math.isfinite(result) else UNKNOWN

    def compare(self, node):
        a, operator = self.value(node.left), type(node.ops[0])
        if operator is ast.In:
            return any(self.related(ast.Eq, a, self.value(b)) for b in node.comparators[0].elts)
        return self.related(operator, a, self.value(node.comparators[0]))

    @staticmethod
    def related(operator, a, b):
        kinds = [bool if isinstance(x, bool) else float if is_number(x) else type(x) for x in (a, b)]
        if a is UNKNOWN or b is UNKNOWN or kinds[0] is not kinds[1]:
            return False
        if kinds[0] is bool and operator not in (ast.Eq, ast.NotEq):
            return False
        if kinds[0] is str:
            a, b = a.encode(), b.encode()
        return {ast.Eq: a == b, ast.NotEq: a != b, ast.Lt: a < b, ast.LtE: a <= b, ast.Gt: a > b, ast.GtE: a >= b}[operator]

    def days(self, time_ms):
        return max(0, self.now_ms - time_ms) / DAY_MS

    def count(self, kind, window_ms=None):
        if window_ms is None:
            return self.facts.counts.get(kind, 0)
        return sum(1 for t in self.facts.live(kind) if self.now_ms - window_ms < t <= self.now_ms)

    def since(self, times):
        return self.days(max(times)) if times else UNKNOWN

    def call(self, node):
        function, facts = node.func.id, self.facts
        if function == "DURATION":
            return node.args[0].value
        if function == "has":
            argument = node.args[0]
            return self.value(argument) is not UNKNOWN
        arguments = [self.value(argument) for argument in node.args]
        if function in SHORT:
            return self.count(SHORT[function], *arguments)
        first = arguments[0] if arguments else ""
        exposure = facts.exposures.get(first, {})
        item = facts.history.get(first.encode())
        return {"attribute": lambda: facts.attributes.get(first, UNKNOWN), "count": lambda: self.count(*arguments),
                "days_since": lambda: self.since([t for t in facts.live(first) if t <= self.now_ms] if first
                                                 else facts.times),
                "interest": lambda: facts.interest(first, self.now_ms),
                "touched": lambda: bool(item and set(item.live) - {"dislike"}),
                "bought": lambda: bool(item and "purchase" in item.live),
                "follows": lambda: first in facts.followees, "exposures": lambda: exposure.get("impressions", 0),
                "clicked": lambda: exposure.get("clicks", 0) > 0, "converted": lambda: exposure.get("conversions", 0) > 0,
                "segment": lambda: len(first) % 2 == 0,
                "propensity": lambda: len(first) / 10 if len(first) <= 8 else UNKNOWN}[function]()


# --- random rules ------------------------------------------------------------------------------------------------------

class Writer:
    """Random rules that are well typed. Brackets only where chance or the rank of operators wants them."""

    def __init__(self, rng):
        self.rng = rng

    def pick(self, *makers):
        return self.rng.choice(makers)()

    def window(self):
        return self.rng.choice(["1d", "7d", "30d", "36500d", "12h", "1h", "90m", "1000m"])

    def text(self):
        return self.rng.choice(['"x"', '"y"', '"CN"', '"K\\u00f6ln"', '"Köln"', '"a\\"b"', '""', '"\\/"', '"30d true"'])

    def constant(self):
        return self.rng.choice(["0", "1", "2", "3", ".5", "0.25", "1e2", "45.5", "1e308", "18", "0.2", "10", "7.125"])

    def attribute(self):
        return self.rng.choice(["age", "city", "country", "member", "never", "gone", 'attribute("home city")',
                                'attribute("age")', 'attribute("and")'])

    def fact(self):
        kind, timed = self.rng.choice(KINDS), self.rng.choice(TIMED)
        return self.rng.choice([
            "events", "sessions", "followees", "tenure_days", "days_since()", f'days_since("{timed}")', f'count("{kind}")',
            f'count("{timed}", {self.window()})', f"{self.rng.choice(list(SHORT))}({self.rng.choice(['', self.window()])})",
            f'interest("{self.rng.choice(["C1", "c2", "D3", "d4", "t0", "T1", "none"])}")',
            f'exposures("c{self.rng.randrange(8)}")', f'propensity("{"p" * self.rng.randint(1, 10)}")'])

    def number(self, depth):
        """(text, rank): 3 a value, 2 a product, 1 a sum."""
        if depth <= 0 or self.rng.random() < .5:
            return self.pick(self.constant, self.fact, self.fact, self.attribute), 3
        if self.rng.random() < .15:
            return "-" + self.inside(self.number(depth - 1), 3), 3
        sign, rank = self.rng.choice([("+", 1), ("-", 1), ("*", 2), ("/", 2)])
        left, right = self.number(depth - 1), self.number(depth - 1)
        return f"{self.inside(left, rank)} {sign} {self.inside(right, rank + 1)}", rank

    def inside(self, made, rank):
        text, own = made
        return f"({text})" if own < rank or self.rng.random() < .1 else text

    def comparison(self, depth):
        sign = self.rng.choice(["==", "!=", "<", "<=", ">", ">="])
        dice = self.rng.random()
        if dice < .2:
            members = ", ".join(self.pick(self.text, self.constant, lambda: "-" + self.constant(), lambda: "true")
                                for _ in range(self.rng.randint(1, 4)))
            return f"{self.attribute()} in [{members}]"
        if dice < .3:
            return f"{self.inside(self.number(1), 1)} in [{self.constant()}, -{self.constant()}]"
        if dice < .45:
            return f"{self.attribute()} {sign} {self.text()}"
        if dice < .5:
            return f"{self.attribute()} {self.rng.choice(['==', '!='])} {self.rng.choice(['true', 'false', 'has(age)'])}"
        return f"{self.inside(self.number(depth), 1)} {sign} {self.inside(self.number(depth), 1)}"

    def plain(self):
        item = f"i{self.rng.randrange(25)}"
        return self.rng.choice([
            f"has({self.attribute()})", self.attribute(), f'touched("{item}")', f'bought("{item}")',
            f'follows("u{self.rng.randrange(8)}")', f'clicked("c{self.rng.randrange(8)}")',
            f'converted("c{self.rng.randrange(8)}")', f'segment("{"s" * self.rng.randint(1, 4)}")', "true", "false"])

    def truth(self, depth):
        """(text, rank): 4 a value, 3 a comparison, 2 not, 1 and, 0 or."""
        dice = self.rng.random()
        if depth <= 0 or dice < .25:
            return (self.comparison(2), 3) if self.rng.random() < .7 else (self.plain(), 4)
        if dice < .45:
            return "not " + self.inside(self.truth(depth - 1), 2), 2
        word, rank = self.rng.choice([("and", 1), ("or", 0)])
        parts = [self.inside(self.truth(depth - 1), rank + 1) for _ in range(self.rng.randint(2, 4))]
        return f" {word} ".join(parts), rank


# --- errors ------------------------------------------------------------------------------------------------------------

FAULTS = ["{} and", "({}", "{})", "{} and 3", "{} or \"x\"", "(({}) or true) + 1 > 2", "({}) and \"a\" < 2", "{} and purchase(3d) > 1",
          "{} and purchases > 1", "{} and 1 < 2 < 3", "{} and count(\"nothing\") > 1", "{} and age = 3", "{} and age in []",
          "{} and count(\"search\", 3d) > 1", "not ({}) && true", "{} and interest(\"\") > 1", "{} and true < age"]


# --- a log and its questions ---------------------------------------------------------------------------------------------

def attributes(rng):
    return {"country": rng.choice(["CN", "JP", 5]), "member": rng.choice([True, False, None]), "gone": None,
            "home city": rng.choice(["Köln", "x"]), "and": rng.choice([1, 2])}


def make_log(rng):
    values = [record["value"] for record in genlog.make_log(rng.randrange(1 << 30), 1500, 12, 30, 1, 60)]
    end = max(value["timestamp"] for value in values)
    values += [{"event_id": f"p{k}", "user_id": f"u{k}", "timestamp": end + k, "event_type": "user_upsert",
                "attributes": attributes(rng)} for k in range(10)]
    for k in range(40):
        values.append({"event_id": f"f{k}", "user_id": f"u{rng.randrange(12)}", "timestamp": end + 20 + k,
                       "event_type": rng.choice(["follow", "follow", "unfollow"]), "target_user_id": f"u{rng.randrange(8)}"})
    return values, end + 60


def leaving(rng, values):
    """A window's count at the very moment when one of the user's events leaves it, or a millisecond before."""
    event = rng.choice([value for value in values if value["event_type"] in TIMED])
    kind, window = event["event_type"], rng.choice(["1d", "30d", "12h", "90m"])
    now_ms = event["timestamp"] + int(window[:-1]) * UNIT_MS[window[-1]] - rng.randrange(2)
    return event["user_id"], now_ms, f'count("{kind}", {window}) {rng.choice(["==", ">", "<"])} {rng.randrange(4)}', False


def question(rng, values, end):
    if rng.random() < .1:
        return leaving(rng, values)
    text = Writer(rng).truth(rng.randint(0, 3))[0]
    now_ms = rng.choice([end, end, end + 1, rng.choice(values)["timestamp"], end + 40 * DAY_MS, end + 90 * DAY_MS])
    is_wrong = rng.random() < .08
    return f"u{rng.randrange(13)}", now_ms, rng.choice(FAULTS).format(text) if is_wrong else text, is_wrong


def expected(users, settings, facts, asked):
    user_id, now_ms, text, is_wrong = asked
    if is_wrong:
        return "error"
    if user_id not in facts:
        facts[user_id] = Facts(users.get(user_id), settings)
    return "true" if Evaluator(facts[user_id], now_ms).truth(tree_of(text)) else "false"


def run_log(driver, rng, cases, folder):
    """How many differ, and how many answers of each kind there were."""
    settings = cleaning.Settings()
    values, end = make_log(rng)
    lines = [json.dumps(value, ensure_ascii=False) for value in values]
    users, _, _ = cleaning.accept_log(cleaning.read_log(lines, 1), settings)
    questions, facts = [question(rng, values, end) for _ in range(cases)], {}
    log, asked = os.path.join(folder, "log"), os.path.join(folder, "questions")
    with open(log, "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    with open(asked, "w", encoding="utf-8") as out:
        out.writelines(f"{q[0]}\t{q[1]}\t{q[2]}\n" for q in questions)
    command = [driver, log, asked, str(settings.half_life_epochs), str(settings.window_epochs)]
    answers = subprocess.run(command, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout.splitlines()
    wanted = [expected(users, settings, facts, q) for q in questions]
    differ = [(q, w, a) for q, w, a in zip(questions, wanted, answers, strict=True) if w != a]
    for q, w, a in differ[:5]:
        print(f"user {q[0]} at {q[1]}: expected {w}, freshet says {a}: {q[2]}")
    return len(differ), {kind: wanted.count(kind) for kind in ("true", "false", "error")}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("driver")
    arguments.add_argument("--cases", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--rules-per-log", type=int, default=500)
    given = arguments.parse_args()
    rng, left, wrong, kinds = random.Random(given.seed), given.cases, 0, {"true": 0, "false": 0, "error": 0}
    with tempfile.TemporaryDirectory() as folder:
        while left > 0:
            differ, said = run_log(given.driver, rng, min(left, given.rules_per_log), folder)
            left, wrong = left - given.rules_per_log, wrong + differ
            kinds = {kind: kinds[kind] + said[kind] for kind in kinds}
    print(f"{given.cases} rules: {wrong} differ; {kinds['true']} true, {kinds['false']} false, {kinds['error']} errors")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
