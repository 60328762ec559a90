# Logs through real Kafka and Redis: users and items of `freshet dump` equal the independent implementation's, bit for
# bit; for small and large batches, when run again over the same topics, after `freshet forget` (equal to the log without
# the user) and after things were taken back (equal to the log in which they were never done). After each, the audit of
# `freshet doctor` finds nothing; published lists fit their schema.
. "$lib"
build release freshet
freshet=build/release/freshet
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=4
events=${FRESHET_SOAK:+200000}
events=${events:-7000}

# outcome STATUS WHAT: counts one comparison.
outcome() {
    if [ "$1" = 0 ]; then echo "1 0" >> "$counts"; else echo "0 1" >> "$counts"; say "FAILED: $2"; fi
}

# use NAME: fresh topics and keys.
use() {
    export FRESHET_TOPIC_PREFIX="equality-$$-$1"
    "$freshet" topics create > /dev/null
}

# process [OPTION...]: until everything in the topics is in the state.
process() { "$freshet" run --quiet --until-idle 2 "$@"; }

# holds users|items LOG: the dump equals what the naive implementation makes of LOG.
holds() {
    what=$1 log=$2 status=0
    naive=$log.naive-$what
    "$freshet" dump "$what" > "$scratch/$what"
    [ -s "$naive" ] || python3 tests/equality/naive.py "$what" "$log" --partitions 4 > "$naive"
    python3 tests/equality/compare.py "$naive" "$scratch/$what" --pruned || status=$?
    outcome $status "$FRESHET_TOPIC_PREFIX: $what of ${log##*/}"
}

audited() {
    status=0
    "$freshet" doctor --audit > "$scratch/doctor" || { status=$?; cat "$scratch/doctor"; }
    outcome $status "$FRESHET_TOPIC_PREFIX: doctor --audit"
}

edit() { python3 tests/equality/edit_log.py "$@"; }

python3 tests/equality/genlog.py --native --seed "${FRESHET_SEED:-11}" --events "$events" > "$scratch/random"

for batch in 40 20000; do
    use random-$batch
    "$freshet" replay --no-progress "$scratch/random"
    process --set kafka.max_batch_records=$batch
    holds users "$scratch/random"
    holds items "$scratch/random"
    audited
done
process
holds items "$scratch/random"

gzip -cd data/demo/kuairand-demo.jsonl.gz | head -n $((events * 2)) > "$scratch/demo"
use demo
# In two parts, so that lists are made when neighbours are known.
head -n "$events" "$scratch/demo" > "$scratch/first"
tail -n +$((events + 1)) "$scratch/demo" > "$scratch/second"
for part in first second; do
    "$freshet" replay --no-progress "$scratch/$part"
    process --set kafka.max_batch_records=2000
done
holds users "$scratch/demo"
holds items "$scratch/demo"
audited
"$freshet" dump lists > "$scratch/lists"
# A list takes the validator 40 ms: every 50th.
awk 'NR % 50 == 1' "$scratch/lists" > "$scratch/some.recommendations.jsonl"
status=0
sh tests/schemas/validate "$scratch/some.recommendations.jsonl" || status=$?
outcome $status "published lists"
# Every line is the list of another user, in the order of ids.
sed 's/.*"user_id":"\([^"]*\)".*/\1/' "$scratch/lists" > "$scratch/listed"
LC_ALL=C sort -cu "$scratch/listed" || outcome 1 "order of dump lists"

# Forgetting happens now, so the log has to end now.
edit shift "$scratch/random" > "$scratch/recent"
use forget
"$freshet" replay --no-progress "$scratch/recent"
process
leaving=$(edit users "$scratch/recent" | sed -n '1p;20p')
# shellcheck disable=SC2086  # two words are wanted
"$freshet" forget --yes $leaving > /dev/null
process
# shellcheck disable=SC2086
edit without $leaving "$scratch/recent" > "$scratch/rest"
# shellcheck disable=SC2086
edit forget $leaving "$scratch/rest" > "$scratch/without"
holds users "$scratch/without"
holds items "$scratch/without"
audited
for user in $leaving; do
    status=0
    "$freshet" show user "$user" 2> /dev/null || status=$?
    [ $status = 66 ] || outcome 1 "show user $user after forget: exit $status"
done
"$freshet" dump lists > "$scratch/lists"
for user in $leaving; do
    if grep -q "\"user_id\":\"$user\"" "$scratch/lists"; then outcome 1 "$user still has a list"; fi
done

# What was taken back still has its place in the history: with room for it, nothing else changes.
edit regret 500 "$scratch/random" > "$scratch/regretted"
use regret
"$freshet" replay --no-progress "$scratch/regretted"
process --set profile.history_items=1000
"$freshet" dump items --set profile.history_items=1000 > "$scratch/regretted-items"
python3 tests/equality/naive.py items "$scratch/random" --partitions 4 --history-items 1000 > "$scratch/naive"
status=0
python3 tests/equality/compare.py "$scratch/naive" "$scratch/regretted-items" --pruned || status=$?
outcome $status "items after things were taken back"
