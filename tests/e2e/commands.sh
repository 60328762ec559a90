# The commands that talk to Kafka without a worker: topics, replay, rejects, forget and check --connect, as an operator
# uses them, with a run in between that does what they asked for.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
have kcat || { say "kcat is missing"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_TOPIC_PREFIX="commands-$$" FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=3
prefix=$FRESHET_TOPIC_PREFIX
. "$root/tests/expect"

say "topics"
expect 78 "$freshet" topics check
has "$prefix.events does not exist (create it with: freshet topics create)"
expect 78 "$freshet" replay /dev/null
has "does not exist"
expect 0 "$freshet" topics create
has "made $prefix.events (partitions: 3, replicas: 1)"
has "made $prefix.items (partitions: 1, replicas: 1)"
has "$prefix.*: good, 3 partitions"
expect 0 "$freshet" topics create --set kafka.partitions=5
has "nothing to make"
expect 0 "$freshet" topics list
has "$prefix.rejects"
expect 0 "$freshet" topics check --json
is 'j["problems"] == [] and len(j["cluster_id"]) > 0'
is '[t["partitions"] for t in j["topics"] if t["name"].endswith((".events", ".affinity"))] == [3, 3]'
is '[t["cleanup"] for t in j["topics"] if t["name"].endswith(".recommendations")] == ["compact"]'
expect 0 "$freshet" topics create --set topic_prefix="short-$$" --set kafka.retention_ms=3600000
has "warning: short-$$.events keeps records for 0.0 days"

say "check --connect"
expect 0 "$freshet" check --connect
has "redis: version"
has "kafka: cluster"
expect 78 "$freshet" check --connect --set topic_prefix="nothing-$$"
has "nothing-$$.events does not exist"
expect 69 "$freshet" check --connect --set redis.url=unix:///nowhere/socket --set kafka.bootstrap_servers=127.0.0.1:1
has "/nowhere/socket"
has "Kafka at 127.0.0.1:1 does not answer"

say "replay"
cat > "$scratch/log.jsonl" << 'EOF'
{"event_type":"like","user_id":"u1","item_id":"i1","event_id":"e1","timestamp":"2026-01-01T00:00:00Z"}
{"event_type":"like","user_id":"u2","item_id":"i1","event_id":"e2","timestamp":"2026-01-01T00:00:01Z"}
{"event_type":"wiggle","user_id":"u3","event_id":"e3","timestamp":"2026-01-01T00:00:02Z"}
this is not JSON
EOF
gzip -k "$scratch/log.jsonl"
expect 66 "$freshet" replay --no-progress /nowhere/log.jsonl
expect 0 "$freshet" replay --no-progress --json "$scratch/log.jsonl.gz"
is 'j["lines"] == 4 and j["bad"] >= 1 and j["too_long"] == 0'
expect 0 "$freshet" topics check
expect 0 "$freshet" rejects list
has "no rejects"
expect 0 "$freshet" run --until-idle 2

say "items"
printf '{"id":"a","title":"one"}\n{"id":"b"}\n' > "$scratch/items.jsonl"
printf '{"id":"a"}\n{"id":"c","price":-1,"tags":3}\n' > "$scratch/faults.jsonl"
expect 64 "$freshet" items
expect 66 "$freshet" items check "$scratch/nowhere"
expect 0 "$freshet" items check "$scratch/items.jsonl"
has "2 items, 0 lines with 0 faults"
expect 78 "$freshet" items check "$scratch/faults.jsonl"
has "faults.jsonl:2: price: a number is out of its field's range"
has "faults.jsonl:2: tags: a field has the wrong JSON type"
expect 0 "$freshet" items load "$scratch/items.jsonl" --json
is 'j == {"items": 2, "bad_lines": 0, "faults": 0, "removed": 0}'
expect 78 "$freshet" items load --only "$scratch/faults.jsonl" --json
is 'j["items"] == 1 and j["faults"] == 2 and j["removed"] == 0'
printf '{"id":"a"}\n' > "$scratch/only.jsonl"
expect 0 "$freshet" items load --only "$scratch/only.jsonl"
has "1 items, 0 lines with 0 faults, 1 items taken out"
expect 0 "$freshet" items load --only "$scratch/only.jsonl" --json
is 'j["removed"] == 0'

say "rejects"
expect 0 "$freshet" rejects list
has "unknown_event_type"
has "not_json"
has "16 bytes: this is not JSON"
expect 0 "$freshet" rejects list --limit 1 --json
is 'len(j["rejects"]) == 1'
expect 0 "$freshet" rejects list --json
is 'sorted(r["code"] for r in j["rejects"]) == ["not_json", "unknown_event_type"]'
is 'all(r["topic"].endswith(".events") and not r["replayed"] for r in j["rejects"])'
expect 0 "$freshet" rejects replay --since 2100-01-01T00:00:00Z --json
is 'j["sent"] == 0 and j["filtered"] == 2'
# Mended for one of the two: it is taken now; the other one comes back, marked, and is not sent a third time.
expect 0 "$freshet" rejects replay --code unknown_event_type
has "1 sent to $prefix.events; left out: 1 by --code or --since"
expect 0 "$freshet" rejects replay --code not_json --json
is 'j["sent"] == 1'
expect 0 "$freshet" run --until-idle 2 --set events.unknown_types=other
expect 0 "$freshet" show user u3
expect 0 "$freshet" rejects list --json
is '[(r["code"], r["replayed"]) for r in j["rejects"]][2:] == [("not_json", True)]'
expect 0 "$freshet" rejects replay --code not_json --json
is 'j["sent"] == 1 and j["replayed_before"] == 1'

say "forget"
expect 64 "$freshet" forget u1 < /dev/null
has "--yes"
expect 0 "$freshet" show user u1
expect 0 "$freshet" forget --yes u1
has "freshet show user u1"
expect 0 "$freshet" run --until-idle 2
"$freshet" show user u1 > "$out" 2>&1 && { bad=$((bad + 1)); say "u1 is still there"; cat "$out"; }
has "no such user: u1"
expect 0 "$freshet" show user u2

say "check --campaigns"
expect 0 "$freshet" check --campaigns config/campaigns.example.jsonl
has "3 campaigns, 2 segments, 0 lines with 0 faults"
printf '%s\n' '{"id":"a","pays":{"price":-1},"rule":"purchse(1d) > 1"}' '{"id":"b","pay":1}' > "$scratch/campaigns"
expect 78 "$freshet" check --campaigns "$scratch/campaigns"
has "campaigns:1: pays.price: an amount"
has "did you mean purchases?"
has "campaigns:2: pay: there is no such field (did you mean pays?)"
has "2 lines with 4 faults"

say "campaigns"
topic() { kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$prefix.campaigns" -f '%k=%S\n' > "$scratch/topic"; }
written() { topic; [ "$(wc -l < "$scratch/topic")" -eq "$1" ]; }
expect 64 "$freshet" campaigns
expect 64 "$freshet" campaigns list --state gone
expect 64 "$freshet" campaigns check --dry-run "$scratch/campaigns"
expect 66 "$freshet" campaigns check "$scratch/nowhere"
expect 0 "$freshet" campaigns check config/campaigns.example.jsonl
has "3 campaigns, 2 segments, 0 lines with 0 faults"
printf '%s\n' '{"id":"hats","pays":{"price":1},"rule":"segment(\"vipp\")"}' >> "$scratch/campaigns"
expect 78 "$freshet" campaigns load "$scratch/campaigns"
has "did you mean purchases?"
has "campaigns:2: pay: there is no such field (did you mean pays?)"
has "2 lines are bad; nothing was written"
holds "a bad line keeps the good ones back" written 0
expect 0 "$freshet" campaigns load --dry-run config/campaigns.example.jsonl --json
is 'j == {"new": 5, "changed": 0, "same": 0, "removed": 0, "bad_lines": 0, "faults": 0, "written": False}'
holds "a try writes nothing" written 0
expect 0 "$freshet" campaigns load config/campaigns.example.jsonl
has "5 new, 0 changed, 0 as they stand, 0 removed"
holds "five records" written 5
holds "keyed by id" grep -q '^summer-shoes=' "$scratch/topic"
sed 's/"price":0.25/"price":0.3/' config/campaigns.example.jsonl > "$scratch/changed"
expect 0 "$freshet" campaigns load "$scratch/changed" --json
is '(j["new"], j["changed"], j["same"], j["written"]) == (0, 1, 4, True)'
holds "only what differs is written" written 6
expect 78 "$freshet" campaigns load --skip-bad "$scratch/campaigns"
has 'warning: hats asks for segment("vipp"), which there is not'
has "1 new, 0 changed, 0 as they stand, 0 removed; left out: 2 lines with 4 faults"
expect 0 "$freshet" campaigns list
has "summer-shoes  campaign  Delta"
expect 0 "$freshet" campaigns list --json
is '[c["id"] for c in j["campaigns"]] == ["come-back", "guide-book", "hats", "summer-shoes"]'
is '[s["id"] for s in j["segments"]] == ["quiet", "vip"] and j["bad_records"] == 0'
is '[c["pays"]["price"] for c in j["campaigns"] if c["id"] == "summer-shoes"] == [0.3]'
expect 0 "$freshet" campaigns list --state paused --json
is '[c["id"] for c in j["campaigns"]] == ["come-back"] and j["segments"] == []'
expect 66 "$freshet" campaigns remove hats vjp
has "no such campaign or segment: vjp (did you mean vip?)"
holds "one that is not there keeps the others" written 7
expect 0 "$freshet" campaigns remove hats vip
has 'warning: summer-shoes asks for segment("vip"), which there is not'
has "0 new, 0 changed, 0 as they stand, 2 removed"
# What somebody else spoilt is mended by a load, though the instances still have the record before it.
printf 'quiet\tnonsense\nnew\tnonsense\n' | kcat -b "$FRESHET_TEST_KAFKA" -P -t "$prefix.campaigns" -K '	'
expect 0 "$freshet" campaigns list --json
is 'j["bad_records"] == 2 and [s["id"] for s in j["segments"]] == ["quiet"]'
grep quiet\" "$scratch/changed" | head -n 1 > "$scratch/quiet"
expect 0 "$freshet" campaigns load "$scratch/quiet"
has "0 new, 1 changed"
expect 0 "$freshet" campaigns remove new
expect 0 "$freshet" campaigns load "$scratch/quiet"
has "0 new, 0 changed, 1 as they stand"
expect 66 "$freshet" campaigns remove new

[ "$bad" = 0 ]
