#!/bin/bash
# SPDX-License-Identifier: MIT
# rescue.sh - what mqmctl says and does about messages that reached one broker
# only, and about dead letters, with brokers made of files.  e2e_rescue has real
# ones.
# shellcheck source=tests/tap.bash disable=SC1003
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/files.bash
. tests/ctl/files.bash
write_config '"switch": true, "since": "2026-01-01T00:00:00Z", "cut": "100%"'

# seen SIDE LINE: a message on that line of the side's topic, and looked at.
seen() {
    local id
    id=$(new_id)
    ORIGIN=$1:rewards/$2 worker "$1" "$id" "done" >/dev/null
    echo "$id"
}

lines() { # SIDE ID COUNT
    [ "$(grep -c "^$2	a reward" "$tmp/$1/rewards")" = "$3" ]
}

# ---------------------------------- rescue ----------------------------------

says "nothing is lost" 0 "0 sent, 0 due, 0 waiting" mqmctl rescue rewards
id=$(seen kafka 1)
echo "$id	a reward" >"$tmp/kafka/rewards"
says "too young" 0 "0 sent, 0 due, 0 waiting" mqmctl rescue rewards
sleep 0.3
says "due" 0 "$id rocketmq" mqmctl rescue rewards --older 200ms --dry-run
says "due is not sent" 0 "0 sent, 1 due" \
    mqmctl rescue rewards --older 200ms --dry-run
check "nothing was sent" test ! -e "$tmp/rocketmq/rewards"
check "as JSON" json_is_ok mqmctl rescue rewards --older 200ms --dry-run
says "owed by the other side" 0 "0 due" \
    mqmctl rescue rewards --older 200ms --dry-run --side kafka
says "sent" 0 "1 sent" mqmctl rescue rewards --older 200ms
check "the owing side has it" lines rocketmq "$id" 1
check "and the other one not once more" lines kafka "$id" 1
says "and again: no harm" 0 "1 sent" \
    mqmctl rescue rewards --older 200ms --side rocketmq
check "the owing side works on it" test \
    "$(worker rocketmq "$id" "done")" = 0
says "done" 0 "0 sent, 0 due, 0 waiting" mqmctl rescue rewards --older 200ms

says "no span" 2 "'10 apples' is no time span" \
    mqmctl rescue rewards --older '10 apples'
says "nor is none" 2 "is no time span" mqmctl rescue rewards --older 0s
says "a side that is none" 1 "its sides are" \
    mqmctl rescue rewards --side pulsar
says "a topic that is none" 1 "no topic 'none'" mqmctl rescue none
says "no JSON without an end" 2 "has no end" \
    mqmctl rescue rewards --watch --json

gone=$(seen kafka 99)
sleep 0.3
says "gone: exit code" 1 "can be read nowhere any more" \
    mqmctl rescue rewards --older 200ms
finds "gone: why" "'rewards' has no line 99" \
    mqmctl rescue rewards --older 200ms
finds "gone: all that is known" "origin    kafka:rewards/99" \
    mqmctl rescue rewards --older 200ms

# -------------------------------- as a service ------------------------------

watched=$(seen kafka 2)
echo "$watched	a reward" >>"$tmp/kafka/rewards"
"$ctl" -c "$config" rescue rewards --watch --older 500ms \
    >"$tmp/watched" 2>&1 &
pid=$!
for ((i = 0; i < 200; i++)); do
    ! lines rocketmq "$watched" 1 2>/dev/null || break
    sleep 0.1
done
check "a service sends it" lines rocketmq "$watched" 1
sleep 2.5
kill -TERM $pid
check "it ends when asked" wait $pid
finds "and counts" "1 gone" cat "$tmp/watched"
check "what is gone is told once" test \
    "$(grep -c "^GONE *$gone" "$tmp/watched")" = 1

# ---------------------------------- assign ----------------------------------

back=$(seen kafka 3)
echo "$back	a reward" >>"$tmp/kafka/rewards"
says "given back: from where it was seen" 0 \
    "sent to kafka again, as it lies on kafka" \
    mqmctl assign rewards "$back" kafka
check "it was sent" lines kafka "$back" 2

# ------------------------------- dead letters -------------------------------

says "no dead letters" 0 "0 dead" mqmctl dead rewards
fresh=$(new_id)
{
    echo "$id	a reward"
    echo "$fresh	a reward"
    echo "$back	a reward"
    echo "	a reward"
} >"$tmp/rocketmq/rewards.dead"
says "dead letters" 0 "4 dead, 1 to be sent again, 0 sent" mqmctl dead rewards
finds "one is done" "$id rocketmq   1              done" mqmctl dead rewards
finds "one is the other side's" "belongs to the other side" \
    mqmctl dead rewards
finds "one has no id" "(no id)" mqmctl dead rewards
check "nothing was sent again" eval "! lines rocketmq $fresh 1"
check "dead, as JSON" json_is_ok mqmctl dead rewards
says "the other side has none" 0 "0 dead" mqmctl dead rewards --side kafka
says "sent again" 0 "4 dead, 1 to be sent again, 1 sent" \
    mqmctl dead rewards --again
check "it was" lines rocketmq "$fresh" 1
check "it is worked on" test \
    "$(worker rocketmq "$fresh" "done")" = 0
says "once is enough" 0 "0 to be sent again" mqmctl dead rewards --again
plan
