# The shell scripts under shellcheck, as POSIX sh.
grep -rlIE --exclude-dir=libs '^#!/bin/sh' scripts tests .ci | sort | xargs shellcheck -s sh -S warning -e SC1090,SC1091,SC2154,SC2148
# Steps have no first line of their own; root, scratch and lib come from their environment.
find scripts/steps tests/e2e -name '*.sh' | sort | xargs shellcheck -s sh -S warning -e SC1090,SC1091,SC2154,SC2148
