#!/bin/bash
# SPDX-License-Identifier: MIT
# mqmctl_brokers.sh - what mqmctl sends again arrives, on real brokers, and on
# the other one, too.  Run it through tests/with_servers.
# shellcheck source=tests/tap.bash
. "$(dirname "$0")/tap.bash"

if [ -z "${MQM_TEST_KAFKA-}" ] || [ -z "${MQM_TEST_ROCKETMQ-}" ]; then
    not_ok "there are brokers: tests/with_servers $0"
    plan
fi

topic=ctl-$$
kafka=$MQM_TEST_SERVERS/kafka
rocketmq=$MQM_TEST_SERVERS/rocketmq
config=$tmp/mqmigrate.json
lib=$(cd "$BUILD/lib" && pwd)

for program in worker settler; do
    "${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
        -Iinclude tests/ctl/$program.c -L"$lib" -lmqmigrate \
        -Wl,-rpath,"$lib" -o "$tmp/$program" || exit 1
done
"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
    tests/ctl/reader.c -lrdkafka -o "$tmp/reader" || exit 1

cat >"$config" <<JSON
{
  "app": "shop", "plugin_dir": "$lib/mqmigrate",
  "store": {"url": "sqlite:$tmp/mqm.db", "timeout_ms": 5000},
  "sides": {
    "kafka": {"adapter": "kafka", "bootstrap.servers": "$MQM_TEST_KAFKA"},
    "rocketmq": {"adapter": "rocketmq", "name_server": "$MQM_TEST_ROCKETMQ",
                 "library": "$MQM_TEST_LIBROCKETMQ"}
  },
  "topics": [
    {"topic": "rewards", "group": "issuer", "old": "kafka", "new": "rocketmq",
     "lease_ms": 2000, "handler_ms": 2000, "settle_ms": 6000,
     "sides": {
       "kafka": {"topic": "$topic", "parking": "$topic-parking"},
       "rocketmq": {"topic": "$topic", "parking": "$topic-parking",
                    "group": "GID_ctl"}}}
  ]
}
JSON

mqmctl() {
    "$BUILD/bin/mqmctl" -c "$config" "$@"
}

park() { # SIDE: a message parked there
    local id
    id=$("$BUILD/bin/mqmctl" new-id)
    "$tmp/worker" "$config" "$1" "$id" unsure >/dev/null
    echo "$id"
}

settled() {
    until mqmctl show rewards "$1" --json | grep -q '"left_ms":0'; do
        sleep 0.2
    done
}

has() { # SERVER COUNT
    [ "$("scripts/$1" count "$MQM_TEST_SERVERS/$1" "$topic")" = "$2" ]
}

says "check: topics that are not there" 1 "$topic" mqmctl check
for name in "$topic" "$topic-parking"; do
    scripts/kafka topic "$kafka" "$name" 2 &&
        scripts/rocketmq topic "$rocketmq" "$name" 2
done >"$tmp/made" 2>&1 || not_ok "the topics are made" "$tmp/made"
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
"$tmp/worker" "$config" kafka "$first" "done" >/dev/null
"$tmp/worker" "$config" rocketmq "$second" "done" >/dev/null
mqmctl since rewards 1700000000000 >/dev/null
mqmctl switch rewards on >/dev/null
mqmctl cut rewards 100% >/dev/null
before=$(scripts/kafka count "$kafka" "$topic")
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
    "$tmp/worker" "$config" rocketmq "$id" "done" >/dev/null
done
empty "read again from the beginning: nothing is sent" \
    "$tmp/settler" "$config" no
check "nothing was" has rocketmq 3
says "none is parked" 0 "0 parked" mqmctl parked rewards

sed -i "s/$MQM_TEST_KAFKA/127.0.0.1:1/" "$config"
says "check: a broker that is not there" 1 "127.0.0.1:1" mqmctl check
plan
