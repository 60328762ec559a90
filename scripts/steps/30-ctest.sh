# Unit, contract and simulation tests under the address and undefined-behaviour sanitizers.
. "$lib"
build asan
status=0
ctest --test-dir build/asan --output-on-failure --no-tests=error -j "$(cores)" --output-junit "$scratch/junit.xml" ||
    status=$?
python3 - "$scratch/junit.xml" >> "$counts" <<'END'
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()
bad = int(suite.get("failures"))
print(int(suite.get("tests")) - bad - int(suite.get("skipped")), bad)
END
exit "$status"
