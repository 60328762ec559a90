#!/bin/sh
# What freshet exposes, under the eyes of Prometheus' own linter.
#
#   tests/metrics_lint.sh [BUILD-FOLDER]      default: build/dev; exit 77 where promtool is missing
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=${1:-$root/build/dev}
command -v promtool > /dev/null || { echo "promtool is missing (Debian package prometheus)"; exit 77; }
text=$(mktemp)
trap 'rm -f "$text"' EXIT
"$build/tests/test_metrics" --print > "$text"
promtool check metrics < "$text"
echo "promtool finds nothing wrong with $(grep -c '^# TYPE' "$text") metrics"
