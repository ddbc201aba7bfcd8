#!/bin/bash
# SPDX-License-Identifier: MIT
# retire.sh - the end of a side, as an operator sees it, with brokers made of
# files: each reason why it may not be switched off yet, and the yes.
# shellcheck source=tests/tap.bash disable=SC1003
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/files.bash
. tests/ctl/files.bash
touch "$tmp/kafka/rewards" "$tmp/kafka/parking" "$tmp/rocketmq/rewards" \
    "$tmp/rocketmq/parking"
write_config '"switch": true, "since": "2026-01-01T00:00:00Z", "cut": "0%",
     "lease_ms": 1500, "handler_ms": 500, "settle_ms": 2500,
     "policy_max_age_ms": 3000,
     "sides": {"kafka": {"parking": "parking"},
               "rocketmq": {"parking": "parking"}}' '"report_ms": 200'

# tells WORDS: retire --side kafka says no, and so in the end.
tells() {
    for _ in $(seq 300); do
        if mqmctl retire rewards --side kafka --dry-run >"$tmp/told" 2>&1; then
            break
        fi
        grep -qF -- "$1" "$tmp/told" && return
        sleep 0.1
    done
    sed 's/^/# /' "$tmp/told"
    return 1
}

tells_alone() { # no reason but that
    tells "$1" && grep -q '1 reason$' "$tmp/told"
}

json_says() { # WHAT VALUE COMMAND...
    local what=$1 value=$2
    shift 2
    "$@" --json | python3 -c "
import json, sys
it = json.load(sys.stdin)
sys.exit($what != $value)"
}

# ---------------------------------- no --------------------------------------

says "which side?" 2 "--side tells" mqmctl retire rewards
says "a side that is none" 1 "its sides are kafka and rocketmq" \
    mqmctl retire rewards --side pulsar
says "nobody is there" 1 "no consumer of rocketmq reports this policy" \
    mqmctl retire rewards --side kafka

first=$("$ctl" new-id)
stays kafka "$first"
kafka=$pid
stays rocketmq "$first"
rocketmq=$pid
open=$("$ctl" new-id)
worker kafka "$open" hold >/dev/null

check "the policy gives it messages; how to change that" tells \
    "cut 0.0000%, 0 on the allow list; mqmctl switch rewards on, mqmctl cut"
check "how far its group has read is not known" tells \
    "how far the group of kafka has read is not known"
reports() { # PID
    mqmctl status rewards | grep -q ":$1  .*policy current"
}
check "Kafka's consumer reports" in_the_end reports "$kafka"
check "RocketMQ's, too" in_the_end reports "$rocketmq"
kill -STOP "$kafka"
mqmctl cut rewards 100% >/dev/null
check "somebody acts by the old policy, who is named" tells ":$kafka on kafka"
kill -CONT "$kafka"
echo "$open	a reward" >"$tmp/kafka/rewards"
echo 1 >"$tmp/kafka/rewards.issuer"
check "it has to be in force for long enough" tells "(policy_max_age_ms)"
check "it holds one, and its group has to read on" tells "1 held by kafka"
check "its group has to read on" tells "the group of kafka has 1 to read"
check "two reasons are left" in_the_end tells "2 reasons"
echo 2 >"$tmp/kafka/rewards.issuer"
check "what it holds is left" tells_alone "held by kafka"
sleep 1.6
worker kafka "$open" unsure >/dev/null
check "what is parked for it is left" tells_alone \
    "s; mqmctl parked, mqmctl resolve"
check "nothing was written down" json_says \
    '[s["retired_ms"] for s in it[0]["sides"]]' '[0, 0]' mqmctl status
check "as JSON" json_says '(it["retired"], [t["subject"] for t in it["told"]])' \
    '(False, ["parked for"])' mqmctl retire rewards --side kafka

# ---------------------------------- yes -------------------------------------

mqmctl resolve rewards "$open" "done" >/dev/null
says "looking only" 0 "not written down" \
    mqmctl retire rewards --side kafka --dry-run
export USER=ops SUDO_USER=
says "yes, and how" 0 "producers send to rocketmq alone" \
    mqmctl retire rewards --side kafka
says "who asked" 0 "kafka may be switched off, step by step as above (asked by \
ops@" mqmctl retire rewards --side kafka
says "status: who, and when" 0 "kafka: retired by ops@" mqmctl status
check "status, as JSON" json_says \
    '[s["retired_ms"] > 0 for s in it[0]["sides"]]' '[True, False]' \
    mqmctl status
says "the other side is not asked about" 1 "the policy gives messages to \
rocketmq" mqmctl retire rewards --side rocketmq
check "an answer as JSON" json_says '(it["retired"], len(it["told"]))' \
    '(True, 4)' mqmctl retire rewards --side kafka
mqmctl cut rewards 50% >/dev/null
says "status: it is given messages again" 0 \
    "SINCE THEN the policy gives it messages again" mqmctl status

# ------------------------ one that cannot say it is dead --------------------

stays kafka "$first"
killed=$pid
check "one more of Kafka reports" in_the_end reports "$killed"
victim=$(hostname):$killed
says "nobody of that name" 1 "no instance 'ghost:1' has reported" \
    mqmctl retire rewards --side kafka --dead ghost:1
says "it is not dead" 1 "'$victim' is not dead: it reported" \
    mqmctl retire rewards --side kafka --dead "$victim"
kill -KILL "$killed"
wait "$killed" 2>/dev/null
mqmctl cut rewards 100% >/dev/null
check "its last word was an old policy, and the way out is told" in_the_end \
    tells_alone "mqmctl retire rewards --side kafka --dead $victim (or wait"
says "a word is needed" 2 "--dead needs a value" \
    mqmctl retire rewards --side kafka --dead
says "no other command has that" 2 "an option was given that 'pending'" \
    mqmctl pending rewards --dead "$victim"
declared() {
    mqmctl retire rewards --side kafka --dead "$victim" --dead="$victim" \
        >"$tmp/told" 2>&1
}
check "declared dead, it keeps nobody waiting for longer" in_the_end declared
check "who is meant is said" grep -q "^note  $victim on kafka is taken for dead" \
    "$tmp/told"
says "status keeps who was declared dead" 0 "; taken for dead: $victim" \
    mqmctl status
check "and does not ask after it again" json_says \
    '("dead" in it[0]["next"], it[0]["sides"][0]["taken_for_dead"],
      [i["taken_for_dead"] for i in it[0]["instances"]].count(True))' \
    "(False, ['$victim'], 1)" mqmctl status
check "without that word it is in the way" tells_alone "--dead $victim"

kill -TERM "$kafka" "$rocketmq"
wait "$kafka" "$rocketmq"
plan
