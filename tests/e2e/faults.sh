# Faults with real servers: kills at the critical places of a commit, a Redis that loses data while freshet runs, and
# other processes that join, leave and die. See faults.py; FRESHET_SEED repeats a run.
. "$lib"
for tool in kcat redis-cli redis-server; do
    have $tool || { say "no $tool"; exit 77; }
done
build release freshet
FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" exec python3 tests/e2e/faults.py "${FRESHET:-build/release/freshet}" "$scratch"
