#!/bin/sh
# SPDX-License-Identifier: MIT
# mutants.sh - break one rule of record.c at a time; the model must notice.
#
# A line: the invariants one of which must catch it | the rule that is broken |
# a sed command that breaks it.  TAP on stdout; JOBS=2 are tried at once.
# Arguments: numbers of mutants to try.
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-cc}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

small='tries again lag+again byrule+retire+tries unsafe+replay+tries
    resolve+ask few+back resolve+tries few+resolve+assign+tries few+forget+resolve'

cat >"$dir/mutants" <<'MUTANTS'
3|the side is not pinned at first look|s/become(next, cur, MQM_OWED, rq->route);/(void)become;/
3|a stale policy may pin away|s/if (!rq->may_pin_away)/if (0)/
5|what may be forgotten counts as new|s/return cur->state == MQM_FREE && (rq->unsure[^;]*/return 0 \&\& cur \&\& rq/
3|taken when unsure: the other side drops its copies|s/next->reassigned = next->unsent = true;/next->unsent = true;/
5|taken when unsure: only its own token is in doubt|s/#define ANY_TOKEN 1/#define ANY_TOKEN next->token/
3|a parking copy is dropped like any other|s/bool keep = rq->parked_copy;/bool keep = false;/
3|PARKED is dropped though its body is not safe|s/MQM_PARKED && cur->body_safe)/MQM_PARKED)/
3|the side that lost it by assign drops its copies|s/keep || cur->reassigned/keep/
1|a HELD message of the other side is taken|s/if (strcmp(cur->side, rq->side) != 0)/if (cur->state == MQM_OWED \&\& strcmp(cur->side, rq->side) != 0)/
2|a live lease is taken over|s/cur->state != MQM_FREE && cur->age_ms/cur->state == MQM_OWED \&\& cur->age_ms/
2|the asker's lease decides|s/cur->age_ms < cur->lease_ms/cur->age_ms < (held ? rq->lease_ms : cur->lease_ms)/
2 10|the asker's lease decides how long a pause is|s/cur->age_ms < cur->lease_ms/cur->age_ms < (held ? cur->lease_ms : rq->lease_ms)/
10|a lease that is over still counts|s/cur->age_ms < cur->lease_ms/cur->age_ms <= cur->lease_ms/
7|a repeated acquire waits for its own lease|s/if (held && cur->token == rq->token)/if (0)/
7|a repeated acquire forgets the doubt|s/verdict(cur->doubt ? MQM_DOUBT : MQM_OK,/verdict(MQM_OK,/
10|a repeated acquire gets no new lease|s/    if (over) {/    if (0) {/
7|a repeated acquire renews a lease that lasts|s/    if (over) {/    if (1) {/
9|a repeated acquire counts as an attempt|s/next->lease_ms = rq->lease_ms;\n    }\n    return/next->lease_ms = rq->lease_ms;\n        next->attempts++;\n    }\n    return/
6|a repeated acquire makes a new token|s/next->lease_ms = rq->lease_ms;\n    }\n    return/next->lease_ms = rq->lease_ms;\n        next->token++;\n    }\n    return/
6|the token is what the caller proposes|s/next->token = rq->token > cur->token[^;]*;/next->token = rq->token;/
5|a lease that ran out leaves no doubt|s/if (cur->state == MQM_HELD && !cur->doubt)/if (0)/
5|the newest attempt is in doubt, not the oldest|s/if (cur->state == MQM_HELD && !cur->doubt)/if (cur->state == MQM_HELD)/
5|a failure clears the doubt|s/if (to == MQM_DONE)/if (to == MQM_DONE || rq->op == OP_FAILURE)/
5|a hand back clears the doubt|s/if (to == MQM_DONE)/if (to == MQM_DONE || rq->op == OP_HAND_BACK)/
9|a hand back counts as an attempt|s/next->attempts--;/;/
5|a doubt may be granted as OK|s/return next->doubt ? verdict(MQM_DOUBT, "in doubt", why) : MQM_OK;/return MQM_OK;/
5|park leaves no doubt|s/if (rq->op == OP_PARK && !cur->doubt)/if (0)/
5|park makes the newest attempt the doubt|s/if (rq->op == OP_PARK && !cur->doubt)/if (rq->op == OP_PARK)/
8|a late success does not settle|s/return rq->op == OP_SUCCESS && /return 0 \&\& /
8|a late success settles only its own doubt|s/cur->doubt <= rq->token;/cur->doubt == rq->token;/
2|anything late settles|s/return rq->op == OP_SUCCESS && /return /
8|what is owed in doubt is not resolved as done|s/return cur->state == MQM_OWED && cur->token/return 0 \&\& cur->token/
2 7|what is held in doubt is resolved as done|s/return cur->state == MQM_OWED && cur->token/return cur->token/
7|owed in doubt, resolved as done from old knowledge|s/return cur->state == MQM_OWED && cur->token == rq->token;/return cur->state == MQM_OWED;/
8|what is owed in doubt is never assigned|s/    if (cur->doubt && cur->age_ms < rq->settle_ms)/    if (cur->doubt \&\& (cur->state == MQM_OWED || cur->age_ms < rq->settle_ms))/
2|an overtaken attempt may still end|s/bool newest = cur->token == rq->token;/bool newest = cur->token >= rq->token;/
8|a success that the store has lost is thrown away|s/    if (rq->op == OP_SUCCESS && cur->state != MQM_DONE &&/    if (0 \&\&/
8|a success is put on record only where nothing is|s/(cur->state == MQM_FREE || cur->token < rq->token);/cur->state == MQM_FREE;/
8|a success is not put on record where nothing is|s/(cur->state == MQM_FREE || cur->token < rq->token);/(cur->state \&\& cur->token < rq->token);/
6|a success writes over DONE|s/rq->op == OP_SUCCESS && cur->state != MQM_DONE &&/rq->op == OP_SUCCESS \&\&/
7|whatever the store has lost counts as done|s/if (rq->op == OP_SUCCESS && cur->state != MQM_DONE &&/if (cur->state != MQM_DONE \&\&/
7|a repeated end is LOST|s/if (newest && cur->state == way\[rq->op\].to)/if (0)/
6|renew makes a new token|s/next->token = rq->token;\n}/next->token = rq->token + (rq->op == OP_RENEW);\n}/
7|resolve again from old knowledge|s/if (cur->token != rq->token ||/if (/
5|resolve again before it is settled|s/if (cur->doubt && cur->age_ms < rq->settle_ms)/if (0)/
1 5|owed in doubt is resolved before it is settled|s/if (cur->doubt && cur->age_ms < rq->settle_ms)/if (cur->doubt \&\& cur->state == MQM_PARKED \&\& cur->age_ms < rq->settle_ms)/
1 2 5|assign of what is HELD|s/(cur->state != MQM_OWED && cur->state != MQM_PARKED)/cur->state == MQM_DONE/
6|assign of what is DONE|s/(cur->state != MQM_OWED && cur->state != MQM_PARKED)/cur->state == MQM_HELD/
9|the flag of a rule outlives its state|s/next->by_rule = next->body_safe = false/next->body_safe = false/
9|the flag of a safe body outlives its state|s/next->by_rule = next->body_safe = false/next->by_rule = false/
9|the mark of an unsent body outlives PARKED|s/next->unsent &= [^;]*;//
9|the mark of an unsent body vanishes with an attempt|s/next->unsent &= [^;]*;/next->unsent = false;/
9|a failure takes the mark of an unsent body away|s/next->unsent &= [^;]*;/next->unsent \&= state == MQM_HELD;/
9|taken when unsure: not marked as unsent|s/next->reassigned = next->unsent = true;/next->reassigned = true;/
9|resolve again does not ask for the body|s/next->unsent = true;/next->unsent = cur->unsent;/
3|failure means done|s/\[OP_FAILURE\] = {MQM_HELD, MQM_OWED}/[OP_FAILURE] = {MQM_HELD, MQM_DONE}/
10|no pause after a failure|s/cur->state != MQM_FREE && cur->age_ms/held \&\& cur->age_ms/
10|a failure does not write its pause|s/rq->op == OP_RENEW || rq->op == OP_FAILURE/rq->op == OP_RENEW/
10|a hand back is followed by a pause|s/rq->op == OP_RENEW || rq->op == OP_FAILURE/rq->op == OP_RENEW || to == MQM_OWED/
10|a pause outlives its state|s/next->age_ms = next->lease_ms = 0;/next->age_ms = 0;/
8|what failed too often is parked with a doubt|s/if (rq->op == OP_PARK && !cur->doubt)/if (to == MQM_PARKED \&\& !cur->doubt)/
5|failed too often clears an older doubt|s/if (to == MQM_DONE)/if (to == MQM_DONE || rq->op == OP_PARK_FAILED)/
9|failed too often: the body is taken for safe|s/next->body_safe = rq->body_safe;/next->body_safe = rq->body_safe || rq->op == OP_PARK_FAILED;/
3|failed too often counts as done|s/\[OP_PARK_FAILED\] = {MQM_HELD, MQM_PARKED}/[OP_PARK_FAILED] = {MQM_HELD, MQM_DONE}/
8|resolve again leaves the doubt|s/next->doubt = 0;\n    next->unsent/next->unsent/
9|the origin is forgotten with its state|s/next->holder\[0\] = '\\0';/next->holder[0] = next->origin[0] = '\\0';/
9|the origin is that of the newest copy|s/if (rq->origin && !next->origin\[0\])/if (rq->origin)/
9|the holder outlives its attempt|s/next->holder\[0\] = '\\0';//
9|renew drops the holder|s/if (rq->op == OP_RENEW)\n/if (0)\n/
9|it is not said why it is parked|s/next->why = rq->why;//
11|what may be forgotten waits|s/return verdict(MQM_OK, "perhaps forgotten", why);/return verdict(MQM_LATER, "perhaps forgotten", why);/
11|a parking copy of what is DONE waits|s/return verdict(MQM_SKIP, "done", why);/return verdict(keep ? MQM_LATER : MQM_SKIP, "done", why);/
11|copies of what is DONE wait|s/return verdict(MQM_SKIP, "done", why);/return verdict(MQM_LATER, "done", why);/
11|what is parked with its body keeps its copies|s/return verdict(keep ? MQM_LATER : MQM_SKIP, "parked", why);/return verdict(MQM_LATER, "parked", why);/
MUTANTS
total=$(wc -l <"$dir/mutants")

compile() { # its flags and files
    $cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Iinclude -Ilib "$@"
}

for f in tests/model/*.c; do
    compile -c "$f" -o "$dir/$(basename "$f" .c).o" || exit 1
done

# What the model says of mutant $1, whose sed command is $2.
broken() {
    sed -e ':all' -e 'N;$!b all' -e "$2" lib/record.c >"$dir/lib$1/record.c"
    if cmp -s lib/record.c "$dir/lib$1/record.c"; then
        echo "nothing: the pattern fits no line"
    elif ! compile "$dir/lib$1/record.c" "$dir"/*.o -o "$dir/model$1" \
        2>"$dir/err$1"; then
        echo "nothing: it does not compile"
    else
        # Nearly all are found by few states; only what is not needs the rest.
        # shellcheck disable=SC2086
        { timeout 300 "$dir/model$1" $small && timeout 300 "$dir/model$1"; } |
            sed -n 's/^# BROKEN //p'
    fi
}

wanted() {
    [ -z "$only" ] && return 0
    case " $only " in *" $1 "*) return 0 ;; esac
    return 1
}
only=$*

# Try the mutants that nobody else has taken: a directory can be made once.
worker() {
    n=0
    while IFS='|' read -r expect rule edit; do
        n=$((n + 1))
        wanted $n || continue
        mkdir "$dir/lib$n" 2>/dev/null || continue
        got=$(broken $n "$edit")
        line="not ok $n - MISSED: $rule, by ${got:-none}, not ($expect)"
        for i in $expect; do
            case $got in
            "($i)"*) line="ok $n - caught: $rule (by ($i))" ;;
            esac
        done
        echo "$line" >"$dir/result$n"
    done <"$dir/mutants"
}

echo "1..$total"
jobs=0
while [ $jobs -lt "${JOBS:-2}" ]; do
    worker &
    jobs=$((jobs + 1))
done
wait
n=0
failed=0
while [ $n -lt "$total" ]; do
    n=$((n + 1))
    wanted $n || continue
    cat "$dir/result$n" 2>/dev/null || echo "not ok $n - not tried"
    grep -q '^ok' "$dir/result$n" 2>/dev/null || failed=1
done
exit $failed
