# Lists by the live model, end to end: examples flow, a model is learnt and published, lists are made with it; a published
# list can be made again byte for byte, also after the process was killed; Python reads the model.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_TOPIC_PREFIX="live-$$" FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=2
. "$root/tests/expect"

# by_model N: the latest lists of the topic in $scratch/lists; at least N users have one by the live model.
by_model() {
    kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$FRESHET_TOPIC_PREFIX.recommendations" -X isolation.level=read_committed \
        > "$scratch/lists"
    python3 - "$scratch/lists" "$1" "$scratch/ids" << 'PY'
import json, sys
lists = {}
for line in open(sys.argv[1]):
    if line.strip():
        record = json.loads(line)
        lists[record["user_id"]] = record
blended = [r for r in lists.values() if r["model"]["name"] == "blend"]
for record in blended:
    for item in record["items"]:
        assert abs(item["score"] - sum(r["weight"] for r in item["reasons"])) < 1e-6, record
    scores = [item["score"] for item in record["items"]]
    assert len({item["item_id"] for item in record["items"]}) == len(scores)
codes = {r["code"] for record in blended for item in record["items"] for r in item["reasons"]}
print(len(lists), "users have lists,", len(blended), "by the live model; reasons:", *sorted(codes))
with open(sys.argv[3], "w") as out:
    for record in blended[-3:]:
        out.write(record["recommendation_id"] + "\n")
sys.exit(len(blended) < int(sys.argv[2]) or len(codes) < 3)
PY
}

# arranged N: lists made with the catalogue, N at least, show nothing hidden and say the propensity of each item.
arranged() {
    kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$FRESHET_TOPIC_PREFIX.recommendations" -X isolation.level=read_committed \
        > "$scratch/lists"
    python3 - "$scratch/lists" "$1" "$scratch/ids" << 'PY'
import json, sys, zlib
made = [r for r in (json.loads(line) for line in open(sys.argv[1]) if line.strip()) if "catalogue" in r.get("made_from", {})]
for record in made:
    for item in record["items"]:
        assert zlib.crc32(item["item_id"].encode()) % 4, record
        assert 0 < item["propensity"] <= 1, record
explored = sum(item["propensity"] < .5 for record in made for item in record["items"])
print(len(made), "lists were made with the catalogue;", explored, "places explored")
with open(sys.argv[3], "w") as out:
    for record in made[-3:]:
        out.write(record["recommendation_id"] + "\n")
sys.exit(len(made) < int(sys.argv[2]) or not explored)
PY
}

# all_can_be_made_again: the last three lists by the model.
all_can_be_made_again() {
    while read -r id; do
        expect 0 "$freshet" explain --recommendation "$id" --json
        is 'j["same_bytes"] and j["largest_difference"] < 1e-6'
    done < "$scratch/ids"
}

gzip -dc data/demo/kuairand-demo.jsonl.gz > "$scratch/all" 2> /dev/null || true
head -n 4000 "$scratch/all" > "$scratch/first.jsonl"
sed -n 4001,8000p "$scratch/all" > "$scratch/second.jsonl"
sed -n 8001,9000p "$scratch/all" > "$scratch/third.jsonl"
sed -n 9001,10000p "$scratch/all" > "$scratch/fourth.jsonl"

expect 0 "$freshet" topics create
expect 0 "$freshet" replay --no-progress "$scratch/first.jsonl"
expect 0 "$freshet" run --until-idle 4
expect 0 "$freshet" replay --no-progress "$scratch/second.jsonl"
expect 0 "$freshet" run --until-idle 4
say "lists by the model"
expect 0 by_model 300
all_can_be_made_again
head -n 1 "$scratch/ids" > "$scratch/one"
expect 0 "$freshet" explain --recommendation "$(cat "$scratch/one")"
has "made again: the same"
has "reasons add up to the scores within"
expect 66 "$freshet" explain --recommendation 00000000-0000-0000-0000-000000000000
has "no such list"
expect 64 "$freshet" explain

say "a catalogue, and the rules of a surface"
python3 - "$scratch/all" > "$scratch/items.jsonl" << 'PY'
import json, sys, zlib
items = {json.loads(line).get("item_id") for line in open(sys.argv[1])}
for item in sorted(i for i in items if i):
    category = "hidden" if zlib.crc32(item.encode()) % 4 == 0 else "c%d" % (zlib.crc32(item.encode()) % 7)
    print(json.dumps({"id": item, "category": [category], "price": 1 + zlib.crc32(item.encode()) % 50}))
PY
cat > "$scratch/surface.yaml" << 'YAML'
surfaces:
  default:
    filters: ["category!=hidden"]
    diversity: 0.3
    exploration: 0.1
YAML
expect 0 "$freshet" items load "$scratch/items.jsonl"
expect 0 "$freshet" replay --no-progress "$scratch/third.jsonl"
expect 0 "$freshet" run -c "$scratch/surface.yaml" --until-idle 4
expect 0 arranged 50
while read -r id; do
    expect 0 "$freshet" explain -c "$scratch/surface.yaml" --recommendation "$id" --json
    is 'j["same_bytes"] and j["largest_difference"] < 1e-6'
done < "$scratch/ids"

say "killed while it learns"
expect 0 "$freshet" replay --no-progress "$scratch/fourth.jsonl"
"$freshet" run > "$scratch/log" 2>&1 &
sleep 3
kill -9 $! 2> /dev/null || true
wait $! 2> /dev/null || true
expect 0 "$freshet" run --until-idle 4
expect 0 by_model 300
all_can_be_made_again
[ $bad -eq 0 ]
