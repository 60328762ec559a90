# freshet models: fit, list, show, promote, rollback and import on a small replayed state; a candidate with shuffled labels
# is refused; a fit that is killed leaves everything as it was.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_TOPIC_PREFIX="models-$$" FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=3
export FRESHET_MODELS_FAMILIES=item-cf,als FRESHET_MODELS_TUNE_MS=0
. "$root/tests/expect"

# 1,500 users who like one of 20 circles of 15 items and take to them in some order over 40 days.
python3 - > "$scratch/log.jsonl" << 'PY'
import json, random
rng, events = random.Random(5), []
for user in range(1500):
    circle, at = rng.randrange(20), 1767225600 + rng.randrange(86400)
    items = rng.sample(range(15), 8)
    for item in items:
        at += rng.randrange(20000, 800000)
        events.append((at, user, circle * 15 + item if rng.random() < 0.9 else rng.randrange(300)))
for i, (at, user, item) in enumerate(sorted(events)):
    print(json.dumps({"event_type": "like", "user_id": f"u{user}", "item_id": f"i{item}", "event_id": f"e{i}",
                      "timestamp": at}))
PY

say "nothing there"
expect 0 "$freshet" models list
has "no bundle is stored"
expect 78 "$freshet" models fit
has "does not exist (create it with: freshet topics create)"
expect 64 "$freshet" models
expect 64 "$freshet" models show
expect 64 "$freshet" models show a/b
expect 66 "$freshet" models show nothing
expect 78 "$freshet" models fit --set models.families=als,wonder
has "names a model that a refit cannot fit"
expect 0 "$freshet" topics create
expect 66 "$freshet" models fit
has "there is nothing to fit"
expect 0 "$freshet" replay --no-progress "$scratch/log.jsonl"
expect 0 "$freshet" run --until-idle 2
"$freshet" dump users > "$scratch/users"
[ "$(wc -l < "$scratch/users")" = 1500 ] || { say "not 1,500 users are stored"; bad=$((bad + 1)); }

say "fit"
expect 75 "$freshet" models fit --shuffle-labels --json
is 'not j["promoted"] and j["in_force"] == "" and j["p_worse"] < 0.001'
expect 0 "$freshet" models fit --json
is 'j["promoted"] and j["candidate"] > 2 * j["incumbent"] and j["held_to"] == "popularity"'
is 'j["users"] > 1400 and j["cases"] > 300'
first=$(tail -n 1 "$out" | python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
expect 75 "$freshet" models fit --shuffle-labels --json
is "not j['promoted'] and j['in_force'] == '$first' == j['held_to']"
worse=$(tail -n 1 "$out" | python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
expect 0 "$freshet" models list
has "* $first"
has "  $worse"
expect 0 "$freshet" models show --json "$first"
is '[m["name"] for m in j["models"]] == ["item-cf", "als"] and j["holdout"]["cases"] > 300'

say "promote and roll back"
expect 0 "$freshet" models promote "$worse" --reason "to see it go"
expect 0 "$freshet" models list --json
is "j['in_force'] == '$worse' and len(j['bundles']) == 3"
expect 0 "$freshet" models rollback # the parent of the worse one is the first
has "$first"
expect 0 "$freshet" models list --json
is "j['in_force'] == '$first'"

say "killed"
: > "$scratch/killed"
"$freshet" models fit --set models.families=als --set models.tune_ms=60000 > "$scratch/killed" 2>&1 &
pid=$!
while ! grep -q als "$scratch/killed"; do kill -0 $pid || break; sleep 0.05; done
kill -9 $pid
wait $pid 2> /dev/null || true
expect 0 "$freshet" models list --json
is "j['in_force'] == '$first' and len(j['bundles']) == 3"
"$freshet" dump users > "$scratch/users.after"
cmp "$scratch/users" "$scratch/users.after" || { say "a killed fit changed states"; bad=$((bad + 1)); }
expect 0 "$freshet" models fit --json
is "j['promoted'] and j['held_to'] == '$first'"
expect 0 "$freshet" run --until-idle 2
expect 0 "$freshet" show user u1

say "somebody else's"
if python_packages numpy safetensors; then
    "$venv/bin/python" docs/examples/own_factors.py "$scratch/users" "$scratch/own.safetensors" > "$scratch/said" ||
        { cat "$scratch/said"; bad=$((bad + 1)); }
    got=0
    "$freshet" models import "$scratch/own.safetensors" --json > "$out" 2>&1 || got=$?
    case $got in 0 | 75) ;; *) say "import ended with $got"; cat "$out"; bad=$((bad + 1)) ;; esac
    is 'j["candidate"] > 0.1 and j["cases"] > 30'
else
    say "numpy and safetensors cannot be installed: import is not tried"
fi
head -c 100 "$scratch/log.jsonl" > "$scratch/no.safetensors"
expect 66 "$freshet" models import "$scratch/no.safetensors"
has "not a tensors file"
[ "$bad" = 0 ]
