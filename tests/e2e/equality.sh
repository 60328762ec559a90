# A random log through real Kafka and Redis: users and items of `freshet dump` equal the independent implementation's,
# also when it runs a second time over the same topics (nothing is counted twice).
. "$lib"
[ -x build/release/freshet ] || { say "no build/release/freshet"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_TOPIC_PREFIX="equality-$$" FRESHET_HTTP_LISTEN=off
freshet=build/release/freshet

python3 tests/equality/genlog.py --native --seed "${FRESHET_SEED:-11}" --events 20000 > "$scratch/log.jsonl"
"$freshet" topics create
partitions=$("$freshet" topics --json | python3 -c '
import json, sys
topics = json.load(sys.stdin)["topics"]
print(next(topic["partitions"] for topic in topics if topic["name"].endswith(".events")))')
"$freshet" replay "$scratch/log.jsonl"

for run in first second; do
    "$freshet" run --until-idle 3
    for what in users items; do
        "$freshet" dump $what > "$scratch/$what"
        python3 tests/equality/naive.py $what "$scratch/log.jsonl" --partitions "$partitions" > "$scratch/naive"
        say "$run run, $what:"
        python3 tests/equality/compare.py "$scratch/naive" "$scratch/$what" --pruned
    done
done
