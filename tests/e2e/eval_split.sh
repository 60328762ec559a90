# freshet eval split and cold: figures against an independent computation, parameters that no test file can sway, files that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
. "$root/tests/expect"
helper=tests/e2e/eval_split.py
train=$scratch/train test=$scratch/test other=$scratch/other friends=$scratch/friends items=$scratch/items

# measure CODE ARGUMENT...: what it exits with and prints, as tests/expect says.
measure() {
    code=$1; shift
    expect_apart "$code" "$freshet" eval split "$@"
}
# figure KEY: of the first row of $out.
figure() { head -n 1 "$out" | python3 -c "import json, sys; print('%.6g' % json.load(sys.stdin)['$1'])"; }

python3 "$helper" make "$scratch"

say "popularity, against Python"
for k in 1 20; do
    measure 0 --train "$train" --test "$test" --models popular --k $k --json
    # shellcheck disable=SC2046
    set -- $(python3 "$helper" popular "$train" "$test" $k)
    for key in recall ndcg mrr hit_rate precision; do
        holds "$key at $k is $(figure $key), wanted $1" [ "$(figure $key)" = "$1" ]
        shift
    done
done

say "every row, table and JSON, several lengths"
measure 0 --train "$train" --test "$test" --models popular,item-cf,blend --k 5 --budget 2 --json
holds "rows" python3 "$helper" rows "$out" popular item-cf blend
measure 0 --train "$train" --test "$test" --models popular,item-cf --k 5,10 --budget 0
holds "a heading and four rows" [ "$(wc -l < "$out")" = 5 ]
measure 0 --train "$train" --test "$test" --friends "$friends" --items "$items" --models all --k 5 --budget 0 --json
holds "nothing lacks friends" [ "$(grep -c 'needs --friends' "$complaints")" = 0 ]

say "the same split in another dress"
measure 0 --train "$train" --test "$test" --models item-cf --k 5 --budget 0 --json
recall=$(figure recall)
sort -R "$train" | gzip > "$scratch/train.gz"
awk '{ for (i = 2; i <= NF; i++) print $1 "\t" $i "\t" i }' "$test" > "$scratch/test.tsv"
measure 0 --train "$scratch/train.gz" --test "$scratch/test.tsv" --models item-cf --k 5 --budget 0 --json
holds "recall $(figure recall) is $recall" [ "$(figure recall)" = "$recall" ]

say "what is chosen does not depend on what is tested"
measure 0 --train "$train" --test "$test" --models item-cf,blend --k 5 --budget 600 --json --save-params "$scratch/p1"
cp "$out" "$scratch/first"
measure 0 --train "$train" --test "$other" --models item-cf,blend --k 5 --budget 600 --json --save-params "$scratch/p2"
holds "the parameters are the same" cmp "$scratch/p1" "$scratch/p2"
holds "other figures" [ "$(figure recall)" != "$(head -n 1 "$scratch/first" | python3 -c \
    "import json, sys; print('%.6g' % json.load(sys.stdin)['recall'])")" ]
measure 0 --train "$train" --test "$test" --models item-cf --k 5 --json --params "$scratch/p1"
holds "the file's parameters give the same figures" [ "$(figure recall)" = "$(head -n 1 "$scratch/first" | python3 -c \
    "import json, sys; print('%.6g' % json.load(sys.stdin)['recall'])")" ]

say "what to choose by comes in a file, and is in no list"
# shellcheck disable=SC2046
set -- $(python3 "$helper" popular "$train" "$test" 5 "$other")
measure 0 --train "$train" --valid "$other" --test "$test" --models popular --k 5 --json
holds "recall $(figure recall) is $1" [ "$(figure recall)" = "$1" ]
# shellcheck disable=SC2046
set -- $(python3 "$helper" popular "$train" "$other" 5)
holds "validation $(figure validation) is the mean of $1 and $2" \
    python3 -c "import sys; sys.exit(abs($(figure validation) - ($1 + $2) / 2) > 2e-6)"

say "a split as RecBole makes it"
for n in 1 2 3 9 10 25; do
    seq "$n" | sed "s/.*/{\"event_type\":\"view\",\"user_id\":\"u$n\",\"item_id\":\"i&\",\"timestamp\":&}/"
done > "$scratch/views"
echo '{"event_type":"follow","user_id":"u3","target_user_id":"u1","timestamp":1}' >> "$scratch/views"
# lengths PART: user:items of each user in it.
lengths() { awk '{ printf "%s%s:%d", sep, $1, NF - 1; sep = " " }' "$scratch/tenths.$1.txt"; }
scripts/convert/split --types view --recbole --friends "$scratch/followed" "$scratch/tenths" < "$scratch/views"
holds "train is $(lengths train)" [ "$(lengths train)" = "u1:1 u10:8 u2:1 u25:21 u3:1 u9:7" ]
holds "test is $(lengths test)" [ "$(lengths test)" = "u10:1 u2:1 u25:2 u3:1 u9:1" ]
holds "valid is $(lengths valid)" [ "$(lengths valid)" = "u10:1 u25:2 u3:1 u9:1" ]
holds "no pair is in two parts" [ "$(awk '{ for (i = 2; i <= NF; i++) print $1, $i }' "$scratch"/tenths.*.txt | sort -u | wc -l)" = 50 ]
holds "who follows whom" [ "$(cat "$scratch/followed")" = "u3 u1" ]

say "cold users and items"
"$freshet" eval cold --data "$train" --items "$items" --models popular,item-cf,content --k 10 --budget 600 --json > "$out"
holds "three groups of three rows" [ "$(wc -l < "$out")" = 9 ]
# better MODEL GROUP: its recall is above that of popularity.
better() {
    python3 - "$out" "$@" << 'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
recall = {(row["model"], row["group"]): row["recall"] for row in rows}
sys.exit(not recall[sys.argv[2], sys.argv[3]] > recall["popular", sys.argv[3]])
END
}
holds "item CF folds new users in" better item-cf "new users"
holds "content knows new items" better content "new items"
holds "content knows new items, for new users, too" better content "both new"

say "what is wrong"
measure 64 --train "$train"
complains "split needs --train and --test"
measure 64 --train "$train" --test "$test" --models alss
complains "did you mean als?"
measure 64 --train "$train" --test "$test" --k 0
measure 64 --train "$train" --test "$test" --format csv
measure 66 --train /nowhere/train --test "$test"
complains "/nowhere/train: No such file or directory"
: > "$scratch/empty"
measure 66 --train "$train" --test "$scratch/empty"
complains "$scratch/empty: no pair is in it"
printf '1\t2\t1\n1\t3\tx\n' > "$scratch/wrong"
measure 66 --train "$scratch/wrong" --test "$test"
complains "$scratch/wrong:2: the value is not a number"
head -c 300 "$scratch/train.gz" > "$scratch/cut.gz"
measure 66 --train "$scratch/cut.gz" --test "$test"
echo '{"freshet":"parameters","version":1,"models":{"alss":{}}}' > "$scratch/bad.json"
measure 78 --train "$train" --test "$test" --params "$scratch/bad.json"
complains "alss: there is no such model"

[ "$bad" = 0 ]
