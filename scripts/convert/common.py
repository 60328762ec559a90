"""What the converters share: reading gzip tables, writing native events (docs/EVENTS.md) in the order of time, and items
(docs/ITEMS.md)."""

import argparse
import csv
import gzip
import json
import os
import sys


def open_text(folder, name):
    return gzip.open(os.path.join(folder, name), "rt", encoding="utf-8", newline="")


def rows_of(folder, name):
    """The rows of a comma-separated table with a heading, as dictionaries."""
    with open_text(folder, name) as lines:
        yield from csv.DictReader(lines)


def fields_of(folder, name):
    """The rows of a table that is separated by tabs and has no heading."""
    with open_text(folder, name) as lines:
        for line in lines:
            yield line.rstrip("\r\n").split("\t")


def event(event_id, kind, time_ms, user, **fields):
    return {"event_id": event_id, "event_type": kind, "timestamp": time_ms, "user_id": user,
            **{name: value for name, value in fields.items() if value is not None}}


def introduce(events, attributes):
    """Puts a user_upsert in front of the first event of each user of whom attributes({user_id}) knows something."""
    seen = set()
    for one in events:
        user = one["user_id"]
        if user not in seen:
            seen.add(user)
            known = attributes(user)
            if known:
                yield event("profile-" + user, "user_upsert", one["timestamp"], user, attributes=known)
        yield one


def write(events):
    for one in events:
        sys.stdout.write(json.dumps(one, separators=(",", ":")) + "\n")


def item(item_id, **fields):
    return {"id": item_id, **{name: value for name, value in fields.items() if value not in (None, "", [], {})}}


def write_items(path, items):
    """One item a line, packed if the name ends in .gz; nothing when there is no path."""
    if path:
        opened = gzip.open if path.endswith(".gz") else open
        with opened(path, "wt", encoding="utf-8") as out:
            for one in items:
                out.write(json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n")


def arguments(description, items=False):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where the data set's files are")
    if items:
        parser.add_argument("--items", metavar="FILE", help="also writes the catalogue (.gz: packed)")
    return parser


def run(main):
    """Lets `converter | head` end quietly."""
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
