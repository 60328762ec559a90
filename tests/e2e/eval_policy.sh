# freshet eval policy: estimates against a second implementation, policies and forms of a log, and inputs that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
. "$root/tests/expect"
helper=tests/e2e/eval_policy.py
python3 "$helper" make "$scratch"
shown=$scratch/shown.jsonl other=$scratch/other.jsonl

# evaluate FILE OPTIONS...: as JSON into FILE.
evaluate() {
    file=$1; shift
    expect 0 "$freshet" eval policy --json --drawings 200 "$@"
    grep '^{' "$out" > "$scratch/$file"
}

say "estimates, against Python"
evaluate rows --log "$shown" --policy "log:$other" --reward-model "$scratch/predicted.csv"
holds "another log's policy" python3 "$helper" check "$scratch/rows" "$scratch" log
evaluate plan --log "$shown" --policy "table:$scratch/plan.csv" --on-policy "$other" --reward-model "$scratch/predicted.csv"
holds "a table" python3 "$helper" check "$scratch/plan" "$scratch" plan
evaluate csv --log "$scratch/shown.csv" --policy "log:$other" --reward-model "$scratch/predicted.csv"
holds "the same from CSV" cmp -s "$scratch/rows" "$scratch/csv"

say "the fitted model: the same twice, and the truth within the doubly robust interval"
evaluate first --log "$shown" --policy "log:$other"
evaluate second --log "$shown" --policy "log:$other"
holds "the same figures" cmp -s "$scratch/first" "$scratch/second"
expect 0 "$freshet" eval policy --log "$shown" --policy "log:$other"
holds "dr contains it" grep -q '^dr .* yes$' "$out"
expect 0 "$freshet" eval policy --log "$shown" --policy uniform --clip 1.2
holds "some weights are lowered" grep -q "clipped [1-9]" "$out"
expect 0 "$freshet" eval policy --log "$shown" --policy greedy
has "effective rounds"

say "what cannot be"
expect 64 "$freshet" eval policy --policy uniform
has "needs --log"
expect 64 "$freshet" eval policy --log "$shown" --policy best
has "none of uniform"
expect 66 "$freshet" eval policy --log "$scratch/nowhere" --policy uniform
has "nowhere"
printf '{"action":"a","reward":1,"propensity":0}\n' > "$scratch/bad"
expect 78 "$freshet" eval policy --log "$scratch/bad" --policy uniform
has "bad:1: the propensity"
printf 'item_id,position,click\na,1,0\n' > "$scratch/bad"
expect 78 "$freshet" eval policy --log "$scratch/bad" --policy uniform
has "no column propensity_score"
printf 'action,probability\na,0.5\nb,0.4\n' > "$scratch/bad"
expect 78 "$freshet" eval policy --log "$shown" --policy "table:$scratch/bad"
has "not to 1"
head -n 9 "$scratch/predicted.csv" > "$scratch/bad"
expect 78 "$freshet" eval policy --log "$shown" --policy uniform --reward-model "$scratch/bad"
has "8 lines for 1500 rounds"
[ "$bad" = 0 ]
