#!/bin/bash
# SPDX-License-Identifier: MIT
# status.sh - what mqmctl status says, and what it would do next, while programs
# come, follow the policy or not, and go; with brokers made of files.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/files.bash
. tests/ctl/files.bash
touch "$tmp/kafka/rewards" "$tmp/kafka/parking" "$tmp/rocketmq/rewards"
write_config '"lease_ms": 900, "handler_ms": 900, "settle_ms": 2500,
     "sides": {"kafka": {"parking": "parking"},
               "rocketmq": {"parking": "parking"}}' '"report_ms": 200'

shows_now() {
    mqmctl status rewards >"$tmp/status" 2>&1
    grep -qF -- "$1" "$tmp/status"
}

# shows WORDS: status does, in the end.
shows() {
    in_the_end shows_now "$1" && return
    sed 's/^/# /' "$tmp/status"
    return 1
}

is_status_now() {
    mqmctl status rewards --json | python3 -c "
import json, sys
it = json.load(sys.stdin)[0]
sys.exit($1 != $2)"
}

# is_status WHAT VALUE: of the JSON, as Python has it, in the end.
is_status() {
    in_the_end is_status_now "$@"
}

# Somebody reads on kafka who never says so.
unguarded_group() {
    local reader
    mv "$tmp/kafka/rewards" "$tmp/kafka/away"
    seq 40 >"$tmp/kafka/rewards"
    echo 10 >"$tmp/kafka/rewards.issuer"
    says "a group that stands still is nobody's" 0 \
        "next: start consumers of kafka and" mqmctl status
    (for n in $(seq 10 40); do
        echo "$n" >"$tmp/kafka/rewards.new"
        mv "$tmp/kafka/rewards.new" "$tmp/kafka/rewards.issuer"
        sleep 0.5
    done) &
    reader=$!
    says "a group that is read by nobody who reports" 0 \
        "next: replace the consumers of kafka by guarded ones" mqmctl status
    kill "$reader"
    wait "$reader" 2>/dev/null
    echo 35 >"$tmp/kafka/rewards.issuer"
    check "what the group has not read" is_status \
        '[s["unread"] for s in it["sides"]]' '[6, None]'
    rm "$tmp/kafka/rewards.issuer"
    mv "$tmp/kafka/away" "$tmp/kafka/rewards"
}

says "a topic that is none" 1 "there is no topic" mqmctl status x
says "a time that is none" 2 "is no time span" \
    mqmctl status --older soon
says "nobody has reported" 0 "next: start consumers of kafka and" \
    mqmctl status
unguarded_group
mqmctl since rewards 1700000000000 >/dev/null
stays kafka "$(new_id)"
kafka=$pid
check "one has reported" shows ":$kafka  0.1.0  policy current"
check "the other side is missing" shows \
    "next: start consumers of rocketmq"
stays rocketmq "$(new_id)"
rocketmq=$pid
check "both have" shows ":$rocketmq  0.1.0  policy current"
check "on how many the policy is in force" shows \
    "in force on 2 of 2 instances"
kill -STOP "$kafka"
mqmctl switch rewards on >/dev/null
check "an old policy is called out" shows "OLD (switch off, cut 0%)"
says "and is what to look after" 0 "old policy" mqmctl status
check "in JSON, too" is_status \
    '[(i["side"], i["current"]) for i in it["instances"]]' \
    '[("kafka", False), ("rocketmq", True)]'
kill -CONT "$kafka"
check "it is followed" shows "in force on 2 of 2 instances"
first=$(new_id) id=$(new_id)
worker rocketmq "$first" "done" >/dev/null
says "owed, not for long" 0 "next: " mqmctl status
says "never tried there" 0 "1 on kafka: owed, and never tried" \
    mqmctl status --older 1ms
says "a lost copy comes first, and what brings it" 0 \
    "(a lost copy, or a consumer that lags): mqmctl rescue rewards" \
    mqmctl status --older 1ms
worker kafka "$first" "done" >/dev/null
says "it was tried" 0 "kafka             0 -" \
    mqmctl status --older 1ms
worker kafka "$id" unsure >/dev/null
says "parked" 0 "next: resolve what is parked on kafka (1)" \
    mqmctl status
check "parked, as JSON" is_status \
    '[s["parked"]["n"] for s in it["sides"]]' '[1, 0]'
mqmctl resolve rewards "$id" "done" >/dev/null
says "copies of one side only" 0 "next: do not raise the cut to" \
    mqmctl status
kill -KILL "$kafka"
wait "$kafka" 2>/dev/null
check "one was killed" shows ":$kafka  0.1.0  policy silent"
kill -TERM "$rocketmq"
wait "$rocketmq"
check "one has left" shows ":$rocketmq  0.1.0  policy gone"
check "as JSON" json_is_ok mqmctl status
mv "$config" "$tmp/saved"
sed "s|sqlite:$tmp|sqlite:$tmp/no/such|" "$tmp/saved" >"$config"
says "a store that is away" 1 "next: bring the store back" \
    mqmctl status
says "it shows the policy all the same" 1 "switch on, cut 0%" \
    mqmctl status
echo '{' >"$config"
says "no configuration" 1 "line" mqmctl status
mv "$tmp/saved" "$config"
plan
