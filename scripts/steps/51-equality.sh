# Random logs and the demo's log through the pure rooms, against the independent implementation: users and items, bit for
# bit. Batch edges, partitions and round trips through the codecs follow from the seed. A failing seed is named.
. "$lib"
build asan rooms
rooms=build/asan/tests/rooms naive=tests/equality/naive.py
last=30
if [ -n "${FRESHET_SOAK:-}" ]; then last=2000; fi

# hold LOG SEED PARTITIONS HISTORY
hold() {
    same=yes
    "$rooms" "$1" "$scratch/users" "$scratch/items" "$2" "$3" "$4" age city || same=no
    for what in users items; do
        python3 "$naive" "$what" "$1" --partitions "$3" --history-items "$4" --group-by age,city > "$scratch/naive"
        python3 tests/equality/compare.py "$scratch/naive" "$scratch/$what" > "$scratch/said" ||
            { cat "$scratch/said"; same=no; }
    done
    case $same in
    yes) echo "1 0" >> "$counts" ;;
    no) echo "0 1" >> "$counts"; say "not equal: log $1, seed $2, $3 partitions, history $4" ;;
    esac
}

seed=1
while [ $seed -le $last ]; do
    events=$((1000 + seed * 37 % 2000)) history=$((2 + seed * seed % 30))
    python3 tests/equality/genlog.py --native --seed $seed --events $events --users 30 --items 60 > "$scratch/log"
    hold "$scratch/log" $seed $((1 + seed % 7)) $history
    seed=$((seed + 1))
done
gzip -cd data/demo/kuairand-demo.jsonl.gz | head -n 40000 > "$scratch/demo"
hold "$scratch/demo" 1 8 50
