# freshet eval ctr: attribution and measures against a second implementation, the same figures twice, and inputs that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
. "$root/tests/expect"
helper=tests/e2e/eval_ctr.py log=$scratch/log.jsonl
python3 "$helper" make "$log"

# timeless: $out without what depends on the machine.
timeless() { grep '^{' "$out" | sed -E 's/"(examples_per_second|events_per_second|peak_mib)":[^,}]*//g'; }

say "labels and measures, against Python"
expect 0 "$freshet" eval ctr --events "$log" --window 5 --late 10 --predictions "$scratch/csv" --json
cp "$out" "$scratch/rows"
holds "rows" python3 "$helper" check "$scratch/rows" "$scratch/csv" "$log"
timeless > "$scratch/first"

say "the same again, from two files, one of them packed"
head -n 1000 "$log" | gzip > "$scratch/a.gz"
tail -n +1001 "$log" > "$scratch/b"
expect 0 "$freshet" eval ctr --events "$scratch/a.gz" "$scratch/b" --window 5 --late 10 --json
timeless > "$scratch/second"
holds "the same figures" cmp -s "$scratch/first" "$scratch/second"

say "table, plot, limit"
expect 0 "$freshet" eval ctr --events "$log" --window 15 --limit 2000 --plot "$scratch/plot.svg"
has "predicted / actual"
has "impressions: 2000,"
holds "a plot" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/plot.svg"

say "what cannot be"
expect 64 "$freshet" eval ctr
has "--events FILE"
expect 64 "$freshet" eval ctr --events "$log" --label clik
has "there is no such type"
expect 64 "$freshet" eval ctr --events "$log" --pending 0
has "--pending: 1 to"
expect 64 "$freshet" eval ctr --events "$log" --rate-bits 3
has "--rate-bits: 4 to"
expect 66 "$freshet" eval ctr --events "$scratch/nowhere"
has "nowhere"
expect 66 "$freshet" eval ctr --events "$log" --items "$log"
has "bad lines"
: > "$scratch/empty"
expect 66 "$freshet" eval ctr --events "$scratch/empty"
has "nothing to learn"
[ "$bad" = 0 ]
