# freshet report campaigns, end to end: an ad server that obeys the scores, people who convert more often when they are shown the
# campaign, and a report that says what a plain count of the log says, control group included.
. "$lib"
freshet=${FRESHET:-build/release/freshet}
[ -x "$freshet" ] || { say "no $freshet"; exit 77; }
have kcat || { say "kcat is missing"; exit 77; }
export FRESHET_KAFKA_BOOTSTRAP_SERVERS="$FRESHET_TEST_KAFKA" FRESHET_REDIS_URL="$FRESHET_TEST_REDIS"
export FRESHET_HTTP_LISTEN=off FRESHET_KAFKA_PARTITIONS=2 FRESHET_TARGETING_MODEL_BITS=12
export FRESHET_TARGETING_AUDIENCE_SALT=e2e FRESHET_TARGETING_AD_SNAPSHOT_MS=200
. "$root/tests/expect"
prefix=report-$$
export FRESHET_TOPIC_PREFIX="$prefix"
scores() {
    kcat -b "$FRESHET_TEST_KAFKA" -C -e -q -t "$prefix.ad-scores" -X isolation.level=read_committed -f '%k\t%s\n'
}

expect 78 "$freshet" report campaigns # no topic yet
expect 0 "$freshet" topics create
expect 0 "$freshet" report campaigns
has "there are no campaigns"
expect 66 "$freshet" report campaigns --campaign spring
expect 64 "$freshet" report users
python3 tests/e2e/report.py campaigns | kcat -b "$FRESHET_TEST_KAFKA" -P -t "$prefix.campaigns" -K '	'
python3 tests/e2e/report.py visits > "$scratch/visits"
expect 0 "$freshet" replay --no-progress "$scratch/visits"
expect 0 "$freshet" run --until-idle 3
for hour in 1 3 5; do # what the first hour taught is known in the third
    scores > "$scratch/scores"
    python3 tests/e2e/report.py ads "$scratch/scores" $hour > "$scratch/hour"
    expect 0 "$freshet" replay --no-progress "$scratch/hour"
    expect 0 "$freshet" run --until-idle 3
    cat "$scratch/hour" >> "$scratch/ads"
done

say "the report against a count"
expect 0 "$freshet" report campaigns --json --segments
cp "$out" "$scratch/report"
expect 0 python3 tests/e2e/report.py judge "$scratch/ads" "$scratch/scores" "$scratch/report"
cat "$out"
expect 0 "$freshet" report campaigns --segments --plot "$scratch/plot.svg"
cat "$out"
has "spring"
has "LIFT"
holds "the plot is XML" python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$scratch/plot.svg"
[ -z "${KEEP_PLOT:-}" ] || cp "$scratch/plot.svg" "$KEEP_PLOT"
expect 0 "$freshet" report campaigns --permits --json
is 'all("permits" not in r for r in j["campaigns"])' # no budget is hard
expect 0 "$freshet" report campaigns --campaign paused --json
is '[r["campaign_id"] for r in j["campaigns"]] == ["paused"]'
[ $bad -eq 0 ]
