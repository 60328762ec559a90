"""What the converters share: reading gzip tables, and writing native events (docs/EVENTS.md) in the order of time."""

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


def arguments(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where the data set's files are")
    return parser


def run(main):
    """Lets `converter | head` end quietly."""
    try:
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
