#!/bin/sh
# SPDX-License-Identifier: MIT
# planted.sh - break the library in one place at a time; the simulator must
# notice, or it is too weak.
#
# A line: the file | the bug that is planted | a sed command that plants it.
# TAP on stdout.  SECONDS_EACH=60, JOBS=2; arguments: numbers of bugs to try.
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-cc}
build=${BUILD:-build}
seconds=${SECONDS_EACH:-60}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

cat >"$dir/bugs" <<'BUGS'
record.c|the side is not pinned at first look|s/become(next, cur, MQM_OWED, rq->route);/(void)become;/
record.c|what may be forgotten counts as new|s/return cur->state == MQM_FREE && (rq->unsure[^;]*/return 0 \&\& cur \&\& rq/
record.c|a lease that ran out leaves no doubt|s/if (cur->state == MQM_HELD && !cur->doubt)/if (0)/
record.c|a failure clears the doubt|s/if (to == MQM_DONE)/if (to == MQM_DONE || rq->op == OP_FAILURE)/
record.c|a hand back clears the doubt|s/if (to == MQM_DONE)/if (to == MQM_DONE || rq->op == OP_HAND_BACK)/
record.c|an overtaken attempt may still end|s/bool newest = cur->token == rq->token;/bool newest = true;/
record.c|resolve again before it is settled|s/if (cur->doubt && cur->age_ms < rq->settle_ms)/if (0)/
record.c|what is owed in doubt is resolved before it is settled|s/if (cur->doubt && cur->age_ms < rq->settle_ms)/if (cur->doubt \&\& cur->state == MQM_PARKED \&\& cur->age_ms < rq->settle_ms)/
record.c|assign of what is HELD|s/(cur->state != MQM_OWED && cur->state != MQM_PARKED)/cur->state == MQM_DONE/
record.c|the side that lost it by assign drops its copies|s/keep || cur->reassigned/keep/
record.c|a parking copy is dropped like any other|s/bool keep = rq->parked_copy;/bool keep = false;/
record.c|PARKED is dropped though its body is not safe|s/MQM_PARKED && cur->body_safe)/MQM_PARKED)/
record.c|a live lease is taken over|s/cur->state != MQM_FREE && cur->age_ms/cur->state == MQM_OWED \&\& cur->age_ms/
record.c|a message of the other side is taken|s/if (strcmp(cur->side, rq->side) != 0)/if (cur->state == MQM_PARKED \&\& strcmp(cur->side, rq->side) != 0)/
record.c|a stale policy may pin away|s/if (!rq->may_pin_away)/if (0)/
record.c|a failure takes the mark of an unsent body away|s/next->unsent &= [^;]*;/next->unsent \&= state == MQM_HELD;/
record.c|a hand back counts as an attempt|s/next->attempts--;/;/
record.c|a repeated acquire waits for its own lease|s/if (held && cur->token == rq->token)/if (0)/
record.c|a repeated acquire gets no new lease|s/    if (over) {/    if (0) {/
record.c|a success that the store has lost is thrown away|s/    if (rq->op == OP_SUCCESS && cur->state != MQM_DONE &&/    if (0 \&\&/
record.c|a repeated end is LOST|s/if (newest && cur->state == way\[rq->op\].to)/if (0)/
claim.c|limbo is not consulted|s/w->rq.token = mqm__limbo_take([^;]*;/(void)side_of;/
claim.c|a proposal whose answer got lost is not remembered|s/if (w->rq.op == OP_ACQUIRE && w->result < 0 && !w->unreadable)/if (0)/
claim.c|tokens have no random part|s/(x ^ x >> 31) >> (64 - CHANCE)/(x >> 63 >> 1)/
claim.c|a token that was overtaken is proposed all the same|s/if (w->rq.op != OP_ACQUIRE || w->now.token <= w->rq.token)/if (1)/
claim.c|a doubt of the store is a plain loss|s/w->rq.unsure = true;/w->rq.unsure = false;/
work.c|the policy is never too old|s/if (m->source.path)\n/if (0)\n/
claim.c|one key twice in one call of the store|s/!mqm__key_set_add(&keys, &w\[i\]->swap.key)/mqm__key_set_add(\&keys, \&w[i]->swap.key) > 1/
claim.c|what the store did not answer counts as granted|s/finish(w, r < 0 ? r : -EIO);/finish(w, MQM_OK);/
claim.c|an unanswered cell is decided on as if it were empty|s/} else if (r == MQM_LOST) {/} else if (r == MQM_LOST || r < 0) {/
work.c|a copy out of parking is not told apart|s/w->rq.parked_copy = flags & MQM_FROM_PARKING;/w->rq.parked_copy = false;/
combine_round.c|one key twice in one combined call|s/return !twice;/return true;/
combine.c|a call in flight is written over by the next|s/round\[(c->oldest + c->flying) % c->room\];/round[c->oldest];/
combine.c|the oldest answer is taken for the newest call's|s/= &c->round\[c->oldest\];/= \&c->round[(c->oldest + c->flying - 1) % c->room];/
combine.c|a call that could not be begun counts as done|s/        c->flying--;\n        settle_round(c, r, result);/        c->flying--;\n        for (size_t i = 0; i < r->n; i++)\n            r->s[i]->result = MQM_OK;\n        settle_round(c, r, result);/
run_work.c|a claim is begun though its lease is used up|s/return age < i->w->topic->lease_ms \/ 2 &&/return age >= 0 \&\&/
run_work.c|a doubt is worked on like anything else|s/i->w->topic->in_doubt == MQM_DOUBT_PARK)/0)/
run_work.c|a handler is not told of a doubt|s/i->d->result = i->w->result;/i->d->result = MQM_OK;/
run_work.c|LATER is acknowledged|s/if (result == MQM_SKIP) {/if (result == MQM_SKIP || result == MQM_LATER) {/
run_work.c|what is rewound to is not handed back|s/if (atomic_load(&i->phase) != PHASE_IDLE)\n *mqm__end/if (0) mqm__end/
run_end.c|an errno of a handler means that nothing happened|s/else if (outcome == MQM_FAILED)/else if (outcome == MQM_FAILED || outcome < 0)/
run_end.c|in doubt counts as done|s/mqm__park(r, i, OP_PARK, WHY_UNSURE);/mqm__end(r, i, OP_SUCCESS);/
run_end.c|success before the effect is known|s/if (outcome == MQM_HANDLED)/if (outcome != MQM_UNSURE)/
run_end.c|parked though the body could not be kept|s/if (err < 0 && err != -ENOTSUP) {/if (0) {/;s/i->w->rq.body_safe = err == 0;/i->w->rq.body_safe = true;/
run_end.c|an end that was not answered is not told again|s/while ((n = unanswered(c, w)) > 0) {/while (0 \&\& (n = unanswered(c, w)) > 0) {/
run_end.c|a handler that failed is done|s/mqm__end(r, i, OP_FAILURE);/mqm__end(r, i, OP_SUCCESS);/
run_end.c|what was overtaken is acknowledged|s/comes_again(r, i, MQM_LATER, RETRY_MS, "overtaken");/(void)comes_again;/
run_end.c|an end that the store refused is acknowledged|s/comes_again(r, i, result, RETRY_MS, "the store did not answer");/i->d->result = MQM_OK;/
renew.c|leases are not renewed|s/if (now - atomic_load(&i->leased_ms) < i->w->topic->lease_ms \/ 3)/if (now >= 0)/
renew.c|the keeper renews beyond the deadline|s/return phase == PHASE_CLAIMED || now < atomic_load(&i->deadline_ms);/return true;/
renew.c|mqm_check() always says yes|s/now - atomic_load(&i->leased_ms) >= i->w->topic->lease_ms ||\n *now >= atomic_load(&i->deadline_ms))/0 * now)/;s/if (atomic_load(&i->phase) != PHASE_WORKING)\n/if (0)\n/
reload.c|a file that is not there confirms the policy|s/if (r >= 0) {/if (1) {/
repair.c|pending shows nothing that is parked|s/if (err < 0 || r.state == MQM_DONE/if (err < 0 || r.state == MQM_PARKED || r.state == MQM_DONE/
steps.c|a claim in doubt is told to be fine|s/c->result = w->result;/c->result = w->result == MQM_DOUBT ? MQM_OK : w->result;/
steps.c|a body that was kept is not reported|s/r = mqm__work_init(m, w, conf, &c->msg, c->op, c->flags);/r = mqm__work_init(m, w, conf, \&c->msg, c->op, 0);/
steps.c|a renewal is fine however late its answer comes|s/if (left <= 0) {/if (0) {/
steps.c|the end of a claim names no token|s/w->rq.token = c->op == MQM_OP_ACQUIRE ? 0 : c->token;/w->rq.token = 0;/
codec.c|the doubt is not written|s/put(p, r->doubt, 8)/put(p, 0, 8)/
run.c|a claim that came late counts from when it was answered|s/asked_ms - i->w->now.age_ms/mqm__mono_ms()/
remember.c|a store is told of no clock that is ahead|s/    return most;/    return 0;/
policy.c|the cut decides before the switch moment|s/q->born_ms < p->since_ms/q->born_ms < 0/
limbo.c|a token stays in limbo when it is taken|s/l->at\[at\].key = l->at\[at\].token = 0;/;/;s/atomic_fetch_sub(&l->used, 1);/;/
BUGS
total=$(wc -l <"$dir/bugs")

make -s "$build/tests/simulator" BUILD="$build" || exit 1

compile() { # its flags and files
    $cc -std=c11 -D_POSIX_C_SOURCE=200809L -O2 -Iinclude -Ilib -w -pthread "$@"
}

wrap=$(make -s sim-wrap BUILD="$build")

# shellcheck disable=SC2086
link() { # a simulator in directory $1, with its own copy of file $2
    cp "$build/libmqmigrate.a" "$1/lib.a" &&
        compile -c "$1/$2" -o "$1/${2%.c}.o" &&
        ar r "$1/lib.a" "$1/${2%.c}.o" &&
        compile $wrap "$build"/obj/tests/sim/*.o "$1/lib.a" \
            -ljansson -lsqlite3 -ldl -o "$1/simulator"
}

# What the simulator says of bug $1, in file $2, planted by the sed command $3.
planted() {
    mkdir "$dir/obj$1"
    sed -e ':all' -e 'N;$!b all' -e "$3" "lib/$2" >"$dir/obj$1/$2"
    if cmp -s "lib/$2" "$dir/obj$1/$2"; then
        echo "nothing: the pattern fits no line"
        return
    fi
    if ! link "$dir/obj$1" "$2" 2>/dev/null; then
        echo "nothing: it does not compile"
        return
    fi
    timeout $((seconds + 60)) "$dir/obj$1/simulator" "$seconds" 1 quick \
        >"$dir/obj$1/out" 2>/dev/null
    case $? in
    0) ;;
    1) sed -n 's/^# found: //p; s/^# \([0-9]* histories\).*/(\1)/p' \
        "$dir/obj$1/out" | tr '\n' ' ' ;;
    *) echo "it ended by itself or stood still" ;;
    esac
    rm -rf "${dir:?}/obj$1"
}

wanted() {
    [ -z "$only" ] && return 0
    case " $only " in *" $1 "*) return 0 ;; esac
    return 1
}
only=$*

# Try the bugs that nobody else has taken: a directory can be made once.
worker() {
    n=0
    while IFS='|' read -r file bug edit; do
        n=$((n + 1))
        wanted $n || continue
        mkdir "$dir/$n" 2>/dev/null || continue
        got=$(planted $n "$file" "$edit")
        case $got in
        "" | nothing:*)
            echo "not ok $n - MISSED: $file: $bug ${got:+($got)}" ;;
        *) echo "ok $n - found: $file: $bug: $got" ;;
        esac >"$dir/result$n"
        [ -n "$VERBOSE" ] && cat "$dir/result$n" >&2
    done <"$dir/bugs"
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
