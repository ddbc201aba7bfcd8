#!/bin/bash
# SPDX-License-Identifier: MIT
# assign_all.sh - a side that is broken: what it has not done is given to the
# other one, all at once, and done there once; with brokers made of files.
# shellcheck source=tests/tap.bash disable=SC1003
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/files.bash
. tests/ctl/files.bash
touch "$tmp/kafka/rewards" "$tmp/kafka/parking" "$tmp/rocketmq/parking"
write_config '"switch": true, "since": "2026-01-01T00:00:00Z", "cut": "100%",
     "lease_ms": 500, "handler_ms": 500, "settle_ms": 2000,
     "sides": {"kafka": {"parking": "parking"},
               "rocketmq": {"parking": "parking"}}'

lost() { # a message on Kafka alone, and RocketMQ's: its id
    local id n
    id=$(new_id)
    echo "$id	a reward" >>"$tmp/kafka/rewards"
    n=$(wc -l <"$tmp/kafka/rewards")
    ORIGIN=kafka:rewards/$n worker kafka "$id" "done" >/dev/null
    echo "$id"
}

says "whose?" 2 "--to SIDE" mqmctl assign rewards --all
says "not with an id" 2 "name none" mqmctl assign rewards --all --to kafka x y
says "an option without --all" 2 "that is for --all" \
    mqmctl assign rewards x kafka --yes
says "neither" 2 "usage: mqmctl assign TOPIC [ID SIDE]" mqmctl assign rewards
says "a side that is none" 1 "its sides are" \
    mqmctl assign rewards --all --to pulsar
says "nothing to do" 0 "0 assigned to kafka, 0 sent there, 0 stay" \
    mqmctl assign rewards --all --to kafka

one=$(lost)
says "one: no question" 0 "1 assigned to kafka, 1 sent there, 0 stay" \
    mqmctl assign rewards --all --to kafka
check "it is Kafka's" is_field side "$one" kafka
check "it was sent there, from where it was seen" test "$(copies "$one")" = 2
check "the other side's copy waits" test "$(worker rocketmq "$one" "done")" != 0
says "again: after a kill between the steps" 0 "0 assigned to kafka, 1 sent" \
    mqmctl assign rewards --all --to kafka
check "Kafka does it" test "$(worker kafka "$one" "done")" = 0
says "done: nothing is sent any more" 0 "0 assigned to kafka, 0 sent there" \
    mqmctl assign rewards --all --to kafka
check "it is done by Kafka" is_field side "$one" kafka

two=$(lost) three=$(lost) busy=$(new_id) dead=$(new_id) doubt=$(new_id)
worker rocketmq "$dead" hold >/dev/null
worker rocketmq "$doubt" unsure >/dev/null
echo "$dead	a reward" >>"$tmp/kafka/rewards"
settled "$doubt"
says "too young" 0 "0 due, 0 stay, 4 too young" \
    mqmctl assign rewards --all --to kafka --older 1h --dry-run
sed -i 's/"lease_ms": 500/"lease_ms": 900000/;
    s/"settle_ms": 2000/"settle_ms": 2000000/' "$config"
worker rocketmq "$busy" hold >/dev/null
sed -i 's/"lease_ms": 900000/"lease_ms": 500/;
    s/"settle_ms": 2000000/"settle_ms": 2000/' "$config"
says "looking only" 0 "2 due, 3 stay, 0 too young" \
    mqmctl assign rewards --all --to kafka --dry-run
check "it changes nothing" is_field side "$two" rocketmq
says "two: nobody is there to ask" 1 "(2 messages of rocketmq become kafka's" \
    mqmctl assign rewards --all --to kafka
check "and nothing is changed" is_field side "$two" rocketmq
agree() {
    mqmctl assign rewards --all --to kafka --yes >"$tmp/out" 2>&1
    grep -q '2 assigned to kafka, 2 sent there, 3 stay' "$tmp/out"
}
check "two: --yes answers the question" agree
check "what is in work stays" grep -q "^stays  $busy held .* in work" \
    "$tmp/out"
check "what may have happened stays" grep -q \
    "^stays  $doubt parked .* may have happened" "$tmp/out"
check "what somebody had who died is parked" is_field state "$dead" parked
check "and was told" grep -q "^stays  $dead held .* who had it died" "$tmp/out"
check "the second is Kafka's" is_field side "$two" kafka
check "the third is" is_field side "$three" kafka
# No lease has to run out from here on, and a busy machine may take its time.
sed -i 's/"lease_ms": 500/"lease_ms": 1400/' "$config"
both_done() {
    [ "$(worker kafka "$two" "done")" = 0 ] &&
        [ "$(worker kafka "$three" "done")" = 0 ]
}
check "Kafka does both" both_done
settled "$dead"
mqmctl resolve rewards "$doubt" "done" >/dev/null
says "it has certainly not happened" 1 "1 assigned to kafka, 0 sent" \
    mqmctl assign rewards --all --to kafka --anyway
check "it is Kafka's now" is_field side "$dead" kafka
check "Kafka's copy, once it comes, does it" test \
    "$(worker kafka "$dead" "done")" = 0
plan
