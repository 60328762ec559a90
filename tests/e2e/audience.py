"""Events, the catalogue and segments for audience.sh.

    audience.py events          240 people who may be counted; 150 who refuse ads, 150 who refuse profiling, 150 who are deleted, half
                                of each before they buy and half afterwards
    audience.py events allowed  only the 240, as if the others had never come
    audience.py items           shoes and bags
    audience.py segments        records of the campaigns topic
"""
import json
import sys

START = 1_790_000_000_000
ALLOWED, OTHERS = 240, 150
REFUSALS = {
    "ads": {"event_type": "user_upsert", "consent": {"ads": False}},
    "all": {"event_type": "user_upsert", "consent": False},
    "gone": {"event_type": "user_delete"},
}
SEGMENTS = [
    {"id": "shoppers", "kind": "segment", "rule": "purchases(30d) >= 1"},
    {"id": "shoe-people", "kind": "segment", "rule": "interest(\"shoes\") > 0.5"},
    {"id": "likely", "kind": "segment", "rule": "propensity(\"purchase\") > 0.5"},
    {"id": "summer", "pays": {"price": 1}, "rule": "segment(\"shoppers\")"},
]


def behaviour(user, kind):
    """Everybody clicks three things of a kind and buys one of them."""
    for i in range(3):
        yield {"event_type": "click", "user_id": user, "item_id": f"{kind}{i}"}
    yield {"event_type": "purchase", "user_id": user, "item_id": f"{kind}0"}


def events(allowed_only):
    out = []
    for n in range(ALLOWED):
        user = f"a{n}"
        if n < ALLOWED // 2:  # the people of shoes have agreed to ads; the people of bags have said nothing
            out.append({"event_type": "user_upsert", "user_id": user, "consent": {"ads": True}})
        out += behaviour(user, "shoe" if n < ALLOWED // 2 else "bag")
    for name, refusal in REFUSALS.items() if not allowed_only else ():
        for n in range(OTHERS):
            user, acts = f"{name}{n}", list(behaviour(f"{name}{n}", "shoe"))
            early = n % 2 and name != "gone"  # who is deleted first and comes back is a new person
            out += [refusal | {"user_id": user}, *acts] if early else [*acts, refusal | {"user_id": user}]
    for n, event in enumerate(out):
        print(json.dumps(event | {"event_id": f"e{n}", "timestamp": START + n * 100}))


def main():
    what = sys.argv[1]
    if what == "events":
        events("allowed" in sys.argv)
    elif what == "items":
        for kind, category in (("shoe", "shoes"), ("bag", "bags")):
            for i in range(3):
                print(json.dumps({"id": f"{kind}{i}", "category": category}))
    else:
        for record in SEGMENTS:
            print(json.dumps(record))


main()
