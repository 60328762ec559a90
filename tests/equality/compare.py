#!/usr/bin/env python3
"""Compares two dumps of freshet (`freshet dump users|items`, tests/equality/naive.py), field by field.

    compare.py EXPECTED ACTUAL [--pruned] [--show N]

Lines are matched by user_id or item_id. Everything that EXPECTED has must be in ACTUAL and equal: integers, texts and
buckets exactly, and doubles to the last bit, since both sides compute the same expressions. Fields that only ACTUAL has
are not looked at. Items of EXPECTED without any bucket, and users without a history, may be absent. Where ACTUAL says
that pairs of an item were dropped ("missed" above 0) and --pruned is given, its pairs must be among the expected
ones and not larger, and its neighbours are not compared. Exit 0 equal, 1 not, with the first differences.
"""

import argparse
import json
import sys

KEYS = ("user_id", "item_id", "group")


def load(path):
    rows = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            key = row.get("user_id", row.get("item_id"))
            if key in rows:
                raise SystemExit(f"{path}: {key} appears twice")
            rows[key] = row
    return rows


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def keyed(rows):
    """A list of objects that have an id, as a table of them; None if it is another kind of list."""
    for key in KEYS:
        if rows and all(isinstance(row, dict) and key in row for row in rows):
            return {row[key]: row for row in rows}
    return None


def differences(expected, actual, where):
    """Yields (path, expected, actual)."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name, want in expected.items():
            if name not in actual:
                if want not in ([], {}, None):
                    yield f"{where}.{name}", want, "(absent)"
            else:
                yield from differences(want, actual[name], f"{where}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list):
        yield from list_differences(expected, actual, where)
    elif is_number(expected) and is_number(actual):
        if expected != actual:
            yield where, repr(expected), repr(actual)
    elif expected != actual:
        yield where, expected, actual


def list_differences(expected, actual, where):
    want, got = keyed(expected), keyed(actual)
    if want is not None and got is not None:
        if where.endswith("neighbors") and list(want) != list(got):
            yield where + " (order)", list(want), list(got)
        for key in want.keys() | got.keys():
            if key in want and key in got:
                yield from differences(want[key], got[key], f"{where}[{key}]")
            else:
                yield f"{where}[{key}]", want.get(key, "(absent)"), got.get(key, "(absent)")
    elif len(expected) != len(actual):
        yield where, expected, actual
    else:
        for at, (one, other) in enumerate(zip(expected, actual)):
            yield from differences(one, other, f"{where}[{at}]")


def pruned_differences(expected, actual, where):
    """An item that lost pairs: the rest as always, its pairs a subset and not larger."""
    exact = {name: value for name, value in expected.items() if name not in ("pairs", "neighbors")}
    yield from differences(exact, actual, where)
    whole = {pair["item_id"]: pair["count"] for pair in expected["pairs"]}
    for pair in actual["pairs"]:
        if pair["count"] > whole.get(pair["item_id"], 0):
            yield f"{where}.pairs[{pair['item_id']}]", whole.get(pair["item_id"], 0), pair["count"]


def is_empty(row):
    return not row.get("buckets") and not row.get("history")


def compare(expected, actual, pruned=False):
    for key in sorted(expected.keys() | actual.keys()):
        if key not in actual or key not in expected:
            if not is_empty(expected.get(key) or actual[key]):
                yield key, expected.get(key, "(absent)"), actual.get(key, "(absent)")
        elif pruned and actual[key].get("missed", 0) > 0:
            yield from pruned_differences(expected[key], actual[key], key)
        else:
            yield from differences(expected[key], actual[key], key)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("expected")
    arguments.add_argument("actual")
    arguments.add_argument("--pruned", action="store_true", help="items may have dropped pairs")
    arguments.add_argument("--show", type=int, default=10, help="how many differences to print")
    given = arguments.parse_args()
    expected, actual = load(given.expected), load(given.actual)
    found = 0
    for where, want, got in compare(expected, actual, given.pruned):
        found += 1
        if found <= given.show:
            print(f"{where}\n  expected {str(want)[:300]}\n  actual   {str(got)[:300]}")
    print(f"{len(expected)} rows expected, {len(actual)} there, {found} differences")
    return 1 if found or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
