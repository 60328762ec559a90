# What a running freshet says under /metrics, by promtool, and the other addresses that operators' tools ask.
. "$lib"
[ -x build/release/freshet ] || { say "no build/release/freshet"; exit 77; }
use_promtool
use_scratch
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_TOPIC_PREFIX="metrics-$$" FRESHET_HTTP_LISTEN="127.0.0.1:$port"
build/release/freshet topics create

build/release/freshet run > "$scratch/log" 2>&1 &
at_exit "kill $!"
tries=0
until curl -fs -o /dev/null "http://127.0.0.1:$port/readyz"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { tail "$scratch/log"; say "not ready after 30 s"; exit 1; }
    sleep 0.1
done

curl -fs "http://127.0.0.1:$port/livez" > /dev/null
curl -fs "http://127.0.0.1:$port/version" > /dev/null
curl -fs "http://127.0.0.1:$port/metrics" > "$scratch/metrics"
grep -q '^freshet_' "$scratch/metrics" || { say "no freshet_ metrics"; exit 1; }
"$promtool" check metrics < "$scratch/metrics"
