# Look-alikes at the command, with each form that a fitted model may have: the people of the seed's taste are found, neither the seed nor
# who refused ads is listed or counted, and nothing is said of few.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_TOPIC_PREFIX="look-alike-$$" FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=2
export FRESHET_MODELS_TUNE_MS=0 FRESHET_TARGETING_MODEL_BITS=12 FRESHET_TARGETING_AUDIENCE_SALT=salt
. "$root/tests/expect"

python3 tests/e2e/look_alike.py events > "$scratch/events"
printf '%s\n' '{"id":"members","kind":"segment","rule":"member"}' > "$scratch/segments"
expect 0 "$freshet" topics create
expect 0 "$freshet" campaigns load "$scratch/segments"
expect 0 "$freshet" replay --no-progress "$scratch/events"
expect 0 "$freshet" run --until-idle 3

say "without a model"
expect 66 "$freshet" audience --like members
has "no fitted model is in force (make one with: freshet models fit)"

# in_force FAMILIES NEAR: a bundle of these models is fitted and comes in force.
in_force() {
    "$freshet" models fit --json --set models.families="$1" --set models.near="$2" > "$out" 2>&1 || [ $? = 75 ] || cat "$out"
    version=$(tail -n 1 "$out" | python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
    expect 0 "$freshet" models promote "$version"
}
in_force popular 0
expect 66 "$freshet" audience --like members
has "has no model with vectors (it has popular); name one in models.families, like spectral or als"

for form in spectral:200 spectral:0 als:200 als:0; do
    say "$form"
    in_force "${form%:*}" "${form#*:}"
    expect_apart 0 "$freshet" audience --like members --json
    is "j['version'] == '$version' and j['model'] == '${form%:*}' and j['segment'] == 'members' and 80 <= j['seed'] <= 140"
    is '[s["similarity"] for s in j["sizes"]] == [.9, .8, .7, .6, .5, .4, .3, .2, .1]'
    is 'all(s["people"] is None or s["people"] >= 50 for s in j["sizes"]) and "listed" not in j'
    # Shoe people besides the seed are 150, all people who may be counted 660.
    is 'any(s["people"] and 120 <= s["people"] <= 180 for s in j["sizes"])'
    is 'all(s["people"] is None or s["people"] <= 580 for s in j["sizes"])'
    cp "$out" "$scratch/sizes"
    expect_apart 0 "$freshet" audience --like-rule member --json
    is "j['sizes'] == json.loads(open('$scratch/sizes').read())['sizes'] and j['rule'] == 'member'"
    expect_apart 0 "$freshet" audience --like members --list "$scratch/ids" --most 150 --json
    is "j['listed'] == len(open('$scratch/ids').read().split())"
    expect 0 python3 tests/e2e/look_alike.py judge "$scratch/ids"
    cat "$out"
done
holds "for its owner only" test "$(stat -c %a "$scratch/ids")" = 600

say "what is refused"
rm "$scratch/ids"
expect 64 "$freshet" audience --like-rule 'member and events > 1000'
expect 64 "$freshet" audience --like-rule gold --json
has "too few people of the seed are known to the model"
expect 64 "$freshet" audience --like members --list "$scratch/ids" --most 40
has "too few people would be in the list (about 75 or less): it is not written"
expect 64 "$freshet" audience --like members --list "$scratch/ids" --least 0.9999
holds "nothing is written" test ! -e "$scratch/ids"
expect 66 "$freshet" audience --like member
has "no such segment: member (did you mean members?)"
expect 64 "$freshet" audience --like members --rule member
expect 64 "$freshet" audience --rule member --list "$scratch/ids"
expect 64 "$freshet" audience --like members --most 100
expect 66 "$freshet" audience --like members --list /nowhere/ids
has "/nowhere/ids cannot be written: No such file or directory"
expect 0 "$freshet" audience --like members
has "SIMILARITY    PEOPLE BESIDES THE SEED"
cat "$out"
[ $bad -eq 0 ]
