# Garbage among good events, up to the largest record that the topic takes: every bad record is in the rejects topic byte
# for byte, once, with its reason, and every good one is in the state. See garbage.py; FRESHET_SEED repeats a run.
. "$lib"
have kcat || { say "no kcat"; exit 77; }
build release freshet
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
exec python3 tests/e2e/garbage.py "${FRESHET:-build/release/freshet}" "$scratch"
