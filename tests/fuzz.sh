#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The corpus of the fuzz targets, without a fuzzer: what was found once is not
# there again.  Plain, and with the sanitizers where they were built in.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

names=$(make -s fuzz-names)

replays() { # BUILD NAME
    local files=("tests/fuzz/corpus/$2"/*)
    "$1/fuzz/$2" "${files[@]}"
}

for build in "$BUILD" "$BUILD/address"; do
    for name in $names; do
        check "$name holds, $build" replays "$build" "$name"
    done
done

# A claim that does not hold is noticed.
planted() {
    cat >"$tmp/planted.c" <<'C'
#include "fuzz.h"
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MUST(size < 3 || data[2] != 'x');
    return 0;
}
C
    cc -Itests/fuzz "$tmp/planted.c" tests/fuzz/replay.c -o "$tmp/planted" &&
        printf 'aby' >"$tmp/good" && printf 'abx' >"$tmp/bad" &&
        "$tmp/planted" "$tmp/good" && ! "$tmp/planted" "$tmp/bad"
}
check "a claim that does not hold ends a target" planted

corpus_is_small() {
    local n size
    n=$(find tests/fuzz/corpus -type f | wc -l)
    size=$(find tests/fuzz/corpus -type f -printf '%s\n' |
        awk '{s += $1} END {print s + 0}')
    [ "$n" -lt 200 ] && [ "$size" -lt 300000 ]
}
check "the corpus is small" corpus_is_small
plan
