# freshet eval pacing: small days in both modes, with kills; what may never happen does not, and options that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
. "$root/tests/expect"

# measure CODE ARGUMENT...: what it exits with and prints, as tests/expect says.
measure() {
    code=$1; shift
    expect_apart "$code" "$freshet" eval pacing "$@"
}
# figures CONDITION: a Python expression over v, the object in $out.
figures() {
    python3 -c "import json, sys; v = json.load(sys.stdin); sys.exit(not ($1))" < "$out" && return 0
    bad=$((bad + 1))
    say "not true: $1"
    cat "$out"
}

small="--requests 300000 --campaigns 20 --users 20000 --json"

for mode in soft hard; do
    for kill in 0 60; do
        say "$mode mode, kills: $kill"
        # shellcheck disable=SC2086
        measure 0 $small --mode $mode --kill-every $kill
        figures "v['cap_violations'] == 0 and v['capped_impressions'] > 10000"
        figures "v['ledger_mismatches'] == 0 and v['replay_mismatches'] == 0"
        figures "v['kills'] == ($kill and 1439) and (v['replayed'] > 5000) == ($kill > 0)"
        figures "v['impression']['hours'] > 200"
        figures "v['impression']['spent'] > .99 and v['cannot_spend']['spent'] < .5"
        if [ $mode = hard ]; then
            figures "v['overspend'] == 0 and v['overspend_most'] == 0 and v['click']['spent'] > .5"
            figures "v['impression']['curve_most'] < .1"
        else
            figures "v['unbilled'] == 0 and v['overspend'] < .01 and v['impression']['curve_most'] < .02"
        fi
    done
done

say "the same seed is the same day, another one is not"
# shellcheck disable=SC2086
measure 0 $small --seed 5
sed 's/"seconds.*//' "$out" > "$scratch/first"
# shellcheck disable=SC2086
measure 0 $small --seed 5 --plot "$scratch/plot.svg"
sed 's/"seconds.*//' "$out" | cmp -s - "$scratch/first" || { bad=$((bad + 1)); say "seed 5 twice differs"; }
grep -q '^</svg>' "$scratch/plot.svg" || { bad=$((bad + 1)); say "no plot"; }
# shellcheck disable=SC2086
measure 0 $small --seed 6
sed 's/"seconds.*//' "$out" | cmp -s - "$scratch/first" && { bad=$((bad + 1)); say "seeds 5 and 6 agree"; }

say "steps of a tenth, for comparison"
# shellcheck disable=SC2086
measure 0 $small --steps
figures "v['impression']['hour_mean'] > .05 and v['cap_violations'] == 0 and v['ledger_mismatches'] == 0"

say "a shape of one's own"
for h in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23; do echo $h; done > "$scratch/shape"
# shellcheck disable=SC2086
measure 66 $small --shape "$scratch/shape"
complains "24 numbers are wanted, one a line; there are 23"
echo 200 >> "$scratch/shape"
# shellcheck disable=SC2086
measure 0 $small --shape "$scratch/shape"
figures "v['planned_micros'][23] > 3 * v['planned_micros'][22]"
echo 9 >> "$scratch/shape"
measure 66 --shape "$scratch/shape"
complains "line 25"
echo "x" > "$scratch/shape"
measure 66 --shape "$scratch/shape"
complains "line 1: x is no number above 0"
measure 66 --shape "$scratch/none"

say "options that are wrong"
measure 64 --mode firm
complains "the mode is soft or hard"
measure 64 --requests 10
complains "--requests is from 1000"
measure 64 --kill-every 3
complains "a restart takes 5 seconds"
measure 64 --campaigns 0
measure 64 --users 10000000 --campaigns 1000
complains "users times campaigns"
measure 64 --users 100
complains "at most 1000 requests a user"
measure 64 --instances 13
measure 64 more
[ $bad = 0 ]
