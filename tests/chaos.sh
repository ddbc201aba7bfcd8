#!/bin/bash
# SPDX-License-Identifier: MIT
# chaos.sh - the short form of make chaos: each kind of fault at least once, on
# real servers. A case for each kind, and one for the messages.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

make -s demo-programs BUILD="$BUILD" >"$tmp/build" 2>&1 ||
    not_ok "the demo's programs are built" "$tmp/build"
# As it goes, so that a run that is cut off shows how far it came.
BUILD=$BUILD STORE=redis SEED=11 SECONDS=45 CHAOS_PORT=31000 RATE=100 \
    tests/chaos/run 2>&1 | tee "$tmp/chaos" | sed -u 's/^/# /'
code=${PIPESTATUS[0]}
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
    not_ok "every message was issued exactly once"
fi
plan
