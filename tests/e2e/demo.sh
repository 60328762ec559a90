# The demo on the first events of its log: it ends by itself, says what it should, and counts what went through it.
. "$lib"
[ -x build/release/freshet ] || { say "no build/release/freshet"; exit 77; }
use_scratch
FRESHET_REDIS_URL=$(start_redis "$scratch/redis")
export FRESHET_REDIS_URL
gzip -cd data/demo/kuairand-demo.jsonl.gz | head -n 12000 > "$scratch/log.jsonl"
printf '{"event_type":"click"\n' >> "$scratch/log.jsonl"

demo() { build/release/freshet run -c config/demo.yaml --embedded "$scratch/log.jsonl" "$@"; }
fail() { cat "$scratch/out"; say "$*"; exit 1; }
expect() { grep -Eq "$1" "$scratch/out" || fail "no line with: $1"; }

demo --seconds 8 --no-live > "$scratch/out" || fail "exit code $?"
expect '^Summary: 12,001 events in [0-9.]+ s$'
expect '^  lists +[0-9,]{5,} '
expect '^  affinity deltas +[0-9,]{5,} '
expect '^  rejected +1   truncated 1$'
expect '^  duplicates +0$'
expect "^  freshet's list +[0-9.]+ % +[0-9.]+ %\$"
expect '^  most popular when it was published +[0-9.]+ % +[0-9.]+ %$'
expect '^Trending at the end'

# The same Redis again: a log that begins anew must not continue that state.
status=0
demo --seconds 1 --no-live > "$scratch/out" 2>&1 || status=$?
[ $status = 69 ] || fail "exit code $status over a state that was there, not 69"
expect 'holds state'

# Ctrl-C ends it early, with a summary of what there was.
redis-cli -s "$scratch/redis/redis.sock" flushall > /dev/null
build/release/freshet run -c config/demo.yaml --embedded "$scratch/log.jsonl" --seconds 600 --no-live > "$scratch/out" &
demo=$!
sleep 3
kill -INT $demo
wait $demo || fail "exit code $? after SIGINT"
expect '^Summary: '
