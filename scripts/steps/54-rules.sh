# Random rules and profiles through the language of rules, against the independent evaluator: 2,000 (soak: 100,000).
. "$lib"
build asan rule_rows
cases=2000
if [ -n "${FRESHET_SOAK:-}" ]; then cases=100000; fi
if python3 tests/equality/rule_naive.py build/asan/tests/rule_rows --cases "$cases"
then echo "1 0" >> "$counts"
else echo "0 1" >> "$counts"
fi
