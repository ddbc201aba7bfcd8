#!/bin/bash
# SPDX-License-Identifier: MIT
# chaos.sh - the short form of make chaos: each kind of fault at least once, on
# real servers. A case for each kind, and one for the messages.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

make -s demo-programs BUILD="$BUILD" >"$tmp/build" 2>&1 ||
    not_ok "the demo's programs are built" "$tmp/build"
BUILD=$BUILD STORE=redis SEED=11 SECONDS=60 CHAOS_PORT=31000 RATE=200 \
    tests/chaos/run >"$tmp/chaos" 2>&1
code=$?
while read -r words; do
    times=${words##*|}
    seen=${times##* }
    words=${words%%|*}
    check "$words: its effect was seen" test "$seen" -gt 0
done < <(sed -n 's/^  \([a-z ]*[a-z]\)  *\([0-9]* *[0-9]*\)$/\1|\2/p' \
    "$tmp/chaos" | sed -n '1,/^messages/{/^messages/!p}')
if [ "$code" = 0 ]; then
    ok "every message was issued exactly once"
else
    not_ok "every message was issued exactly once" "$tmp/chaos"
fi
plan
