# Audiences at the command: who has refused ads or profiling, or was forgotten, is counted nowhere, whichever way is asked; rules
# with interests and segments are answered from the topics.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=2 FRESHET_TARGETING_MODEL_BITS=12 FRESHET_TARGETING_AUDIENCE_SALT=salt
. "$root/tests/expect"
prefix=audience-$$

python3 tests/e2e/audience.py items > "$scratch/items"
python3 tests/e2e/audience.py segments > "$scratch/segments"
# fill PREFIX WORD...: the world of these events.
fill() {
    export FRESHET_TOPIC_PREFIX="$1"
    shift
    python3 tests/e2e/audience.py events "$@" > "$scratch/events"
    expect 0 "$freshet" topics create
    expect 0 "$freshet" items load "$scratch/items"
    expect 0 "$freshet" campaigns load "$scratch/segments"
    expect 0 "$freshet" replay --no-progress "$scratch/events"
    expect 0 "$freshet" run --until-idle 3
}
# people QUESTION...: what the command answers, null for few.
people() {
    expect_apart 0 "$freshet" audience --json "$@"
    is 'set(j) - {"segment"} == {"rule", "people", "as_of"}'
    python3 -c 'import json, sys; print(json.load(sys.stdin)["people"])' < "$out"
}
# about LOW QUESTION...: the answer is within the noise of LOW, and the same as $same if that is set; leaves it in $answer.
about() {
    true_count=$1; shift
    answer=$(people "$@")
    # noise of at most 25, and half a step
    holds "$answer is about $true_count: $*" test "$answer" != None -a "${answer#None}" -ge $((true_count - 30)) \
        -a "${answer#None}" -le $((true_count + 30))
}
answers() {
    about 240 --rule 'purchases(30d) >= 1' && printf '%s ' "$answer"
    about 240 --rule '' && printf '%s ' "$answer"
    about 120 --rule 'touched("shoe1")' && printf '%s ' "$answer"
    about 120 --rule 'interest("shoes") > 0.5' && printf '%s ' "$answer"
    about 120 --rule 'segment("shoe-people")' && printf '%s ' "$answer"
    about 120 --rule 'not segment("shoe-people")' && printf '%s ' "$answer"
    about 240 --rule 'segment("shoppers") and interest("bags") < 2' && printf '%s ' "$answer"
    about 120 --segment shoe-people && printf '%s ' "$answer"
    about 240 --segment shoppers && printf '%s ' "$answer"
}

say "nobody who refused or was forgotten is counted"
fill "$prefix"
expect 66 "$freshet" show user gone7
expect 0 "$freshet" show user ads7
answers > "$scratch/with"
about 120 --rule '' --set targeting.consent=given
given=$answer
about 120 --segment shoe-people
holds "the same people, the same answer" test "$given" = "$answer"
holds "the people of bags have not agreed" test "$(people --rule 'touched("bag1")' --set targeting.consent=given)" = None
# The noise hangs on who is counted: another world in which the others never were has the same answers to the digit.
fill "$prefix-allowed" allowed
answers > "$scratch/without"
holds "as if they had never come" cmp "$scratch/with" "$scratch/without"
cat "$scratch/with"

say "what is asked for"
expect 0 "$freshet" audience --segment shoe-people --json
is 'j["segment"] == "shoe-people" and j["rule"] == "(interest(\"shoes\") > 0.5)"'
expect 66 "$freshet" audience --segment shoe-peopel
has "no such segment: shoe-peopel (did you mean shoe-people?)"
expect 66 "$freshet" audience --segment summer
expect 0 "$freshet" audience --rule 'segment("nobody")'
has "there is no segment nobody: nobody is in it"
has "too few people"
expect 64 "$freshet" audience --segment likely
has 'no model is in force for propensity("purchase")'
expect 64 "$freshet" audience --rule 'segment("likely")'
expect 64 "$freshet" audience --rule 'propensity("purchase") > 1'
expect 64 "$freshet" audience --rule 'events > 1' --segment shoppers
expect 64 "$freshet" audience --rule 'purchse(1d) > 1'
has "rule:1:1: there is no purchse(..); did you mean purchases?"
expect 0 "$freshet" audience --rule 'events > 1' --set kafka.bootstrap_servers=127.0.0.1:1
expect 69 "$freshet" audience --segment shoppers --set kafka.bootstrap_servers=127.0.0.1:1
has "does not answer"
[ $bad -eq 0 ]
