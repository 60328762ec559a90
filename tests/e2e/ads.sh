# The ad models, end to end: two systems get the same ad events, one of them is killed twice meanwhile; both learn the same
# models, to the bit. A snapshot is published; state made under other settings is refused.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
for tool in kcat redis-cli; do
    have $tool || { say "$tool is missing"; exit 77; }
done
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=1 FRESHET_TARGETING_MODEL_BITS=12 FRESHET_TARGETING_LATE_MS=600000
export FRESHET_TARGETING_CONVERSION_WINDOW_MS=3600000 FRESHET_TARGETING_AD_SNAPSHOT_MS=200
. "$root/tests/expect"
redis() {
    case $FRESHET_TEST_REDIS in
    unix://*) redis-cli -s "${FRESHET_TEST_REDIS#unix://}" "$@" ;;
    *) redis-cli -u "$FRESHET_TEST_REDIS" "$@" ;;
    esac
}

python3 tests/e2e/ads.py events > "$scratch/events.jsonl"
head -n 4000 "$scratch/events.jsonl" > "$scratch/first"
sed -n '4001,8000p' "$scratch/events.jsonl" > "$scratch/second"
sed -n '8001,$p' "$scratch/events.jsonl" > "$scratch/third"

# state_of PREFIX: its learner's state of the ad models, into $scratch/PREFIX.
state_of() {
    key=$(redis --scan --pattern "$1:learner:1:*:m:ads")
    redis --raw get "$key" > "$scratch/$1"
}

plain=ads-plain-$$ killed=ads-killed-$$ nap=1.5
for prefix in "$plain" "$killed"; do
    export FRESHET_TOPIC_PREFIX="$prefix"
    expect 0 "$freshet" topics create
    for part in first second third; do
        expect 0 "$freshet" replay --no-progress "$scratch/$part"
        if [ "$prefix" = "$killed" ] && [ $part != third ]; then
            "$freshet" run > "$scratch/log" 2>&1 &
            sleep $nap # the second time its state has been stored
            nap=7
            kill -9 $! 2> /dev/null || true
            wait $! 2> /dev/null || true
        else
            expect 0 "$freshet" run --until-idle 3
        fi
    done
    state_of "$prefix"
done

say "the same models, whoever died"
expect 0 python3 tests/e2e/ads.py compare "$scratch/$plain" "$scratch/$killed"
cat "$out"
say "a snapshot for those who score"
version=$(redis get "$(redis --scan --pattern "$killed:view:model-version:*:ads")")
holds "the snapshot has a version: $version" test "${version#e}" -gt 0
kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$killed.examples" -X isolation.level=read_committed -f '%k %S\n' > "$scratch/keys"
holds "examples of ads were told" grep -q '^ads ' "$scratch/keys"
say "other settings are refused"
expect 70 "$freshet" run --until-idle 3 --set targeting.model_bits=13
has "ad models"
[ $bad -eq 0 ]
