# Campaigns, end to end: records on their topic become scores at theirs, also when a process dies; nobody is scored who refused,
# caps, purchases and segments hold at the topics, and each billable event is in the ledger once.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
for tool in kcat redis-cli; do
    have $tool || { say "$tool is missing"; exit 77; }
done
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=2 FRESHET_TARGETING_MODEL_BITS=12
export FRESHET_TARGETING_SCORE_VIEWS=true FRESHET_TARGETING_AD_SNAPSHOT_MS=200
. "$root/tests/expect"
prefix=campaigns-$$
export FRESHET_TOPIC_PREFIX="$prefix"
redis() {
    case $FRESHET_TEST_REDIS in
    unix://*) redis-cli -s "${FRESHET_TEST_REDIS#unix://}" "$@" ;;
    *) redis-cli -u "$FRESHET_TEST_REDIS" "$@" ;;
    esac
}

python3 tests/e2e/campaigns.py events > "$scratch/events"
expect 0 "$freshet" topics create
python3 tests/e2e/campaigns.py campaigns | kcat -b "$FRESHET_TEST_KAFKA" -P -t "$prefix.campaigns" -K '	'
head -n 3000 "$scratch/events" > "$scratch/first"
sed -n '3001,$p' "$scratch/events" > "$scratch/second"
for part in first second; do
    expect 0 "$freshet" replay --no-progress "$scratch/$part"
    "$freshet" run > "$scratch/log" 2>&1 &
    sleep 2
    kill -9 $! 2> /dev/null || true
    wait $! 2> /dev/null || true
    expect 0 "$freshet" run --until-idle 3
done

say "what the topics and the store say"
kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$prefix.ad-scores" -X isolation.level=read_committed -f '%k\t%s\n' > "$scratch/scores"
kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$prefix.audiences" -X isolation.level=read_committed -f '%k\t%s\n' > "$scratch/audiences"
redis --raw get "$(redis --scan --pattern "$prefix:aggregate:1:*:l:shown")" > "$scratch/ledger"
expect 0 python3 tests/e2e/campaigns.py judge "$scratch/events" "$scratch/scores" "$scratch/ledger" "$scratch/audiences"
cat "$out"
mkdir "$scratch/records"
cut -f 2 "$scratch/scores" | sed '/^$/d' > "$scratch/records/all.ad-scores.jsonl"
cut -f 2 "$scratch/audiences" | sed '/^$/d' > "$scratch/records/all.audiences.jsonl"
expect 0 sh tests/schemas/validate "$scratch/records"
say "what is no campaign"
expect 0 "$freshet" rejects list --json
is '[(r["code"], r["topic"]) for r in j["rejects"]] == [("bad_campaign", "'"$prefix"'.campaigns")]'
is '"pays.price" in j["rejects"][0]["message"] and "rule" in j["rejects"][0]["message"]'
say "views for an ad server, and for whoever paces"
holds "u9's scores are in Redis" test -n "$(redis get "$(redis --scan --pattern "$prefix:view:ads:*:u9")")"
holds "a pacing view is there" test -n "$(redis --scan --pattern "$prefix:view:pacing:*" | head -n 1)"
[ $bad -eq 0 ]
