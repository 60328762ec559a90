# Each fuzz target for 120,000 executions (soak: 5,000,000) under the sanitizers, from the inputs in tests/fuzz/corpus.
. "$lib"
build fuzz
ls build/fuzz/tests/fuzz_* > /dev/null 2>&1 || { say "no fuzz targets"; exit 77; }
runs=120000 seed=1
if [ -n "${FRESHET_SOAK:-}" ]; then runs=5000000 seed=0; fi
export runs seed
find build/fuzz/tests -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x | sort > "$scratch/targets"
# shellcheck disable=SC2016  # $1 and the rest belong to the inner shell
xargs -P "$(cores)" -n 1 sh -c '
    name=${1##*/}
    mkdir -p "$scratch/$name"
    set -- "$1" "$scratch/$name"
    [ ! -d "tests/fuzz/corpus/$name" ] || set -- "$@" "tests/fuzz/corpus/$name"
    if "$@" -runs="$runs" -seed="$seed" -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
        -artifact_prefix="$scratch/" > "$scratch/$name.log" 2>&1
    then echo "1 0" >> "$counts"; grep -E "number_of_executed|average_exec" "$scratch/$name.log" | sed "s/^/$name /"
    else
        echo "0 1" >> "$counts"; tail -40 "$scratch/$name.log"
        for input in "$scratch"/crash-* "$scratch"/timeout-* "$scratch"/oom-*; do
            [ ! -f "$input" ] || { echo "$name: input, base64:"; base64 "$input"; }
        done
        exit 1
    fi' sh < "$scratch/targets"
