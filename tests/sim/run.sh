#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - JOBS simulators side by side, each from another seed on, FROM=1 the
# first.  Prints what each says and, last, what they did together.  TAP.
simulator=$1
seconds=$2
jobs=${JOBS:-$(nproc)}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

n=0
while [ $n -lt "$jobs" ]; do
    { "$simulator" "$seconds" $((${FROM:-1} + n * 100000000)) >"$dir/$n"
        echo $? >"$dir/$n.rc"; } &
    n=$((n + 1))
done
wait
failed=0
echo "1..$((2 * jobs))"
n=0
while [ $n -lt "$jobs" ]; do
    sed -e '/^1\.\./d' -e "s/ok 1 -/ok $((2 * n + 1)) -/" \
        -e "s/ok 2 -/ok $((2 * n + 2)) -/" "$dir/$n"
    [ "$(cat "$dir/$n.rc")" = 0 ] || failed=1
    n=$((n + 1))
done
cat "$dir"/[0-9] | sed -n 's/^# \([0-9]*\) histories from.*/\1/p' |
    awk -v s="$seconds" '{n += $1} END {
        printf "# %d histories together, %d a minute\n", n, n / s * 60}'
exit $failed
