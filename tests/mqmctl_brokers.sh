#!/bin/bash
# SPDX-License-Identifier: MIT
# mqmctl_brokers.sh - what mqmctl sends again arrives, on real brokers, and on
# the other one, too.  Run it through tests/with_servers.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"
# shellcheck source=tests/ctl/brokers.bash
. tests/ctl/brokers.bash
topic=ctl-$$

compile worker settler
"${CC:-cc}" "${flags[@]}" tests/ctl/reader.c -lrdkafka -o "$tmp/reader" ||
    exit 1
write_config issuer "\"lease_ms\": 2000, \"handler_ms\": 2000,
     \"settle_ms\": 6000, \"sides\": {
       \"kafka\": {\"topic\": \"$topic\", \"parking\": \"$topic-parking\"},
       \"rocketmq\": {\"topic\": \"$topic\", \"parking\": \"$topic-parking\",
                    \"group\": \"GID_ctl\"}}"

count() { # SIDE TOPIC
    "scripts/$1" count "$MQM_TEST_SERVERS/$1" "$2"
}

more() { # THAN SIDE: bodies in its parking topic
    [ "$(count "$2" "$topic-parking")" -gt "$1" ]
}

# A broker that has a message files it a moment later, where it is found.
park() { # SIDE: a message parked there
    local id before
    id=$(new_id)
    before=$(count "$1" "$topic-parking")
    worker "$1" "$id" unsure >/dev/null
    in_the_end more "$before" "$1"
    echo "$id"
}

has_now() { # SIDE COUNT
    [ "$(count "$1" "$topic")" = "$2" ]
}

has() { # SIDE COUNT
    in_the_end has_now "$@"
}

says "check: topics that are not there" 1 "$topic" mqmctl check
make_topics "$topic" "$topic-parking"
says "check: all is there" 0 "ok     side rocketmq: rewards" mqmctl check

first=$(park kafka)
second=$(park kafka)
says "both are parked" 0 "2 parked" mqmctl parked rewards
says "with their bodies" 0 "    body      a reward" mqmctl parked rewards
settled "$first"
settled "$second"
says "again" 0 "sent to kafka again" mqmctl resolve rewards "$first" again
check "Kafka has it, RocketMQ has not" eval 'has kafka 1 && has rocketmq 0'
says "assign, over to the other broker" 0 \
    "sent to rocketmq again, out of the parking topic of kafka" \
    mqmctl assign rewards "$second" rocketmq
check "RocketMQ has it, Kafka has not" eval 'has kafka 1 && has rocketmq 1'
says "the first is owed by Kafka's side" 0 "$first" \
    mqmctl pending rewards --side kafka
says "the second by RocketMQ's" 0 "$second" \
    mqmctl pending rewards --side rocketmq

unread() { # by either group, of the JSON
    mqmctl status rewards --json | grep -o '"unread":[^,]*' | tr '\n' ' '
}
check "status: what the groups have not read" test \
    "$(unread)" = '"unread":1 "unread":1 '

"$tmp/reader" "$MQM_TEST_KAFKA" "$topic" issuer 600 >"$tmp/reads" 2>&1 &
reader=$!
until grep -q reading "$tmp/reads"; do
    sleep 0.2
    kill -0 "$reader" || break
done
says "status: a consumer of Kafka's group that asks nobody" 0 \
    "next: replace the consumers of kafka by guarded ones" mqmctl status
kill -KILL "$reader"
wait "$reader" 2>/dev/null

# From here on RocketMQ's: killed between the record and the body, then whole.
worker kafka "$first" "done" >/dev/null
worker rocketmq "$second" "done" >/dev/null
mqmctl since rewards 1700000000000 >/dev/null
mqmctl switch rewards on >/dev/null
mqmctl cut rewards 100% >/dev/null
before=$(scripts/kafka count "$kafka_server" "$topic")
third=$(park rocketmq)
fourth=$(park rocketmq)
says "parked on RocketMQ, with their bodies" 0 "    body      a reward" \
    mqmctl parked rewards --side rocketmq
settled "$third"
settled "$fourth"
"$tmp/settler" "$config" no again >"$tmp/killed" 2>&1
check "a resolver is killed before it sends" test $? = 137
check "nothing was sent" has rocketmq 1
sleep 0.1
"$tmp/settler" "$config" no >"$tmp/sent" 2>&1
for id in "$third" "$fourth"; do
    finds "the next one sends $id" "$id sent: sent out of the parking topic" \
        cat "$tmp/sent"
done
check "to their side" has rocketmq 3
check "alone" has kafka "$before"
for id in "$third" "$fourth"; do
    worker rocketmq "$id" "done" >/dev/null
done
empty "read again from the beginning: nothing is sent" \
    "$tmp/settler" "$config" no
check "nothing was" has rocketmq 3
says "none is parked" 0 "0 parked" mqmctl parked rewards

sed -i "s/$MQM_TEST_KAFKA/127.0.0.1:1/" "$config"
says "check: a broker that is not there" 1 "127.0.0.1:1" mqmctl check
plan
