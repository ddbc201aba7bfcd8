# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tap.bash - results of a script test, as TAP; a temporary directory.
#
#     . "$(dirname "$0")/tap.bash"
#     check "a file is there" test -f "$file"
#     plan
#
# Sourced: it changes to the project's top directory, and $tmp is gone when the
# script ends.  What a failing command printed stands behind its "not ok".

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
BUILD=${BUILD:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cases=0
bad=0

ok() {
    cases=$((cases + 1))
    echo "ok $cases - $1"
}

# not_ok NAME [FILE]: with what FILE holds, as comments.
not_ok() {
    cases=$((cases + 1))
    bad=$((bad + 1))
    echo "not ok $cases - $1"
    [ $# -lt 2 ] || sed 's/^/# /' "$2"
}

skip() {
    cases=$((cases + 1))
    echo "ok $cases - $1 # SKIP $2"
}

# check NAME COMMAND...: it succeeds.
check() {
    local name=$1
    shift
    if "$@" >"$tmp/said" 2>&1; then
        ok "$name"
    else
        not_ok "$name" "$tmp/said"
    fi
}

# empty NAME COMMAND...: it succeeds and prints nothing.
empty() {
    local name=$1
    shift
    if "$@" >"$tmp/said" 2>&1 && [ ! -s "$tmp/said" ]; then
        ok "$name"
    else
        not_ok "$name" "$tmp/said"
    fi
}

# finds NAME TEXT COMMAND...: it prints TEXT (a fixed string) somewhere.
finds() {
    local name=$1 text=$2
    shift 2
    "$@" >"$tmp/said" 2>&1
    if grep -qF -e "$text" "$tmp/said"; then
        ok "$name"
    else
        echo "(wanted: $text)" >>"$tmp/said"
        not_ok "$name" "$tmp/said"
    fi
}

# says NAME CODE TEXT COMMAND...: it exits with CODE and prints TEXT.
says() {
    local name=$1 code=$2 text=$3 got
    shift 3
    "$@" >"$tmp/said" 2>&1 </dev/null
    got=$?
    if [ "$got" = "$code" ] && grep -qF -e "$text" "$tmp/said"; then
        ok "$name"
    else
        echo "(exit code $got, wanted $code and: $text)" >>"$tmp/said"
        not_ok "$name" "$tmp/said"
    fi
}

# in_the_end COMMAND...: it succeeds, some time.
in_the_end() {
    for _ in $(seq 300); do
        "$@" && return
        sleep 0.1
    done
    return 1
}

plan() {
    echo "1..$cases"
    [ "$bad" = 0 ]
    exit
}
