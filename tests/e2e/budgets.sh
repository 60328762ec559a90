# Hard budgets, end to end: an ad server shows what it is allowed, late and often, while one of two instances is killed again and
# again. By a count of the log no campaign costs more than was agreed, and what the books hold open covers what is under way.
# BREAK=3 in the environment lets the ad server show each score three times: then the step must fail.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
have kcat || { say "kcat is missing"; exit 77; }
use_scratch
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_KAFKA_PARTITIONS=4 FRESHET_TARGETING_MODEL_BITS=12
export FRESHET_TARGETING_SCORE_TTL_MS=8000 # until then a score may be shown
. "$root/tests/expect"
prefix=budgets-$$
export FRESHET_TOPIC_PREFIX="$prefix"
seconds=45

# instance NAME [LISTEN]: a member of the groups by that name, which a restart takes over at once; its process in $started.
instance() {
    FRESHET_KAFKA_INSTANCE_ID=$1 FRESHET_HTTP_LISTEN=${2:-off} "$freshet" run >> "$scratch/$1.log" 2>&1 &
    started=$!
    at_exit "kill -9 $started || true"
}

topic() {
    kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$prefix.$1" -X isolation.level=read_committed -f '%p\t%o\t%T\t%s\n'
}

expect 0 "$freshet" topics create
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
instance stays "127.0.0.1:$port"
stays=$started
instance dies
dies=$started
sleep 3
python3 tests/e2e/budgets.py campaigns $seconds | kcat -b "$FRESHET_TEST_KAFKA" -P -t "$prefix.campaigns" -K '	'
python3 tests/e2e/budgets.py serve "$FRESHET_TEST_KAFKA" "$prefix" $seconds "${BREAK:-1}" > "$scratch/served" 2>&1 &
server=$!
at_exit "kill $server || true"
for _ in 1 2 3 4 5; do
    sleep 7
    kill -9 "$dies"
    wait "$dies" 2> /dev/null || true
    sleep 1
    instance dies
    dies=$started
done
holds "the ad server ended well" wait $server
cat "$scratch/served"
curl -fs "http://127.0.0.1:$port/metrics" > "$scratch/metrics"
for name in given wanting; do
    holds "permits $name are counted" grep -q "^freshet_ad_permits_${name}_total [1-9]" "$scratch/metrics"
done
kill "$stays" "$dies"
holds "the one that stayed ended well" wait "$stays"
holds "the last life of the other ended well" wait "$dies"
FRESHET_HTTP_LISTEN=off expect 0 "$freshet" run --until-idle 2

say "what the log, the ledgers and the books say"
topic events > "$scratch/events"
topic ad-scores > "$scratch/scores"
expect 0 "$freshet" report campaigns --permits --json
cp "$out" "$scratch/report"
expect 0 python3 tests/e2e/budgets.py judge "$scratch/events" "$scratch/scores" "$scratch/report"
cat "$out"
expect 0 "$freshet" report campaigns --campaign hard-click --permits
cat "$out"
has "PARTITION"
has "UNTIL"
[ $bad -eq 0 ]
