# freshet eval propensity: figures against an independent computation, rows divided by time, inputs that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
helper=tests/e2e/eval_propensity.py out=$scratch/out complaints=$scratch/complaints
table=$scratch/table.csv events=$scratch/events.jsonl items=$scratch/items.jsonl
bad=0

# expect CODE ARGUMENT...: the exit code; standard output is in $out, errors in $complaints.
expect() {
    want=$1; shift
    got=0
    "$freshet" eval propensity "$@" > "$out" 2> "$complaints" || got=$?
    [ "$got" = "$want" ] && return 0
    bad=$((bad + 1))
    say "exit $got, not $want: $*"
    cat "$complaints"
}
# complains TEXT: the last command said it.
complains() {
    grep -qF -- "$1" "$complaints" && return 0
    bad=$((bad + 1))
    say "not said: $1"
    cat "$complaints"
}
# holds WHAT COMMAND...: the command succeeds.
holds() {
    what=$1; shift
    "$@" && return 0
    bad=$((bad + 1))
    say "not true: $what"
}

python3 "$helper" make "$scratch"

say "a table, against Python"
expect 0 --table "$table" --label bought --categories code --models logistic,boosting --folds 4 --json --predictions "$scratch/p"
holds "two rows" [ "$(wc -l < "$out")" = 2 ]
holds "figures" python3 "$helper" figures "$scratch/p" "$out"
cp "$scratch/p" "$scratch/again"
expect 0 --table "$table" --label bought --categories code --models logistic,boosting --folds 4 --predictions "$scratch/p"
holds "the same again" cmp "$scratch/p" "$scratch/again"
holds "a heading and two rows" [ "$(wc -l < "$out")" = 3 ]
for how in weights balanced; do
    expect 0 --table "$table" --label bought --models logistic --folds 2 --imbalance $how --calibration isotonic
    holds "it says how" grep -q "$how" "$out"
done

say "a log"
for task in purchase churn "category:kind 1"; do
    expect 0 --events "$events" --items "$items" --predict "$task" --every-days 3 --models boosting --rows "$scratch/rows" --json
    holds "baseline and boosting" [ "$(grep -c '"model":"b' "$out")" = 2 ]
    holds "divided by time" python3 "$helper" rows "$scratch/rows"
done

say "what is wrong"
expect 64; complains "either --table or --events"
expect 64 --table "$table"; complains "--table needs --label"
expect 64 --table "$table" --label bought --models best; complains "best is none of logistic"
expect 64 --table "$table" --label bought --folds 1; complains "--folds must be 2 to 100"
expect 64 --table "$table" --label bought --imbalance lots; complains "lots is none of none"
expect 64 --events "$events"; complains "--events needs --predict"
expect 78 --table "$table" --label sold; complains "there is no column sold"
expect 78 --table "$table" --label visits; complains "is neither true nor false"
expect 66 --table "$scratch/nothing" --label bought; complains "No such file"
expect 78 --events "$events" --predict joy; complains "joy is none of purchase"
expect 78 --events "$events" --predict category:x; complains "needs --items"
expect 78 --events "$events" --predict purchase --warmup-days 500; complains "the log is too short"

[ "$bad" = 0 ] || die "$bad checks failed"
