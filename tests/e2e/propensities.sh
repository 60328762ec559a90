# Propensities, end to end: fitted from the events topic, judged, put in force, taken by the stages, said on their topic; withdrawn from
# whoever refuses or is gone; refused when worse, rolled back.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
have kcat || { say "kcat is missing"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=2 FRESHET_TARGETING_MODEL_BITS=12
export FRESHET_PROPENSITIES_TASKS=purchase
. "$root/tests/expect"
prefix=propensities-$$
export FRESHET_TOPIC_PREFIX="$prefix"
topic() {
    kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$prefix.$1" -X isolation.level=read_committed -f '%k\t%s\n'
}

expect 0 "$freshet" topics create
expect 66 "$freshet" propensities fit
has "the log is too short"
expect 64 "$freshet" propensities fit purchases
python3 tests/e2e/propensities.py events 0 14 > "$scratch/learnt"
expect 0 "$freshet" replay --no-progress "$scratch/learnt"
expect 0 "$freshet" propensities fit --json --set propensities.model=logistic
is 'j["promoted"] and j["auc"] > 0.8 and j["held_to"] == "the share of yes"'
"$freshet" propensities fit --json --set propensities.model=logistic --set propensities.rows_most=1000 > "$scratch/few" || true
holds "of a thousand rows" python3 -c 'import json, sys
few = json.load(sys.stdin)
assert 300 < few["learnt"] + few["asked"] <= 1000, few' < "$scratch/few"
expect 0 "$freshet" propensities fit
expect 0 "$freshet" propensities list --json
is '[p["task"] for p in j["propensities"]] == ["purchase"] and j["propensities"][0]["before"]'
python3 tests/e2e/propensities.py events 14 16 > "$scratch/later"
python3 tests/e2e/propensities.py goodbye >> "$scratch/later"
expect 0 "$freshet" run --until-idle 3
expect 0 "$freshet" replay --no-progress "$scratch/later"
"$freshet" run > "$scratch/log" 2>&1 &
sleep 2
kill -9 $! 2> /dev/null || true
wait $! 2> /dev/null || true
expect 0 "$freshet" run --until-idle 3
topic propensities > "$scratch/propensities"
expect 0 python3 tests/e2e/propensities.py judge "$scratch/propensities"
cat "$out"
mkdir "$scratch/records"
cut -f 2 "$scratch/propensities" | sed '/^$/d' > "$scratch/records/all.propensities.jsonl"
topic models | cut -f 2 > "$scratch/records/all.model.jsonl"
expect 0 sh tests/schemas/validate "$scratch/records"

say "asked by an audience"
expect 0 "$freshet" audience --json --rule 'propensity("purchase") >= 0'
is '118 <= j["people"] <= 178' # 148, and noise
expect 0 "$freshet" audience --json --rule 'propensity("purchase") > 0.999'
is 'j["people"] is None'
expect 64 "$freshet" audience --rule 'propensity("active") > 0.5'
has "freshet propensities fit active"

say "rolled back"
expect 0 "$freshet" propensities rollback purchase --reason "a try"
expect 66 "$freshet" propensities rollback active
topic models > "$scratch/models"
holds "the topic says what was rolled back" grep -q '"event":"rolled_back","task":"purchase"' "$scratch/models"
[ $bad -eq 0 ]
