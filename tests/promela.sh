#!/bin/bash
# SPDX-License-Identifier: MIT
# promela.sh - spin walks tests/model/message.pml, and finds what is wrong with
# it when a rule is broken: a model that never complains proves nothing.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

model=$PWD/tests/model/message.pml
attempts=${ATTEMPTS:-2}

# walk FILE: what spin says, all states walked or the first that is wrong.
walk() {
    (cd "$tmp" && spin "-DATTEMPTS=$attempts" -a "$1" &&
        cc -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c &&
        ./pan -m400000 -w24) >"$tmp/walked" 2>&1
}

right() {
    walk "$model"
    cat "$tmp/walked"
    grep -q 'errors: 0$' "$tmp/walked" &&
        ! grep -q 'search depth too small' "$tmp/walked"
}

# broken RULE WHAT-IT-SAYS WHAT-IT-SAYS-INSTEAD
broken() {
    sed "s/$2/$3/" "$model" >"$tmp/broken.pml"
    ! cmp -s "$model" "$tmp/broken.pml" || { echo "no such line: $2"; return 1; }
    walk "$tmp/broken.pml"
    cat "$tmp/walked"
    grep -q 'assertion violated' "$tmp/walked"
}

command -v spin >/dev/null || { echo "1..0 # SKIP spin is missing"; exit 0; }
check "no state is wrong" right
while IFS='|' read -r rule says instead; do
    check "noticed: without rule $rule" broken "$rule" "$says" "$instead"
done <<'R'
1 (on record before it is dropped)|state = OWED; side = 1 - me; verdict|verdict
2 (a live lease is waited for)|== me \&\& !over -> verdict = LATER|== me \&\& !over -> verdict = SKIP
3 (a doubt stays)|:: state == HELD \&\& doubt == 0 -> doubt = token|:: false -> skip
6 (out of parking: DONE alone)|safe_body \&\& again -> verdict = LATER|safe_body \&\& again -> verdict = SKIP
7 (a "no" has to be settled)|effects == 0 \&\& nobody_acts|effects == 0
11 (the other side never enters)|OWED \&\& side != me -> not_ours()|OWED \&\& side != me \&\& token < ATTEMPTS -> begin()
R
plan
