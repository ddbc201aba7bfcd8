#!/bin/bash
# SPDX-License-Identifier: MIT
# abi.sh - nothing in the public structs moved; see abi.c.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

flags=(-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

if [ "$(getconf LONG_BIT)" != 64 ]; then
    echo "1..0 # SKIP the offsets are those of 64-bit machines"
    exit 0
fi

for cc in gcc clang; do
    check "$cc: nothing moved" "$cc" "${flags[@]}" -Iinclude tests/abi.c \
        -o "$tmp/abi-$cc"
    check "$cc: the INITs" "$tmp/abi-$cc"
done

# A member that is put in front of another one is noticed.
grown() {
    local struct=$1 member=$2
    mkdir -p "$tmp/$struct/mqmigrate"
    sed "/^struct $struct {/,/^};/s/^    \(.*\b$member;.*\)/    int more[2]; \1/" \
        "include/mqmigrate/$3" >"$tmp/$struct/mqmigrate/$3"
    ! cmp -s "include/mqmigrate/$3" "$tmp/$struct/mqmigrate/$3" &&
        ! gcc "${flags[@]}" "-I$tmp/$struct" -Iinclude tests/abi.c \
            -o "$tmp/moved" 2>/dev/null
}
check "a member put into mqm_msg is noticed" grown mqm_msg key_len mqmigrate.h
check "a member put into mqm_claim is noticed" grown mqm_claim token \
    mqmigrate.h
check "a member put into mqm_swap is noticed" grown mqm_swap expect plugin.h
plan
