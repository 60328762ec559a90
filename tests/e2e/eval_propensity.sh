# freshet eval propensity: figures against an independent computation, rows divided by time, inputs that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
. "$root/tests/expect"
helper=tests/e2e/eval_propensity.py
table=$scratch/table.csv events=$scratch/events.jsonl items=$scratch/items.jsonl

# measure CODE ARGUMENT...: what it exits with and prints, as tests/expect says.
measure() {
    code=$1; shift
    expect_apart "$code" "$freshet" eval propensity "$@"
}

python3 "$helper" make "$scratch"

say "a table, against Python"
measure 0 --table "$table" --label bought --categories code --models logistic,boosting --folds 4 --json --predictions "$scratch/p"
holds "two rows" [ "$(wc -l < "$out")" = 2 ]
holds "figures" python3 "$helper" figures "$scratch/p" "$out"
cp "$scratch/p" "$scratch/again"
measure 0 --table "$table" --label bought --categories code --models logistic,boosting --folds 4 --predictions "$scratch/p"
holds "the same again" cmp "$scratch/p" "$scratch/again"
holds "a heading and two rows" [ "$(wc -l < "$out")" = 3 ]
for how in weights balanced; do
    measure 0 --table "$table" --label bought --models logistic --folds 2 --imbalance $how --calibration isotonic
    holds "it says how" grep -q "$how" "$out"
done

say "a log"
for task in purchase churn "category:kind 1"; do
    measure 0 --events "$events" --items "$items" --predict "$task" --every-days 3 --models boosting --rows "$scratch/rows" --json
    holds "baseline and boosting" [ "$(grep -c '"model":"b' "$out")" = 2 ]
    holds "divided by time" python3 "$helper" rows "$scratch/rows"
done

say "what is wrong"
measure 64; complains "either --table or --events"
measure 64 --table "$table"; complains "--table needs --label"
measure 64 --table "$table" --label bought --models best; complains "best is none of logistic"
measure 64 --table "$table" --label bought --folds 1; complains "--folds must be 2 to 100"
measure 64 --table "$table" --label bought --imbalance lots; complains "lots is none of none"
measure 64 --events "$events"; complains "--events needs --predict"
measure 78 --table "$table" --label sold; complains "there is no column sold"
measure 78 --table "$table" --label visits; complains "is neither true nor false"
measure 66 --table "$scratch/nothing" --label bought; complains "No such file"
measure 78 --events "$events" --predict joy; complains "joy is none of purchase"
measure 78 --events "$events" --predict category:x; complains "needs --items"
measure 78 --events "$events" --predict purchase --warmup-days 500; complains "the log is too short"

[ "$bad" = 0 ] || die "$bad checks failed"
