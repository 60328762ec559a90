# freshet eval stream: the protocol against a second implementation, the same figures twice, groups found by themselves, and
# inputs that are wrong.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
. "$root/tests/expect"
helper=tests/e2e/eval_stream.py log=$scratch/log.jsonl
python3 "$helper" make "$log"

# timeless: $out without what depends on the machine.
timeless() { sed -E 's/"(fit_seconds|score_seconds|peak_mib)":[^,}]*//g' "$out"; }

say "the protocol, against Python"
expect 0 "$freshet" eval stream --events "$log" --json 2> "$scratch/complaints"
grep '^{' "$out" > "$scratch/rows"
holds "rows" python3 "$helper" check "$scratch/rows" "$log"
has "groups by side"
grep -v -E "groups by|events  " "$out" > "$scratch/once"
mv "$scratch/once" "$out"
timeless > "$scratch/first"

say "the same again, from two files, one of them packed"
head -n 1000 "$log" | gzip > "$scratch/a.gz"
tail -n +1001 "$log" > "$scratch/b"
expect 0 "$freshet" eval stream --events "$scratch/a.gz" "$scratch/b" --json
grep '^{' "$out" > "$scratch/rows" && mv "$scratch/rows" "$out"
timeless > "$scratch/second"
holds "the same figures" cmp -s "$scratch/first" "$scratch/second"

say "table, plot, repeats"
expect 0 "$freshet" eval stream --events "$log" --target click --repeats --k 5,50 --plot "$scratch/plot.svg"
has "blend / best source"
holds "a plot" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/plot.svg"
expect 0 "$freshet" eval stream --events "$log" --set profile.group_by=shoe --blend-only
has "groups by shoe"

say "what cannot be"
expect 64 "$freshet" eval stream
has "--events FILE"
expect 64 "$freshet" eval stream --events "$log" --target clik
has "there is no such type"
expect 64 "$freshet" eval stream --events "$log" --target impression
has "its weight is 0"
expect 64 "$freshet" eval stream --events "$log" --k 0
has "lengths of 1 to 200"
expect 66 "$freshet" eval stream --events "$scratch/nowhere"
has "nowhere"
: > "$scratch/empty"
expect 66 "$freshet" eval stream --events "$scratch/empty"
has "nothing to ask"
[ "$bad" = 0 ]
